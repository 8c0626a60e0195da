import json
import os
import pickle
import resource
from types import SimpleNamespace

import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given
from hypothesis import strategies as st

from qlatent_tf.quantum.recordings import bank as sample_bank
from qlatent_tf.quantum.recordings.open_samples import open_samples


class CountingSampler:
    """Row i is i modulo 200 in each mode; remembers what was asked for and can break down."""

    def __init__(self, breaks_after: float = float("inf"), dtype=np.uint8):
        self.made = 0
        self._breaks_after = breaks_after
        self._dtype = dtype

    def sample(self, num_samples, seed, *, start=0):
        if self.made + num_samples > self._breaks_after:
            raise KeyboardInterrupt
        self.made += num_samples
        rows = (np.arange(start, start + num_samples) + seed) % 200
        return np.repeat(rows[:, None], 3, axis=1).astype(self._dtype)


def _write(folder, sampler=None, **changes):
    options = {
        "num_samples": 2050,
        "modes": 3,
        "seed": 7,
        "shard_size": 500,
        "description": {"latent": "boson", "options": {"photons": 2}},
        "unitary": np.eye(3, dtype=complex),
    }
    sample_bank.write_bank(folder, sampler or CountingSampler(), **(options | changes))


def _expected() -> np.ndarray:
    return CountingSampler().sample(2050, 7)


def test_a_bank_returns_its_rows_and_knows_its_making(tmp_path):
    _write(tmp_path / "bank")
    bank = open_samples(tmp_path / "bank")
    assert bank.shape == (2050, 3) and bank.dtype == np.uint8
    np.testing.assert_array_equal(bank[:], _expected())
    np.testing.assert_array_equal(bank[[2049, 0, 777]], _expected()[[2049, 0, 777]])
    np.testing.assert_array_equal(bank.unitary, np.eye(3))
    assert bank.metadata["seed"] == 7 and bank.metadata["package_version"]
    assert bank.metadata["sampler"]["options"] == {"photons": 2}
    assert len(bank.metadata["shards"]) == 5
    assert not list((tmp_path / "bank").glob(".*"))


def test_a_bank_may_have_more_shards_than_a_process_may_open_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sample_bank, "_MOST_MAPPED", 3)
    _write(tmp_path / "bank", shard_size=25)
    used = len(os.listdir("/dev/fd"))
    monkeypatch.chdir(tmp_path)
    bank = open_samples("bank")
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(bank[:], _expected())
    assert len(os.listdir("/dev/fd")) <= used + 3


def test_a_bank_is_pickled_with_its_rows(tmp_path):
    _write(tmp_path / "bank")
    sent = pickle.dumps(open_samples(tmp_path / "bank"))
    (tmp_path / "bank").rename(tmp_path / "elsewhere")
    bank = pickle.loads(sent)
    assert bank.metadata["seed"] == 7
    np.testing.assert_array_equal(bank[:], _expected())


@pytest.mark.parametrize("breaks_after", [0, 300, 1000, 1400])
def test_an_interrupted_bank_is_continued_where_it_stopped(tmp_path, breaks_after):
    folder = tmp_path / "bank"
    with pytest.raises(KeyboardInterrupt):
        _write(folder, CountingSampler(breaks_after))
    # A killed process cannot clean up behind itself.
    (folder / ".shard-00003.npy.abc.npy").write_bytes(b"part")
    with pytest.raises(ValueError, match="unfinished: it has . of 5 shards"):
        open_samples(folder)
    whole = sum((folder / f"shard-{number:05d}.npy").is_file() for number in range(5))
    sampler, reports = CountingSampler(), []
    _write(folder, sampler, progress=lambda rows, found: reports.append((rows, found)))
    assert sampler.made == 2050 - 500 * whole
    assert sum(rows for rows, found in reports if found) == 500 * whole
    assert sum(rows for rows, _ in reports) == 2050
    np.testing.assert_array_equal(open_samples(folder)[:], _expected())
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("where, name", [(sample_bank.files, "write_json"), (np, "save")])
def test_a_bank_stopped_before_its_first_row_is_continued(tmp_path, monkeypatch, where, name):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(where, name, stop)
        _write(tmp_path / "bank")
    _write(tmp_path / "bank")
    np.testing.assert_array_equal(open_samples(tmp_path / "bank")[:], _expected())


