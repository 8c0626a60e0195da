"""Training steps a second of the residual networks, beside plain Keras layers and with each latent.

    python -m benchmarks.resnet_step                      # some minutes
    python -m benchmarks.resnet_step --latents boson --steps 4 --turns 2
    python -m benchmarks.resnet_step --variant full --batch-size 8 --steps 1 --turns 1
    python -m benchmarks.resnet_step --out resnet_step.md

One step is what the variant of `configs/resnet.py` says, on images of noise. The plain networks are
the same functions of the same weights, written as the paper draws them: upsampling, then a 3 x 3
convolution; a 3 x 3 convolution, then the mean over 2 x 2 pixels; Keras' own batch normalisation.
They are trained by our loop. A bare step has one batch that lies in memory: nothing is drawn. The
others draw latents of width 128 and real images live. Candidates take turns, and the median over
the turns counts.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from qlatent_tf.configs.resnet import VARIANTS, get_config

from benchmarks.report import new_parser, show_report
from benchmarks.steps import (
    add_options,
    bare_steps,
    keras_steps,
    measure,
    model_and_batches,
    parse_options,
    report,
)
from qlatent_tf.experiments.table2_cifar import LATENTS
from qlatent_tf.layers.image.residual import conv
from qlatent_tf.models.images.model import ResNet
from qlatent_tf.storage.preset_files import versions

_IMAGES = 2000


def plain_resnet(latent, *, filters=128, flip=False, **wgan_options):
    """Returns `resnet` for images of 32 x 32 pixels and three bands, of plain layers."""
    return ResNet(
        latent,
        plain_generator(latent.event_shape[0], filters),
        plain_critic(filters),
        flip=flip,
        **wgan_options,
    )


def plain_generator(latent_size, filters):
    """Returns the generator as the paper draws it."""
    latent = keras.Input((latent_size,))
    hidden = layers.Reshape((4, 4, filters))(layers.Dense(16 * filters)(latent))
    for _ in range(3):
        images = hidden
        hidden = conv(filters)(layers.UpSampling2D(2)(_normalised(images)))
        hidden = conv(filters)(_normalised(hidden))
        # In this order their weights are in the order of ours.
        hidden = layers.add([layers.Conv2D(filters, 1)(layers.UpSampling2D(2)(images)), hidden])
    last = layers.Conv2D(3, 3, padding="same", activation="tanh", dtype="float32")
    return keras.Model(latent, last(_normalised(hidden)))


def plain_critic(filters):
    """Returns the critic as the paper draws it."""
    images = keras.Input((32, 32, 3))
    hidden = layers.AveragePooling2D(2)(conv(filters)(layers.ReLU()(conv(filters)(images))))
    hidden = layers.add([hidden, layers.AveragePooling2D(2)(layers.Conv2D(filters, 1)(images))])
    for pool in (True, False, False):
        shortcut = hidden
        hidden = conv(filters)(layers.ReLU()(conv(filters)(layers.ReLU()(hidden))))
        if pool:
            hidden = layers.AveragePooling2D(2)(hidden)
            shortcut = layers.AveragePooling2D(2)(layers.Conv2D(filters, 1)(shortcut))
        hidden = layers.add([hidden, shortcut])
    hidden = layers.GlobalAveragePooling2D()(layers.ReLU()(hidden))
    return keras.Model(images, layers.Dense(1, dtype="float32")(hidden))


def _normalised(images):
    return layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(images))


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    add_options(parser, list(LATENTS), batch_size=64, steps=6, turns=3)
    parser.add_argument("--variant", choices=VARIANTS, default="small")
    options = parse_options(parser, argv)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(_candidates(options, Path(folder)), options.steps, options.turns)
    text = report(f"`resnet`, variant `{options.variant}`", options, versions(), measured)
    show_report(text, options.out)


def _candidates(options, folder):
    images = np.random.default_rng(0).integers(0, 256, (_IMAGES, 32, 32, 3), dtype=np.uint8)
    np.save(folder / "images.npy", images)

    def config(latent, **changes):
        return get_config(latent, options.variant).override(
            **{
                "batch_size": options.batch_size,
                "dataset": "images",
                "dataset_options.file": str(folder / "images.npy"),
                **changes,
            }
        )

    precision = config("gaussian").precision
    candidates = {
        f"plain layers, {precision}, nothing drawn": bare_steps(
            config("gaussian", model="benchmarks.resnet_step:plain_resnet")
        ),
        f"ours, {precision}, nothing drawn": bare_steps(config("gaussian")),
    }
    if precision != "float32":
        candidates["ours, float32, nothing drawn"] = bare_steps(
            config("gaussian", precision="float32")
        )
    return candidates | {
        f"ours, {precision}, {latent}": keras_steps(*model_and_batches(config(latent)))
        for latent in options.latents
    }


if __name__ == "__main__":
    main()
