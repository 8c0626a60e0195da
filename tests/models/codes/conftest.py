import pytest
from quarters import images

from qlatent_tf.datasets.images.arrays import image_dataset


@pytest.fixture(scope="module")
def dataset():
    arrays = {"x_train": images(), "x_test": images(12, seed=1)}
    return image_dataset("quarters", arrays, class_names=(), classes=None, provenance={})
