"""Files that describe clusters: what they may say, and what a job's script then holds."""

import contextlib
import os
import re
import signal
import sys

import pytest
from harness import ROOT, wait_for

from qlatent_tf.cluster import cluster_file, members
from qlatent_tf.cluster.cluster_file import CLASSES, ClusterFile, read_cluster_file
from qlatent_tf.cluster.opening import open_cluster

SLURM = """
class: SLURMCluster
workers: 3
options:
  queue: gpu
  cores: 4
  processes: 1
  memory: 16GB
  walltime: "08:00:00"
  gpus: a100:1
"""


def read(folder, text):
    (folder / "cluster.yaml").write_text(text)
    return read_cluster_file(folder / "cluster.yaml")


def test_a_file_says_class_workers_and_options(tmp_path):
    found = read(tmp_path, SLURM)
    assert (found.kind, found.workers) == ("SLURMCluster", 3)
    assert found.options["walltime"] == "08:00:00" and found.options["cores"] == 4
    assert found.options["job_extra_directives"] == ["--gpus-per-task=a100:1"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("class: [", "is no YAML"),
        ("- a", "is an object; received a list"),
        ("class: SLURMCluster", "lacks workers"),
        ("class: SLURMCluster\nworkers: two", "workers is a whole number"),
        ("class: SLURMCluster\nworkers: 0", "workers is from 1; received 0"),
        ("class: SlurmCluster\nworkers: 1", "Did you mean SLURMCluster?"),
        ("class: os.system\nworkers: 1", "class is one of LocalCluster, .*'os.system'"),
        ("class: SLURMCluster\nworkers: 1\nscript: a", r"received \['script'\]"),
        ("class: SLURMCluster\nworkers: 1\noptions: {partition: a}", "Did you mean queue?"),
        ("!!python/object/apply:os.system ['touch pwned']", "is no YAML"),
        ("[" * 100_000, "is no YAML"),
        ("class: LocalCluster\nworkers: " + "9" * 5000, "is no YAML"),
        ("class: LocalCluster\nworkers: 2001-02-30", "is no YAML"),
    ],
)
def test_what_is_malformed_is_refused_with_the_file_s_name(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message) as error:
        read(tmp_path, text)
    assert "cluster.yaml" in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["cluster.yaml"]


@pytest.mark.parametrize(
    "option",
    [
        "job_script_prologue: [touch pwned]",
        "python: ./evil",
        "worker_extra_args: [--preload, evil.py]",
        "job_extra_directives: [--wrap=evil]",
        "shebang: '#!./evil'",
        "config_name: evil",
        "queue: 'gpu\n\n    touch pwned'",
        "queue: $(touch pwned)",
        "queue: gpu; touch pwned",
        "queue: [gpu]",
        "queue: ''",
        "queue: {a: 1}",
        "cores: .nan",
        "cores: .inf",
        "cores: -2",
    ],
)
def test_no_option_is_more_than_a_word_or_a_number(tmp_path, option):
    with pytest.raises(ValueError, match="takes the options .*jobqueue|is a number from 0, true"):
        read(tmp_path, f"class: SLURMCluster\nworkers: 1\noptions:\n  {option}\n")


def test_a_walltime_that_yaml_reads_as_a_number_is_refused(tmp_path):
    # Without quotes it is 43200, which Slurm takes for minutes.
    text = "class: SLURMCluster\nworkers: 1\noptions:\n  walltime: 12:00:00\n"
    with pytest.raises(ValueError, match="walltime is text in quotes.*received 43200"):
        read(tmp_path, text)


def test_a_value_that_unfolds_without_end_is_not_written_out(tmp_path):
    nested = "&a0 [x, x]"
    for level in range(1, 60):
        nested = f"&a{level} [{nested}, *a{level - 1}]"
    with pytest.raises(ValueError, match="host is a number from 0") as error:
        read(tmp_path, f"class: LocalCluster\nworkers: 1\noptions:\n  host: {nested}\n")
    assert len(str(error.value)) < 1000


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no cluster file .*absent.yaml"):
        read_cluster_file(tmp_path / "absent.yaml")
    with pytest.raises(ValueError, match=f"{tmp_path.name} cannot be read: Is a directory"):
        read_cluster_file(tmp_path)


def test_the_package_of_a_class_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_cuda", None)
    found = read(tmp_path, "class: LocalCUDACluster\nworkers: 1\n")
    with pytest.raises(ImportError, match="pip install dask-cuda"):
        found.start()


def test_what_a_class_refuses_is_told(tmp_path, monkeypatch):
    found = read(tmp_path, "class: SLURMCluster\nworkers: 1\n")
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match="A SLURMCluster submits jobs by sbatch, which is not fou"):
        found.start()
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    with pytest.raises(ValueError, match="SLURMCluster cannot be started: .*cores and memory"):
        found.start()
    found = read(tmp_path, "class: LocalCluster\nworkers: 1\noptions: {memory_limit: lots}\n")
    with pytest.raises(ValueError, match="LocalCluster cannot be started: .*'lots' as a byte"):
        found.start()


