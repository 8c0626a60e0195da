"""Banks of latents that workers draw."""

import os
import signal

import numpy as np
import pytest
from harness import tiny_config

from qlatent_tf.latents import boson, latent_bank
from qlatent_tf.latents.files import content, file_record
from qlatent_tf.latents.latent_bank import write_latent_bank
from qlatent_tf.quantum.devices.noise import Noise
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.storage.files import read_json

OPTIONS = {
    "boson": {"modes": 6, "method": "lanes"},
    "photonic": {"modes": 5, "tiles": 2, "transmission": 0.9},
    "squashed": {"modes": 4},
}


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("latent", OPTIONS)
def test_a_bank_is_bit_equal_whatever_the_workers(two_workers, tmp_path, latent):
    size = {"num_samples": 2500, "shard_size": 1000, "seed": 3, "progress": False}
    write_latent_bank(tmp_path / "alone", latent, OPTIONS[latent], **size)
    write_latent_bank(tmp_path / "shared", latent, OPTIONS[latent], **size, cluster=two_workers)
    alone, shared = contents(tmp_path / "alone"), contents(tmp_path / "shared")
    assert len(alone) > 3 and shared == alone
    # What is missing is made again, by others.
    (tmp_path / "shared" / "shard-00001.npy").unlink()
    write_latent_bank(tmp_path / "shared", latent, OPTIONS[latent], **size, cluster=two_workers)
    assert contents(tmp_path / "shared") == alone


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_leaves_no_trace_in_the_bank(
    two_workers, tmp_path, monkeypatch
):
    size = {"num_samples": 20_000, "shard_size": 5000}
    processes, killed = list(two_workers._client.run(os.getpid).values()), []

    class Bar(latent_bank.ProgressBar):
        def update(self, n=1):
            super().update(n)
            if not killed:
                killed.append(processes[0])
                os.kill(processes[0], signal.SIGKILL)

    write_latent_bank(tmp_path / "alone", "boson", OPTIONS["boson"], **size, progress=False)
    monkeypatch.setattr(latent_bank, "ProgressBar", Bar)
    write_latent_bank(tmp_path / "shared", "boson", OPTIONS["boson"], **size, cluster=two_workers)
    assert killed and contents(tmp_path / "shared") == contents(tmp_path / "alone")


@pytest.mark.slow
def test_an_error_of_a_worker_ends_the_bank_and_names_it(two_workers, tmp_path, monkeypatch):
    broken = latent_bank.Tiles(())
    monkeypatch.setattr(latent_bank, "Tiles", lambda devices: broken)
    with pytest.raises(ValueError, match=r"worker \d .*: need at least one array"):
        write_latent_bank(
            tmp_path, "boson", {"modes": 4}, num_samples=10, progress=False, cluster=two_workers
        )


@pytest.mark.parametrize(
    "latent, options, message",
    [
        ("boson", {"standardize": True}, "photon numbers as they are; received standardize=True"),
        ("boson", {"center": True}, "photon numbers as they are; received center=True"),
        ("copula", {"modes": 4}, "of a photonic latent; received 'copula'"),
    ],
)
def test_what_is_no_bank_of_photons_is_refused(tmp_path, latent, options, message):
    with pytest.raises(ValueError, match=message):
        write_latent_bank(tmp_path / "bank", latent, options, num_samples=10, progress=False)
    assert not (tmp_path / "bank").exists()


def test_banks_of_circuits_from_files_tell_them_apart(tmp_path):
    np.save(tmp_path / "circuit.npy", haar_unitary(4, seed=1))
    np.save(tmp_path / "other.npy", haar_unitary(4, seed=2))
    records = []
    for name in ("circuit", "other"):
        options = {"modes": 4, "photons": 2, "unitary_file": str(tmp_path / f"{name}.npy")}
        folder = tmp_path / name / "samples"
        write_latent_bank(folder, "boson", options, num_samples=20, progress=False)
        config = tiny_config(latent="samples", latent_options={"file": str(folder)})
        records.append(content(file_record(config)))
    assert records[0] != records[1]


def test_modes_may_be_left_open(tmp_path):
    options = {"photons": 2, "unitary_file": str(tmp_path / "circuit.npy")}
    np.save(options["unitary_file"], haar_unitary(4, seed=1))
    write_latent_bank(tmp_path / "bank", "boson", options, num_samples=20, progress=False)
    kept = read_json(tmp_path / "bank" / "metadata.json")["sampler"]["options"]
    assert kept["modes"] == 4
    spelt_out = {"modes": 4, **options}  # finds a whole bank
    write_latent_bank(tmp_path / "bank", "boson", spelt_out, num_samples=20, progress=False)


def test_options_that_are_no_json_are_kept_as_such(tmp_path):
    objects = {
        "noise": Noise(g2=0.01),
        "transmission": np.array([0.9, 0.8, 0.7, 1.0]),
        "input_state": list(np.array([1, 1, 0, 0])),
    }
    for name, value in objects.items():
        options = {"modes": 4, name: value}
        write_latent_bank(tmp_path / name, "boson", options, num_samples=5, progress=False)
    kept = read_json(tmp_path / "noise" / "metadata.json")["sampler"]["options"]
    assert kept["noise"]["g2"] == 0.01
    kept = read_json(tmp_path / "transmission" / "metadata.json")["sampler"]["options"]
    assert kept["transmission"] == [0.9, 0.8, 0.7, 1.0]


def test_a_bank_goes_on_by_the_method_it_was_begun_with(tmp_path, monkeypatch):
    ask = {"num_samples": 20, "shard_size": 10, "progress": False}
    write_latent_bank(tmp_path / "bank", "boson", {"modes": 6, "method": "glynn"}, **ask)
    whole = contents(tmp_path / "bank")
    (tmp_path / "bank" / "shard-00001.npy").unlink()
    write_latent_bank(tmp_path / "bank", "boson", {"modes": 6}, **ask)
    assert contents(tmp_path / "bank") == whole


@pytest.mark.parametrize(
    "options",
    [
        {"modes": 6, "input_state": [8] * 6, "interfering_photons": 4},
        {"modes": 64, "photons": 48, "interferometer": "1-3", "interfering_photons": 6},
        {"modes": 8, "photons": 4},
    ],
)
def test_a_bank_is_drawn_by_the_method_of_its_latent(options):
    live = boson(**options)
    method = live.devices[0]._shots.boson_sampler.method
    assert latent_bank._choose_method(live.devices, 0) == method
