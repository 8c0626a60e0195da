import csv
import io
import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from qlatent_tf import resolve as completion
from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.table_files import (
    format_published,
    format_score,
    to_csv,
    to_markdown,
)
from qlatent_tf.experiments.grids.tables import Column, in_order, make_table, schedule
from qlatent_tf.text.markdown import escaped

PUBLISHED = (
    "paper",
    lambda row: (
        {
            "distance": (0.036, 0.001),
            "share": (0.9, 0.1),
        }
        if row == {"data": "quantum", "latent": "boson"}
        else {}
    ),
)
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
        "name": f"{latent}_{seed}",
        "config": config,
        "seconds": 1.0,
        "row": {"data": data, "latent": latent},
        "evaluation": {"dataset": data, "num_samples": samples, "metrics": metrics},
    }


CELLS = [
    cell("boson", 2, 0.3),
    cell("boson", 0, 0.1),
    cell("boson", 1, 0.2),
    cell("gaussian", 0, 0.25, share=0.75),
    cell("boson", 0, 0.4, data="bernoulli", share=None),
]


@pytest.fixture
def table():
    return make_table(CELLS, COLUMNS, *PUBLISHED)


def test_means_and_standard_errors_are_over_training_seeds(table):
    first, second, _ = table["rows"]
    assert (first["data"], first["latent"], first["seeds"]) == ("quantum", "boson", [0, 1, 2])
    score = first["scores"]["distance"]
    assert score["values"] == [0.1, 0.2, 0.3] and score["mean"] == pytest.approx(0.2)
    # The sample's standard deviation is 0.1, over the root of three seeds.
    assert score["standard_error"] == pytest.approx(0.1 / math.sqrt(3))
    assert second["scores"]["distance"]["standard_error"] is None
    assert first["published"]["distance"] == {"mean": 0.036, "standard_error": 0.001}
    assert second["published"] == {}


def test_published_figures_stand_beside_the_data_as_they_come():
    changed = cell("boson", 0, 0.1, dataset_options={"modes": 8})
    (row,) = make_table([changed], COLUMNS, *PUBLISHED)["rows"]
    assert row["published"] == {}


def test_markdown_shows_the_published_and_the_schedule(table):
    text = to_markdown(table, COLUMNS, "Notes.")
    lines = text.splitlines()
    assert lines[0] == "| data | latent | seeds | distance | paper | share | paper | - |"
    assert lines[2] == (
        "| quantum | `boson` | 3 | 0.200 ± 0.058 | 0.036 ± 0.001 | "
        "0.500 ± 0 | 0.9 ± 0.1 | not scored |"
    )
    assert lines[3] == "| quantum | `gaussian` | 1 | 0.250 |  | 0.750 |  | not scored |"
    assert lines[4] == "| bernoulli | `boson` | 1 | 0.400 |  | undefined |  | not scored |"
    assert "1,000 generator steps of batch 8" in text and "100 generated samples" in text
    assert (
        "Notes.\n\nNames of the scores, which docs/metrics.md explains: distance: `distance@100`;"
        in text
    )


def test_csv_has_a_line_for_each_figure(table):
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert len(rows) == 3 * len(COLUMNS)
    assert rows[0]["name"] == "distance@100" and rows[2]["name"] == ""
    assert [row["published_mean"] for row in rows[:4]] == ["0.036", "0.9", "", ""]
    assert float(rows[0]["mean"]) == pytest.approx(0.2) and rows[0]["seeds"] == "3"
    assert rows[2]["mean"] == "" and "1,000 generator steps" in rows[2]["schedule"]


@pytest.mark.parametrize(
    "other, message",
    [
        (cell("gaussian", 0, 0.1, steps=2000), "steps: 1000 -> 2000"),
        (cell("gaussian", 0, 0.1, samples=50), "scored samples: 100 -> 50"),
        (cell("boson", 5, 0.1, model_options={"units": [8]}), "model_options"),
        (cell("boson", 5, 0.1, dataset_options={"modes": 8}), "dataset_options"),
        (cell("boson", 5, 0.1, latent_options={"unitary_seed": 1, "photons": 2}), "latent_options"),
    ],
)
def test_a_table_is_of_one_schedule(other, message):
    with pytest.raises(ValueError, match=message):
        make_table([CELLS[0], other], COLUMNS)


def test_nothing_is_best_beside_means_of_other_seeds():
    cells = [cell(latent, seed, 0.1 + 0.5 * (latent != "boson") + 0.01 * seed) for latent in
             ("boson", "gaussian") for seed in (0, 1, 2)]  # fmt: skip
    assert "**0.1100 ± 0.0058**" in to_markdown(make_table(cells, COLUMNS), COLUMNS)
    for one in cells:
        if one["config"].latent == "gaussian" and one["config"].seed == 2:
            name = next(key for key in one["evaluation"]["metrics"] if "distance" in key)
            del one["evaluation"]["metrics"][name]
    text = to_markdown(make_table(cells, COLUMNS), COLUMNS)
    assert "(2 of 3)" in text and "**" not in text


