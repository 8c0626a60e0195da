import functools
import inspect
import itertools
import json

import numpy as np
import pytest
import tensorflow as tf
from harness import ROOT

from qlatent_tf.latents import bernoulli, dirichlet_multinomial, latent_bank
from qlatent_tf.latents.boson_sampling import BosonSampling
from qlatent_tf.latents.photons import boson, photonic
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES, table_bytes
from qlatent_tf.quantum.samplers.method_choice import choose_method
from qlatent_tf.quantum.samplers.walk_plan import walk_shape
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary


def test_defaults_are_those_of_the_paper():
    (device,) = boson().devices
    assert device.modes == 16
    np.testing.assert_array_equal(device.input_state, [1] * 8 + [0] * 8)
    np.testing.assert_array_equal(device.unitary, haar_unitary(16, 0))
    (classical,) = photonic().devices
    assert classical.indistinguishability == 0
    np.testing.assert_array_equal(classical.unitary, device.unitary)


def test_counts_conserve_photons():
    draws = boson(modes=8, center=False).sample(200, seed=(0, 0)).numpy()
    np.testing.assert_array_equal(draws.sum(axis=1), np.full(200, 4))


def test_log_probs_sum_to_one():
    latent = boson(modes=4)
    counts = np.array([row for row in itertools.product(range(3), repeat=4) if sum(row) == 2])
    total = np.exp(latent.log_prob(counts + latent.loc)).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_photonic_has_the_options_of_committed_configurations():
    preset = ROOT / "models" / "mlp_photonic_quantum" / "config.json"
    committed = json.loads(preset.read_text())["config"]["latent_options"]
    # An object, which no configuration holds.
    assert set(inspect.signature(photonic).parameters) - {"unitary"} == set(committed)
    left_out = set(inspect.signature(boson).parameters) - {"unitary"} - set(committed)
    noise = {"g2", "phase_error", "noise"}
    assert left_out - noise == {
        "indistinguishability",
        "interfering_photons",
        "method",
        "precision",
    }


def test_photonic_is_the_boson_latent_of_distinguishable_photons():
    options = dict(modes=6, tiles=2, transmission=0.7, unitary_seed=4)
    first = photonic(**options)
    second = boson(indistinguishability=0.0, **options)
    np.testing.assert_array_equal(first.sample(50, seed=(1, 2)), second.sample(50, seed=(1, 2)))
    assert repr(first) == repr(second)


def test_photonic_and_boson_differ_in_correlations_alone():
    quantum, classical = boson(center=False), photonic(center=False)
    np.testing.assert_allclose(quantum.mean(), classical.mean(), rtol=1e-6)
    assert (quantum.variance() > classical.variance()).numpy().all()


def test_tiles_are_independent_circuits():
    latent = boson(modes=6, tiles=3, unitary_seed=9)
    circuits = [device.unitary for device in latent.devices]
    np.testing.assert_array_equal(circuits[0], boson(modes=6, unitary_seed=9).devices[0].unitary)
    for first, second in itertools.combinations(circuits, 2):
        assert np.abs(first - second).max() > 0.1
    draws = latent.sample(4000, seed=(0, 1)).numpy()
    between = np.corrcoef(draws.T)[:6, 6:12]
    assert np.abs(between).max() < 5 / np.sqrt(4000)
    covariance = latent.covariance().numpy()
    np.testing.assert_array_equal(covariance[:6, 6:], 0)
    parts = [
        BosonSampling(device, loc=latent.loc[6 * tile : 6 * tile + 6]).log_prob(
            draws[:20, 6 * tile : 6 * tile + 6]
        )
        for tile, device in enumerate(latent.devices)
    ]
    np.testing.assert_allclose(latent.log_prob(draws[:20]), sum(parts), rtol=1e-5)


def test_a_circuit_or_its_photons_say_how_many_modes_there_are(tmp_path):
    np.save(tmp_path / "u.npy", haar_unitary(5, 3))
    own = {"unitary_file": str(tmp_path / "u.npy")}
    for options, modes in [({}, 16), (own, 5), ({"input_state": "1,1,0"}, 3)]:
        for latent in (boson, photonic, dirichlet_multinomial):
            assert latent(**options).event_shape == [modes], (latent, options)
    with pytest.raises(ValueError, match="5-mode unitary has shape"):
        boson(**own, input_state="1,1,0,0")


def test_tiles_of_one_file_do_not_repeat_their_samples(tmp_path):
    np.save(tmp_path / "u.npy", haar_unitary(4, 3))
    draws = boson(modes=4, tiles=2, unitary_file=str(tmp_path / "u.npy")).sample(50, seed=(0, 1))
    assert (draws[:, :4].numpy() != draws[:, 4:].numpy()).any()


