"""Inception, as a network of features: its weights are found, not shipped.

There are two, and their scores differ:

- Keras' InceptionV3, converted from TF-Slim's of 2016: ``keras_inception_v3``;
- the graph of 2015 in which published scores are counted, as TF-GAN's module on TF-Hub:
  ``tfgan_inception_<hash>``. Only this one's scores compare with published ones.

Reference:
  C. Szegedy et al., "Rethinking the Inception architecture for computer vision", arXiv:1512.00567.
"""

import dataclasses
import functools
import hashlib
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from qlatent_tf.layers.defaults import keras_defaults
from qlatent_tf.metrics.images.feature_network import FeatureNetwork
from qlatent_tf.startup.backend import keras_home
from qlatent_tf.storage import files
from qlatent_tf.storage.download import DownloadError, check_reachable

FILE_NAME = "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
FOLDER_NAME = "tfgan_inception"
# What `keras.applications` downloads, and the hash by which it knows it.
_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{FILE_NAME}"
_MD5 = "9a0d58056eeedaa3f26cb7ebd46da564"
_SIZE = 299
# Changes with `_scaled_as_published`, for what was computed before is another network's.
_PUBLISHED_SCALING = 2
_BATCH = 50
_NAMES = {
    "score": "inception_score",
    "frechet": "frechet_inception_distance",
    "kernel": "kernel_inception_distance",
}


# How images of other bands become those of three that Inception takes, and what that is called.
_BANDS = {
    1: ("grey", lambda images: tf.repeat(images, 3, axis=-1)),
    4: ("rgb", lambda images: images[..., :3]),
}
BANDS = (3, *_BANDS)


def inception_network(bands: int = 3) -> FeatureNetwork:
    """Returns Inception.

    Its weights are the file or folder that $QLATENT_INCEPTION_WEIGHTS names, else what is called
    `FILE_NAME` or `FOLDER_NAME` in $QLATENT_DATA_DIR or the cache folder, else Keras' own, which
    Keras downloads. Images are resized to 299x299, bilinearly, and scaled to [-1, 1], by TF-GAN's
    graph to [-1, 127 / 128].

    Args:
      bands: int. Of the images. One is taken for all three, of four the first three, red, green
        and blue; the network's name ends in ``_grey`` or ``_rgb`` then.

    Raises:
      FileNotFoundError: if there are no weights, and none can be downloaded.
      ValueError: if what is found are not weights of Inception.
    """
    path = weights_path().resolve()
    # The weights may be replaced while a process lasts.
    if path.is_dir():
        network = _saved_model(path, _folder_hash(path))
    else:
        network = _keras_inception(path, files.sha256_of(path))
    if bands not in _BANDS:
        return network
    suffix, colours = _BANDS[bands]
    return dataclasses.replace(
        network,
        name=f"{network.name}_{suffix}",
        identity=f"{network.identity}/{suffix}",
        image_shape=(None, None, bands),
        run=lambda images: network.run(colours(images)),
    )


def inception_of(images) -> FeatureNetwork:
    """Returns Inception for images of so many bands; it refuses what is no array of images."""
    return inception_network(np.shape(images)[-1] if np.ndim(images) == 4 else 3)


def weights_path() -> Path:
    """Returns where the weights lie: a file of Keras', or the folder of a SavedModel.

    Raises:
      FileNotFoundError: if they are nowhere, and cannot be downloaded.
      OSError: if the disk is full.
    """
    path = local_weights()
    if path is not None:
        return path
    try:
        # Keras waits without an end where a network is closed.
        check_reachable(_URL)
        return Path(keras.utils.get_file(FILE_NAME, _URL, cache_subdir="models", file_hash=_MD5))
    # Keras reports a failed download by a bare Exception.
    except Exception as error:
        if files.is_full_disk(error):
            raise
        reason = "" if isinstance(error, DownloadError) else "The download failed: "
        folders = ", ".join(map(str, [*files.data_folders(), _keras_file().parent]))
        raise FileNotFoundError(
            f"Inception's weights are in none of {folders}. {reason}{error} Fetch {_URL} and name "
            f"it by --inception-weights or ${files.INCEPTION_VARIABLE}; or unpack TF-GAN's module "
            "https://tfhub.dev/tensorflow/tfgan/eval/inception/1, which is Inception as published "
            "scores know it, and name its folder. Without either, classifier_scores judges by a "
            "classifier that comes with the package."
        ) from error


