"""table2: its rows, banks and recorded files, on molecules of the package and runs of a step."""

import json
import shutil

import numpy as np
import pytest

from qlatent_tf import __main__ as command
from qlatent_tf.experiments import table2
from qlatent_tf.experiments.grids import tables
from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.latent_files import Bank, without_place
from qlatent_tf.latents import latent_bank
from qlatent_tf.latents.files import file_record
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.storage import locks
from qlatent_tf.storage.locks import InUseError

pytestmark = pytest.mark.usefixtures("eager_steps", "no_charts")
CIRCUIT = {"modes": 4, "unitary_seed": 3, "interferometer": "haar"}
TINY = [
    "table2",
    "--data",
    "small_molecules",
    "--iterations",
    "1",
    "--seeds",
    "1",
    "--num-samples",
    "40",
    "--quiet",
    "--sizes",
    "4",
    "--bank-sizes",
    "4",
    "--bank-samples",
    "300",
    *(
        word
        for setting in (
            "jit_compile=false",
            "batch_size=8",
            "critic_steps=1",
            "evaluation_samples=40",
            "metrics=molecules",
            'model_options={"generator_units": [8], "critic_graph_units": [4]}',
        )
        for word in ("--set", setting)
    ),
]


def run(*arguments):
    return command.main(["reproduce", *map(str, arguments)])


def options(cells, name):
    return [cell.config.latent_options.get(name) for cell in cells]


def test_the_cells_are_every_latent_size_and_seed():
    cells = table2.EXPERIMENT.cells(seeds=2)
    assert len(cells) == 8 * 3 * 2
    assert cells[0].name == "16_gaussian_seed0" and cells[3].name == "16_boson_haar_seed0"
    for cell in cells:
        config = cell.config
        assert (config.model, config.dataset, config.steps) == ("molgan", "qm9", 20_000)
        assert (config.batch_size, config.optimizer_options) == (256, {"learning_rate": 1e-4})
    live = [cell for cell in cells if cell.row["circuit"] == "haar"]
    # Six latents with a circuit, two sizes, two seeds: none has that of another.
    circuits = options(live, "unitary_seed")
    assert len(circuits) == 6 * 2 * 2 and len(set(circuits)) == 6 * 2
    by_size = {
        size: {c for c, m in zip(circuits, options(live, "modes"), strict=True) if m == size}
        for size in (16, 32)
    }
    assert by_size[16] == by_size[32]  # One name in both: a circuit of its own size in each.


def test_the_largest_size_has_one_circuit_and_draws_from_banks():
    cells = [cell for cell in table2.EXPERIMENT.cells(seeds=2) if cell.row["modes"] == 48]
    banked = [cell for cell in cells if cell.bank is not None]
    assert {cell.row["latent"] for cell in banked} == {"boson", "photonic"}
    assert len({cell.bank.name for cell in banked}) == 2 and len(banked) == 4
    for cell in banked:
        assert cell.config.latent == "samples"
        assert cell.config.latent_options["file"] == cell.bank.name
        assert cell.bank.num_samples == 1_000_000
        assert cell.row["circuit"] == "fixed (bank of 1,000,000)"
    controls = [cell for cell in cells if cell.row["circuit"] == "fixed"]
    circuits = {cell.bank.options["unitary_seed"] for cell in banked}
    assert circuits == set(options(controls, "unitary_seed")) and len(circuits) == 1
    assert len(controls) == 4 * 2


def test_loops_are_rows_of_circuits_alone():
    cells = table2.EXPERIMENT.cells(
        latents=["gaussian", "boson", "shuffled"],
        sizes=[16, 48],
        seeds=1,
        interferometers=["haar", "1-3-9"],
    )
    assert [(cell.row["latent"], cell.row["circuit"]) for cell in cells] == [
        ("gaussian", ""),
        ("boson", "haar"),
        ("boson", "1-3-9"),
        ("shuffled", "haar"),
        ("gaussian", ""),
        ("boson", "fixed (bank of 1,000,000)"),
        ("boson", "fixed 1-3-9 (bank of 1,000,000)"),
        ("shuffled", "fixed"),
    ]
    assert cells[2].config.latent_options["interferometer"] == "1-3-9"
    assert cells[6].bank.options["interferometer"] == "1-3-9"


