import errno
import hashlib
import importlib
import io
import sys
import tarfile
import types
import zipfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from harness import needs_file, python2_batch

from qlatent_tf.datasets.images import cifar_archives, keras_images
from qlatent_tf.datasets.images import npz_files as image_files
from qlatent_tf.registry import datasets
from qlatent_tf.storage.download import DownloadError
from qlatent_tf.storage.files import sha256_of

cifar10 = importlib.import_module("qlatent_tf.datasets.images.cifar10")
BATCH = 4
CHECK_HASH = cifar_archives._check_hash


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """The caller's folder and the cache, batches of four images, and a closed network."""
    for name in ("own", "cache", "keras"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(cifar_archives, "BATCH_IMAGES", BATCH)
    monkeypatch.setattr(cifar_archives, "_check_hash", lambda path, content: None)
    closed = Mock(side_effect=DownloadError("the network is closed."))
    monkeypatch.setattr(keras_images, "check_reachable", closed)
    return tmp_path


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (5 * BATCH, 32, 32, 3), np.uint8),
        "y_train": random.permutation(5 * BATCH).astype(np.uint8) % 10,
        "x_test": random.integers(0, 256, (BATCH, 32, 32, 3), np.uint8),
        "y_test": random.integers(0, 10, BATCH, np.uint8),
    }


def _load(folders, **options):
    return datasets.build("cifar10", data_dir=folders / "own", progress=False, **options)


def _batches(arrays):
    """The images as the official files order them, band by band, and the labels, by batch."""
    for index, name in enumerate(cifar_archives.BATCHES):
        split, first = ("train", index * BATCH) if index < 5 else ("test", 0)
        images = arrays[f"x_{split}"][first : first + BATCH].transpose(0, 3, 1, 2)
        yield name, images.reshape(BATCH, 3072), arrays[f"y_{split}"][first : first + BATCH]


def _members(arrays, version):
    if version == "bin":
        return {
            f"{name}.bin": np.column_stack([labels, images]).tobytes()
            for name, images, labels in _batches(arrays)
        }
    return {name: python2_batch(images, labels) for name, images, labels in _batches(arrays)}


def _write_archive(path, folder, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"readme.html": b"<html>", **members}.items():
            header = tarfile.TarInfo(f"{folder}/{name}")
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))


def _assert_same(dataset, arrays):
    np.testing.assert_array_equal(dataset.source, arrays["x_train"])
    np.testing.assert_array_equal(dataset.labels, arrays["y_train"])
    np.testing.assert_array_equal(dataset.test, arrays["x_test"])
    np.testing.assert_array_equal(dataset.test_labels, arrays["y_test"])
    assert dataset.class_names[3] == "cat" and len(dataset.class_names) == 10
    assert len(dataset.provenance["sha256"]) == 64


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_LZMA])
def test_npz(folders, arrays, compression, monkeypatch):
    monkeypatch.setattr(image_files, "_FEW_BYTES", 1000)
    with zipfile.ZipFile(folders / "own" / "cifar10.npz", "w", compression) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, array)
    dataset = _load(folders)
    _assert_same(dataset, arrays)
    assert dataset.provenance["file"] == "cifar10.npz"
    # Only what is slow to read is kept decompressed.
    kept = list((folders / "cache").rglob("cifar10-*.npz"))
    assert len(kept) == (compression == zipfile.ZIP_LZMA)


@pytest.mark.parametrize("version", ["bin", "py"])
def test_archives_and_folders_hold_the_same(folders, arrays, version, monkeypatch):
    name = {"bin": "cifar-10-binary.tar.gz", "py": "cifar-10-python.tar.gz"}[version]
    members, folder = _members(arrays, version), f"cifar-10-batches-{version}"
    path = folders / "own" / name
    _write_archive(path, folder, members)
    with pytest.raises(ValueError, match="that of the official file is .* download it again"):
        _load(folders)
    assert not list((folders / "cache").iterdir())
    monkeypatch.setitem(cifar_archives.ARCHIVES, name, sha256_of(path))
    _assert_same(_load(folders), arrays)
    # The second time it is not unpacked.
    with monkeypatch.context() as patch:
        patch.setattr(cifar_archives, "_unpack", None)
        _assert_same(_load(folders), arrays)
    path.unlink()
    (folders / "own" / folder).mkdir()
    for member, content in members.items():
        (folders / "own" / folder / member).write_bytes(content)
    for own in (folders / "own", folders / "own" / folder):
        dataset = datasets.build("cifar10", data_dir=own, progress=False)
        _assert_same(dataset, arrays)
        assert dataset.provenance["file"] == folder


@pytest.mark.parametrize("version", ["bin", "py"])
@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "data_batch_3"),
        (lambda path: path.write_bytes(b""), "data_batch_3"),
        (lambda path: path.unlink(), "lacks data_batch_3"),
    ],
)
def test_a_damaged_folder_is_refused(folders, arrays, version, damage, message):
    folder = folders / "own" / f"cifar-10-batches-{version}"
    folder.mkdir()
    for member, content in _members(arrays, version).items():
        (folder / member).write_bytes(content)
    damage(folder / ("data_batch_3.bin" if version == "bin" else "data_batch_3"))
    with pytest.raises(ValueError, match=message):
        _load(folders)


