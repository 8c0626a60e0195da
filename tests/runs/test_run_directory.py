import dataclasses
import json

import pytest
from harness import tiny_config

from qlatent_tf.resolve import resolve
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.open(resolve(tiny_config()))
    return run


@pytest.mark.parametrize(
    ("scored", "reached", "steps", "again"),
    [(3, 3, 6, True), (3, 4, 6, False), (4, 4, 4, True), (4, 4, 6, False)],
)
def test_scores_are_forgotten_where_they_are_made_again_alone(
    tmp_path, scored, reached, steps, again
):
    run, config = RunDirectory(tmp_path), tiny_config(evaluate_every=3, steps=steps)
    run.open(config)
    write_json(tmp_path / "run.json", {"step": reached, "seconds": 1.0})
    metrics = {"step": scored, "history": [{"step": 1, "a": 1.0}, {"step": scored, "a": 2.0}]}
    write_json(tmp_path / "metrics.json", metrics)
    run.open(dataclasses.replace(config, evaluation_samples=7))
    expected = {"step": 0, "history": [{"step": 1, "a": 1.0}]} if again else metrics
    assert run.read_metrics() == expected


def test_fewer_steps_than_a_run_has_done_are_not_written_into_it(run):
    config = run.read_config()
    write_json(run.path / "run.json", {"step": 4, "seconds": 1.0})
    run.open(dataclasses.replace(config, steps=2))
    assert run.read_config().steps == 4


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"config.json": {"preset_version": 1, "config": {"model": "mlp"}}}, "config.json"),
        (
            {"config.json": {"epochs": 3}, "metrics.json": {"accuracy": 0.9}},
            "config.json and metrics.json",
        ),
        ({"metrics.json": {"accuracy": 0.9}}, "metrics.json"),
    ],
)
def test_files_that_are_no_run_s_are_not_written_over(tmp_path, files, named):
    for name, content in files.items():
        write_json(tmp_path / name, content)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=f"holds {named} of something else.*another --workdir"):
        RunDirectory(tmp_path).open(resolve(tiny_config()))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_damaged_configuration_of_a_trained_run_is_not_written_over(run):
    write_json(run.path / "run.json", {"step": 4, "seconds": 1.0})
    config, file = run.read_config(), run.path / "config.json"
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(ValueError, match="config.json cannot be read as JSON"):
        run.open(config)
    assert len(file.read_bytes()) == 50


def test_repr_says_where_a_run_is(run):
    assert repr(run) == f"RunDirectory({str(run.path)!r})"


def test_a_wrong_name_is_answered_with_the_nearest_run(run):
    with pytest.raises(FileNotFoundError, match=f"holds no run.* Did you mean {run.path}[?]"):
        RunDirectory(run.path.parent / "rum").read_config()


@pytest.mark.parametrize("name", ["checkpoints", "autoencoder"])
def test_folders_of_a_run_are_no_links(run, tmp_path, name):
    (tmp_path / "another").mkdir()
    (run.path / name).symlink_to(tmp_path / "another")
    with pytest.raises(ValueError, match=f"{name} is a symbolic link, which is not followed"):
        run.open(run.read_config())


@pytest.mark.parametrize(
    "read, file, content, message",
    [
        ("read_run", "run.json", [], "it is an object; received a list"),
        ("read_run", "run.json", {"step": 1}, "it lacks seconds"),
        ("read_run", "run.json", {"step": 1, "seconds": 1, "dataset": "x"}, "dataset is an object"),
        ("read_run", "run.json", {"step": 1, "seconds": "1"}, "seconds is a number"),
        ("read_metrics", "metrics.json", {}, "it lacks step, history"),
        ("read_metrics", "metrics.json", {"step": 1, "history": [3]}, r"history\[0\] is an object"),
        (
            "read_metrics",
            "metrics.json",
            {"step": 1, "history": [{"step": 1, "fcd": "low"}]},
            r"history\[0\].fcd is a number; received 'low'",
        ),
        (
            "read_metrics",
            "metrics.json",
            {"step": 1, "history": [], "metrics": {"fcd": 1}},
            "metrics.fcd is an object",
        ),
        ("read_config", "config.json", {"schema_version": 1}, "lacks model"),
        ("read_config", "config.json", 3, "no schema_version"),
    ],
)
def test_records_of_another_shape_are_refused_by_their_name(run, read, file, content, message):
    (run.path / file).write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"{file}.*{message}"):
        getattr(run, read)()
