import numpy as np
import pytest
from scipy.stats import binom

from qlatent_tf.quantum.devices.count_law import CountLaw, draw_binomial, random_subsets


def test_the_law_is_a_product_of_binomials():
    law = CountLaw.build(3, 5, 0.7, 0.1)
    assert law.acceptance == pytest.approx(1, abs=1e-15)
    assert law.probabilities[2, 1] == pytest.approx(3 * 0.7**2 * 0.3 * 5 * 0.1 * 0.9**4)
    assert law.factorial_moment(1, 0) == pytest.approx(0.7)
    assert law.factorial_moment(2, 1) == pytest.approx(0.49 * 0.1)
    assert law.factorial_moment(0, 2) == pytest.approx(0.01)


def test_a_restricted_law_holds_the_range_alone():
    law = CountLaw.build(4, 2, 0.5, 0.2, total_range=(3, 4))
    survivors, dark_counts = law.draw(np.linspace(0, 1, 500, endpoint=False))
    assert set(survivors + dark_counts) == {3, 4}
    free = CountLaw.build(4, 2, 0.5, 0.2).probabilities
    total = np.add.outer(np.arange(5), np.arange(3))
    assert law.acceptance == pytest.approx(free[(total == 3) | (total == 4)].sum())


def test_draws_of_extreme_uniforms_are_possible():
    law = CountLaw.build(3, 2, 1.0, 0.0)
    for uniform in (0.0, 1 - 2**-53):
        np.testing.assert_array_equal(law.draw(np.array([uniform])), [[3], [0]])


@pytest.mark.parametrize("probability", [0.3, [0.0, 0.3, 1.0]])
def test_draw_binomial_follows_the_law(probability):
    uniform = np.tile((np.arange(1000) + 0.5)[:, None] / 1000, (1, 3))
    trials = np.tile([0, 2, 5], (1000, 1))
    drawn = draw_binomial(uniform, trials, probability)
    for column, p in enumerate(np.broadcast_to(probability, 3)):
        counts = np.bincount(drawn[:, column], minlength=6) / 1000
        expected = binom.pmf(np.arange(6), trials[0, column], p)
        np.testing.assert_allclose(counts, expected, atol=1.5e-3)


def test_random_subsets_have_their_sizes():
    keys = np.random.default_rng(0).random((500, 6))
    sizes = np.arange(500) % 7
    mask = random_subsets(keys, sizes)
    np.testing.assert_array_equal(mask.sum(axis=1), sizes)
    assert keys[mask].mean() < keys[~mask].mean()
