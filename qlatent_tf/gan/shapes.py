"""Do the parts of a GAN fit together, and do the data fit them?"""


def check_widths(name, widths):
    """Refuses what is not a sequence of positive whole numbers.

    Args:
      name: str. What the widths are, in the error message.
      widths: sequence of int.

    Raises:
      ValueError: naming what was received.
    """
    if not isinstance(widths, (list, tuple)) or not all(
        type(width) is int and width > 0 for width in widths
    ):
        raise ValueError(f"{name} are positive whole numbers in a list; received {widths!r}.")


def check_parts(latent, generator, critic):
    """Refuses a latent, a generator and a critic that do not fit together.

    Raises:
      ValueError: naming the shape that is made and the one that is taken.
    """
    import keras

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
        for structure in (_output(generator), _input(critic))
    )
    if made != judged:
        raise ValueError(f"The generator makes samples of shape {made}; the critic takes {judged}.")


def check_real_samples(spec, critic):
    """Refuses real batches that the critic does not take.

    Args:
      spec: tf.TensorSpec or dict of them, ``(critic_steps, batch_size, ...)``.
      critic: keras.Model.

    Raises:
      ValueError: naming the shape that is given and the one that is taken.
    """
    import keras

    given = keras.tree.map_structure(lambda part: tuple(part.shape[2:]), spec)
    taken = keras.tree.map_structure(lambda part: tuple(part.shape[1:]), _input(critic))
    if given != taken:
        raise ValueError(f"The real samples have shape {given}; the critic takes {taken}.")


def _input(model):
    # A Sequential has its ends in lists alone until it is first called.
    return _plain(model.inputs[0] if _is_sequential(model) else model.input)


def _output(model):
    return _plain(model.outputs[0] if _is_sequential(model) else model.output)


def _is_sequential(model):
    import keras

    return isinstance(model, keras.Sequential)


def _plain(tensors):
    return dict(tensors) if isinstance(tensors, dict) else tensors
