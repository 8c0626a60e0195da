"""Banks that platforms of Perceval draw: its simulators, and a cloud on this machine."""

import importlib.util
import json
import sys

import numpy as np
import pytest

# First, as in most programs: Perceval's compiled code then has TensorFlow's protobuf for its own.
import tensorflow  # noqa: F401
from perceval_cloud import perceval_cloud

from qlatent_tf import __main__ as command
from qlatent_tf import latents
from qlatent_tf.latents import device_bank
from qlatent_tf.latents.device_bank import write_device_bank
from qlatent_tf.quantum import open_samples
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

# Not imported before a test needs it: that takes a second of every worker.
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("perceval") is None, reason="needs Perceval"
)
# Perceval's sampler by Clifford and Clifford's method may wait for a second at the end of a call.
PLATFORMS = [pytest.param("sim:clifford2017", marks=pytest.mark.slow), "sim:slos"]
SHOTS = 4000
CIRCUIT = {"modes": 4, "photons": 2, "unitary_seed": 3}
NOISE = {"indistinguishability": 0.7, "transmission": 0.6}


def write(folder, platform, *, latent="boson", num_samples=SHOTS, **options):
    """Writes a bank of the small circuit, whatever of `options` is the latent's or the bank's."""
    how = {name: options.pop(name) for name in ("seed", "max_shots") if name in options}
    how |= {"num_samples": num_samples, "progress": False}
    return write_device_bank(folder, platform, latent, {**CIRCUIT, **options}, **how)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("noise", [{}, NOISE, {"detector": "threshold", "postselect": [2, 2]}])
def test_simulators_of_perceval_draw_from_the_exact_law(tmp_path, platform, noise):
    assert write(tmp_path / "bank", platform, seed=1, **noise) == SHOTS
    rows = open_samples(tmp_path / "bank")
    device = latents.boson(**CIRCUIT, **noise, center=False).devices[0]
    outcomes = np.stack(np.meshgrid(*[np.arange(3)] * 4), axis=-1).reshape(-1, 4)
    outcomes = outcomes[outcomes.sum(axis=1) <= 2]
    law = np.exp(device.log_prob(outcomes))
    assert law.sum() == pytest.approx(1)
    possible = law > 0
    # Perceval does not seed every method: once in a million times the bound is not met.
    assert chi_square_p_value(rows[:], outcomes[possible], law[possible]) > 1e-6
    device = rows.metadata["sampler"]
    assert (device["provider"], device["platform"]) == ("perceval", platform)
    kept = device["options"].get("postselect", [0, 2])
    every = np.exp(
        latents.boson(**CIRCUIT, **{**noise, "postselect": None}, center=False)
        .devices[0]
        .log_prob(outcomes)
    )
    totals = outcomes.sum(axis=1)
    share = every[(totals >= kept[0]) & (totals <= kept[1])].sum()
    assert device["job"]["performance"] == pytest.approx(share, abs=5 / SHOTS**0.5)
    assert device["job"]["id"] is None and device["input_state"] == [1, 1, 0, 0]
    assert device["options"].items() >= noise.items() and device["job"]["sent"].startswith("20")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_seed_draws_other_shots(tmp_path, platform):
    for seed in range(3):
        write(tmp_path / str(seed), platform, seed=seed, num_samples=500)
    one, two, three = (open_samples(tmp_path / str(seed))[:] for seed in range(3))
    for first, second in ((one, two), (one, three), (two, three)):
        assert (first == second).all(axis=1).mean() < 0.5


@pytest.mark.slow
def test_shots_that_selection_leaves_out_are_replaced_by_others(tmp_path):
    options = {"detector": "threshold", "postselect": [2, 2], "num_samples": 1000}
    write(tmp_path / "bank", "sim:clifford2017", **options)
    code = open_samples(tmp_path / "bank")[:] @ [1, 2, 4, 8]
    same = [(code[lag:] == code[:-lag]).mean() for lag in range(1, 900)]
    assert max(same) < 0.6


