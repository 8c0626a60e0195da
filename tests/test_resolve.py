import dataclasses

import numpy as np
import pytest
from harness import tiny_config
from qlatent_tf.configs.last_qgan import get_config

from qlatent_tf import resolve as completion
from qlatent_tf.config import Config
from qlatent_tf.latents.photons import boson
from qlatent_tf.registry import latents, takes_options_of
from qlatent_tf.zoo import read_preset

OPEN = tiny_config()
CONFIG = completion.resolve(OPEN)


def resolve(**changes):
    return completion.resolve(dataclasses.replace(OPEN, **changes))


def test_random_circuits_are_chosen_by_the_seed():
    latent, data = (
        options["unitary_seed"] for options in (CONFIG.latent_options, CONFIG.dataset_options)
    )
    assert latent != data
    photonic = resolve(latent="photonic")
    assert photonic.latent_options["unitary_seed"] not in (latent, data)
    assert photonic.dataset_options["unitary_seed"] == data
    assert resolve(seed=1).latent_options["unitary_seed"] != latent
    named = resolve(latent_options={"modes": 4, "unitary_seed": 7})
    assert named.latent_options["unitary_seed"] == 7
    device = resolve(latent="thermal", latent_options={"modes": 4, "device": "file.npz:one"})
    assert device.latent_options["unitary_seed"] == 0


def test_defaults_are_filled_in():
    assert CONFIG.latent_options["photons"] is None and CONFIG.latent_options["tiles"] == 1
    assert "activation" in CONFIG.model_options
    assert CONFIG.dataset_options["photons"] == 2 and "data_dir" not in CONFIG.dataset_options
    assert completion.resolve(CONFIG) == CONFIG


def test_the_width_of_an_own_circuit_is_written_down(tmp_path):
    np.save(tmp_path / "u.npy", np.eye(5))
    own = {"unitary_file": str(tmp_path / "u.npy")}
    for latent in ("boson", "photonic", "copula"):
        assert resolve(latent=latent, latent_options=own).latent_options["modes"] == 5
    state = resolve(latent="boson", latent_options={"input_state": [1, 1, 0]})
    assert state.latent_options["modes"] == 3
    by_default = resolve(latent="boson", latent_options={})
    assert by_default.latent_options["modes"] == 16
    assert completion.changed_options(by_default, "latent") == {}
    left_open = resolve(latent="boson", latent_options={"modes": None})
    assert left_open.latent_options["modes"] == 16


def test_what_follows_is_for_builders_that_take_it(monkeypatch):
    @takes_options_of(boson, without=("modes",))
    def mine(**options):
        return boson(modes=8, **options)

    monkeypatch.setitem(latents._builders, "mine", mine)
    assert "modes" not in resolve(latent="mine", latent_options={}).latent_options


def test_another_seed_brings_other_circuits_unless_they_were_named():
    assert completion.resolve(completion.reseed(CONFIG, 5)) == resolve(seed=5)
    named = resolve(latent_options={"modes": 4, "unitary_seed": 7})
    assert completion.reseed(named, 5).latent_options["unitary_seed"] == 7


def test_circuits_that_latents_share_follow_the_seed_and_stay_shared():
    def shared(**changes):
        return completion.resolve(completion.share_circuits(dataclasses.replace(OPEN, **changes)))

    reseeded = completion.reseed(shared(), 5)
    assert reseeded == shared(seed=5) and reseeded.dataset_options != shared().dataset_options
    assert completion.resolve(completion.with_latent(reseeded, "photonic")) == shared(
        seed=5, latent="photonic"
    )
    named = shared(latent_options={"modes": 4, "unitary_seed": 7})
    assert completion.reseed(named, 5).latent_options["unitary_seed"] == 7


def test_the_same_data_set_keeps_its_options_and_another_has_its_own():
    assert completion.with_dataset(CONFIG, CONFIG.dataset) is CONFIG
    assert completion.with_dataset(CONFIG, None) is CONFIG
    other = completion.with_dataset(CONFIG, "bernoulli")
    assert other.dataset == "bernoulli" and other.dataset_options == {}


def test_another_latent_keeps_the_options_it_knows():
    assert completion.with_latent(CONFIG, "gaussian").latent_options == {"modes": 4, "tiles": 1}
    tiled = dataclasses.replace(CONFIG, latent_options={"modes": 4, "tiles": 8})
    assert completion.with_latent(tiled, "gaussian").latent_options == {"modes": 4, "tiles": 8}
    # Recorded samples are one circuit, as wide as the eight.
    assert completion.with_latent(tiled, "samples").latent_options == {"modes": 32}
    photonic = completion.resolve(completion.with_latent(CONFIG, "photonic"))
    assert photonic == resolve(latent="photonic")
    named = resolve(latent_options={"modes": 4, "unitary_seed": 7})
    assert completion.with_latent(named, "photonic").latent_options["unitary_seed"] == 7
    assert "unitary_seed" not in completion.with_latent(named, "gaussian").latent_options


def test_a_sample_is_as_wide_as_the_data(monkeypatch):
    def wide(modes=3, *, data_dir=None, progress=True):
        """Nothing is loaded."""

    wide.width_of = lambda options: 2 * options["modes"]
    monkeypatch.setitem(completion.datasets._builders, "wide", wide)
    follow = {"dataset": "wide", "dataset_options": {}, "model_options": {}}
    assert resolve(**follow).model_options["features"] == 6
    assert resolve(**follow | {"dataset_options": {"modes": 5}}).model_options["features"] == 10
    named = {"dataset": "wide", "model_options": {"features": 4}}
    assert resolve(**follow | named).model_options["features"] == 4


def test_sizes_of_an_autoencoder_are_those_of_its_preset():
    def sizes(**options):
        config = get_config("gaussian").override(model_options=options)
        return completion.resolve(config).model_options

    preset = read_preset("autoencoder_naip28")["config"].model_options
    found = sizes(autoencoder="autoencoder_naip28")
    assert {name: found[name] for name in preset} == preset
    assert sizes()["hidden"] != preset["hidden"]
    assert sizes(autoencoder="autoencoder_naip28", hidden=7)["hidden"] == 7
    with pytest.raises(FileNotFoundError, match="Did you mean autoencoder_naip28"):
        sizes(autoencoder="autoencoder_naip29")


@pytest.mark.parametrize(
    "dataset, options, width",
    [
        ("mixture", {}, 2),
        ("quantum", {"modes": 6, "photons": 2}, 6),
        ("bernoulli", {}, 16),
        ("codes", {"components": 5}, 5),
        ("codes", {}, 16),
    ],
)
def test_a_model_of_vectors_follows_the_width_of_the_data(dataset, options, width):
    config = Config(
        model="mlp",
        latent="gaussian",
        dataset=dataset,
        steps=1,
        batch_size=4,
        dataset_options=options,
    )
    assert completion.resolve(config).model_options["features"] == width
    given = config.override(**{"model_options.features": 3})
    assert completion.resolve(given).model_options["features"] == 3
