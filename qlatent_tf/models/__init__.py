"""The GANs of the zoo; importing this package registers them."""

from qlatent_tf.models import autoencoder, last_qgan, mlp, molgan, resnet

__all__ = ["autoencoder", "last_qgan", "mlp", "molgan", "resnet"]