def test_a_finished_bank_is_left_alone(tmp_path):
    _write(tmp_path)
    sampler = CountingSampler()
    _write(tmp_path, sampler)
    assert sampler.made == 0


@pytest.mark.parametrize(
    "changes, line",
    [
        ({"seed": 8}, "seed: 7 -> 8"),
        ({"shard_size": 400}, "shard_size: 500 -> 400"),
        ({"num_samples": 3000}, "num_samples: 2050 -> 3000"),
        ({"unitary": None}, "unitary_sha256: '.*' -> None"),
        (
            {"description": {"latent": "boson", "options": {"photons": 3}}},
            "sampler.options.photons: 2 -> 3",
        ),
    ],
)
def test_another_configuration_is_refused_with_the_differences(tmp_path, changes, line):
    _write(tmp_path)
    with pytest.raises(ValueError, match=f"begun with other settings.*{line}"):
        _write(tmp_path, **changes)


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match="neither empty nor a sample bank"):
        _write(tmp_path)


@pytest.mark.parametrize("name", ["shard-00002.npy", "unitary.npy"])
@pytest.mark.parametrize("lost", [False, True], ids=["kept", "deleted"])
def test_a_corrupt_file_is_named_and_made_again(tmp_path, monkeypatch, name, lost):
    _write(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[-1] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is corrupt"):
        open_samples(tmp_path)
    if lost:
        (tmp_path / name).unlink()
        with pytest.raises(FileNotFoundError, match=f"lost its file {name}"):
            open_samples(tmp_path)
    sampler, warnings = CountingSampler(), []
    monkeypatch.setattr(sample_bank.logging, "warning", lambda *parts: warnings.append(parts))
    _write(tmp_path, sampler)
    assert sampler.made == (500 if name.startswith("shard") else 0)
    assert bool(warnings) == (name.startswith("shard") and not lost)
    np.testing.assert_array_equal(open_samples(tmp_path)[:], _expected())


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format_version": 2}, "format version 2; .* reads 1"),
        ({"shards": {"../secret.npy": "00"}}, "no shard's name"),
        ({"modes": 4}, r"shape \(500, 3\)"),
        ({"shards": None}, "metadata.json lacks shards"),
        ({"shards": ["shard-00000.npy"]}, r"metadata.json.shards is an object; received a list"),
        (
            {"shards": {"shard-00000.npy": 1}},
            "shards.shard-00000.npy is text; received a whole number",
        ),
        ({"format_version": None}, "format version None"),
        ({"num_samples": "2050"}, "num_samples is a whole number; received '2050'"),
        ({"shard_size": 0}, "shard_size is a whole number from 1; received 0"),
        ({"modes": True}, "modes is a whole number; received True"),
        ({"unitary_sha256": 5}, "unitary_sha256 is text"),
        ({"sampler": None}, "metadata.json lacks sampler"),
    ],
)
def test_metadata_that_cannot_be_right_is_refused(tmp_path, changes, message):
    _write(tmp_path)
    metadata = json.loads((tmp_path / "metadata.json").read_text()) | changes
    # None stands for an entry that is missing.
    metadata = {name: value for name, value in metadata.items() if value is not None}
    (tmp_path / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match=message):
        sample_bank.open_bank(tmp_path)


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    """The file of a whole bank, and what it holds."""
    path = tmp_path_factory.mktemp("bank") / "metadata.json"
    _write(path.parent)
    return path, path.read_bytes()


@FUZZ
@given(st.data())
def test_any_metadata_is_read_or_refused_with_the_bank_s_name(metadata, data):
    path, content = metadata
    folder = path.parent
    assert_read_or_refused(
        lambda path: sample_bank.open_bank(folder), path, data.draw(damaged(content)), str(folder)
    )


