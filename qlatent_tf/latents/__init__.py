"""Latent distributions; importing the package registers them."""

from qlatent_tf.latents import boson, classical, controls, samples
from qlatent_tf.registry import latents

build = latents.build
names = latents.names
