import numpy as np
import pytest

from qlatent_tf.experiments.capacity.scaling_laws import FORMULAS, LAWS, fit_laws

X = np.array([18.0, 24, 30, 36, 33, 44, 55, 66, 48, 64, 80, 96])
TRUE = {"exponential": (300.0, 0.05), "power": (2.0, 1.8), "linear": (40.0, 11.0)}


@pytest.mark.parametrize("law", LAWS)
def test_points_of_a_law_give_its_parameters_back(law):
    fits = fit_laws(X, LAWS[law](X, *TRUE[law]), resamples=20)
    assert next(iter(fits)) == law and fits[law].wins == 1.0
    np.testing.assert_allclose([fits[law].a, fits[law].b], TRUE[law], rtol=1e-4)
    np.testing.assert_allclose(fits[law](X), LAWS[law](X, *TRUE[law]), rtol=1e-4)
    assert (
        fits[law].residual < 1e-5 < min(fit.residual for name, fit in fits.items() if name != law)
    )


@pytest.mark.parametrize(
    "law", [law if law == "power" else pytest.param(law, marks=pytest.mark.slow) for law in LAWS]
)
def test_noisy_points_choose_their_law_and_hold_its_parameters_in_the_intervals(law):
    random = np.random.default_rng(2)
    x = np.repeat(X, 3)
    y = LAWS[law](x, *TRUE[law]) * np.exp(0.05 * random.standard_normal(len(x)))
    fits = fit_laws(x, y, groups=x, resamples=200)
    best = fits[law]
    assert next(iter(fits)) == law and best.wins > 0.8
    assert best.a_interval[0] < TRUE[law][0] < best.a_interval[1]
    assert best.b_interval[0] < TRUE[law][1] < best.b_interval[1]
    assert 0.03 < best.residual < 0.07


def test_two_laws_are_straight_lines_of_logarithms():
    random = np.random.default_rng(0)
    y = np.exp(random.standard_normal(len(X)))
    fits = fit_laws(X, y, resamples=5)
    slope, constant = np.polyfit(X, np.log(y), 1)
    np.testing.assert_allclose(
        [fits["exponential"].b, np.log(fits["exponential"].a)], [slope, constant], rtol=1e-6
    )
    slope, constant = np.polyfit(np.log(X), np.log(y), 1)
    np.testing.assert_allclose(
        [fits["power"].b, np.log(fits["power"].a)], [slope, constant], rtol=1e-6
    )


def test_the_criterion_is_akaikes():
    y = np.exp(np.random.default_rng(0).standard_normal(len(X)))
    fit = fit_laws(X, y, resamples=5)["exponential"]
    rss = np.sum((np.log(fit(X)) - np.log(y)) ** 2)
    n, k = len(X), 3
    expected = n * np.log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    np.testing.assert_allclose(fit.aicc, expected, rtol=1e-9)


def test_the_linear_fit_is_the_least_of_all_lines():
    y = np.exp(0.3 * np.random.default_rng(3).standard_normal(len(X))) * (5 + X)
    fit = fit_laws(X, y, resamples=5)["linear"]

    def loss(a, b):
        return np.sum((np.log(a + b * X) - np.log(y)) ** 2)

    for step in (0.99, 1.01):
        assert loss(fit.a, fit.b) <= min(loss(fit.a * step, fit.b), loss(fit.a, fit.b * step))


def test_groups_are_drawn_whole():
    # Two groups of which each fixes one law: a resample holds one of them twice, or both.
    x = np.array([1.0, 2, 3, 1, 2, 3])
    y = np.array([1.0, 2, 3, 4, 8, 12])
    fits = fit_laws(x, y, groups=[0, 0, 0, 1, 1, 1], resamples=300)
    slopes = fits["linear"].b_interval
    np.testing.assert_allclose(slopes, (1, 4), rtol=1e-3)


@pytest.mark.parametrize(
    "x, y",
    [
        ([1, 2, 3], [1, 2, 3]),
        ([1, 1, 1, 1], [1, 2, 3, 4]),
        ([1, 2, 3, 4], [1, 2, 0, 4]),
        ([1, 2, 3, 4], [1, 2, 3]),
        ([0, 1, 2, 3], [1, 2, 3, 4]),
        ([1, 2, 3, 4], [1, np.nan, 3, 4]),
    ],
)
def test_points_that_determine_nothing_are_refused(x, y):
    with pytest.raises(ValueError, match="at least|above 0"):
        fit_laws(x, y)


def test_formulas_name_the_parameters():
    assert set(FORMULAS) == set(LAWS)
    fit = fit_laws(X, LAWS["power"](X, 2.0, 1.8), resamples=2)["power"]
    assert str(fit) == "2 x^1.8"


def test_a_law_too_steep_for_a_number_has_an_endless_factor():
    fits = fit_laws([1000, 1001, 1002, 1003], [1e4, 1e3, 100, 10], resamples=20)
    assert fits["power"].b < -2000 and fits["power"].a == np.inf
    with pytest.raises(ValueError, match="resamples is a positive number"):
        fit_laws(X, X, resamples=0)


def test_a_resample_that_all_laws_fit_alike_is_won_by_none():
    x = np.repeat([1.0, 2, 4], 3)
    noise = np.exp(0.01 * np.random.default_rng(0).standard_normal(9))
    fits = fit_laws(x, (3 + 10 * x) * noise, groups=x, resamples=100)
    assert fits["linear"].wins == 1
