import types

import numpy as np
import pytest

from qlatent_tf.config import Config
from qlatent_tf.experiments import figure2
from qlatent_tf.registry import datasets

CONFIG = Config(
    model="mlp",
    latent="boson",
    dataset="bernoulli",
    steps=5,
    batch_size=8,
    dataset_options={"modes": 4},
)
SAMPLES = 4000


def fair_bits(size, seed, batch_size):
    """A model whose samples are the data's, so that the exact law is known."""
    bits = datasets.build("bernoulli", modes=4).source
    return bits.sample(size, seed=seed).numpy() + 0.2


@pytest.fixture
def model():
    seeds = []

    def sample(size, seed, batch_size):
        seeds.append((size, seed))
        return fair_bits(size, seed, batch_size)

    return types.SimpleNamespace(sample=sample, seeds=seeds)


@pytest.fixture
def measured(model, tmp_path, monkeypatch):
    monkeypatch.setattr(figure2, "BLOCK", 1500)
    return figure2.measure(tmp_path, "bits", model, CONFIG, 5, num_samples=SAMPLES, progress=False)


def test_blocks_have_seeds_of_their_own_and_add_up(model, measured):
    assert [size for size, _ in model.seeds] == [1500, 1500, 1000]
    assert len({seed for _, seed in model.seeds}) == 3


def test_the_law_of_the_data_is_found_in_samples_of_the_data(measured):
    # 16 outcomes of 1/16 each: the total variation of n samples is about its expectation.
    figures = measured["figures"]
    floor = 0.5 * 16 * np.sqrt(2 / np.pi * (1 / 16) * (15 / 16) / SAMPLES)
    assert figures["outcome_tv_floor"] == pytest.approx(floor, rel=0.02)
    assert figures["outcome_tv"] < 2 * floor and figures["possible_share"] == 1
    assert figures["outcome_kl"] < 16 / SAMPLES
    assert measured["real"]["rank"] == list(range(1, 17))
    np.testing.assert_allclose(measured["real"]["cumulative"], np.arange(1, 17) / 16)
    np.testing.assert_allclose(
        measured["generated"]["cumulative"], np.arange(1, 17) / 16, atol=0.05
    )


def test_a_measurement_is_made_once_and_of_one_thing(measured, model, tmp_path):
    count = len(model.seeds)
    options = {"num_samples": SAMPLES, "progress": False}
    again = figure2.measure(tmp_path, "bits", model, CONFIG, 5, **options)
    assert again == measured and len(model.seeds) == count
    with pytest.raises(ValueError, match="step: 5 -> 6"):
        figure2.measure(tmp_path, "bits", model, CONFIG, 6, **options)


def test_results_are_a_table_and_figures(measured, tmp_path):
    strange = {
        **measured,
        "latent": "my_file:my_latent",
        "name": "other",
        "figures": {**measured["figures"], "outcome_kl": None},
    }
    figure2.write_results(tmp_path, [strange, measured])
    lines = (tmp_path / "figure2.md").read_text().splitlines()
    assert lines[2].startswith("| bits | bernoulli | `boson` | 5 |")
    assert "undefined" in lines[3] and "4,000 samples" in lines[5]
    for suffix in ("png", "svg", "json"):
        assert (tmp_path / f"figure2.{suffix}").stat().st_size > 100
    assert list((tmp_path / "tensorboard").iterdir())


def test_data_without_a_law_are_refused(model, tmp_path):
    mixture = Config(model="mlp", latent="boson", dataset="mixture", steps=5, batch_size=8)
    with pytest.raises(
        ValueError, match="exact distribution of the data set 'mixture' is not known"
    ):
        figure2.measure(tmp_path, "a", model, mixture, 5, num_samples=10, progress=False)


def test_curves_are_thinned_with_both_ends():
    curve = figure2._thinned(np.linspace(0, 1, 50_000))
    assert curve["rank"][0] == 1 and curve["rank"][-1] == 50_000
    assert len(curve["rank"]) <= figure2.CURVE_POINTS and curve["cumulative"][-1] == 1.0