def test_a_wide_latent_for_images():
    latent = boson(modes=16, tiles=8, center=False, method="lanes")
    draws = latent.sample(20, seed=(0, 1)).numpy()
    assert draws.shape == (20, 128)
    np.testing.assert_array_equal(draws.sum(axis=1), np.full(20, 64))


@pytest.mark.parametrize("delays", ["1-1", "1-3-9"])
def test_loops_replace_the_haar_unitary(delays):
    (device,) = boson(modes=16, interferometer=delays, unitary_seed=2).devices
    np.testing.assert_array_equal(device.unitary, loop_unitary(16, delays, seed=2))


def test_a_device_too_wide_for_permanents():
    options = dict(modes=128, photons=64, interferometer="1-1", unitary_seed=1)
    latent, classical = boson(**options), photonic(**options)
    draws = latent.sample(300, seed=(0, 1))
    np.testing.assert_allclose((draws - latent.loc).numpy().sum(axis=1), 64, rtol=1e-5)
    assert np.isfinite(latent.log_prob(draws)).all()
    for one in (latent, classical):
        np.testing.assert_allclose(one.mean(), np.zeros(128), atol=1e-6)
        covariance = one.covariance().numpy()
        # The number of photons is fixed: no sum over all modes varies.
        np.testing.assert_allclose(covariance.sum(axis=1), np.zeros(128), atol=1e-5)
        assert (np.diagonal(covariance) > 0).all()
    np.testing.assert_allclose(latent.loc, classical.loc, atol=1e-6)
    # Photons that interfere bunch.
    assert (latent.variance() > classical.variance() - 1e-6).numpy().all()
    assert classical.sample(3, seed=(0, 1)).shape == (3, 128)


def test_committed_configurations_keep_their_method():
    files = itertools.chain(
        ROOT.glob("models/*/config.json"), ROOT.glob("docs/results/*/cells/*.json")
    )
    configs = [json.loads(file.read_text(encoding="utf-8"))["config"] for file in files]
    found = {
        json.dumps(config["latent_options"], sort_keys=True)
        for config in configs
        if config.get("latent") == "boson"
    }
    assert any("1-3-9" in options for options in found)
    for options in found:
        # Every latent may be standardised; that is no option of its own.
        options = {k: v for k, v in json.loads(options).items() if k != "standardize"}
        device = boson(**options).devices[0]
        if device.photons > 30:
            continue  # Made since loops are sampled mode by mode, which alone reaches so many.
        walk = walk_shape(device.unitary, device.input_state)
        for max_table_bytes in (0, DEFAULT_MAX_TABLE_BYTES):
            question = (device.modes, device.photons, 1_000_000)
            room = {"max_table_bytes": max_table_bytes}
            assert choose_method(*question, **room, walk=walk) == choose_method(*question, **room)


def test_a_unitary_from_a_file(tmp_path):
    path = tmp_path / "u.csv"
    path.write_text("0,1,0\n0,0,1\n1,0,0\n")
    latent = boson(modes=3, photons=1, unitary_file=str(path), center=False)
    np.testing.assert_array_equal(latent.sample(4, seed=(0, 0)), [[0, 0, 1]] * 4)


def test_centring_by_samples_where_the_mean_takes_too_long(caplog):
    options = dict(modes=20, photons=1, detector="threshold", postselect=1)
    latent = boson(**options)
    assert "10000 samples" in caplog.text
    counts = boson(center=False, **options).sample(20_000, seed=(0, 5)).numpy()
    np.testing.assert_allclose(-latent.loc, counts.mean(axis=0), atol=0.02)
    with pytest.raises(NoClosedForm, match="up to 16 modes"):
        latent.mean()


def test_only_a_missing_closed_form_is_replaced_by_samples(monkeypatch):
    def mean(device):
        raise ValueError("a bug")

    monkeypatch.setattr(PhotonicDevice, "mean", mean)
    with pytest.raises(ValueError, match="a bug"):
        boson(modes=2)


def test_log_prob_of_shifted_counts_in_half_precision():
    device = PhotonicDevice(haar_unitary(4, 0), [1, 1, 0, 0])
    latent = BosonSampling(device, loc=-device.mean(), dtype=tf.float16)
    draws = latent.sample(20, seed=(0, 1))
    assert draws.dtype == tf.float16
    assert np.isfinite(latent.log_prob(draws)).all()


@pytest.mark.parametrize("shape", [(), (3, 5), (8, 7)])
def test_values_of_another_width_are_refused(shape):
    latent = boson(modes=4, tiles=2)
    for log_prob in (latent.log_prob, tf.function(latent.log_prob)):
        with pytest.raises(ValueError, match="have the width 8; received shape"):
            log_prob(tf.zeros(shape))


