import h5py
import numpy as np
import pytest

from qlatent_tf.storage.hdf5_files import check_self_contained


def _plain(file):
    file["layers/dense/0"] = np.ones(3)
    file["again"] = file["layers"]  # A hard link: it leads nowhere else.
    file["layers/round"] = file["/"]
    file["soft"] = h5py.SoftLink("/layers")


def test_a_file_that_holds_its_data_is_legal(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        _plain(file)
    check_self_contained(tmp_path / "x.h5")


def _virtual(file):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[...] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset("layers/virtual", layout)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda file: file.__setitem__("layers/x", h5py.ExternalLink("o.h5", "x")),
            "x in /.* is a link to another file",
        ),
        (
            lambda file: file.create_dataset("raw", (3,), "u1", external=[("other", 0, 3)]),
            "numbers of .*raw",
        ),
        (_virtual, "numbers of .*/virtual"),
        (
            lambda file: file.__setitem__("turned", np.ones(3) + 1j),
            "numbers of .*turned are complex",
        ),
    ],
)
def test_data_of_other_files_and_complex_ones_are_refused(tmp_path, change, message):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        _plain(file)
        change(file)
    with pytest.raises(ValueError, match=f"x.h5: .*{message}"):
        check_self_contained(tmp_path / "x.h5")


def test_what_is_no_hdf5_file_is_refused(tmp_path):
    (tmp_path / "x.h5").write_text("text")
    with pytest.raises(ValueError, match="x.h5 is damaged"):
        check_self_contained(tmp_path / "x.h5")
