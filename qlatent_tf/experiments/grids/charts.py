"""Figures of finished cells."""

from collections import Counter

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from qlatent_tf.drawing.style import (
    INK,
    PALE,
    latent_of,
    latent_style,
    literal,
    new_figure,
    save_figure,
    shared_legend,
    tidy,
)
from qlatent_tf.experiments.grids.finished_cells import cell_history
from qlatent_tf.experiments.grids.table_files import (
    format_published,
    format_score,
    leaves_out_undefined,
)

# Rows of one latent have its colour, and a dash each, then the same dashes in paler shades; markers
# are full in the first alone.
_DASHES = ("-", "--", ":", "-.")
_PALEST = 0.6
_HATCH = "////"
_WITHOUT = {"alpha": 0.4}
_REAL_LINE = {"color": INK, "lw": 1.5, "ls": (0, (4, 2))}


def history_figure(table: dict, cells, name: str, label: str, title: str, beside=None):
    """Draws a score against the steps of training, a panel for each of the table's.

    Lines are means over seeds, bands one standard error to either side; published figures are
    ticks at the right.

    Args:
      table: dict, of `make_table`.
      cells: sequence of dict. The finished cells of the table, see `finished_cells.read_cell`.
      name: str. The score's, see `Score.name`.
      label: str. Of the vertical axis.
      title: str. Of a panel; ``{}`` stands for its value.
      beside: (str, str), or None. An entry of rows and its value: each other value of the entry has
        a panel, in which the rows of this one are drawn, too.
    """
    panels = _panels(table, beside)
    if beside:
        title = "{}"
    # The legend, at the right, has a line for each label.
    lines = 0 if beside else len({row["label"] for rows in panels.values() for row in rows})
    drawing, axes = _figure_of(len(panels), 5.8, max(4.6, 0.8 + 0.25 * lines))
    for axis, (panel, rows) in zip(axes, panels.items(), strict=True):
        for row, style in zip(rows, _styles(rows), strict=True):
            _draw_history(axis, row, style, *_histories(_cells_of(cells, row, table), name))
            known = row["published"].get(name)
            if known:
                tick = {"color": style["color"], "ls": style["ls"], "lw": 2.5, "clip_on": False}
                axis.axhline(known["mean"], xmin=0.965, **tick)
        axis.set(title=title.format(literal(panel)), xlabel="generator steps", ylabel=label)
        axis.set_ylim(bottom=0)
        axis.locator_params(axis="x", nbins=6)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        tidy(axis)
        if beside:  # Panels share some rows, but no style of the others.
            axis.legend(frameon=False, fontsize=8.5)
    rows = [row for rows in panels.values() for row in rows]
    title = ["latent"]
    if any(len(row["seeds"]) > 1 for row in rows):
        title.append("bands: one standard error")
    if any(name in row["published"] for row in rows):
        title.append(f"ticks: {table['source']}")
    if beside:
        drawing.supxlabel("; ".join(title[1:]), fontsize=9)
    else:
        shared_legend(drawing, axes, ";\n".join(title))
    return drawing


def bars_figure(table: dict, name: str, label: str, title: str, real=None):
    """Draws a column of a table as bars, beside the published figures; see `history_figure`.

    `real` maps a panel's value to the score of its real data, drawn as a line, or None.
    """
    panels = _panels(table)
    real = {panel: score for panel, score in (real or {}).items() if score is not None}
    longest = max(map(len, panels.values()))
    drawing, axes = _figure_of(len(panels), 5.2, 1.7 + 0.62 * longest)
    for axis, (panel, rows) in zip(axes, panels.items(), strict=True):
        for place, row in enumerate(rows):
            ours, theirs = row["scores"][name], row["published"].get(name)
            colour = latent_style(row["latent"])["color"]
            if ours["mean"] is not None:
                # Pale: the seeds that are left out may be those that went wrong.
                style = {"color": colour, **(_WITHOUT if leaves_out_undefined(row, name) else {})}
                _bar(axis, place - 0.2 * bool(theirs), ours, format_score(ours), **style)
            if theirs:
                style = {"color": "white", "edgecolor": colour, "hatch": _HATCH}
                _bar(axis, place + 0.2, theirs, format_published(theirs), **style)
        if panel in real:
            axis.axvline(real[panel], **_REAL_LINE)
        axis.set_yticks(range(len(rows)), [row["label"].replace(", ", "\n") for row in rows])
        axis.set_ylim(longest - 0.5, -0.5)
        axis.margins(x=0.4)  # Room for the numbers.
        axis.set_xlim(left=0)
        axis.set(title=title.format(literal(panel)), xlabel=label)
        tidy(axis, grid="x")
    steps = f"{table['steps']:,} steps"
    names = [(f"ours ({steps})", {"color": PALE})]
    if any(name in row["published"] for row in table["rows"]):
        names.append((table["source"], {"color": "white", "edgecolor": PALE, "hatch": _HATCH}))
    patches = [axes[0].barh([0], [np.nan], label=name, **style) for name, style in names]
    if any(leaves_out_undefined(row, name) for row in table["rows"]):
        names.append(("without seeds of undefined score", {"color": PALE, **_WITHOUT}))
        patches.append(axes[0].barh([0], [np.nan], **names[-1][1]))
    if real:
        names.append(("real data", _REAL_LINE))
        patches.append(Line2D([], [], **_REAL_LINE))
    if len(names) == 1:  # It needs no legend.
        axes[0].set_title(f"{axes[0].get_title()}, {steps}")
    else:
        labels = [name for name, _ in names]
        drawing.legend(patches, labels, loc="outside right center", frameon=False)
    return drawing


