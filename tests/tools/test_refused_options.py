"""Options that a command would not obey are refused, and settings that are given twice."""

import argparse
import shutil

import numpy as np
import pytest
from harness import ROOT
from harness import run_tool as run
from qlatent_tf.tools import asked_data, list_models, sources
from qlatent_tf.tools.arguments import settings_of

from qlatent_tf.config import Config
from qlatent_tf.storage.files import write_json


@pytest.mark.parametrize(
    ("command", "reason", "left_out"),
    [
        ("sample a --out b.npy --dataset qm9", "Only --novel-only and --mark-novel", "--dataset"),
        ("sample a --out b.npy --set dataset_options.c=1", "compare with data.", "--set"),
        ("interpolate a --out b.png --dataset qm9", "Only --nearest", "--dataset"),
        ("evaluate --real --dataset mixture --latent-file a", "no latent", "--latent-file"),
        ("publish --card a --models-dir b", "only writes cards", "--models-dir"),
        (
            "publish --card a --with-checkpoint --metrics fcd --seeds 9 --overwrite",
            "only writes cards",
            "--with-checkpoint, --seeds, --metrics, --overwrite",
        ),
    ],
)
def test_options_that_would_not_be_obeyed(empty_folder, capsys, command, reason, left_out):
    assert run(*command.split()) == 1
    error = capsys.readouterr().err
    assert reason in error and error.endswith(f"Leave out {left_out}.\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("publish a --card b", "--card names the presets itself; received a besides"),
        ("list_models a --metrics", "received a"),
        ("publish a b --metrics parsed_valid_count", "name a metric that returns it: molecules"),
        ("interpolate a --out b.png --rows 100 --columns 10", "64 cells at most"),
        ("interpolate a --out b.png --columns 1", "2 columns at least"),
        ("cut_naip a --out b.npz", "There is no folder a."),
        ("enumerate_molecules --max-atoms 1 --quiet --out .", ". is a folder, where a file"),
        ("train_classifier --dataset nothing --dry-run", "Unknown data set 'nothing'"),
        ("train_classifier --epochs 3 --set epochs=5", "epochs is given twice, as 3 and 5"),
        (
            "train_classifier --dataset images --set dataset_options.data_dir=a",
            "data_dir is no option of the data set 'images'",
        ),
        (
            "evaluate --real --dataset vectors --set dataset_options.file=a "
            "--set dataset_options.file=b",
            "dataset_options.file is given twice",
        ),
    ],
)
def test_what_cannot_be_is_said_first(empty_folder, capsys, command, message):
    assert run(*command.split()) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train --model mpl", "--model: Unknown model 'mpl'. Did you mean mlp?"),
        ("train --model mlp --latent bosom", "--latent: Unknown latent 'bosom'."),
        ("train --model mlp --latent absent:mine", "--latent: The latent 'absent:mine' names the"),
        ("train --model mlp --dataset qumtum", "--dataset: Unknown data set 'qumtum'."),
        ("train --model mlp --dataset land_cover_tiles", "--dataset: This version has no data"),
        ("train --model mlp --variant jaxx", "--variant: Unknown variant 'jaxx' of 'mlp'."),
        ("train --model mlp --set metrics=fcd,fcdd", "--set metrics=fcd,fcdd: Unknown metric"),
        ('train --model mlp --set metrics=["fcdd"]', '--set metrics=["fcdd"]: Unknown metric'),
        ("train --model molgan --reward qed qde", "--reward: Unknown reward 'qde'."),
        ("train --config mlp_bosom", "--config: No preset 'mlp_bosom'"),
        ("reproduce table1 --latents boson table1", "--latents: Unknown latent 'table1'"),
        ("evaluate a --real --metrics absent", "--metrics: Unknown metric 'absent'"),
        ("evaluate mlp_bosom", "No preset 'mlp_bosom'"),
        ("publish --card a b", "--card: No preset 'a'"),
    ],
)
def test_a_name_that_is_unknown_is_told_with_its_option(empty_folder, capsys, command, message):
    dry = ["--dry-run"] * command.startswith(("train", "reproduce"))
    assert run(*command.split(), *dry) == 1
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_settings_of_one_name_are_the_same():
    assert settings_of(["a=1", "b=x", "a=1"], {"a": 1}) == {"a": 1, "b": "x"}
    with pytest.raises(ValueError, match="a is given twice, as 1 and 2"):
        settings_of(["a=1", "a=2"], {})


def test_data_of_the_package_take_the_options_of_those_they_replace(monkeypatch, capsys):
    asked = []

    def load_dataset(config, **options):
        asked.append((config.dataset, config.dataset_options))
        if config.dataset == "qm9":
            raise FileNotFoundError("The network is closed.")
        return "data"

    monkeypatch.setattr("qlatent_tf.runs.training.load_dataset", load_dataset)
    arguments = argparse.Namespace(dataset=None, data_dir=None, quiet=True)
    config = Config(model="molgan", latent="gaussian", dataset="qm9", steps=1, batch_size=2)
    config = config.override(**{"dataset_options.test_share": 0.2})
    changed, dataset = asked_data.with_fallback_dataset(config, arguments)
    assert dataset == "data" and "INSTEAD OF 'qm9'" in capsys.readouterr().err
    assert asked[-1] == (changed.dataset, changed.dataset_options)
    assert asked[-1] == ("small_molecules", {"test_share": 0.2})
    # Without an option that was asked for, others are no replacement.
    config = config.override(**{"dataset_options.surprise": 1})
    with pytest.raises(FileNotFoundError, match="The network is closed"):
        asked_data.with_fallback_dataset(config, arguments)


def test_few_large_samples_are_checked_against_the_memory():
    class Large:
        def sample(self, count, seed):
            return {"images": np.broadcast_to(np.uint8(0), 1 << 30)}

    with pytest.raises(ValueError, match="20,000 samples.*Draw fewer"):
        sources.check_memory(Large(), 20_000)


def test_scores_that_are_undefined_are_listed(tmp_path, capsys):
    folder = shutil.copytree(ROOT / "models" / "mlp_boson_quantum", tmp_path / "mine")
    write_json(
        folder / "metrics.json",
        {
            "dataset": "quantum",
            "num_samples": 9,
            "metrics": {"integer_distance@9": {"mean": None, "standard_error": None}},
        },
    )
    assert list_models.main([str(folder), "--all"]) == 0
    assert "undefined" in capsys.readouterr().out
