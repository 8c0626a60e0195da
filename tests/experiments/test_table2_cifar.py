"""table2_cifar: its cells, and its table with real images and Inception, on runs of a step."""

import json
import shutil

import numpy as np
import pytest

from qlatent_tf import __main__ as command
from qlatent_tf.experiments import table2_cifar

pytestmark = pytest.mark.usefixtures("eager_steps", "no_charts")
MINE = '''
import numpy as np

from qlatent_tf.datasets.images.arrays import image_dataset


def tiny(*, data_dir=None, progress=True):
    """Forty images to train on and fifteen held out."""
    images = np.random.default_rng(0).integers(0, 256, (55, 8, 8, 3)).astype("uint8")
    arrays = {"x_train": images[:40], "x_test": images[40:]}
    return image_dataset("tiny", arrays, class_names=(), classes=None, provenance={})


def brightness(dataset, samples, *, progress=False):
    """The brightness of the image, under the names of others."""
    mean, size = float(samples.mean()), len(samples)
    return {
        f"classifier_score_cifar_classifier@{size}": mean,
        f"classifier_frechet_distance_cifar_classifier_tiny_40@{size}": 1000 - mean,
    }
'''
TINY = [
    "table2_cifar",
    "--variant",
    "small",
    "--iterations",
    "1",
    "--num-samples",
    "20",
    "--quiet",
    "--data",
    "pictures:tiny",
    *(
        word
        for setting in (
            "batch_size=4",
            "critic_steps=1",
            "evaluation_samples=10",
            "precision=float32",
            'model_options={"resolution": 8, "filters": 4, "blocks": 2}',
            'latent_options={"modes": 4}',
            "metrics=pictures:brightness",
        )
        for word in ("--set", setting)
    ),
]
FIRST = "pictures-tiny_gaussian_seed0@1.json"
SCORE, DISTANCE = (column.name for column in table2_cifar.COLUMNS[:2])


def run(*arguments):
    return command.main(["reproduce", *map(str, arguments)])


@pytest.mark.parametrize("variant, filters", [("full", 128), ("small", 64)])
def test_the_cells_are_every_latent_and_seed_with_rates_that_fall_to_zero(variant, filters):
    cells = table2_cifar.EXPERIMENT.cells(seeds=2, iterations=500, variant=variant)
    assert len(cells) == 4 * 2 and cells[0].name == "cifar10_gaussian_seed0"
    for cell in cells:
        assert cell.config.steps == cell.config.learning_rate_decay_steps == 500
        assert cell.config.model_options["filters"] == filters
    # Everything but the latent and its options is shared.
    first, *others = (cell.config for cell in cells if cell.config.seed == 0)
    for other in others:
        fields = set(first.differences(other))
        assert fields <= {"latent", "latent_options"}
    circuits = [cell.config.latent_options.get("unitary_seed") for cell in cells]
    assert len(set(circuits) - {None}) == 2 * 2
    with pytest.raises(ValueError, match="itself sets learning_rate_decay_steps"):
        table2_cifar.EXPERIMENT.cells(settings=[("learning_rate_decay_steps", 10)])
    with pytest.raises(ValueError, match="received 'tiny'"):
        table2_cifar.EXPERIMENT.cells(variant="tiny")


def test_files_of_recorded_samples_can_be_the_only_rows(tmp_path, capsys):
    np.save(tmp_path / "shots.npy", np.eye(128, dtype=np.uint8))
    assert (
        run(
            "table2_cifar",
            "--latents",
            "--samples",
            tmp_path / "shots.npy",
            "--seeds",
            2,
            "--dry-run",
            "--workdir",
            tmp_path,
        )
        == 0
    )
    assert "2 cells" in capsys.readouterr().out
    assert run("table2_cifar", "--latents", "--dry-run", "--workdir", tmp_path) == 1
    assert "nothing to train" in capsys.readouterr().err


def test_one_device_is_a_row_beside_several_circuits():
    first, second, third = (
        cell
        for variant, latents in (("loop", ["gaussian", "boson"]), ("small", ["boson"]))
        for cell in table2_cifar.EXPERIMENT.cells(variant=variant, latents=latents, seeds=1)
    )
    assert [one.row["latent"] for one in (first, second, third)] == [
        "gaussian", "boson, one device", "boson"
    ]  # fmt: skip
    assert second.name == "cifar10_boson-one-device_seed0"
    options = [second.config.latent_options[name] for name in ("modes", "photons", "tiles")]
    assert options == [128, 64, 1]
    published = table2_cifar.EXPERIMENT.published
    assert published(second.row) == published(third.row) != {}


