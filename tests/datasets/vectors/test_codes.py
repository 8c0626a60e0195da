import io

import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from harness import tiny_config
from hypothesis import given

from qlatent_tf.datasets.vectors.codes import codes, principal_codes
from qlatent_tf.resolve import resolve

VALUES = np.linspace(-1, 1, 12).reshape(4, 3)


def test_the_leading_components_of_a_file(tmp_path):
    np.savez_compressed(tmp_path / "codes.npz", codes=VALUES)
    dataset = codes(components=2, data_dir=tmp_path)
    np.testing.assert_array_equal(dataset.source, VALUES[:, :2].astype(np.float32))
    assert dataset.provenance["codes"] == 4 and dataset.provenance["components"] == 2


def test_a_file_is_given_by_its_path_too(tmp_path, monkeypatch):
    np.savez(tmp_path / "mine.npz", codes=VALUES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for file in ("mine.npz", "~/mine.npz", tmp_path / "mine.npz"):
        assert codes(file=file).provenance["file"] == "mine.npz"
    # A file of the folder asked for comes before one of this name that lies here.
    (tmp_path / "study").mkdir()
    np.savez(tmp_path / "study" / "mine.npz", codes=VALUES[:2])
    assert codes(file="mine.npz", data_dir=tmp_path / "study").provenance["codes"] == 2


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"other": VALUES}, "codes.npz lacks codes; it holds other"),
        ({"codes": 2 * VALUES}, r"codes.npz: codes are .* received values from -2\.0 to 2\.0\.$"),
        ({"codes": [[0, np.nan]]}, r"codes are numbers from -1 to 1 .* 1 that are not finite\.$"),
        ({"codes": [[np.inf, 3]]}, r"codes are numbers from -1 to 1 .* 1 that are not finite\.$"),
        ({"codes": np.full((4, 3), -128, np.int8)}, "codes.npz: codes are numbers from -1 to 1"),
        ({"codes": VALUES[0]}, r"received the shape \(3,\) of float64"),
        ({"codes": VALUES.astype(str)}, r"received the shape \(4, 3\) of <U"),
        ({}, "codes.npz is not a whole .npz file"),
    ],
)
def test_what_are_no_codes(tmp_path, arrays, message):
    np.savez(tmp_path / "codes.npz", **arrays)
    if not arrays:
        (tmp_path / "codes.npz").write_bytes(b"PK and so on")
    with pytest.raises(ValueError, match=message):
        codes(data_dir=tmp_path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_model_is_as_wide_as_the_codes(tmp_path, monkeypatch, save):
    save(tmp_path / "mine.npz", codes=VALUES)
    monkeypatch.chdir(tmp_path)
    for options, width in (
        ({"file": "mine.npz"}, 3),
        ({"file": "mine.npz", "components": 2}, 2),
        ({"file": "absent.npz"}, 16),
    ):
        config = tiny_config(dataset="codes", dataset_options=options, model_options={})
        assert resolve(config).model_options["features"] == width


def _content(save):
    file = io.BytesIO()
    save(file, codes=VALUES)
    return file.getvalue()


@FUZZ
@given(damaged(_content(np.savez), _content(np.savez_compressed)))
def test_any_file_is_read_or_refused_by_its_name(tmp_path, content):
    assert_read_or_refused(
        lambda path: codes(data_dir=path.parent), tmp_path / "codes.npz", content
    )


def test_codes_that_are_all_the_same_have_no_axes():
    with pytest.raises(ValueError, match="4 codes are all the same"):
        principal_codes(np.full((4, 3), 0.1))
