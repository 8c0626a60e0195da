import dataclasses
import inspect
import json

import numpy as np
import pytest
from harness import tiny_config

from qlatent_tf import zoo
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.registry import latents
from qlatent_tf.resolve import CIRCUIT_FILES
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import GAN, METRICS, WEIGHTS

CONFIG = tiny_config(
    dataset_options={},
    latent_options={"modes": 4, "unitary_seed": 3},
    model_options={"features": 5, "units": [8]},
)


@pytest.fixture
def preset(tmp_path):
    """A preset directory and the model saved in it."""
    model = zoo.build_model(CONFIG)
    directory = zoo.save_preset(
        tmp_path / "mine",
        model,
        CONFIG,
        metrics={"dataset": "quantum", "num_samples": 4, "seeds": [0], "metrics": {}},
        card="# mine\n",
        provenance={"step": 1},
    )
    return directory, model


def rewrite(directory, **changes):
    path = directory / "config.json"
    description = json.loads(path.read_text())
    for key, value in changes.items():
        description["config"] = (
            {**description["config"], **value} if key == "config" else (description["config"])
        )
        if key != "config":
            description[key] = value
    path.write_text(json.dumps(description))


def test_a_model_is_not_kept_with_another_latent_than_it_was_trained_with(tmp_path):
    options = {"modes": 4, "photons": 2, "unitary_seed": 3}

    def config(options):
        return dataclasses.replace(CONFIG, latent="boson", latent_options=options)

    model = zoo.build_model(config(options))
    for wrong in ({**options, "unitary_seed": 0}, {"modes": 4}, {**options, "photons": 3}):
        with pytest.raises(ValueError, match="latent is not the one .*samples of one seed differ"):
            zoo.save_preset(tmp_path / "it", model, config(wrong))
    assert not (tmp_path / "it").exists()
    assert zoo.save_preset(tmp_path / "it", model, config(options)).is_dir()


def test_round_trip_gives_the_same_samples(preset):
    directory, model = preset
    loaded = zoo.from_preset(directory)
    np.testing.assert_array_equal(loaded.sample(10, seed=0), model.sample(10, seed=0))
    assert zoo.read_preset(directory)["config"] == CONFIG
    assert zoo.read_preset(directory)["provenance"] == {"step": 1}
    files = {path.name for path in directory.iterdir()}
    assert files == {"config.json", "model.weights.h5", "metrics.json", "README.md"}


def test_what_evaluate_returned_is_saved_as_it_is_read(preset, tmp_path):
    directory, model = preset
    saved = read_json(directory / "metrics.json", METRICS[GAN])
    assert saved["step"] == 1
    with pytest.raises(ValueError, match="metrics lacks dataset, num_samples, seeds"):
        zoo.save_preset(tmp_path / "bad", model, CONFIG, metrics={"metrics": {}})
    assert not (tmp_path / "bad").exists()


def test_a_preset_names_its_circuit(tmp_path, preset):
    """A circuit that is left out would be the default one, not that of the training."""
    directory, _ = preset
    without = dataclasses.replace(CONFIG, latent_options={"modes": 4})
    saved = zoo.save_preset(tmp_path / "default", zoo.build_model(without), without)
    assert zoo.read_preset(saved)["config"].latent_options == {"modes": 4, "unitary_seed": 0}
    rewrite(directory, config={"latent_options": {"modes": 4}})
    with pytest.raises(ValueError, match=r"config.json: latent_options lack 'unitary_seed'"):
        zoo.from_preset(directory)


def test_a_trained_model_is_saved_without_its_optimizers(tmp_path, preset):
    directory, model = preset
    model.compile("adam", "adam")
    zoo.save_preset(tmp_path / "compiled", model, CONFIG)
    sizes = [(folder / WEIGHTS).stat().st_size for folder in (directory, tmp_path / "compiled")]
    assert sizes[0] == sizes[1]


