"""Train, sample, interpolate: what the tools do with molecules."""

import csv

import matplotlib.pyplot as plt
import numpy as np
import pytest
from harness import run_tool as run
from rdkit import Chem

from qlatent_tf.runs.run_directory import RunDirectory

pytestmark = pytest.mark.usefixtures("eager_steps")
MOLGAN = [
    "--model",
    "molgan",
    "--latent",
    "gaussian",
    "--dataset",
    "small_molecules",
    "--batch-size",
    "8",
    "--modes",
    "4",
    "--set",
    'model_options={"generator_units": [8], "critic_graph_units": [4]}',
    "--set",
    "jit_compile=false",
    "--set",
    "evaluation_samples=40",
    "--quiet",
]


@pytest.fixture(scope="module")
def molgan_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("molgan")
    assert run("train", *MOLGAN, "--steps", 1, "--workdir", folder) == 0
    return folder


@pytest.fixture
def no_qm9(empty_folder, molecule_cache, monkeypatch):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)

    def closed(*arguments, **options):
        from qlatent_tf.storage.download import DownloadError

        raise DownloadError("the network is closed.")

    monkeypatch.setattr("qlatent_tf.datasets.molecules.qm9.download", closed)


def test_a_named_data_set_that_cannot_be_had_is_an_error(no_qm9, capsys):
    assert run("train", "--model", "molgan", "--dataset", "qm9", "--steps", 1) == 1
    assert "--data-dir" in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_name_the_shipped_molecules_stand_in_loudly(no_qm9, empty_folder, capsys):
    arguments = [word for word in MOLGAN if word not in ("--dataset", "small_molecules")]
    assert run("train", *arguments, "--steps", 1) == 0
    assert "INSTEAD OF 'qm9'" in capsys.readouterr().err
    (folder,) = (empty_folder / "runs").iterdir()
    run_directory = RunDirectory(folder)
    assert folder.name == "molgan_gaussian_small_molecules"
    assert run_directory.read_config().dataset == "small_molecules"
    assert run_directory.read_run()["dataset"]["name"] == "small_molecules"
    assert run_directory.read_metrics()["dataset"] == "small_molecules"


def test_sample_writes_molecules_in_every_form(molgan_run, tmp_path):
    for name in ("grid.png", "graphs.npy", "molecules.smi"):
        assert run("sample", molgan_run, "-n", 30, "--out", tmp_path / name) == 0
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    graphs = np.load(tmp_path / "graphs.npy")
    assert graphs.shape == (30,) and graphs["bonds"].shape == (30, 9, 9)
    lines = (tmp_path / "molecules.smi").read_text().splitlines()
    assert all(Chem.MolFromSmiles(line) is not None for line in lines)


