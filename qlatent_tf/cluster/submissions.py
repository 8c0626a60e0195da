"""What a batch system answers when jobs are submitted.

Dask logs a refusal with its traceback, and then waits for a worker that never comes.
"""

import queue

from absl import logging


class Submissions:
    """The answers to the jobs of one cluster.

    Jobs that are refused while others run are submitted again when workers are next replaced.
    """

    def __init__(self):
        # By names: a cluster that is closed expects nobody else to hold its jobs.
        self._answers: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
        self._cluster = None
        self._told: set[str] = set()

    def job_class(self, kind):
        """Returns a class of jobs, as `kind` of dask-jobqueue, that keeps the answers here."""
        from dask_jobqueue import core

        submissions = self

        class Job(kind):
            async def start(self):
                try:
                    await super().start()
                except (OSError, RuntimeError, ValueError) as error:
                    submissions._answer(self.name, reason=_reason(error))
                    await super(core.Job, self).start()  # That of what is submitted.
                else:
                    submissions._answer(self.name, job=self.job_id)

        return Job

    def wait(self, cluster) -> None:
        """Waits until each job is submitted or refused, and tells the numbers of the submitted.

        Args:
          cluster: dask_jobqueue.JobQueueCluster, which has been scaled.

        Raises:
          RuntimeError: if all jobs are refused, with the reason.
        """
        answers = [self._answers.get() for _ in cluster.worker_spec]
        self._cluster = cluster
        refused = [(name, reason) for name, _, reason in answers if reason]
        if len(refused) == len(answers):
            raise RuntimeError(f"jobs are refused: {refused[0][1]}")
        logging.info("Submitted: %s.", ", ".join(f"job {job}" for _, job, _ in answers if job))
        for name, reason in refused:
            self._forget(name, reason)

    def _answer(self, name, job="", reason=""):
        if self._cluster is None:
            self._answers.put((name, job, reason))
        elif reason:
            self._forget(name, reason)
        else:
            logging.info("Submitted: job %s.", job)

    def _forget(self, name, reason):
        """Lets the cluster submit another job in place of one that was refused."""
        if reason not in self._told:
            self._told.add(reason)
            logging.warning("A job is refused and will be submitted again: %s", reason)
        self._cluster.worker_spec.pop(name, None)
        # It compares what it has with what it shall have, and so forgets the job.
        self._cluster.scale(jobs=len(self._cluster.worker_spec))


def _reason(error):
    """What a command wrote to its error stream, or what else went wrong, in one line."""
    _, _, told = str(error).rpartition("stderr:\n")
    return " ".join(told.split()) or repr(error)
