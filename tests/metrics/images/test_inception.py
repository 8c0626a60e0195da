"""How Inception's weights are found and named, on networks of its interface."""

import errno
import functools
import hashlib
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import scored

from qlatent_tf.datasets.images.arrays import image_dataset
from qlatent_tf.metrics.images import inception
from qlatent_tf.scores import read_scores
from qlatent_tf.storage import files

BLACK, WHITE = (np.full((3, 8, 8, 3), value, np.uint8) for value in (0, 255))


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """No weights anywhere, and no network."""
    for name in ("cache", "data", "keras"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("QLATENT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))

    def unreachable(url):
        raise inception.DownloadError(f"{url} cannot be opened.")

    monkeypatch.setattr(inception, "check_reachable", unreachable)
    inception._keras_inception.cache_clear()
    inception._saved_model.cache_clear()
    return tmp_path


def _small_inception(weights=None, classifier_activation="softmax"):
    """Of the interface of `keras.applications.InceptionV3`."""
    assert weights is None and classifier_activation is None
    images = keras.Input((299, 299, 3))
    pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(images)
    return keras.Model(images, keras.layers.Dense(5, name="predictions")(pooled))


@pytest.fixture
def weights(folders, monkeypatch):
    monkeypatch.setattr(keras.applications, "InceptionV3", _small_inception)
    path = folders / "data" / "mine.weights.h5"
    _small_inception(classifier_activation=None).save_weights(path)
    return path


@pytest.fixture
def saved_model(folders):
    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
        def __call__(self, images):
            pooled = tf.reduce_mean(images, axis=[1, 2])
            return {"pool_3": pooled[:, None, None], "logits": pooled @ tf.eye(3, 1008)}

    path = folders / "data" / inception.FOLDER_NAME
    tf.saved_model.save(Module(), str(path))
    return path


def test_weights_of_a_file_are_named_by_their_hash(weights, monkeypatch):
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(weights))
    network = inception.inception_network()
    assert network.name == f"inception_v3_{hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"
    for images, value in ((BLACK, -1), (WHITE, 1)):
        [(features, logits)] = network.activations(images)
        np.testing.assert_allclose(features, np.full((3, 3), value), atol=1e-6)
        assert logits.shape == (3, 5)


def test_weights_that_are_replaced_are_read_again(weights, monkeypatch):
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(weights))
    before = inception.inception_network()
    assert inception.inception_network() is before
    _small_inception(classifier_activation=None).save_weights(weights)
    after = inception.inception_network()
    assert (
        after.name
        == f"inception_v3_{hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"
        != before.name
    )


def test_the_weights_of_keras_are_named_so(weights, monkeypatch):
    digest = hashlib.md5(weights.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "_MD5", digest)
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(weights))
    assert inception.inception_network().name == "keras_inception_v3"


def test_tf_gans_module_is_found_in_the_data_folder(saved_model):
    network = inception.inception_network()
    assert network.name.startswith("tfgan_inception_") and network.width == 3
    [(features, logits)] = network.activations(WHITE)
    white = (255 - 128) / 128
    np.testing.assert_allclose(features, np.full((3, 3), white), atol=1e-6)
    np.testing.assert_allclose(logits[:, :4], white * np.array([[1, 1, 1, 0]] * 3), atol=1e-6)


def test_the_metric_names_the_network(saved_model):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 6, 6, 3)).astype(np.uint8)
    dataset = types.SimpleNamespace(name="noise", source=images)
    name = inception.inception_network().name
    found = scored("inception_scores", dataset, images[:12])
    assert {score.network for score in read_scores(found, "noise")} == {name}
    assert list(found) == [
        f"inception_score_{name}@12",
        f"inception_score_deviation_{name}@12",
        f"frechet_inception_distance_{name}_noise_20@12",
        f"kernel_inception_distance_{name}_noise_20@12",
    ]


def test_images_of_one_or_four_bands_are_shown_in_three(saved_model):
    colours = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 4)).astype(np.uint8)
    for images, suffix, shown in (
        (colours, "_rgb", colours[..., :3]),
        (colours[..., :1], "_grey", np.repeat(colours[..., :1], 3, axis=-1)),
    ):
        plain, network = (
            inception.inception_network(),
            inception.inception_network(images.shape[-1]),
        )
        assert network.name == plain.name + suffix and network.identity != plain.identity
        [(features, logits)], [(expected, others)] = (
            network.activations(images),
            plain.activations(shown),
        )
        np.testing.assert_array_equal(features, expected)
        np.testing.assert_array_equal(logits, others)


