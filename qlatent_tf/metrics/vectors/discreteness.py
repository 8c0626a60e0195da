"""How near generated numbers are to whole numbers.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 1.
"""

import numpy as np

from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import Score, measured


def discreteness(dataset: Dataset, samples) -> list[Score]:
    """Returns the mean distance of an entry to the nearest whole number; see `integer_distance`.

    Args:
      dataset: Dataset. Unused: this is a property of the generated samples alone.
      samples: float array, shape `(n, w)`.

    Returns:
      ``integer_distance``.
    """
    del dataset
    return measured({"integer_distance": integer_distance(samples)}, num_samples=len(samples))


def integer_distance(samples) -> float:
    """Returns the mean distance of an entry to the nearest whole number.

        integer_distance = 1 / (n w) sum_{k, i} |x_ki - round(x_ki)|

    It is 0 for whole numbers and 1/4 for entries that know nothing of them.

    Args:
      samples: float array, shape `(n, w)`.

    Returns:
      float, from 0 to 1/2; NaN where an entry is not finite.

    Raises:
      ValueError: if the samples have another shape, or there are none.
    """
    samples = check_vectors(samples)
    with np.errstate(invalid="ignore"):  # infinity - infinity: NaN is the answer
        return float(np.mean(np.abs(samples - np.rint(samples))))
