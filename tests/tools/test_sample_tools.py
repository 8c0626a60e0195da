import json

import numpy as np
import pytest
from qlatent_tf.tools import inspect_samples, sample_latent, train

from qlatent_tf.quantum.recordings import bank as sample_bank
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.quantum.unitaries import UNITARY_SUFFIXES
from qlatent_tf.registry import latents


def _bank(folder, *arguments) -> int:
    return sample_latent.main(
        [str(folder), "--num-samples", "3000", "--shard-size", "1000", "--modes", "6", *arguments]
    )


@pytest.mark.parametrize(
    "arguments, options",
    [
        ([], {}),
        (["--latent", "photonic", "--photons", "2"], {"latent": "photonic", "photons": 2}),
        (
            ["--interferometer", "1-1", "--transmission", "0.8"],
            {"interferometer": "1-1", "transmission": 0.8},
        ),
        (
            ["--tiles", "2", "--input-state", "2,0,1,0,0,0"],
            {"tiles": 2, "input_state": [2, 0, 1, 0, 0, 0]},
        ),
    ],
)
def test_a_bank_has_the_law_of_the_live_latent(tmp_path, arguments, options):
    assert _bank(tmp_path, "--seed", "9", *arguments) == 0
    options = {"latent": "boson", **options}
    latent = latents.build(options.pop("latent"), modes=6, center=False, **options)
    rows = open_samples(tmp_path)[:].astype(float)
    products = rows[:, :, None] * rows[:, None, :]
    second = latent.covariance() + np.outer(latent.mean(), latent.mean())
    for values, expected in ((rows, latent.mean()), (products, second)):
        error = values.std(axis=0) / np.sqrt(3000) + 1e-6
        assert (np.abs(values.mean(axis=0) - expected) < 4.5 * error).all()


def test_a_bank_a_file_and_the_live_sampler_are_interchangeable(tmp_path):
    _bank(tmp_path / "bank")
    np.save(tmp_path / "rows.npy", open_samples(tmp_path / "bank")[:])
    from_bank, from_file = (
        latents.build("samples", file=str(tmp_path / name)) for name in ("bank", "rows.npy")
    )
    live = latents.build("boson", modes=6)
    np.testing.assert_array_equal(
        from_bank.sample(100, seed=(1, 2)), from_file.sample(100, seed=(1, 2))
    )
    assert from_bank.event_shape == live.event_shape and from_bank.dtype == live.dtype
    np.testing.assert_allclose(from_bank.covariance(), live.covariance(), atol=0.06)


def test_the_same_command_continues_and_another_is_refused(tmp_path, capsys):
    _bank(tmp_path)
    (tmp_path / "shard-00001.npy").unlink()
    # A default that is spelt out is the same command.
    assert _bank(tmp_path, "--unitary-seed", "0") == 0
    assert open_samples(tmp_path).shape == (3000, 6)
    assert _bank(tmp_path, "--unitary-seed", "3") == 1
    assert "sampler.options.unitary_seed: 0 -> 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--latent", "photonic", "--method", "glynn"], "Unknown option method"),
        (["--photons", "9"], "at most modes=6"),
        (["--unitary-file", "absent.npy"], "absent.npy"),
        (["--seed", "-1"], "--seed is a whole number from 0"),
        (["--shard-size", "0"], "shard_size is at least 1"),
        (["--transmission", "abc"], "a transmission reads like 0.9"),
        (["--postselect", "6-8"], "reads like 6,8, a single one like 8; received '6-8'"),
        (["--input-state", "1,x"], "an input state reads like 1,1,0,2; received '1,x'"),
    ],
)
def test_mistakes_are_explained_without_a_traceback(tmp_path, capsys, arguments, message):
    try:
        code = _bank(tmp_path, *arguments)
    except SystemExit as error:
        code = error.code
    assert code != 0
    shown = capsys.readouterr().err
    assert message in shown and "_parse" not in shown