def narrow(seed, latent="boson", **changes):
    """A cell whose row does not tell its data."""
    one = cell(latent, seed, 0.1, **changes)
    return {**one, "row": {"modes": 16, "latent": latent}}


def test_what_no_entry_of_a_row_tells_is_one_for_all():
    for other in (narrow(1, data="bernoulli"), narrow(0, "gaussian", data="bernoulli")):
        with pytest.raises(ValueError, match="dataset: 'quantum' -> 'bernoulli'"):
            make_table([narrow(0), other], COLUMNS, panel="modes")
    other = {**narrow(1, "gaussian"), "row": narrow(0)["row"]}
    with pytest.raises(ValueError, match="in one row and differ: latent: 'boson' -> 'gaussian'"):
        make_table([narrow(0), other], COLUMNS, panel="modes")


def test_options_that_an_older_version_left_open_are_no_difference():
    whole = cell("boson", 1, 0.2)
    whole["config"] = completion.resolve(whole["config"])
    (row,) = make_table([cell("boson", 0, 0.1), whole], COLUMNS)["rows"]
    assert row["scores"]["distance"]["values"] == [0.1, 0.2]
    whole["config"] = whole["config"].override(**{"model_options.invertible": True})
    with pytest.raises(ValueError, match="model_options"):
        make_table([cell("boson", 0, 0.1), whole], COLUMNS)


def test_there_is_no_table_of_nothing():
    with pytest.raises(ValueError, match="no cells"):
        make_table([], COLUMNS)


@pytest.mark.parametrize(
    "mean, error, text",
    [
        (0.03612, 0.00113, "0.0361 ± 0.0011"),
        (0.5, None, "0.500"),
        (None, None, "undefined"),
        (2521.6, 103.4, "2522 ± 103"),
        (999.6, 99.6, "1000 ± 100"),
        (129925, None, "129925"),
        (0.1203, 0.0007, "0.12030 ± 0.00070"),
        (0.12031, 0.00118, "0.1203 ± 0.0012"),
        (25.21, 12.3, "25 ± 12"),
        (7.5, 0.000012, "7.500000 ± 1.2e-05"),
        (0.0, None, "0"),
        (0.5, 0.0, "0.500 ± 0"),
        (100, None, "100"),
        (99.96, None, "100"),
    ],
)
def test_scores_have_the_digits_that_count(mean, error, text):
    assert format_score({"mean": mean, "standard_error": error, "values": [mean] * 2}) == text


def test_a_mean_without_the_seeds_that_failed_says_so_and_is_never_the_best():
    cells = [cell("boson", seed, value) for seed, value in enumerate((0.1, None, None))]
    cells += [cell("gaussian", seed, 0.2) for seed in range(3)]
    cells += [cell("photonic", seed, 0.3) for seed in range(3)]
    table = make_table(cells, COLUMNS)
    lines = to_markdown(table, COLUMNS).splitlines()
    assert lines[2].startswith("| quantum | `boson` | 3 | 0.100 (1 of 3) |")
    assert lines[3].startswith("| quantum | `gaussian` | 3 | 0.200 ± 0 |")
    assert "(k of n)" in to_markdown(table, COLUMNS)
    assert "a mean over the other seeds may flatter its row" in to_markdown(table, COLUMNS)
    assert [row.get("undefined") for row in table["rows"]] == [{"distance": 2}, None, None]
    assert "(k of n)" not in to_markdown(make_table(cells[3:], COLUMNS), COLUMNS)
    rows = csv.DictReader(io.StringIO(to_csv(table)))
    assert [row["seeds"] for row in rows if row["figure"] == "distance"] == ["1", "3", "3"]


def test_nothing_is_the_best_beside_what_was_not_scored():
    cells = [cell("boson", seed, 0.1 + seed / 100) for seed in range(3)]
    cells += [cell("gaussian", seed, 0.2 + seed / 100) for seed in range(3)]
    assert "**" in to_markdown(make_table(cells, COLUMNS), COLUMNS)
    unscored = [cell("photonic", seed, 0.3) for seed in range(3)]
    for one in unscored:
        del one["evaluation"]["metrics"]["distance@100"]
    text = to_markdown(make_table([*cells, *unscored], COLUMNS), COLUMNS)
    assert "not scored" in text and "**" not in text


