"""What was measured of samples, and all that it depends on: a score."""

import dataclasses
import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, SupportsFloat

import numpy as np

# Metrics by a network, whose name follows theirs. Longer names stand before those they begin with.
_BY_NETWORK = (
    "classifier_score_deviation",
    "classifier_score",
    "classifier_frechet_distance",
    "classifier_kernel_distance",
    "inception_score_deviation",
    "inception_score",
    "frechet_inception_distance",
    "kernel_inception_distance",
)
# The same, in words that a metric of your own may begin with: these state what they compared.
NEIGHBOUR_SCORES = ("precision", "recall", "density", "coverage")
# The Inception that papers score images by, see `metrics.images.inception`.
_PUBLISHED_INCEPTION = "tfgan_inception"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """A score of generated samples, of one sampling seed or over several.

    Attributes:
      metric: str. What was measured, such as ``valid_share`` or ``fcd``.
      reference: str or None. The data that samples were compared with, such as ``qm9`` or
        ``naip28_test``.
      reference_size: int or None. How many of the data.
      network: str or None. The network that judged the samples.
      num_samples: int or None. How many samples were generated.
      mean: float. NaN where it is not defined, such as a mean over no molecules.
      error: float or None. The standard error of the mean; None for one seed.
      values: tuple of float. The score under each seed, where there are several.

    Example:
      >>> Score(metric="fcd", reference="qm9", reference_size=129925, num_samples=10_000).key
      'fcd_qm9_129925@10000'
    """

    metric: str
    reference: str | None = None
    reference_size: int | None = None
    network: str | None = None
    num_samples: int | None = None
    mean: float = math.nan
    error: float | None = None
    values: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """What was measured by which network: the same for all data and numbers of samples."""
        return self.metric if self.network is None else f"{self.metric}_{self.network}"

    @property
    def key(self) -> str:
        """The name in JSON, which tells scores apart that do not compare."""
        against = [part for part in (self.reference, self.reference_size) if part is not None]
        of = "" if self.num_samples is None else f"@{self.num_samples}"
        return "_".join([self.name, *map(str, against)]) + of

    @property
    def is_as_published(self) -> bool:
        """Whether papers call this score by its metric's name: of Inceptions, TF-GAN's is meant."""
        return self.network is None or self.network.startswith(_PUBLISHED_INCEPTION)

    def over(self, values: Iterable[float | None]) -> "Score":
        """Returns the score over seeds: mean and standard error of the values that are defined.

        Args:
          values: iterable of float. One for each seed; NaN or None where it is not defined.
        """
        values = tuple(math.nan if value is None else float(value) for value in values)
        defined = [value for value in values if math.isfinite(value)]
        mean = float(np.mean(defined)) if defined else math.nan
        error = None
        if len(defined) > 1:
            error = float(np.std(defined, ddof=1) / math.sqrt(len(defined)))
        return dataclasses.replace(self, mean=mean, error=error, values=values)

    def to_json(self) -> dict[str, Any]:
        """Returns ``mean``, ``standard_error`` and ``values``; what is not defined is None."""
        return {
            "mean": _defined(self.mean),
            "standard_error": None if self.error is None else _defined(self.error),
            "values": [_defined(value) for value in self.values],
        }


def measured(values: Mapping[str, SupportsFloat], **of: Any) -> list[Score]:
    """Returns a score for each metric.

    Args:
      values: mapping. Metric -> value, NaN where it is not defined.
      **of: of `Score`. What the values have in common.

    Example:
      >>> measured({"valid_share": 0.97}, num_samples=10_000)[0].key
      'valid_share@10000'
    """
    return [Score(metric=metric, mean=float(value), **of) for metric, value in values.items()]


def by_name(scores: Iterable[Score]) -> dict[str, Score]:
    """Returns scores by their names, see `Score.name`."""
    return {score.name: score for score in scores}


def means(scores: Iterable[Score]) -> dict[str, float]:
    """Returns the means of scores by their keys."""
    return {score.key: score.mean for score in scores}


def read_scores(entries: Mapping[str, Any], dataset: str) -> list[Score]:
    """Reads scores as JSON keeps them, or as your own metric returns them.

    Args:
      entries: mapping. Key -> the mean, or what `Score.to_json` returned. None is NaN.
      dataset: str. The name of the data set that the samples were scored on. A key that is of no
        known form is the metric's name.
    """
    return [_read(key, entry, dataset) for key, entry in entries.items()]


def read_history(rows: Sequence[Mapping[str, Any]], dataset: str) -> list[tuple[int, dict]]:
    """Reads the history of a run's evaluations.

    Args:
      rows: sequence of dict. Each with the ``step`` and the means by their keys.
      dataset: str. As for `read_scores`.

    Returns:
      list of pairs: the step, and its scores by name.
    """
    history = []
    for row in rows:
        entries = {key: value for key, value in row.items() if key != "step"}
        history.append((row["step"], by_name(read_scores(entries, dataset))))
    return history


def _read(key, entry, dataset):
    kept = entry if isinstance(entry, Mapping) else {"mean": entry, "standard_error": None}
    # Every text matches: what is of no known form is all name.
    found: Any = _key_pattern(dataset).fullmatch(key)
    compared = all(found.group("reference_size", "num_samples"))
    metric, network = _split(found["name"], (*_BY_NETWORK, *(NEIGHBOUR_SCORES if compared else ())))
    return Score(
        metric=metric,
        reference=found["reference"],
        reference_size=_size(found["reference_size"]),
        network=network,
        num_samples=_size(found["num_samples"]),
        mean=_number(kept["mean"]),
        error=kept["standard_error"],
        values=tuple(map(_number, kept.get("values", ()))),
    )


@functools.cache
def _key_pattern(dataset):
    # A classifier is scored on test images, which have no size beside the number of samples.
    size = "(?:0|[1-9][0-9]{0,17})"
    data = rf"{re.escape(dataset)}(?:_test|_train)?"
    reference = rf"_(?P<reference>{data})(?:_(?P<reference_size>{size})|(?<=_test)|(?<=_train))"
    return re.compile(
        rf"(?P<name>.*?)(?:{reference})?(?:@(?P<num_samples>{size}))?", flags=re.DOTALL
    )


def _split(name, metrics):
    """The metric and the network of a name."""
    for metric in metrics:
        if name.startswith(f"{metric}_"):
            return metric, name.removeprefix(f"{metric}_")
    return name, None


def _size(text):
    return None if text is None else int(text)


def _number(value):
    return math.nan if value is None else float(value)


def _defined(value):
    return float(value) if math.isfinite(value) else None
