import io
import struct
import zlib

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given

from qlatent_tf.datasets.images.mat_files import small_array, stored_array

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (5, 6, 4, 23), np.uint8)


def _write_v5(path, compress, **arrays):
    scipy.io.savemat(path, arrays, do_compression=compress)


def _write_v73(path, compress, **arrays):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            # MATLAB's first axis is HDF5's last.
            file.create_dataset(name, data=array.T, compression="gzip" if compress else None)


_FORMATS = pytest.mark.parametrize("write", [_write_v5, _write_v73])
_PACKED = pytest.mark.parametrize("compress", [False, True])


@_FORMATS
@_PACKED
@pytest.mark.parametrize("start, size", [(0, 23), (0, 5), (7, 4), (22, 10), (23, 4)])
def test_blocks_are_the_array(tmp_path, write, compress, start, size):
    path = tmp_path / "x.mat"
    write(path, compress, first=np.ones((3, 3)), images=IMAGES, last=np.zeros(2))
    array = stored_array(path, "images")
    assert array.shape == (5, 6, 4, 23)
    blocks = list(array.blocks(start, size))
    assert all(1 <= len(block) <= size for block in blocks)
    found = np.concatenate([np.zeros((0, 4, 6, 5), np.uint8), *blocks])
    np.testing.assert_array_equal(found, IMAGES.T[start:])
    # SciPy and MATLAB see the axes in their order.
    if write is _write_v5:
        np.testing.assert_array_equal(scipy.io.loadmat(path)["images"], IMAGES)
    np.testing.assert_array_equal(small_array(path, "images"), IMAGES)


@_PACKED
def test_other_types_and_short_names(tmp_path, compress):
    for dtype in (np.int16, np.float32, np.float64, np.uint32):
        _write_v5(tmp_path / "x.mat", compress, y=IMAGES.astype(dtype))
        (block,) = stored_array(tmp_path / "x.mat", "y").blocks(0, 23)
        assert block.dtype == dtype
        np.testing.assert_array_equal(block, IMAGES.T)


def test_an_array_larger_than_a_read(tmp_path):
    # Constant and random parts: packed data and what they unpack to run out at different times.
    large = np.concatenate(
        [np.zeros((64, 64, 4, 40), np.uint8), RANDOM.integers(0, 256, (64, 64, 4, 40), np.uint8)],
        axis=-1,
    )
    _write_v5(tmp_path / "x.mat", True, large=large)
    found = np.concatenate(list(stored_array(tmp_path / "x.mat", "large").blocks(3, 7)))
    np.testing.assert_array_equal(found, large.T[3:])


@_FORMATS
def test_an_array_that_is_not_there(tmp_path, write):
    write(tmp_path / "x.mat", False, images=IMAGES)
    for read in (stored_array, small_array):
        with pytest.raises(ValueError, match="has no array labels"):
            read(tmp_path / "x.mat", "labels")


@_FORMATS
@_PACKED
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_a_cut_file_is_refused(tmp_path, write, compress, share):
    path = tmp_path / "x.mat"
    write(path, compress, images=IMAGES)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="x.mat"):
        list(stored_array(path, "images").blocks(0, 4))
    with pytest.raises(ValueError, match="x.mat"):
        small_array(path, "images")


def test_a_flipped_bit_of_packed_data_is_noticed(tmp_path):
    path = tmp_path / "x.mat"
    _write_v5(path, True, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1  # in the checksum
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        list(stored_array(path, "images").blocks(0, 4))


def test_what_is_no_array_of_numbers(tmp_path):
    _write_v5(tmp_path / "x.mat", False, names=np.array(["a", "b"], dtype=object))
    with pytest.raises(ValueError, match="names"):
        stored_array(tmp_path / "x.mat", "names")


@pytest.mark.parametrize(
    "array", [IMAGES[..., 0, 0] * 1j, scipy.sparse.csc_array(np.eye(3)), np.array("letters")]
)
def test_complex_and_sparse_numbers_and_letters_are_refused(tmp_path, array):
    _write_v5(tmp_path / "x.mat", False, y=array)
    with pytest.raises(ValueError, match="y is no array of plain real numbers"):
        stored_array(tmp_path / "x.mat", "y")


def _content(write, compress):
    file = io.BytesIO()
    write(file, compress, first=np.ones((3, 3)), images=IMAGES[..., :3])
    return file.getvalue()


@FUZZ
@given(
    damaged(*(_content(write, packed) for write in (_write_v5, _write_v73) for packed in (0, 1)))
)
def test_any_file_is_read_or_refused_by_its_name(tmp_path, content):
    def read(path):
        list(stored_array(path, "images").blocks(1, 2))

    assert_read_or_refused(read, tmp_path / "x.mat", content)


@pytest.mark.parametrize("compress", [False, True])
def test_a_few_bytes_announce_no_large_array(tmp_path, compress):
    """A file of version 5 that says that it holds 28 x 28 x 4 x 10^6 numbers, and ends there."""
    size = 28 * 28 * 4 * 10**6
    parts = [
        (6, b"\x09\0\0\0\0\0\0\0"),
        (5, struct.pack("<4i", 28, 28, 4, 10**6)),
        (1, b"training"),
    ]
    content = b"".join(struct.pack("<II", kind, len(part)) + part for kind, part in parts)
    content = (
        struct.pack("<II", 14, len(content) + 8 + size) + content + struct.pack("<II", 2, size)
    )
    if compress:
        content = zlib.compress(content + bytes(1000))
        content = struct.pack("<II", 15, len(content)) + content
    (tmp_path / "x.mat").write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + content)
    with pytest.raises(
        ValueError, match=r"x.mat is damaged.*training of shape \(28, 28, 4, 1000000\)|ends at byte"
    ):
        stored_array(tmp_path / "x.mat", "training")


def test_numbers_of_other_files_are_not_read(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = IMAGES
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["linked"] = h5py.ExternalLink("other.h5", "images")
        file["soft"] = h5py.SoftLink("/linked")
        file.create_dataset("raw", (4,), "u1", external=[(tmp_path / "other.h5", 0, 4)])
        layout = h5py.VirtualLayout(IMAGES.shape, "u1")
        layout[...] = h5py.VirtualSource("other.h5", "images", IMAGES.shape)
        file.create_virtual_dataset("virtual", layout)
    for name, message in (
        ("linked", "has a link for linked"),
        ("soft", "has a link for soft"),
        ("raw", "numbers of raw are in other files"),
        ("virtual", "numbers of virtual are in other files"),
    ):
        with pytest.raises(ValueError, match=f"x.mat.* {message}"):
            stored_array(tmp_path / "x.mat", name)


def test_what_hdf5_announces_is_held_against_what_it_stores(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file.create_dataset("empty", (10**10, 4, 28, 28), "u1", chunks=(1, 4, 28, 28))
        file.create_dataset("large", (1 << 15, 1 << 15), "u1", chunks=(1 << 15, 1 << 15))
        file["large"].id.write_direct_chunk((0, 0), bytes(1 << 20))
    with pytest.raises(ValueError, match=r"empty of shape \(28, 28, 4, 10000000000\) has 0 by"):
        stored_array(tmp_path / "x.mat", "empty")
    with pytest.raises(ValueError, match=r"in chunks of \(32768, 32768\), too large"):
        stored_array(tmp_path / "x.mat", "large")
