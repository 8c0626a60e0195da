"""Molecules decoded by RDKit alone, beside the usual decoding."""

import math
import types

import numpy as np
import pytest
from harness import scored
from rdkit import Chem

from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics.frechet import Moments, frechet_distance
from qlatent_tf.metrics.molecules import chemnet

PYRROLE, PYRIDINE = "c1cc[nH]c1", "c1ccncc1"
# The graph of this tautomer is decoded as the other one, which comes first in the alphabet.
MOVED, GIVEN = "Cc1c[nH]cn1", "Cc1cnc[nH]1"


@pytest.fixture(autouse=True)
def activations(tmp_path, monkeypatch):
    """Activations of two numbers, so that no network is needed."""
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(chemnet, "weights_file", lambda: None)
    monkeypatch.setattr(chemnet, "WIDTH", 2)
    monkeypatch.setattr(chemnet, "activations", lambda smiles, **_: _numbers(smiles))


def _numbers(smiles):
    return np.array([[len(text), text.count("n")] for text in smiles], dtype=float)


def _graphs(*smiles):
    graphs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in smiles]
    atoms, bonds = map(np.stack, zip(*graphs, strict=True))
    return {"atoms": atoms, "bonds": bonds}


def _dataset():
    return types.SimpleNamespace(
        name="some",
        smiles=frozenset({PYRROLE, "CCO", MOVED}),
        plain_smiles=frozenset({"CCO", "CCN"}),
        file_smiles=frozenset({PYRROLE, "CCO", GIVEN}),
    )


def test_counts_and_distances_of_both_decodings():
    found = scored("plain_decoding", _dataset(), _graphs(PYRROLE, PYRIDINE, "CCO", "CCO", GIVEN))
    assert {
        name.partition("@")[0]: value for name, value in found.items() if "fcd" not in name
    } == {
        "plain_valid_share": 0.6,
        "plain_unique_count": 2,
        "plain_parsed_valid_share": 0.6,
        "plain_parsed_unique_count": 2,
        "plain_parsed_novel_count": 1,  # Pyridine.
        # Pyridine, and the tautomer that its graph is decoded as, which the file lacks.
        "parsed_novel_file_count": 2,
    }
    ours = Moments.of(_numbers([PYRIDINE, "CCO"]))
    for name, reference in (
        ("plain_fcd_some_3@5", [PYRROLE, "CCO", MOVED]),
        ("plain_fcd_alike_some_2@5", ["CCO", "CCN"]),
    ):
        assert found[name] == pytest.approx(frechet_distance(Moments.of(_numbers(reference)), ours))


def test_data_of_too_few_molecules_leave_distances_undefined():
    few = _dataset()
    few.smiles, few.plain_smiles = frozenset({PYRROLE}), frozenset()
    found = scored("plain_decoding", few, _graphs(PYRIDINE, "CCO"))
    assert found["plain_valid_share@2"] == 1
    assert math.isnan(found["plain_fcd_some_1@2"]) and math.isnan(found["plain_fcd_alike_some_0@2"])


def test_what_no_molecule_defines_is_nan():
    found = scored("plain_decoding", _dataset(), _graphs(PYRROLE, PYRROLE))
    assert found["plain_valid_share@2"] == 0 and math.isnan(found["plain_fcd_some_3@2"])
