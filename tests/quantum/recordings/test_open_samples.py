import json
import os
from pathlib import Path

import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from harness import needs_file
from hypothesis import given
from hypothesis import strategies as st

from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.recordings.open_samples import open_samples

ROWS = np.array([[0, 1, 0, 2], [1, 1, 1, 0], [0, 0, 3, 0], [0, 1, 0, 2], [2, 0, 0, 1]], np.uint8)


def _write(path: Path, rows: np.ndarray) -> dict:
    """Writes rows in the format of the path's suffix; returns the options to open them with."""
    if path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".csv":
        path.write_text("\n".join(",".join(map(str, row)) for row in rows.tolist()) + "\n")
    elif path.name == "stored.npz":
        np.savez(path, shots=rows, unitary=np.eye(2))
        return {"key": "shots"}
    else:
        np.savez_compressed(path, rows)
    return {}


@pytest.mark.parametrize("name", ["rows.npy", "rows.csv", "stored.npz", "compressed.npz"])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", ">i4"])
def test_every_format_returns_the_rows_written(tmp_path, name, dtype):
    rows = ROWS.astype(dtype)
    options = _write(tmp_path / name, rows)
    samples = open_samples(tmp_path / name, **options)
    assert samples.shape == ROWS.shape
    np.testing.assert_array_equal(samples[:], ROWS)
    np.testing.assert_array_equal(samples[[4, 0, 4]], ROWS[[4, 0, 4]])


@pytest.mark.parametrize("name", ["rows.npy", "stored.npz"])
@pytest.mark.parametrize("layout", ["plain", "Borealis", "Fortran"])
def test_uncompressed_arrays_are_memory_mapped(tmp_path, name, layout):
    rows = {"plain": ROWS, "Borealis": ROWS[:, None], "Fortran": np.asfortranarray(ROWS)}[layout]
    samples = open_samples(tmp_path / name, **_write(tmp_path / name, rows))
    assert isinstance(samples, np.memmap) and not samples.flags.writeable
    np.testing.assert_array_equal(samples, ROWS)


def test_an_npz_with_several_arrays_needs_a_key_and_the_error_lists_them(tmp_path):
    _write(tmp_path / "stored.npz", ROWS)
    for key in (None, "shot"):
        with pytest.raises(ValueError, match="legal: shots, unitary"):
            open_samples(tmp_path / "stored.npz", key=key)


def test_csv_header_and_blank_lines_are_skipped(tmp_path):
    (tmp_path / "rows.csv").write_text("mode 0,mode 1\n\n0,2\n 300 , 1.0 \n\n")
    samples = open_samples(tmp_path / "rows.csv")
    assert samples.dtype == np.uint16
    np.testing.assert_array_equal(samples, [[0, 2], [300, 1]])


@pytest.mark.parametrize(
    "counts",
    [
        {"0,1,0,2": 2, "1,1,1,0": 1, "10,0,0,0": 3},
        {"|0,1,0,2>": 2, "|1,1,1,0>": 1, "|10,0,0,0>": 3, "|9,9,9,9>": 0},
    ],
)
def test_count_dictionary_repeats_each_outcome(tmp_path, counts):
    (tmp_path / "counts.json").write_text(json.dumps(counts))
    samples = open_samples(tmp_path / "counts.json")
    expected = [[0, 1, 0, 2]] * 2 + [[1, 1, 1, 0]] + [[10, 0, 0, 0]] * 3
    assert samples.shape == (6, 4)
    np.testing.assert_array_equal(np.asarray(samples), expected)
    np.testing.assert_array_equal(samples[[5, 0]], [expected[5], expected[0]])
    np.testing.assert_array_equal(samples[-1], expected[-1])


@pytest.mark.parametrize(
    "content",
    [
        '{"0102": 1, "1000": 2}',
        '{"(0, 1, 0, 2)": 1, "(1, 0, 0, 0)": 2}',
        '\ufeff{"[0,1,0,2]": 1, "|1,0,0,0>": 2}',
    ],
    ids=["digits", "tuples", "lists after a byte order mark"],
)
def test_outcomes_are_read_as_others_write_them(tmp_path, content):
    (tmp_path / "counts.json").write_text(content, encoding="utf-8")
    samples = open_samples(tmp_path / "counts.json")
    np.testing.assert_array_equal(samples[:], [[0, 1, 0, 2], [1, 0, 0, 0], [1, 0, 0, 0]])