def test_rows_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ValueError, match="int64 of shape .* takes uint8"):
        _write(tmp_path / "a", CountingSampler(dtype=np.int64))
    with pytest.raises(ValueError, match=r"takes uint8 of shape \(\d+, 5\)"):
        _write(tmp_path / "b", modes=5)
    for name in ("num_samples", "shard_size"):
        with pytest.raises(ValueError, match=f"{name} is at least 1; received 0"):
            _write(tmp_path / "c", **{name: 0})


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5])
def test_a_seed_that_could_not_be_read_again_is_refused_before_anything_is_drawn(tmp_path, seed):
    with pytest.raises(ValueError, match=f"seed is .* received {seed}"):
        _write(tmp_path / "bank", seed=seed)
    assert not (tmp_path / "bank").exists()


def test_numbers_may_be_of_numpy(tmp_path):
    _write(tmp_path, seed=np.int64(7), num_samples=np.int32(2050))
    np.testing.assert_array_equal(open_samples(tmp_path)[:], _expected())


@pytest.mark.parametrize("num_samples, size", [(10**15, r"2\.665 PiB"), (4294967301, "12 GiB")])
def test_a_bank_that_the_disk_does_not_hold_is_refused_before_it_begins(
    tmp_path, monkeypatch, num_samples, size
):
    monkeypatch.setattr(sample_bank.shutil, "disk_usage", lambda path: SimpleNamespace(free=2**30))
    with pytest.raises(ValueError, match=f"takes {size} more; the disk has 1 GiB free"):
        _write(tmp_path / "bank", num_samples=num_samples)
    assert not list((tmp_path / "bank").glob("[!.]*"))
    _write(tmp_path / "bank")  # nothing is in the way of a smaller one


def test_a_shard_grows_with_its_rows_and_has_no_holes(tmp_path):
    sizes = []

    class WatchingSampler(CountingSampler):
        def sample(self, num_samples, seed, *, start=0):
            (part,) = tmp_path.glob(".shard-*")
            sizes.append((part.stat().st_size, self.made))
            return super().sample(num_samples, seed, start=start)

    _write(tmp_path, WatchingSampler(), shard_size=2050)
    assert len(sizes) > 2
    assert all(size <= 128 + 3 * made for size, made in sizes)


def test_a_second_writer_is_refused_while_the_first_is_at_work(tmp_path):
    refused = []

    class InterruptingSampler(CountingSampler):
        def sample(self, num_samples, seed, *, start=0):
            with pytest.raises(ValueError, match="Another process is writing the bank") as error:
                _write(tmp_path)
            refused.append(error)
            return super().sample(num_samples, seed, start=start)

    _write(tmp_path, InterruptingSampler())
    assert refused
    np.testing.assert_array_equal(open_samples(tmp_path)[:], _expected())
    _write(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_the_lock_of_a_killed_writer_holds_nobody_up(tmp_path):
    (tmp_path / ".lock").touch()
    _write(tmp_path)
    assert open_samples(tmp_path).shape == (2050, 3)


def test_a_disk_that_takes_no_more_is_an_error_and_the_bank_goes_on_later(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            _write(tmp_path, shard_size=2050)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.glob("*shard-*"))
    _write(tmp_path, shard_size=2050)
    np.testing.assert_array_equal(open_samples(tmp_path)[:], _expected())


@pytest.mark.parametrize("description", ["a sampler", {"rate": np.nan}, {"sampler": object()}])
def test_a_description_that_is_no_json_leaves_nothing_behind(tmp_path, description):
    with pytest.raises(ValueError, match="description is a dict of JSON values"):
        sample_bank.write_bank(
            tmp_path / "bank", None, num_samples=1, modes=1, seed=0, description=description
        )
    assert not (tmp_path / "bank").exists()


def test_a_file_is_no_folder_of_a_bank(tmp_path):
    (tmp_path / "bank").touch()
    with pytest.raises(ValueError, match="neither empty nor a sample bank"):
        sample_bank.write_bank(
            tmp_path / "bank", None, num_samples=1, modes=1, seed=0, description={}
        )
