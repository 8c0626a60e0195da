"""The tool `evaluate`: scores of presets and runs, shown, compared and saved."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from harness import run_tool as run

from qlatent_tf.publishing.rescore import save_scores
from qlatent_tf.runs import evaluation, training
from qlatent_tf.runs.loading import source_config
from qlatent_tf.storage.files import write_json
from qlatent_tf.storage.locks import InUseError, sole_use

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.mark.parametrize("source", ["preset", "mlp_run"])
def test_evaluate_scores_presets_and_runs(source, request, capsys):
    folder = request.getfixturevalue(source)
    capsys.readouterr()
    assert run("evaluate", folder, "--num-samples", 50, "--seeds", 2, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["step"] == 6
    expected = json.loads((request.getfixturevalue("preset") / "metrics.json").read_text())
    assert report["metrics"] == expected["metrics"]


def test_evaluate_prints_a_table_of_chosen_metrics(preset, capsys):
    arguments = ("--num-samples", 30, "--metrics", "discreteness", "--seeds", 2)
    assert run("evaluate", preset, *arguments) == 0
    output = capsys.readouterr().out
    assert "integer_distance@30" in output and "+-" in output and "total_number" not in output


def test_several_sources_are_shown_side_by_side(preset, mlp_run, capsys):
    arguments = ("--num-samples", 30, "--metrics", "discreteness")
    assert run("evaluate", preset, mlp_run, *arguments, "--json") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["source"], second["source"]) == (str(preset), str(mlp_run))
    assert first["metrics"] == second["metrics"]
    assert run("evaluate", preset, mlp_run, *arguments) == 0
    head, names, steps, score = capsys.readouterr().out.splitlines()[:4]
    assert head == "data set quantum, 30 samples x 1"
    assert names.split() == [str(preset), str(mlp_run)] and steps.split() == ["step", "6", "6"]
    value = f"{first['metrics']['integer_distance@30']['mean']:.4g}"
    assert score.split()[:3] == ["integer_distance@30", value, value]


def test_what_was_scored_is_shown_when_the_next_source_fails(preset, tmp_path, capsys):
    damaged = shutil.copytree(preset, tmp_path / "damaged")
    next(damaged.glob("*.h5")).write_bytes(b"")
    arguments = ("--num-samples", 30, "--metrics", "discreteness")
    assert run("evaluate", preset, damaged, *arguments) == 1
    shown = capsys.readouterr()
    assert "integer_distance@30" in shown.out and str(damaged) in shown.err
    assert run("evaluate", preset, damaged, *arguments, "--json") == 1
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert run("evaluate", preset, f"{preset}/", *arguments) == 1
    assert "named twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (("mlp_boson_quantum", "molgan_boson_qm9"), "molgan_boson_qm9: qm9"),
        (("mlp_boson_quantum", "mlp_boson_quantum"), "named twice"),
        (("mlp_boson_quantum", "nothing"), "No preset 'nothing'"),
        (("mlp_boson_quantum", "mlp_photonic_quantum", "--real"), "2 sources"),
    ],
)
def test_sources_that_cannot_be_compared_are_refused(sources, message, monkeypatch, capsys):
    monkeypatch.setattr(evaluation, "evaluate", lambda *_, **__: pytest.fail("scored"))
    assert run("evaluate", *sources) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shape", "metrics"),
    [
        ((32, 32, 3), "classifier_scores"),
        ((8, 8, 3), "inception_scores --inception-weights PATH"),
    ],
)
def test_images_that_nothing_scores_are_refused_with_what_would(
    shape, metrics, empty_folder, monkeypatch, capsys
):
    # No folder has Inception.
    monkeypatch.setenv("KERAS_HOME", str(empty_folder))
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    images = np.random.default_rng(0).integers(0, 256, (9, *shape), np.uint8)
    np.savez(empty_folder / "mine.npz", x_train=images, x_test=images)
    data = ("--dataset", "images", "--set", "dataset_options.file=mine.npz")
    assert run("evaluate", "--real", *data) == 1
    shown = capsys.readouterr()
    said = f"'images' has no metrics of its own. Name some, such as: --metrics {metrics}\n"
    assert not shown.out and shown.err.endswith(said)


def test_data_without_metrics_are_refused_for_a_preset_too(preset, monkeypatch, capsys):
    own = training.load_dataset(source_config(preset))
    bare = dataclasses.replace(own, metrics=(), evaluation_metrics=())
    monkeypatch.setattr(training, "load_dataset", lambda *_, **__: bare)
    before = (preset / "metrics.json").read_bytes()
    arguments = ("--seeds", 2, "--num-samples", 50)
    for save in ([], ["--save"]):
        assert run("evaluate", preset, *arguments, *save) == 1
        shown = capsys.readouterr()
        assert not shown.out and "such as: --metrics vector_neighbours\n" in shown.err
    assert (preset / "metrics.json").read_bytes() == before


def test_scores_are_saved_in_a_preset(preset, mlp_run, tmp_path, monkeypatch, capsys):
    mine = shutil.copytree(preset, tmp_path / "mine")
    whole, card = json.loads((mine / "metrics.json").read_text()), (mine / "README.md").read_text()
    damaged = json.loads(json.dumps(whole))
    name = "integer_distance@50"
    damaged["metrics"][name]["mean"] = 9.0
    write_json(mine / "metrics.json", damaged)
    (mine / "README.md").write_text("")
    arguments = ("evaluate", mine, "--metrics", "discreteness", "--save", "--num-samples")
    assert run(*arguments, 50, "--seeds", 2) == 0
    assert json.loads((mine / "metrics.json").read_text()) == whole
    assert (mine / "README.md").read_text() == card
    capsys.readouterr()
    # Refused before anything is scored.
    monkeypatch.setattr(evaluation, "evaluate", lambda *_, **__: pytest.fail("scored"))
    assert run(*arguments, 40, "--seeds", 2) == 1
    assert "num_samples: 50 -> 40" in capsys.readouterr().err
    assert run("evaluate", mlp_run, "--save") == run("evaluate", mine, "--real", "--save") == 1
    assert json.loads((mine / "metrics.json").read_text()) == whole


def test_scores_replace_all_that_are_there(preset, tmp_path, capsys):
    mine = shutil.copytree(preset, tmp_path / "mine")
    asked = ("evaluate", mine, "--metrics", "discreteness", "--num-samples", 40, "--replace")
    assert run(*asked, "--dataset", "bernoulli") == 1
    assert "dataset: " in capsys.readouterr().err
    assert run(*asked) == 0
    scores = json.loads((mine / "metrics.json").read_text())
    assert (scores["num_samples"], scores["seeds"]) == (40, [0])
    assert scores["metrics"] and all(name.endswith("@40") for name in scores["metrics"])
    card = (mine / "README.md").read_text()
    assert "integer_distance@40" in card and "@50" not in card
    # Later ones stand beside these.
    del scores["metrics"]["integer_distance@40"]
    write_json(mine / "metrics.json", scores)
    assert run(*asked[:-1], "--save") == 0 and (mine / "README.md").read_text() == card
    with pytest.raises(SystemExit):
        run(*asked, "--save")
    assert "--save: not allowed with argument --replace" in capsys.readouterr().err


def test_a_preset_without_a_record_takes_scores_and_a_card(preset, tmp_path):
    mine = shutil.copytree(preset, tmp_path / "mine")
    description = json.loads((mine / "config.json").read_text())
    write_json(mine / "config.json", {**description, "provenance": {}})
    whole = json.loads((mine / "metrics.json").read_text())
    arguments = ("--metrics", "discreteness", "--num-samples", 50, "--seeds", 2, "--save")
    assert run("evaluate", mine, *arguments) == 0
    assert json.loads((mine / "metrics.json").read_text()) == whole
    card = (mine / "README.md").read_text()
    assert "generator steps of batch 8, the generator's 5, were made." in card
    assert f"keras {description['versions']['keras']}" in card
    (mine / "README.md").unlink()
    assert run("publish", "--card", mine) == 0 and (mine / "README.md").read_text() == card


def test_scores_that_cannot_be_saved_are_shown_and_change_nothing(preset, tmp_path, capsys):
    mine = shutil.copytree(preset, tmp_path / "mine")
    scores = json.loads((mine / "metrics.json").read_text())
    kept = {name: one for name, one in scores["metrics"].items() if "precision" not in name}
    assert kept != scores["metrics"]
    write_json(mine / "metrics.json", {**scores, "metrics": kept})  # One would be added.
    before = (mine / "metrics.json").read_bytes()
    (mine / "README.md").unlink()
    (mine / "README.md").mkdir()
    arguments = ("--metrics", "vector_neighbours", "--num-samples", 50, "--seeds", 2, "--save")
    assert run("evaluate", mine, *arguments) == 1
    shown = capsys.readouterr()
    assert "precision" in shown.out and "README.md" in shown.err
    assert (mine / "metrics.json").read_bytes() == before


def test_all_presets_can_be_saved_into_before_one_is_scored(preset, tmp_path, capsys):
    one, other = (shutil.copytree(preset, tmp_path / name) for name in ("one", "other"))
    scores = json.loads((other / "metrics.json").read_text())
    write_json(other / "metrics.json", {**scores, "num_samples": 77})
    before = (one / "metrics.json").read_bytes()
    arguments = ("--metrics", "discreteness", "--num-samples", 50, "--seeds", 2, "--save")
    assert run("evaluate", one, other, *arguments) == 1
    assert "num_samples: 77 -> 50" in capsys.readouterr().err
    assert (one / "metrics.json").read_bytes() == before


def test_one_process_at_a_time_saves_scores(preset, tmp_path):
    mine = shutil.copytree(preset, tmp_path / "mine")
    scores = {"metrics": {}}
    with sole_use(mine / ".scores.lock", "writing"), pytest.raises(InUseError, match=str(mine)):
        save_scores(mine, None, scores)
