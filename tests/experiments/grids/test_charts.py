"""What figures of cells show: means, errors, published figures, nothing for what is undefined."""

import math

import pytest
from matplotlib.colors import to_hex

from qlatent_tf.config import Config
from qlatent_tf.drawing.style import latent_style
from qlatent_tf.experiments.grids import charts
from qlatent_tf.experiments.grids.tables import Column, make_table

COLUMNS = (Column("distance", "distance", min), Column("share", "share"))
PUBLISHED = ("paper", lambda row: {"distance": (0.3, 0.01)} if row["latent"] == "boson" else {})
HISTORY = {
    ("boson", 0): (1.0, 0.2),
    ("boson", 1): (3.0, 0.4),
    ("gaussian", 0): (5.0, 0.6),
    ("gaussian", 1): (5.0, 1.0),
}


def cell(latent, seed, first, last):
    config = Config(
        model="mlp", latent=latent, dataset="quantum", steps=20, batch_size=8, seed=seed
    )
    metrics = {
        "distance@9": {"mean": last, "standard_error": None, "values": [last]},
        "share@9": {"mean": None, "standard_error": None, "values": [None]},
    }
    return {
        "name": f"{latent}_{seed}",
        "config": config,
        "seconds": 1.0,
        "row": {"data": "quantum", "latent": latent},
        "evaluation": {"dataset": "quantum", "num_samples": 9, "metrics": metrics},
        "history": [{"step": 10, "distance@9": first}, {"step": 20, "distance@9": last}],
    }


CELLS = [cell(*name, *values) for name, values in HISTORY.items()]


@pytest.fixture
def table():
    return make_table(CELLS, COLUMNS, *PUBLISHED)


def colour(patch):
    return to_hex(patch.get_facecolor())


def test_bars_are_means_with_errors_beside_published_ones(table):
    (axis,) = charts.bars_figure(table, "distance", "distance", "{} data").axes
    assert axis.get_title() == "quantum data" and axis.get_xlabel() == "distance"
    widths = [bar.get_width() for bar in axis.patches if math.isfinite(bar.get_width())]
    assert widths == pytest.approx([0.3, 0.3, 0.8])
    ours, paper, other = (bar for bar in axis.patches if math.isfinite(bar.get_width()))
    assert colour(ours) == to_hex(latent_style("boson")["color"])
    assert colour(other) == to_hex(latent_style("gaussian")["color"])
    assert colour(paper) == to_hex("white") and paper.get_hatch()
    errors = [
        bars.errorbar.lines[2][0].get_segments()[0]
        for bars in axis.containers
        if hasattr(bars, "errorbar") and bars.errorbar
    ]
    # Two values of a mean's error: half of their difference.
    halves = [(segment[1, 0] - segment[0, 0]) / 2 for segment in errors]
    assert halves == pytest.approx([0.1, 0.01, 0.2])
    texts = [text.get_text() for text in axis.texts]
    assert texts == ["0.30 ± 0.10", "0.3 ± 0.01", "0.80 ± 0.20"]


def test_a_bar_without_the_seeds_of_undefined_score_is_pale():
    cells = [cell("boson", seed, 0.1, value) for seed, value in enumerate((0.1, None))]
    cells += [cell("gaussian", seed, 0.2, 0.2) for seed in range(2)]
    drawing = charts.bars_figure(make_table(cells, COLUMNS), "distance", "distance", "{} data")
    bars = [bar for bar in drawing.axes[0].patches if math.isfinite(bar.get_width())]
    assert [bar.get_alpha() for bar in bars] == [0.4, None]
    (legend,) = drawing.legends
    assert "without seeds of undefined score" in {text.get_text() for text in legend.get_texts()}


def test_names_are_drawn_as_they_are():
    name = r"shots$\frac$2"
    cells = [cell(name, 0, 1.0, 0.2)]
    drawing = charts.history_figure(make_table(cells, COLUMNS), cells, "distance", "", "{}")
    drawing.canvas.draw()
    (legend,) = drawing.legends
    assert [text.get_text() for text in legend.get_texts()] == [name.replace("$", r"\$")]


def test_an_undefined_score_has_no_bar(table):
    (axis,) = charts.bars_figure(table, "share", "share", "{}").axes
    assert not [bar for bar in axis.patches if math.isfinite(bar.get_width())]
    assert not axis.texts


def test_bars_of_one_kind_need_no_legend():
    cells = [cell("boson", 0, 1.0, 0.2)]
    drawing = charts.bars_figure(make_table(cells, COLUMNS), "distance", "distance", "{} data")
    steps = cells[0]["config"].steps
    assert not drawing.legends
    assert drawing.axes[0].get_title() == f"quantum data, {steps:,} steps"


def test_real_data_is_a_line_across_the_bars(table):
    drawing = charts.bars_figure(table, "distance", "distance", "{}", real={"quantum": 0.05})
    (line,) = (line for line in drawing.axes[0].lines if set(line.get_xdata()) == {0.05})
    assert line.get_linestyle() == "--"
    (legend,) = drawing.legends
    assert legend.get_texts()[-1].get_text() == "real data"
    without = charts.bars_figure(table, "distance", "distance", "{}", real={"quantum": None})
    assert len(without.axes[0].lines) == len(drawing.axes[0].lines) - 1
    assert "real data" not in [text.get_text() for text in without.legends[0].get_texts()]


