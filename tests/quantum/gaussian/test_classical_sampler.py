import gaussian_law
import numpy as np
import pytest
from gaussian_law import CLASSICAL, small_device
from scipy.stats import poisson

from qlatent_tf.quantum.gaussian.classical_sampler import poisson_count
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

every_light = pytest.mark.parametrize("light", CLASSICAL)


@every_light
def test_follows_the_exact_law(light):
    law = gaussian_law.law(light)
    rows = small_device(light).sample(200_000, seed=1)
    outcomes = np.indices(law.shape).reshape(2, -1).T
    assert chi_square_p_value(rows, outcomes, law.ravel()) > 1e-3


@every_light
@pytest.mark.parametrize("detector", ["number", "threshold"])
def test_moments_are_those_of_samples(light, detector):
    transfer = haar_unitary(12, 7)[:, :9] * 0.95
    device = GaussianDevice(
        transfer, np.linspace(-1, 1.2, 9), light=light, detector=detector, transmission=0.9
    )
    rows = device.sample(50_000, seed=5).astype(np.float64)
    error = rows.std(axis=0) / np.sqrt(len(rows))
    assert (np.abs(rows.mean(axis=0) - device.mean()) < 4.5 * error).all()
    assert (np.abs(rows.var(axis=0) - device.variance()) < 0.1 * device.variance()).all()
    if (light, detector) != ("coherent", "threshold"):
        centred = rows - device.mean()
        covariance = device.covariance()
        for i in range(12):
            products = centred * centred[:, i : i + 1]
            error = products.std(axis=0) / np.sqrt(len(rows))
            assert (np.abs(products.mean(axis=0) - covariance[i]) < 5 * error).all()


@every_light
def test_a_sample_depends_on_the_seed_and_its_number_alone(light):
    transfer = haar_unitary(20, 1)
    device = GaussianDevice(transfer, 0.8, light=light)
    rows = device.sample(1000, seed=3)
    np.testing.assert_array_equal(device.sample(77, seed=3), rows[:77])
    np.testing.assert_array_equal(device.sample(100, seed=3, start=501), rows[501:601])
    np.testing.assert_array_equal(device.sample(0, seed=3), rows[:0])
    single = GaussianDevice(transfer, 0.8, light=light, num_threads=1)
    np.testing.assert_array_equal(single.sample(1000, seed=3), rows)
    assert rows.dtype == np.uint8 and (device.sample(1000, seed=4) != rows).any()
    clicks = GaussianDevice(transfer, 0.8, light=light, detector="threshold")
    np.testing.assert_array_equal(clicks.sample(1000, seed=3), np.minimum(rows, 1))


def test_nothing_enters_and_nothing_leaves():
    device = GaussianDevice(haar_unitary(3, 0), 0.0, light="squashed")
    np.testing.assert_array_equal(device.sample(50, seed=0), np.zeros((50, 3)))


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.3, 4.0, 60.0, 200.0])
def test_poisson_counts_are_quantiles(rate):
    drawn = np.append(np.linspace(0, 1, 999, endpoint=False) + 3e-4, 1 - 2.0**-53)
    counts = np.array([poisson_count(rate, one) for one in drawn])
    expected = np.minimum(poisson.ppf(drawn, rate), 255)
    np.testing.assert_array_equal(counts[:-1], expected[:-1])
    # Rounding ends the sum where the last random number lies, but not far from there.
    assert counts[-2] <= counts[-1] <= min(255, expected[-1] + 10)


@pytest.mark.parametrize("argument", [{"num_samples": -1}, {"num_samples": 2.5}, {"start": -1}])
def test_bad_numbers_are_refused(argument):
    arguments = {"num_samples": 1, "seed": 0, **argument}
    with pytest.raises(ValueError, match=next(iter(argument))):
        small_device("thermal").sample(**arguments)
