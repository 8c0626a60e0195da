import importlib

import numpy as np
import pytest
from rdkit import Chem

from qlatent_tf.datasets.molecules.files import read_molecules
from qlatent_tf.registry import datasets

module = importlib.import_module("qlatent_tf.datasets.molecules.small_molecules")


@pytest.fixture(scope="module")
def dataset(molecule_cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QLATENT_CACHE_DIR", str(molecule_cache))
        yield datasets.build("small_molecules", progress=False)


def test_every_molecule_has_a_graph(dataset):
    assert dataset.name == "small_molecules"
    assert dataset.provenance["molecules"] == 10_381 and dataset.provenance["refused"] == {}
    assert dataset.provenance["sha256"] == module.SHA256
    assert np.count_nonzero(dataset.source["atoms"], axis=1).max() == 7
    assert set(np.unique(dataset.source["bonds"])) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("smiles", ["C", "CCO", "c1ccccc1", "c1ccncc1", "NC(C)=O", "Cc1ccoc1"])
def test_ordinary_molecules_are_there(dataset, smiles):
    assert Chem.CanonSmiles(smiles) in dataset.smiles


@pytest.mark.parametrize("smiles", ["OO", "NF", "C=C=C", "C1C#CC1", "CC(O)O", "C=CO", "C1=CC=C1"])
def test_what_the_rules_refuse_is_not(dataset, smiles):
    assert Chem.CanonSmiles(smiles) not in dataset.smiles


def test_the_file_is_canonical_and_without_repetition():
    smiles = [Chem.MolToSmiles(molecule) for molecule in read_molecules(module.FILE)]
    assert len(set(smiles)) == len(smiles) == 10_381


def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FILE", tmp_path / "small_molecules.smi.gz")
    with pytest.raises(FileNotFoundError, match="install qlatent_tf again"):
        datasets.build("small_molecules")
    module.FILE.write_bytes(b"other")
    with pytest.raises(ValueError, match="that of this version's file"):
        datasets.build("small_molecules")
