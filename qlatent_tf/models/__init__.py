"""The GANs of the zoo; importing this package registers them."""

from qlatent_tf.models import mlp, molgan, resnet

__all__ = ["mlp", "molgan", "resnet"]
