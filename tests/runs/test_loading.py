import numpy as np
import pytest

import qlatent_tf
from qlatent_tf.config import Config
from qlatent_tf.datasets import from_arrays
from qlatent_tf.runs.loading import load_model, source_config
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.runs.starting_point import starting_point
from qlatent_tf.runs.training import restore_model

CONFIG = Config(
    model="mlp",
    latent="boson",
    dataset="quantum",
    steps=2,
    batch_size=4,
    latent_options={"modes": 4},
    model_options={"features": 3, "units": [8]},
    metrics=("discreteness",),
    evaluation_samples=10,
    critic_steps=1,
    jit_compile=False,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = from_arrays(np.random.default_rng(0).normal(size=(20, 3)))
    folder = tmp_path_factory.mktemp("runs") / "mine"
    return qlatent_tf.train(CONFIG, folder, dataset=data, progress=False)


def test_a_run_is_loaded_as_a_preset_is(run):
    model = qlatent_tf.from_preset(run.path)
    assert model.sample(5, seed=0).shape == (5, 3)
    assert restore_model(run.path)[1] == restore_model(run)[1] == 2
    model, config, step = load_model(str(run.path))
    assert step == 2 and config.model_options["features"] == 3
    changed = qlatent_tf.from_preset(run.path, latent_options={"indistinguishability": 0.5})
    assert "0.5" in repr(changed.latent)
    preset = qlatent_tf.save_preset(run.path.parent / "preset", model, config)
    loaded = qlatent_tf.from_preset(preset)
    np.testing.assert_array_equal(loaded.sample(5, seed=0), model.sample(5, seed=0))


@pytest.mark.parametrize("use", [qlatent_tf.from_preset, starting_point])
def test_a_run_without_a_checkpoint_is_a_run(tmp_path, use):
    RunDirectory(tmp_path / "run").open(CONFIG)
    with pytest.raises(FileNotFoundError, match="run has no checkpoint yet"):
        use(tmp_path / "run")
    assert source_config(tmp_path / "run") == CONFIG


def test_data_sets_are_loaded_by_name_or_configuration():
    by_name = qlatent_tf.load_dataset("quantum", modes=4, photons=2, unitary_seed=1)
    assert by_name.source.event_shape == [4]
    options = {"dataset_options": {"modes": 5, "photons": 2}}
    assert qlatent_tf.load_dataset(CONFIG.override(**options)).source.event_shape == [5]


def test_what_is_neither_is_told():
    with pytest.raises(FileNotFoundError, match="No preset 'nothing'"):
        qlatent_tf.from_preset("nothing")
