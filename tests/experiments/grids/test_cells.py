"""What an experiment is to run."""

import pytest
from tiny_grid import CONFIG

from qlatent_tf.experiments.grids.cells import seed_by_seed


def test_cells_are_named_by_their_rows_and_seeds():
    rows = [({"modes": 4, "latent": "my:one", "circuit": ""}, CONFIG)]
    cells = seed_by_seed(rows, 2, 100, [("batch_size", 9)])
    assert [one.name for one in cells] == ["4_my-one_seed0", "4_my-one_seed1"]
    assert [(one.config.seed, one.config.steps, one.config.batch_size) for one in cells] == [
        (0, 100, 9),
        (1, 100, 9),
    ]
    with pytest.raises(ValueError, match="itself sets latent_options.modes, steps"):
        seed_by_seed(
            rows, 1, 1, [("latent_options.modes", 5), ("steps", 3)], ["latent_options.modes"]
        )
    with pytest.raises(ValueError, match="itself sets latent[.]"):
        seed_by_seed(rows, 1, 1, [("latent", "boson")])
    with pytest.raises(ValueError, match="at most 10,000 cells; received 1 rows of 1,000,000,000"):
        seed_by_seed(rows, 10**9, 1)
    with pytest.raises(ValueError, match="Two rows are called 4_my-one_seed0"):
        seed_by_seed(rows * 2, 1, 1)


def _rows(*options):
    return [
        ({"row": number}, CONFIG.override(latent="boson", latent_options=one))
        for number, one in enumerate(options)
    ]


@pytest.mark.parametrize(
    "key, value",
    [
        ("latent_options.transmission", 1.0),  # what the second row is named for
        ("latent_options", {"photons": 4}),  # holds it
        ("latent_options.postselect.most", 3),  # a part of it
    ],
)
def test_settings_cannot_change_what_tells_rows_apart(key, value):
    rows = _rows(
        {"modes": 4}, {"modes": 4, "transmission": 0.5}, {"modes": 4, "postselect": [2, 4]}
    )
    with pytest.raises(ValueError, match=f"itself sets {key}[.]"):
        seed_by_seed(rows, 1, 1, [(key, value)])
    (first, *_) = seed_by_seed(rows, 1, 1, [("latent_options.photons", 2)])
    assert first.config.latent_options["photons"] == 2
    assert first.settings == {"latent_options.photons": 2}


def test_rows_of_other_latents_may_differ_in_what_is_set():
    rows = [
        ({"latent": "boson"}, CONFIG.override(latent="boson", latent_options={"photons": 2})),
        ({"latent": "gaussian"}, CONFIG),
    ]
    assert len(seed_by_seed(rows, 1, 1, [("latent_options.modes", 5)])) == 2
