"""A run resumes if the user's data file has moved, and refuses a file that holds other data."""

import dataclasses

import numpy as np
import pytest
from harness import tiny_config

from qlatent_tf.runs import training
from qlatent_tf.storage.files import read_json

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture
def begun(tmp_path):
    """A configuration whose run, in the folder `run`, has done a step."""
    np.savetxt(tmp_path / "mine.csv", np.random.default_rng(0).normal(size=(40, 4)), delimiter=",")
    config = tiny_config(
        steps=1,
        dataset="vectors",
        dataset_options={"file": str(tmp_path / "mine.csv")},
        metrics=("pair_correlation",),
    )
    training.train(config, tmp_path / "run", progress=False)
    return dataclasses.replace(config, steps=2)


def moved(config, file):
    return config.override(**{"dataset_options.file": str(file)})


def test_the_same_data_elsewhere_are_the_same(begun, tmp_path):
    (tmp_path / "mine.csv").rename(tmp_path / "renamed.csv")
    config = moved(begun, tmp_path / "renamed.csv")
    assert training.train(config, tmp_path / "run", progress=False).read_run()["step"] == 2
    recorded = read_json(tmp_path / "run" / "config.json")["dataset_options"]["file"]
    assert recorded == str(tmp_path / "renamed.csv")


def test_other_data_elsewhere_are_refused(begun, tmp_path):
    np.savetxt(tmp_path / "other.csv", np.zeros((40, 4)), delimiter=",")
    with pytest.raises(ValueError, match="trained on other data .*'mine.csv' -> 'other.csv'"):
        training.train(moved(begun, tmp_path / "other.csv"), tmp_path / "run", progress=False)
    assert read_json(tmp_path / "run" / "config.json")["steps"] == 1
