"""What the studies on counts have in common: their scores, samples and charts."""

from qlatent_tf.experiments.experiment import GridExperiment
from qlatent_tf.experiments.grids.tables import judges
from qlatent_tf.experiments.table1 import COLUMNS, DISTANCE

SCORE, LABEL = DISTANCE


def counts_study(**fields) -> GridExperiment:
    """Returns a study of perceptrons on counts; `fields` are those of `GridExperiment`.

    Where it draws a figure of its own, there are no bars besides.
    """
    common = {
        "citation": "A study of this project",
        "iterations": 3000,
        "seeds": 3,
        "num_samples": 100_000,
        "whose": "ours",
        "columns": (*COLUMNS, *judges()),
        "curve": DISTANCE,
        "bars": {} if "write_more" in fields else {"bars": DISTANCE},
    }
    return GridExperiment(**{**common, **fields})


def draw_sweep(name: str, **how):
    """Returns what draws ``<name>.png``: the score along a sweep; see `sweep_figure`."""

    def draw(folder, finished, table, trusted):
        if SCORE not in table["columns"]:
            return  # Other metrics were asked for.
        from qlatent_tf.drawing.style import save_figure
        from qlatent_tf.experiments.studies.charts import sweep_figure

        save_figure(sweep_figure(table, SCORE, LABEL, **how), folder / name, step=table["steps"])

    return draw
