"""Networks whose features and class probabilities tell images apart."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from qlatent_tf.text.progress import progress_bar


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureNetwork:
    """A network under a name, without which no score of it is stated.

    Attributes:
      name: str. Stands in each score.
      score, frechet, kernel: str. What the three metrics are called with this network.
      identity: str. Whatever decides the activations, such as a hash of the weights.
      image_shape: tuple of int or None, ``(height, width, bands)``. What it takes; None for any.
      width: int. How many features it has.
      run: callable. `run(images)` maps a uint8 tensor ``(batch_size, height, width, bands)`` to
        features ``(batch_size, width)`` and logits ``(batch_size, classes)``, or None for logits
        where there are no classes and hence no score.
      batch_size: int. Images that are run at once.
    """

    name: str
    score: str
    frechet: str
    kernel: str
    identity: str
    image_shape: tuple[int | None, int | None, int | None]
    width: int
    run: Callable
    batch_size: int = 250

    def check(self, images: np.ndarray) -> None:
        """Refuses what is not images of this network's shape.

        Raises:
          ValueError: saying what was received.
        """
        shape, dtype = np.shape(images), getattr(images, "dtype", type(images).__name__)
        legal = len(shape) == 4 and all(
            wanted in (None, size) for wanted, size in zip(self.image_shape, shape[1:], strict=True)
        )
        if not legal or dtype != np.uint8:
            wanted = ", ".join("any" if size is None else str(size) for size in self.image_shape)
            raise ValueError(
                f"The network {self.name} takes uint8 images of shape (n, {wanted}); received "
                f"{dtype} of shape {shape}."
            )

    def activations(
        self, images: np.ndarray, *, progress: bool = False, label: str | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yields features and logits of images, a batch at a time, in `random_order`.

        Args:
          images: uint8 array, shape `(n, height, width, bands)`; in memory or mapped.
          progress: bool. Whether to show a progress bar.
          label: str. What the bar is about.

        Raises:
          ValueError: if the images are of another shape than the network takes.
        """
        self.check(images)
        order = random_order(len(images))
        label = label or self.name
        with progress_bar(total=len(images), desc=label, unit=" images", shown=progress) as bar:
            for start in range(0, len(order), self.batch_size):
                chosen = order[start : start + self.batch_size]
                # Always a whole batch: another shape would be compiled anew.
                batch = np.zeros((self.batch_size, *images.shape[1:]), np.uint8)
                batch[: len(chosen)] = images[chosen]
                features, logits = self.run(tf.constant(batch))
                yield (
                    features.numpy()[: len(chosen)],
                    None if logits is None else logits.numpy()[: len(chosen)],
                )
                bar.update(len(chosen))


def random_order(count: int) -> np.ndarray:
    """Returns an order of `count` images that depends on `count` alone.

    Scores of parts of a sample need parts that are alike, and files are often sorted by class.
    """
    return np.random.default_rng(count).permutation(count)