def test_a_caption_names_what_is_changed():
    config = CELLS[0]["config"]
    said = schedule(config)
    assert said.startswith("`mlp` on `quantum`, 1,000 generator steps of batch 8, 5 critic updates")
    assert schedule(completion.resolve(config)) == said
    assert schedule(config, told={"data": "quantum"}).startswith("`mlp`, 1,000")
    changed = completion.resolve(config).override(
        **{
            "model_options.invertible": True,
            "generator_ema": 0.999,
            "precision": "mixed_bfloat16",
        }
    )
    assert schedule(changed).startswith("`mlp` (invertible True) on `quantum`, 1,000")
    assert schedule(changed).endswith(", generator_ema 0.999, precision mixed_bfloat16")
    told = schedule(changed, told=("model_options",))
    assert "invertible" not in told and "generator_ema" in told


def test_published_scores_have_the_digits_that_were_published():
    figures = [(0.0195, 0.0125), (0.012, 0.0015), (2522, 62), (6.5, None)]
    texts = [format_published({"mean": mean, "standard_error": error}) for mean, error in figures]
    assert texts == ["0.0195 ± 0.0125", "0.012 ± 0.0015", "2522 ± 62", "6.5"]


def test_full_names_are_shown_and_must_agree():
    cells = [cell("boson", seed, 1.0) for seed in range(2)]
    for one, known in zip(cells, (10, 10), strict=True):
        one["evaluation"]["metrics"] = {
            f"fcd_quantum_{known}@100": {"mean": 2.0, "standard_error": None, "values": [2.0]}
        }
    columns = (Column("fcd", "FCD", min),)
    table = make_table(cells, columns)
    assert table["names"] == {"fcd": ["fcd_quantum_10@100"]}
    assert table["rows"][0]["scores"]["fcd"]["values"] == [2.0, 2.0]
    assert "FCD: `fcd_quantum_10@100`" in to_markdown(table, columns)
    metrics = cells[1]["evaluation"]["metrics"]
    metrics["fcd_quantum_11@100"] = metrics.pop("fcd_quantum_10@100")
    with pytest.raises(ValueError, match="several versions of 'quantum'"):
        make_table(cells, columns)


def test_rows_have_any_entries_and_are_compared_in_their_panel():
    cells = []
    for modes, latent, distance in ((32, "boson", 3.0), (16, "mine", 2.0), (16, "boson", 1.0)):
        one = cell(latent, 0, distance, latent_options={"modes": modes})
        cells.append({**one, "row": {"modes": modes, "latent": latent, "circuit": ""}})
    cells = in_order(cells, latent=("boson",))
    assert [list(one["row"].values())[:2] for one in cells] == [
        [16, "boson"],
        [16, "mine"],
        [32, "boson"],
    ]
    table = make_table(cells, COLUMNS, panel="modes")
    lines = to_markdown(table, COLUMNS).splitlines()
    assert lines[0].startswith("| modes | latent | circuit | seeds |")
    assert lines[2].startswith("| 16 | `boson` |  | 1 | 1.00 |")
    assert lines[4].startswith("| 32 | `boson` |  | 1 | 3.00 |")


def rows_of(**values):
    """The table of cells of these latents, with a distance for each seed."""
    return make_table(
        [
            cell(latent, seed, value)
            for latent in values
            for seed, value in enumerate(values[latent])
        ],
        COLUMNS,
    )


@pytest.mark.parametrize(
    "values, bold",
    [
        ({"boson": (1.0, 1.2), "gaussian": (2.0, 2.2)}, "1.10 ± 0.10"),
        # Of two seeds, 12.7 standard errors of the difference, 0.05, are 0.635.
        ({"boson": (1.0, 1.2), "gaussian": (1.58, 1.88)}, ""),
        ({"boson": (1.0, 1.2), "gaussian": (1.59, 1.89)}, "1.10 ± 0.10"),
        # In the seeds that both have.
        ({"boson": (1.0, 1.2, 1.1), "gaussian": (1.59, 1.89)}, "1.100 ± 0.058"),
        ({"boson": (1.0, 1.2), "gaussian": (2.0, 2.2), "photonic": (1.1, 1.25)}, ""),
        ({"boson": (1.0,), "gaussian": (2.0, 2.2)}, ""),
        ({"boson": (1.0, 1.2), "gaussian": (2.0,)}, ""),
        ({"boson": (1.0, None), "gaussian": (2.0, 2.2)}, ""),
        ({"boson": (1.0, 1.0), "gaussian": (1.0, 1.0 + 2**-52)}, ""),
        ({"boson": (1.0, 1.2)}, ""),
        ({"boson": (None, None), "gaussian": (None, None)}, ""),
    ],
)
def test_what_is_better_beyond_chance_is_bold(values, bold):
    table = rows_of(**values)
    text = to_markdown(table, COLUMNS)
    assert text.count("**") == 2 * bool(bold) and ("Bold: " in text) == bool(bold)
    assert not bold or f"**{bold}**" in text


