"""Vectors of a file: tables as text and arrays of NumPy, and what is refused."""

import numpy as np
import pytest
from harness import run_tool

from qlatent_tf import load_dataset
from qlatent_tf.config import Config
from qlatent_tf.resolve import resolve

ROWS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path):
    lines = "\n".join(",".join(map(repr, map(float, row))) for row in ROWS)
    return write(tmp_path / "mine.csv", f"a,b,c\n{lines}\n")


def test_tables_and_arrays_hold_the_same_vectors(table, tmp_path):
    np.save(tmp_path / "mine.npy", ROWS)
    np.savez(tmp_path / "mine.npz", rows=ROWS, times=ROWS[:, 0])
    for file in (table, tmp_path / "mine.npy", tmp_path / "mine.npz"):
        data = load_dataset("vectors", file=str(file))
        np.testing.assert_array_equal(data.source, ROWS)
        assert data.provenance["file"] == file.name and data.provenance["samples"] == 40


@pytest.mark.parametrize(
    "text", ["1;2\n3;4", "# made\n1\t2\n3\t4", "1 2\n\n3  4", "x, y\n1, 2\n3,4", "1,2 # x\n3,4"]
)
def test_columns_are_told_apart_with_and_without_names(tmp_path, text):
    data = load_dataset("vectors", file=str(write(tmp_path / "mine.txt", text)))
    np.testing.assert_array_equal(data.source, [[1, 2], [3, 4]])


@pytest.mark.parametrize("columns", [["c", "a"], "c,a"])
def test_columns_are_chosen_by_name_in_their_order(table, columns):
    data = load_dataset("vectors", file=str(table), columns=columns)
    np.testing.assert_array_equal(data.source, ROWS[:, [2, 0]])


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n1,x\n2,3\n", "row 0, column 1: vectors are of numbers; received 'x'"),
        ("a,b\n1,\n2,3\n", "not finite .* row 0, column 1: nan"),
        ("1,,3\n4,5,6\n", "not finite .* row 0, column 1: nan"),
        ("1,2\n3,4,5\n", "is no table: .*Expected 2 fields in line 2, saw 3"),
        ("a,b\n1,2,3\n4,5,6\n", "the first line has 2 entries, and the next 3"),
        ("a,b\n1,2\n3,4,5\n", "is no table: .*Expected 2 fields"),
        ("1,b\n2,3\n", "line 1: the first line holds names or numbers; received both, '1,b'"),
        ("0x10,2\n3,4\n", "received both"),
        ("1,5;2,5\n3,5;4\n", r"line 1: Decimals take a point, as in 1.5, .* received '1,5;2,5'\.$"),
        ("1,5 2\n3,5 4\n", "line 1: Decimals take a point"),
        ("1;2\n3,5;4\n", r"row 1, column 0: .* received '3,5'\. Decimals take a point"),
        ("a;b\n1;2,5\n", r"row 0, column 1: .* received '2,5'\. Decimals take a point"),
        ("\ta\tb\n0\t1\t2\n1\t3\t4\n", "column 0 has no name, as a column of row numbers"),
        (" a b\n0 1 2\n1 3 4\n", "column 0 has no name, as a column of row numbers"),
        (",a,b\n0,1,2\n1,3,4\n", "column 0 has no name, as a column of row numbers"),
        ("", "holds no rows"),
        ("a,b\n", "holds no rows"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load_dataset("vectors", file=str(write(tmp_path / "mine.csv", text)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"columns": ["z"]}, "has the columns a, b, c: .* received"),
        ({"columns": ["a", "a"]}, "different ones"),
        ({"header": "yes"}, "header is True or False"),
        ({"key": "x"}, "Only a .npz file has arrays with names"),
    ],
)
def test_columns_and_keys_that_are_not_there_are_refused(table, options, message):
    with pytest.raises(ValueError, match=message):
        load_dataset("vectors", file=str(table), **options)


def test_names_of_several_columns_choose_none(tmp_path):
    file = str(write(tmp_path / "mine.csv", "a,a,b\n1,2,3\n4,5,6\n"))
    assert load_dataset("vectors", file=file).source.shape == (2, 3)
    assert load_dataset("vectors", file=file, columns="b").source.shape == (2, 1)
    with pytest.raises(ValueError, match="a name in it is that of one column; received 'a'"):
        load_dataset("vectors", file=file, columns="a")


