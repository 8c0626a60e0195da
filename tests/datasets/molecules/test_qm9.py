import importlib

import pytest
from harness import needs_file

from qlatent_tf.registry import datasets
from qlatent_tf.storage.download import DownloadError

# The package's attribute of this name is the function.
qm9_module = importlib.import_module("qlatent_tf.datasets.molecules.qm9")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Three empty folders: the caller's, $QLATENT_DATA_DIR and the cache; and a closed network."""
    paths = {name: tmp_path / name for name in ("own", "variable", "cache")}
    for path in paths.values():
        path.mkdir()
    monkeypatch.setenv("QLATENT_DATA_DIR", str(paths["variable"]))
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(paths["cache"]))

    def closed(*_, **__):
        raise DownloadError("the network is closed.")

    monkeypatch.setattr(qm9_module, "download", closed)
    return paths


def _write(folder, name, *smiles):
    (folder / name).write_text("\n".join(smiles))


def test_folders_are_searched_in_order(folders):
    for folder, smiles in (("cache", "CCC"), ("variable", "CCN"), ("own", "CCO")):
        _write(folders[folder], "qm9.smi", smiles)
        dataset = datasets.build("qm9", data_dir=folders["own"], progress=False)
        assert dataset.smiles == {smiles}
        assert dataset.name == "qm9" and dataset.provenance["file"] == "qm9.smi"


def test_moleculenet_table(folders):
    _write(folders["own"], "qm9.csv", "mol_id,smiles,A", "gdb_1,C,1.0", "gdb_2,[NH4+],2.0")
    dataset = datasets.build("qm9", data_dir=folders["own"], progress=False)
    assert dataset.smiles == {"C"} and dataset.provenance["refused"] == {"a formal charge": 1}


def test_another_number_of_molecules_is_told(folders, caplog, monkeypatch):
    _write(folders["own"], "qm9.smi", "CCO", "CC")
    with caplog.at_level("WARNING", logger="absl"):
        datasets.build("qm9", data_dir=folders["own"], progress=False)
        assert "qm9.smi holds 2 molecules; QM9 has 133885" in caplog.text
        caplog.clear()
        monkeypatch.setattr(qm9_module, "MOLECULES", 2)
        datasets.build("qm9", data_dir=folders["own"], progress=False)
        assert not caplog.text


def test_what_cannot_be_had_is_an_error_that_says_what_to_do(folders):
    with pytest.raises(FileNotFoundError) as raised:
        datasets.build("qm9", data_dir=folders["own"])
    message = str(raised.value)
    for part in (
        *map(str, folders.values()),
        "qm9.smi.gz",
        "gdb9.sdf",
        "--data-dir",
        "QLATENT_DATA_DIR",
        qm9_module.OFFICIAL.url,
        "the network is closed",
    ):
        assert part in message


def test_a_folder_that_does_not_exist_is_an_error(folders):
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        datasets.build("qm9", data_dir=folders["own"] / "typo")


def test_a_downloaded_file_is_read(folders, monkeypatch):
    def write(remote, path, progress):
        path.write_text("CCO")
        return path

    monkeypatch.setattr(qm9_module, "download", write)
    official = qm9_module.OFFICIAL.__class__("https://x", "qm9.smi", 3, "")
    monkeypatch.setattr(qm9_module, "OFFICIAL", official)
    assert datasets.build("qm9", progress=False).smiles == {"CCO"}


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="Unknown option split"):
        datasets.build("qm9", split="train")


@pytest.mark.slow
@needs_file(*qm9_module.FILE_NAMES)
def test_real_molecules():
    dataset = datasets.build("qm9", progress=False)
    assert dataset.provenance["molecules_read"] == 133_885
    assert dataset.provenance["molecules"] == len(dataset.source["atoms"]) == 132_040
    assert dataset.provenance["refused"] == {"a formal charge": 1_845}
    assert len(dataset.smiles) == dataset.provenance["distinct_molecules"] > 129_000


def test_a_cache_that_cannot_be_written_is_told_like_a_closed_network(folders, monkeypatch):
    def unwritable(*_, **__):
        raise NotADirectoryError("the cache is a file.")

    monkeypatch.setattr(qm9_module, "download", unwritable)
    with pytest.raises(FileNotFoundError, match="The download failed: the cache is a file"):
        datasets.build("qm9", progress=False)