@pytest.mark.parametrize(
    "name, algorithm",
    [
        ("data_batch_2.bin", hashlib.sha256),
        ("data_batch_2", hashlib.md5),
    ],
)
def test_a_batch_has_its_known_hash(name, algorithm, monkeypatch):
    monkeypatch.undo()
    path, content = Path("folder") / name, b"what the batch holds"
    with pytest.raises(ValueError, match="that of the official file is .* unpack the archive"):
        cifar_archives._check_hash(path, content)
    monkeypatch.setitem(cifar_archives.BATCH_HASHES, name, algorithm(content).hexdigest())
    cifar_archives._check_hash(path, content)


@pytest.mark.parametrize("version", ["bin", "py"])
def test_a_flipped_bit_of_a_batch_is_noticed(folders, arrays, version, monkeypatch):
    folder = folders / "own" / f"cifar-10-batches-{version}"
    folder.mkdir()
    algorithm = hashlib.sha256 if version == "bin" else hashlib.md5
    for member, content in _members(arrays, version).items():
        (folder / member).write_bytes(content)
        monkeypatch.setitem(cifar_archives.BATCH_HASHES, member, algorithm(content).hexdigest())
    monkeypatch.setattr(cifar_archives, "_check_hash", CHECK_HASH)
    _assert_same(_load(folders), arrays)
    damaged = folder / ("data_batch_3.bin" if version == "bin" else "data_batch_3")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_3.* that of the official file"):
        _load(folders)


@pytest.mark.parametrize("packed", [False, True])
def test_a_batch_with_another_hash_is_not_unpickled(folders, arrays, packed, monkeypatch):
    members, folder = _members(arrays, "py"), folders / "own" / "cifar-10-batches-py"
    if packed:
        path = folders / "own" / "cifar-10-python.tar.gz"
        _write_archive(path, folder.name, members)
        monkeypatch.setitem(cifar_archives.ARCHIVES, path.name, sha256_of(path))
    else:
        folder.mkdir()
        for member, content in members.items():
            (folder / member).write_bytes(content)
    monkeypatch.setattr(cifar_archives, "_check_hash", CHECK_HASH)
    monkeypatch.setattr(cifar_archives, "read_pickle", None)
    with pytest.raises(ValueError, match="data_batch_1 has the MD5 .* that of the official file"):
        _load(folders)


def test_batches_that_are_links_are_read(folders, arrays):
    folder = folders / "own" / "cifar-10-batches-bin"
    (folders / "blobs").mkdir()
    folder.mkdir()
    for number, (member, content) in enumerate(_members(arrays, "bin").items()):
        (folders / "blobs" / str(number)).write_bytes(content)
        (folder / member).symlink_to(folders / "blobs" / str(number))
    _assert_same(_load(folders), arrays)


def test_every_batch_has_a_hash():
    for suffix in cifar_archives.FOLDERS.values():
        for name in cifar_archives.BATCHES:
            assert len(cifar_archives.BATCH_HASHES[name + suffix]) == (64 if suffix else 32)


@pytest.mark.parametrize("cut", [10, 3000])
def test_a_cut_archive_with_the_right_hash_is_refused(folders, arrays, cut, monkeypatch):
    path = folders / "own" / "cifar-10-binary.tar.gz"
    _write_archive(path, "cifar-10-batches-bin", _members(arrays, "bin"))
    path.write_bytes(path.read_bytes()[:-cut])
    monkeypatch.setitem(cifar_archives.ARCHIVES, path.name, sha256_of(path))
    with pytest.raises(ValueError, match="is damaged"):
        _load(folders)
    assert not list((folders / "cache").rglob("*.npz"))


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("x_train", lambda x: x / 255, "x_train of .*cifar10.npz holds float64"),
        ("x_train", lambda x: x[1:], r"has to be \(20, 32, 32, 3\)"),
        (
            "x_test",
            lambda x: x.transpose(0, 3, 1, 2),
            "has the bands first.*transpose\\(0, 2, 3, 1\\)",
        ),
        ("x_train", lambda x: x // 255, "no value above 1"),
        ("y_train", lambda y: y + 5, "legal are 0 to 9"),
        ("y_test", lambda y: y[:2], "one for each of the 4 images"),
        ("y_test", lambda y: None, "lacks y_test; it holds x_train, y_train, x_test"),
        ("y_test", lambda y: y.astype(object), "holds pickled Python objects"),
    ],
)
def test_another_content_is_refused(folders, arrays, name, change, message):
    arrays[name] = change(arrays[name])
    np.savez(folders / "own" / "cifar10.npz", **{k: a for k, a in arrays.items() if a is not None})
    with pytest.raises(ValueError, match=message):
        _load(folders)


