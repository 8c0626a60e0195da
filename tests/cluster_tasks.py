"""Tasks that workers of the tests' clusters perform, who import this module by its name."""

import os
import signal
import threading
import time
from pathlib import Path


def add(common, task, place):
    """Returns a sum, the process that made it and how many threads its libraries take."""
    time.sleep(0.02)
    names = ("NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")
    return common + task, os.getpid(), [os.environ[name] for name in names]


def stumble(common, task, place):
    """Returns the task, unless it is odd."""
    if task == 1:
        raise FileNotFoundError(f"There is no file /data/{task}.npy.")
    if task == 3:
        raise LookupError(task)
    return task


def lock(common, task, place):
    """Returns the task, or where it is odd what no process can send to another."""
    return threading.Lock() if task % 2 else task


def die_once(folder, task, place):
    """Kills its process at the third task, the first time."""
    sign = Path(folder) / "dead"
    if task == 2 and not sign.exists():
        sign.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


class _Bomb:
    """A number that kills its process while it is sent, after a trial of whether it can be."""

    def __init__(self, value, sign):
        self.value, self.sign, self.trials = value, sign, 0

    def __reduce__(self):
        self.trials += 1
        if self.trials == 2 and not self.sign.exists():
            self.sign.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return int, (self.value,)


def die_when_fetched(folder, task, place):
    """Returns the task; the first time, the process of the third dies when it is asked for it."""
    return _Bomb(task, Path(folder) / "dead") if task == 2 else task


def wait(seconds, task, place):
    """Returns its process and when it ended."""
    time.sleep(seconds)
    return os.getpid(), time.time()


def die(common, task, place):
    """Kills its process at one task, always."""
    if task == common:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def save_when_stopped(folder, task, place):
    """Goes on until it is stopped, and says so in a file."""
    try:
        for step in range(1200):
            place.report(step)
            time.sleep(0.05)
    except KeyboardInterrupt:
        (Path(folder) / f"saved{task}").touch()
        raise


def end_when_stopped(common, task, place):
    """Says that it is on its way, and returns the task soon after it is stopped."""
    place.report(0)
    while not place.stopped:
        time.sleep(0.05)
    return task
