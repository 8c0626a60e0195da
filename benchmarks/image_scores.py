"""Sensitivity of image scores: held-out images of CIFAR-10, whole and degraded.

    python -m benchmarks.image_scores --data-dir path/to/data        # a few minutes
    python -m benchmarks.image_scores --out image_sensitivity.md

Each row scores 10,000 images by the preset `cifar_classifier`, as the metric `classifier_scores`
does. The degradations are of the kinds of generators' faults: noise, blur, few images again and
again, classes left out. The score hardly sees images that repeat; the distances do.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import scipy.ndimage

from benchmarks.report import new_parser, show_report
from qlatent_tf import glossary, registry
from qlatent_tf.runs.evaluation import evaluate_real
from qlatent_tf.scores import read_scores
from qlatent_tf.storage.preset_files import versions

_CAT = 3


def degradations(labels: np.ndarray) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Returns functions of images, by what they do to them.

    Args:
      labels: int array, shape `(n,)`. The classes of the images that they are called with.
    """
    return {
        "as they are": lambda images: images,
        "mirrored": lambda images: images[:, :, ::-1],
        "noise of 8 grey levels": functools.partial(_noisy, deviation=8),
        "noise of 32 grey levels": functools.partial(_noisy, deviation=32),
        "blurred by half a pixel": functools.partial(_blurred, deviation=0.5),
        "blurred by a pixel": functools.partial(_blurred, deviation=1),
        "each of 1,000 ten times": functools.partial(_repeated, kept=1000),
        "each of 100 a hundred times": functools.partial(_repeated, kept=100),
        "five classes, twice": lambda images: _twice(images[labels < 5]),
        "cats, ten times": lambda images: np.tile(images[labels == _CAT], (10, 1, 1, 1)),
        "random pixels": lambda images: _generator().integers(0, 256, images.shape, dtype=np.uint8),
    }


def table(dataset) -> str:
    """Returns the scores of the degraded images as Markdown.

    Args:
      dataset: ImageDataset with `test` and `test_labels`.
    """
    lines = []
    for name, degrade in degradations(dataset.test_labels).items():
        changed = _with_test(dataset, degrade(dataset.test))
        scores = evaluate_real(
            changed,
            num_samples=len(changed.test),
            metric_names=("classifier_scores",),
            progress=True,
        )["metrics"]
        if not lines:
            heads = [glossary.title(score.metric) for score in read_scores(scores, changed.name)]
            lines += [
                f"| held-out images | {' | '.join(heads)} |",
                "|---|" + "---:|" * len(scores),
            ]
        values = " | ".join(f"{score['mean']:.4g}" for score in scores.values())
        lines.append(f"| {name} | {values} |")
    return "\n".join(lines)


def _with_test(dataset, images):
    return dataclasses.replace(dataset, test=images, test_labels=None)


def _generator():
    return np.random.default_rng(0)


def _noisy(images, deviation):
    noise = _generator().normal(0, deviation, images.shape)
    return np.clip(np.round(images + noise), 0, 255).astype(np.uint8)


def _blurred(images, deviation):
    blurred = scipy.ndimage.gaussian_filter(
        images.astype(np.float32), (0, deviation, deviation, 0), mode="reflect"
    )
    return np.clip(np.round(blurred), 0, 255).astype(np.uint8)


def _repeated(images, kept):
    chosen = _generator().permutation(len(images))[:kept]
    return np.tile(images[chosen], (len(images) // kept, 1, 1, 1))


def _twice(images):
    return np.concatenate([images, images])


def main(argv=None) -> None:
    """Prints the table, or writes it into a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--data-dir", help="where CIFAR-10 is looked for first")
    arguments = parser.parse_args(argv)
    dataset = registry.datasets.build("cifar10", data_dir=arguments.data_dir)
    used = ", ".join(" ".join(item) for item in versions().items())
    text = (
        "# What scores of images tell apart\n\nMade by `python -m benchmarks.image_scores`; see "
        f"[image_metrics.md](image_metrics.md).\n\n{table(dataset)}\n\nVersions: {used}.\n"
    )
    show_report(text, arguments.out)


if __name__ == "__main__":
    main()
