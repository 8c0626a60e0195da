import gzip
import importlib

import pytest
from qlatent_tf.tools.data import enumerate_molecules as tool
from rdkit import Chem

FILE = importlib.import_module("qlatent_tf.datasets.molecules.small_molecules").FILE


def _lines(path):
    with gzip.open(path, "rt") as file:
        return file.read().split()


@pytest.mark.parametrize("most", [4, pytest.param(5, marks=pytest.mark.slow)])
def test_the_shipped_file_is_made_again(tmp_path, capsys, most):
    path = tmp_path / "small.smi.gz"
    assert tool.main(["--max-atoms", str(most), "--out", str(path), "--quiet"]) == 0
    shipped = [
        smiles for smiles in _lines(FILE) if Chem.MolFromSmiles(smiles).GetNumAtoms() <= most
    ]
    assert _lines(path) == shipped
    assert f"{len(shipped)} molecules" in capsys.readouterr().out


def test_the_same_molecules_give_the_same_bytes(tmp_path):
    paths = [tmp_path / "one.smi.gz", tmp_path / "another.smi.gz"]
    for path in paths:
        tool.write_smiles(path, ["C", "CC"])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert _lines(paths[0]) == ["C", "CC"]
    # As readers take a file by its name.
    tool.write_smiles(tmp_path / "plain.smi", ["C", "CC"])
    assert (tmp_path / "plain.smi").read_text() == "C\nCC\n"


def test_without_rules_every_bonding_of_three_carbons_is_found(monkeypatch):
    monkeypatch.setattr(tool, "VALENCES", {"C": 4})
    monkeypatch.setattr(tool, "NEVER_GROWN", {})
    monkeypatch.setattr(tool, "REFUSED", {})
    # Chains are pairs of bond orders, rings are triples, and no two orders exceed 4 in sum.
    chains = ["CCC", "C=CC", "C=C=C", "C#CC"]
    rings = ["C1CC1", "C1=CC1", "C1=C=C1", "C1=C=C=1", "C1#CC1"]
    assert tool.enumerate_molecules(3) == [
        "C",
        *sorted(["CC", "C=C", "C#C"]),
        *sorted(map(Chem.CanonSmiles, chains + rings)),
    ]


@pytest.mark.parametrize("table", ["NEVER_GROWN", "REFUSED"])
def test_every_rule_is_a_pattern(table):
    for smarts in getattr(tool, table).values():
        assert Chem.MolFromSmarts(smarts) is not None


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--max-atoms", "0", "--out", "x.smi.gz"], "received 0"),
        ([], "--out"),
    ],
)
def test_bad_arguments(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = tool.main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    assert code and message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
