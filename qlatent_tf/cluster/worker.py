"""What runs in a worker's process: one task at a time, with the threads that are its share."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qlatent_tf.cluster.fingerprint import fingerprint
from qlatent_tf.startup.quiet import silence_tensorflow

# Read once, when TensorFlow, Numba and the libraries of linear algebra are loaded.
_THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
_REPORT_SECONDS = 0.5
_one_at_a_time = threading.Lock()
_places: dict[str, "Place"] = {}


class Place:
    """A job on this worker: what its tasks find here.

    Attributes:
      folder: Path. A folder of the worker's own, made by who needs it; it goes with the job.
      common: what the client sent for all tasks.
      stopped: bool. Whether the client no longer waits for results.
    """

    def __init__(self, job: str, folder: Path):
        self.job = job
        self.folder = folder
        self.common: Any = None
        self.stopped = False
        self._reported = 0.0

    def report(self, done: int) -> None:
        """Tells the client how far the task is.

        Raises:
          KeyboardInterrupt: if the client has stopped the job.
        """
        self.check_wanted()
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            worker, task = _at_work()
            worker.log_event(self.job, {"task": task, "done": done})

    def begin(self) -> None:
        """Lets the first report of a task pass, whenever the one of the task before was."""
        self._reported = 0.0

    def check_wanted(self) -> None:
        """Raises KeyboardInterrupt if the client has stopped the job, or has gone."""
        worker, task = _at_work()
        known = worker.state.tasks.get(task)
        if self.stopped or known is None or known.state == "cancelled":
            raise KeyboardInterrupt


def _at_work():
    """The worker of this thread, and the key of its task."""
    from dask.distributed import get_worker

    worker = get_worker()
    return worker, worker.get_current_task()


def join(job: str, is_ours: bool, dask_worker) -> dict[str, Any]:
    """Makes a worker ready for a job, before it loads anything; returns who it is.

    Args:
      job: str. The job's name.
      is_ours: bool. Whether the worker ends with the client; Ctrl-C is then the client's business.
      dask_worker: Worker. Given by Dask.
    """
    threads = str(dask_worker.state.nthreads)
    # Numba refuses another number once it runs, and TensorFlow does not look again.
    if not {"numba", "tensorflow"} & sys.modules.keys():
        os.environ.update(dict.fromkeys(_THREADS, threads))
        _limit_loaded_libraries(int(threads))
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence_tensorflow()
    _places[job] = Place(job, Path(dask_worker.local_directory) / job)
    return {
        "fingerprint": fingerprint(),
        "host": socket.gethostname(),
        "name": str(dask_worker.name),
    }


def _limit_loaded_libraries(threads):
    """NumPy comes with Dask: its library has started by its own rule."""
    with contextlib.suppress(ImportError):
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads)


def equip(job: str, common) -> None:
    """Leaves what all tasks of a job need."""
    _places[job].common = common


def ask(job: str, function: Callable, *arguments):
    """Returns `function(*arguments)`, called here."""
    return function(*arguments)


def stop(job: str) -> None:
    """Lets the job's task end where it next reports."""
    if job in _places:
        _places[job].stopped = True


def leave(job: str) -> None:
    """Forgets a job and removes its folder."""
    place = _places.pop(job, None)
    if place is not None:
        shutil.rmtree(place.folder, ignore_errors=True)


def perform(job: str, function: Callable, task) -> dict[str, Any]:
    """Returns what `function(common, task, place)` does and how long it takes, as a record.

    An error is told in words: that of a library may not survive the way to the client.
    """
    from distributed.protocol import pickle

    with _one_at_a_time:
        place, began = _places[job], time.perf_counter()
        try:
            place.check_wanted()
            place.begin()
            record = {"value": function(place.common, task, place)}
            # The client would wait for ever for what cannot be sent (tried with Dask 2026.8).
            pickle.dumps(record, buffer_callback=lambda buffer: None)
        except (Exception, KeyboardInterrupt) as error:
            record = {
                "kind": type(error).__name__,
                "message": str(error),
                "trace": traceback.format_exc(),
            }
        return {**record, "seconds": time.perf_counter() - began}