def test_second_photons_are_those_of_perceval(tmp_path):
    noise = {**NOISE, "g2": 0.15}
    write(tmp_path / "bank", "sim:clifford2017", seed=1, **noise)
    some = {**noise, "postselect": [1, 2], "num_samples": 500}
    assert write(tmp_path / "some", "sim:clifford2017", **some) == 500
    assert set(open_samples(tmp_path / "some")[:].sum(axis=1)) == {1, 2}
    rows = open_samples(tmp_path / "bank")[:].astype(float)
    device = latents.boson(**CIRCUIT, **noise, center=False).devices[0]
    assert rows.sum(axis=1).max() > 2
    error = np.sqrt(device.variance() / SHOTS)
    np.testing.assert_array_less(np.abs(rows.mean(axis=0) - device.mean()), 5 * error)


def test_a_bank_of_a_platform_is_a_latent_and_can_be_looked_into(tmp_path, capsys):
    sizes = ("--modes", "4", "--photons", "2", "--num-samples", "300", "--seed", "2")
    made = ("sample_latent", str(tmp_path / "bank"), "--provider", "perceval", *sizes)
    assert command.main([*made, "--platform", "sim:slos"]) == 0
    latent = latents.samples(file=str(tmp_path / "bank"))
    assert latent.sample(5, seed=(0, 1)).shape == (5, 4)
    assert command.main(["inspect_samples", str(tmp_path / "bank"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["predictions"].keys() >= {"boson"}
    # The bank is there: nothing is drawn again; another one is refused.
    written = (tmp_path / "bank" / "metadata.json").stat().st_mtime_ns
    assert command.main([*made, "--platform", "sim:slos"]) == 0
    assert (tmp_path / "bank" / "metadata.json").stat().st_mtime_ns == written
    capsys.readouterr()
    assert command.main([*made, "--platform", "sim:naive"]) == 1
    assert "'sim:slos' -> 'sim:naive'" in capsys.readouterr().err
    assert command.main(["sample_latent", str(tmp_path / "other"), "--platform", "sim:slos"]) == 1
    assert "go with --provider" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latent": "thermal"}, "single photons, boson or photonic"),
        ({"dark_count_probability": 0.1}, "has no dark_count_probability"),
        ({"transmission": [1, 1, 1, 0.5]}, "no a transmission for each mode"),
        ({"interfering_photons": 1}, "no interfering_photons"),
        ({"method": "glynn"}, "method is the platform's"),
        ({"tiles": 2}, "A job is of one circuit"),
    ],
)
def test_what_a_platform_does_not_take_is_refused(tmp_path, options, words):
    with pytest.raises(ValueError, match=words):
        write(tmp_path / "bank", "sim:slos", **options)
    assert not list(tmp_path.iterdir())


def test_what_cannot_become_a_bank_is_refused_before_a_job_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(device_bank.PercevalJobs, "send", None)
    folder = tmp_path / "bank"
    for options, words in (
        ({"num_samples": 0}, "num_samples is at least 1"),
        ({"seed": -1}, "seed is at least 0"),
        ({"num_samples": 10**15}, "the disk has"),
    ):
        with pytest.raises(ValueError, match=words):
            write(folder, "sim:slos", **options)
    with pytest.raises(ValueError, match="shard_size is at least 1"):
        write_device_bank(folder, "sim:slos", "boson", CIRCUIT, num_samples=1, shard_size=0)
    monkeypatch.setattr(device_bank, "check_disk", lambda *_: None)
    with pytest.raises(ValueError, match="shots take .* of memory"):
        write(folder, "sim:slos", num_samples=10**15)
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(ValueError, match="neither empty nor a sample bank"):
        write(folder, "sim:slos")
    assert [path.name for path in tmp_path.rglob("*")] == ["bank", "mine"]


def test_a_killed_job_of_this_machine_does_not_stand_in_the_way(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(device_bank.PercevalJobs, "send", killed)
        write(tmp_path / "bank", "sim:slos")
    left = (tmp_path / "bank.job.json").read_text()
    assert write(tmp_path / "bank", "sim:slos", num_samples=20) == 20
    # Killed between the bank and its record.
    (tmp_path / "bank.job.json").write_text(left)
    assert write(tmp_path / "bank", "sim:slos", num_samples=20) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["bank"]


@pytest.fixture
def cloud(monkeypatch):
    with perceval_cloud(monkeypatch) as server:
        yield server


@pytest.mark.parametrize("commands", [["samples"], ["sample_count"]])
def test_a_job_of_the_cloud_becomes_a_bank(tmp_path, cloud, commands):
    cloud.commands = commands
    assert write(tmp_path / "bank", "sim:far", num_samples=200, max_shots=500, g2=0.1) == 200
    rows = open_samples(tmp_path / "bank")
    assert rows.metadata["sampler"]["job"]["id"] == "job-0"
    assert rows.metadata["sampler"]["noise"]["g2"] == 0.1
    assert cloud.jobs["job-0"]["platform_name"] == "sim:far"
    assert rows[:].sum(axis=1).max() >= 2


def test_a_killed_process_goes_on_with_the_job_that_it_sent(tmp_path, cloud, monkeypatch):
    cloud.status = "running"
    told = []

    def killed(seconds):
        told.append(json.loads((tmp_path / "bank.job.json").read_text())["job"]["id"])
        raise SystemExit("killed")

    ask = {"num_samples": 100, "max_shots": 500}
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("qlatent_tf.quantum.providers.perceval_jobs.time.sleep", killed)
        write(tmp_path / "bank", "qpu:far", **ask)
    # It was written before the job was waited for.
    assert told == ["job-0"]
    with pytest.raises(ValueError, match="job with other settings.*100 -> 99"):
        write(tmp_path / "bank", "qpu:far", **{**ask, "num_samples": 99})
    cloud.status = "completed"
    # Killed again, when shots are there but the bank is not.
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(device_bank, "write_bank", lambda *_, **__: killed(0))
        write(tmp_path / "bank", "qpu:far", **ask)
    shots = np.load(tmp_path / "bank.job.npy")
    assert write(tmp_path / "bank", "qpu:far", **ask) == 100
    np.testing.assert_array_equal(open_samples(tmp_path / "bank")[:], shots)
    assert list(cloud.jobs) == ["job-0"] and len(list(tmp_path.iterdir())) == 1
    assert "noise" not in json.loads(json.dumps(cloud.jobs["job-0"]["payload"]))


def test_a_platform_may_return_fewer_shots(tmp_path, cloud, caplog):
    cloud.share = 0.5
    assert write(tmp_path / "bank", "qpu:far", num_samples=100, max_shots=500) == 50
    assert open_samples(tmp_path / "bank").shape == (50, 4)
    assert "returned 50 shots of the 100" in caplog.text


def test_what_goes_wrong_at_a_platform_is_told(tmp_path, cloud, monkeypatch):
    from perceval.providers.quandela.remote_config import RemoteConfig

    def refuses(error, words, platform="qpu:far", **options):
        with pytest.raises(error, match=words):
            write(tmp_path / "bank", platform, **{"max_shots": 500, "num_samples": 10, **options})

    refuses(ValueError, "--max-shots says how many", max_shots=None)
    refuses(ValueError, "noise and detectors of its own; received g2", g2=0.1)
    refuses(ValueError, "does not take this experiment: Circuit too big", modes=13)
    cloud.status = "error"
    refuses(ValueError, "The job job-0 of qpu:far has failed: laser is off")
    assert not (tmp_path / "bank.job.json").exists()
    cloud.status, cloud.share = "completed", 0.0
    refuses(ValueError, "returned no shot that the post-selection keeps")
    assert not (tmp_path / "bank.job.json").exists()
    cloud.commands = ["emulate"]
    refuses(ValueError, "draws no samples; it knows .'emulate'.")
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "wrong")
    RemoteConfig._token = None
    refuses(OSError, "qpu:far refuses: .*401")
    monkeypatch.delenv("PCVL_CLOUD_TOKEN")
    RemoteConfig._token = None
    refuses(PermissionError, "needs a token: set PCVL_CLOUD_TOKEN")
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "a_token")
    RemoteConfig._token = None
    RemoteConfig.set_url("http://127.0.0.1:9")
    refuses(ConnectionError, "qpu:far cannot be reached")


def test_without_perceval_its_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "perceval", None)
    with pytest.raises(ImportError, match=r"pip install 'qlatent_tf\[perceval\]'"):
        write(tmp_path / "bank", "sim:slos")
