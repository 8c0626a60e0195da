"""Jobs of Perceval: its simulators on this machine, and the platforms of Quandela's cloud.

A token is that of Perceval: the variable `PCVL_CLOUD_TOKEN`, or its own configuration.
"""

import contextlib
import random  # noqa: TID251 - Perceval seeds it; its state is put back
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qlatent_tf.text.names import did_you_mean

# Platforms that run here -> Perceval's name of the method; others are asked of the cloud.
LOCAL_PLATFORMS = {
    "sim:clifford2017": "CliffordClifford2017",
    "sim:slos": "SLOS",
    "sim:slap": "SLAP",
    "sim:naive": "Naive",
}
TOKEN_VARIABLE = "PCVL_CLOUD_TOKEN"
_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 5.0


class PercevalJobs:
    """Sends jobs to one platform, and takes their shots.

    Args:
      platform: str. One of `LOCAL_PLATFORMS`, or a platform of Quandela's cloud, such as
        ``qpu:belenos``.
      device: PhotonicDevice. The circuit, the photons, their noise and the detectors.

    Raises:
      ImportError: if Perceval is not installed.
      OSError: if the platform cannot be reached, or there is no token.
      ValueError: if the platform does not take the device.
    """

    def __init__(self, platform: str, device):
        self._library = _perceval()
        self.platform = platform
        self.modes = device.modes
        # Perceval hands detectors to its compiled code by protobuf, whose functions are those of
        # TensorFlow where that was loaded first: jobs fail, or worse.
        self._only_clicks = self.is_local and device.detector == "threshold"
        with self._told():
            self._processor = self._build(device)

    @property
    def is_local(self) -> bool:
        """Whether the platform is a simulator on this machine."""
        return self.platform in LOCAL_PLATFORMS

    @property
    def is_simulator(self) -> bool:
        """Whether the platform simulates: it then has the noise that it is told."""
        return self.is_local or self.platform.startswith("sim:")

    @property
    def commands(self) -> list[str]:
        """What the platform can do."""
        return list(self._processor.available_commands)

    def send(
        self,
        num_samples: int,
        max_shots: int | None,
        seed: int,
        progress: Callable[[float], None] = lambda share: None,
    ):
        """Sends a job; on this machine, also waits for it, for its random numbers are global.

        Args:
          num_samples: int. The shots that are wanted.
          max_shots: int. What the job may use on a remote platform, selected or not.
          seed: int. Of a simulator on this machine. Other seeds draw other shots; the same one not
            always the same, for Perceval draws in several threads that share a generator.
          progress: callable. Told the share that is done, again and again.

        Returns:
          Perceval's job; `id` is its name at the platform, None on this machine.
        """
        with self._told():
            draws = [name for name in ("samples", "sample_count") if name in self.commands]
            if self.is_local:  # Perceval draws from the probabilities that a simulator computes.
                draws, options = ["samples"], {}
            else:
                options = {"max_shots_per_call": max_shots}
            if not draws:
                raise ValueError(f"{self.platform} draws no samples; it knows {self.commands}.")
            sampler = self._library.algorithm.Sampler(self._processor, **options)
            job = getattr(sampler, draws[0])
            if not self.is_local:
                job.execute_async(num_samples)
                return job
            job.set_progress_callback(lambda share, *_: progress(float(share)))
            # In this thread: the seed is that of the thread alone, and others draw all the same.
            with _seeded(self._library, seed):
                job.execute_sync(num_samples)
            return job

    def resume(self, name: str):
        """Returns the job of an id at a remote platform."""
        with self._told():
            return self._processor.resume_job(name)

    def wait(self, job, progress: Callable[[float], None] = lambda share: None) -> dict[str, Any]:
        """Waits for a job.

        Args:
          job: what `send` or `resume` returned.
          progress: callable. Told the share that is done, again and again.

        Returns:
          dict. ``rows``, uint8 of shape `[shots, modes]`, and ``performance``, the share of shots
          that the platform selected, if it says it.

        Raises:
          JobError: if the job has failed or was cancelled.
          OSError: if the platform cannot be reached.
        """
        with self._told():
            self._wait(job, progress)
            if job.is_failed:
                reason = job.status.stop_message or "it does not say why"
                raise JobError(f"The job {_name(job)} of {self.platform} has failed: {reason}.")
            results = job.get_results()
        found = results.get("results") if isinstance(results, Mapping) else None
        if found is None or isinstance(found, str):
            raise JobError(f"The job {_name(job)} of {self.platform} has no shots: {found!r}.")
        share = results.get("global_perf")
        return {"rows": self._rows(found), "performance": None if share is None else float(share)}

    def _wait(self, job, progress) -> None:
        pause = _POLL_SECONDS
        while not job.is_complete:
            progress(float(job.status.progress or 0.0))
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_POLL_SECONDS)

    def _build(self, device):
        library = self._library
        circuit = library.Unitary(library.Matrix(device.unitary))
        noise = library.NoiseModel(**device_noise(device)) if self.is_simulator else None
        if self.is_local:
            processor = library.Processor(LOCAL_PLATFORMS[self.platform], circuit, noise=noise)
        else:
            processor = library.RemoteProcessor(name=self.platform)
            processor.set_circuit(circuit)
            processor.noise = noise
        if device.detector == "threshold" and not self.is_local:
            for mode in range(device.modes):
                processor.add(mode, library.Detector.threshold())
        least, _ = device.postselect or (0, None)
        processor.min_detected_photons_filter(int(least))
        processor.with_input(library.BasicState(device.input_state.tolist()))
        return processor

    def _rows(self, found) -> np.ndarray:
        # Perceval's classes are no Python mappings.
        counted = found.items() if hasattr(found, "items") else ((shot, 1) for shot in found)
        shots, counts = [], []
        for shot, count in counted:
            shots.append(list(shot))
            counts.append(int(count))
        rows = np.array(shots or np.zeros((0, self.modes)), np.int64)
        if rows.shape[1] != self.modes or rows.min(initial=0) < 0 or rows.max(initial=0) > 255:
            raise JobError(
                f"{self.platform} returned shots of {rows.shape[1]} modes with up to {rows.max()} "
                f"photons; the circuit has {self.modes} modes."
            )
        rows = np.repeat(rows, np.array(counts, np.int64), axis=0).astype(np.uint8)
        return np.minimum(rows, 1) if self._only_clicks else rows

    @contextlib.contextmanager
    def _told(self):
        """Names the platform in what Perceval raises, in the kinds of this package."""
        import requests

        try:
            yield
        except JobError:
            raise
        except OSError as error:
            if isinstance(error, ConnectionError) and "token" in str(error).lower():
                raise PermissionError(
                    f"{self.platform} is a platform of Quandela's cloud, which needs a token: set "
                    f"{TOKEN_VARIABLE}. On this machine run {', '.join(LOCAL_PLATFORMS)}."
                    f"{did_you_mean(self.platform, LOCAL_PLATFORMS)}"
                ) from error
            if isinstance(error, requests.ConnectionError | requests.Timeout):
                raise ConnectionError(f"{self.platform} cannot be reached: {error}") from error
            raise OSError(f"{self.platform} refuses: {error}") from error
        except (RuntimeError, AssertionError, TypeError) as error:
            raise ValueError(f"{self.platform} does not take this experiment: {error}") from error