@pytest.mark.parametrize("delimiter", [" ", ",", "\t"])
def test_names_in_a_comment_are_names_too(tmp_path, delimiter):
    file = str(tmp_path / "mine.txt")
    np.savetxt(file, ROWS, delimiter=delimiter, header="made today\n" + delimiter.join("abc"))
    for columns in ("c,a", ["2", 0], ["c", 0]):
        data = load_dataset("vectors", file=file, columns=columns)
        np.testing.assert_allclose(data.source, ROWS[:, [2, 0]], rtol=1e-6)
    with pytest.raises(ValueError, match="has the columns 0 or a, 1 or b, 2 or c: .* received 'z'"):
        load_dataset("vectors", file=file, columns="z")


def test_a_comment_that_names_no_columns_is_a_comment(tmp_path):
    for comment in ("1,0", "a,b,c", "a,", "made"):
        file = str(write(tmp_path / "mine.csv", f"# {comment}\n\n1,2\n3,4\n"))
        data = load_dataset("vectors", file=file, columns=1)
        np.testing.assert_array_equal(data.source, [[2], [4]])
        with pytest.raises(ValueError, match="has the columns 0, 1: "):
            load_dataset("vectors", file=file, columns="a")


def test_arrays_of_other_shapes_are_refused(tmp_path):
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    np.savez(tmp_path / "two.npz", a=ROWS, b=ROWS)
    with pytest.raises(ValueError, match=r"the shape \(n, width\); received \(2, 2, 2\)"):
        load_dataset("vectors", file=str(tmp_path / "cube.npy"))
    with pytest.raises(ValueError, match="name it by the option key. It holds a"):
        load_dataset("vectors", file=str(tmp_path / "two.npz"))
    np.testing.assert_array_equal(
        load_dataset("vectors", file=str(tmp_path / "two.npz"), key="b").source, ROWS
    )
    with pytest.raises(ValueError, match=r"Vectors are files that end in"):
        load_dataset("vectors", file=str(write(tmp_path / "mine.dat", "1,2")))


def test_the_model_is_as_wide_as_the_table(table):
    config = Config(model="mlp", latent="gaussian", dataset="vectors", steps=1, batch_size=4)
    for options, width in (({}, 3), ({"columns": ["a"]}, 1)):
        found = config.override(dataset_options={"file": str(table), **options})
        assert resolve(found).model_options["features"] == width
    missing = config.override(dataset_options={"file": "nothing.csv"})
    assert resolve(missing).model_options["features"] == 16


@pytest.mark.usefixtures("eager_steps")
def test_a_table_is_trained_on_and_scored_by_default(table, tmp_path, capsys):
    options = ["batch_size=4", "critic_steps=1", "jit_compile=false", "evaluation_samples=20"]
    options += [f"dataset_options.file={table}", "model_options.units=[4]"]
    settings = [part for option in options for part in ("--set", option)]
    train = ["train", "--model", "mlp", "--latent", "gaussian", "--dataset", "vectors"]
    assert run_tool(*train, "--steps", 2, "--workdir", tmp_path / "run", *settings) == 0
    assert "error of pair correlations" in capsys.readouterr().out
    assert run_tool(*train, "--steps", 2, "--workdir", tmp_path / "other") == 1
    assert "--dataset vectors reads a file" in capsys.readouterr().err


def test_names_that_are_numbers_are_named_to_be_names(tmp_path):
    file = str(write(tmp_path / "spectra.csv", "400,410\n1,2\n3,4\n"))
    assert len(load_dataset("vectors", file=file).source) == 3
    named = load_dataset("vectors", file=file, header=True, columns=["410"])
    np.testing.assert_array_equal(named.source, [[2], [4]])
    booleans = load_dataset("vectors", file=str(write(tmp_path / "b.csv", "True,False\nTrue,True")))
    np.testing.assert_array_equal(booleans.source, [[1, 0], [1, 1]])