def local_weights() -> Path | None:
    """Returns where the weights lie, or None if they would have to be downloaded.

    Raises:
      FileNotFoundError: if $QLATENT_INCEPTION_WEIGHTS names what does not exist.
    """
    named = os.environ.get(files.INCEPTION_VARIABLE)
    if named:
        path = files.user_path(named)
        if not path.exists():
            raise FileNotFoundError(
                f"${files.INCEPTION_VARIABLE} names {path}, which does not exist."
            )
        return path
    for folder in files.data_folders():
        for path in (folder / FILE_NAME, folder / FOLDER_NAME):
            if path.exists():
                return path
    kept = _keras_file()
    # One that is damaged would be downloaded again.
    return kept if kept.exists() and _md5(kept) == _MD5 else None


@functools.lru_cache(maxsize=2)
def _keras_inception(path: Path, digest: str) -> FeatureNetwork:
    # Keras' own signature lacks None, which its page names.
    options: dict[str, Any] = {"weights": None, "classifier_activation": None}
    with keras_defaults():
        model = keras.applications.InceptionV3(**options)
    try:
        model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{path} does not hold the weights of Keras' InceptionV3: {error}") from (
            error
        )
    outputs = keras.Model(model.inputs, [model.get_layer("avg_pool").output, model.outputs[0]])
    known = _md5(path) == _MD5
    return FeatureNetwork(
        # Weights that are not those of Keras are not called so.
        name="keras_inception_v3" if known else f"inception_v3_{digest[:8]}",
        identity=f"keras/{digest}",
        image_shape=(None, None, 3),
        width=outputs.outputs[0].shape[1],
        run=tf.function(lambda images: outputs(_scaled(images), training=False), autograph=False),
        batch_size=_BATCH,
        **_NAMES,
    )


@functools.lru_cache(maxsize=2)
def _saved_model(path: Path, digest: str) -> FeatureNetwork:
    try:
        model = tf.saved_model.load(str(path))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} holds no SavedModel of TensorFlow: {error}") from error

    def run(images):
        outputs = model(_scaled_as_published(images))
        return [tf.reshape(outputs[name], [_BATCH, -1]) for name in ("pool_3", "logits")]

    # Traced once, here for its shapes.
    traced = tf.function(run, autograph=False)
    try:
        shape = (
            traced.get_concrete_function(tf.TensorSpec([_BATCH, _SIZE, _SIZE, 3], tf.uint8))
            .structured_outputs[0]
            .shape
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no Inception as TF-GAN has it, from images of {_SIZE}x{_SIZE} to a dict "
            f"of pool_3 and logits: {error}"
        ) from error
    return FeatureNetwork(
        name=f"tfgan_inception_{digest[:8]}",
        identity=f"tfgan/{digest}/{_PUBLISHED_SCALING}",
        image_shape=(None, None, 3),
        width=int(shape[1]),
        run=traced,
        batch_size=_BATCH,
        **_NAMES,
    )


def _keras_file():
    return keras_home() / "models" / FILE_NAME


def _scaled(images):
    return tf.image.resize(tf.cast(images, tf.float32), [_SIZE, _SIZE]) / 127.5 - 1


def _scaled_as_published(images):
    """As the graph of 2015 did by itself: pixel i of n lies at i m / n of m, and 128 is 0."""
    resized = tf.compat.v1.image.resize(tf.cast(images, tf.float32), [_SIZE, _SIZE])
    return (resized - 128) / 128


def _folder_hash(path):
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(path).as_posix()}/{files.sha256_of(file)}".encode())
    return digest.hexdigest()


def _md5(path):
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
