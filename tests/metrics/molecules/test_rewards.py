import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen

from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
from qlatent_tf.metrics.molecules import rewards as molecule_rewards
from qlatent_tf.metrics.molecules.properties import properties
from qlatent_tf.registry import rewards

SMILES = ["CCO", "c1ccncc1", "CC(=O)NC", "FC(F)(F)C", "CCO"]


@pytest.fixture
def graphs():
    """Five molecules, two fragments, a wildcard, a carbon with five bonds, and no atom at all."""
    pairs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in [*SMILES, "CC"]]
    atoms, bonds = (np.stack(parts) for parts in zip(*pairs, strict=True))
    rows = [0, 1, 2, 3, 4, 5, 5, 0, 0]
    atoms, bonds = atoms[rows], bonds[rows]
    bonds[-4] = 0  # C.C
    atoms[-3, 1] = 0  # C*
    atoms[-2], bonds[-2] = 1, 0
    bonds[-2, 0, 1:6] = bonds[-2, 1:6, 0] = 1
    atoms[-1], bonds[-1] = 0, 0
    return {"atoms": atoms, "bonds": bonds}


def test_registered_rewards_are_those_of_the_papers_properties():
    assert rewards.names() == ["logp", "qed", "sa", "valid"]


def test_rewards_are_normalised_properties_and_0_for_what_is_no_molecule(graphs):
    molecules = [Chem.MolFromSmiles(text) for text in SMILES]
    expected = {
        "qed": [QED.qed(molecule) for molecule in molecules],
        "logp": [
            (Crippen.MolLogP(molecule) + 2.12178879609) / 8.16469513850 for molecule in molecules
        ],
        "sa": [np.clip((5 - properties(molecule)[2]) / 3.5, 0, 1) for molecule in molecules],
        "valid": [1] * len(molecules),
    }
    for name, values in expected.items():
        found = rewards.get(name)(graphs)
        np.testing.assert_allclose(found[:5], values, rtol=1e-9, err_msg=name)
        np.testing.assert_array_equal(found[5:], 0)


@pytest.mark.parametrize(
    ("name", "values", "worth"),
    [
        (
            "logp",
            [-5, -2.12178879609, (6.0429063424 - 2.12178879609) / 2, 6.0429063424, 9],
            [0, 0, 0.5, 1, 1],
        ),
        ("sa", [7, 5, 3.25, 1.5, 1], [0, 0, 0.5, 1, 1]),
    ],
)
def test_the_ends_of_the_ranges(graphs, monkeypatch, name, values, worth):
    table = np.repeat(np.array(values)[:, None], 3, axis=1)
    monkeypatch.setattr(molecule_rewards, "graph_properties", lambda samples, **options: table)
    np.testing.assert_allclose(rewards.get(name)(graphs), worth, atol=1e-12)


def test_those_of_a_data_set_are_kept(graphs, monkeypatch, tmp_path):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    first = rewards.get("qed")(graphs, keep=True)
    (file,) = (tmp_path / "metrics").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(molecule_rewards, "property_table", None)
        np.testing.assert_array_equal(rewards.get("qed")(graphs, keep=True), first)
        rewards.get("sa")(graphs, keep=True)  # One file holds all properties.
    assert rewards.get("valid")(graphs, keep=True).tolist() == [1] * 5 + [0] * 4
    (kept,) = (tmp_path / "metrics").glob("graph_validity*")
    with monkeypatch.context() as patch:
        patch.setattr(molecule_rewards, "graphs_to_smiles", None)
        assert rewards.get("valid")(graphs, keep=True).tolist() == [1] * 5 + [0] * 4
    kept.unlink()
    other = {**graphs, "atoms": graphs["atoms"][:, ::-1], "bonds": graphs["bonds"][:, ::-1, ::-1]}
    np.testing.assert_array_equal(rewards.get("qed")(other, keep=True), first)
    assert len(list((tmp_path / "metrics").iterdir())) == 2
    file.write_bytes(file.read_bytes()[:60])
    np.testing.assert_array_equal(rewards.get("qed")(graphs, keep=True), first)