@pytest.fixture
def known_molecules(molgan_run, monkeypatch):
    """A run, whose model is made to draw known molecules; one is no molecule, one is two."""
    from qlatent_tf.datasets.molecules.graphs import molecule_to_graph
    from qlatent_tf.gan.wgan_gp import WGANGP

    smiles = ["CCO", "OCC", "c1ccccc1", "CCCCCCCC=O", "C.O", "CC(N)=O", "C"]
    graphs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in smiles]
    atoms, bonds = map(np.stack, zip(*graphs, strict=True))
    bonds[-1] = 3
    samples = {"atoms": atoms, "bonds": bonds}
    monkeypatch.setattr(WGANGP, "sample", lambda self, count, seed: samples)
    return molgan_run


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], ["CCO", "CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]),
        pytest.param(
            ["--valid-only"],
            ["CCO", "CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"],
            marks=pytest.mark.slow,
        ),
        (["--unique"], ["CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]),
        (["--novel-only"], ["CCCCCCCC=O"]),  # The others have no more than seven atoms.
        (["--keep", "logp>0"], ["c1ccccc1", "CCCCCCCC=O"]),
        (["--keep", "logp > -0.5", "qed<=0.41", "--unique"], ["CCO", "CCCCCCCC=O"]),
        (["--keep", "sa<1"], []),
        (["--keep", "molwt>60", "TPSA<20"], ["c1ccccc1", "CCCCCCCC=O"]),
    ],
)
def test_sample_filters_molecules(known_molecules, tmp_path, capsys, filters, expected):
    out = tmp_path / "molecules.smi"
    assert run("sample", known_molecules, "-n", 7, "--out", out, *filters) == 0
    assert out.read_text().split() == expected
    output = capsys.readouterr().out
    assert "7 samples" in output and "5 were valid" in output
    assert ("the filters left" in output) == (len(expected) != 5)


def test_filters_hold_for_pictures_and_arrays(known_molecules, tmp_path):
    for filters, count in (((), 7), (("--unique",), 4)):
        out = tmp_path / "molecules.npy"
        assert run("sample", known_molecules, "-n", 7, "--out", out, *filters) == 0
        assert len(np.load(out)) == count
    assert run("sample", known_molecules, "--unique", "--out", tmp_path / "grid.png") == 0
    assert run("sample", known_molecules, "--keep", "sa<1", "--out", tmp_path / "none.png") == 1


def test_sample_says_what_a_picture_and_a_form_have_no_room_for(molgan_run, tmp_path, capsys):
    grid = tmp_path / "grid.png"
    for count, shown in ((64, False), (65, True)):
        assert run("sample", molgan_run, "-n", count, "--out", grid) == 0
        assert ("which shows the first 64." in capsys.readouterr().out) == shown
    assert run("sample", molgan_run, "--mark-novel", "--out", tmp_path / "all.smi") == 1
    assert "only into .csv and .sdf" in capsys.readouterr().err


def test_sample_writes_tables_and_structures_with_properties(known_molecules, tmp_path):
    table, structures = tmp_path / "molecules.csv", tmp_path / "molecules.sdf"
    for out in (table, structures):
        arguments = ("-n", 7, "--unique", "--mark-novel", "--out", out)
        assert run("sample", known_molecules, *arguments) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["smiles"] for row in rows] == ["CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]
    assert [row["novel"] for row in rows] == ["no", "no", "yes", "no"]
    assert float(rows[1]["logp"]) == pytest.approx(1.6866)
    molecules = list(Chem.SDMolSupplier(str(structures)))
    for molecule, row in zip(molecules, rows, strict=True):
        assert Chem.MolToSmiles(molecule) == row["smiles"] == molecule.GetProp("_Name")
        assert {name: molecule.GetProp(name) for name in ("qed", "logp", "sa", "novel")} == {
            name: row[name] for name in ("qed", "logp", "sa", "novel")
        }
        assert np.ptp(molecule.GetConformer().GetPositions(), axis=0).max() > 0.5


def test_interpolate_draws_lines_between_latents(molgan_run, tmp_path, monkeypatch):
    from qlatent_tf.gan.wgan_gp import WGANGP

    latents, generate = [], WGANGP.generate

    def record(self, latent, batch_size=1000):
        if len(latent) == 6:
            latents.append(np.asarray(latent).reshape(2, 3, -1))
        return generate(self, latent, batch_size)

    monkeypatch.setattr(WGANGP, "generate", record)
    out = tmp_path / "lines.png"
    for seed in (1, 1, 2):
        arguments = ("--rows", 2, "--columns", 3, "--seed", seed, "--out", out)
        assert run("interpolate", molgan_run, *arguments) == 0
    assert plt.imread(out).shape[:2] == (320, 600)
    first, again, other = latents
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    np.testing.assert_allclose(first[:, 1], (first[:, 0] + first[:, 2]) / 2, rtol=1e-5, atol=1e-6)
    assert not np.allclose(first[0], first[1])


def test_interpolate_draws_the_nearest_molecules(known_molecules, tmp_path):
    out = tmp_path / "nearest.png"
    arguments = ("--nearest", "--rows", 6, "--columns", 3, "--out", out)
    assert run("interpolate", known_molecules, *arguments) == 0
    assert plt.imread(out).shape[:2] == (640, 600)  # four distinct valid molecules


def test_interpolate_draws_the_nearest_molecules_of_a_file(known_molecules, tmp_path, monkeypatch):
    from qlatent_tf.datasets.molecules import pictures

    drawn = []
    monkeypatch.setattr(pictures, "draw_smiles", lambda smiles, *_: drawn.extend(smiles))
    monkeypatch.setattr("qlatent_tf.drawing.png.write_picture", lambda *_: None)
    (tmp_path / "mine.smi").write_text("CCN\nCCCCO\n")
    data = ("--dataset", "molecules", "--set", f"dataset_options.file={tmp_path}/mine.smi")
    arguments = ("--nearest", "--rows", 1, "--columns", 3, "--out", tmp_path / "nearest.png")
    assert run("interpolate", known_molecules, *data, *arguments) == 0
    assert drawn == ["CCO", "CCCCO", "CCN"]


def test_interpolate_writes_tables(molgan_run, known_molecules, tmp_path):
    out, size = tmp_path / "lines.csv", ("--rows", 2, "--columns", 3)
    assert run("interpolate", molgan_run, *size, "--out", out) == 0
    rows = list(csv.DictReader(out.open()))
    assert [(row["line"], row["share_of_second_end"]) for row in rows] == [
        (line, share) for line in "01" for share in ("0", "0.5", "1")
    ]
    assert all(Chem.MolFromSmiles(row["smiles"]) for row in rows if row["smiles"])
    assert run("interpolate", known_molecules, "--nearest", *size, "--out", out) == 0
    rows = list(csv.DictReader(out.open()))
    assert [row["smiles"] for row in rows[:2]] == ["CCO", "CCO"] and len(rows) == 4
    assert rows[0]["novelty"] == "known" and float(rows[0]["similarity"]) == 1


@pytest.mark.parametrize("condition", ["qed", "qed=0.5", "mass>3", "qed>much", ">3"])
def test_a_condition_that_is_none_is_refused(empty_folder, capsys, condition):
    assert run("sample", "nothing", "--out", "a.smi", "--keep", condition) == 1
    error = capsys.readouterr().err
    assert f"received {condition!r}" in error and "qed, logp, sa" in error
