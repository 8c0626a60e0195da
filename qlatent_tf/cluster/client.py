"""A cluster of workers as the client sees it: which task is on which worker, and what comes back.

Dask starts, finds and watches the workers, carries tasks and brings results. Which worker has which
task is decided here, where the scheduler of Dask (tried with 2026.8) would not do:

- A resource of which each worker has one keeps tasks on a worker apart. But tasks are assigned at
  once, and a worker that has fewer tasks than threads loses none of them to an idle one: cells wait
  behind one that takes hours, while a worker that joins or replaces a lost one has nothing to do.
- A worker is given that resource when its code has been compared. Tasks that wait for the resource
  do not take note of it.
- A plugin that compares the code while a worker joins ends a worker that cannot import it. On a
  running scheduler, such workers are those of others.

Nothing here imports Dask before a cluster is opened.
"""

import contextlib
import dataclasses
import itertools
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable
from typing import Any

from absl import logging

from qlatent_tf.cluster import worker
from qlatent_tf.cluster.members import Members

_PAUSE_SECONDS = 0.05
# Of a task that saves its run, or whose result is all but there.
_SAVING_SECONDS = 60


class TaskFailed(ValueError):  # noqa: N818
    """A task raised an error on its worker, which the message names.

    Attributes:
      kind: str. The name of the error's class.
    """

    def __init__(self, message: str, kind: str):
        super().__init__(message)
        self.kind = kind


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
      value: what its function returned; None after an error.
      error: TaskFailed, or None.
      seconds: float. How long it took on its worker.
    """

    value: Any = None
    error: TaskFailed | None = None
    seconds: float = 0.0


@dataclasses.dataclass
class _Entry:
    """A task, how often it was lost without getting further, and while it runs, where.

    `began` is what it reported first on its worker, `reached` the same on the one before.
    """

    task: Any
    lost: int = 0
    address: str = ""
    future: Any = None
    began: int | None = None
    reached: int = 0

    def report(self, done: int) -> None:
        """Takes note of what the task reports."""
        if self.began is None:
            self.began = done
            if done > self.reached:  # It resumed later than before: its worker's time had ended.
                self.lost, self.reached = 0, done


class Cluster:
    """Workers that a client is connected to.

    Args:
      client: dask.distributed.Client.
      is_ours: bool. Whether its workers are processes of this machine that end with it.
      refill: callable. Starts workers in the place of those that are gone for good; None where
        others start them.
    """

    def __init__(self, client, is_ours: bool = False, refill: Callable[[], Any] | None = None):
        self._client = client
        self._who = {"is_ours": is_ours, "refused": {}, "refill": refill}

    def map(
        self,
        function: Callable,
        tasks: Iterable,
        prepare: Callable[[Callable], Any],
        *,
        ahead: int = 0,
        watch: Callable[[Any, int], None] | None = None,
        late: Callable[[Any, "Outcome"], None] | None = None,
    ) -> Generator[tuple[Any, Outcome], None, None]:
        """Yields each task with its outcome, in the order in which they end.

        A task whose worker is lost is given to another one. Where the iteration ends early, tasks
        that run are told to stop, and the others are forgotten.

        Args:
          function: callable. `function(common, task, place)`, see `worker.Place`, of a module that
            workers can import.
          tasks: iterable. Taken one by one as workers become free.
          prepare: callable. `prepare(ask)` returns what all tasks on a worker get as `common`;
            `ask(function, *arguments)` calls a function there.
          ahead: int. Tasks that wait on each worker, so that short ones follow without a pause.
          watch: callable. Called with a task and what it reported last.
          late: callable. Called with a task and its outcome, where the iteration ends early, for
            each that has succeeded by then or while the others are stopped.

        Raises:
          ValueError: if all workers run other code than the client.
          ConnectionError: if the scheduler is gone.
        """
        name = f"qlatent_tf-{uuid.uuid4().hex[:12]}"
        members = Members(self._client, name, prepare, **self._who)
        with _Job(self._client, name, members, function, 1 + ahead, late) as job:
            yield from job.outcomes(iter(tasks), watch)


class _Job:
    """One call of `Cluster.map`."""

    def __init__(self, client, name, members, function, places, late):
        import dask
        from dask.distributed import as_completed

        self._client, self._name, self._members = client, name, members
        self._function, self._places, self._late = function, places, late
        self._lost: deque[_Entry] = deque()
        self._running: dict[str, _Entry] = {}  # by key
        # It fetches results, too, and a slow one does not keep others waiting.
        self._ended = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._allowed = dask.config.get("distributed.scheduler.allowed-failures")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._client.status != "running":
            return
        try:
            if self._running:
                self._stop()
        finally:
            self._members.call(worker.leave)

    def outcomes(self, tasks, watch):
        with self._reports(watch) as pass_on:
            while True:
                self._members.look()
                self._give_up_lost()
                more = self._hand_out(tasks)
                if not more and not self._running:
                    return
                ended = self._ended.next_batch(block=False)
                if not ended:
                    time.sleep(_PAUSE_SECONDS)
                pass_on()
                for future, record in ended:
                    entry = self._running[future.key]
                    outcome = self._outcome(entry, record)
                    if outcome is None:
                        self._lost.append(entry)
                    else:
                        yield entry.task, outcome
                    # After that: whoever is interrupted before has not got it.
                    del self._running[future.key]

    @contextlib.contextmanager
    def _reports(self, watch):
        """Listens to what tasks report; yields a function that passes it on."""
        if watch is None:
            yield lambda: None
            return
        reports: queue.SimpleQueue = queue.SimpleQueue()

        def pass_on():
            while not reports.empty():
                report = reports.get()
                entry = self._running.get(report["task"])
                if entry is not None:
                    entry.report(report["done"])
                    watch(entry.task, report["done"])

        self._client.subscribe_topic(self._name, lambda event: reports.put(event[1]))
        try:
            yield pass_on
        finally:
            if self._client.status == "running":
                self._client.unsubscribe_topic(self._name)

    def _hand_out(self, tasks):
        """Gives each worker what it has room for; returns whether there is more to give."""
        load = Counter(entry.address for entry in self._running.values())
        for place in range(self._places):
            for address in self._members:
                if load[address] == place and self._next(tasks):
                    self._submit(self._lost.popleft(), address)
                    load[address] += 1
        return self._next(tasks)

    def _next(self, tasks):
        """Whether there is a task to give: the first of those that were lost, or a new one."""
        if not self._lost:
            self._lost.extend(map(_Entry, itertools.islice(tasks, 1)))
        return bool(self._lost)

    def _submit(self, entry, address):
        entry.address = address
        entry.future = self._client.submit(
            worker.perform,
            self._name,
            self._function,
            entry.task,
            key=f"{self._function.__name__}-{uuid.uuid4().hex[:12]}",
            workers=[address],
            pure=False,
        )
        self._running[entry.future.key] = entry
        self._ended.add(entry.future)

    def _give_up_lost(self):
        """Results stay with a worker until they are fetched: both are lost together."""
        for entry in self._running.values():
            if entry.address not in self._members and not entry.future.cancelled():
                entry.future.cancel()

    def _outcome(self, entry, record):
        """The outcome of what has ended; None if it was lost with its worker."""
        from dask.distributed import KilledWorker

        who, status = self._members.name(entry.address), entry.future.status
        if status == "cancelled" and self._client.status != "running":
            raise ConnectionError("The scheduler is gone.")
        error = entry.future.exception() if status == "error" else None
        if status == "cancelled" or isinstance(error, KilledWorker):
            entry.lost, entry.began = entry.lost + 1, None
            if entry.lost <= self._allowed:
                return None
            said = f"{entry.lost} workers ended before it got further, the last one {who}."
            asked = "Is memory short, or do jobs end before the first checkpoint?"
            return Outcome(error=TaskFailed(f"{said} {asked}", "KilledWorker"))
        if error is not None:  # Dask could not bring the task there, or the result here.
            kind = type(error).__name__
            return Outcome(error=TaskFailed(f"{who}: {kind}: {error}", kind))
        if "kind" not in record:
            return Outcome(record["value"], seconds=record["seconds"])
        kind, said = record["kind"], record["message"]
        if kind not in _SPEAKING:
            logging.error("%s:\n%s", who, record["trace"])
            said = f"{kind}: {said}"
        return Outcome(error=TaskFailed(f"{who}: {said}", kind), seconds=record["seconds"])

    def _stop(self):
        """Lets running tasks save what they have, for a while, and forgets all of them."""
        from dask.distributed import wait

        entries = list(self._running.values())
        futures = [entry.future for entry in entries]
        self._members.call(worker.stop)
        logging.info("Waiting until the workers have saved what they have, a minute at most.")
        try:
            with contextlib.suppress(Exception):  # Of Dask's, which is to forget them anyway.
                wait(futures, timeout=_SAVING_SECONDS)
            self._deliver(entries)
        finally:
            self._client.cancel(futures)

    def _deliver(self, entries):
        """Hands over what has succeeded although nobody iterates any more."""
        for entry in entries if self._late else ():
            outcome = None
            with contextlib.suppress(Exception):  # Of Dask's, or it was lost with its worker.
                outcome = self._outcome(entry, entry.future.result(timeout=1))
            if outcome is not None and outcome.error is None:
                self._late(entry.task, outcome)


# Errors whose message says all.
_SPEAKING = frozenset(
    {"ValueError", "FileNotFoundError", "NotADirectoryError", "PermissionError", "OSError",
     "FloatingPointError", "InUseError", "ImportError", "Interrupted"}
)  # fmt: skip