@pytest.mark.parametrize(
    "modes, latent, circuit, expected",
    [
        (16, "boson", "haar", (1.160, 0.06)),
        (16, "gaussian", "", (1.529, 0.08)),
        (48, "photonic", "fixed (bank of 10)", (1.713, 0.06)),
        (16, "boson", "1-1", None),
        (48, "boson", "fixed 1-1 (bank of 10)", None),
        (32, "photonic", "haar", None),
        (16, "samples", "boson.npz", None),
    ],
)
def test_published_figures_stand_beside_what_they_are_of(modes, latent, circuit, expected):
    row = {"data": "qm9", "modes": modes, "latent": latent, "circuit": circuit}
    figures = table2.EXPERIMENT.published(row)
    assert figures.get("plain_fcd") == expected
    assert set(figures) == (
        {"plain_fcd", "plain_parsed_unique_count", "plain_parsed_novel_count"}
        if expected
        else set()
    )
    assert table2.EXPERIMENT.published({**row, "data": "small_molecules"}) == {}


def test_published_figures_do_not_stand_beside_other_molecules(tmp_path, workdir, monkeypatch):
    monkeypatch.setitem(table2.PAPER, (4, "boson"), table2.PAPER[16, "boson"])
    finished = read_cells(workdir)
    assert not any(row["published"] for row in table2.EXPERIMENT.write(tmp_path, finished)["rows"])
    for cell in finished:
        cell["config"] = cell["config"].override(dataset="qm9")
    rows = table2.EXPERIMENT.write(tmp_path, finished)["rows"]
    assert [row["latent"] for row in rows if row["published"]] == ["boson"]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table2")
    rows = np.random.default_rng(0).integers(0, 3, size=(50, 3), dtype=np.uint8)
    np.savez(folder / "shots.npz", ours=rows, others=rows[:, :2])
    arguments = ("--latents", "boson", "--samples", f"{folder / 'shots.npz'}:ours")
    assert run(*TINY, *arguments, "--workdir", folder / "work") == 0
    return folder / "work"


@pytest.mark.parametrize("name", ["shots.npz:ours", "run:1.npz:ours", "run:1.npy"])
def test_files_of_samples_may_have_colons_in_their_names(tmp_path, name):
    rows = np.zeros((5, 3), np.uint8)
    for file in ("shots.npz", "run:1.npz"):
        np.savez(tmp_path / file, ours=rows, others=rows[:, :2])
    np.save(tmp_path / "run:1.npy", rows)
    (cell,) = table2.EXPERIMENT.cells(latents=(), sizes=(), seeds=1, samples=[f"{tmp_path}/{name}"])
    assert cell.row["modes"] == 3 and cell.row["circuit"] == name


def test_table2_leaves_tables_figures_and_the_bank(workdir):
    table = json.loads((workdir / "table2.json").read_text())
    assert [tuple(row[label] for label in table["labels"]) for row in table["rows"]] == [
        (3, "samples", "shots.npz:ours"),
        (4, "boson", "fixed (bank of 300)"),
    ]
    assert table["panel"] == "modes"
    assert table["names"]["parsed_unique_count"] == ["parsed_unique_count@40"]
    bank, shots = sorted(table["files"], key=lambda file: file["name"])
    assert bank["name"] == "boson_4_haar_300" and bank["bank"]["num_samples"] == 300
    assert shots["name"] == "shots.npz" and shots["key"] == "ours" and shots["bank"] is None
    assert open_samples(workdir / "banks" / bank["name"]).shape == (300, 4)
    text = (workdir / "table2.md").read_text()
    assert bank["sha256"] in text and shots["sha256"] in text and "One seed does not rank" in text
    assert "`parsed_unique_count@40`" in text and "1 generator steps of batch 8" in text
    for name in ("fcd", "unique", "novel", "iterations"):
        for suffix in ("png", "svg"):
            # The cells were scored by the fast metrics alone: of plain decoding there are no bars.
            drawn = (workdir / f"table2_{name}.{suffix}").exists()
            assert drawn == (name == "iterations")
    assert list((workdir / "tensorboard").iterdir()) and (workdir / "table2.csv").is_file()