def test_files_of_recorded_samples_are_rows(tmp_path):
    np.savez(tmp_path / "shots.npz", counts=np.eye(144, dtype="uint8"))
    file = tmp_path / "shots.npz"
    first, *_, last = table2_cifar.EXPERIMENT.cells(
        latents=["gaussian"],
        seeds=1,
        samples=[f"{file}:counts"],
        variant="small",
    )
    assert first.config.latent == "gaussian" and "file" not in first.config.latent_options
    assert last.name == "cifar10_samples-shots.npz-counts_seed0"
    assert last.row == {"data": "cifar10", "latent": "samples shots.npz:counts"}
    options = last.config.latent_options
    assert (options["file"], options["key"], options["modes"]) == (str(file), "counts", 128)
    assert not table2_cifar.EXPERIMENT.published(last.row)
    with pytest.raises(FileNotFoundError, match="nothing.npy"):
        table2_cifar.EXPERIMENT.cells(samples=[f"{tmp_path}/nothing.npy"])
    with pytest.raises(ValueError, match="name them by --samples"):
        table2_cifar.EXPERIMENT.cells(latents=["samples"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the first cell of the command is finished, and the module it names."""
    folder = tmp_path_factory.mktemp("table2_cifar")
    (folder / "pictures.py").write_text(MINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(*TINY, "--latents", "gaussian", "--seeds", "1", "--workdir", "work") == 0
    return folder


@pytest.fixture
def folder(finished, empty_folder):
    return shutil.copytree(finished, empty_folder, dirs_exist_ok=True)


def derived(folder, latent, seed, **scores):
    """Writes the cell of another latent and seed, with other scores; returns its name."""
    cell = json.loads((folder / "work" / "cells" / FIRST).read_text())
    cell["name"] = f"pictures-tiny_{latent}_seed{seed}"
    cell["row"]["latent"] = cell["config"]["latent"] = latent
    cell["config"]["seed"] = seed
    for part in (cell["evaluation"], cell["real"]):
        size = part["num_samples"]
        for name, value in scores.items():
            part["metrics"][f"{name}@{size}"] = {
                "mean": value,
                "standard_error": None,
                "values": [value],
            }
    file = folder / "work" / "cells" / f"{cell['name']}@1.json"
    file.write_text(json.dumps(cell))
    return file.name


def merge(folder):
    """The table of all cells that are there, by the command, and as Markdown."""
    assert run(*TINY, "--latents", "gaussian", "--merge", "--workdir", folder / "work") == 0
    return (
        json.loads((folder / "work" / "table2_cifar.json").read_text()),
        (folder / "work" / "table2_cifar.md").read_text(),
    )


def test_a_finished_cell_is_a_row_beside_real_images_and_the_paper(folder, capsys):
    work = folder / "work"
    table = json.loads((work / "table2_cifar.json").read_text())
    row, real = table["rows"]
    assert (row["latent"], row["seeds"]) == ("gaussian", [0])
    assert (real["data"], real["latent"], real["seeds"]) == (
        "pictures:tiny, 15 real images",
        "none",
        [],
    )
    # Grey levels of noise deviate by 74 from their mean, 127.5; 15 x 192 of them are averaged.
    assert real["scores"][SCORE]["mean"] == pytest.approx(127.5, abs=4 * 74 / (15 * 192) ** 0.5)
    for one in (row, real):
        assert one["scores"][SCORE]["mean"] + one["scores"][DISTANCE]["mean"] == pytest.approx(1000)
    assert table["names"][SCORE] == [f"{SCORE}@20"]
    assert not row["published"] and not real["published"]  # Of CIFAR-10, not of these.
    text = (work / "table2_cifar.md").read_text()
    assert "7.57 ± 0.02" not in text and "held out of the training" in text
    assert "| pictures:tiny, 15 real images | `none` | 0 |" in text
    for name in ("iterations", "score", "frechet"):
        for suffix in ("png", "svg"):
            assert (work / f"table2_cifar_{name}.{suffix}").is_file()
    assert "Inception score" not in table["columns"].values()
    assert not (work / "table2_cifar_inception.png").exists()
    # The same command trains nothing again; more steps are another schedule.
    stamp = (work / "cells" / FIRST).stat().st_mtime_ns
    same = [*TINY, "--latents", "gaussian", "--seeds", "1", "--workdir", work]
    assert run(*same) == 0
    assert (work / "cells" / FIRST).stat().st_mtime_ns == stamp
    capsys.readouterr()
    assert run(*same, "--iterations", "2") == 1
    assert "learning_rate_decay_steps: 1 -> 2" in capsys.readouterr().err


def test_latents_and_seeds_make_rows_in_the_paper_s_order(folder):
    for latent, seed, score in (("boson", 0, 3.0), ("bernoulli", 1, 5.0), ("bernoulli", 0, 4.0)):
        derived(folder, latent, seed, **{SCORE: score})
    table, text = merge(folder)
    assert [row["latent"] for row in table["rows"]] == ["gaussian", "bernoulli", "boson", "none"]
    assert table["rows"][1]["scores"][SCORE]["values"] == [4.0, 5.0]
    assert "| pictures:tiny | `bernoulli` | 2 | 4.50 ± 0.50 |" in text
    # One run has no error: nothing is the best beyond it.
    assert "**" not in text
    for latent, score in (("boson", 3.2), ("gaussian", 110.0)):
        derived(folder, latent, 1, **{SCORE: score})
    _, text = merge(folder)
    # Real images take part in no contest.
    assert text.count("**") == 2 * 1 and "**" not in text.partition("real images")[2]


def test_weights_that_are_none_are_told_of_before_anything_is_trained(tmp_path, capsys):
    weights = tmp_path / "typo.h5"
    work = tmp_path / "work"
    assert run(*TINY, "--workdir", work, "--inception-weights", weights) == 1
    assert f"names {weights}, which does not exist" in capsys.readouterr().err
    assert not work.exists()


def test_cells_that_inception_did_not_score_are_named(folder, monkeypatch, capsys):
    derived(folder, "boson", 0, inception_score_keras_inception_v3=7.0)
    inception = "qlatent_tf.metrics.images.inception"
    monkeypatch.setattr(f"{inception}.local_weights", lambda: folder)
    monkeypatch.setattr(f"{inception}.inception_network", lambda: None)
    same = [*TINY, "--latents", "gaussian", "--seeds", "1", "--workdir", folder / "work"]
    assert run(*same) == 0
    printed = capsys.readouterr()
    assert "1 finished cells were scored without Inception" in printed.err and FIRST in printed.err
    row, other = (line for line in printed.out.splitlines() if line.startswith("| pictures:tiny |"))
    assert row.endswith("| not scored |") and other.endswith("| 7.00 |")


@pytest.fixture
def as_cifar10(folder, monkeypatch):
    """What the tiny pictures score counts as scores on CIFAR-10, of the paper's latent."""
    monkeypatch.setattr(table2_cifar, "DATA", "pictures:tiny")
    for file in (folder / "work" / "cells").glob("*.json"):
        cell = json.loads(file.read_text())
        del cell["settings"]
        file.write_text(json.dumps(cell))


def test_inception_scores_stand_beside_the_paper_s_where_they_compare(folder, as_cifar10):
    networks = ("keras_inception_v3", "tfgan_inception_00ff")
    derived(
        folder,
        "boson",
        0,
        **{
            **{f"inception_score_{network}": 7.0 for network in networks},
            **{f"inception_score_deviation_{network}": 0.1 for network in networks},
            "frechet_inception_distance_tfgan_inception_00ff_tiny_40": 30.0,
        },
    )
    table, _text = merge(folder)
    assert list(table["columns"].values())[3:6] == [
        "Inception score (keras_inception_v3)",
        "Inception score (tfgan_inception_00ff)",
        "Frechet Inception distance (tfgan_inception_00ff)",
    ]
    boson = table["rows"][1]
    figure = "inception_score_tfgan_inception_00ff"
    assert boson["published"] == {figure: {"mean": 7.54, "standard_error": 0.011}}
    assert boson["scores"][figure]["mean"] == table["rows"][2]["scores"][figure]["mean"] == 7.0


def test_an_inception_that_does_not_compare_leaves_the_paper_a_column(folder, as_cifar10):
    derived(folder, "boson", 0, inception_score_keras_inception_v3=7.0)
    table, text = merge(folder)
    assert "| 7.57 ± 0.02 |" in text
    # A figure without a score of ours has nothing to compare.
    assert not (folder / "work" / "table2_cifar_inception.png").exists()
    assert list(table["columns"])[3:] == ["inception_score_keras_inception_v3", "inception_score"]
    assert list(table["rows"][1]["published"]) == ["inception_score"]


def test_without_held_out_images_there_is_no_row_of_them(folder):
    file = folder / "work" / "cells" / FIRST
    cell = json.loads(file.read_text())
    file.write_text(json.dumps({**cell, "real": None}))
    table, text = merge(folder)
    assert [row["latent"] for row in table["rows"]] == ["gaussian"]
    assert table2_cifar._REAL not in text


def test_real_images_are_explained_where_there_is_a_row_of_them(folder):
    table, text = merge(folder)
    assert [row["latent"] for row in table["rows"]] == ["gaussian", "none"]
    assert table2_cifar._REAL in text


def test_scores_of_someone_s_own_metric_have_a_column(folder):
    derived(folder, "boson", 0, hue_spread=0.25)
    table, text = merge(folder)
    assert table["columns"]["hue_spread"] == "hue spread"
    assert "| hue spread |" in text and "| 0.250 |" in text
