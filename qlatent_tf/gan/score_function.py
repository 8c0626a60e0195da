"""The score-function estimator: gradients through draws that have none."""

from keras import ops


def score_function_losses(losses, log_probs):
    """Returns numbers whose mean has the gradient of the mean loss, estimated.

    The estimator is that of the score function. Of samples z, drawn from a law p of parameters u,

        grad_u E[l(z)] = E[(l(z) - b) grad_u log p(z)]

    for any b that does not depend on z. For each sample, b is the mean loss of the others, which
    leaves the mean as it is and takes most of the variance away. The losses of the samples are
    taken as numbers: a part of the gradient that flows through them adds to it.

    Args:
      losses: float tensor, shape `[batch]`, of 2 samples at least.
      log_probs: float tensor, shape `[batch]`. Of the samples, differentiable in u.

    Returns:
      Tensor, shape `[batch]`; only its gradient means anything.

    Raises:
      ValueError: if there is one sample alone.

    Reference: Kool et al., "Buy 4 REINFORCE samples, get a baseline for free!", ICLR workshop 2019.
    """
    count = losses.shape[0]
    if count < 2:
        raise ValueError(f"A leave-one-out baseline takes 2 samples at least; received {count}.")
    # Each loss less the mean of the others.
    advantages = ops.stop_gradient((losses - ops.mean(losses)) * (count / (count - 1)))
    return ops.cast(advantages, log_probs.dtype) * log_probs
