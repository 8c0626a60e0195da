"""Blobs on a circle: a mixture in the plane whose gaps a generator has to leave empty.

Reference:
  Bacarreza et al., "Quantum latent distributions in deep generative models",
  arXiv 2508.19857.
"""

import dataclasses

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.text.names import check_number

_BLOB_BYTES = 100  # angles and centres, as they are sorted and put together


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class MixtureDataset(Dataset):
    """Blobs around points of a circle, normal in polar coordinates.

    Attributes:
      radius: float. The mean distance r of all blobs from the origin.
      angles: float array, shape `(blobs,)`. The mean angle of each blob.
      scales: (float, float). The standard deviations of distance and angle.
    """

    radius: float
    angles: np.ndarray
    scales: tuple[float, float]


def mixture(
    *,
    blobs: int = 7,
    radius: float = 5.0,
    radius_scale: float = 0.2,
    angle_scale: float = 0.05,
) -> MixtureDataset:
    """Points (r cos t, r sin t) with r ~ N(radius, radius_scale) and t ~ N(t_k, angle_scale).

    The blobs k are equally likely, at the angles t_k = 2 pi k / blobs.

    Args:
      blobs: int. How many.
      radius: float. Mean distance from the origin.
      radius_scale: float. Standard deviation of the distance.
      angle_scale: float. Standard deviation of the angle.

    Raises:
      ValueError: if an option is out of range, or the blobs do not fit into memory.
    """
    import tensorflow as tf
    from tensorflow_probability import distributions as tfd

    from qlatent_tf.drawing.plane import draw_plane

    blobs = check_count(blobs, "blobs", least=1)
    check_memory(_BLOB_BYTES * blobs, f"{blobs:,} blobs")
    sizes = {"radius": radius, "radius_scale": radius_scale, "angle_scale": angle_scale}
    for name, value in sizes.items():
        check_number(name, value, 0)
        if not value:
            raise ValueError(f"{name} is above 0; received {value!r}.")
        sizes[name] = float(value)
    # From the cut on, in the middle between two blobs, so that all of them are whole.
    cut = -np.pi if blobs % 2 else np.pi / blobs - np.pi
    angles = np.sort((2 * np.pi * np.arange(blobs) / blobs - cut) % (2 * np.pi) + cut)
    radius, *scales = sizes.values()
    centres = np.stack([np.full(blobs, radius), angles], axis=1)
    polar = tfd.MixtureSameFamily(
        tfd.Categorical(logits=tf.zeros(blobs)),
        tfd.MultivariateNormalDiag(tf.constant(centres, tf.float32), scales),
    )
    return MixtureDataset(
        name="mixture",
        source=tfd.TransformedDistribution(polar, _polar_to_cartesian(cut), name="Mixture"),
        metrics=("blobs",),
        evaluation_metrics=("blobs", "vector_neighbours"),
        provenance={"drawn_from": "mixture", "blobs": blobs, **sizes},
        render=draw_plane,
        radius=radius,
        angles=angles,
        scales=tuple(scales),
    )


# The width of a sample, which a model follows; see `qlatent_tf.resolve`.
mixture.width_of = lambda options: 2


def _polar_to_cartesian(cut):
    import tensorflow as tf
    from tensorflow_probability import bijectors as tfb

    def forward(polar):
        distance, angle = tf.unstack(polar, axis=-1)
        return tf.stack([distance * tf.cos(angle), distance * tf.sin(angle)], axis=-1)

    def inverse(point):
        x, y = tf.unstack(point, axis=-1)
        angle = (tf.atan2(y, x) - cut) % (2 * np.pi) + cut
        return tf.stack([tf.norm(point, axis=-1), angle], axis=-1)

    return tfb.Inline(
        forward_fn=forward,
        inverse_fn=inverse,
        forward_log_det_jacobian_fn=lambda polar: tf.math.log(polar[..., 0]),
        forward_min_event_ndims=1,
        name="polar_to_cartesian",
    )