def test_a_header_of_pandas_is_no_shot(tmp_path, caplog):
    (tmp_path / "rows.csv").write_text("\ufeff0,1,2\n4,0,1\n", encoding="utf-8")
    np.testing.assert_array_equal(open_samples(tmp_path / "rows.csv"), [[4, 0, 1]])
    assert "the first line, 0,1,2, is taken for a header" in caplog.text
    (tmp_path / "shots.txt").write_text("a,b,c\n0,1,2\n4,0,1\n")
    np.testing.assert_array_equal(open_samples(tmp_path / "shots.txt"), [[0, 1, 2], [4, 0, 1]])
    assert "shots.txt: 2 shots of 3 modes: a row is a shot." in caplog.text


def test_few_rows_that_count_up_are_shots(tmp_path, caplog):
    (tmp_path / "rows.csv").write_text("0,1\n1,0\n2,0\n")
    np.testing.assert_array_equal(open_samples(tmp_path / "rows.csv"), [[0, 1], [1, 0], [2, 0]])
    assert "the first line, 0,1, is taken for a shot. If it is a header" in caplog.text


def _borealis(folder: Path) -> None:
    folder.mkdir()
    np.save(folder / "samples.npy", ROWS[:, None, :].astype(np.int64))


def test_borealis_directory(tmp_path):
    _borealis(tmp_path / "fig2")
    np.save(tmp_path / "fig2" / "U.npy", np.eye(4))
    samples = open_samples(tmp_path / "fig2")
    assert isinstance(samples, np.memmap)
    np.testing.assert_array_equal(samples, ROWS)


@pytest.mark.parametrize("path", [True, 5, None, ["a.csv"]])
def test_a_file_is_named_by_a_path(path):
    with pytest.raises(ValueError, match="named by a path; received"):
        open_samples(path)


def test_jiuzhang2_bits_land_in_their_modes(tmp_path):
    clicks = np.random.default_rng(0).integers(0, 2, (7, 144), np.uint8)
    # Ports counted from 1 as the publication does; the last used port is mode 0.
    unused = {*range(1, 9), 17, 36, 60, *range(81, 102), *range(177, 193)}
    used = [port for port in range(1, 193) if port not in unused]
    words = np.zeros((7, 6), "<u4")
    for shot in range(7):
        for mode, port in enumerate(reversed(used)):
            word, bit = divmod(port - 1, 32)
            words[shot, word] |= np.uint32(int(clicks[shot, mode]) << (31 - bit))
        words[shot, 0] |= np.uint32(1 << 31)  # noise in port 1, which is unused
    words.tofile(tmp_path / "shots.bin")
    samples = open_samples(tmp_path / "shots.bin", file_format="jiuzhang2")
    assert samples.shape == (7, 144)
    np.testing.assert_array_equal(samples[:], clicks)
    np.testing.assert_array_equal(samples[[3, 1]], clicks[[3, 1]])


def test_jiuzhang3_sums_the_eight_bins_of_a_mode(tmp_path):
    bins = np.random.default_rng(1).integers(0, 2, (5, 144, 8), np.uint8)
    np.packbits(bins.reshape(5, 1152), axis=1).tofile(tmp_path / "shots.dat")
    samples = open_samples(tmp_path / "shots.dat", file_format="jiuzhang3")
    np.testing.assert_array_equal(np.asarray(samples), bins.sum(axis=2))


@pytest.mark.parametrize("file_format, shot_bytes", [("jiuzhang2", 24), ("jiuzhang3", 144)])
@pytest.mark.parametrize("size", [0, 5, 300])
def test_truncated_raw_file_is_refused(tmp_path, file_format, shot_bytes, size):
    (tmp_path / "shots").write_bytes(bytes(size))
    with pytest.raises(ValueError, match=f"row {size // shot_bytes} "):
        open_samples(tmp_path / "shots", file_format=file_format)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