def test_curves_are_means_over_seeds_with_a_band_and_a_tick_at_what_is_published(table):
    drawing = charts.history_figure(table, CELLS, "distance", "distance", "{}")
    (axis,) = drawing.axes
    curves = {
        line.get_label(): line
        for line in axis.lines
        if len(line.get_xdata()) == 2 and line.get_label() in ("boson", "gaussian")
    }
    assert list(curves["boson"].get_xdata()) == [10, 20]
    assert list(curves["boson"].get_ydata()) == pytest.approx([2.0, 0.3])
    assert list(curves["gaussian"].get_ydata()) == pytest.approx([5.0, 0.8])
    band = axis.collections[0].get_paths()[0].vertices
    assert {round(float(y), 6) for x, y in band if x == 10} == {1.0, 3.0}
    (tick,) = (line for line in axis.lines if line not in curves.values())
    assert set(tick.get_ydata()) == {0.3} and tick.get_color() == curves["boson"].get_color()
    (legend,) = drawing.legends
    assert [text.get_text() for text in legend.get_texts()] == ["boson", "gaussian"]
    assert "paper" in legend.get_title().get_text()
    assert "one standard error" in legend.get_title().get_text()


def test_panels_stand_two_in_a_row():
    cells = [
        {**one, "row": {"data": data, "latent": "boson"}}
        for one, data in zip([CELLS[0]] * 3, "abc", strict=True)
    ]
    table = make_table(cells, COLUMNS)
    for drawing in (
        charts.history_figure(table, cells, "distance", "distance", "{}"),
        charts.bars_figure(table, "distance", "distance", "{}"),
    ):
        drawing.canvas.draw()  # It lays them out.
        corners = [axis.get_position().get_points()[0].round(6).tolist() for axis in drawing.axes]
        (left, top), (right, beside), below = corners
        assert top == beside and left < right
        assert below[0] == left and below[1] < top


def test_a_column_that_no_run_has_is_not_drawn(table, tmp_path):
    bars = {"bars": ("distance", "d"), "shares": ("share", "s")}
    charts.save_charts(tmp_path / "t", table, CELLS, "{}", ("distance", "d"), bars)
    names = {file.name for file in tmp_path.glob("*.png")}
    assert names == {"t_bars.png", "t_iterations.png"}


def test_labels_name_what_differs_and_styles_tell_rows_of_one_latent_apart():
    cells = []
    for photons in range(1, 10):
        one = cell("boson", 0, 1.0, 0.1 * photons)
        row = {"data": "quantum", "latent": "boson", "photons": photons, "circuit": "haar"}
        cells.append({**one, "name": f"boson_{photons}", "row": row})
    (axis,) = charts.history_figure(make_table(cells, COLUMNS), cells, "distance", "", "{}").axes
    assert [line.get_label() for line in axis.lines][:2] == [
        "boson, photons: 1",
        "boson, photons: 2",
    ]
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in axis.lines}
    assert len(looks) == 9


def test_what_is_compared_with_all_others_is_in_each_of_their_panels():
    cells = []
    for fault, value in (("none", ""), ("loss", "0.1"), ("loss", "0.3"), ("noise", "0.1")):
        one = cell("boson", 0, 1.0, 0.1)
        row = {"data": "quantum", "latent": "boson", "fault": fault, "value": value}
        cells.append({**one, "name": f"{fault}{value}", "row": row})

    def drawn(count):
        table = make_table(cells[:count], COLUMNS)
        beside = ("fault", "none")
        axes = charts.history_figure(table, cells, "distance", "", "{} data", beside).axes
        return {axis.get_title(): [line.get_label() for line in axis.lines] for axis in axes}

    assert drawn(4) == {
        "loss": ["boson", "boson, 0.1", "boson, 0.3"],
        "noise": ["boson", "boson, 0.1"],
    }
    # It stands alone where there are no others.
    assert drawn(1) == {"none": ["boson"]}


def test_rows_of_a_latent_with_a_remark_share_its_colour_alone():
    cells = [cell("boson", 0, 1.0, 0.2), cell("boson, one device", 0, 1.0, 0.3)]
    for one, name in zip(cells, ("boson", "boson, one device"), strict=True):
        one["row"] = {"data": "quantum", "latent": name}
    (axis,) = charts.history_figure(make_table(cells, COLUMNS), cells, "distance", "", "{}").axes
    first, second = axis.lines
    assert first.get_color() == second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_unequal_numbers_of_seeds_are_told():
    cells = CELLS[:3]
    (axis,) = charts.history_figure(make_table(cells, COLUMNS), cells, "distance", "", "{}").axes
    assert [line.get_label() for line in axis.lines] == ["boson, 2 seeds", "gaussian, 1 seed"]


def test_one_seed_has_no_band():
    cells = CELLS[:1]
    drawing = charts.history_figure(make_table(cells, COLUMNS), cells, "distance", "", "{}")
    assert not drawing.axes[0].collections
    assert drawing.legends[0].get_title().get_text() == "latent"
