"""Graphs of other sizes and elements: encoded, decoded, kept apart, and told of."""

import logging

import numpy as np
import pytest
import rdkit
from rdkit import Chem, rdBase
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from qlatent_tf import datasets
from qlatent_tf.datasets.molecules import graphs as molecule_graphs
from qlatent_tf.datasets.molecules import hydrogens
from qlatent_tf.datasets.molecules.elements import (
    ATOMIC_NUMBERS,
    ATOMS,
    check_elements,
    check_max_atoms,
    graph_sizes,
    in_words,
)
from qlatent_tf.datasets.molecules.encode import encode, load_encoded, load_molecules
from qlatent_tf.datasets.molecules.graphs import (
    GraphError,
    canonical_smiles,
    graphs_to_smiles,
    molecule_to_graph,
)
from qlatent_tf.storage.array_cache import cache_path
from qlatent_tf.storage.files import sha256_of

ALL = ATOMS[1:]
# Each comes back as itself.
WHOLE = {
    "thiophene": "c1ccsc1",
    "thiazole": "c1cscn1",
    "selenophene": "c1cc[se]c1",
    "sulfonamide": "CC(=O)Nc1ccc(S(N)(=O)=O)cc1",
    "sulfoxide": "CS(C)=O",
    "sulfur hexafluoride": "FS(F)(F)(F)(F)F",
    "phosphate": "COP(=O)(O)O",
    "boronic acid": "OB(O)c1ccccc1",
    "silane": "C[Si](C)(C)Cl",
    "halogens": "Brc1ccccc1I",
    "indole": "c1ccc2[nH]ccc2c1",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "xanthine": "O=c1[nH]c(=O)c2[nH]cnc2[nH]1",
    "uric acid": "O=c1[nH]c(=O)c2[nH]c(=O)[nH]c2[nH]1",
    "two imidazoles": "c1c[nH]c(-c2ncc[nH]2)n1",
    "three indoles": "NC(Cc1c[nH]c2ccccc12)C(=O)NC(Cc1c[nH]c2ccccc12)C(=O)"
    "NC(Cc1c[nH]c2ccccc12)C(=O)O",
    "sildenafil": "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12",
}
# The graph does not say where the hydrogen is: one tautomer stands for all.
TAUTOMERS = {
    "guanine": "Nc1nc2[nH]cnc2c(=O)[nH]1",
    "losartan": "CCCCc1nc(Cl)c(CO)n1Cc1ccc(-c2ccccc2-c2nnn[nH]2)cc1",
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "drugs.smi"
    path.write_text("CCO\nCCS\nClc1ccsc1\nCC(=O)Nc1ccc(S(N)(=O)=O)cc1\nC[N+](=O)[O-]\nC[Te]C\n")
    return path


def test_codes_are_never_changed():
    assert ATOMS[:6] == ("PAD", "C", "N", "O", "F", "S")
    assert ATOMS[6:] == ("Cl", "Br", "P", "I", "B", "Si", "Se")
    numbers = map(Chem.GetPeriodicTable().GetAtomicNumber, ALL)
    assert (0, *numbers) == ATOMIC_NUMBERS


@pytest.mark.parametrize("smiles", [*WHOLE.values(), *TAUTOMERS.values()], ids=[*WHOLE, *TAUTOMERS])
def test_drug_like_molecules_come_back_however_nodes_are_numbered(smiles):
    molecule = Chem.MolFromSmiles(smiles)
    atoms, bonds = molecule_to_graph(molecule, 45, ALL)
    rng = np.random.default_rng(0)
    orders = [np.arange(45), *(rng.permutation(45) for _ in range(3))]
    batch = {
        "atoms": np.stack([atoms[order] for order in orders]),
        "bonds": np.stack([bonds[np.ix_(order, order)] for order in orders]),
    }
    (decoded,) = set(graphs_to_smiles(batch))
    back = Chem.MolFromSmiles(decoded)
    assert CalcMolFormula(back) == CalcMolFormula(molecule)
    np.testing.assert_array_equal(np.sort(molecule_to_graph(back, 45, ALL)[0]), np.sort(atoms))
    assert (decoded == canonical_smiles(molecule)) == (smiles in WHOLE.values())


def test_the_size_and_the_elements_decide_what_is_taken():
    molecule = Chem.MolFromSmiles("CCS")
    atoms, bonds = molecule_to_graph(molecule, max_atoms=3, elements=["S", "C"])
    assert atoms.tolist() == [1, 1, 5] and bonds.shape == (3, 3)
    for options, reason in (
        ({"max_atoms": 2, "elements": ["C", "S"]}, "more than 2 heavy atoms"),
        ({"elements": ["C", "F", "Cl"]}, "an element besides C, F and Cl"),
        ({"elements": ["C"]}, "an element besides C$"),
    ):
        with pytest.raises(GraphError) as caught:
            molecule_to_graph(molecule, **options)
        assert caught.value.reason == reason.removesuffix("$") and caught.value.by_options
    with pytest.raises(GraphError, match="an element besides") as caught:
        molecule_to_graph(Chem.MolFromSmiles("C[Te]C"), elements=ALL)
    assert not caught.value.by_options
    with pytest.raises(GraphError, match="a formal charge"):
        molecule_to_graph(Chem.MolFromSmiles("C[N+](=O)[O-]"), elements=ALL)


@pytest.mark.parametrize(
    "value, message",
    [
        ("CNOF", "received 'CNOF' in 'CNOF'"),
        (["C", "Xx"], "received 'Xx'"),
        (["C", "cl"], r"received 'cl' in .*Did you mean Cl\?"),
        (["C", "C"], "received 'C' twice"),
        (["C", "PAD"], "received 'PAD'"),
        (["C", 6], "received 6"),
        ([], r"received \[\]"),
        ("", "received ''"),
        (None, "received None"),
        (6, "received 6"),
    ],
)
def test_what_are_no_elements_is_told(value, message):
    with pytest.raises(ValueError, match=f"elements is a list of different symbols .*{message}"):
        check_elements(value)


@pytest.mark.parametrize("value", [0, -1, 101, 2.5, True, "9", None])
def test_what_is_no_size_is_told(value):
    with pytest.raises(ValueError, match=f"max_atoms is .*received {value!r}"):
        check_max_atoms(value)
    with pytest.raises(ValueError, match="max_atoms"):
        datasets.molecule_file(file="nowhere.smi", max_atoms=value)


def test_types_are_counted_by_the_highest_code():
    assert check_elements(["Cl", "C"]) == check_elements("Cl, C") == ("C", "Cl")
    assert graph_sizes({"max_atoms": 9, "elements": ["C", "N", "O", "F"]}) == (9, 5)
    assert graph_sizes({"max_atoms": 30, "elements": ["S", "C"]}) == (30, 6)
    assert graph_sizes({"max_atoms": 1, "elements": "Se"}) == (1, len(ATOMS))
    assert in_words(("C", "S")) == "C and S" and in_words(("C",)) == "C"


def test_a_file_keeps_more_with_more_atoms_and_elements(file, caplog):
    with caplog.at_level(logging.WARNING):
        usual = datasets.molecule_file(file=file, progress=False)
    assert usual.smiles == {"CCO"}
    hint = "take more: max_atoms above 9 (the largest has 14) and elements=C,N,O,F,S,Cl."
    assert hint in caplog.text
    assert not {"max_atoms", "elements"} & usual.provenance.keys()
    asked = {"max_atoms": 14, "elements": ["S", "Cl", "O", "N", "C"]}
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        more = datasets.load("molecules", file=file, progress=False, **asked)
    assert len(more.smiles) == 4 and more.source["bonds"].shape == (4, 14, 14)
    assert more.provenance["max_atoms"] == 14
    assert more.provenance["elements"] == ["C", "N", "O", "S", "Cl"]
    assert more.provenance["refused"] == {
        "a formal charge": 1,
        "an element besides C, N, O, S and Cl": 1,
    }
    assert "are left out" in caplog.text and "take more" not in caplog.text
    listed = datasets.from_smiles(file.read_text().split(), progress=False, **asked)
    assert listed.smiles == more.smiles
    assert listed.provenance["elements"] == more.provenance["elements"]


def test_where_nothing_is_kept_the_options_are_named():
    with pytest.raises(ValueError, match="None of .*take more: elements=C,N,O,F,S"):
        encode([Chem.MolFromSmiles("CS")], label="x")


def test_the_cache_tells_the_options_apart(file):
    digest = sha256_of(file)
    usual = load_molecules("some", file, progress=False)
    path = cache_path("molecules", "some", f"{digest}/4/{rdkit.__version__}")
    # As versions without options wrote it.
    with np.load(path) as arrays:
        assert str(arrays["key"]) == f"{digest}/4/{rdkit.__version__}"
    larger = load_molecules("some", file, progress=False, max_atoms=14)
    other = load_molecules("some", file, progress=False, elements=["S", "C", "O"])
    assert usual.smiles == larger.smiles == {"CCO"} and other.smiles == {"CCO", "CCS"}
    assert len(list(path.parent.iterdir())) == 3
    # Without the file the usual graphs are found, and they alone.
    assert load_encoded("some").source["atoms"].shape == (1, 9)
    path.unlink()
    assert load_encoded("some") is None


def test_a_cache_of_other_options_is_damaged(file, caplog):
    digest = sha256_of(file)
    load_molecules("some", file, progress=False, max_atoms=12)
    usual = cache_path("molecules", "some", f"{digest}/4/{rdkit.__version__}")
    (other,) = usual.parent.iterdir()
    with np.load(other) as arrays:
        np.savez(usual, **{**arrays, "key": f"{digest}/4/{rdkit.__version__}"})
    with caplog.at_level(logging.WARNING, logger="absl"):
        assert load_molecules("some", file, progress=False).source["atoms"].shape == (1, 9)
    assert "its graphs are of other options" in caplog.text


def test_graphs_of_ones_own_have_any_size():
    atoms, bonds = molecule_to_graph(Chem.MolFromSmiles(WHOLE["sildenafil"]), 40, ALL)
    data = datasets.from_arrays({"atoms": atoms[None], "bonds": bonds[None]})
    assert data.smiles == {WHOLE["sildenafil"]}
    assert data.render(data.source).shape == (160, 200, 3)


def ring_graph(atoms, rings, rng):
    """Aromatic rings of carbon and nitrogen in a chain, as an untrained generator may make them."""
    codes = np.zeros(atoms, np.int8)
    bonds = np.zeros((atoms, atoms), np.int8)
    start = 0
    for size in rings:
        codes[start : start + size] = rng.choice([1, 2], size, p=[0.4, 0.6])
        for node in range(size):
            left, right = start + node, start + (node + 1) % size
            bonds[left, right] = bonds[right, left] = 4
        if start:
            bonds[start - 1, start] = bonds[start, start - 1] = 1
        start += size
    return codes, bonds


@pytest.mark.parametrize("rings", [[5] * 8, [6] * 6, [20, 20], [40]], ids=str)
def test_the_work_on_a_large_graph_is_bounded(rings, monkeypatch):
    """Counted, not timed: of 24 nitrogens there are 16 million ways to place hydrogens."""
    attempts, original = [], Chem.SanitizeMol

    def counted(*given, **named):
        attempts.append(1)
        return original(*given, **named)

    monkeypatch.setattr(hydrogens.Chem, "SanitizeMol", counted)
    rng = np.random.default_rng(0)
    for _ in range(5):
        attempts.clear()
        with rdBase.BlockLogs():
            molecule_graphs.decode(*ring_graph(40, rings, rng))
        assert len(attempts) <= 1 + 64 + 257 * len(rings)


def test_graphs_of_nine_atoms_are_decoded_as_ever():
    """All rings are tried together there. By itself, the ring of five would have another one."""
    codes = np.array([1, 1, 1, 2, 2, 2, 2, 2, 0], np.int8)
    bonds = np.zeros((9, 9), np.int8)
    for left, right in ((0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (5, 6), (6, 7), (7, 5)):
        bonds[left, right] = bonds[right, left] = 4
    bonds[2, 5] = bonds[5, 2] = 1
    graph = {"atoms": codes[None], "bonds": bonds[None]}
    assert graphs_to_smiles(graph) == ["c1cc(-n2[nH][nH]2)[nH]n1"]
