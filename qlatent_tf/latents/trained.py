"""Makes of a latent the one that is trained beside the generator."""

from collections.abc import Mapping

TRAINABLE = ("boson", "gaussian", "photonic")


def trained(latent, name: str, options: Mapping):
    """Returns the trained counterpart of a latent, which starts as it is.

    Of photons the interferometer is trained, of Gaussian numbers, as a control, the covariance.

    Args:
      latent: tfd.Distribution. What the builder made of the options.
      name: str. The builder's name, one of `TRAINABLE`.
      options: mapping. Its options.

    Raises:
      ValueError: if nothing can be trained in the latent, or its options forbid it.
    """
    check_trainable(name, options)
    if name == "gaussian":
        from qlatent_tf.latents.trained_gaussian import TrainedGaussian

        return TrainedGaussian(latent.event_shape[0])
    from qlatent_tf.latents.photons import unitary_seeds
    from qlatent_tf.latents.trained_photons import trained_photons

    seeds = unitary_seeds(options.get("unitary_seed", 0), options.get("tiles", 1))
    return trained_photons(latent, options.get("interferometer", "haar"), seeds)


def check_trainable(name: str, options: Mapping) -> None:
    """Refuses a latent in which nothing can be trained, or one of unit variance.

    Raises:
      ValueError: naming the latents in which something can.
    """
    if name not in TRAINABLE:
        raise ValueError(
            f"train_circuit is for the latents {', '.join(TRAINABLE)}; received {name!r}."
        )
    if options.get("standardize"):
        raise ValueError(
            "The variances of a latent that is trained do not stay 1: train_circuit is not for "
            "latent_options.standardize=true; received both."
        )
