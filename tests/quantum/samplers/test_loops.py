import itertools
import math

import numpy as np
import pytest
from harness import first_modes
from reference_samplers import sample_by_outputs

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers import loops
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.fock_table import exact_distribution
from qlatent_tf.quantum.samplers.walk_plan import walk_shape
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

BEAM_SPLITTER = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
PATTERNS = ["1", "2", "1-1", "1-2", "1-1-1", "1-3-9"]


def with_phases(unitary, seed):
    """Loops with a random phase at each input and output."""
    phases = np.exp(2j * np.pi * np.random.default_rng(seed).random((2, len(unitary))))
    return phases[0][:, None] * unitary * phases[1]


@pytest.mark.parametrize(
    "unitary, state",
    [
        (loop_unitary(5, "1-1", seed=1), (1, 1, 1, 0, 0)),
        (loop_unitary(5, "1-2", seed=2), (0, 2, 0, 1, 0)),
        (loop_unitary(5, "2", seed=3), (1, 0, 2, 0, 1)),
        (with_phases(loop_unitary(4, "1-1-1", seed=4), seed=0), (1, 1, 1, 1)),
        (haar_unitary(5, seed=5), (3, 0, 0, 1, 0)),
        (haar_unitary(4, seed=6), (1, 1, 2, 0)),
        (np.eye(3)[[2, 0, 1]], (0, 2, 1)),
        (np.ones((1, 1)), (2,)),
    ],
)
def test_every_sample_equals_the_reference(unitary, state):
    sampler = BosonSampler(unitary, state, method="loop")
    order = walk_shape(unitary, np.array(state)).order
    kept = np.random.default_rng(0).integers(0, sum(state) + 1, size=30)
    rows, log_probs, photons = sampler.sample(
        30, 5, start=3, photons_per_sample=kept, return_log_prob=True, return_photons=True
    )
    for i in range(30):
        outcome, used = sample_by_outputs(unitary, state, order, 5, 3 + i, kept[i])
        np.testing.assert_array_equal(rows[i], outcome)
        np.testing.assert_array_equal(photons[i], used)
        modes = np.repeat(np.arange(len(state)), state)[used]
        sent = np.bincount(modes, minlength=len(state))
        expected = math.log(reference.probability(unitary, sent, outcome))
        assert log_probs[i] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("delays", PATTERNS)
@pytest.mark.parametrize(
    "state", [first_modes(4, 10), [0, 1, 0, 2, 0, 0, 1, 0, 0, 1], [1] * 5 + [0] * 5]
)
def test_log_prob_is_that_of_permanents(delays, state):
    unitary = loop_unitary(10, delays, seed=sum(state))
    sampler = BosonSampler(unitary, state, method="loop")
    rows, log_probs = sampler.sample(500, seed=1, return_log_prob=True)
    expected = BosonSampler(unitary, state, method="glynn").log_prob(rows)
    np.testing.assert_allclose(log_probs, expected, atol=1e-10)
    np.testing.assert_array_equal(sampler.log_prob(rows), log_probs)
    # All outcomes that are not rounding errors of none at all.
    occupations, law = exact_distribution(unitary, state)
    likely = law > 1e-10
    np.testing.assert_allclose(np.exp(sampler.log_prob(occupations)), law, rtol=1e-8, atol=1e-18)
    np.testing.assert_allclose(
        sampler.log_prob(occupations[likely]), np.log(law[likely]), atol=1e-10
    )


@pytest.mark.parametrize(
    "unitary, state",
    [
        *((loop_unitary(6, delays, seed=3), [1, 1, 1, 0, 0, 0]) for delays in PATTERNS[:5]),
        (loop_unitary(10, "1-3-9", seed=3), [1, 0, 0, 1, 0, 0, 1, 0, 0, 0]),
        (loop_unitary(5, "1-1", seed=4), [0, 3, 0, 1, 0]),
        (haar_unitary(5, seed=4), [0, 4, 0, 0, 1]),
    ],
)
def test_follows_the_exact_law(unitary, state):
    rows = BosonSampler(unitary, state, method="loop").sample(50_000, seed=sum(state))
    assert chi_square_p_value(rows, *exact_distribution(unitary, state)) > 1e-3


