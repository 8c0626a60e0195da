import dataclasses

from harness import tiny_config

from qlatent_tf import resolve as completion

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


def test_another_seed_brings_other_circuits_unless_they_were_named():
    assert completion.resolve(completion.reseed(CONFIG, 5)) == resolve(seed=5)
    named = resolve(latent_options={"modes": 4, "unitary_seed": 7})
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
