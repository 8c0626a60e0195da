"""Probabilities of larger devices; test_photonic_device.py has the small ones, by definition."""

import itertools
import math

import numpy as np
import pytest

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.unitaries import haar_unitary


@pytest.mark.parametrize("visibility", [0, 0.6, 1])
@pytest.mark.parametrize("dark, transmission", [(1e-5, 1), (0.02, 0.8), (0.5, 1)])
def test_log_prob_sums_over_where_it_was_dark(visibility, dark, transmission):
    unitary, state = haar_unitary(10, seed=3), [1, 1, 1, 2, 1] + [0] * 5
    options = dict(indistinguishability=visibility, transmission=transmission)
    light = PhotonicDevice(unitary, state, **options)
    device = PhotonicDevice(unitary, state, dark_count_probability=dark, **options)
    for outcome in ([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], [3, 0, 1, 1, 1, 0, 0, 0, 2, 1]):
        places = np.flatnonzero(outcome)
        subsets = np.zeros((2 ** len(places), 10), int)
        subsets[:, places] = list(itertools.product([0, 1], repeat=len(places)))
        num_dark = subsets.sum(axis=1)
        shares = dark**num_dark * (1 - dark) ** (10 - num_dark)
        expected = shares @ np.exp(light.log_prob(np.array(outcome) - subsets))
        np.testing.assert_allclose(np.exp(device.log_prob([outcome])), expected, rtol=1e-9)


@pytest.mark.parametrize("visibility, photons", [(0, 16), (0.9, 8)])
def test_log_prob_of_many_photons_and_dark_counts(visibility, photons):
    # Photons keep to their modes, so modes are independent: n_i is Bernoulli, then dark.
    device = PhotonicDevice(
        np.eye(20)[::-1],
        [1] * photons + [0] * (20 - photons),
        indistinguishability=visibility,
        transmission=0.8,
        dark_count_probability=0.1,
    )
    outcome = np.array([1] + [0] * (19 - photons) + [1] * (photons - 2) + [0, 2])
    dark, seen = [0.9, 0.1, 0], [0.2 * 0.9, 0.8 * 0.9 + 0.2 * 0.1, 0.8 * 0.1]
    laws = [dark] * (20 - photons) + [seen] * photons
    expected = math.prod(law[count] for law, count in zip(laws, outcome, strict=True))
    np.testing.assert_allclose(np.exp(device.log_prob([outcome])), expected, rtol=1e-9)
    with pytest.raises(ValueError, match="18 counts in 18 modes"):
        device.log_prob([[1] * 18 + [0] * 2])


@pytest.mark.parametrize(
    "state, options, share",
    [
        ([1, 1, 0, 0], dict(detector="threshold", postselect=1), "0.0e"),
        (
            [2, 0, 0, 0],
            dict(transmission=[0.5, 0.5, 0.5, 0], dark_count_probability=1, postselect=(0, 1)),
            "",
        ),
        ([1, 1, 1, 0], dict(transmission=[1e-3] * 3 + [0.999e-3], postselect=3), r"1\.0e-09"),
    ],
)
def test_what_next_to_no_shot_meets_has_no_moments_and_probabilities(state, options, share):
    device = PhotonicDevice(np.eye(4), state, **options)
    for refused in (device.mean, device.covariance, lambda: device.log_prob([state])):
        with pytest.raises(ValueError, match=f"keeps a share of {share}.*legal is from 1e-08"):
            refused()


def test_a_rare_post_selection_that_has_a_closed_form_keeps_its_moments():
    device = PhotonicDevice(haar_unitary(4, 0), [1, 1, 1, 0], transmission=1e-4, postselect=3)
    ideal = PhotonicDevice(haar_unitary(4, 0), [1, 1, 1, 0])
    np.testing.assert_allclose(device.covariance(), ideal.covariance(), atol=1e-9)
    np.testing.assert_allclose(
        device.log_prob([[0, 1, 1, 1]]), ideal.log_prob([[0, 1, 1, 1]]), atol=1e-9
    )


@pytest.mark.parametrize("visibility", [0, 0.5, 1])
def test_a_rare_post_selection_whose_sums_are_rounding_has_no_probabilities(visibility):
    options = {"transmission": 1e-3, "postselect": 5, "indistinguishability": visibility}
    device = PhotonicDevice(haar_unitary(6, 0), [1] * 6, **options)
    with pytest.raises(ValueError, match=r"keeps a share of 6\.0e-15 of its shots"):
        device.log_prob(device.sample(3, seed=0))


_RARE = dict(dark_count_probability=1e-3, postselect=4)


@pytest.mark.parametrize(
    "state, options",
    [
        ([1, 1, 1, 0], dict(dark_count_probability=1e-5, postselect=5)),
        ([1, 1, 1, 0], dict(dark_count_probability=1e-5, postselect=5, indistinguishability=0.5)),
        ([1, 1, 1, 1], dict(_RARE, indistinguishability=0, transmission=0.01)),
    ],
)
def test_a_rare_post_selection_without_differences_of_sums_has_exact_probabilities(state, options):
    device = PhotonicDevice(haar_unitary(4, 0), state, **options)
    outcomes = np.array(list(itertools.product(range(6), repeat=4)))
    outcomes = outcomes[outcomes.sum(axis=1) == options["postselect"]]
    assert np.exp(device.log_prob(outcomes)).sum() == pytest.approx(1, abs=1e-12)