def test_subset_of_the_photons():
    """Two of three photons: the mixture of the laws of the three pairs."""
    unitary = loop_unitary(4, "1-1", seed=8)
    pairs = [exact_distribution(unitary, s) for s in ((2, 0, 0, 0), (1, 0, 1, 0), (1, 0, 1, 0))]
    mixture = np.mean([probabilities for _, probabilities in pairs], axis=0)
    sampler = BosonSampler(unitary, (2, 0, 1, 0), method="loop")
    rows = sampler.sample(100_000, 9, photons_per_sample=np.full(100_000, 2))
    assert chi_square_p_value(rows, pairs[0][0], mixture) > 1e-3
    everyone = sampler.sample(50, 9, photons_per_sample=np.full(50, 3))
    np.testing.assert_array_equal(everyone, sampler.sample(50, 9))


def test_photons_that_meet_at_splitters_leave_them_together():
    rows = BosonSampler(np.kron(np.eye(3), BEAM_SPLITTER), [1] * 6, method="loop").sample(9999, 1)
    assert set(np.unique(rows)) == {0, 2}
    assert (rows[:, ::2] + rows[:, 1::2] == 2).all()


@pytest.mark.parametrize("half, samples", [(20, 20_000), (127, 1_000)])
def test_many_photons_on_a_beam_splitter(half, samples):
    """n photons on each side: only even counts, `P(2j) = C(2j, j) C(2n - 2j, n - j) / 4^n`."""
    sampler = BosonSampler(BEAM_SPLITTER, [half, half], method="loop")
    outcomes = np.array([[2 * j, 2 * (half - j)] for j in range(half + 1)])
    ways = [math.comb(2 * j, j) * math.comb(2 * half - 2 * j, half - j) for j in range(half + 1)]
    law = np.array([way / 4**half for way in ways])
    np.testing.assert_allclose(sampler.log_prob(outcomes), np.log(law), atol=1e-10)
    assert (sampler.log_prob([[1, 2 * half - 1], [0, 0]]) < -60).all()
    assert chi_square_p_value(sampler.sample(samples, seed=2), outcomes, law) > 1e-3


def test_many_photons_in_many_modes_have_the_exact_mean_and_variance():
    unitary, state = loop_unitary(128, "1-1", seed=0), first_modes(64, 128)
    sampler = BosonSampler(unitary, state)
    assert sampler.method == "loop"
    rows, log_probs = sampler.sample(20_000, seed=3, return_log_prob=True)
    assert (rows.sum(axis=1) == 64).all()
    np.testing.assert_array_equal(sampler.log_prob(rows[:50]), log_probs[:50])
    device = PhotonicDevice(unitary, state)
    mean, covariance = device.mean(), device.covariance()
    errors = np.sqrt(np.diagonal(covariance) / len(rows) + 1e-12)
    assert np.abs((rows.mean(axis=0) - mean) / errors).max() < 5
    # Neighbouring bins, whose correlations are the interference; 127 of them.
    pairs = [((rows[:, i] - mean[i]) * (rows[:, i + 1] - mean[i + 1])) for i in range(127)]
    errors = np.std(pairs, axis=1) / math.sqrt(len(rows)) + 1e-4
    found = (np.mean(pairs, axis=1) - np.diagonal(covariance, 1)) / errors
    assert np.abs(found).max() < 5 and found.std() < 1.3