@pytest.mark.parametrize("seed", range(20))
def test_bold_is_by_a_paired_test(seed):
    draws = np.random.default_rng(seed)
    shared = draws.normal(0, 5, 4)
    boson, gaussian = shared + draws.normal(0, 1, 4), shared + draws.normal(2, 1, 4)
    text = to_markdown(rows_of(boson=boson.tolist(), gaussian=gaussian.tolist()), COLUMNS)
    assert ("Bold: " in text) == (ttest_rel(boson, gaussian).pvalue < 0.05)


def test_few_seeds_have_wide_intervals():
    # Student's t of two degrees of freedom is 4.303 at 97.5 %, that of one 12.706.
    table = rows_of(boson=(1.0, 1.1, 1.2), gaussian=(1.0, 1.1), photonic=(1.0,))
    assert "± 12.7 errors for 2 and 4.3 errors for 3 seeds" in to_markdown(table, COLUMNS)
    assert "interval" not in to_markdown(rows_of(boson=(1.0,)), COLUMNS)


def test_text_from_elsewhere_stays_in_its_column():
    one = cell("boson", 0, 0.1)
    one["row"]["data"] = "a|b\n<script>alert(1)</script>"
    lines = to_markdown(make_table([one], COLUMNS), COLUMNS).splitlines()
    assert lines[2].startswith("| a\\|b &lt;script>alert(1)&lt;/script> | `boson` | 1 |")
    table = {**make_table([one], COLUMNS), "files": [{"name": "<img>\n# a", "sha256": "0"}]}
    table["schedule"] += " <script>\n\n# b"
    text = to_markdown(table, COLUMNS)
    assert "&lt;img> # a (SHA-256 0)" in text and "&lt;script> # b; scored" in text
    assert escaped(r"x\|y") == r"x\\\|y"


def test_cells_of_files_of_other_content_are_of_no_table():
    first, second = (dict(one, name=f"cell_{place}") for place, one in enumerate(CELLS[:2]))
    data = [{"name": "codes", "file": "codes.npz", "sha256": content} for content in "ab"]
    apart = [{**one, "dataset": told} for one, told in zip((first, second), data, strict=True)]
    with pytest.raises(
        ValueError, match="cell_0 and cell_1 differ: sha256 of codes, codes.npz: 'a' -> 'b'"
    ):
        make_table(apart, COLUMNS)


def _with_photons(latent, photons, **told):
    return {**cell(latent, 0, 0.1, latent_options=photons), **told}


def test_what_was_set_is_the_same_in_all_cells_that_have_it():
    setting = {"settings": {"latent_options.photons": 2}}
    before = _with_photons("boson", {"photons": 8})  # It does not tell its settings.
    with pytest.raises(ValueError, match="boson_0 and photonic_0 .*latent_options.photons: 8 -> 2"):
        make_table([before, _with_photons("photonic", {"photons": 2}, **setting)], COLUMNS)
    # A default that is spelt out, and a latent without the option.
    spelt = _with_photons("photonic", {"photons": 8}, settings={"latent_options": {"photons": 8}})
    make_table([before, spelt, _with_photons("gaussian", {})], COLUMNS)


def test_rates_of_circuits_are_said_and_the_same():
    settings = {"circuit_learning_rate": 0.01}
    cells = [
        {
            **cell("boson", seed, 0.1, train_circuit=trained, circuit_learning_rate=rate),
            "row": {"latent": "boson", "trained": "trained" if trained else "fixed"},
            "settings": settings,
        }
        for seed, trained, rate in ((0, False, 0.001), (0, True, 0.01), (1, True, 0.001))
    ]
    said = make_table(cells[:2], COLUMNS, panel="latent")["schedule"]
    assert said.endswith(", circuit_learning_rate 0.01")
    with pytest.raises(ValueError, match="differ: circuit_learning_rate: 0.01 -> 0.001"):
        make_table(cells, COLUMNS, panel="latent")


def test_a_caption_says_what_was_set_and_published_figures_are_left_out():
    settings = {"latent_options.photons": 2, "batch_size": 8}
    table = make_table([{**one, "settings": settings} for one in CELLS], COLUMNS, *PUBLISHED)
    assert table["schedule"].endswith(", latent_options.photons 2")
    assert not any(row["published"] for row in table["rows"])
    batches = [{**one, "settings": {"batch_size": 8}} for one in CELLS]
    table = make_table(batches, COLUMNS, *PUBLISHED)
    assert any(row["published"] for row in table["rows"])
