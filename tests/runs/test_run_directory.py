import json

import pytest
from harness import tiny_config

from qlatent_tf.resolve import resolve
from qlatent_tf.runs.run_directory import RunDirectory


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.open(resolve(tiny_config()))
    return run


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