def test_the_mean_log_probability_is_the_entropy_of_a_smaller_loop():
    unitary, state = loop_unitary(8, "1-1", seed=5), first_modes(4, 8)
    _, law = exact_distribution(unitary, state)
    law = law[law > 0]
    _, log_probs = BosonSampler(unitary, state, method="loop").sample(
        40_000, seed=6, return_log_prob=True
    )
    error = log_probs.std() / math.sqrt(len(log_probs))
    assert log_probs.mean() == pytest.approx((law * np.log(law)).sum(), abs=4 * error)


@pytest.mark.parametrize("delays", ["1-1", "1-1-1"])
def test_batches_threads_and_memory_do_not_matter(delays, monkeypatch):
    unitary, state = loop_unitary(9, delays, seed=10), (1, 2, 0, 1, 0, 0, 1, 1, 0)
    kept = np.random.default_rng(1).integers(0, 7, 3000)

    def draw(threads, first=0, last=3000, seed=11):
        sampler = BosonSampler(unitary, state, method="loop", num_threads=threads)
        return sampler.sample(last - first, seed, start=first, photons_per_sample=kept[first:last])

    whole = draw(1)
    np.testing.assert_array_equal(draw(2), whole)
    np.testing.assert_array_equal(draw(3, seed=11 + 2**64), whole)
    parts = [draw(2, *edges) for edges in itertools.pairwise([0, 1, 50, 1700, 3000])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    # Where one state fits, fewer threads walk.
    needed = walk_shape(unitary, np.array(state)).num_bytes
    monkeypatch.setattr(loops, "MAX_WALK_BYTES", needed)
    np.testing.assert_array_equal(draw(8), whole)
    monkeypatch.setattr(loops, "MAX_WALK_BYTES", needed - 1)
    with pytest.raises(ValueError, match="modes here, whose 6 photons"):
        draw(1)


def test_neighbouring_seeds_are_independent():
    unitary, state = loop_unitary(12, "1-1", seed=12), first_modes(6, 12)
    _, law = exact_distribution(unitary, state)
    sampler, size = BosonSampler(unitary, state, method="loop"), 4000
    batches = [sampler.sample(size, seed).tolist() for seed in range(3)]
    for one, other in itertools.pairwise(batches):
        for shift in range(-3, 4):
            equal = sum(one[i] == other[i + shift] for i in range(3, size - 3))
            expected = size * (law**2).sum()
            assert equal < expected + 5 * math.sqrt(expected) + 5


def test_impossible_outcomes():
    """A photon of the third bin is never in the first, of one loop."""
    sampler = BosonSampler(loop_unitary(4, "1", seed=0), [0, 0, 1, 1], method="loop")
    log_probs = sampler.log_prob([[1, 0, 0, 1], [0, 0, 1, 1], [0, 0, 1, 0], [0, 3, 0, 0]])
    assert (log_probs == -np.inf).tolist() == [True, False, True, True]


@pytest.mark.parametrize("indistinguishability", [1.0, 0.7])
def test_loss_and_distinguishable_photons_of_a_device(indistinguishability):
    unitary, state = loop_unitary(5, "1-1", seed=1), [1, 1, 1, 0, 0]
    options = {"transmission": 0.7, "indistinguishability": indistinguishability}
    device = PhotonicDevice(unitary, state, method="loop", **options)
    rows = device.sample(100_000, seed=2)
    outcomes = np.concatenate([reference.outcomes(5, photons) for photons in range(4)])
    law = np.exp(device.log_prob(outcomes))
    assert law.sum() == pytest.approx(1.0)
    assert chi_square_p_value(rows, outcomes, law) > 1e-3


def test_what_does_not_fit_is_refused_with_the_number():
    unitary, state = loop_unitary(96, "1-3-9", seed=0), first_modes(48, 96)
    with pytest.raises(
        ValueError, match=r"up to 13 modes here, .* 1\.399e\+12 .* TiB; legal .* 4 GiB"
    ):
        BosonSampler(unitary, state, method="loop")
    with pytest.raises(
        ValueError, match="No method .* received 48.*'loop' takes .* TiB here.*interferometer='1-1'"
    ):
        BosonSampler(unitary, state)
