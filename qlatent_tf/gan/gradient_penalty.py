"""The gradient penalty of a Wasserstein critic."""

import keras
import tensorflow as tf
from keras import ops


def gradient_penalty(critic, real, fake, places, one_sided=False):
    """The penalty ``E[(|grad D(x')| - 1)^2]``, ``x' = fake + place (real - fake)``.

    The one-sided penalty, ``E[max(0, |grad D(x')| - 1)^2]``, lets gradients be smaller than 1.
    The norm is joint over all parts of a sample. A tiny term under its root keeps the gradient
    finite where the critic is flat.

    Args:
      critic: callable. Maps samples to ``(batch, 1)``.
      real: tensor or dict of tensors, ``(batch, ...)``.
      fake: as `real`.
      places: tensor, ``(batch,)``. Where on the line each x' lies, in [0, 1].
      one_sided: bool. Which of the two.

    Returns:
      Scalar tensor.

    Reference:
      Gulrajani et al., arXiv 1704.00028, equation 3; the one-sided form in section 4.
    """

    def between(real_part, fake_part):
        place = ops.reshape(places, [-1] + [1] * (len(real_part.shape) - 1))
        return fake_part + place * (real_part - fake_part)

    mixed = keras.tree.map_structure(between, real, fake)
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        # A critic of reduced precision is summed in single precision.
        score = ops.sum(ops.cast(critic(mixed, training=True), "float32"))
    # A critic may ignore a part of a sample.
    gradients = keras.tree.flatten(tape.gradient(score, mixed, unconnected_gradients="zero"))
    squares = [
        ops.sum(ops.square(ops.reshape(part, [ops.shape(part)[0], -1])), axis=1)
        for part in gradients
    ]
    norms = ops.sqrt(sum(squares) + 1e-12)
    excess = norms - 1.0
    return ops.mean(ops.square(ops.maximum(excess, 0.0) if one_sided else excess))
