"""Banks of shots that a platform drew: a device, or the simulator of another library."""

import datetime
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.arguments import check_postselect
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.quantum.providers.perceval_jobs import JobError, PercevalJobs, device_noise
from qlatent_tf.quantum.recordings import bank_metadata
from qlatent_tf.quantum.recordings.bank import check_disk, check_folder, npy_sha256, write_bank
from qlatent_tf.registry import latents
from qlatent_tf.storage import files, npy_files
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.text.differences import differences, format_differences
from qlatent_tf.text.progress import progress_bar

PROVIDERS = ("perceval",)
_JOB = {"id": (str, None), "sent": str, "received?": str, "performance?": (float, None)}
# What Perceval keeps of a shot, at least.
_SHOT_BYTES = 64
_RECORD = {"sampler": dict, "job": _JOB}
# What the platform does, not the options of a latent.
_NOT_OPTIONS = ("center", "unitary", "unitary_file", "method", "precision", "tiles", "noise")


def write_device_bank(
    folder: str | os.PathLike,
    platform: str,
    latent: str,
    options: Mapping[str, Any],
    *,
    num_samples: int,
    seed: int = 0,
    max_shots: int | None = None,
    shard_size: int = 25_000,
    provider: str = "perceval",
    progress: bool = True,
) -> int:
    """Has a platform draw shots, and writes them as a bank; see `write_bank`.

    A record of the job lies beside the bank, as ``FOLDER.job.json``, until the bank is whole. After
    a kill, the same call waits for the job that was sent and does not send another; a job on this
    machine begins anew.

    Args:
      folder: path. The bank's directory: new, empty, or begun by the same call.
      platform: str. A simulator of Perceval, such as `"sim:clifford2017"`, or a platform of
        Quandela's cloud, such as `"qpu:belenos"`; see `PercevalJobs`.
      latent: str. `"boson"` or `"photonic"`.
      options: dict. Options of the latent: the circuit, and for simulators the noise. `postselect`
        holds for all platforms.
      num_samples: int. Rows that are asked for. A platform may return fewer; the bank holds them.
      seed: int, from 0. Of a simulator on this machine. Other seeds draw other shots; the same one
        usually, but not always, draws the same, see `PercevalJobs.send`.
      max_shots: int. What the job may use on a remote platform: needed there.
      shard_size: int. Rows in a file.
      provider: str. `"perceval"`.
      progress: bool. Whether to show a progress bar.

    Returns:
      int. The rows of the bank.

    Raises:
      ImportError: if the provider's library is not installed.
      OSError: if the platform cannot be reached, or there is no token.
      ValueError: if an option is not legal for the platform, the job failed, or the directory holds
        something else or a bank begun differently.
      InUseError: if another process is making the bank.
    """
    folder = Path(folder)
    if provider not in PROVIDERS:
        raise ValueError(f"Unknown provider {provider!r}; legal: {', '.join(PROVIDERS)}.")
    num_samples = check_count(num_samples, "num_samples", least=1)
    shard_size = check_count(shard_size, "shard_size", least=1)
    seed = check_count(seed, "seed")
    device = _device(latent, options)
    jobs = PercevalJobs(platform, device)
    if not jobs.is_local and not max_shots:
        raise ValueError(
            f"{platform} counts shots, selected or not: --max-shots says how many the job may use."
        )
    sampler = {
        "latent": latent,
        "options": _settings(latent, {**options, "modes": device.modes}),
        "input_state": device.input_state.tolist(),
        "provider": provider,
        "platform": platform,
        "noise": _noise(jobs, device, options),
        "asked": num_samples,
        "max_shots": None if jobs.is_local else max_shots,
        "seed": seed if jobs.is_local else None,
    }
    record_path = folder.with_name(f"{folder.name}.job.json")
    rows_path = folder.with_name(f"{folder.name}.job.npy")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with sole_use(folder.with_name(f".{folder.name}.job.lock"), f"making the bank {folder}"):
        if _is_finished(folder, sampler, device.unitary):
            _forget(record_path, rows_path)
            return bank_metadata.read_metadata(folder)["num_samples"]
        record = _record(record_path, sampler)
        # Before a job is sent, which may have to be paid for.
        check_folder(folder)
        check_disk(folder, 2 * num_samples * device.modes)
        check_memory(num_samples * (_SHOT_BYTES + device.modes), f"{num_samples:,} shots")
        if record is None or not ("received" in record["job"] and rows_path.is_file()):
            record = _run(jobs, record, (record_path, rows_path), sampler, seed, progress)
        rows = np.array(npy_files.open_npy(rows_path))
        write_bank(
            folder,
            _Shots(rows),
            num_samples=len(rows),
            modes=device.modes,
            seed=0 if sampler["seed"] is None else seed,
            shard_size=shard_size,
            description={**sampler, "job": record["job"]},
            unitary=device.unitary,
        )
        _forget(record_path, rows_path)
    return len(rows)


def _forget(*paths: Path) -> None:
    """Removes what is kept of a job until its bank is whole."""
    for path in paths:
        path.unlink(missing_ok=True)


def _device(latent: str, options):
    if latent not in ("boson", "photonic"):
        raise ValueError(
            f"A platform draws single photons, boson or photonic; received {latent!r}."
        )
    for name in ("method", "precision"):
        if name in options:
            raise ValueError(f"{name} is the platform's; received {options[name]!r}. Leave it out.")
    if options.get("tiles", 1) != 1:
        raise ValueError(f"A job is of one circuit; received tiles={options['tiles']!r}.")
    return latents.build(latent, center=False, **options).devices[0]