class JobError(ValueError):
    """A job that ended without shots."""


def device_noise(device) -> dict[str, Any]:
    """Returns the parameters of Perceval's `NoiseModel` for a device; its phases' errors are in U.

    Raises:
      ValueError: if the device has imperfections that Perceval's model lacks.
    """
    lacks = []
    if device.interfering_photons != device.photons:
        lacks.append("interfering_photons")
    if device.dark_count_probability > 0:
        lacks.append("dark_count_probability")
    if len(set(device.transmission.tolist())) > 1:
        lacks.append("a transmission for each mode")
    if lacks:
        raise ValueError(f"Perceval's noise has no {' and no '.join(lacks)}; leave them out.")
    brightness = device.noise.brightness
    return {
        "brightness": brightness,
        "indistinguishability": float(device.indistinguishability),
        "g2": device.noise.g2,
        "g2_distinguishable": True,
        "transmittance": float(device.transmission[0]) / (brightness or 1.0),
    }


def _perceval() -> Any:  # Its types are not complete.
    try:
        import perceval
    except ImportError:
        raise ImportError(
            "Platforms of Perceval need perceval-quandela, which is not installed: "
            "pip install 'qlatent_tf[perceval]'."
        ) from None
    return perceval


@contextlib.contextmanager
def _seeded(library, seed: int):
    """Seeds Perceval, which seeds those of Python and of NumPy, too, and puts theirs back."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        library.random_seed(seed % 2**32)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _name(job) -> str:
    return str(getattr(job, "id", None) or "on this machine")
