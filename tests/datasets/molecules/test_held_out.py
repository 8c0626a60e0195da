import json

import numpy as np
import pytest
from qlatent_tf.tools import evaluate as tool

from qlatent_tf import datasets
from qlatent_tf.datasets.molecules import encode
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.datasets.molecules.held_out import held_out
from qlatent_tf.datasets.molecules.small_molecules import small_molecules
from qlatent_tf.runs.evaluation import evaluate_real
from qlatent_tf.storage import files

SMILES = ["C" * count for count in range(1, 10)] + ["CO", "OC", "CN", "c1c[nH]cn1", "c1cnc[nH]1"]


@pytest.fixture(scope="module")
def halves():
    return datasets.from_smiles(SMILES, test_share=0.5, progress=False)


def test_held_out_molecules_are_in_no_set_of_the_others(halves):
    whole = datasets.from_smiles(SMILES, progress=False)
    out = set(graphs_to_smiles(halves.test))
    assert out and halves.smiles and not out & halves.smiles
    assert out | halves.smiles == whole.smiles and whole.test is None
    assert set(graphs_to_smiles(halves.source)) == halves.smiles == halves.file_smiles
    counts, before = halves.provenance, whole.provenance
    assert counts["molecules"] + counts["held_out"] == before["molecules"] == len(SMILES)
    assert counts["distinct_molecules"] + len(out) == before["distinct_molecules"]
    assert counts["test_share"] == 0.5 and "test_share" not in before


def test_the_same_ones_are_held_out_in_any_order_and_company(halves):
    out = set(graphs_to_smiles(halves.test))
    turned = datasets.from_smiles(SMILES[::-1], test_share=0.5, progress=False)
    assert set(graphs_to_smiles(turned.test)) == out
    few = sorted(out)[:2] + sorted(halves.smiles)[:2]
    assert held_out(np.array(few), 0.5, "few").tolist() == [True, True, False, False]


def test_the_share_is_about_that_of_distinct_molecules():
    data = small_molecules(test_share=0.2, progress=False)
    out = len(set(graphs_to_smiles(data.test)))
    # Of 10,316, a binomial deviation is 41.
    assert abs(out - 0.2 * 10_316) < 4 * 41
    assert len(data.smiles) == 10_316 - out


@pytest.mark.parametrize("share", [1e-12, 0.9999999, 1, -0.1, float("nan"), "half"])
def test_a_share_that_leaves_nothing_on_one_side_is_refused(share):
    with pytest.raises(ValueError, match=r"test_share"):
        datasets.from_smiles(SMILES, test_share=share, progress=False)


@pytest.mark.parametrize("share", [1, 1.0, -0.1, float("nan"), "half", True, None], ids=repr)
def test_a_share_is_looked_at_before_any_molecule(folder, monkeypatch, share):
    (folder / "mine.smi").write_text("CCO\n")
    monkeypatch.setattr(encode, "load_molecules", None)
    monkeypatch.setattr(encode, "encode", None)
    for reader in ("find_data_file", "check_shipped"):
        monkeypatch.setattr(files, reader, None)
    for load in (
        lambda: datasets.load("qm9", test_share=share),
        lambda: datasets.load("small_molecules", test_share=share),
        lambda: datasets.load("molecules", file="absent.smi", test_share=share),
        lambda: datasets.from_smiles("mine.smi", test_share=share),
        lambda: datasets.from_smiles(["CCO"], test_share=share),
    ):
        with pytest.raises(ValueError, match="test_share is a number from 0 to below 1; received"):
            load()


def test_they_are_scored_as_if_a_model_had_made_them(halves, tmp_path, capsys):
    size = halves.provenance["held_out"]
    evaluation = evaluate_real(halves, metric_names=["molecules"])
    scores = evaluation["metrics"]
    assert evaluation["num_samples"] == size
    assert scores[f"valid_share@{size}"]["mean"] == scores[f"novel_share@{size}"]["mean"] == 1
    whole = datasets.from_smiles(SMILES, progress=False)
    with pytest.raises(ValueError, match="no held-out samples to score.*test_share"):
        evaluate_real(whole, metric_names=["molecules"])
    file = tmp_path / "mine.smi"
    file.write_text("\n".join(SMILES))
    settings = [f"dataset_options.file={file}", "dataset_options.test_share=0.5"]
    named = [part for setting in settings for part in ("--set", setting)]
    arguments = ["--real", "--dataset", "molecules", "--metrics", "molecules", "--json", *named]
    assert tool.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"] == scores and found["num_samples"] == size
