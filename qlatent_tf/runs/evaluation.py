"""Scores of a model: every metric over several independent sets of generated samples."""

import contextlib
import inspect
import logging as standard_logging
import types
from collections.abc import Iterable, Mapping

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count
from qlatent_tf.registry import metrics, mistakes_of
from qlatent_tf.scores import read_scores
from qlatent_tf.text.progress import ProgressBar

_TRIED = 100  # samples
A_DATASET = "dataset is one, such as load_dataset or from_arrays returns"


def evaluate(model, dataset, *, num_samples=10_000, seeds=(0,), metric_names=None, progress=False):
    """Scores a model's samples.

    Args:
      model: LatentGenerator, or whatever has its `sample`. What is scored.
      dataset: Dataset. What its samples are compared with.
      num_samples: int. Generated samples a seed.
      seeds: sequence of int, from 0. Sampling seeds, each another one; the mean comes with its
        standard error over them.
      metric_names: sequence of str. Registered metrics; by default those of the data set for
        what is finished, its `evaluation_metrics`. The model's own scores come beside them;
        where there are neither, ``metrics`` is empty.
      progress: bool. Whether to show a progress bar.

    Returns:
      dict of JSON values: ``dataset``, ``num_samples``, ``seeds`` and ``metrics``, which maps a
      score's key to its ``mean``, its ``standard_error`` (None for one seed) and its ``values``.

    Raises:
      ValueError: if there are no seeds or samples, an unknown metric is named, or a score is called
        "step", as the history's first column is.
    """
    check_kind(model, "sample", "model is a trained one, such as from_preset returns")
    check_kind(dataset, "evaluation_metrics", A_DATASET)
    if isinstance(metric_names, str):
        raise ValueError(f"metric_names is a list of names; received {metric_names!r}.")
    names = dict.fromkeys(dataset.evaluation_metrics if metric_names is None else metric_names)
    for name in names:  # Before anything is drawn.
        metrics.get(name)
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        raise ValueError(f"seeds are whole numbers, such as (0, 1, 2); received {seeds!r}.")
    seeds = [check_count(seed, "a sampling seed") for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"An evaluation needs seeds, each another one; received {seeds}.")
    num_samples = check_count(num_samples, "num_samples", least=1)
    rows, said = [], set()
    hidden = not progress or len(seeds) < 2
    for seed in ProgressBar(seeds, desc="evaluate", unit="seed", disable=hidden):
        with _said_once(said, first=not rows):
            samples = model.sample(num_samples, seed) if names else None
            results = {name: apply_metric(name, dataset, samples, progress) for name in names}
            if hasattr(model, "own_scores"):
                results["of the model"] = model.own_scores(dataset, num_samples, seed)
        rows.append(_by_key(results, dataset.name))
        if rows[-1].keys() != rows[0].keys():
            raise ValueError(
                "Metrics return the same scores for each seed; those of seed "
                f"{seed} differ in {', '.join(sorted(rows[-1].keys() ^ rows[0].keys()))}."
            )
    return {
        "dataset": dataset.name,
        "num_samples": num_samples,
        "seeds": seeds,
        "metrics": {
            key: score.over(row[key].mean for row in rows).to_json()
            for key, score in rows[0].items()
        },
    }


def check_metrics(model, dataset, names, num_samples: int) -> None:
    """Scores a few samples by metrics that someone named, before hours are spent on training.

    Where few are refused, as many as an evaluation has are tried.

    Args:
      model: LatentGenerator. Untrained.
      dataset: Dataset.
      names: sequence of str. Metrics.
      num_samples: int. Of an evaluation.

    Raises:
      ValueError: naming the metric that cannot score this model's samples on these data.
    """
    left = list(names)
    for tried in (min(_TRIED, num_samples), num_samples):
        samples, refused = model.sample(tried, 0) if left else None, {}
        for name in left:
            try:
                _by_key({name: apply_metric(name, dataset, samples)}, dataset.name)
            except ValueError as error:
                refused[name] = error
        left = list(refused)
    for name, error in refused.items():
        raise ValueError(
            f"The metric {name} cannot score this model on {dataset.name!r}: {error}"
        ) from error


@contextlib.contextmanager
def _said_once(said: set, first: bool):
    """Passes warnings of the first seed on, and of others those that are not among the `said`."""

    def passes(record):
        if record.levelno < standard_logging.WARNING:
            return True
        # What is warned of comes first; the numbers that follow are those of a seed.
        args = record.args[:1] if isinstance(record.args, tuple) else record.args
        warning = (record.pathname, record.lineno, repr(args))
        known = warning in said
        said.add(warning)
        return first or not known

    logger = logging.get_absl_logger()
    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)


def check_kind(given, attribute: str, what: str) -> None:
    """Refuses what lacks an attribute that all of a kind have.

    Raises:
      ValueError: with `what` the kind is, and what was received.
    """
    if not hasattr(given, attribute):
        raise ValueError(f"{what}; received {type(given).__name__} {str(given)[:60]!r}.")


def evaluate_real(dataset, *, num_samples=10_000, metric_names=None, progress=False):
    """Scores held-out real samples as if a model had made them: what the best model would reach.

    Args:
      dataset: Dataset with `test`: held-out images, or molecules (`test_share`).
      num_samples: int. Of so many held-out samples, or of all if there are fewer.
      metric_names: sequence of str. See `evaluate`.
      progress: bool. Whether to show progress bars.

    Returns:
      dict. As `evaluate` of one seed.

    Raises:
      ValueError: if the data set holds none out.
    """
    real = getattr(dataset, "test", None)
    if real is None:
        share = " Molecules have some by dataset_options.test_share." * hasattr(dataset, "smiles")
        raise ValueError(f"The data set {dataset.name!r} has no held-out samples to score.{share}")
    parts = real if isinstance(real, dict) else {"samples": real}
    size = len(next(iter(parts.values())))

    def sample(count, seed):
        rows = np.sort(np.random.default_rng(seed).choice(size, count, replace=False))
        drawn = {name: part[rows] for name, part in parts.items()}
        return drawn if parts is real else drawn["samples"]

    return evaluate(
        types.SimpleNamespace(sample=sample),
        dataset,
        num_samples=min(num_samples, size),
        metric_names=metric_names,
        progress=progress,
    )


def apply_metric(name: str, dataset, samples, progress: bool = False):
    """Returns what a metric finds; `progress` is passed where the metric takes it.

    Raises:
      ValueError: if the metric is unknown; an OwnCodeError if one of someone's own fails.
    """
    function = metrics.get(name)
    takes_progress = "progress" in inspect.signature(function).parameters
    with mistakes_of(name, "metric"):
        return function(dataset, samples, **({"progress": progress} if takes_progress else {}))


def mean_scores(evaluation: dict) -> dict[str, float]:
    """Returns the mean of each metric that has one."""
    return {
        name: score["mean"]
        for name, score in evaluation["metrics"].items()
        if score["mean"] is not None
    }


def _by_key(results, dataset):
    """The scores that metrics returned, each as records or as a dict of names and numbers."""
    found = {}
    for name, result in results.items():
        try:
            scores = read_scores(result, dataset) if isinstance(result, Mapping) else list(result)
            found.update({score.key: score for score in scores})
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"The metric {name} returns a dict of names and numbers, such as "
                f'{{"my_score": 0.3}}; received {str(result)[:80]} ({type(result).__name__}).'
            ) from error
    if "step" in found:
        raise ValueError("A metric returns a score 'step', which is what a history counts by.")
    return found
