import numpy as np
import pytest
from rdkit import Chem

from qlatent_tf.datasets.molecules.graphs import (
    GraphError,
    canonical_smiles,
    check_graphs,
    graph_to_molecule,
    graphs_to_molecules,
    graphs_to_smiles,
    molecule_to_graph,
)

SMILES = [
    "C",
    "CCO",
    "C#N",
    "N#Cc1ccncc1",
    "FC(F)(F)C(=O)O",
    "C1CC2CC1CN2",
    "c1cc[nH]c1",
    "c1cnc[nH]1",
    "O=c1cc[nH]cc1",
    "O=c1[nH]cc[nH]1",
    "O=c1[nH]c(=O)[nH]c(=O)[nH]1",
    "c1cc2cc[nH]cc-2n1",
    "C1=CC=C1",
    "C1=CC=CC=CC=C1",
    "CC(=O)N",
]


def _graph(smiles):
    return molecule_to_graph(Chem.MolFromSmiles(smiles))


def _batch(*graphs):
    return {"atoms": np.stack([g[0] for g in graphs]), "bonds": np.stack([g[1] for g in graphs])}


def _by_hand(atoms, *bonds):
    codes, matrix = np.zeros(9, np.int8), np.zeros((9, 9), np.int8)
    codes[: len(atoms)] = atoms
    for left, right, code in bonds:
        matrix[left, right] = matrix[right, left] = code
    return codes, matrix


def test_codes():
    atoms, bonds = _graph("C=NC#CF")
    expected = _by_hand([1, 2, 1, 1, 4], (0, 1, 2), (1, 2, 1), (2, 3, 3), (3, 4, 1))
    np.testing.assert_array_equal(atoms, expected[0])
    np.testing.assert_array_equal(bonds, expected[1])
    assert atoms.dtype == bonds.dtype == np.int8


def test_aromatic_bonds_keep_their_code():
    _, bonds = _graph("c1ccoc1")
    assert (bonds == 4).sum() == 10 and (bonds != 0).sum() == 10


@pytest.mark.parametrize("smiles", SMILES)
def test_decoding_gives_the_molecule_back_however_nodes_are_numbered(smiles):
    atoms, bonds = _graph(smiles)
    rng = np.random.default_rng(0)
    orders = [np.arange(9), *(rng.permutation(9) for _ in range(5))]
    batch = _batch(*((atoms[order], bonds[np.ix_(order, order)]) for order in orders))
    decoded = graphs_to_smiles(batch)
    assert len(set(decoded)) == 1
    given, back = Chem.MolFromSmiles(smiles), Chem.MolFromSmiles(decoded[0])
    # Tautomers of one aromatic ring have one graph; the number of hydrogens is kept.
    assert Chem.AddHs(given).GetNumAtoms() == Chem.AddHs(back).GetNumAtoms()
    assert np.count_nonzero(molecule_to_graph(back)[1] == 4) == np.count_nonzero(bonds == 4)
    if "[nH]" not in smiles:
        assert decoded[0] == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize(
    "one, other",
    [
        ("Cc1c[nH]cn1", "Cc1cnc[nH]1"),
        ("c1c[nH]nn1", "c1cn[nH]n1"),
        ("c1nc[nH]n1", "c1nnc[nH]1"),
    ],
)
def test_tautomers_of_an_aromatic_ring_have_one_smiles(one, other):
    first, second = graphs_to_smiles(_batch(_graph(one), _graph(other)))
    assert first == second and first in (one, other)


@pytest.mark.parametrize(
    "graph, smiles",
    [
        (_by_hand([]), None),  # no atom at all
        (_by_hand([1, 0, 0]), "C"),  # PAD without bonds is nothing
        (_by_hand([1, 0], (0, 1, 1)), "*C"),  # PAD with bonds is a wildcard
        (_by_hand([1, 3]), "C.O"),
        (_by_hand([4, 1, 4], (0, 1, 1), (1, 2, 3)), None),  # fluorine with three bonds
        (_by_hand([1, 1, 1], (0, 1, 4), (1, 2, 4)), None),  # an aromatic chain
        (_by_hand([2, 1, 1, 1, 1], *((i, (i + 1) % 5, 4) for i in range(5))), "c1cc[nH]c1"),
        (_by_hand([1] * 4, *((i, (i + 1) % 4, 4) for i in range(4))), "C1=CC=C1"),
        (_by_hand([1] * 5, *((i, (i + 1) % 5, 4) for i in range(5))), None),
    ],
)
def test_graphs_that_are_no_ordinary_molecules(graph, smiles):
    assert graphs_to_smiles(_batch(graph)) == [smiles]
    molecule = graph_to_molecule(*graph)
    assert (molecule and canonical_smiles(molecule)) == smiles