def test_a_moved_folder_and_another_machine_have_the_same_cells(workdir, tmp_path, capsys):
    moved = shutil.copytree(workdir, tmp_path / "moved")
    arguments = (*TINY, "--latents", "boson")
    assert run(*arguments, "--workdir", moved, "--dry-run") == 0
    assert "finished" in capsys.readouterr().out
    (cell_file,) = (moved / "cells").glob("*boson*")
    before = json.loads(cell_file.read_text())["evaluation"]
    cell_file.unlink()  # The run is there, with the bank where it was before.
    assert run(*arguments, "--workdir", moved) == 0
    assert json.loads(cell_file.read_text())["evaluation"] == before
    (config,) = (moved / "runs").glob("*boson*/config.json")
    file = json.loads(config.read_text())["latent_options"]["file"]
    assert file == str(moved / "banks" / "boson_4_haar_300")
    assert run(*arguments, "--workdir", tmp_path / "new", "--merge", workdir, moved) == 0
    assert "2 cells are new" in capsys.readouterr().out
    assert run(*arguments, "--workdir", tmp_path / "new", "--dry-run") == 0
    assert "1 cells, 1 of 1 steps done" in capsys.readouterr().out


def test_seeds_of_a_row_drew_from_one_content(workdir):
    finished = [cell for cell in read_cells(workdir) if "boson" in cell["name"]]
    other = {**finished[0], "name": "other", "config": finished[0]["config"].override(seed=9)}
    tables.make_table([*finished, other], table2.COLUMNS, panel="modes")
    other["latent_file"] = {**other["latent_file"], "bank": {"num_samples": 5}}
    with pytest.raises(ValueError, match="latent's file.num_samples: 300 -> 5"):
        tables.make_table([*finished, other], table2.COLUMNS, panel="modes")


def test_a_bank_is_made_once_and_waited_for(tmp_path, monkeypatch):
    bank, path = Bank("bank", "photonic", CIRCUIT, 50), tmp_path / "bank"
    write, calls = latent_bank.write_latent_bank, []

    def busy_at_first(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) < 3:
            raise InUseError("Another process is writing the bank.")
        write(*arguments, **keywords)

    monkeypatch.setattr(latent_bank, "write_latent_bank", busy_at_first)
    monkeypatch.setattr(locks, "_PATIENCE", 0)
    assert not bank.is_finished(path)
    bank.make(path, progress=False)
    assert len(calls) == 3 and bank.is_finished(path)
    bank.make(path, progress=False)
    assert len(calls) == 3
    shard = path / "shard-00000.npy"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + b"\x07")
    assert not bank.is_finished(path)
    bank.make(path, progress=False)
    assert shard.read_bytes() == whole and bank.is_finished(path)
    monkeypatch.undo()
    other = Bank("bank", "photonic", {**CIRCUIT, "unitary_seed": 4}, 50)
    with pytest.raises(ValueError, match="unitary_seed: 3 -> 4"):
        other.make(path, progress=False)


def test_a_file_is_recorded_by_its_content_and_compared_without_its_place(tmp_path):
    config = table2.get_config("samples")
    assert file_record(config) is None and without_place(config) is config
    records = []
    for place, value in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / place).mkdir()
        np.save(tmp_path / place / "rows.npy", np.full((4, 2), value, np.uint8))
        named = config.override(**{"latent_options.file": str(tmp_path / place / "rows.npy")})
        assert without_place(named).latent_options == {"file": "rows.npy"}
        records.append(file_record(named))
    assert records[0] == records[1] != records[2]
    circuit = table2.get_config("boson").override(
        **{"latent_options.unitary_file": str(tmp_path / "c" / "rows.npy")}
    )
    assert file_record(circuit) == records[2]
    assert without_place(circuit).latent_options["unitary_file"] == "rows.npy"
    assert (
        file_record(config.override(**{"latent_options.file": str(tmp_path / "a")}))["sha256"]
        != records[0]["sha256"]
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--latents", "samples"], "name them by --samples"),
        (["--samples", "nowhere.npy"], "There is no"),
        (["--set", "latent_options.modes=3"], "itself sets latent_options.modes"),
        (["--sizes", "16", "16"], "Two rows are called"),
        (["--sizes"], "nothing to train"),
        (["--latents", "gauss"], "Unknown latent"),
    ],
)
def test_it_refuses_with_one_line(empty_folder, capsys, arguments, message):
    assert run("table2", *arguments, "--dry-run") == 1
    assert message in capsys.readouterr().err
    assert not list(empty_folder.iterdir())
