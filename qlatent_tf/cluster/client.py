"""A cluster of workers as the client sees it: who may work, who has which task, what comes back.

Dask starts, finds and watches the workers and carries tasks and results. Which worker has which
task is decided here: one that runs other code than the client has none, and no task waits in a
queue behind one that takes hours. Nothing here imports Dask before a cluster is opened.
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
from qlatent_tf.cluster.fingerprint import fingerprint
from qlatent_tf.differences import differences, format_differences

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 60
_SAVING_SECONDS = 20
_RESULT_SECONDS = 5


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
    """A task, how often it was lost, and while it runs, where."""

    task: Any
    lost: int = 0
    address: str = ""
    future: Any = None


class Cluster:
    """Workers that a client is connected to.

    Args:
      client: dask.distributed.Client.
      is_ours: bool. Whether its workers are processes of this machine that end with it.
    """

    def __init__(self, client, is_ours: bool = False):
        self._client = client
        self._is_ours = is_ours
        self._refused: dict[str, str] = {}

    def map(
        self,
        function: Callable,
        tasks: Iterable,
        prepare: Callable[[Callable], Any],
        *,
        ahead: int = 0,
        watch: Callable[[Any, int], None] | None = None,
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

        Raises:
          ValueError: if all workers run other code than the client.
          ConnectionError: if the scheduler is gone.
        """
        with _Job(self, function, prepare, ahead, watch) as job:
            yield from job.outcomes(iter(tasks))


