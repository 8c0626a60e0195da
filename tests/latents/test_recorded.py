import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.latents import RecordedSamples, samples
from qlatent_tf.quantum.unitaries import random_directions

ROWS = np.random.default_rng(0).poisson([0.3, 0.5, 1.0, 2.0], (40, 4)).astype(np.uint8)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    return tmp_path / "rows.npy"


def test_moments_are_those_of_the_rows(path):
    latent = samples(path, center=False)
    np.testing.assert_allclose(latent.mean(), ROWS.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(latent.variance(), ROWS.var(axis=0), rtol=1e-5)
    np.testing.assert_allclose(latent.stddev(), ROWS.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(latent.covariance(), np.cov(ROWS.T, bias=True), atol=1e-6)


def test_centred_draws_are_rows_minus_their_mean(path):
    latent = samples(path)
    draws = latent.sample(200, seed=(1, 2)).numpy() + ROWS.mean(axis=0)
    np.testing.assert_allclose(draws, draws.round(), atol=1e-6)
    assert {tuple(row) for row in draws.round()} <= {tuple(row) for row in ROWS}
    np.testing.assert_array_equal(latent.mean(), np.zeros(4))


def test_every_row_is_drawn_equally_often(tmp_path):
    rows = np.arange(50, dtype=np.uint8)[:, None]
    latent = RecordedSamples(rows, center=False)
    draws = latent.sample(50_000, seed=(5, 6)).numpy()[:, 0].astype(int)
    counts = np.bincount(draws, minlength=50)
    # Chi-square with 49 degrees of freedom exceeds 85 with probability 1e-3.
    assert ((counts - 1000) ** 2 / 1000).sum() < 85


def test_the_seed_decides_in_eager_graph_and_pipeline(path):
    latent = samples(path)
    expected = latent.sample(30, seed=(3, 4)).numpy()
    compiled = tf.function(lambda seed: latent.sample(30, seed=seed))
    np.testing.assert_array_equal(compiled(tf.constant([3, 4])), expected)
    pipeline = tf.data.Dataset.from_tensors(tf.constant([3, 4])).map(
        lambda seed: latent.sample(30, seed=seed)
    )
    assert pipeline.element_spec.shape == (30, 4)
    np.testing.assert_array_equal(next(iter(pipeline)), expected)


@pytest.mark.parametrize("other", [(3, 5), (4, 4), (4, 3)])
def test_neighbouring_seeds_are_independent(other):
    rows = np.arange(2**16, dtype=np.uint16)[:, None]
    latent = RecordedSamples(rows, center=False)
    first = latent.sample(1000, seed=(3, 4)).numpy()[:, 0]
    second = latent.sample(1000, seed=other).numpy()[:, 0]
    # Two independent batches share 1000^2 / 2^16 = 15 rows on average, with deviation 3.9.
    assert len(np.intersect1d(first, second)) < 32
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.12


def test_a_draw_does_not_depend_on_the_batch_size(path):
    latent = samples(path)
    np.testing.assert_array_equal(
        latent.sample(10, seed=(0, 1)), latent.sample(100, seed=(0, 1))[:10]
    )


@pytest.mark.parametrize(
    "columns, kept", [(np.int64(2), [0, 1]), ([3, 0], [3, 0]), (None, [0, 1, 2, 3])]
)
def test_columns_choose_a_marginal(path, columns, kept):
    latent = samples(path, columns=columns, center=False)
    whole = samples(path, center=False).sample(20, seed=(1, 1)).numpy()
    assert latent.event_shape == (len(kept),)
    np.testing.assert_array_equal(latent.sample(20, seed=(1, 1)), whole[:, kept])
    np.testing.assert_allclose(latent.mean(), ROWS.mean(axis=0)[kept], rtol=1e-6)
    np.testing.assert_allclose(
        latent.covariance(), np.cov(ROWS.T, bias=True)[np.ix_(kept, kept)], atol=1e-6
    )


def test_modes_is_the_width(path):
    np.testing.assert_array_equal(
        samples(path, modes=2).sample(20, seed=(1, 1)),
        samples(path, columns=[0, 1]).sample(20, seed=(1, 1)),
    )
    with pytest.raises(ValueError, match="from 1 to 4.*received 5"):
        samples(path, modes=5)
    with pytest.raises(ValueError, match="from 1 to 4.*received 10000000000000"):
        samples(path, modes=10**13)
    with pytest.raises(ValueError, match="not both.*modes=null"):
        samples(path, modes=2, columns=[0, 1])


def test_a_projection_takes_sums_along_directions_at_right_angles(path):
    latent = samples(path, projection=3, projection_seed=7)
    directions = random_directions(4, 3, seed=7)
    assert latent.event_shape == (3,)
    draws = latent.sample((2, 100), seed=(1, 1)).numpy()
    whole = samples(path).sample((2, 100), seed=(1, 1)).numpy()
    np.testing.assert_allclose(draws, whole @ directions, atol=1e-5)
    covariance = directions.T @ np.cov(ROWS.T, bias=True) @ directions
    np.testing.assert_allclose(latent.covariance(), covariance, atol=1e-6)
    np.testing.assert_allclose(latent.variance(), np.diag(covariance), atol=1e-6)
    np.testing.assert_array_equal(latent.mean(), np.zeros(3))
    mean = samples(path, projection=3, projection_seed=7, center=False).mean()
    np.testing.assert_allclose(mean, ROWS.mean(axis=0) @ directions, rtol=1e-6)
    assert "modes=4, projected to 3," in repr(latent)
    assert samples(path, projection=4).event_shape == (4,)
    with pytest.raises(ValueError, match="of 3 of the 4 recorded modes.*modes=null"):
        samples(path, modes=3, projection=3)


def test_a_projection_of_all_modes_keeps_distances(path):
    draws = samples(path, projection=4).sample(30, seed=(1, 1)).numpy()
    whole = samples(path).sample(30, seed=(1, 1)).numpy()
    assert not np.allclose(draws, whole, atol=0.1)
    np.testing.assert_allclose(draws @ draws.T, whole @ whole.T, atol=1e-5)


def test_a_projection_is_of_the_chosen_columns(path):
    draws = samples(path, columns=[3, 1], projection=1).sample(30, seed=(1, 1)).numpy()
    chosen = samples(path, columns=[3, 1]).sample(30, seed=(1, 1)).numpy()
    np.testing.assert_allclose(draws, chosen @ random_directions(2, 1, seed=0), atol=1e-6)
    for projection in (0, 3, 1.5):
        with pytest.raises(ValueError, match="directions|projection is"):
            samples(path, columns=[3, 1], projection=projection)
    with pytest.raises(ValueError, match="a row for each of the 4 columns.*received shape"):
        RecordedSamples(ROWS, projection=np.eye(3))


def test_shots_that_are_equal_where_they_are_read_are_refused(tmp_path):
    np.save(tmp_path / "dark.npy", np.stack([np.zeros(9, int), np.arange(9)], axis=1))
    samples(tmp_path / "dark.npy")
    with pytest.raises(ValueError, match="All 9 shots of .*dark.npy are equal"):
        samples(tmp_path / "dark.npy", columns=[0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[np.nan, 1.0]], "row 0 .* holds nan"),
        ([[1j, 2]], "values of type complex128"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.zeros(3), r"shape \(3,\)"),
        ([[0.5, 1.0]], "holds 0.5"),
    ],
)
def test_rows_that_are_no_photon_numbers_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        RecordedSamples(rows)


@pytest.mark.parametrize("columns", [0, 5, -1, [4], [0, 0], [], [0.5], [True, False], True, "01"])
def test_bad_columns_are_refused(path, columns):
    with pytest.raises(ValueError, match="has 4 modes: modes and columns are a number from 1 to 4"):
        samples(path, columns=columns)


def test_sample_shapes(path):
    latent = samples(path)
    assert latent.sample(seed=(1, 1)).shape == (4,)
    assert latent.sample((2, 3), seed=(1, 1)).shape == (2, 3, 4)
    assert latent.sample(0, seed=(1, 1)).shape == (0, 4)


def test_repr_says_where_the_rows_come_from(path):
    assert repr(samples(path)) == (
        f"RecordedSamples(source={str(path)!r}, shots=40, modes=4, center=True)"
    )
