import numpy as np
import pytest
from scipy.stats import binom

from qlatent_tf.quantum.devices.marginals import photon_marginals
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.fock_table import exact_distribution
from qlatent_tf.quantum.unitaries import haar_unitary

UNITARY = haar_unitary(5, seed=1)


@pytest.mark.parametrize("state", [[1, 1, 1, 0, 0], [2, 1, 0, 1, 0], [3, 0, 0, 0, 2], [0] * 5])
def test_ideal_marginals_are_sums_over_the_whole_law(state):
    outcomes, law = exact_distribution(UNITARY, state)
    expected = [
        [law[outcomes[:, mode] == count].sum() for count in range(sum(state) + 1)]
        for mode in range(5)
    ]
    marginals = photon_marginals(PhotonicDevice(UNITARY, state))
    np.testing.assert_allclose(marginals, expected, atol=1e-13)


IMPERFECT = [
    {
        "indistinguishability": 0.6,
        "transmission": [0.9, 0.5, 1, 0.2, 0.7],
        "dark_count_probability": 0.1,
    },
    {"indistinguishability": 0.0},
    {"transmission": 0.5},
    {"interfering_photons": 2, "indistinguishability": 0.9, "transmission": 0.8},
    {"indistinguishability": 0.8, "detector": "threshold", "dark_count_probability": 0.2},
]


@pytest.mark.parametrize("options", IMPERFECT)
@pytest.mark.parametrize("state", [[1, 1, 1, 0, 0], [2, 1, 0, 1, 0]])
def test_imperfect_marginals_agree_with_moments_and_samples(options, state):
    device = PhotonicDevice(UNITARY, state, **options)
    marginals = photon_marginals(device)
    counts = np.arange(marginals.shape[1])
    mean = marginals @ counts
    np.testing.assert_allclose(mean, device.mean(), atol=1e-12)
    np.testing.assert_allclose(marginals @ counts**2 - mean**2, device.variance(), atol=1e-12)
    rows = device.sample(40_000, seed=1)
    frequencies = (rows[:, :, None] == counts).mean(axis=0)
    error = np.sqrt(marginals * (1 - marginals) / 40_000) + 1e-6
    assert (np.abs(frequencies - marginals) / error).max() < 4.5


def test_thirty_photons_lose_no_digits():
    device = PhotonicDevice(haar_unitary(60, seed=0), [1] * 30 + [0] * 30)
    marginals = photon_marginals(device)
    counts = np.arange(31)
    np.testing.assert_allclose(marginals @ counts, device.mean(), atol=1e-12)
    np.testing.assert_allclose(
        marginals @ counts**2 - (marginals @ counts) ** 2, device.variance(), atol=1e-11
    )


@pytest.mark.parametrize("options", [{}, {"interfering_photons": 20}])
def test_forty_photons_of_one_mode_are_binomial(options):
    marginals = photon_marginals(PhotonicDevice(UNITARY, [0, 40, 0, 0, 0], **options))
    rates = np.abs(UNITARY[:, 1:2]) ** 2
    np.testing.assert_allclose(marginals, binom.pmf(np.arange(41), 40, rates), atol=1e-10)


def test_sums_that_cancel_are_refused():
    device = PhotonicDevice(haar_unitary(1, 0), [90], interfering_photons=2)
    with pytest.raises(NoClosedForm, match="rounding errors reach .* legal is up to 1e-07"):
        photon_marginals(device)


def test_post_selection_is_refused():
    with pytest.raises(NoClosedForm, match="no closed form"):
        photon_marginals(PhotonicDevice(UNITARY, [1, 1, 0, 0, 0], transmission=0.5, postselect=1))
