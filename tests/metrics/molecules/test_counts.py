import math
import types

import numpy as np
import pytest
from harness import scored
from rdkit import Chem

from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics.molecules.properties import properties


def _samples(*smiles):
    """Graphs of SMILES; None is no molecule, and what holds a wildcard is encoded as PAD."""
    graphs = []
    for text in smiles:
        if text is None:
            graph = np.full(9, 4, np.int8), np.ones((9, 9), np.int8)
        else:
            wild = np.array([atom == "*" for atom in text if atom.isalpha() or atom == "*"])
            atoms, bonds = molecule_to_graph(Chem.MolFromSmiles(text.replace("*", "C")))
            atoms[: len(wild)][wild[:9]] = 0
            graph = atoms, bonds
        graphs.append(graph)
    return {"atoms": np.stack([g[0] for g in graphs]), "bonds": np.stack([g[1] for g in graphs])}


def _known(*smiles):
    return types.SimpleNamespace(smiles=frozenset(smiles))


def test_counts_by_both_definitions():
    samples = _samples("CCO", "OCC", "CC", "CN", "*C", "C.O", "O.C", None, None, "*C")
    figures = scored("molecules", _known("CC", "CCC"), samples)
    assert figures == {
        "valid_count@10": 4,
        "valid_share@10": 0.4,
        "unique_count@10": 3,
        "unique_share@10": 0.75,
        "novel_count@10": 2,
        "novel_share@10": 2 / 3,
        "parsed_valid_count@10": 8,
        "parsed_valid_share@10": 0.8,
        "parsed_unique_count@10": 5,
        "parsed_unique_share@10": 0.625,
        "parsed_novel_count@10": 4,
        "parsed_novel_share@10": 0.8,
    }


def test_shares_of_nothing_are_not_defined():
    figures = scored("molecules", _known(), _samples(None, "*C"))
    assert figures["valid_share@2"] == 0 and figures["parsed_valid_share@2"] == 0.5
    assert math.isnan(figures["unique_share@2"]) and math.isnan(figures["novel_share@2"])
    assert figures["parsed_unique_share@2"] == 1
    properties_ = scored("molecule_properties", _known(), _samples(None, "*C"))
    assert list(properties_) == ["qed@2", "logp@2", "sa@2"]
    assert all(math.isnan(value) for value in properties_.values())


@pytest.mark.parametrize(
    "smiles, qed, logp, accessibility",
    [
        # As quoted for RDKit; the logP of benzene is 6 (0.1581 + 0.1230), carbon and hydrogen.
        ("c1ccccc1", 0.4426, 1.6866, 1.0),
        ("CCO", 0.4068, -0.0014, 1.980),
        ("CC(=O)Oc1ccccc1C(=O)O", 0.5501, 1.3101, 1.580),
    ],
)
def test_properties_of_known_molecules(smiles, qed, logp, accessibility):
    found = properties(Chem.MolFromSmiles(smiles))
    assert found == pytest.approx((qed, logp, accessibility), abs=2e-3)


def test_properties_are_means_over_distinct_valid_molecules():
    figures = scored(
        "molecule_properties", _known(), _samples("CCO", "OCC", "c1ccccc1", "C.O", "*C", None)
    )
    expected = np.mean([properties(Chem.MolFromSmiles(s)) for s in ("CCO", "c1ccccc1")], axis=0)
    np.testing.assert_allclose(list(figures.values()), expected)
    assert list(figures) == ["qed@6", "logp@6", "sa@6"]


@pytest.mark.parametrize("name", ["molecules", "molecule_properties"])
def test_vectors_are_refused(name):
    with pytest.raises(ValueError, match="Molecules are a dict"):
        scored(name, _known(), np.zeros((2, 16)))


def test_no_samples_are_refused():
    empty = {"atoms": np.zeros((0, 9), int), "bonds": np.zeros((0, 9, 9), int)}
    with pytest.raises(ValueError, match="received 0 samples"):
        scored("molecules", _known(), empty)