def test_the_tables_of_all_tiles_share_the_memory(monkeypatch):
    def methods(tiles):
        return {device._shots.whole_sampler.method for device in boson(6, tiles=tiles).devices}

    limit = "qlatent_tf.quantum.samplers.fock_table.DEFAULT_MAX_TABLE_BYTES"
    monkeypatch.setattr(limit, 2 * table_bytes(6, 3))
    assert methods(tiles=2) == {"table"}
    assert methods(tiles=3) == {"lanes"}


def test_the_tables_of_all_tiles_share_the_memory_in_a_bank_too(monkeypatch):
    monkeypatch.setattr(latent_bank, "DEFAULT_MAX_TABLE_BYTES", 2 * table_bytes(6, 3))
    for tiles, method in ((2, "table"), (3, "lanes")):
        assert latent_bank._choose_method(boson(6, tiles=tiles).devices, 10**9) == method


def test_a_table_that_is_asked_for_is_built_once():
    (device,) = boson(4, method="table").devices
    assert device._shots.whole_sampler is device._shots.boson_sampler


def test_repr_is_readable():
    assert repr(boson(modes=4, tiles=2, transmission=0.5)) == (
        "Boson(2 x PhotonicDevice(modes=4, photons=2, input_state=1100, transmission=0.5), "
        "shifted, dtype=float32)"
    )


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(photons=5), "at most modes=4"),
        (dict(photons=-1), "photons"),
        (dict(photons=2, input_state=[1, 1, 0, 0]), "not both"),
        (dict(input_state=[1, 1]), r"shape \(4,\)"),
        (dict(interferometer="Haar"), "'haar', or .* '1-3-9', .* received 'Haar'"),
        (dict(interferometer="4"), "modes - 1 = 3"),
        (dict(unitary_seed=-1), "seed"),
        (dict(indistinguishability=2), "indistinguishability"),
        (dict(transmission=[0.5]), "transmission"),
        (dict(detector="none"), "detector"),
        (dict(postselect=9), "never happens"),
        (dict(method="fastest"), "method"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        boson(modes=4, **options)


def test_bad_unitary_files_are_refused(tmp_path):
    np.save(tmp_path / "u.npy", np.eye(5))
    with pytest.raises(ValueError, match="5-mode unitary; received modes=4"):
        boson(modes=4, unitary_file=tmp_path / "u.npy")
    with pytest.raises(ValueError, match="beside it"):
        boson(modes=5, unitary_file=tmp_path / "u.npy", interferometer="1-1")
    with pytest.raises(FileNotFoundError):
        boson(modes=5, unitary_file=tmp_path / "absent.npy")
    with pytest.raises(ValueError, match="unitary_seed is an integer; received 'one'"):
        boson(modes=5, unitary_file=tmp_path / "u.npy", unitary_seed="one")


@pytest.mark.parametrize("devices, loc", [([], None), ([None], None)])
def test_bad_devices_are_refused(devices, loc):
    with pytest.raises(ValueError, match="PhotonicDevice"):
        BosonSampling(devices, loc)


@pytest.mark.parametrize("loc", [[0.0], [[0.0] * 4], [np.nan] * 4])
def test_bad_locs_are_refused(loc):
    device = PhotonicDevice(np.eye(4), [1, 0, 0, 0])
    with pytest.raises(ValueError, match="loc"):
        BosonSampling(device, loc)


def test_an_input_state_reads_as_on_the_command_line():
    for text in ("1,1,0,0", " 1, 1,0,0"):
        (device,) = boson(modes=4, input_state=text).devices
        np.testing.assert_array_equal(device.input_state, [1, 1, 0, 0])
    with pytest.raises(ValueError, match="reads like '1,1,0,2'; received '1;1;0;0'"):
        boson(modes=4, input_state="1;1;0;0")


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(photons=0), "photons is at least 1; received 0"),
        (dict(input_state="0,0,0,0"), "All samples of the latent would be equal"),
        (dict(transmission=0.0), "All samples of the latent would be equal"),
        (dict(postselect=0, transmission=0.5), "All samples of the latent would be equal"),
        (dict(detector="threshold", dark_count_probability=1.0), "would be equal"),
        (dict(detector="threshold", postselect=4, input_state=[2] * 4), "would be equal"),
        (dict(modes=1), "would be equal"),
        (dict(photons=True), "photons is an integer; received True"),
        (dict(interferometer=True), "interferometer is .haar., or the delays"),
        (dict(unitary_seed=True), "seed is an integer; received True"),
        (dict(tiles=10**28), "circuits of 4 modes take .* of memory"),
        (dict(modes=10**6, tiles=100), "100 circuits of 1,000,000 modes take .* of memory"),
        (dict(center=1), "center is True or False; received 1"),
    ],
)
def test_what_no_model_can_learn_from_is_refused(options, message):
    for build in (boson, photonic):
        with pytest.raises(ValueError, match=message):
            build(**{"modes": 4, **options})


