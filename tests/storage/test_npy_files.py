import errno
import io
import os
import zipfile

import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given

from qlatent_tf.storage.npy_files import npz_header, open_npy, open_npz, read_npz

ROWS = np.arange(60, dtype=np.int64).reshape(5, 12)


def _npy(array=ROWS, version=None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def _npz(compression=zipfile.ZIP_STORED, **contents) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in (contents or {"rows": _npy()}).items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def _announcing(shape, dtype="|u1") -> bytes:
    """A file of 128 bytes that says that it holds an array."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("array", [ROWS, ROWS.T, ROWS[0, 0], ROWS[:0], ROWS > 3])
def test_npy_files_are_mapped(tmp_path, array, version):
    (tmp_path / "x.npy").write_bytes(_npy(array, version))
    found = open_npy(tmp_path / "x.npy")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype and (isinstance(found, np.memmap) or not array.size)


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_stored_arrays_of_npz_files_are_mapped_and_packed_ones_read(tmp_path, compression):
    path = tmp_path / "x.npz"
    path.write_bytes(_npz(compression, first=_npy(ROWS.T), second=_npy()))
    for key, array in (("first", ROWS.T), ("second", ROWS)):
        counted = []
        for found in (open_npz(path, key), read_npz(path, key, counted.append)):
            np.testing.assert_array_equal(found, array)
        assert isinstance(open_npz(path, key), np.memmap) == (compression == zipfile.ZIP_STORED)
        assert sum(counted) >= array.nbytes
        assert npz_header(path, key).shape == array.shape


@pytest.mark.parametrize("content", [_npz(), _npz(zipfile.ZIP_DEFLATED)])
def test_a_flipped_bit_is_noticed_where_all_is_read(tmp_path, content):
    changed = bytearray(content)
    changed[200] ^= 1
    (tmp_path / "x.npz").write_bytes(changed)
    with pytest.raises(ValueError, match="x.npz.* is not a whole .*CRC-32"):
        read_npz(tmp_path / "x.npz", "rows")


@pytest.mark.parametrize("shape", [(10**10, 4), (10**30,), (3, 10**12)])
def test_a_few_bytes_announce_no_large_array(tmp_path, shape):
    (tmp_path / "x.npy").write_bytes(_announcing(shape))
    with pytest.raises(ValueError, match=r"x.npy is truncated: .* row 0 \(counted from 0\)"):
        open_npy(tmp_path / "x.npy")
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        (tmp_path / "x.npz").write_bytes(_npz(compression, rows=_announcing(shape)))
        for read in (open_npz, read_npz):
            with pytest.raises(ValueError, match=r"x.npz\['rows'\] is truncated: .* row 0 "):
                read(tmp_path / "x.npz", "rows")


@pytest.mark.parametrize("shape", ["(-1, 4)", "(True, 4)", "(2.0,)"])
def test_other_shapes_than_whole_numbers_are_refused(tmp_path, shape):
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + bytes(64)
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(ValueError, match="x.npy is not a whole .npy file"):
        open_npy(tmp_path / "x.npy")


def test_a_header_is_no_longer_than_numpy_writes(tmp_path):
    content = b"\x93NUMPY\x02\x00" + (3 << 30).to_bytes(4, "little") + bytes(1 << 16)
    (tmp_path / "x.npz").write_bytes(_npz(zipfile.ZIP_DEFLATED, rows=content))
    with pytest.raises(ValueError, match="announces a header of 3221225472 bytes"):
        read_npz(tmp_path / "x.npz", "rows")


def test_bytes_behind_the_numbers_are_refused(tmp_path):
    (tmp_path / "x.npy").write_bytes(_npy() + _npy())
    (tmp_path / "x.npz").write_bytes(_npz(zipfile.ZIP_DEFLATED, rows=_npy() + b"more"))
    for read in (lambda: open_npy(tmp_path / "x.npy"), lambda: open_npz(tmp_path / "x.npz")):
        with pytest.raises(ValueError, match="holds more than one array, or is damaged"):
            read()


def test_numbers_of_no_bytes_are_refused(tmp_path):
    header = b"{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,), }"
    text = header.ljust(117) + b"\n"
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(ValueError, match="x.npy holds no numbers, but <U0, of no bytes"):
        open_npy(tmp_path / "x.npy")


def test_little_is_unpacked_at_a_time(tmp_path):
    largest = []
    (tmp_path / "x.npz").write_bytes(
        _npz(zipfile.ZIP_LZMA, rows=_npy(np.zeros((1 << 20, 4), np.uint8)))
    )
    assert not read_npz(tmp_path / "x.npz", "rows", largest.append).any()
    assert max(largest) <= 1 << 12


def test_an_archive_that_announces_more_than_it_can_hold_is_refused(tmp_path):
    content = bytearray(_npz(zipfile.ZIP_DEFLATED, rows=_announcing((10**8, 1))))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (800_000_128).to_bytes(4, "little")
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.npz.*announces 800000128 bytes, packed into"):
        read_npz(tmp_path / "x.npz", "rows")


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}]))
    np.savez(tmp_path / "x.npz", np.array([{}]))
    for read, name in ((open_npy, "x.npy"), (open_npz, "x.npz")):
        with pytest.raises(ValueError, match=f"{name}.* holds pickled Python objects"):
            read(tmp_path / name)


def test_a_missing_file_is_told_from_a_damaged_one(tmp_path):
    for read in (open_npy, open_npz):
        with pytest.raises(FileNotFoundError, match="absent"):
            read(tmp_path / "absent.npy")


def test_too_many_open_files_are_no_damage(tmp_path, monkeypatch):
    def too_many(*_, **__):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    path = tmp_path / "rows.npy"
    path.write_bytes(_npy())
    monkeypatch.setattr("mmap.mmap", too_many)
    with pytest.raises(OSError, match=r"Too many open files: .*rows\.npy"):
        open_npy(path)


@FUZZ
@given(damaged(_npy(), _npy(ROWS.T, (2, 0)), _announcing((10**10, 4), "<i8")))
def test_any_npy_file_is_read_or_refused_by_its_name(tmp_path, content):
    assert_read_or_refused(lambda path: open_npy(path).copy(), tmp_path / "x.npy", content)


@FUZZ
@given(damaged(_npz(), *(_npz(packing) for packing in (8, 12, 14))))
def test_any_npz_file_is_read_or_refused_by_its_name(tmp_path, content):
    for read in (open_npz, lambda path: read_npz(path, "rows")):
        assert_read_or_refused(lambda path: np.array(read(path)), tmp_path / "x.npz", content)