def _settings(latent: str, options) -> dict[str, Any]:
    """The latent's options, defaults spelt out, but for the circuit, which is kept itself."""
    taken = latents.options(latent).items()
    settings = {name: options.get(name, one.default) for name, one in taken}
    return {
        name: value
        for name, value in settings.items()
        if name not in _NOT_OPTIONS and value is not None
    }


def _noise(jobs: PercevalJobs, device, settings) -> dict[str, Any] | None:
    """What a simulator is told; None for a device, which has noise and detectors of its own."""
    if jobs.is_simulator:
        return device_noise(device)
    ideal = {"indistinguishability": 1.0, "transmission": 1.0, "detector": "number"}
    ideal |= dict.fromkeys(("g2", "phase_error", "interfering_photons", "noise"))
    ideal |= {"dark_count_probability": 0.0}
    told = [name for name, value in ideal.items() if settings.get(name, value) != value]
    if told:
        raise ValueError(
            f"{jobs.platform} is a device, with noise and detectors of its own; received "
            f"{', '.join(told)}."
        )
    return None


def _is_finished(folder: Path, sampler: dict, unitary: np.ndarray) -> bool:
    """Whether the bank is there and whole; refuses one that was begun with other settings."""
    if not bank_metadata.is_bank(folder):
        return False
    begun = bank_metadata.read_metadata(folder)
    _refuse_others({name: begun["sampler"].get(name) for name in sampler}, sampler, folder)
    if begun["unitary_sha256"] != npy_sha256(unitary):
        raise ValueError(f"{folder} holds a bank of another circuit; choose another folder.")
    whole = -(-begun["num_samples"] // begun["shard_size"])
    return len(begun["shards"]) == whole


def _record(path: Path, sampler: dict) -> dict | None:
    """Returns what a killed process left of a job, if that is of use.

    A job without an id was never sent, or was one of this machine and ended with its process.
    """
    if not path.is_file():
        return None
    record = files.read_json(path, _RECORD)
    if record["job"]["id"] is None and "received" not in record["job"]:
        return None
    _refuse_others(record["sampler"], sampler, path)
    return record


def _refuse_others(begun: dict, now: dict, where: Path) -> None:
    found = differences(begun, json.loads(json.dumps(now)), nested=True)
    if found:
        raise ValueError(
            f"{where} is of a job with other settings (there -> now): {format_differences(found)}. "
            "The command that began it ends it; otherwise choose another folder."
        )


def _run(jobs, record, paths, sampler, seed, progress) -> dict:
    """Sends a job, unless there is one, and keeps its shots and its record."""
    record_path, rows_path = paths
    with progress_bar(total=100, desc=jobs.platform, unit="%", shown=progress) as bar:

        def show(share: float) -> None:
            bar.update(int(100 * share) - bar.n)

        if record is None:
            record = {"sampler": sampler, "job": {"id": None, "sent": _now()}}
            files.write_json(record_path, record)  # Before anything is paid for: is there room?
            job = jobs.send(sampler["asked"], sampler["max_shots"], seed, show)
            record["job"]["id"] = getattr(job, "id", None)
            files.write_json(record_path, record)
            if record["job"]["id"]:
                logging.info(
                    "%s has the job %s. If this ends, the same command waits for it again.",
                    jobs.platform, record["job"]["id"],
                )  # fmt: skip
        else:
            logging.info("Waiting for the job %s of %s.", record["job"]["id"], jobs.platform)
            job = jobs.resume(record["job"]["id"])
        try:
            done = jobs.wait(job, show)
        except JobError:
            record_path.unlink()  # The same command may send another.
            raise
    postselect = sampler["options"].get("postselect")
    rows, turn = _selected(done["rows"], postselect), 1
    if done["performance"] is not None and len(done["rows"]):
        done["performance"] *= len(rows) / len(done["rows"])
    while jobs.is_local and 0 < len(rows) < sampler["asked"]:
        # No seed that another bank begins with.
        (other,) = np.random.SeedSequence((seed, turn)).generate_state(1)
        more = jobs.send(sampler["asked"] - len(rows), None, int(other))
        rows = np.concatenate([rows, _selected(jobs.wait(more)["rows"], postselect)])
        turn += 1
    if not len(rows):
        record_path.unlink()
        raise ValueError(f"{jobs.platform} returned no shot that the post-selection keeps.")
    if len(rows) < sampler["asked"]:
        logging.warning(
            "%s returned %d shots of the %d that were asked for: the bank holds these.",
            jobs.platform, len(rows), sampler["asked"],
        )  # fmt: skip
    with files.atomic_path(rows_path) as temporary:
        np.save(temporary, rows[: sampler["asked"]])
    record["job"] |= {"received": _now(), "performance": done["performance"]}
    files.write_json(record_path, record)
    return record


def _selected(rows: np.ndarray, postselect) -> np.ndarray:
    """Platforms select by the least total alone; simulators on this machine do not count clicks."""
    limits = check_postselect(postselect)
    if limits is None:
        return rows
    least, most = limits
    totals = rows.sum(axis=1, dtype=np.int64)
    return rows[(totals >= least) & (totals <= most)]


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


class _Shots:
    """Shots that are there already, as the sampler of a bank."""

    def __init__(self, rows: np.ndarray):
        self._rows = rows

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        return self._rows[start : start + num_samples]