def save_charts(path, table: dict, cells, title: str, curve, bars, real=None, beside=None) -> None:
    """Saves ``<path>_iterations``, a score against the steps, and ``<path>_<name>``, bars.

    See `history_figure`, and `GridExperiment` for curve and bars; a score that no run has is not
    drawn: in the place of such a curve stands the first column that has one. `real` maps a panel's
    value to the row of its real data; `beside` is that of `history_figure`.
    """
    drawn = {name for cell in cells for _, scores in cell_history(cell) for name in scores}
    curves = [curve, *((name, literal(text)) for name, text in table["columns"].items())]
    curve = next(((name, label) for name, label in curves if name in drawn), None)
    drawings = {"iterations": history_figure(table, cells, *curve, title, beside)} if curve else {}
    for name, (figure, label) in bars.items():
        scores = [row["scores"].get(figure, {"mean": None}) for row in table["rows"]]
        if all(score["mean"] is None for score in scores):
            continue
        means = {panel: row["scores"][figure]["mean"] for panel, row in (real or {}).items()}
        drawings[name] = bars_figure(table, figure, label, title, means)
    for name, drawing in drawings.items():
        save_figure(drawing, path.with_name(f"{path.name}_{name}"), step=table["steps"])


def _figure_of(panels, width, height):
    """A figure and its axes, two in a row: on a page, more would be too small to read."""
    columns = min(panels, 2)
    rows = -(-panels // columns)
    drawing = new_figure(1.6 + width * columns, height * rows)
    axes = drawing.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[panels:]:
        axis.remove()
    return drawing, axes[:panels]


def _draw_history(axis, row, style, steps, values):
    if not steps.size:  # Not a score of those that were taken while training.
        return
    mean = values.mean(axis=0)
    axis.plot(steps, mean, label=row["label"], lw=1.8, ms=4, **style)
    if len(values) > 1:
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        axis.fill_between(steps, mean - error, mean + error, color=style["color"], alpha=0.18, lw=0)


def _bar(axis, place, score, text, **style):
    style = {"ecolor": INK, "error_kw": {"lw": 1, "capsize": 2}, **style}
    error = score["standard_error"]
    bar = axis.barh([place], [score["mean"]], height=0.38, xerr=error, **style)
    axis.bar_label(bar, [text], padding=4, fontsize=7.5, color=INK)


def _panels(table, beside=None):
    """The rows of each panel, each with a ``label`` that tells it from the panel's others.

    `beside` is that of `history_figure`.
    """
    rows, (entry, everywhere) = table["rows"], beside or (table["panel"], None)
    # What all rows share that have it tells none from the others.
    told = [
        label
        for label in table["labels"]
        if label == "latent" or len({row[label] for row in rows} - {""}) > 1
    ]
    # In several panels, a row would have a line of the legend for each number.
    one_panel = len({row[entry] for row in rows}) == 1
    several = one_panel and len({len(row["seeds"]) for row in rows}) > 1
    panels = {row[entry]: [] for row in rows if one_panel or row[entry] != everywhere}
    for row in rows:
        words = [
            f"{label}: {row[label]}" if isinstance(row[label], int) else str(row[label])
            for label in told
            if row[label] != "" and label not in (entry, table["panel"])
        ]
        if several:
            words.append(f"{len(row['seeds'])} seed" + "s" * (len(row["seeds"]) > 1))
        for panel in [row[entry]] if row[entry] in panels else panels:
            panels[panel].append({**row, "label": literal(", ".join(words))})
    return panels


def _styles(rows):
    """Colour and marker of a row's latent, and what tells it from the latent's others."""
    latents = [latent_of(row["latent"]) for row in rows]
    of_latent, seen = Counter(latents), Counter()
    for latent in latents:
        number, style = seen[latent], latent_style(latent)
        seen[latent] += 1
        shades = -(-of_latent[latent] // len(_DASHES))
        white = _PALEST * (number // len(_DASHES)) / max(shades - 1, 1)
        style["color"] = tuple(white + (1 - white) * np.array(to_rgb(style["color"])))
        style["ls"] = _DASHES[number % len(_DASHES)]
        yield {**style, "mfc": "white" if number else style["color"]}


def _cells_of(cells, row, table):
    return [
        cell for cell in cells if all(cell["row"][label] == row[label] for label in table["labels"])
    ]


def _histories(cells, name):
    """The steps at which all cells were scored, and the scores, ``(cells, steps)``."""
    curves = [
        {step: scores[name].mean for step, scores in cell_history(cell) if name in scores}
        for cell in cells
    ]
    steps = sorted(set.intersection(*map(set, curves)))
    values = [[curve[step] for step in steps] for curve in curves]
    return np.array(steps), np.array(values, dtype=float).reshape(len(cells), len(steps))
