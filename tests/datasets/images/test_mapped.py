import contextlib
import errno
import shutil

import numpy as np
import pytest

from qlatent_tf.datasets.images import mapped as module
from qlatent_tf.storage import locks
from qlatent_tf.storage.locks import sole_use

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 5, 4, 3), np.uint8)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "images.npy"


class Source:
    """Yields the images, records where it was asked to begin, and may break off."""

    def __init__(self, stop=None, error=None):
        self.starts = []
        self._stop, self._error = stop, error

    def __call__(self, start):
        self.starts.append(start)
        for first in range(start, len(IMAGES), 4):
            if self._stop is not None and first >= self._stop:
                raise self._error
            yield IMAGES[first : first + 4]


def _convert(path, source, shape=IMAGES.shape):
    images, digest = module.mapped_images(path, shape, source, "some", progress=False)
    assert len(digest) == 64
    return images


def test_a_file_that_another_process_has_just_written_is_taken(path, monkeypatch):
    source = Source()

    @contextlib.contextmanager
    def written_meanwhile(*arguments):
        with monkeypatch.context() as patch:
            patch.setattr(module, "sole_use", sole_use)
            _convert(path, Source())
        yield

    monkeypatch.setattr(module, "sole_use", written_meanwhile)
    np.testing.assert_array_equal(_convert(path, source), IMAGES)
    assert not source.starts


def test_a_file_is_written_once_and_mapped(path):
    source = Source()
    for _ in range(2):
        images = _convert(path, source)
        assert isinstance(images, np.memmap)
        np.testing.assert_array_equal(images, IMAGES)
    assert source.starts == [0]
    np.testing.assert_array_equal(np.load(path), IMAGES)
    assert sorted(file.name for file in path.parent.iterdir()) == ["images.json", "images.npy"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
def test_an_interrupted_conversion_is_gone_on_with(path, error):
    with pytest.raises(type(error)):
        _convert(path, Source(stop=20, error=error))
    assert not path.exists()
    source = Source()
    np.testing.assert_array_equal(_convert(path, source), IMAGES)
    # The last block is written again.
    assert source.starts == [16]


def test_a_block_that_was_cut_off_is_written_again(path):
    with pytest.raises(KeyboardInterrupt):
        _convert(path, Source(stop=20, error=KeyboardInterrupt()))
    partial = path.with_suffix(".partial")
    partial.write_bytes(partial.read_bytes()[:-70])
    source = Source()
    np.testing.assert_array_equal(_convert(path, source), IMAGES)
    assert source.starts == [14]


def test_another_beginning_is_thrown_away(path):
    path.parent.mkdir()
    path.with_suffix(".partial").write_bytes(b"something else" * 1000)
    source = Source()
    np.testing.assert_array_equal(_convert(path, source), IMAGES)
    assert source.starts == [0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"),
        lambda path: path.with_suffix(".json").unlink(),
        lambda path: path.with_suffix(".json").write_text("{}"),
    ],
)
def test_a_damaged_file_is_made_again_and_said_to_be(path, damage, caplog):
    _convert(path, Source())
    damage(path)
    source = Source()
    with caplog.at_level("WARNING", logger="absl"):
        np.testing.assert_array_equal(_convert(path, source), IMAGES)
    assert source.starts == [0] and caplog.text.count("is damaged") == 1


@pytest.mark.parametrize("count", [29, 31])
def test_another_number_of_images_is_refused(path, count):
    with pytest.raises(ValueError, match=f"some has 30 images; {count} were expected"):
        _convert(path, Source(), (count, 5, 4, 3))
    assert not list(path.parent.iterdir())


def test_room_is_asked_for_before(path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 9, 100))
    with pytest.raises(OSError, match="needs 0 MB more.*QLATENT_CACHE_DIR") as raised:
        _convert(path, Source())
    assert raised.value.errno == errno.ENOSPC
    assert not list(path.parent.iterdir())


def test_of_two_at_once_one_waits_for_the_other(path, monkeypatch):
    theirs, waited = sole_use(path.with_suffix(".lock"), "converting some"), []

    def wait(seconds):
        waited.append(seconds)
        if waited.count(locks._PATIENCE) == 2:
            theirs.__exit__(None, None, None)

    theirs.__enter__()
    monkeypatch.setattr(locks.time, "sleep", wait)
    images = _convert(path, Source())
    assert waited.count(locks._PATIENCE) == 2
    np.testing.assert_array_equal(images, IMAGES)
