"""Training a classifier, and scoring real images by it, on the command line."""

import json
import re

import pytest
from qlatent_tf.tools import train_classifier

from qlatent_tf import __main__ as command
from qlatent_tf.metrics.images import classifier_scores

pytestmark = pytest.mark.usefixtures("eager_steps")
TOY = '''
import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset


def toy(data_dir=None, progress=True):
    """Noise, whose class is the band that is brighter."""
    images = np.random.default_rng(0).integers(0, 100, (90, 8, 8, 3))
    labels = np.arange(90) % 3
    images[np.arange(90), :, :, labels] += 100
    images = images.astype(np.uint8)
    return ImageDataset(
        name="toy", source=images[:60], metrics=(), provenance={},
        render=lambda samples: np.asarray(samples)[0],
        bands=("red", "green", "blue"), labels=labels[:60], class_names=("r", "g", "b"),
        test=images[60:], test_labels=labels[60:],
    )
'''
BRIGHTNESS = """

def brightness(dataset, samples, *, progress=False):
    return {f"brightness@{len(samples)}": float(samples.mean())}
"""
SETTINGS = ["widths=[4,8]", "batch_size=10", "shift=1"]
TRAIN = ["train_classifier", "--dataset", "my_toy:toy", "--epochs", "2", "--quiet"]
for _setting in SETTINGS:
    TRAIN += ["--set", _setting]


@pytest.fixture
def here(empty_folder):
    """The working directory, with a data set of a third party."""
    (empty_folder / "my_toy.py").write_text(TOY)
    return empty_folder


def test_a_classifier_is_trained_published_and_scores_real_images(here, monkeypatch, capsys):
    arguments = ["--preset", "toy_classifier", "--models-dir", "models"]
    assert command.main([*TRAIN, *arguments]) == 0
    output = capsys.readouterr().out
    assert "accuracy_toy_test@30" in output and "models/toy_classifier holds the preset" in output
    assert (here / "runs" / "classifier_toy" / "backup").is_dir()
    assert command.main([*TRAIN, *arguments]) == 1
    assert "models/toy_classifier exists" in capsys.readouterr().err

    monkeypatch.setattr(classifier_scores, "PRESET", "models/toy_classifier")
    real = ["evaluate", "--real", "--metrics", "classifier_scores", "--json"]
    assert command.main([*real, "--dataset", "my_toy:toy"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["source"] == "toy, held out" and report["num_samples"] == 30
    assert 1 <= report["metrics"]["classifier_score_toy_classifier@30"]["mean"] <= 3
    assert "classifier_frechet_distance_toy_classifier_toy_60@30" in report["metrics"]

    monkeypatch.setattr("qlatent_tf.storage.preset_files.presets_folder", lambda: here / "models")
    assert command.main(["list_models"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert re.search(r"toy_classifier classifier - my_toy:toy 12 accuracy (0\.\d+|1),", output)


def test_a_stopped_training_says_how_to_go_on(here, monkeypatch, capsys):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_classifier, "train", stopped)
    assert command.main(TRAIN) == 130
    assert "same command resumes at the last complete epoch" in capsys.readouterr().err


@pytest.mark.slow
def test_a_card_shows_scores_of_real_images(here, capsys):
    (here / "my_toy.py").write_text(TOY + BRIGHTNESS)
    train = [
        "train",
        "--model",
        "resnet",
        "--latent",
        "gaussian",
        "--modes",
        "4",
        "--dataset",
        "my_toy:toy",
        "--steps",
        "1",
        "--batch-size",
        "4",
        "--workdir",
        "run",
        "--quiet",
    ]
    for setting in (
        'model_options={"resolution": 8, "filters": 4, "blocks": 2}',
        "evaluation_samples=12",
        "jit_compile=false",
        "generator_batch_size=4",
        'metrics=["my_toy:brightness"]',
    ):
        train += ["--set", setting]
    assert command.main(train) == 0
    assert "qlatent-tf publish run run --trust-code\n" in capsys.readouterr().out
    publish = [
        "publish",
        "run",
        "toy_gan",
        "--models-dir",
        "models",
        "--num-samples",
        "40",
        "--seeds",
        "2",
        "--trust-code",
    ]
    assert command.main(publish) == 0
    hint = "qlatent-tf sample models/toy_gan --out samples.png --trust-code\n"
    assert capsys.readouterr().out.endswith(hint)
    scores = json.loads((here / "models" / "toy_gan" / "metrics.json").read_text())
    assert list(scores["metrics"]) == ["brightness@40"]
    # There are 30 held-out images, whose mean is 49.5 + 100 / 3 up to noise.
    real = scores["real"]["metrics"]["brightness@30"]["mean"]
    assert real == pytest.approx(49.5 + 100 / 3, abs=2)
    card = (here / "models" / "toy_gan" / "README.md").read_text()
    assert f"| brightness@30 | {real:.4g} |" in card and "Real samples score, 30 of them" in card


def test_a_configuration_is_shown_and_a_wrong_one_refused(here, capsys):
    assert command.main([*TRAIN, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["widths"] == [4, 8]
    assert command.main([*TRAIN, "--set", "depth=3"]) == 1
    assert "Unknown option 'depth'" in capsys.readouterr().err
    assert command.main([*TRAIN, "--set", "classes=2"]) == 1
    assert "3 classes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "presets or runs, or --real with --dataset"),
        (["--real"], "Name what to score"),
        (["--real", "--dataset", "my_toy:toy", "--seeds", "5"], "Received --seeds 5"),
        (["--real", "--dataset", "bernoulli"], "'bernoulli' has no held-out samples"),
        (
            [
                "--real",
                "--dataset",
                "my_toy:toy",
                "--metrics",
                "inception_scores",
                "--inception-weights",
                "nothing.h5",
            ],
            "names nothing.h5, which does not exist",
        ),
    ],
)
def test_what_cannot_be_scored_is_said(here, capsys, arguments, message):
    assert command.main(["evaluate", *arguments]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "tool",
    [
        ["evaluate", "cifar_classifier"],
        ["publish", "run", "mine"],
        ["train", "--model", "resnet"],
    ],
)
def test_weights_of_inception_that_are_not_there_are_told_of_first(here, capsys, tool):
    assert command.main([*tool, "--inception-weights", "nothing.h5"]) == 1
    assert "names nothing.h5, which does not exist" in capsys.readouterr().err