def test_inspecting_a_bank_uses_its_circuit(tmp_path, capsys):
    _bank(tmp_path / "bank")
    out = tmp_path / "report"
    assert inspect_samples.main([str(tmp_path / "bank"), "--circuits", "5", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "probability of identical photons     1.000000" in text
    assert "boson, this circuit" in text and "total variation" in text
    assert (out / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "samples.svg").read_text()
    report = json.loads((out / "report.json").read_text())
    assert report["likelihood"]["posterior_boson"] > 0.999
    assert report["predictions"]["boson"]["correlator_deviation"] < 3


def test_inspecting_a_bank_whose_sampler_names_no_input_state(tmp_path, capsys):
    device = latents.build("boson", modes=6, center=False).devices[0]
    sample_bank.write_bank(
        tmp_path,
        device,
        num_samples=3000,
        modes=6,
        seed=0,
        description={},
        unitary=device.unitary,
    )
    assert inspect_samples.main([str(tmp_path), "--circuits", "5"]) == 0
    text = capsys.readouterr().out
    assert "boson, this circuit" in text and "Input state taken to be one photon in each" in text


def test_inspecting_a_file_with_and_without_its_circuit(tmp_path, capsys):
    latent = latents.build("photonic", modes=6, center=False)
    np.save(tmp_path / "rows.npy", latent.sample(3000, seed=(0, 1)).numpy().astype(np.uint8))
    np.save(tmp_path / "unitary.npy", latent.devices[0].unitary)
    command = [str(tmp_path / "rows.npy"), "--circuits", "5", "--json"]
    assert (
        inspect_samples.main(
            [*command, "--unitary", str(tmp_path / "unitary.npy"), "--input-state", "1,1,1,0,0,0"]
        )
        == 0
    )
    known = json.loads(capsys.readouterr().out)
    assert known["likelihood"]["posterior_boson"] < 0.001
    assert (
        inspect_samples.main(
            [*command, "--interferometer", "1-1", "--out", str(tmp_path / "report")]
        )
        == 0
    )
    unknown = json.loads(capsys.readouterr().out)
    assert unknown["likelihood"] is None and unknown["photons"] == 3
    assert (tmp_path / "report" / "samples.svg").is_file()


@pytest.mark.slow
def test_inspecting_clicks_whose_totals_vary(tmp_path, capsys):
    file = tmp_path / r"clicks$\frac$2.npy"
    np.save(file, np.eye(3, dtype=np.uint8)[[0, 1, 2, 0]] | np.eye(3, dtype=np.uint8)[[0, 2, 1, 0]])
    command = [str(file), "--photons", "2", "--circuits", "3"]
    assert inspect_samples.main([*command, "--out", str(tmp_path / "report"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["collision_free"] is False
    assert (tmp_path / "report" / "samples.png").is_file()


def test_a_bank_of_gaussian_light_is_not_compared_with_single_photons(tmp_path, capsys):
    bank = str(tmp_path / "bank")
    options = ["--latent", "thermal", "--modes", "3", "--num-samples", "50"]
    assert sample_latent.main([bank, *options]) == 0
    capsys.readouterr()
    assert inspect_samples.main([bank]) == 0
    report = capsys.readouterr().out
    assert "light of thermal is not of single photons" in report and "boson" not in report
    assert inspect_samples.main([bank, "--photons", "2", "--circuits", "3"]) == 1
    assert "Leave out --photons, --circuits." in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--seed", "-1"], "seed is at least 0"),
        (["--input-state", "1,x"], "reads like 1,1,0,2"),
        (["--circuits", "0"], "--circuits: a whole number from 1"),
        (["--key", "shots"], "in a .npz file"),
        (["--input-state", "1,1"], "has shape"),
    ],
)
def test_inspection_mistakes_are_explained(tmp_path, capsys, arguments, message):
    np.save(tmp_path / "rows.npy", np.eye(3, dtype=np.uint8))
    try:
        code = inspect_samples.main([str(tmp_path / "rows.npy"), *arguments])
    except SystemExit as error:
        code = error.code
    assert code != 0 and message in capsys.readouterr().err


@pytest.mark.parametrize("tool", [train, inspect_samples])
def test_help_names_every_ending_of_a_circuits_file(tool):
    assert f"({', '.join(UNITARY_SUFFIXES)})" in " ".join(tool.parser().format_help().split())
