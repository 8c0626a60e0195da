"""Scores of images beside closed forms, direct NumPy and TF-GAN in one pass."""

import math
import types

import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.metrics.frechet import Moments, frechet_distance
from qlatent_tf.metrics.images import scores as scores
from qlatent_tf.metrics.images.feature_network import FeatureNetwork, random_order
from qlatent_tf.metrics.images.tf_gan import tfgan
from qlatent_tf.scores import means

SHARP = 50.0


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    return tmp_path / "metrics"


def _run(images):
    """Features: the mean of each band. Logits: sure that the class is the brightest one."""
    features = tf.reduce_mean(tf.cast(images, tf.float32), axis=[1, 2]) / 100
    return features, SHARP * features


def _network(**changes):
    fields = {
        "name": "bands",
        "score": "band_score",
        "frechet": "band_frechet",
        "kernel": "band_kernel",
        "identity": "1",
        "image_shape": (4, 4, 3),
        "width": 3,
        "run": _run,
        "batch_size": 16,
    }
    return FeatureNetwork(**{**fields, **changes})


def _images(count, seed=0):
    """Noise in which one band is brighter, sorted by band."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (count, 4, 4, 3))
    images[np.arange(count), :, :, np.arange(count) * 3 // count] += 150
    return images.astype(np.uint8)


def _dataset(count=90, name="some", images=None):
    return types.SimpleNamespace(name=name, source=_images(count) if images is None else images)


def _parts(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


# === Classifier score ===


def image_scores(*arguments):
    return means(scores.image_scores(*arguments))


def _score(logits, batch=16):
    stream = scores.ScoreStream(len(logits))
    for part in _parts(logits, batch):
        stream.add(part)
    return stream.score()


def test_a_classifier_that_knows_nothing_scores_1():
    mean, deviation = _score(np.zeros((100, 7), np.float32))
    assert mean == pytest.approx(1) and deviation == pytest.approx(0, abs=1e-12)


def test_a_sure_classifier_of_balanced_classes_scores_their_number():
    mean, deviation = _score(SHARP * np.eye(5)[np.arange(100) % 5])
    assert mean == pytest.approx(5) and deviation == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("batch", [1, 16, 103])
def test_score_is_the_mean_over_ten_parts(batch):
    logits = np.random.default_rng(0).normal(size=(103, 4)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = []
    for part in np.split(probabilities, np.cumsum(scores.part_sizes(103, 10))[:-1]):
        divergence = (part * np.log(part / part.mean(axis=0))).sum(axis=1)
        expected.append(np.exp(divergence.mean()))
    assert _score(logits, batch) == pytest.approx((np.mean(expected), np.std(expected)))


def test_a_score_needs_an_image_in_each_part():
    assert all(math.isnan(value) for value in _score(np.zeros((9, 3))))


@pytest.mark.parametrize(("count", "parts"), [(11, 3), (10, 10), (3, 5), (0, 2)])
def test_part_sizes(count, parts):
    sizes = scores.part_sizes(count, parts)
    assert len(sizes) == parts and sum(sizes) == count and max(sizes) - min(sizes) <= 1


# === Kernel distance ===


def _kernel(reference, rows, batch=16):
    stream = scores.KernelStream(reference, len(rows))
    for part in _parts(rows, batch):
        stream.add(part)
    return stream.distance()


def _discrepancy(x, y):
    """The unbiased squared maximum mean discrepancy, as its definition reads."""

    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    def within(rows):
        return np.mean(
            [kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
        )

    return within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])


def test_kernel_distance_of_one_block_is_the_unbiased_discrepancy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(17, 3)) + 0.3
    assert _kernel(x, y) == pytest.approx(_discrepancy(x, y), rel=1e-9)


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_kernel_distance_of_blocks_is_that_of_tf_gan(monkeypatch, batch):
    monkeypatch.setattr(scores, "BLOCK", 20)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 3)), rng.normal(size=(87, 3)) + 0.3
    theirs = tfgan().eval.kernel_classifier_distance_from_activations(
        tf.constant(x), tf.constant(y), max_block_size=20
    )
    assert _kernel(x, y, batch) == pytest.approx(float(theirs), rel=1e-9)


def test_blocks_of_a_longer_sample_go_through_the_reference_in_turn(monkeypatch):
    monkeypatch.setattr(scores, "BLOCK", 10)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(30, 3))
    expected = [
        _discrepancy(x[:10], y[:10]),
        _discrepancy(x[10:], y[10:20]),
        _discrepancy(x[:10], y[20:]),
    ]
    assert _kernel(x, y) == pytest.approx(np.mean(expected), rel=1e-9)


def test_blocks_of_a_shorter_sample_meet_the_whole_reference(monkeypatch):
    monkeypatch.setattr(scores, "BLOCK", 10)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
    first, second, third = np.split(x, 3)
    expected = [
        (_discrepancy(first, y[:10]) + _discrepancy(third, y[:10])) / 2,
        _discrepancy(second, y[10:]),
    ]
    assert _kernel(x, y) == pytest.approx(np.mean(expected), rel=1e-9)


@pytest.mark.parametrize("shapes", [((5, 2), (1, 2)), ((5, 2), (0, 2)), ((1, 2), (5, 2))])
def test_a_kernel_distance_needs_two_rows_of_each(shapes):
    assert math.isnan(_kernel(*(np.ones(shape) for shape in shapes)))


# === All three ===


def test_figures_are_named_by_network_reference_and_sizes():
    figures = image_scores(_dataset(), _images(60, 1), _network())
    assert list(figures) == [
        "band_score_bands@60",
        "band_score_deviation_bands@60",
        "band_frechet_bands_some_90@60",
        "band_kernel_bands_some_90@60",
    ]
    assert all(map(math.isfinite, figures.values()))


def test_images_sorted_by_class_are_scored_as_mixed_ones():
    # In parts of the given order each part would be of one class, and the score 1.
    figures = image_scores(_dataset(), _images(300, 1), _network())
    assert figures["band_score_bands@300"] > 2.8


def test_the_training_images_are_at_no_distance_from_themselves():
    figures = image_scores(_dataset(), _dataset().source, _network())
    assert figures["band_frechet_bands_some_90@90"] == pytest.approx(0, abs=1e-9)
    # Unbiased, hence below 0 where both sides are the same rows.
    assert -0.2 < figures["band_kernel_bands_some_90@90"] < 0


def test_figures_are_those_of_the_whole_arrays():
    images, source = _images(70, 1), _dataset().source
    figures = image_scores(_dataset(), images, _network())
    x, y = (_run(array[random_order(len(array))])[0].numpy() for array in (source, images))
    frechet = frechet_distance(Moments.of(x), Moments.of(y))
    assert figures["band_frechet_bands_some_90@70"] == pytest.approx(frechet, rel=1e-5)
    assert figures["band_kernel_bands_some_90@70"] == pytest.approx(_discrepancy(x, y), rel=1e-4)


def test_the_size_of_a_batch_changes_nothing():
    figures = [
        image_scores(_dataset(), _images(70, 1), _network(batch_size=size, identity=name))
        for size, name in ((7, "a"), (100, "b"))
    ]
    assert figures[0] == pytest.approx(figures[1], rel=1e-5)


class Recorder:
    """Images that lie elsewhere: it notes how many are asked for at once."""

    def __init__(self, images):
        self._images, self.shape, self.dtype = images, images.shape, images.dtype
        self.largest = 0

    def __len__(self):
        return len(self._images)

    def __getitem__(self, chosen):
        found = self._images[chosen]
        self.largest = max(self.largest, len(found))
        return found


def test_no_more_than_a_batch_a_part_and_a_block_are_held(monkeypatch):
    monkeypatch.setattr(scores, "BLOCK", 20)
    monkeypatch.setattr(scores, "KEPT_IMAGES", 40)
    monkeypatch.setattr("qlatent_tf.metrics.reference_cache._PART", 16)
    held = []

    class Noting:
        """A stream that notes how many rows wait in it."""

        def add(self, rows):
            super().add(rows)
            held.append(sum(map(len, self._waiting)))

    for name in ("ScoreStream", "KernelStream"):
        base = getattr(scores, name)
        monkeypatch.setattr(scores, name, type(name, (Noting, base), {}))
    source, images = Recorder(_images(200)), Recorder(_images(150, 1))
    figures = image_scores(_dataset(images=source), images, _network())
    assert source.largest == images.largest == 16
    assert len(held) == 2 * math.ceil(150 / 16) and max(held) < 20
    assert "band_frechet_bands_some_200@150" in figures
    assert "band_kernel_bands_some_40@150" in figures


def test_a_network_without_classes_has_distances_only():
    network = _network(run=lambda images: (_run(images)[0], None))
    figures = image_scores(_dataset(), _images(60, 1), network)
    assert list(figures) == ["band_frechet_bands_some_90@60", "band_kernel_bands_some_90@60"]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_images_have_no_scores(count):
    figures = image_scores(_dataset(), _images(10)[:count], _network())
    assert all(map(math.isnan, figures.values()))


def test_data_of_one_image_leave_distances_undefined():
    found = image_scores(_dataset(images=_images(1)), _images(10), _network())
    undefined = [name for name, value in found.items() if math.isnan(value)]
    assert len(undefined) == 2
    assert undefined[0].startswith("band_frechet") and undefined[1].startswith("band_kernel")


def test_few_images_are_said_to_say_little(caplog):
    with caplog.at_level("WARNING", logger="absl"):
        image_scores(_dataset(), _images(3), _network())
    assert "band_frechet of 3 images says little: 3 features" in caplog.text


@pytest.mark.parametrize("count", [99, 9])
def test_a_score_of_few_images_is_said_to_say_little(count, caplog):
    with caplog.at_level("WARNING", logger="absl"):
        image_scores(_dataset(), _images(count), _network())
    said = f"band_score of {count} images says little: its 10 parts have 10 images each only from "
    assert [one.getMessage() for one in caplog.records] == [f"{said}100 on."]


def test_a_score_that_is_none_or_of_enough_images_is_not_warned_of(caplog):
    with caplog.at_level("WARNING", logger="absl"):
        image_scores(_dataset(), _images(100), _network())
        image_scores(_dataset(), _images(20), _network(run=lambda images: (_run(images)[0], None)))
    assert not caplog.text


def test_the_reference_is_computed_once(cache, caplog):
    calls = []

    def run(images):
        calls.append(len(images))
        return _run(images)

    network = _network(run=run)
    moments, kept = scores.reference_features(_dataset(), network)
    count = len(calls)
    again, same = scores.reference_features(_dataset(), network)
    assert len(calls) == count == math.ceil(90 / 16)
    np.testing.assert_array_equal(moments.covariance, again.covariance)
    np.testing.assert_array_equal(kept, same)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-200])
    with caplog.at_level("WARNING", logger="absl"):
        scores.reference_features(_dataset(), network)
    assert "is damaged" in caplog.text
    scores.reference_features(_dataset(), _network(identity="2"))
    scores.reference_features(_dataset(images=_images(90, 5)), network)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((5, 4, 4, 3), np.float32),
        np.zeros((5, 4, 4, 1), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        {"atoms": np.zeros(3)},
    ],
)
def test_what_is_no_image_of_the_network_is_refused(images):
    with pytest.raises(ValueError, match=r"takes uint8 images of shape \(n, 4, 4, 3\); received"):
        image_scores(_dataset(), images, _network())
