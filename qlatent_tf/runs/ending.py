"""The result of a run in words: its few most informative scores."""

import math
from collections.abc import Iterable

from qlatent_tf.glossary import KEY_SCORES, explain, key_scores, title
from qlatent_tf.scores import Score

_MANY_FRAGMENTS = 0.2
# The images that `classifier_scores` judges, which needs nothing that does not come along.
_CLASSIFIED = [32, 32, 3]
# Scores that are computed during training come first.
_TELLING = ("valid_share", "unique_share", "novel_share", *KEY_SCORES)


def telling_scores(scores: Iterable[Score]) -> list[Score]:
    """Returns the three most informative of some scores."""
    return key_scores(scores, 3, _TELLING)


def note_on_fragments(scores: Iterable[Score]) -> str | None:
    """Says so where many samples parse and few are whole molecules, as early in training."""
    found = {score.metric: score.mean for score in scores}
    whole, parsed = (found.get(name, math.nan) for name in ("valid_share", "parsed_valid_share"))
    if not parsed - whole >= _MANY_FRAGMENTS:  # Or one is not known.
        return None
    text = f"{parsed:.1%} parse, but only {whole:.1%} are whole molecules".replace("%", " %")
    return f"{text}: the rest are several fragments or hold wildcards."


def fitting_metric(record: dict) -> str:
    """Returns a metric that scores a user's data, by what their record counts."""
    images = "classifier_scores" if record.get("shape") == _CLASSIFIED else "inception_scores"
    fitting = {"molecules": "molecules", "images": images}
    return next((fitting[kind] for kind in fitting if kind in record), "vector_neighbours")


def fitting_arguments(record: dict) -> list[str]:
    """Returns what `qlatent-tf evaluate` takes to score a user's data by `fitting_metric`."""
    metric = fitting_metric(record)
    weights = ["--inception-weights", "PATH"]
    missing = metric == "inception_scores" and not _inception_is_here()
    return ["--metrics", metric, *(weights if missing else [])]


def _inception_is_here():
    # Imported here, for it loads TensorFlow, and most data are no images.
    from qlatent_tf.metrics.images.inception import local_weights

    try:
        return local_weights() is not None
    except FileNotFoundError:  # The environment names what does not exist.
        return False


def in_words(score: Score, floor: Score | None = None) -> str:
    """Returns one line about a score: what it is called, its mean, and which direction is better.

    `floor` is what as many samples of the data themselves score, where that is known.

    Example:
      >>> in_words(Score(metric="right_total_share", mean=0.5303))
      'right total                           53.0 %   (higher is better)'
    """
    entry = explain(score.metric)
    if not math.isfinite(score.mean):
        value = "not defined"
    elif score.metric.endswith("_share"):
        value = f"{score.mean:.1%}".replace("%", " %")
    elif score.metric.endswith("_count"):
        value = f"{score.mean:,.0f}"
    else:
        value = f"{score.mean:.3g}"
    better = f"({entry.better} is better)" if entry and entry.better in ("higher", "lower") else ""
    if floor is not None and better:
        better = f"{better[:-1]}; the data's own samples: {floor.mean:.3g})"
    return f"{title(score.metric):34} {value:>9}   {better}".rstrip()
