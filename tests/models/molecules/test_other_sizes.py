"""MolGAN on graphs of other sizes and elements: from a configuration to a preset."""

import csv

import numpy as np
import pytest
from harness import run_tool, tiny_config

from qlatent_tf import datasets, zoo
from qlatent_tf.datasets.molecules.elements import ATOMS, BONDS
from qlatent_tf.resolve import resolve
from qlatent_tf.runs import training
from qlatent_tf.runs.loading import load_model

pytestmark = pytest.mark.usefixtures("eager_steps")
SMILES = ["CC(=O)Nc1ccc(S)cc1", "Clc1ccsc1", "CCS", "CCO", "NS(=O)(=O)c1ccccc1Cl", "CCCCCCCCCCCC"]
SMALL = {
    "generator_units": [6],
    "critic_graph_units": [4],
    "critic_units": [4],
    "critic_readout_units": 4,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("drugs") / "drugs.smi"
    path.write_text("\n".join(SMILES))
    return path


def config(file, **changes):
    asked = {"file": str(file), "max_atoms": 12, "elements": "C,N,O,F,S,Cl"}
    fields = {
        "model": "molgan",
        "latent": "gaussian",
        "dataset": "molecules",
        "dataset_options": asked,
        "latent_options": {"modes": 3},
        "model_options": {**SMALL, "reward": "qed", "replay_size": 8},
        "steps": 3,
        "batch_size": 4,
        "critic_steps": 1,
        "evaluate_every": 3,
        "evaluation_samples": 12,
        "checkpoint_every": 3,
    }
    return tiny_config(**{**fields, **changes})


def test_a_model_follows_the_options_of_the_data(file):
    followed = resolve(config(file)).model_options
    assert (followed["max_atoms"], followed["atom_types"], followed["bond_types"]) == (12, 7, 5)
    usual = resolve(config(file, dataset_options={"file": str(file)})).model_options
    assert (usual["max_atoms"], usual["atom_types"]) == (9, 5)
    qm9 = resolve(config(file, dataset="qm9", dataset_options={})).model_options
    assert (qm9["max_atoms"], qm9["atom_types"]) == (9, 5)
    named = resolve(config(file, model_options={**SMALL, "max_atoms": 4})).model_options
    assert (named["max_atoms"], named["atom_types"]) == (4, 7)
    with pytest.raises(ValueError, match="elements is a list .*received 'CNOF'"):
        resolve(config(file, dataset_options={"file": str(file), "elements": "CNOF"}))
    for one in (followed, usual):
        assert one["bond_types"] == len(BONDS) and one["atom_types"] <= len(ATOMS)


@pytest.mark.parametrize(
    "named, advice",
    [
        ({"max_atoms": 9}, r"\(12, 12\)\. Set model_options.max_atoms=12\.$"),
        ({"atom_types": 5}, r"have type 6\..* Set model_options.atom_types=7\.$"),
        ({"max_atoms": 20, "atom_types": 6}, "max_atoms=12 and model_options.atom_types=7"),
    ],
)
def test_a_size_that_does_not_fit_the_data_is_told_before_training(file, tmp_path, named, advice):
    with pytest.raises(ValueError, match=advice):
        training.train(
            config(file, model_options={**SMALL, **named}), tmp_path / "run", progress=False
        )
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    return training.train(config(file), tmp_path_factory.mktemp("run") / "run", progress=False)


def test_such_a_model_is_trained_scored_and_sampled(run, tmp_path):
    metrics, record = run.read_metrics(), run.read_run()["dataset"]
    assert metrics["step"] == 3 and any(name.startswith("valid") for name in metrics["metrics"])
    assert record["max_atoms"] == 12 and record["elements"] == ["C", "N", "O", "F", "S", "Cl"]
    model, _, step = load_model(run.path)
    samples = model.sample(20, seed=0)
    assert step == 3 and samples["bonds"].shape == (20, 12, 12)
    assert samples["atoms"].max() < 7
    texts = datasets.graphs_to_smiles(samples)
    for name in ("all.smi", "grid.png", "graphs.npy", "table.csv"):
        assert run_tool("sample", run.path, "-n", 20, "--out", tmp_path / name) == 0
    valid = [text for text in texts if text and not set(text) & set(".*")]
    assert (tmp_path / "all.smi").read_text().split() == valid
    with (tmp_path / "table.csv").open() as table:
        assert [row["smiles"] for row in csv.DictReader(table)] == valid


def test_it_is_published_loaded_and_scored_again(run, tmp_path, capsys):
    preset = tmp_path / "drugs"
    scored = ["--num-samples", 12, "--metrics", "molecules"]
    where = ["--models-dir", tmp_path]
    assert run_tool("publish", run.path, "drugs", *where, *scored, "--seeds", 1) == 0
    card = (preset / "README.md").read_text(encoding="utf-8")
    assert '"max_atoms": 12' in card and '"Cl"' in card
    loaded = zoo.from_preset(preset)
    np.testing.assert_array_equal(
        loaded.sample(5, seed=1)["bonds"], load_model(run.path)[0].sample(5, seed=1)["bonds"]
    )
    scored += ["molecule_properties", "molecule_diversity", "molecule_substructures"]
    assert run_tool("evaluate", preset, *scored) == 0
    assert "valid" in capsys.readouterr().out


def test_rewards_are_those_of_larger_molecules(run):
    model, _, _ = load_model(run.path)
    data = datasets.from_smiles(SMILES, max_atoms=12, elements=["C", "N", "O", "S", "Cl"])
    scores = model.score(data.source)
    assert scores.shape == (len(SMILES),) and (scores > 0).all()
