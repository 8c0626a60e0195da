"""Which workers of a cluster take part in a job: those that run the client's code."""

import time
from collections.abc import Callable
from typing import Any

from absl import logging

from qlatent_tf.cluster import worker
from qlatent_tf.cluster.fingerprint import fingerprint
from qlatent_tf.text.differences import differences, format_differences

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 60  # before the waiting is first told of; then twice as long each time
_MOST_PATIENCE_SECONDS = 3600
_REFILL_SECONDS = 20


class Members:
    """The workers that take part in a job, by address.

    Args:
      client: dask.distributed.Client.
      job: str. The job's name.
      prepare: callable. `prepare(ask)` returns what all tasks on a worker get; see `Cluster.map`.
      is_ours: bool. Whether the workers are processes of this machine that end with the client.
      refused: dict. Why workers of an earlier job may not work, by address; added to.
      refill: callable. Starts workers in the place of those that are gone for good; None where
        others start them.
    """

    def __init__(
        self,
        client,
        job: str,
        prepare: Callable[[Callable], Any],
        *,
        is_ours: bool,
        refused: dict[str, str],
        refill: Callable[[], Any] | None = None,
    ):
        self._client, self._job, self._prepare = client, job, prepare
        self._is_ours, self._refused, self._refill = is_ours, refused, refill
        self._names: dict[str, str] = {}  # of those that were lost, too
        self._here: list[str] = []
        self._looked = float("-inf")
        self._told = self._refilled = time.monotonic()
        self._patience = _PATIENCE_SECONDS

    def __iter__(self):
        return iter(self._here)

    def __contains__(self, address):
        return address in self._here

    def name(self, address: str) -> str:
        """Returns how messages name a worker that takes part, or did."""
        return self._names[address]

    def call(self, function: Callable) -> None:
        """Calls `function(job)` on all workers that take part and can still be reached."""
        self._run(self._here, function, on_error="ignore")

    def look(self) -> None:
        """Takes note of workers that came and went, now and then.

        Raises:
          ValueError: if all workers run other code than the client.
          ConnectionError: if the scheduler is gone.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        if self._refill is not None and now - self._refilled > _REFILL_SECONDS:
            self._refilled = now
            self._refill()
        try:
            present = set(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise ConnectionError(f"The scheduler is gone: {error}") from error
        for address in self._here:
            if address not in present:
                logging.warning("%s is lost.", self._names[address])
        self._here = [address for address in self._here if address in present]
        self._meet(sorted(present - {*self._here, *self._refused}))
        if self._here:
            self._told, self._patience = now, _PATIENCE_SECONDS
        elif present and present <= self._refused.keys():
            raise ValueError(
                "No worker runs the client's code: "
                + " ".join(self._refused[address] for address in sorted(present))
            )
        elif now - self._told > self._patience:
            self._told, self._patience = now, min(2 * self._patience, _MOST_PATIENCE_SECONDS)
            logging.info("There is no worker at present; Ctrl-C ends the waiting.")

    def _meet(self, addresses):
        answers = self._run(addresses, worker.join, self._is_ours, on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, OSError):  # It has gone meanwhile.
                continue
            if isinstance(answer, BaseException):
                self._refuse(address, f"The worker at {address} cannot work: {answer}")
                continue
            name = f"worker {answer['name']} ({address} on {answer['host']})"
            found = differences(answer["fingerprint"], fingerprint())
            if found:
                self._refuse(
                    address,
                    f"The {name} runs another qlatent_tf (its -> yours): "
                    f"{format_differences(found)}. Install the same there.",
                )
                self._run([address], worker.leave, on_error="ignore")
                continue

            def ask(function, *arguments, address=address):
                return self._run([address], worker.ask, function, *arguments)[address]

            try:
                self._run([address], worker.equip, self._prepare(ask))
            except OSError as error:
                logging.warning("%s is lost: %s", name, error)
                continue
            self._here.append(address)
            self._names[address] = name

    def _refuse(self, address, message):
        self._refused[address] = message
        logging.warning("%s", message)

    def _run(self, addresses, function, *arguments, **options):
        """Dask takes no addresses for all."""
        if not addresses:
            return {}
        return self._client.run(function, self._job, *arguments, workers=addresses, **options)
