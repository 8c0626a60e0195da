"""Opening a cluster: processes of this machine, a running scheduler, or a batch system's jobs."""

import contextlib
import functools
import importlib.util
import logging as standard_logging
import os
import re
from contextlib import AbstractContextManager

from absl import logging

from qlatent_tf.cluster.client import Cluster
from qlatent_tf.cluster.cluster_file import ClusterFile

_CONNECT_SECONDS = 20
_ADDRESS = re.compile(r"(tcp|tls|ucx|ucxx|ws|wss)://(\[[^]]+\]|[^:/]+):\d+")


def check_dask() -> None:
    """Refuses to go on where Dask is not installed.

    Raises:
      ImportError: naming the extra that brings it.
    """
    # By the second, connections are encrypted: other users of a machine could send workers code.
    for package, name in (("distributed", "Dask"), ("cryptography", "cryptography")):
        if importlib.util.find_spec(package) is None:
            raise ImportError(
                f"Several workers need {name}, which is not installed: "
                "pip install 'qlatent_tf[cluster]'."
            )


def open_cluster(
    workers: int | None = None, scheduler: str | None = None, file: ClusterFile | None = None
) -> AbstractContextManager[Cluster]:
    """Returns a context that connects to workers; one of the arguments says to which.

    Args:
      workers: int. Processes of this machine, which share its cores.
      scheduler: str. The address of one that runs, such as ``tcp://host:8786``. Its workers stay.
      file: ClusterFile. A cluster to start.

    Raises:
      ImportError: if Dask is not installed.
      ValueError: if not one argument is given, or it is not legal. In the context: if the cluster
        cannot be started.
      ConnectionError: in the context, if no scheduler answers.
    """
    if sum(one is not None for one in (workers, scheduler, file)) != 1:
        raise ValueError("Name one of workers, a scheduler and a cluster's file.")
    if workers is not None and (type(workers) is not int or workers < 1):
        raise ValueError(f"workers is a number from 1; received {workers!r}.")
    if scheduler is not None and not _ADDRESS.fullmatch(str(scheduler)):
        raise ValueError(
            f"The address of a scheduler reads like tcp://host:8786; received {scheduler!r}."
        )
    check_dask()
    return _opened(workers, scheduler, file)


@contextlib.contextmanager
def _opened(workers, scheduler, file):
    from dask.distributed import Client, TimeoutError

    with contextlib.ExitStack() as stack:
        if workers is not None:
            where = stack.enter_context(_local_cluster(workers))
        elif file is not None:
            where, workers = stack.enter_context(file.start()), file.workers
        else:
            where = scheduler
        # Dask gives up a worker that is not there, or not there again, 15 s after it was lost.
        refill = None if workers is None else functools.partial(where.scale, workers)
        try:
            client = stack.enter_context(Client(where, timeout=_CONNECT_SECONDS))
        except (OSError, TimeoutError) as error:
            raise ConnectionError(f"No scheduler answers at {where} ({error}).") from error
        _tell_dashboard(client)
        yield Cluster(client, is_ours=file is None and workers is not None, refill=refill)


@contextlib.contextmanager
def _local_cluster(workers):
    import dask
    from dask.distributed import LocalCluster
    from dask.system import CPU_COUNT

    # Dask would set these variables here, in the client, and to 1.
    settings = {"distributed.nanny.pre-spawn-environ": {}}
    hash_seed = os.environ.get("PYTHONHASHSEED")
    try:
        with (
            dask.config.set(settings),
            LocalCluster(
                n_workers=workers,
                threads_per_worker=max(1, CPU_COUNT // workers),
                processes=True,
                host="127.0.0.1",
                security=True,
                # Without a dashboard Dask serves there, too, and else at one port for all.
                dashboard_address="127.0.0.1:0",
                # A process alone has no limit either.
                memory_limit=None,
                silence_logs=standard_logging.ERROR,
            ) as cluster,
        ):
            yield cluster
    finally:
        if hash_seed is None:  # This one it sets all the same.
            os.environ.pop("PYTHONHASHSEED", None)


def _tell_dashboard(client):
    link = client.dashboard_link
    try:
        served = client.run_on_scheduler(_has_bokeh) if link else _has_bokeh()
    except Exception:  # A scheduler without this package.
        served = True
    if served and link:
        logging.info("Dask's dashboard: %s", link)
    elif not served:
        logging.info("Dask shows no dashboard: bokeh is not installed there (pip install bokeh).")


def _has_bokeh():
    return importlib.util.find_spec("bokeh") is not None
