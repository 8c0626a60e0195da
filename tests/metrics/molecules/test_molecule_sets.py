"""Diversity, nearest neighbours, substructures and distributions of properties."""

import itertools
import math
import types

import numpy as np
import pytest
from harness import scored
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics.molecules import properties as molecule_properties
from qlatent_tf.metrics.molecules.diversity import nearest
from qlatent_tf.metrics.molecules.substructures import GROUPS, groups_of, scaffold

NOTHING = {"atoms": np.zeros((3, 9), int), "bonds": np.zeros((3, 9, 9), int)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    return tmp_path / "metrics"


def _samples(*smiles):
    graphs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in smiles]
    return {"atoms": np.stack([g[0] for g in graphs]), "bonds": np.stack([g[1] for g in graphs])}


def _known(*smiles):
    return types.SimpleNamespace(name="some", smiles=frozenset(smiles))


def _environments(smiles):
    """The hashes of the environments of radius 2, from counts that are not folded, then folded."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    counts = generator.GetSparseCountFingerprint(Chem.MolFromSmiles(smiles)).GetNonzeroElements()
    return {key % 2048 for key in counts}


def _tanimoto(a, b):
    a, b = _environments(a), _environments(b)
    return len(a & b) / len(a | b)


def test_diversity_is_that_of_pairs():
    smiles = ["CCO", "CCN", "c1ccccc1", "CC(=O)O"]
    figures = scored("molecule_diversity", None, _samples(*smiles, "OCC", "C.C"))
    expected = 1 - np.mean([_tanimoto(*pair) for pair in itertools.combinations(smiles, 2)])
    assert figures == {"internal_diversity@6": pytest.approx(expected)}


@pytest.mark.parametrize("samples", [NOTHING, _samples("CCO", "OCC")])
def test_one_molecule_has_no_diversity(samples):
    (figure,) = scored("molecule_diversity", None, samples).values()
    assert math.isnan(figure)


def test_nearest_molecules():
    known = ["c1ccccc1", "CCCO", "CCN", "CCCCO"]
    found = nearest(["CCCCCO", "CCN"], known, count=2)
    assert [[name for name, _ in row] for row in found] == [["CCCCO", "CCCO"], ["CCN", "CCCO"]]
    for text, row in zip(["CCCCCO", "CCN"], found, strict=True):
        for name, similarity in row:
            assert similarity == pytest.approx(_tanimoto(text, name))
    with pytest.raises(ValueError, match="4 known molecules; received count 5"):
        nearest(["C"], known, count=5)


def test_wasserstein_distance_of_properties():
    known = ["CCO", "c1ccccc1", "CCN", "CCCC"]
    table = molecule_properties.property_table(known)
    dataset = _known(*known)
    same = scored("molecule_property_distances", dataset, _samples(*known, "OCC"))
    assert same == pytest.approx({f"{name}_distance_some_4@5": 0 for name in ("qed", "logp", "sa")})
    # From one point, the distance is the mean distance to it.
    single = scored("molecule_property_distances", dataset, _samples("CCO", "CCO"))
    np.testing.assert_allclose(list(single.values()), np.abs(table - table[0]).mean(axis=0))
    nothing = scored("molecule_property_distances", dataset, NOTHING)
    assert all(math.isnan(value) for value in nothing.values()) and len(nothing) == 3


@pytest.mark.parametrize("name", ["molecule_property_distances", "molecule_substructures"])
def test_the_data_set_is_described_once(name, cache, monkeypatch):
    dataset, samples = _known("CCO", "C1CC1"), _samples("CCO", "CCN")
    first = scored(name, dataset, samples)
    (file,) = cache.iterdir()
    time = file.stat().st_mtime_ns
    assert scored(name, dataset, samples) == first
    assert file.stat().st_mtime_ns == time
    file.write_bytes(file.read_bytes()[:-30])
    assert scored(name, dataset, samples) == first
    scored(name, _known("CCO", "CCC"), samples)
    assert len(list(cache.iterdir())) == 2


def test_a_data_set_without_molecules_is_refused():
    with pytest.raises(ValueError, match="'some' has no samples"):
        scored("molecule_substructures", _known(), NOTHING)


def test_substructures_are_counted_over_distinct_molecules():
    dataset = _known("CCO", "CCC1CC1", "C1CCC1O", "CF")
    samples = _samples("CCO", "OCC", "CC1CC1", "OC1CC1", "C1CCOC1", "CC#N")
    figures = scored("molecule_substructures", dataset, samples)
    assert figures["scaffold_count@6"] == 2  # of three and five atoms
    assert figures["new_scaffold_count_some_4@6"] == 1
    counts = {name: figures[f"{name}_count@6"] for name in GROUPS}
    assert {name: count for name, count in counts.items() if count} == {
        "alcohol": 2,
        "ether": 1,
        "nitrile": 1,
        "ring_of_3": 2,
    }
    # Of 5 and of 4 molecules: alcohol 2 and 2, ether 1 and 0, nitrile 1 and 0, ring of three 2
    # and 1, ring of four 0 and 1, fluorine 0 and 1.
    gap = (abs(2 / 5 - 2 / 4) + 1 / 5 + 1 / 5 + abs(2 / 5 - 1 / 4) + 1 / 4 + 1 / 4) / len(GROUPS)
    assert figures["group_gap_some_4@6"] == pytest.approx(gap)


def test_nothing_has_no_substructures():
    figures = scored("molecule_substructures", _known("CC"), NOTHING)
    assert math.isnan(figures.pop("group_gap_some_1@3")) and set(figures.values()) == {0}


@pytest.mark.parametrize(
    "smiles, groups",
    [
        ("CCO", "alcohol"),
        ("COC", "ether"),
        ("CC=O", "aldehyde"),
        ("CC(C)=O", "ketone"),
        ("CC(=O)O", "carboxylic_acid"),
        ("CC(=O)OC", "ester"),
        ("CC(N)=O", "amide"),
        ("CNC", "amine"),
        ("CC=N", "imine"),
        ("CC#N", "nitrile"),
        ("CC=C", "alkene"),
        ("CC#C", "alkyne"),
        ("c1ccccc1", "aromatic_ring"),
        ("C1CO1", "ether ring_of_3"),
        ("C1CCC1", "ring_of_4"),
        ("CF", "fluorine"),
        ("CCC", ""),
        ("OC=O", "carboxylic_acid"),
        ("Nc1ccccc1", "aromatic_ring"),
        ("c1ccoc1", "aromatic_ring"),
        ("N", ""),
        ("CN(C)C", "amine"),
        ("CNC(C)=O", "amide"),
        ("CNO", ""),
        ("CNc1ccccc1", "aromatic_ring"),
    ],
)
def test_groups(smiles, groups):
    found = groups_of(Chem.MolFromSmiles(smiles))
    assert [name for name, there in zip(GROUPS, found, strict=True) if there] == sorted(
        groups.split(), key=list(GROUPS).index
    )


@pytest.mark.parametrize(
    "smiles, expected",
    [
        ("CCO", ""),
        ("CCC1CC1O", "C1CC1"),
        ("C1CC1CC1CC1", "C1CC1CC1CC1"),
    ],
)
def test_scaffold(smiles, expected):
    assert Chem.CanonSmiles(scaffold(Chem.MolFromSmiles(smiles))) == Chem.CanonSmiles(expected)
