"""Data sets, registered by name when this package is imported."""

from qlatent_tf.datasets import cifar10, mixture, qm9, small_molecules, synthetic
