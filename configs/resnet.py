"""Residual networks on CIFAR-10, at the published size and at one that two CPU cores can train.

    qlatent-tf train --model resnet --latent boson
    qlatent-tf train --model resnet --latent boson --variant gulrajani
    qlatent-tf train --model resnet --latent boson --variant small
    qlatent-tf train --model resnet --latent boson --variant loop

`full` is the experiment of Wallner and Clements (table 2), who report Inception scores, means of
five runs with standard errors, of 7.57 +- .02 (gaussian), 7.66 +- .039 (bernoulli) and
7.54 +- .011 (quantum), the last with samples of a device of 128 modes and 65 photons on average. Of
the schedule they give Adam's learning rate and its linear decay; the rest is that of Gulrajani et
al. `gulrajani` is the latter's own, with 7.86 +- .07: twice the learning rate, and twice the batch
where the generator is updated.

A step of `full` is 1.6e12 floating-point operations: 20 s of processor time, twelve days for the
100,000 steps on two CPU cores. On a GPU (not measured) expect 0.1 to 0.2 s where it
sustains 8 to 16 TFLOP/s: 3 to 6 hours. There add --set jit_compile=true: XLA is off because its
compiler for CPUs has no fast gradients of convolutions and takes 30 times as long as TensorFlow's
own kernels.

`small` is ours: half of the filters, mirrored images, bfloat16, and one critic update a step at a
learning rate of its own, 2.5 times the generator's (two time scales, Heusel et al., arXiv
1706.08500). A step takes one second of processor time, the 8,000 steps two hours and a quarter of
one core. With the latents gaussian and boson, 10,000 images have classifier scores of 3.5 and 3.6
and Frechet distances of 3.1 and 2.8. It keeps no average of the generator's weights, for the rates
decay to 0, and the moving statistics of batch normalisation would be those of other weights.

`loop` is `small` with the latent of one device, as the published one was: a train of 128 time bins
with photons in the first 64 that passes two fibre loops of delay 1, see docs/loops.md. The 128
samples of a step take a few milliseconds of its second.
"""

from qlatent_tf.config import Config
from qlatent_tf.text.names import check_choice

VARIANTS = ("full", "gulrajani", "small", "loop")
_WIDTH = 128
# Of the circuits side by side; with 8 photons in each, 64 in all are the published mean.
_TILED = {"modes": 16, "tiles": 8}
_LOOP = {"modes": _WIDTH, "photons": 64, "interferometer": "1-1"}
_WITHOUT_CIRCUIT = ("gaussian", "bernoulli")
_WITHOUT_PHOTONS = ("gaussian_boson", "squashed", "thermal", "coherent")


def get_config(latent: str, variant: str = "full") -> Config:
    """Returns the configuration for one latent.

    Args:
      latent: str. One that is registered gets the width 128: eight circuits of 16 modes, or one of
        128, or the first 128 columns of recorded samples. A custom latent has the width it
        has.
      variant: str. One of `VARIANTS`.

    Raises:
      ValueError: if there is no such variant.
    """
    check_choice("variant", variant, VARIANTS)
    config = Config(
        model="resnet",
        latent=latent,
        latent_options=_latent_options(latent, variant),
        dataset="cifar10",
        steps=100_000,
        batch_size=64,
        optimizer="Adam",
        optimizer_options={"learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.9},
        learning_rate_decay_steps=100_000,
        evaluate_every=5000,
        evaluation_samples=50_000,
        checkpoint_every=500,
        jit_compile=False,
    )
    if variant == "full":
        return config
    config = config.override(**{"optimizer_options.learning_rate": 2e-4})
    if variant == "gulrajani":
        return config.override(generator_batch_size=128)
    return config.override(
        **{
            "model_options": {"filters": 64, "flip": True},
            "steps": 8000,
            "learning_rate_decay_steps": 8000,
            "critic_steps": 1,
            "critic_learning_rate": 5e-4,
            "evaluate_every": 400,
            "evaluation_samples": 2000,
            "checkpoint_every": 250,
            "precision": "mixed_bfloat16",
        }
    )


def _latent_options(latent, variant):
    if ":" in latent:
        return {}
    if latent == "samples" or (variant == "loop" and latent in _WITHOUT_CIRCUIT):
        return {"modes": _WIDTH}
    if variant != "loop":
        return _TILED
    return {
        name: value
        for name, value in _LOOP.items()
        if name != "photons" or latent not in _WITHOUT_PHOTONS
    }
