"""The description of a cluster, a YAML file of resources from which no code is run."""

import dataclasses
import importlib
import os
import reprlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qlatent_tf.cluster.submissions import Submissions
from qlatent_tf.signals import signals_kept
from qlatent_tf.storage.shapes import check_shape
from qlatent_tf.text.names import did_you_mean

_SHAPE = {"class": str, "workers": int, "options?": dict}
# What a job of a batch system asks for. What a shell would run there, such as job_script_prologue,
# is none of them: the user's own configuration of dask-jobqueue says that.
_JOB_OPTIONS = (
    "account", "cores", "death_timeout", "interface", "job_cpu", "job_mem", "job_name",
    "local_directory", "log_directory", "memory", "ncpus", "processes", "project", "protocol",
    "queue", "resource_spec", "security", "shared_temp_directory", "walltime",
)  # fmt: skip
_LOCAL_OPTIONS = ("host", "interface", "local_directory", "memory_limit", "threads_per_worker")
# Class -> its module, and the options that it may be given.
CLASSES = {
    "LocalCluster": ("dask.distributed", _LOCAL_OPTIONS),
    "LocalCUDACluster": (
        "dask_cuda",
        (*_LOCAL_OPTIONS, "CUDA_VISIBLE_DEVICES", "device_memory_limit", "rmm_pool_size"),
    ),
    "SLURMCluster": ("dask_jobqueue", (*_JOB_OPTIONS, "gpus", "constraint", "qos", "exclude")),
    "PBSCluster": ("dask_jobqueue", _JOB_OPTIONS),
    "SGECluster": ("dask_jobqueue", _JOB_OPTIONS),
    "LSFCluster": ("dask_jobqueue", _JOB_OPTIONS),
    "OARCluster": ("dask_jobqueue", _JOB_OPTIONS),
}
# Options of ours, which stand for a directive of SLURM.
_SLURM = {"gpus": "gpus-per-task", "constraint": "constraint", "qos": "qos", "exclude": "exclude"}


@dataclasses.dataclass(frozen=True)
class ClusterFile:
    """What a cluster's file says.

    Attributes:
      kind: str. A name of `CLASSES`.
      workers: int. Processes that work.
      options: dict. Arguments of the class.
    """

    kind: str
    workers: int
    options: Mapping[str, Any]

    def start(self):
        """Returns a cluster of Dask that is asked for these workers.

        Raises:
          ImportError: if the package of its class is not installed.
          ValueError: if the class refuses the options, jobs cannot be submitted from here, or the
            batch system refuses them all.
        """
        import dask.utils

        module, _ = CLASSES[self.kind]
        try:
            with signals_kept():  # dask_jobqueue would end with success on Ctrl-C.
                kind = getattr(importlib.import_module(module), self.kind)
        except ModuleNotFoundError as error:
            package = module.replace("_", "-")
            raise ImportError(
                f"A {self.kind} needs {package}, which is not installed: pip install {package}"
            ) from error
        submit = getattr(getattr(kind, "job_cls", None), "submit_command", None)
        if submit and not shutil.which(submit):  # Dask would wait for workers for ever.
            raise ValueError(f"A {self.kind} submits jobs by {submit}, which is not found here.")
        try:
            for name in ("memory_limit", "device_memory_limit"):
                if self.options.get(name, "auto") != "auto":  # Dask reads them in the workers.
                    dask.utils.parse_bytes(self.options[name])
            if submit:
                return _submitted(kind, self.options, self.workers)
            cluster = kind(n_workers=0, **self.options)
            cluster.scale(self.workers)
            return cluster
        except (TypeError, ValueError, OSError, RuntimeError) as error:
            raise ValueError(f"The {self.kind} cannot be started: {error}") from error


def _submitted(kind, options, workers):
    submissions = Submissions()
    cluster = kind(n_workers=0, job_cls=submissions.job_class(kind.job_cls), **options)
    try:
        cluster.scale(workers)
        submissions.wait(cluster)
    except BaseException:
        cluster.close()
        raise
    return cluster


def read_cluster_file(path: str | os.PathLike) -> ClusterFile:
    """Reads the description of a cluster.

    Args:
      path: path. YAML with ``class``, ``workers`` and ``options``.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it is no YAML, or names a class or an option that is not legal.
    """
    import yaml

    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no cluster file {path}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    # PyYAML leaves dates that are none, numbers of thousands of digits and deep nesting to Python.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    check_shape(content, _SHAPE, str(path))
    unknown = content.keys() - {name.removesuffix("?") for name in _SHAPE}
    if unknown:
        raise ValueError(
            f"{path} has the keys class, workers and options; received {sorted(map(str, unknown))}."
        )
    kind = content["class"]
    if kind not in CLASSES:
        raise ValueError(
            f"{path}: class is one of {', '.join(CLASSES)}; received {kind!r}."
            f"{did_you_mean(kind, CLASSES)}"
        )
    if content["workers"] < 1:
        raise ValueError(f"{path}: workers is from 1; received {content['workers']}.")
    legal = CLASSES[kind][1]
    options = {}
    for name, value in content.get("options", {}).items():
        if name not in legal:
            raise ValueError(
                f"{path}: a {kind} takes the options {', '.join(legal)}; received {name!r}."
                f"{_meant(str(name), legal)} What a job runs besides, such as module load, "
                "belongs to your own configuration of dask-jobqueue: ~/.config/dask/jobqueue.yaml."
            )
        options[name] = _plain(value, f"{path}: {name}")
        if name == "walltime" and not isinstance(value, str):
            raise ValueError(
                f'{path}: walltime is text in quotes, such as "12:00:00", for YAML makes a number '
                f"of one without; received {value!r}."
            )
    directives = [
        f"--{directive}={options.pop(name)}"
        for name, directive in _SLURM.items()
        if name in options and kind == "SLURMCluster"
    ]
    if directives:
        options["job_extra_directives"] = directives
    return ClusterFile(kind, content["workers"], options)


def _meant(name: str, legal) -> str:
    """Returns a hint to the option of another name, by which SLURM knows it, too."""
    other = {"partition": "queue", "time": "walltime", "mem": "memory", "cpus": "cores"}.get(name)
    return f" Did you mean {other}?" if other in legal else did_you_mean(name, legal)


def _plain(value, where):
    """Refuses what could be more than a value in a job's script, such as a line break."""
    if isinstance(value, (bool, int, float)) and 0 <= value < float("inf"):
        return value
    if isinstance(value, str) and value and not set(value) - _LEGAL:
        return value
    raise ValueError(
        f"{where} is a number from 0, true, false, or a word of letters, digits and any of "
        f"{' '.join(_SIGNS)}; received {reprlib.repr(value)}."
    )


_SIGNS = "_-.,:/=+@%[]"
_LEGAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + _SIGNS)
