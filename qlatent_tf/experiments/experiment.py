"""What `reproduce` runs: an experiment's name, what may be asked of it, its cells and results.

The command line is made of these records. The modules that hold them import neither TensorFlow nor
Numba nor Matplotlib: what trains, measures or draws is imported in the functions that do so.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from qlatent_tf.experiments.grids.cells import Cell
from qlatent_tf.experiments.grids.finished_cells import cell_scores
from qlatent_tf.experiments.grids.paired_tables import write_paired
from qlatent_tf.experiments.grids.table_files import write_table
from qlatent_tf.experiments.grids.tables import Column, in_order, make_table, other_columns


@dataclasses.dataclass(frozen=True)
class Option:
    """What may be asked of an experiment.

    Attributes:
      default: int, str, tuple of them, or None. Its type is the option's: a tuple takes several
        values; None and an empty tuple take strings, and `help` says what they mean.
      help: str. The command line adds the default.
      whose: str. Whose the default is.
      metavar: str. What a value is called.
      choices: sequence of str. The legal values; None for any.
      may_be_empty: bool. Whether several values may be none.
    """

    default: int | str | tuple | None
    help: str
    whose: str = ""
    metavar: str | None = None
    choices: Sequence[str] | None = None
    may_be_empty: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """A published experiment, or a study of this project.

    Attributes:
      name: str. On the command line and of the files of results.
      help: str. A line on it.
      citation: str. Where it is from.
      description: str. What else is to be known before it is run, such as what it costs.
      options: dict of str to Option. What may be asked of it.
      runs_of: str. The experiment whose folder it works in; its own by default.
    """

    name: str
    help: str
    citation: str
    description: str = ""
    options: Mapping[str, Option] = dataclasses.field(default_factory=dict)
    runs_of: str = ""

    @property
    def arguments(self) -> Mapping[str, Option]:
        """All that the command line asks for."""
        return self.options


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridExperiment(Experiment):
    """An experiment of many runs, the cells of a grid: rows of a table in several seeds.

    Attributes:
      latents: tuple of str. Registered latents, as the default.
      iterations: int. Generator steps, as the default.
      seeds: int. Training seeds, from 0, as the default.
      num_samples: int. Generated samples that score a finished run, as the default.
      whose: str. Whose iterations and seeds these are.
      make_cells: callable. Takes every name of `cell_options`, and `settings`; see `cells`.
      columns: sequence of Column. What the table shows: of them, those that some cell has. Where
        someone names the metrics, the other scores of these stand behind them.
      notes: str, or callable of the table, see `make_table`. What its caption says besides.
      order: dict of str to sequence. The order of a row's entries, see `tables.in_order`.
      baseline: dict. Entries of a row and their values: each row is compared, seed by seed, with
        the one that has these and otherwise the same entries; see `paired_differences`.
      panel: str. The entry by which rows are compared among each other.
      panel_title: str. Of a chart's panel; ``{}`` stands for its value.
      curve: (str, str). The score that is drawn against the steps, and its label.
      beside: (str, str), or None. How curves are in panels, see `charts.history_figure`.
      bars: dict of str to (str, str). Name of a chart -> a column, and its label.
      published: callable. What the paper reports of a row, see `make_table`.
      write_more: callable. `write_more(folder, finished, table, trusted)` writes what else there
        is.
      write_instead: callable. `write_instead(folder, finished)` does what `write` does.
      prepare: callable. `prepare(folder, cells, data_dir=, progress=)`, with `preparation`, is
        called before the first cell; it returns the folder of the cells' data files. None for
        nothing to prepare.
      preparation: dict of str to Option. What may be asked of `prepare`.
      scores_images: bool. Whether Inception may score the finished runs.
      judges_the_way: bool. Whether results are of the evaluations on the way alone, so that
        `num_samples` may not be asked for.
    """

    latents: tuple[str, ...]
    iterations: int
    seeds: int
    num_samples: int
    whose: str = "the paper's"
    make_cells: Callable[..., list[Cell]]
    columns: Sequence[Column] = ()
    notes: str | Callable[[dict], str] = ""
    order: Mapping[str, Sequence] = dataclasses.field(default_factory=dict)
    baseline: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    panel: str = "data"
    panel_title: str = "{} data"
    curve: tuple[str, str] = ("", "")
    beside: tuple[str, str] | None = None
    bars: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    published: Callable[[Mapping], Mapping[str, tuple[float, float]]] = lambda row: {}
    write_more: Callable[[Path, Sequence[dict], dict, Collection[str] | bool], None] | None = None
    write_instead: Callable[[Path, Sequence[dict]], dict] | None = None
    prepare: Callable[..., Path] | None = None
    preparation: Mapping[str, Option] = dataclasses.field(default_factory=dict)
    scores_images: bool = False
    judges_the_way: bool = False

    @property
    def cell_options(self) -> dict[str, Option]:
        """What may be asked of `cells`: `options`, and what every grid has."""
        alone = "; none for only --samples" if "samples" in self.options else ""
        return {
            **self.options,
            "latents": Option(
                self.latents, f"registered latents or my_file:my_latent{alone}", may_be_empty=True
            ),
            "iterations": Option(self.iterations, "generator steps", self.whose),
            "seeds": Option(self.seeds, "number of training seeds: 0, 1, ...", self.whose),
        }

    @property
    def arguments(self) -> Mapping[str, Option]:
        scored = Option(self.num_samples, "generated samples that score a finished run")
        more = {} if self.judges_the_way else {"num_samples": scored}
        return {**self.preparation, **self.cell_options, **more}

    def cells(self, settings=(), **asked) -> list[Cell]:
        """Returns the cells, seed by seed, so that an unfinished table has each row.

        Args:
          settings: sequence of (key, value). Other changes of the configuration.
          **asked: Values of `cell_options`; the others are as by default.

        Raises:
          ValueError: if a name, a key or a number is not legal.
          FileNotFoundError: if there is no such file of samples.
        """
        defaults = {name: option.default for name, option in self.cell_options.items()}
        return self.make_cells(settings=settings, **{**defaults, **asked})

    def _columns(self, finished) -> list[Column]:
        """Returns the columns of a table of finished cells."""
        found = {name: score for cell in finished for name, score in cell_scores(cell).items()}
        known = [column for column in self.columns if column.name in found]
        if not any(cell["config"].metrics for cell in finished):
            return known or list(self.columns)
        return [*known, *other_columns(found, known)]

    def write(
        self, folder: Path, finished: Sequence[dict], trusted: Collection[str] | bool = ()
    ) -> dict:
        """Writes ``<name>.md``, ``.csv``, ``.json`` and charts; returns what is in the JSON.

        Args:
          folder: Path.
          finished: sequence of dict. Cells of one schedule, see `finished_cells.read_cell`.
          trusted: collection of str, or True for all. The names of someone's own code that runs in
            the folder may name: what the user named.

        Raises:
          ValueError: if there are no cells.
        """
        if self.write_instead is not None:
            return self.write_instead(folder, finished)
        from qlatent_tf.experiments.grids.charts import save_charts

        finished = in_order(finished, **self.order)
        source = f"paper ({self.iterations:,} steps)"
        columns = self._columns(finished)
        table = make_table(finished, columns, source, self.published, self.panel)
        path = folder / self.name
        notes = self.notes if isinstance(self.notes, str) else self.notes(table)
        write_table(path, table, columns, notes)
        save_charts(
            path, table, finished, self.panel_title, self.curve, self.bars, beside=self.beside
        )
        if self.baseline:
            write_paired(path.with_name(f"{self.name}_paired"), finished, table, self.baseline)
        if self.write_more is not None:
            self.write_more(folder, finished, table, trusted)
        return table