def test_every_smiles_parses_to_itself():
    rng = np.random.default_rng(1)
    bonds = rng.choice(5, p=[0.82, 0.1, 0.03, 0.01, 0.04], size=(400, 9, 9))
    bonds = np.triu(bonds, 1) + np.triu(bonds, 1).transpose(0, 2, 1)
    decoded = graphs_to_smiles({"atoms": rng.integers(0, 5, (400, 9)), "bonds": bonds})
    texts = [smiles for smiles in decoded if smiles is not None]
    assert 10 < len(texts) < 400
    assert texts == [Chem.CanonSmiles(smiles) for smiles in texts]


@pytest.mark.parametrize(
    "smiles, reason",
    [
        ("CCCCCCCCCC", "more than 9 heavy atoms"),
        ("CS", "an element besides"),
        ("[NH3+]CC(=O)[O-]", "a formal charge"),
        ("C->[Pt]", "an element besides"),
        ("", "no atoms"),
        ("C$C", "a bond of another kind"),
        ("C~C", "a bond of another kind"),
        ("N->O", "a bond of another kind"),
    ],
)
def test_molecules_without_a_graph(smiles, reason):
    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    molecule.UpdatePropertyCache(strict=False)
    with pytest.raises(GraphError, match=reason):
        molecule_to_graph(molecule)


def test_what_is_no_molecule_without_hydrogens_is_told():
    with pytest.raises(ValueError, match="of a molecule of RDKit; received None"):
        molecule_to_graph(Chem.MolFromSmiles("C("))
    with pytest.raises(GraphError, match="hydrogens as atoms of their own"):
        molecule_to_graph(Chem.AddHs(Chem.MolFromSmiles("CCC")))
    with pytest.raises(GraphError, match="an unpaired electron"):
        molecule_to_graph(Chem.MolFromSmiles("[CH3]"))


@pytest.mark.parametrize(
    "samples, message",
    [
        (np.zeros((2, 9)), "dict of 'atoms'"),
        ({"atoms": np.zeros((2, 9), int)}, r"received \['atoms'\]"),
        ({"atoms": np.zeros((2, 9), int), "bonds": np.zeros((3, 9, 9), int)}, r"\(3, 9, 9\)"),
        ({"atoms": np.zeros((2, 8), int), "bonds": np.zeros((2, 9, 9), int)}, r"\(2, 8\)"),
        ({"atoms": np.zeros((2, 0), int), "bonds": np.zeros((2, 0, 0), int)}, r"\(2, 0\)"),
        ({"atoms": np.zeros(2, int), "bonds": np.zeros((2, 2), int)}, r"\(2,\)"),
        ({"atoms": np.zeros((2, 9)), "bonds": np.zeros((2, 9, 9), int)}, "float64"),
        ({"atoms": np.full((2, 9), 13), "bonds": np.zeros((2, 9, 9), int)}, "0 to 12; received 13"),
        ({"atoms": np.zeros((2, 9), int), "bonds": np.full((2, 9, 9), -1)}, "received -1"),
    ],
)
def test_what_is_no_graph_is_refused(samples, message):
    with pytest.raises(ValueError, match=message):
        check_graphs(samples)


def test_no_samples_have_no_smiles():
    empty = {"atoms": np.zeros((0, 9), np.int8), "bonds": np.zeros((0, 9, 9), np.int8)}
    assert graphs_to_smiles(empty) == []


def test_plain_decoding_is_that_of_rdkit_alone():
    batch = _batch(_graph("c1cc[nH]c1"), _graph("c1ccncc1"), _graph("CCO"))
    assert graphs_to_smiles(batch) == ["c1cc[nH]c1", "c1ccncc1", "CCO"]
    assert graphs_to_smiles(batch, plain=True) == [None, "c1ccncc1", "CCO"]


def test_molecules_are_those_of_the_smiles():
    batch = _batch(_graph("c1cc[nH]c1"), _graph("CCO"))
    batch["atoms"][1] = 4  # fluorine everywhere: no molecule
    for plain in (False, True):
        molecules = graphs_to_molecules(batch, plain=plain)
        texts = [molecule and canonical_smiles(molecule) for molecule in molecules]
        assert texts == graphs_to_smiles(batch, plain=plain)
    assert [molecule and molecule.GetNumAtoms() for molecule in graphs_to_molecules(batch)] == [
        5,
        None,
    ]
