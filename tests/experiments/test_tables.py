import csv
import io
import math

import pytest

from qlatent_tf.config import Config
from qlatent_tf.experiments.tables import Column, format_score, make_table, to_csv, to_markdown

COLUMNS = (Column("distance", "distance", min), Column("share", "share", max), Column("floor", "-"))


def cell(latent, seed, distance, share=0.5, samples=100, data="quantum", steps=1000, **changes):
    changes = {"latent_options": {"unitary_seed": seed}, **changes}
    config = Config(
        model="mlp", latent=latent, dataset=data, steps=steps, batch_size=8, seed=seed, **changes
    )
    metrics = {
        f"{name}@{samples}": {"mean": value, "standard_error": None, "values": [value]}
        for name, value in (("distance", distance), ("share", share))
    }
    return {
        "name": f"{latent}_{seed}", "config": config, "seconds": 1.0,
        "evaluation": {"num_samples": samples, "metrics": metrics},
    }


CELLS = [
    cell("boson", 2, 0.3), cell("boson", 0, 0.1), cell("boson", 1, 0.2),
    cell("gaussian", 0, 0.25, share=0.75), cell("boson", 0, 0.4, data="bernoulli", share=None),
]


@pytest.fixture
def table():
    return make_table(CELLS, COLUMNS, {("quantum", "boson"): (0.036, 0.001)})


def test_means_and_standard_errors_are_over_training_seeds(table):
    first, second, _ = table["rows"]
    assert (first["data"], first["latent"], first["seeds"]) == ("quantum", "boson", [0, 1, 2])
    score = first["scores"]["distance"]
    assert score["values"] == [0.1, 0.2, 0.3] and score["mean"] == pytest.approx(0.2)
    # The sample's standard deviation is 0.1, over the root of three seeds.
    assert score["standard_error"] == pytest.approx(0.1 / math.sqrt(3))
    assert second["scores"]["distance"]["standard_error"] is None
    assert first["published"] == {"mean": 0.036, "standard_error": 0.001}
    assert second["published"] is None


def test_markdown_shows_the_best_the_published_and_the_schedule(table):
    text = to_markdown(table, COLUMNS, "Notes.")
    lines = text.splitlines()
    assert lines[0] == "| data | latent | seeds | distance | paper | share | - |"
    assert lines[2] == (
        "| quantum | `boson` | 3 | **0.2 ± 0.058** | 0.036 ± 0.001 | 0.5 ± 0 | undefined |"
    )
    assert lines[3] == "| quantum | `gaussian` | 1 | 0.25 |  | **0.75** | undefined |"
    assert lines[4] == "| bernoulli | `boson` | 1 | 0.4 |  | undefined | undefined |"
    assert "1,000 generator steps of batch 8" in text and "100 generated samples" in text
    assert text.endswith("Notes.\n")


def test_csv_has_a_line_for_each_figure(table):
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert len(rows) == 3 * len(COLUMNS)
    assert rows[0]["published_mean"] == "0.036" and rows[1]["published_mean"] == ""
    assert float(rows[0]["mean"]) == pytest.approx(0.2) and rows[0]["seeds"] == "3"
    assert rows[2]["mean"] == "" and "1,000 generator steps" in rows[2]["schedule"]


@pytest.mark.parametrize("other, message", [
    (cell("gaussian", 0, 0.1, steps=2000), "steps: 1000 -> 2000"),
    (cell("gaussian", 0, 0.1, samples=50), "scored samples: 100 -> 50"),
    (cell("boson", 5, 0.1, model_options={"units": [8]}), "model_options"),
    (cell("boson", 5, 0.1, dataset_options={"modes": 8}), "dataset_options"),
    (cell("boson", 5, 0.1, latent_options={"unitary_seed": 1, "photons": 2}), "latent_options"),
])
def test_a_table_is_of_one_schedule(other, message):
    with pytest.raises(ValueError, match=message):
        make_table([CELLS[0], other], COLUMNS)


def test_there_is_no_table_of_nothing():
    with pytest.raises(ValueError, match="no cells"):
        make_table([], COLUMNS)


@pytest.mark.parametrize("mean, error, text", [
    (0.03612, 0.00113, "0.0361 ± 0.0011"), (0.5, None, "0.5"), (None, None, "undefined"),
])
def test_scores_have_the_digits_that_count(mean, error, text):
    assert format_score({"mean": mean, "standard_error": error}) == text