def test_the_latent_can_be_changed_on_loading(preset):
    loaded = zoo.from_preset(preset[0], latent_options={"indistinguishability": 0.5})
    assert "0.5" in repr(loaded.latent)
    with pytest.raises(ValueError, match="hotness"):
        zoo.from_preset(preset[0], latent_options={"hotness": 1})


@pytest.mark.parametrize("damage", [b"x", None])
def test_damaged_or_missing_weights_are_refused(preset, damage):
    directory, _ = preset
    if damage:
        with open(directory / WEIGHTS, "ab") as file:
            file.write(damage)
        with pytest.raises(ValueError, match="damaged"):
            zoo.from_preset(directory)
    else:
        (directory / WEIGHTS).unlink()
        with pytest.raises(FileNotFoundError, match=WEIGHTS):
            zoo.from_preset(directory)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset_version": 99}, "newer"),
        ({"sha256": None}, "sha256 is an object; received null"),
        ({"config": {"schema_version": None}}, "newer"),
        ({"config": {"schema_version": 99}}, "newer"),
        ({"config": {"surprise": 1}}, "surprise"),
        ({"config": {"model": "nothing"}}, "Unknown model"),
    ],
)
def test_descriptions_that_cannot_be_read_are_refused(preset, changes, message):
    rewrite(preset[0], **changes)
    with pytest.raises(ValueError, match=message):
        zoo.from_preset(preset[0])


def test_a_truncated_description_is_refused(preset):
    path = preset[0] / "config.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(ValueError, match="read as JSON"):
        zoo.from_preset(preset[0])


@pytest.mark.parametrize("field", ["model", "latent"])
def test_code_of_others_runs_only_when_trusted(preset, empty_folder, field):
    (empty_folder / "theirs.py").write_text("raise SystemExit('ran')\n")
    rewrite(preset[0], config={field: "theirs:anything"})
    with pytest.raises(ValueError, match="trust_code=True"):
        zoo.from_preset(preset[0])
    with pytest.raises(SystemExit, match="ran"):
        zoo.from_preset(preset[0], trust_code=True)


