"""Inception score, Frechet and kernel Inception distance."""

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.image_scores import image_scores
from qlatent_tf.metrics.inception import inception_network
from qlatent_tf.registry import metrics


@metrics.register("inception_scores")
def inception_scores(
    dataset: ImageDataset, samples, *, progress: bool = False
) -> dict[str, float]:
    """Scores images by Inception; see `image_scores` and `inception_network`.

    The published protocol on CIFAR-10 is 50,000 images; the score is the mean over ten parts.

    Args:
      dataset: ImageDataset of RGB images.
      samples: uint8 array, shape `(n, height, width, 3)`.
      progress: bool. Whether to show progress bars.

    Returns:
      dict. ``inception_score_<network>``, its ``inception_score_deviation_...`` over parts,
      ``frechet_inception_distance_<network>_<data set>_<images>`` and
      ``kernel_inception_distance_...``; the network's name says which Inception it was.

    Raises:
      FileNotFoundError: if Inception's weights cannot be had; the message says how to get them.
      ValueError: if the images are of another shape.
    """
    return image_scores(dataset, samples, inception_network(), progress=progress)