@pytest.mark.parametrize("value", [-1, 0.5, np.nan, np.inf])
def test_the_first_value_that_is_no_photon_number_is_named(tmp_path, monkeypatch, suffix, value):
    monkeypatch.setattr(sample_rows, "BLOCK_ROWS", 16)
    rows = np.tile(ROWS, (20, 1)).astype(int if value == -1 else float)
    rows[[70, 90], 2] = value
    path = tmp_path / f"rows{suffix}"
    with pytest.raises(ValueError, match=f"row 70 .*{value}.* mode 2"):
        open_samples(path, **_write(path, rows))


@pytest.mark.parametrize(
    "content",
    [
        "1 0 2\n0 1 1\n",
        "1;0;2\n0;1;1\n",
        "1\t0\t2\n0\t1\t1\n",
        "  1   0   2 \n  0   1   1 \n",
        "1.000e+00 0.000e+00 2.000e+00\n0.000e+00 1.000e+00 1.000e+00\n",
        "# run 7, 2026\n1,0,2\n# a pause\n0,1,1\n",
        "# a b c\n1 0 2\n0 1 1\n",
        "mode 1;mode 2;mode 3\n1;0;2\n0; 1; 1\n",
        "three modes, by hand\n1 0 2\n0 1 1\n",
        "photon counts\n1;0;2\n0;1;1\n",
        "a\tb\tc\n1\t0\t2\n0\t1\t1\n",
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_tables_as_instruments_write_them(tmp_path, content, suffix):
    path = tmp_path / f"shots{suffix}"
    path.write_text(content)
    np.testing.assert_array_equal(open_samples(path), [[1, 0, 2], [0, 1, 1]])


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("spaces.txt", "1 0 2\n0 1\n", "row 1 .*has 2 columns; the first has 3"),
        (
            "nan.txt",
            "   1   0" * 40 + "\n" + "   1   0" * 39 + "   1   nan\n",
            "row 1 .*nan in mode 79",
        ),
        ("counts.txt", "state count\n10 5\n11 7\n", "column 0 .*headed 'state'"),
        ("counts.tsv.csv", "state\tcount\n10\t5\n", "column 0 .*headed 'state'"),
        ("index.csv", ";0;1;2\n5;1;0;1\n9;0;1;1\n", "column 0 .*no heading"),
        ("blanks.txt", "1\t\t\t1\n\t1\t\t1\n", "column 1 .*no heading|holds ''"),
        ("mixed.csv", "1,0;2\n", "holds '0;2', which is no number"),
        ("ragged.csv", "0,1\n1,0\n\n1\n", r"row 2 \(counted from 0; line 4\) has 1 columns"),
        ("words.csv", "0,1\n1,many\n", "row 1 .*'many'"),
        ("empty.csv", "", "holds no rows"),
        ("header.csv", "a,b\n", "holds no rows"),
        ("ragged.json", '{"0,1": 1, "0,1,2": 1}', "row 1 .*3 modes; the first has 2"),
        ("negative.json", '{"0,1": 1, "1,-1": 1}', "row 1 "),
        ("count.json", '{"01": 1, "10": 0.5}', "row 1 .*whole number"),
        ("letters.json", '{"01a0": 1}', "row 0 .*reads"),
        ("hex.json", '{"0x5": 1}', "row 0 .*Qiskit writes"),
        ("registers.json", '{"01 10": 1}', "row 0 .*Qiskit writes"),
        ("widths.json", '{"0102": 1, "12": 1}', "row 1 .*2 modes; the first has 4"),
        ("index.csv", ",0,1,2\n0,1,0,1\n", "column 0 .*no heading.*index=False"),
        ("index.csv", "".join(f"{i},1,0\n" for i in range(9)), "counts the rows, 0 to 8"),
        ("index.csv", "".join(f"{i},1,0\n" for i in range(3, 9)), "counts the rows, 3 to 8"),
        ("index.csv", "index,0,1\n0,1,0\n", "column 0 .*headed 'index'"),
        ("tags.csv", "time_ns,channel\n5,1\n90,0\n", "headed 'time_ns'.*group time tags into"),
        ("tags.csv", "Timestamp (ps);Detector\n5;1\n", r"headed 'Timestamp \(ps\)'"),
        ("tags.csv", "time tag,ch\n5,1\n", "headed 'time tag'"),
        ("tags.csv", "t (ns),a\n5,1\n", r"headed 't \(ns\)'"),
        ("numbered.csv", "shot_id,m0,m1\n7,1,0\n", "headed 'shot_id'"),
        ("counts.csv", "state,count\n0101,500\n", "column 0 .*headed 'state'.*JSON"),
        ("counts.csv", "mode 0,Shots\n1,500\n", "column 1 .*headed 'Shots'"),
        ("commas.csv", "1,0,\n0,1,\n", "first line ends in a separator"),
        ("zeros.csv", "0101,500\n", "row 0 .*'0101': a number has no leading zeros"),
        ("zeros.csv", "1,0\n1, 007\n", "row 1 .*line 2.*'007': a number has no leading zeros"),
        ("twice.json", '{"01": 1, "0,1": 2}', "row 1 .*twice"),
        ("none.json", '{"01": 0}', "counts no shots"),
        ("list.json", "[[0, 1]]", "not a dictionary"),
        ("cut.json", '{"01": 1', "cannot be read as JSON"),
        ("empty.npy", "", "not a whole .npy file"),
        ("text.npy", "0,1,0\n", "not a whole .npy file"),
        ("text.npz", "0,1,0\n", "not a whole .npz file"),
        ("rows.dat", "0,1,0\n", "names no format.*--file-format"),
        ("underscore.csv", "0,1\n1,1_0\n", "row 1 .*'1_0', which is no number"),
        ("arabic.csv", "0,1\n1,\u0663\n", "row 1 .*which is no number"),
        ("vast.csv", "0,1\n1e25,0\n", r"row 1 .*holds 1e\+25 in mode 0.*from 0 to 65535"),
        ("large.csv", "0,1\n1,0\n4000000000,0\n", "row 2 .*holds 4000000000.0 in mode 0"),
        ("latin.csv", "mode \u00e9,b\n0,1\n".encode("latin-1"), "latin.csv is no text in UTF-8"),
        ("binary.csv", bytes(range(256)), "binary.csv is no text in UTF-8"),
        ("large.json", '{"0,1": 1, "0,65536": 1}', "row 1 .*at most 65535 photons"),
        ("digits.json", '{"0,%s": 1}' % ("9" * 23), "row 0 .*at most 65535 photons"),
        ("endless.json", '{"0,%s": 1}' % ("9" * 5000), "row 0 .*at most 65535 photons"),
        ("count.json", '{"01": 1, "10": 1%s}' % ("0" * 30), "row 1 .*more than 10000000000 shots"),
        ("sum.json", '{"01": 9000000000, "10": 9000000000}', "row 1 .*more than 10000000000"),
        ("number.json", '{"01": %s}' % ("9" * 5000), "number.json .*(read as JSON|more than)"),
        ("deep.json", "[" * 100_000, "deep.json is not a"),
        ("latin.json", '{"\u00e9": 1}'.encode("latin-1"), "latin.json cannot be read as JSON"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_bad_files_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message):
        open_samples(tmp_path / name)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4), int),
        np.zeros((4, 0), int),
        np.zeros(4, int),
        np.zeros((4, 2, 3), int),
        np.zeros((2, 2), complex),
        np.array([["a", "b"]]),
        np.array([[1, None]], dtype=object),
    ],
    ids=["no shots", "no modes", "1-D", "3-D", "complex", "text", "objects"],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_arrays_that_are_no_samples_are_refused(tmp_path, array, suffix):
    path = tmp_path / f"rows{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, array)
    message = "pickled" if array.dtype == object else "shape|values of type"
    with pytest.raises(ValueError, match=message):
        open_samples(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("dtype", ["uint32", "int64", "float64"])
def test_arrays_with_more_photons_than_any_experiment_are_refused(tmp_path, suffix, dtype):
    rows = ROWS.astype(dtype)
    rows[3, 1] = 65_535
    path = tmp_path / f"rows{suffix}"
    _write(path, rows)
    assert open_samples(path)[3, 1] == 65_535
    rows[3, 1] += 1
    _write(path, rows)
    with pytest.raises(ValueError, match="row 3 .*65536.* mode 1; .* from 0 to 65535"):
        open_samples(path)


@pytest.mark.parametrize("name", ["rows.npy", "compressed.npz"])
def test_truncated_arrays_are_refused(tmp_path, name):
    path = tmp_path / name
    _write(path, np.zeros((1000, 4), np.uint8))
    content = path.read_bytes()
    path.write_bytes(content[:2050] if name == "rows.npy" else content[:-30])
    with pytest.raises(ValueError, match="row 480 " if name == "rows.npy" else "not a whole"):
        open_samples(path)


def test_wrong_requests_say_what_is_legal(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(FileNotFoundError, match="absent.npy"):
        open_samples(tmp_path / "absent.npy")
    with pytest.raises(ValueError, match="legal: npy, npz"):
        open_samples(tmp_path / "rows.npy", file_format="hdf5")
    with pytest.raises(ValueError, match="in a .npz file"):
        open_samples(tmp_path / "rows.npy", key="shots")
    with pytest.raises(ValueError, match="is a directory"):
        open_samples(tmp_path, file_format="npy")
    with pytest.raises(ValueError, match="neither a sample bank"):
        open_samples(tmp_path)


@needs_file("boson_loop_hardware.npz")
def test_hardware_shots():
    path = Path(os.environ["QLATENT_DATA_DIR"]) / "boson_loop_hardware.npz"
    samples = open_samples(path, key="loop_6photon_10mode_samples")
    assert samples.shape == (12074, 10)
    assert set(samples.sum(axis=1)) == {6} and samples.max() == 1


def test_counts_beyond_memory_are_indexed_without_being_expanded(tmp_path):
    (tmp_path / "counts.json").write_text(json.dumps({"0,2": 4 * 10**9, "1,1": 10**9}))
    samples = open_samples(tmp_path / "counts.json")
    np.testing.assert_array_equal(samples[[0, 4 * 10**9 - 1, 4 * 10**9]], [[0, 2], [0, 2], [1, 1]])


_TEXTS = {
    "rows.csv": (b"mode 0,mode 1\n0,2\n300,1.0\n", b"0,1\n1,0\n"),
    "counts.json": (b'{"0,1,0,2": 2, "|10,0,0,0>": 3}', b'{"0101": 1, "1000": 2}'),
}


@FUZZ
@given(
    st.one_of(
        *(st.tuples(st.just(name), damaged(*contents)) for name, contents in _TEXTS.items()),
        st.tuples(st.just("rows.csv"), st.text("0123456789.,-+eEinfa_ \n\r\t\x1f").map(str.encode)),
        st.tuples(st.just("counts.json"), st.text('0123456789.,-{}[]|>":e \n').map(str.encode)),
    )
)
def test_any_text_is_read_or_refused_by_its_name(tmp_path, drawn):
    name, content = drawn
    assert_read_or_refused(
        lambda path: np.asarray(open_samples(path)[:1000]), tmp_path / name, content
    )


@FUZZ
@given(st.sampled_from(["jiuzhang2", "jiuzhang3"]), st.binary(max_size=600))
def test_any_raw_file_is_read_or_refused_by_its_name(tmp_path, file_format, content):
    def read(path):
        samples = open_samples(path, file_format=file_format)
        assert samples[:].shape == samples.shape and samples[:].max() <= 8

    assert_read_or_refused(read, tmp_path / "shots.bin", content)


@FUZZ
@given(st.data())
def test_any_borealis_directory_is_read_or_refused_by_a_name_in_it(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("runs") / "fig2"
    _borealis(folder)
    file = folder / "samples.npy"
    content = data.draw(damaged(file.read_bytes()))
    assert_read_or_refused(lambda path: open_samples(folder), file, content)


def test_a_column_that_looks_like_clicks_is_told_of(tmp_path, caplog):
    (tmp_path / "clicks.csv").write_text("1101\n1010\n")
    assert open_samples(tmp_path / "clicks.csv").shape == (2, 1)
    assert "If they are clicks of several modes, separate them by commas" in caplog.text