def test_the_pages_files_are_legal(tmp_path):
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert {read(tmp_path, block).kind for block in blocks} >= {"SLURMCluster", "LocalCUDACluster"}
    assert all(name in text for name in CLASSES)


SBATCH = """#!/bin/sh
cp "$1" {folder}/script
setsid sh {folder}/script > {folder}/log 2>&1 &
echo $! >> {folder}/jobs
echo Submitted batch job $!
"""


def install_slurm(monkeypatch, folder, sbatch, scancel="#!/bin/sh\n"):
    """Puts commands by these names where they are found first."""
    (folder / "bin").mkdir()
    for name, text in {"sbatch": sbatch, "scancel": scancel}.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"
JOBS = f"{{cores: 2, processes: 1, memory: 1GB, interface: {LOOPBACK}}}"


def test_a_job_that_slurm_refuses_is_told_of_with_its_reason(tmp_path, monkeypatch, caplog):
    refuse = "#!/bin/sh\necho sbatch: error: invalid partition: gpuu >&2\nexit 1\n"
    install_slurm(monkeypatch, tmp_path, refuse)
    file = read(tmp_path, f"class: SLURMCluster\nworkers: 2\noptions: {JOBS}\n")
    said = "cannot be started: jobs are refused: sbatch: error: invalid partition: gpuu$"
    with pytest.raises(ValueError, match=said), open_cluster(file=file):
        pytest.fail("opened")
    assert "Traceback" not in caplog.text


def test_a_job_that_slurm_refuses_beside_others_is_submitted_again(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    limit = (
        "#!/bin/sh\nmkdir {0}/full 2>/dev/null || {{ echo too many jobs >&2; exit 1; }}\n"
        "echo job 123\n"
    )
    install_slurm(monkeypatch, tmp_path, limit.format(tmp_path))
    file = read(tmp_path, f"class: SLURMCluster\nworkers: 2\noptions: {JOBS}\n")
    with contextlib.closing(file.start()) as cluster:
        assert len(cluster.worker_spec) == 1
        assert "will be submitted again: too many jobs" in caplog.text
        assert "Submitted: job 123." in caplog.text
        wait_for(lambda: len(cluster.workers) == 1)
        cluster.scale(2)
        wait_for(lambda: len(cluster.worker_spec) == 1 == len(cluster.workers))
        (tmp_path / "full").rmdir()
        cluster.scale(2)
        wait_for(lambda: len(cluster.worker_spec) == 2 == len(cluster.workers))
        wait_for(lambda: caplog.text.count("Submitted: job 123.") == 2)
    assert caplog.text.count("too many jobs") == 1 and "Traceback" not in caplog.text


@pytest.mark.slow
def test_jobs_of_slurm_work_and_are_replaced(tmp_path, monkeypatch):
    """SLURM's commands are stood in for: sbatch runs a copy of the script, which Dask deletes."""
    import cluster_tasks as tasks
    import dask

    install_slurm(monkeypatch, tmp_path, SBATCH.format(folder=tmp_path), "#!/bin/sh\nkill -- -$1\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    text = "class: SLURMCluster\nworkers: 1\noptions: {cores: 2, processes: 1, memory: 1GB,"
    file = read(tmp_path, f"{text} interface: {LOOPBACK}, gpus: 1}}\n")
    with open_cluster(file=file) as cluster:
        found = dict(cluster.map(tasks.add, range(3), lambda ask: 1))
        # The walltime is over.
        monkeypatch.setattr(members, "_REFILL_SECONDS", 0.2)
        with dask.config.set({"distributed.deploy.lost-worker-timeout": 0.1}):
            os.killpg(int((tmp_path / "jobs").read_text()), signal.SIGKILL)
            ((_, again),) = cluster.map(tasks.add, [4], lambda ask: 1)
    assert again.value[0] == 5 and len((tmp_path / "jobs").read_text().split()) == 2
    assert [found[task].value[0] for task in range(3)] == [1, 2, 3]
    # Dask allows the job two threads.
    assert found[0].value[2][0] == "2"
    assert "#SBATCH --gpus-per-task=1" in (tmp_path / "script").read_text()


def test_each_class_is_one_of_dask():
    import dask_jobqueue
    from dask import distributed

    for name, (module, _) in cluster_file.CLASSES.items():
        if module != "dask_cuda":
            known = distributed if module == "dask.distributed" else dask_jobqueue
            assert hasattr(known, name)


def test_the_class_of_a_batch_system_leaves_ctrl_c_to_the_tools(tmp_path, monkeypatch):
    """dask_jobqueue, when it is imported, lets Ctrl-C end the process, with success."""
    pytest.importorskip("dask_jobqueue")
    monkeypatch.delitem(sys.modules, "dask_jobqueue.runner", raising=False)
    monkeypatch.delitem(sys.modules, "dask_jobqueue", raising=False)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(ValueError, match="sbatch, which is not found here"):
            monkeypatch.setenv("PATH", str(tmp_path))
            ClusterFile("SLURMCluster", 1, {}).start()
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, before)