@pytest.mark.parametrize("cut", [100, 30_000])
def test_a_cut_npz_is_refused(folders, arrays, cut):
    path = folders / "own" / "cifar10.npz"
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match="cifar10.npz is not a whole .npz file"):
        _load(folders)


def test_a_flipped_bit_is_noticed(folders, arrays):
    path = folders / "own" / "cifar10.npz"
    np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Bad CRC-32"):
        _load(folders)


def test_a_full_disk_leaves_nothing_in_the_cache(folders, arrays, monkeypatch, caplog):
    path = folders / "own" / "cifar-10-binary.tar.gz"
    _write_archive(path, "cifar-10-batches-bin", _members(arrays, "bin"))
    monkeypatch.setitem(cifar_archives.ARCHIVES, path.name, sha256_of(path))

    def full(file, **parts):
        file.write_bytes(b"PK\x03\x04 the first part of a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level("WARNING", logger="absl"):
        patch.setattr(np, "savez", full)
        _assert_same(_load(folders), arrays)
    assert "cannot be written" in caplog.text and "No space left" in caplog.text
    assert not [file for file in (folders / "cache").rglob("*") if file.is_file()]
    _assert_same(_load(folders), arrays)


def _stand_in(monkeypatch, load_data):
    module = types.SimpleNamespace(load_data=load_data)
    monkeypatch.setitem(sys.modules, "keras.datasets.cifar10", module)


def test_keras(folders, arrays, monkeypatch):
    monkeypatch.setattr(keras_images, "check_reachable", lambda url: None)
    column = {name: arrays[name][:, None] for name in ("y_train", "y_test")}
    _stand_in(
        monkeypatch,
        lambda: ((arrays["x_train"], column["y_train"]), (arrays["x_test"], column["y_test"])),
    )
    dataset = _load(folders)
    _assert_same(dataset, arrays)
    assert dataset.provenance["file"] == "keras.datasets.cifar10"
    _stand_in(
        monkeypatch,
        lambda: (
            (arrays["x_train"] / 255, column["y_train"]),
            (arrays["x_test"], column["y_test"]),
        ),
    )
    with pytest.raises(ValueError, match="x_train of keras.datasets.cifar10 holds float64"):
        _load(folders)


def test_what_keras_keeps_needs_no_network(folders, arrays, monkeypatch):
    (folders / "keras" / "datasets").mkdir()
    kept = folders / "keras" / "datasets" / "cifar-10-batches-py-target_archive"
    kept.write_bytes(b"an archive")
    _stand_in(
        monkeypatch,
        lambda: ((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])),
    )
    # Keras would download it again, for it has another hash.
    with pytest.raises(FileNotFoundError, match="the network is closed"):
        _load(folders)
    name, url, _ = keras_images._KEPT["cifar10"]
    digest = hashlib.sha256(b"an archive").hexdigest()
    monkeypatch.setitem(keras_images._KEPT, "cifar10", (name, url, digest))
    _assert_same(_load(folders), arrays)


def _raise(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [
        Exception("URL fetch failure"),
        ValueError("Incomplete or corrupted file"),
        OSError("reset"),
    ],
)
def test_a_failed_download_says_what_to_do(folders, monkeypatch, error):
    monkeypatch.setattr(keras_images, "check_reachable", lambda url: None)
    _stand_in(monkeypatch, lambda: _raise(error))
    with pytest.raises(FileNotFoundError) as raised:
        _load(folders)
    for part in (
        str(error),
        str(folders / "own"),
        "cifar10.npz",
        "cifar-10-binary.tar.gz",
        "--data-dir",
        "QLATENT_DATA_DIR",
    ):
        assert part in str(raised.value)


def test_a_closed_network_and_a_full_disk(folders, monkeypatch):
    with pytest.raises(FileNotFoundError, match="the network is closed"):
        _load(folders)
    monkeypatch.setattr(keras_images, "check_reachable", lambda url: None)
    _stand_in(monkeypatch, lambda: _raise(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        _load(folders)


def test_chosen_classes(folders, arrays):
    np.savez(folders / "own" / "cifar10.npz", **arrays)
    dataset = _load(folders, classes=["cat", "dog"])
    chosen = np.isin(arrays["y_train"], [3, 5])
    np.testing.assert_array_equal(dataset.source, arrays["x_train"][chosen])
    assert dataset.provenance["classes"] == ["cat", "dog"]


@needs_file(cifar10.FILE_NAME, *cifar_archives.ARCHIVES, *cifar_archives.FOLDERS)
def test_real_images(monkeypatch):
    monkeypatch.undo()
    dataset = datasets.build("cifar10", progress=False)
    assert dataset.source.shape == (50_000, 32, 32, 3) and dataset.test.shape[0] == 10_000
    assert np.bincount(dataset.labels).tolist() == [5_000] * 10
    # The published means of the bands over the training images, in units of 255.
    np.testing.assert_allclose(
        dataset.source.mean(axis=(0, 1, 2)) / 255, [0.4914, 0.4822, 0.4465], atol=1e-4
    )