class _Job:
    """One call of `Cluster.map`."""

    def __init__(self, cluster, function, prepare, ahead, watch):
        import dask

        self._cluster, self._client = cluster, cluster._client
        self._function, self._prepare, self._watch = function, prepare, watch
        self._places = 1 + ahead
        self._name = f"qlatent_tf-{uuid.uuid4().hex[:12]}"
        self._names: dict[str, str] = {}  # of the workers that take part, by address
        self._known: dict[str, str] = {}  # of those that were lost, too
        self._running: dict[str, _Entry] = {}  # by key
        self._allowed = dask.config.get("distributed.scheduler.allowed-failures")
        self._reports: queue.SimpleQueue = queue.SimpleQueue()
        self._looked = self._told = 0.0

    def __enter__(self):
        if self._watch is not None:
            self._client.subscribe_topic(self._name, lambda event: self._reports.put(event[1]))
        return self

    def __exit__(self, *_):
        if self._client.status != "running":
            return
        try:
            if self._running:
                self._stop()
        finally:
            if self._watch is not None:
                self._client.unsubscribe_topic(self._name)
            self._run(worker.leave, self._name, workers=list(self._names), on_error="ignore")

    def outcomes(self, tasks):
        from dask.distributed import CancelledError, TimeoutError, wait

        self._told = time.monotonic()
        again: deque[_Entry] = deque()
        entries = map(_Entry, tasks)
        while True:
            self._look()
            self._hand_out(again, entries)
            if not again and not self._running:
                return
            futures = [entry.future for entry in self._running.values()]
            with contextlib.suppress(TimeoutError, CancelledError):
                if futures:
                    wait(futures, timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED")
                else:
                    time.sleep(_LOOK_SECONDS)
            self._pass_on_reports()
            for key, entry in list(self._running.items()):
                if entry.future.done():
                    try:
                        outcome = self._outcome(entry)
                    except TimeoutError:  # The result may be lost with its worker: look first.
                        continue
                    del self._running[key]
                    if outcome is None:
                        again.append(entry)
                    else:
                        yield entry.task, outcome

    def _hand_out(self, again, entries):
        """Gives each worker what it has room for; `again` is empty if there is no more to give."""
        load = Counter(entry.address for entry in self._running.values())
        for place in range(self._places):
            for address in [one for one in self._names if load[one] <= place]:
                again.extend(itertools.islice(entries, 0 if again else 1))
                if not again:
                    return
                self._submit(again.popleft(), address)
                load[address] += 1
        again.extend(itertools.islice(entries, 0 if again else 1))

    def _submit(self, entry, address):
        key = f"{self._function.__name__}-{uuid.uuid4().hex[:12]}"
        entry.address = address
        entry.future = self._client.submit(
            worker.perform,
            self._name,
            self._function,
            entry.task,
            key=key,
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        self._running[key] = entry

    def _outcome(self, entry):
        """The outcome of what has ended; None if it was lost with its worker."""
        from dask.distributed import KilledWorker

        who = self._known[entry.address]
        if entry.future.status == "cancelled":
            self._check_scheduler()
            return self._count_loss(entry)
        error = entry.future.exception(timeout=_RESULT_SECONDS)
        if isinstance(error, KilledWorker):
            return self._count_loss(entry)
        if error is not None:  # Dask could not bring the task there, or the result here.
            kind = type(error).__name__
            return Outcome(error=TaskFailed(f"{who}: {kind}: {error}", kind))
        record = entry.future.result(timeout=_RESULT_SECONDS)
        if "kind" not in record:
            return Outcome(record["value"], seconds=record["seconds"])
        kind, said = record["kind"], record["message"]
        if kind not in _SPEAKING:
            logging.error("%s:\n%s", who, record["trace"])
            said = f"{kind}: {said}"
        return Outcome(error=TaskFailed(f"{who}: {said}", kind), seconds=record["seconds"])

    def _count_loss(self, entry):
        who = self._known[entry.address]
        entry.lost += 1
        if entry.lost <= self._allowed:
            return None
        said = f"{entry.lost} workers ended while they had it, the last one {who}. Is memory short?"
        return Outcome(error=TaskFailed(said, "KilledWorker"))

    def _look(self):
        """Takes note of workers that came and went."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS and self._names:
            return
        self._looked = now
        try:
            present = set(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise ConnectionError(f"The scheduler is gone: {error}") from error
        for address in set(self._names) - present:
            logging.warning("%s is lost.", self._names.pop(address))
        new = present - set(self._names) - set(self._cluster._refused)
        if new:
            self._meet(sorted(new))
        if self._names:
            self._told = now
        elif present and present <= set(self._cluster._refused):
            raise ValueError(
                "No worker runs the client's code: "
                + " ".join(self._cluster._refused[address] for address in sorted(present))
            )
        elif now - self._told > _PATIENCE_SECONDS:
            self._told = now
            logging.info("There is no worker yet; Ctrl-C ends the waiting.")
        for entry in self._running.values():
            # Results stay with the worker until they are fetched.
            if entry.address not in self._names:
                entry.future.cancel()

    def _meet(self, addresses):
        ours = fingerprint()
        answers = self._run(
            worker.join, self._name, self._cluster._is_ours, workers=addresses, on_error="return"
        )
        for address, answer in answers.items():
            if isinstance(answer, OSError):  # It has gone meanwhile.
                continue
            if isinstance(answer, BaseException):
                self._refuse(address, f"The worker at {address} cannot work: {answer}")
                continue
            who = f"worker {answer['name']} ({address} on {answer['host']})"
            found = differences(answer["fingerprint"], ours)
            if found:
                self._refuse(
                    address,
                    f"The {who} runs another qlatent_tf (its -> yours): "
                    f"{format_differences(found)}. Install the same there.",
                )
                self._run(worker.leave, self._name, workers=[address], on_error="ignore")
                continue

            def ask(function, *arguments, address=address):
                return self._run(worker.ask, self._name, function, *arguments, workers=[address])[
                    address
                ]

            try:
                self._run(worker.equip, self._name, self._prepare(ask), workers=[address])
            except OSError as error:
                logging.warning("%s is lost: %s", who, error)
                continue
            self._names[address] = self._known[address] = who

    def _refuse(self, address, message):
        self._cluster._refused[address] = message
        logging.warning("%s", message)

    def _run(self, function, *arguments, **options):
        return self._client.run(function, *arguments, **options) if options["workers"] else {}

    def _pass_on_reports(self):
        while not self._reports.empty():
            report = self._reports.get()
            entry = self._running.get(report["task"])
            if entry is not None:
                self._watch(entry.task, report["done"])

    def _check_scheduler(self):
        if self._client.status != "running":
            raise ConnectionError("The scheduler is gone.")

    def _stop(self):
        """Lets running tasks save what they have, for a while, and forgets all of them."""
        from dask.distributed import wait

        futures = [entry.future for entry in self._running.values()]
        self._run(worker.stop, self._name, workers=list(self._names), on_error="ignore")
        with contextlib.suppress(Exception):  # Of Dask's, which is to forget them anyway.
            wait(futures, timeout=_SAVING_SECONDS)
        self._client.cancel(futures)


# Errors whose message says all.
_SPEAKING = frozenset(
    {"ValueError", "FileNotFoundError", "NotADirectoryError", "FloatingPointError", "InUseError",
     "ImportError"}
)  # fmt: skip