def test_weights_of_another_model_are_refused_by_the_presets_name(preset):
    rewrite(preset[0], config={"model_options": {"features": 5, "units": [9]}})
    with pytest.raises(ValueError, match=f"The preset {preset[0]} cannot be loaded: "):
        zoo.from_preset(preset[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(preset, tmp_path, value):
    _, model = preset
    model.set_weights([np.full_like(weight, value) for weight in model.get_weights()])
    directory = zoo.save_preset(tmp_path / "broken", model, CONFIG)
    with pytest.raises(ValueError, match="holds weights that are no finite numbers"):
        zoo.from_preset(directory)


def test_a_score_in_the_place_of_a_metric_is_told_apart():
    config = tiny_config(metrics=("integer_distance",))
    with pytest.raises(ValueError, match="is a score; name a metric that returns it: discreteness"):
        zoo.check_names(config)


@pytest.mark.parametrize("file", ["/etc/passwd", "/dev/zero", 3])
@pytest.mark.parametrize("option", ["file", "unitary_file", "transfer_file", "device"])
def test_files_of_a_latent_are_of_samples_or_matrices(preset, option, file):
    latent = {"file": "samples", "unitary_file": "boson"}.get(option, "thermal")
    file = f"{file}:one" if option == "device" else file
    rewrite(preset[0], config={"latent": latent, "latent_options": {option: file}})
    with pytest.raises(ValueError, match=f"config.json: latent_options.{option}") as raised:
        zoo.from_preset(preset[0])
    assert "root:" not in str(raised.value)


def test_samples_of_a_preset_may_be_of_any_format_that_is_read(preset, tmp_path):
    for suffix in ("npy", "npz", "csv", "json", "txt"):
        file = tmp_path / f"shots.{suffix}"
        file.touch()
        options = {"file": str(file)}
        rewrite(preset[0], config={"latent": "samples", "latent_options": options})
        assert zoo.read_preset(preset[0])["config"].latent_options == options


def test_a_folder_of_samples_is_taken_from_home_and_named_where_it_is_missing(
    preset, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bank").mkdir()
    options = {"file": "~/bank"}
    rewrite(preset[0], config={"latent": "samples", "latent_options": options})
    assert zoo.read_preset(preset[0])["config"].latent_options == options
    (tmp_path / "bank").rmdir()
    with pytest.raises(FileNotFoundError, match=f"There is no {tmp_path / 'bank'}"):
        zoo.from_preset(preset[0])


def test_a_device_of_a_calibration_is_a_circuit_with_a_name(preset):
    options = {"device": "calibrations.NPZ:one"}  # As readers take it.
    rewrite(preset[0], config={"latent": "thermal", "latent_options": options})
    assert zoo.read_preset(preset[0])["config"].latent_options == options


def test_options_that_name_files_are_known_to_be_such():
    taken = {
        name for one in latents.names() for name in inspect.signature(latents.get(one)).parameters
    }
    named = {name for name in taken if name.endswith("file")}
    assert named == {"file", *CIRCUIT_FILES} - {"device"}


def test_an_unknown_name_lists_the_presets():
    with pytest.raises(FileNotFoundError, match="No preset 'nothing'"):
        zoo.from_preset("nothing")


@pytest.mark.parametrize("failing", ["os.replace", "qlatent_tf.storage.preset_writer.write_text"])
def test_nothing_is_written_by_a_failed_save(tmp_path, preset, monkeypatch, failing):
    directory, model = preset
    zoo.save_preset(directory, model, CONFIG, card="# mine\n", pictures={"samples": b"one"})
    (directory / "notes.txt").write_text("Mine, too.")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert before["samples.png"] == b"one"

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(failing, full_disk)
        for target in (directory, tmp_path / "new"):
            with pytest.raises(OSError, match="No space"):
                zoo.save_preset(
                    target, model, CONFIG, card="# other\n", pictures={"samples": b"other"}
                )
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert list(tmp_path.iterdir()) == [directory]
    zoo.save_preset(directory, model, CONFIG, card="# mine\n", pictures={"samples": b"other"})
    assert (directory / "samples.png").read_bytes() == b"other"
    assert (directory / "notes.txt").exists()


@pytest.mark.parametrize("name", zoo.list_presets())
def test_every_shipped_preset_is_whole(name):
    # What it samples is compared with stored samples in test_preset_samples.py.
    directory = zoo.preset_directory(name)
    assert zoo.read_preset(name)["sha256"]
    for file in ("README.md", "metrics.json", "samples.png"):
        assert (directory / file).stat().st_size


def test_what_models_pass_on_are_the_options_of_wgan_gp_that_no_field_sets():
    options = set(inspect.signature(WGANGP).parameters)
    options -= {"latent", "generator", "critic", "kwargs"}
    assert options - set(vars(CONFIG)) == set(zoo.PASSED_ON)


def test_names_are_checked_and_options_of_foreign_models_are_their_own(empty_folder):
    zoo.check_names(CONFIG.override(**{"model_options.one_sided_penalty": True}))
    with pytest.raises(ValueError, match="Unknown option critic_steps for the model 'mlp'"):
        zoo.check_names(CONFIG.override(**{"model_options.critic_steps": 3}))
    code = "def any(latent, **wgan_options): ...\ndef few(latent, units=3): ...\n"
    (empty_folder / "mine.py").write_text(code)
    options = {"model_options": {"depth": 3, "reward": "a word of its own"}}
    zoo.check_names(CONFIG.override(model="mine:any", **options))
    with pytest.raises(ValueError, match="Unknown option depth, reward .*Legal: units"):
        zoo.check_names(CONFIG.override(model="mine:few", **options))
