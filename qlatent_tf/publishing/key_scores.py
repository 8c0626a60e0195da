"""The few scores that say most of a model, and what they mean."""

from collections.abc import Iterable

from qlatent_tf.scores import Score

# Metric -> the words for it, and what it means. In the order in which they are chosen.
MEANINGS = {
    "fcd": (
        "Frechet ChemNet Distance",
        "distance of the generated molecules to the data as a network of bioactivities sees them; "
        "0 is best",
    ),
    "inception_score": (
        "Inception score",
        "how distinct and how varied the images are to Inception; higher is better",
    ),
    "classifier_frechet_distance": (
        "Frechet distance by a classifier",
        "distance of the generated images to the data as a classifier of ours sees them; 0 is "
        "best, and no published distance compares",
    ),
    "code_frechet": (
        "Frechet distance of codes",
        "distance of the generated codes to those of real images; 0 is best",
    ),
    "outcome_tv": (
        "Total variation distance",
        "between the distributions of rounded samples and of the data, from 0, best, to 1",
    ),
    "integer_distance": (
        "Distance to integers",
        "mean distance of a generated number to the nearest whole one, from 0, as for real counts, "
        "to 0.5",
    ),
    "right_total_share": (
        "Samples with the right total",
        "share of rounded samples that have the data's number of photons; higher is better",
    ),
    "valid_share": (
        "Valid molecules",
        "share of samples that are one whole molecule; higher is better",
    ),
    "unique_share": (
        "Unique molecules",
        "share of distinct molecules among the valid ones; higher is better",
    ),
    "classifier_score": (
        "Classifier score",
        "how distinct and how varied the images are to a classifier of ours; higher is better",
    ),
    "classifier_kernel_distance": (
        "Kernel distance by a classifier",
        "distance of the generated images to the data by a kernel; 0 is best",
    ),
    "encoder_frechet": (
        "Frechet distance by the encoder",
        "distance of the decoded images to the data as the encoder sees them; 0 is best",
    ),
    "reconstruction_psnr": (
        "Reconstruction",
        "peak signal-to-noise ratio of held-out images behind the autoencoder, in dB; higher is "
        "better",
    ),
    "reconstruction_mse": (
        "Reconstruction error",
        "mean squared error of held-out images behind the autoencoder, values from 0 to 1",
    ),
    "interpolation_rate": (
        "Points between blobs",
        "share of samples in none of the blobs; 0 is best",
    ),
    "mode_coverage": ("Blobs that are reached", "share of blobs with enough samples; 1 is best"),
    "accuracy": ("Accuracy", "share of held-out images whose class is found; higher is better"),
    "cross_entropy": ("Cross-entropy", "of the classes of held-out images, in nats; 0 is best"),
}
_COUNT = 3


def key_scores(scores: Iterable[Score]) -> list[tuple[Score, str, str]]:
    """Returns up to three scores, each with the words for it and what it means.

    Args:
      scores: iterable of Score.

    Returns:
      list of tuples, in the order of `MEANINGS`. Empty if none of the metrics is in it.
    """
    found = {}
    for score in scores:
        # Some names end in a width, such as encoder_frechet_256.
        metric = score.metric.rstrip("0123456789").rstrip("_")
        if metric in MEANINGS and score.mean == score.mean:
            found.setdefault(metric, score)
    chosen = [metric for metric in MEANINGS if metric in found][:_COUNT]
    return [(found[metric], *MEANINGS[metric]) for metric in chosen]
