"""Do the parts of a GAN fit together, and do the data fit them?"""

from qlatent_tf.registry import OwnCodeError

_MANY = 1000  # Draws that are not all equal, unless nothing can be learnt.


def check_sizes(**sizes):
    """Raises ValueError unless each is an int from 1 that TensorFlow's shapes hold."""
    for name, size in sizes.items():
        if not _is_size(size):
            raise ValueError(f"{name} is a positive int below 2**31; received {size!r}.")


def check_widths(**widths):
    """Raises ValueError unless each is a list or tuple of sizes, see `check_sizes`."""
    for name, listed in widths.items():
        if not isinstance(listed, (list, tuple)) or not all(map(_is_size, listed)):
            raise ValueError(
                f"{name} are positive ints below 2**31 in a list; received {listed!r}."
            )


def _is_size(value) -> bool:
    return type(value) is int and 0 < value < 2**31


def latent_width(latent) -> int:
    """Returns the width of a latent's vectors; raises ValueError unless it is a distribution."""
    if not hasattr(latent, "event_shape") or not hasattr(latent, "sample"):
        raise ValueError(
            "A latent is a distribution of TensorFlow Probability, such as "
            f"tfd.Sample(tfd.Normal(0.0, 1.0), 16); received {type(latent).__name__}."
        )
    shape = latent.event_shape
    if getattr(shape, "rank", None) != 1 or shape[0] is None:
        raise ValueError(
            "A latent draws vectors: its event shape is (width,), which tfd.Sample and "
            f"tfd.Independent give to numbers; received {latent!r}."
        )
    return int(shape[0])


def check_draws(latent, name: str = "", trained: bool = False) -> None:
    """Raises ValueError unless a latent draws finite vectors of its width, which differ.

    Args:
      latent: tfd.Distribution.
      name: str. What a configuration calls it, by which errors name one of someone's own.
      trained: bool. Whether its circuit is trained, which may begin with a single outcome.
    """
    called = f"the latent {name!r}" if ":" in name else repr(latent)
    first, second = _draws(latent, 2, called)
    if trained or (first != second).any():
        return
    if (_draws(latent, _MANY, called) == first).all():
        raise ValueError(
            f"{_MANY:,} draws of {called} are all equal, so that nothing can be learnt: "
            f"{str(first[:8])[:80]}."
        )


def _draws(latent, count, called):
    import numpy as np
    import tensorflow as tf

    shape, seed = (count, latent_width(latent)), tf.constant([0, 0], tf.int32)
    try:
        # As training takes them.
        drawn = tf.cast(latent.sample(count, seed=seed), tf.float32).numpy()
    except Exception as error:
        raise OwnCodeError(f"Samples of {called} cannot be drawn: {error}") from error
    if drawn.shape != shape or not np.isfinite(drawn).all():
        raise ValueError(
            f"{count:,} draws of a latent are finite numbers of shape {shape}; those of {called} "
            f"have the shape {drawn.shape}: {str(drawn.ravel()[:8])[:80]}."
        )
    return drawn


def check_parts(latent, generator, critic):
    """Raises ValueError, with both shapes, unless latent, generator and critic fit together."""
    import keras

    latent_width(latent)
    for name, network in (("generator", generator), ("critic", critic)):
        if not getattr(network, "inputs", None):
            raise ValueError(
                f"The {name} has no shapes to check: it is a functional or Sequential model that "
                f"begins with keras.Input; received {network!r}."
            )
    event_shape, width = tuple(latent.event_shape), tuple(generator.input_shape[1:])
    if event_shape != width:
        raise ValueError(
            f"The generator takes latents of shape {width}; the latent draws {event_shape}."
        )
    made, judged = (
        keras.tree.map_structure(lambda tensor: tuple(tensor.shape[1:]), structure)
        for structure in (end_of(generator, "output"), end_of(critic, "input"))
    )
    if made != judged:
        raise ValueError(f"The generator makes samples of shape {made}; the critic takes {judged}.")
    score = end_of(critic, "output")
    if isinstance(score, dict) or tuple(score.shape[1:]) != (1,):
        shape = sorted(score) if isinstance(score, dict) else tuple(score.shape[1:])
        raise ValueError(f"The critic gives a sample one number, of shape (1,); received {shape}.")


def check_real_samples(spec, critic):
    """Raises ValueError unless the critic takes the samples of such (steps, batch, ...)."""
    import keras

    given = keras.tree.map_structure(lambda part: tuple(part.shape[2:]), spec)
    taken = keras.tree.map_structure(lambda part: tuple(part.shape[1:]), end_of(critic, "input"))
    if given != taken:
        raise ValueError(f"The real samples have shape {given}; the critic takes {taken}.")


def end_of(model, which):
    """Returns the symbolic ``input`` or ``output`` of a network, a tensor or a dict of tensors."""
    import keras

    # A Sequential has its ends in lists alone until it is first called.
    sequential = isinstance(model, keras.Sequential)
    tensors = getattr(model, f"{which}s")[0] if sequential else getattr(model, which)
    return dict(tensors) if isinstance(tensors, dict) else tensors
