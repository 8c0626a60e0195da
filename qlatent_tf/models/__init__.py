"""The GANs of the zoo; importing this package registers them."""

from qlatent_tf.models import mlp, molgan

__all__ = ["mlp", "molgan"]
