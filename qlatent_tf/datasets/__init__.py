"""Data sets, registered by name when this package is imported."""

from qlatent_tf.datasets import (
    cifar10,
    codes,
    fashion_mnist,
    images,
    land_cover_tiles,
    mixture,
    mnist,
    naip28,
    qm9,
    sat4,
    sat6,
    small_molecules,
    synthetic,
)
