import importlib.util
import random  # noqa: TID251

import gaussian_law
import numpy as np
import pytest
from gaussian_law import small_device

from qlatent_tf.quantum.verification.chi_square import chi_square_p_value


@pytest.fixture(scope="module")
def piquasso():
    return pytest.importorskip("piquasso")


def test_follows_the_exact_law(piquasso):
    law = gaussian_law.squeezed_law()
    outcomes = np.indices(law.shape).reshape(2, -1).T
    rows = small_device("squeezed").sample(2000, seed=2)
    assert chi_square_p_value(rows, outcomes, law.ravel()) > 1e-3


def test_the_exact_law_is_piquassos_own(piquasso):
    pq, law = piquasso, gaussian_law.squeezed_law()
    with pq.Program() as program:
        pq.Q() | pq.Vacuum()
        for mode, squeezing in enumerate(gaussian_law.SQUEEZING):
            # Piquasso squeezes x, not p, by a positive number.
            pq.Q(mode) | pq.Squeezing(-squeezing)
        pq.Q() | pq.Interferometer(gaussian_law.UNITARY)
    state = pq.GaussianSimulator(d=4).execute(program).state.reduced((0, 1))
    for outcome in [(0, 0), (1, 0), (1, 1), (2, 0), (0, 3), (2, 2)]:
        probability = state.get_particle_detection_probability(occupation_number=outcome)
        assert probability == pytest.approx(law[outcome], abs=1e-9)


def test_a_sample_depends_on_the_seed_and_its_number_alone(piquasso):
    device = small_device("squeezed")
    rows = device.sample(60, seed=3)
    assert rows.dtype == np.uint8 and rows.any()
    np.testing.assert_array_equal(device.sample(20, seed=3), rows[:20])
    np.testing.assert_array_equal(device.sample(20, seed=3, start=40), rows[40:])
    np.testing.assert_array_equal(device.sample(0, seed=3), rows[:0])
    assert (device.sample(60, seed=4) != rows).any()
    clicks = small_device("squeezed", detector="threshold").sample(60, seed=3)
    np.testing.assert_array_equal(clicks, np.minimum(rows, 1))


def test_neighbouring_seeds_are_independent(piquasso):
    first, second = (small_device("squeezed").sample(30, seed=seed) for seed in (7, 8))
    for shift in range(-3, 4):
        assert (first[5:25] != second[5 + shift : 25 + shift]).any()


def test_pythons_own_random_numbers_are_left_alone(piquasso):
    random.seed(5)
    expected = random.getstate()
    small_device("squeezed").sample(2, seed=0)
    assert random.getstate() == expected


def test_without_piquasso_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    device = small_device("squeezed")
    assert device.mean().shape == (2,)
    with pytest.raises(ImportError, match=r"pip install 'qlatent_tf\[gbs\]'"):
        device.sample(1, seed=0)