def test_published_scores_resize_and_scale_as_tensorflow_1_did():
    """Pixel i of the large image lies at i / scale of the small one; the last is repeated."""
    ramp = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[None, None, :, None], (1, 32, 1, 3))
    scaled = np.array(inception._scaled_as_published(ramp))[0, 0, :, 0]
    place = np.minimum(np.arange(299) * 32 / 299, 31)
    np.testing.assert_allclose(scaled, (8 * place - 128) / 128, atol=1e-5)


def test_a_damaged_file_of_keras_is_not_at_hand(folders, monkeypatch):
    kept = folders / "keras" / "models" / inception.FILE_NAME
    kept.parent.mkdir()
    kept.write_bytes(b"whole")
    assert inception.local_weights() is None
    monkeypatch.setattr(inception, "_MD5", hashlib.md5(b"whole").hexdigest())
    assert inception.local_weights() == kept


def test_what_are_no_images_is_refused(saved_model):
    graphs = types.SimpleNamespace(name="graphs", source={"atoms": np.zeros((3, 9))})
    with pytest.raises(ValueError, match="takes uint8 images"):
        scored("inception_scores", graphs, np.zeros((3, 9)))
    assert scored("local_inception_scores", graphs, np.zeros((3, 9))) == {}


def test_finished_runs_are_scored_where_weights_are_at_hand(folders, request):
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 4)).astype(np.uint8)
    dataset = image_dataset(
        "some", {"x_train": images}, class_names=(), classes=None, provenance={}
    )
    assert dataset.metrics == () and dataset.evaluation_metrics == ("local_inception_scores",)
    score = functools.partial(scored, "local_inception_scores")
    assert score(dataset, images[:12]) == {}
    request.getfixturevalue("saved_model")
    name = inception.inception_network(4).name
    assert f"frechet_inception_distance_{name}_some_20@12" in score(dataset, images[:12])
    five = types.SimpleNamespace(name="five", source=np.zeros((9, 6, 6, 5), np.uint8))
    assert score(five, five.source) == {}


def test_missing_weights_are_explained():
    with pytest.raises(FileNotFoundError, match="cannot be opened.*--inception-weights or "):
        inception.inception_network()


def test_weights_are_downloaded_by_keras_and_checked_by_their_hash(folders, monkeypatch):
    asked = []

    def fetch(name, url, **options):
        asked.append((name, url, options))
        return folders / name

    monkeypatch.setattr(inception, "check_reachable", lambda url: None)
    monkeypatch.setattr(keras.utils, "get_file", fetch)
    assert inception.weights_path() == folders / inception.FILE_NAME
    ((name, url, options),) = asked
    assert url.endswith(name) and options["file_hash"] == inception._MD5

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keras.utils, "get_file", full)
    with pytest.raises(OSError, match="No space left") as raised:
        inception.weights_path()
    assert not isinstance(raised.value, FileNotFoundError)


def test_a_name_of_nothing_is_refused(monkeypatch):
    monkeypatch.setenv(files.INCEPTION_VARIABLE, "/nowhere/weights.h5")
    with pytest.raises(FileNotFoundError, match="names /nowhere/weights.h5, which does not exist"):
        inception.inception_network()


def test_files_that_are_no_weights_are_refused(weights, folders, monkeypatch):
    bad = folders / "bad.weights.h5"
    bad.write_bytes(b"nothing")
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(bad))
    with pytest.raises(ValueError, match="does not hold the weights of Keras' InceptionV3"):
        inception.inception_network()
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(folders / "cache"))
    with pytest.raises(ValueError, match="holds no SavedModel"):
        inception.inception_network()


@pytest.mark.slow
def test_inception_of_keras_has_the_layers_that_are_read(folders, monkeypatch):
    path = folders / "random.weights.h5"
    keras.applications.InceptionV3(weights=None, classifier_activation=None).save_weights(path)
    monkeypatch.setenv(files.INCEPTION_VARIABLE, str(path))
    network = inception.inception_network()
    [(features, logits)] = network.activations(WHITE)
    assert features.shape == (3, 2048) == (3, network.width) and logits.shape == (3, 1000)
