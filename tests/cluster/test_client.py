"""What two worker processes of this machine do, whatever the tasks are."""

import importlib.util
import os
import signal
import time

import cluster_tasks as tasks
import pytest

import qlatent_tf
from qlatent_tf.cluster import client, members
from qlatent_tf.cluster.fingerprint import fingerprint
from qlatent_tf.cluster.opening import open_cluster
from qlatent_tf.storage.preset_files import versions


def common_of(value):
    return lambda ask: value


def test_each_task_is_done_once_by_workers_that_share_the_cores(two_workers):
    from dask.system import CPU_COUNT

    found = dict(two_workers.map(tasks.add, range(20), common_of(100)))
    assert {task: one.value[0] for task, one in found.items()} == {i: 100 + i for i in range(20)}
    processes = {one.value[1] for one in found.values()}
    assert len(processes) == 2 and os.getpid() not in processes
    share = str(max(1, CPU_COUNT // 2))
    assert all(one.value[2] == [share] * 3 for one in found.values())
    assert all(one.seconds >= 0.02 for one in found.values())


def test_what_is_prepared_may_depend_on_the_worker(two_workers):
    def prepare(ask):
        return -ask(os.getpid)

    for task, outcome in two_workers.map(tasks.add, range(4), prepare):
        assert outcome.value[0] == task - outcome.value[1]


def test_no_tasks_are_soon_done(two_workers):
    assert list(two_workers.map(tasks.add, [], common_of(0))) == []


def test_an_error_is_told_with_its_worker_and_the_other_tasks_go_on(two_workers):
    found = dict(two_workers.map(tasks.stumble, range(6), common_of(None), ahead=1))
    assert [found[task].value for task in (0, 2, 4, 5)] == [0, 2, 4, 5]
    lacking, broken = found[1].error, found[3].error
    assert lacking.kind == "FileNotFoundError"
    host = os.uname().nodename
    for part in ("worker ", f" on {host})", "There is no file /data/1.npy."):
        assert part in str(lacking)
    assert str(broken).endswith("LookupError: 3")


def test_a_killed_worker_costs_nothing_but_time(two_workers, tmp_path):
    found = dict(two_workers.map(tasks.die_once, range(8), common_of(str(tmp_path)), ahead=1))
    assert [found[task].value for task in range(8)] == list(range(8))
    assert (tmp_path / "dead").exists()


def test_a_result_that_is_lost_on_its_way_is_made_again(two_workers, tmp_path):
    found = dict(two_workers.map(tasks.die_when_fetched, range(4), common_of(str(tmp_path))))
    assert [found[task].value for task in range(4)] == list(range(4))
    assert (tmp_path / "dead").exists()


def test_a_result_that_cannot_be_sent_is_an_error_of_its_task(two_workers):
    found = dict(two_workers.map(tasks.lock, range(3), common_of(None)))
    assert [found[task].value for task in range(3)] == [0, None, 2]
    assert "cannot pickle '_thread.lock' object" in str(found[1].error)


@pytest.mark.slow
def test_workers_that_dask_has_given_up_are_replaced(two_workers, monkeypatch):
    import dask

    monkeypatch.setattr(members, "_REFILL_SECONDS", 0.0)
    here = members.Members(two_workers._client, "job", common_of(0), **two_workers._who)
    here.look()
    with dask.config.set({"distributed.deploy.lost-worker-timeout": 0.01}):
        for process in two_workers._client.run(os.getpid).values():
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: here.look() or not list(here))
        wait_until(lambda: not two_workers._client.cluster.workers)
    wait_until(lambda: here.look() or len(list(here)) == 2)


def wait_until(condition):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 30
        time.sleep(0.1)


@pytest.mark.slow
def test_no_task_waits_behind_another_while_a_worker_has_none():
    """Workers have more threads than tasks: the scheduler of Dask would let a task wait there."""
    from dask.distributed import Client, LocalCluster

    options = {"threads_per_worker": 8, "dashboard_address": None, "memory_limit": None}
    with LocalCluster(n_workers=1, **options) as local, Client(local) as connected:
        found = []
        for _, outcome in client.Cluster(connected).map(tasks.wait, range(6), common_of(1.0)):
            if not found:
                local.scale(2)
                connected.wait_for_workers(2)
            found.append(outcome.value)
        processes = [process for process, _ in found]
        assert len(set(processes)) == 2
        last = [max(end for one, end in found if one == process) for process in set(processes)]
        assert abs(last[0] - last[1]) < 1.9, "one had two tasks left where the other one had none"


@pytest.mark.slow
def test_a_task_that_kills_all_its_workers_is_named_and_the_others_are_done(two_workers):
    found = dict(two_workers.map(tasks.die, range(4), common_of(1)))
    assert [found[task].value for task in (0, 2, 3)] == [0, 2, 3]
    assert "4 workers ended before it got further, the last one worker " in str(found[1].error)


def test_losses_count_only_where_a_task_resumes_no_later_than_before():
    entry = client._Entry("task")
    for first, lost in [(10, 0), (60, 0), (60, 1), (60, 2), (90, 0)]:
        entry.report(first)
        assert entry.lost == lost
        entry.report(first + 40)
        entry.lost, entry.began = entry.lost + 1, None


def test_tasks_save_what_they_have_when_the_client_stops(two_workers, tmp_path):
    seen = set()

    def interrupt(task, done):
        seen.add(task)
        if seen == {0, 1}:
            raise KeyboardInterrupt

    common = common_of(str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        next(two_workers.map(tasks.save_when_stopped, range(5), common, watch=interrupt))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["saved0", "saved1"]


def test_what_ends_while_the_others_stop_is_handed_over(two_workers):
    seen, late = set(), {}

    def interrupt(task, done):
        seen.add(task)
        if seen == {0, 1}:
            raise KeyboardInterrupt

    def take(task, outcome):
        late[task] = outcome.value

    options = {"watch": interrupt, "late": take}
    with pytest.raises(KeyboardInterrupt):
        next(two_workers.map(tasks.end_when_stopped, range(5), common_of(None), **options))
    assert late == {0: 0, 1: 1}


def test_an_outcome_whose_taker_is_interrupted_is_handed_over_again(two_workers):
    late = []
    found = two_workers.map(
        tasks.add, range(1), common_of(100), late=lambda task, one: late.append(one.value[0])
    )
    assert next(found)[1].value[0] == 100
    found.close()
    assert late == [100]


def test_a_worker_of_another_version_is_refused_by_its_name(two_workers, monkeypatch):
    monkeypatch.setattr(members, "fingerprint", lambda: {**fingerprint(), "qlatent_tf": "9.9"})
    strict = client.Cluster(two_workers._client, is_ours=True)
    said = rf"worker \d \(t\S+ on .*qlatent_tf: '{qlatent_tf.__version__}' -> '9.9'\. Install"
    with pytest.raises(ValueError, match=f"No worker runs .*{said}.*{said}"):
        list(strict.map(tasks.add, range(2), common_of(0)))


def test_workers_are_compared_by_the_versions_that_presets_state():
    assert fingerprint().keys() == {*versions(), "sources"}


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("qlatent_tf.cluster.opening._CONNECT_SECONDS", 0.5)
    with pytest.raises(ConnectionError, match="No scheduler answers at tcp://127.0.0.1:9 "):
        with open_cluster(scheduler="tcp://127.0.0.1:9"):
            pass


@pytest.mark.parametrize("address", ["nowhere", "ftp://a:1", "tcp://a", "tcp://:1", "", "3"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match=f"like tcp://host:8786; received '{address}'"):
        with open_cluster(scheduler=address):
            pass


def test_a_cluster_is_named_once():
    for names in ({}, {"workers": 2, "scheduler": "tcp://a:1"}):
        with pytest.raises(ValueError, match="Name one of"), open_cluster(**names):
            pass
    for workers in (0, 2.5, True, "2"):
        with pytest.raises(ValueError, match=f"workers is a number from 1; received {workers!r}"):
            open_cluster(workers=workers)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'qlatent_tf\[cluster\]'"):
        with open_cluster(workers=2):
            pass


def test_workers_are_not_open_to_others_where_encryption_is_missing(monkeypatch):
    find = importlib.util.find_spec
    missing = {"cryptography": None}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: missing.get(name, find(name)))
    with pytest.raises(ImportError, match="need cryptography, which is not installed"):
        with open_cluster(workers=2):
            pass
