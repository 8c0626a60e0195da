"""Whole runs of the GAN over codes: the autoencoder first, then what is trained on its codes."""

import dataclasses
import re

import numpy as np
import pytest
from qlatent_tf.configs.autoencoder import get_config as autoencoder_config
from qlatent_tf.configs.last_qgan import get_config
from quarters import CLASSICAL, images

from qlatent_tf import resolve as completion
from qlatent_tf.runs import training
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.runs.session import Session
from qlatent_tf.zoo import from_preset, save_preset

pytestmark = pytest.mark.usefixtures("eager_steps")
CONFIG = get_config("gaussian").override(
    dataset="cifar10",
    steps=4,
    batch_size=8,
    critic_steps=2,
    jit_compile=False,
    evaluate_every=4,
    checkpoint_every=2,
    evaluation_samples=20,
    model_options={**CLASSICAL, "autoencoder_steps": 3},
    latent_options={"modes": 5},
)


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return training.train(CONFIG, folder, dataset=dataset, progress=False)


def test_one_command_trains_the_autoencoder_first(whole, dataset):
    part = RunDirectory(whole.path / "autoencoder")
    assert part.read_run()["step"] == 3
    names = {name.partition("_quarters")[0] for name in part.read_metrics()["metrics"]}
    assert names == {"reconstruction_mse", "reconstruction_psnr"}
    assert part.picture("reconstructions").is_file()
    for name in ("samples", "reconstructions", "real_over_generated"):
        assert whole.picture(name).is_file()
    model, step = training.restore_model(whole)
    autoencoder, _ = training.restore_model(part)
    assert step == 4
    np.testing.assert_array_equal(model.precompute(dataset.source), autoencoder.codes(images()))
    scores = whole.read_metrics()["metrics"]
    assert "encoder_frechet_16_quarters_40@20" in scores
    assert "reconstruction_mse_quarters_test_12" in scores


@pytest.mark.slow
def test_a_run_stopped_while_the_autoencoder_is_trained_goes_on(
    whole, dataset, tmp_path, monkeypatch, capfd, caplog
):
    original = training.callbacks.LossEvents.on_train_batch_end

    def interrupt(self, batch, logs=None):
        original(self, batch, logs)
        if "reconstruction_mse" in logs and self.model.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.callbacks.LossEvents, "on_train_batch_end", interrupt)
        with (
            caplog.at_level("INFO"),
            pytest.raises(Interrupted, match="step 2 of 3"),
        ):
            training.train(CONFIG, tmp_path, dataset=dataset)
    assert "autoencoder is trained first" in caplog.text and "for 3 steps" in caplog.text
    assert "autoencoder:   0%" in capfd.readouterr().err
    assert not RunDirectory(tmp_path).checkpoints.exists()
    lead, begun = Session.lead, []

    def lead_the_autoencoder(session, phase, *rest):
        begun.append(phase)
        if phase == "autoencoder":
            lead(session, phase, *rest)

    # What follows is that of `whole`.
    monkeypatch.setattr(Session, "lead", lead_the_autoencoder)
    training.train(CONFIG, tmp_path, dataset=dataset, progress=False)
    assert begun == ["autoencoder", "train"]
    weights = [
        training.restore_model(RunDirectory(folder / "autoencoder"))[0].get_weights()
        for folder in (tmp_path, whole.path)
    ]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_preset_holds_all_that_sampling_needs(whole, tmp_path):
    model, _ = training.restore_model(whole)
    config = whole.read_config()
    loaded = from_preset(save_preset(tmp_path / "preset", model, config))
    np.testing.assert_array_equal(loaded.sample(6, seed=0), model.sample(6, seed=0))


@pytest.mark.slow
def test_the_autoencoder_can_be_a_preset(whole, dataset, tmp_path):
    part = RunDirectory(whole.path / "autoencoder")
    autoencoder, _ = training.restore_model(part)
    save_preset(tmp_path / "preset", autoencoder, part.read_config())
    config = CONFIG.override(**{"model_options.autoencoder": str(tmp_path / "preset")})
    run = training.train(config, tmp_path / "run", dataset=dataset, progress=False)
    # The run has a copy of its own.
    (tmp_path / "preset").rename(tmp_path / "gone")
    weights = [training.restore_model(one)[0].get_weights() for one in (run, whole)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    wider = config.override(
        **{
            "model_options.autoencoder": str(tmp_path / "gone"),
            "model_options.hidden": 17,
        }
    )
    with pytest.raises(ValueError, match="The encoder differs"):
        training.train(wider, tmp_path / "wider", dataset=dataset, progress=False)
    unknown = config.override(**{"model_options.autoencoder": "nothing"})
    with pytest.raises(FileNotFoundError, match="No preset 'nothing'"):
        training.train(unknown, tmp_path / "wider", dataset=dataset, progress=False)
    # What is refused leaves no directory that would stand in the way.
    assert not (tmp_path / "wider").exists()


def named(autoencoder):
    """The configuration with another's autoencoder, whose sizes it is to follow."""
    return get_config("gaussian").override(model_options={"autoencoder": str(autoencoder)})


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("resnet_boson_cifar10", "a preset of the model 'resnet'"),
        ("cifar_classifier", "a preset of another kind"),
    ],
)
def test_a_preset_of_no_autoencoder_is_refused_with_those_that_are(name, what, dataset, tmp_path):
    said = rf"names a preset of an autoencoder, such as autoencoder_naip28.*; {name} is {what}\.$"
    with pytest.raises(ValueError, match=said):
        completion.resolve(named(name))
    # Where all sizes are given, none is asked for before the weights are.
    config = CONFIG.override(**{"model_options.autoencoder": name})
    with pytest.raises(ValueError, match=said):
        training.train(config, tmp_path / "run", dataset=dataset, progress=False)
    assert not (tmp_path / "run").exists()


def test_a_run_in_the_place_of_a_preset_is_refused_with_the_command_that_makes_one(whole):
    part = whole.path / "autoencoder"
    said = f"{part} is a run of the model 'autoencoder'. Make a preset of it: qlatent-tf publish "
    with pytest.raises(ValueError, match=re.escape(f"{said}{part} my_autoencoder.")):
        completion.resolve(named(part))
    with pytest.raises(ValueError, match=r"is a run of the model 'last_qgan'\.$"):
        completion.resolve(named(whole.path))


def test_an_unknown_autoencoder_is_refused_with_those_there_are(empty_folder):
    said = "No preset 'autoencoder_naip': .* one of autoencoder_naip28. Did you mean autoencoder_n"
    with pytest.raises(FileNotFoundError, match=said):
        completion.resolve(named("autoencoder_naip"))


def test_twins_differ_in_one_word():
    quantum, classical = (
        completion.resolve(CONFIG.override(**{"model_options.generator": name}))
        for name in ("quantum", "classical")
    )
    assert len(quantum.differences(classical)) == 1
    assert {**quantum.model_options, "generator": "classical"} == classical.model_options


def test_the_configurations_fit_each_other():
    config, part = get_config("boson"), autoencoder_config("gaussian")
    defaults = completion.resolve(dataclasses.replace(config, dataset="cifar10")).model_options
    assert part.latent_options["modes"] == 2 * defaults["qubits"]
    assert config.latent_options["modes"] == defaults["qubits"]
