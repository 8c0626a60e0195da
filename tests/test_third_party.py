"""A third party's latent and model, each in one file: those that docs/extending.md shows."""

import json
import re

import numpy as np
import pytest
from harness import ROOT
from qlatent_tf.tools import evaluate, publish, sample, train

import qlatent_tf

pytestmark = pytest.mark.usefixtures("eager_steps")
_TINY = (
    "--steps",
    "1",
    "--batch-size",
    "8",
    "--quiet",
    "--set",
    "evaluation_samples=50",
    "--set",
    "critic_steps=1",
    "--set",
    "jit_compile=false",
)


@pytest.fixture
def folder(empty_folder):
    """The working directory, holding the page's latent and model."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    for name, block in re.findall(r"```python\n# (my_\w+\.py)\n(.*?)```", page, re.DOTALL):
        (empty_folder / name).write_text(block)
    assert {file.name for file in empty_folder.iterdir()} >= {"my_latent.py", "my_model.py"}
    return empty_folder


@pytest.mark.parametrize(
    "model, latent, options",
    [
        (
            "my_model:my_model",
            "my_latent:my_latent",
            ["model_options.units=8", "latent_options.degrees=5"],
        ),
        pytest.param("mlp", "my_latent:my_latent", [], marks=pytest.mark.slow),
        pytest.param(
            "my_model:my_model", "boson", ["latent_options.modes=6"], marks=pytest.mark.slow
        ),
    ],
)
def test_one_file_trains_scores_samples_and_publishes(folder, model, latent, options):
    names = ["--model", model, "--latent", latent]
    settings = [word for option in options for word in ("--set", option)]
    assert train.main([*names, *_TINY, *settings, "--workdir", "run"]) == 0
    config = json.loads((folder / "run" / "config.json").read_text())
    assert (config["model"], config["latent"]) == (model, latent)

    assert evaluate.main(["run", "--num-samples", "20", "--trust-code"]) == 0
    assert sample.main(["run", "-n", "5", "--out", "samples.npy", "--trust-code"]) == 0
    assert np.load("samples.npy").shape == (5, 16)

    publishing = ["run", "mine", "--models-dir", "presets", "--num-samples", "20", "--seeds", "2"]
    assert publish.main([*publishing, "--trust-code"]) == 0
    loaded = qlatent_tf.from_preset(folder / "presets" / "mine", trust_code=True)
    np.testing.assert_array_equal(loaded.sample(5, seed=0), np.load("samples.npy"))
    with pytest.raises(ValueError, match="trust_code=True"):
        qlatent_tf.from_preset(folder / "presets" / "mine")


def test_a_model_without_a_configuration_is_refused_with_the_reason(folder, capsys):
    (folder / "no_config.py").write_text("def my_model(latent):\n    return None\n")
    assert train.main(["--model", "no_config:my_model", "--latent", "boson", *_TINY]) == 1
    assert "no_config has no get_config(latent)" in capsys.readouterr().err
    code = (
        "def my_model(latent):\n    return None\n\n\ndef get_config(latent):\n    return config\n"
    )
    (folder / "broken_config.py").write_text(code)
    assert train.main(["--model", "broken_config:my_model", "--latent", "boson", *_TINY]) == 1
    said = "The model 'broken_config:my_model' failed: NameError: name 'config' is not defined"
    assert f"{said} (broken_config.py, line 6, in get_config)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "latent, message",
    [
        ("my_latent:my_latnet", "'my_latent' has no 'my_latnet'"),
        ("their_latent:latent", "neither a file in"),
        ("bosson", "Unknown latent 'bosson'. Did you mean boson?"),
    ],
)
def test_a_name_that_is_not_there_is_an_error_that_says_so(folder, capsys, latent, message):
    assert train.main(["--model", "mlp", "--latent", latent, *_TINY]) == 1
    assert message in capsys.readouterr().err
    assert not (folder / "runs").exists()


def test_a_mistake_in_a_file_of_ones_own_is_told_of_with_its_line(folder, capsys):
    (folder / "broken.py").write_text("SIZE = 4\n\n\ndef latent(*, modes=4):\n    return size\n")
    assert train.main(["--model", "mlp", "--latent", "broken:latent", *_TINY]) == 1
    said = "error: The latent 'broken:latent' failed: NameError: name 'size' is not defined"
    assert f"{said} (broken.py, line 5, in latent)\n" in capsys.readouterr().err
    assert not (folder / "runs").exists()


OWN = """
import numpy as np
from tensorflow_probability import distributions as tfd


class Ring(tfd.Sample):
    def __init__(self, modes=4, name="Ring"):
        super().__init__(tfd.Normal(0.0, 1.0), modes, name=name)


def pair(modes=4):
    return tfd.JointDistributionSequential([tfd.Normal(0.0, 1.0), tfd.Normal(0.0, 1.0)])


def batch(modes=4):
    return tfd.Normal(np.zeros(modes, "float32"), 1.0)


def spectra():
    return np.ones((20, 4), "float32")


def zeros(dataset, samples, *, progress=False):
    return {f"zeros@{len(samples)}": float((samples == 0).mean())}
"""


def test_all_parts_of_ones_own_in_one_file(folder, capsys):
    (folder / "all_mine.py").write_text(OWN)
    asked = ["--model", "mlp", "--dataset", "all_mine:spectra", *_TINY]
    asked += ["--set", "model_options.features=4"]
    asked += ["--set", 'metrics=["all_mine:zeros"]']
    assert train.main([*asked, "--latent", "all_mine:Ring", "--workdir", "run"]) == 0
    assert re.search(r"Step 1, 50 samples, on spectra:\n  zeros +0$", capsys.readouterr().out, re.M)
    # Data without metrics are scored by those that watched the training.
    assert evaluate.main(["run", "--num-samples", "20", "--trust-code"]) == 0
    assert re.search(r"^zeros@20 +0$", capsys.readouterr().out, re.M)
    for latent in ("pair", "batch"):
        assert train.main([*asked, "--latent", f"all_mine:{latent}", "--workdir", latent]) == 1
        assert "which tfd.Sample and tfd.Independent give to numbers" in capsys.readouterr().err