def test_a_circuit_that_only_permutes_is_warned_of(tmp_path, caplog):
    np.save(tmp_path / "swap.npy", np.eye(4)[[1, 0, 3, 2]])
    boson(modes=4, unitary_file=str(tmp_path / "swap.npy"))
    assert "All samples of the latent would be equal" in caplog.text
    with pytest.raises(ValueError, match="All samples of the latent would be equal"):
        boson(modes=4, unitary_file=str(tmp_path / "swap.npy"), input_state=[0] * 4)


def test_dark_counts_alone_vary():
    assert boson(modes=4, transmission=0.0, dark_count_probability=0.5).variance()[0] == 0.25


def test_counts_of_a_centred_latent_have_their_own_log_prob(caplog):
    latent = boson(modes=4)
    counts = latent.counts(50, seed=3)
    expected = latent.devices[0].log_prob(counts)
    np.testing.assert_allclose(latent.log_prob_of_counts(counts), expected)
    assert latent.log_prob_of_counts(counts.reshape(5, 10, 4)).shape == (5, 10)
    np.testing.assert_allclose(latent.log_prob(counts + latent.loc), expected, rtol=1e-5)
    assert caplog.text == ""
    assert np.isneginf(latent.log_prob(counts.astype(np.float32))).all()
    assert "log_prob_of_counts(counts)" in caplog.text
    with pytest.raises(ValueError, match=r"have the width 4; received shape \(2, 3\)"):
        latent.log_prob_of_counts(np.zeros((2, 3)))


def test_bits_of_a_centred_latent_are_pointed_to_its_loc(caplog):
    latent = bernoulli(modes=3)
    assert np.isfinite(latent.log_prob(np.float32([0.5, -0.5, 0.5]))) and caplog.text == ""
    assert np.isneginf(latent.log_prob(np.float32([1, 0, 1])))
    assert "log_prob(bits -0.5)" in caplog.text


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, 1e12, 1e30, np.inf, np.nan])
@pytest.mark.parametrize(
    "options",
    [{}, dict(photons=45, modes=90, interferometer="1"), dict(photons=13, transmission=0.5)],
)
def test_values_that_are_no_counts_are_improbable_at_any_size(value, options):
    latent = boson(**{"modes": 16, "center": False, **options})
    values = np.zeros((2, latent.event_shape[0]), np.float32)
    values[:, 1] = value
    np.testing.assert_array_equal(latent.log_prob(values), [-np.inf, -np.inf])


def test_interfering_photons_lead_from_photonic_to_boson():
    quantum, classical = boson(modes=6, tiles=2), photonic(modes=6, tiles=2)
    build = functools.partial(boson, modes=6, tiles=2)
    for latent, same in (
        (build(interfering_photons=3), quantum),
        (build(interfering_photons=1), classical),
    ):
        np.testing.assert_array_equal(latent.sample(50, seed=(1, 2)), same.sample(50, seed=(1, 2)))
        assert repr(latent) == repr(same)
    between = build(interfering_photons=2)
    np.testing.assert_allclose(between.mean(), quantum.mean(), atol=1e-6)
    # Of the pairs of three photons one in three interferes.
    expected = (2 * classical.covariance() + quantum.covariance()) / 3
    np.testing.assert_allclose(between.covariance(), expected, atol=1e-6)
    draws = between.sample(4000, seed=(0, 1)).numpy()
    error = np.sqrt(np.diag(expected) / 4000)
    assert (np.abs(draws.mean(axis=0)) < 4.5 * error).all()
    assert np.isfinite(between.log_prob(draws[:20])).all()


def test_loc_is_real():
    device = boson(modes=4).devices[0]
    with pytest.raises(ValueError, match="loc holds finite real numbers"):
        BosonSampling(device, loc=np.full(4, 1j))


def test_a_circuit_is_given_as_an_object():
    unitary = haar_unitary(3, 1)
    latent = boson(photons=1, unitary=unitary)
    np.testing.assert_array_equal(latent.devices[0].unitary, unitary)
    message = "unitary holds a 3-mode unitary; received modes=4. Set modes=3"
    with pytest.raises(ValueError, match=message):
        boson(modes=4, unitary=unitary)
    with pytest.raises(ValueError, match="unitary is the interferometer; received interferometer"):
        boson(modes=3, unitary=unitary, interferometer="1-1")
