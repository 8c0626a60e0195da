"""What an experiment is to run, and how machines share it."""

import pytest

from qlatent_tf import resolve as completion
from qlatent_tf.config import Config
from qlatent_tf.experiments import table2
from qlatent_tf.experiments.grids.cells import parse_shard, seed_by_seed, shard

CONFIG = completion.resolve(
    Config(
        model="mlp",
        latent="gaussian",
        dataset="bernoulli",
        steps=4,
        batch_size=8,
    )
)


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
    with pytest.raises(ValueError, match="Two rows are called 4_my-one_seed0"):
        seed_by_seed(rows * 2, 1, 1)


@pytest.mark.parametrize("machines", [1, 2, 3, 4, 6, 8])
def test_shards_are_a_partition_and_each_has_several_latents(machines):
    cells = table2.EXPERIMENT.cells(latents=table2.LATENTS, sizes=[16], seeds=24)
    parts = [shard(cells, f"{i}/{machines}") for i in range(1, machines + 1)]
    names = sorted(cell.name for part in parts for cell in part)
    assert names == sorted(cell.name for cell in cells)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    for part in parts:
        assert len({cell.row["latent"] for cell in part}) == 4
    assert parse_shard("2/3") == (2, 3)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "-1/2", "1/0", "/", "1/2/3"])
def test_a_shard_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="i/n"):
        parse_shard(text)
