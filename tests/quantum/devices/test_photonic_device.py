"""The device against its definition: every photon good or bad, every mode lossy, dark or silent."""

import collections
import functools
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.devices.shots import SHOTS_PER_CHUNK
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

UNITARY = haar_unitary(4, seed=1)
LOSSES = [0.9, 0.5, 0.7, 0.8]

CASES = {
    "ideal": {},
    "classical": dict(indistinguishability=0),
    "partial": dict(indistinguishability=0.6),
    "loss": dict(transmission=0.7),
    "partial and loss": dict(indistinguishability=0.6, transmission=0.7),
    "classical and losses": dict(indistinguishability=0, transmission=LOSSES),
    "losses": dict(indistinguishability=0.6, transmission=LOSSES),
    "one dead mode": dict(indistinguishability=0.6, transmission=[1, 1, 0, 1]),
    "dark": dict(dark_count_probability=0.2),
    "classical and dark": dict(
        indistinguishability=0, transmission=0.5, dark_count_probability=0.2
    ),
    "all but threshold": dict(
        indistinguishability=0.6, transmission=LOSSES, dark_count_probability=0.1
    ),
    "threshold": dict(detector="threshold"),
    "classical threshold": dict(indistinguishability=0, detector="threshold", transmission=0.7),
    "all with threshold": dict(
        indistinguishability=0.6,
        transmission=LOSSES,
        dark_count_probability=0.1,
        detector="threshold",
    ),
    "postselect": dict(transmission=0.7, postselect=2),
    "postselect with dark": dict(
        indistinguishability=0.6, transmission=0.7, dark_count_probability=0.1, postselect=(2, 3)
    ),
    "postselect clicks": dict(
        indistinguishability=0.6,
        transmission=0.8,
        dark_count_probability=0.1,
        detector="threshold",
        postselect=2,
    ),
    "postselect after losses": dict(
        indistinguishability=0.6, transmission=LOSSES, postselect=(1, 2)
    ),
    "postselect after losses and dark": dict(
        transmission=LOSSES, dark_count_probability=0.1, postselect=2
    ),
    "one interferes": dict(interfering_photons=1, transmission=0.7),
    "two interfere": dict(interfering_photons=2),
    "two interfere, all but threshold": dict(
        interfering_photons=2,
        indistinguishability=0.6,
        transmission=LOSSES,
        dark_count_probability=0.1,
    ),
    "two interfere, threshold": dict(
        interfering_photons=2, detector="threshold", transmission=0.7, postselect=(1, 2)
    ),
    "two interfere, clicks": dict(interfering_photons=2, detector="threshold"),
    "two interfere, postselect after losses": dict(
        interfering_photons=2, transmission=LOSSES, postselect=(1, 2)
    ),
}
INPUTS = [(1, 1, 0, 1), (2, 0, 1, 0), (1, 2, 0, 1)]


def mixed(law, branch):
    """The law after `branch(outcome)` -> pairs of (outcome, probability)."""
    mixture = collections.Counter()
    for outcome, probability in law.items():
        for new, share in branch(outcome):
            mixture[new] += probability * share
    return mixture


def permanent(matrix):
    size = len(matrix)
    return sum(
        math.prod(matrix[i, order[i]] for i in range(size))
        for order in itertools.permutations(range(size))
    )


@functools.cache
def good_photons(modes):
    """The law of identical photons in these input modes, by definition."""
    inputs = math.prod(math.factorial(modes.count(mode)) for mode in set(modes))
    law = {}
    for outputs in itertools.combinations_with_replacement(range(4), len(modes)):
        counts = tuple(outputs.count(mode) for mode in range(4))
        amplitude = permanent(UNITARY[np.ix_(outputs, modes)])
        law[counts] = abs(amplitude) ** 2 / inputs / math.prod(map(math.factorial, counts))
    return law


def add(counts, mode, number=1):
    return tuple(count + number * (mode == i) for i, count in enumerate(counts))


@functools.cache
def law_of(name, input_state):
    """The law of a case, from the definition of `PhotonicDevice`."""
    case = CASES[name]
    good = math.sqrt(case.get("indistinguishability", 1))
    losses = 1 - np.broadcast_to(case.get("transmission", 1), 4)
    dark = case.get("dark_count_probability", 0)
    photons = tuple(np.repeat(range(4), input_state).tolist())
    law = collections.Counter()
    for pattern in itertools.product([True, False], repeat=len(photons)):
        part = good_photons(
            tuple(mode for mode, is_good in zip(photons, pattern, strict=True) if is_good)
        )
        for mode in (mode for mode, is_good in zip(photons, pattern, strict=True) if not is_good):
            part = mixed(
                part,
                lambda counts: [(add(counts, i), abs(UNITARY[i, mode]) ** 2) for i in range(4)],
            )
        # All photons may be good, or a random set of `chosen`, which has to hold the good ones.
        size, total = sum(pattern), len(photons)
        chosen = case.get("interfering_photons", total)
        sets = math.comb(total - size, chosen - size) if size <= chosen else 0
        share = sets / math.comb(total, chosen) * good**size * (1 - good) ** max(chosen - size, 0)
        for counts, probability in part.items():
            law[counts] += share * probability
    for mode in range(4):
        law = mixed(
            law,
            lambda counts: [
                (add(counts, mode, -lost), stats.binom.pmf(lost, counts[mode], losses[mode]))
                for lost in range(counts[mode] + 1)
            ],
        )
        law = mixed(law, lambda counts: [(counts, 1 - dark), (add(counts, mode), dark)])
    if case.get("detector") == "threshold":
        law = mixed(law, lambda counts: [(tuple(min(count, 1) for count in counts), 1.0)])
    if "postselect" in case:
        least, most = np.broadcast_to(case["postselect"], 2)
        law = {counts: p for counts, p in law.items() if least <= sum(counts) <= most}
        kept = sum(law.values())
        law = {counts: p / kept for counts, p in law.items()}
    return law


@functools.cache
def device_of(name, input_state):
    return PhotonicDevice(UNITARY, input_state, **CASES[name])


every_case = pytest.mark.parametrize("name", CASES)
every_input = pytest.mark.parametrize("input_state", INPUTS)


@every_case
@every_input
def test_log_prob_is_that_of_the_definition(name, input_state):
    law = law_of(name, input_state)
    outcomes = np.array(list(itertools.product(range(sum(input_state) + 2), repeat=4)))
    expected = [law.get(tuple(row), 0.0) for row in outcomes.tolist()]
    probabilities = np.exp(device_of(name, input_state).log_prob(outcomes))
    np.testing.assert_allclose(probabilities, expected, atol=1e-13)


@every_case
@every_input
def test_moments_are_those_of_the_definition(name, input_state):
    law = law_of(name, input_state)
    outcomes, probabilities = np.array(list(law)), np.array(list(law.values()))
    mean = probabilities @ outcomes
    covariance = (outcomes.T * probabilities) @ outcomes - np.outer(mean, mean)
    device = device_of(name, input_state)
    np.testing.assert_allclose(device.mean(), mean, atol=1e-13)
    np.testing.assert_allclose(device.covariance(), covariance, atol=1e-13)
    np.testing.assert_array_equal(device.variance(), np.diag(device.covariance()))


@every_case
@every_input
def test_samples_follow_the_definition(name, input_state):
    law = law_of(name, input_state)
    drawn = device_of(name, input_state).sample(20_000, seed=7)
    counted = collections.Counter(map(tuple, drawn.tolist()))
    assert set(counted) <= {counts for counts, probability in law.items() if probability > 0}
    expected = np.array(list(law.values())) * len(drawn)
    observed = np.array([counted[counts] for counts in law])
    rare = expected < 5
    if rare.any():
        expected = np.append(expected[~rare], expected[rare].sum() + 1e-12)
        observed = np.append(observed[~rare], observed[rare].sum())
    # 75 tests at 1e-4 each: 0.75 % that some seed fails a right sampler.
    assert stats.chisquare(observed, expected, sum_check=False).pvalue > 1e-4


@pytest.mark.parametrize("options", [{}, {"transmission": 0.5}, {"dark_count_probability": 0.1}])
@pytest.mark.parametrize("indistinguishability", [0, 0.5, 1])
def test_without_photons_there_is_darkness(options, indistinguishability):
    device = PhotonicDevice(
        haar_unitary(2, 0), [0, 0], indistinguishability=indistinguishability, **options
    )
    mean = device.sample(2000, seed=0).mean(axis=0)
    np.testing.assert_allclose(mean, device.mean(), atol=0.03)


@pytest.mark.parametrize(
    "options, message",
    [(dict(transmission=np.linspace(0.5, 1, 20)), "steps"), (dict(detector="threshold"), "modes")],
)
def test_moments_that_take_too_long_are_refused(options, message):
    device = PhotonicDevice(haar_unitary(20, 0), [1] * 12 + [0] * 8, postselect=(5, 12), **options)
    for moment in (device.mean, device.variance, device.covariance):
        with pytest.raises(NoClosedForm, match=message):
            moment()


@every_case
def test_a_sample_depends_on_its_number_alone(name):
    device = device_of(name, INPUTS[0])
    together = device.sample(300, seed=5, start=900)
    np.testing.assert_array_equal(
        together,
        np.concatenate([device.sample(7, 5, start=900), device.sample(293, 5, start=907)]),
    )
    np.testing.assert_array_equal(device.sample(1, 5, start=1100), together[200:201])
    one_thread = PhotonicDevice(UNITARY, INPUTS[0], num_threads=1, **CASES[name])
    np.testing.assert_array_equal(one_thread.sample(300, seed=5, start=900), together)


@every_case
def test_neighbouring_seeds_share_no_samples(name):
    # Were seed 2 seed 1 shifted by some samples, rows of one batch would return in the next.
    device = device_of(name, INPUTS[2])
    first, second = device.sample(200, seed=1), device.sample(200, seed=2)
    chance = sum(probability**2 for probability in law_of(name, INPUTS[2]).values())
    for shift in range(-3, 4):
        equal = (first[3:-3] == second[3 + shift : 197 + shift]).all(axis=1).mean()
        assert abs(equal - chance) < 5 * math.sqrt(chance * (1 - chance) / 194) + 1e-9


@pytest.mark.parametrize("name", ["ideal", "partial and loss", "all with threshold"])
def test_sample_returns_its_log_prob(name):
    device = device_of(name, INPUTS[1])
    rows, log_probs = device.sample(50, seed=3, return_log_prob=True)
    np.testing.assert_array_equal(rows, device.sample(50, seed=3))
    np.testing.assert_allclose(log_probs, device.log_prob(rows), rtol=1e-10)


@pytest.mark.parametrize("visibility", [0, 0.25, 0.9, 1])
def test_hong_ou_mandel_dip(visibility):
    splitter = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
    device = PhotonicDevice(splitter, [1, 1], indistinguishability=visibility)
    coincidence = (1 - visibility) / 2
    np.testing.assert_allclose(np.exp(device.log_prob([[1, 1]])), coincidence, atol=1e-15)
    observed = (device.sample(40_000, seed=0) == 1).all(axis=1).mean()
    assert abs(observed - coincidence) <= 4 * math.sqrt(coincidence * (1 - coincidence) / 40_000)


def test_interference_of_few_photons_ends_as_that_of_none_and_of_all():
    unitary, state = haar_unitary(8, 0), [1] * 5 + [0] * 3
    build = functools.partial(PhotonicDevice, unitary, state)
    for options, same in (
        (dict(interfering_photons=5), {}),
        (dict(interfering_photons=1), dict(indistinguishability=0)),
    ):
        device, other = build(**options), build(**same)
        np.testing.assert_array_equal(device.sample(100, 3), other.sample(100, 3))
        np.testing.assert_array_equal(device.covariance(), other.covariance())
        assert repr(device) == repr(other)
    variances = [build(interfering_photons=k).variance().sum() for k in range(1, 6)]
    shares = np.subtract(variances, variances[0]) / (variances[-1] - variances[0])
    np.testing.assert_allclose(shares, np.arange(1, 6) * np.arange(5) / 20, atol=1e-12)
    assert "interfering_photons=3" in repr(build(interfering_photons=3))


def test_the_joint_law_of_few_interfering_photons_at_a_larger_size():
    device = PhotonicDevice(haar_unitary(6, 1), [1] * 5 + [0], interfering_photons=3)
    outcomes = reference.outcomes(6, 5)
    law = np.exp(device.log_prob(outcomes))
    assert law.sum() == pytest.approx(1, abs=1e-11)
    assert chi_square_p_value(device.sample(100_000, seed=1), outcomes, law) > 1e-3
    identical = np.exp(PhotonicDevice(haar_unitary(6, 1), [1] * 5 + [0]).log_prob(outcomes))
    assert chi_square_p_value(device.sample(100_000, seed=1), outcomes, identical) < 1e-6


def test_the_cost_of_few_interfering_photons_is_theirs():
    unitary, state = haar_unitary(64, 0), [1] * 24 + [0] * 40
    seconds = [
        PhotonicDevice(unitary, state, interfering_photons=k).sampling_seconds(1)
        for k in (8, 16, 24)
    ]
    assert seconds[0] < seconds[1] / 20 < seconds[2] / 400
    rows = PhotonicDevice(unitary, state, interfering_photons=8).sample(50, seed=0)
    np.testing.assert_array_equal(rows.sum(axis=1), 24)


def interfering_few(options):
    return PhotonicDevice(haar_unitary(96, 0), [1] * 48 + [0] * 48, **options)


@pytest.mark.parametrize(
    "options",
    [
        dict(interfering_photons=6),
        dict(interfering_photons=6, method="glynn", precision="single"),
        dict(transmission=0.1, postselect=(3, 6)),
    ],
)
def test_methods_hold_the_photons_that_interfere_however_many_are_sent(options):
    device = interfering_few(options)
    rows = device.sample(2000, seed=1)
    np.testing.assert_array_equal(device.sample(30, seed=1, start=40), rows[40:70])
    assert device.sampling_seconds(1) < 1e-3
    error = np.sqrt(device.variance() / len(rows))
    assert (np.abs(rows.mean(axis=0) - device.mean()) < 4.5 * error).all()
    # Of covariances, in units of their statistical error; variances tell how many interfere.
    covariance, scale = device.covariance(), np.sqrt(device.variance())
    deviation = (np.cov(rows.T) - covariance) / np.outer(scale, scale) * np.sqrt(len(rows))
    assert deviation.std() == pytest.approx(1, abs=0.1)
    assert abs(deviation.trace()) < 4.5 * np.sqrt(3 * device.modes)


@pytest.mark.parametrize(
    "options", [{}, dict(interfering_photons=41), dict(transmission=0.9, postselect=(0, 41))]
)
def test_too_many_photons_that_interfere_are_refused(options):
    with pytest.raises(ValueError, match="more than 40 .* received 4[18].*'loop' takes .* PiB"):
        interfering_few(options)


def test_dark_counts_alone():
    device = PhotonicDevice(np.eye(3), [0, 0, 0], dark_count_probability=0.25)
    np.testing.assert_allclose(device.mean(), 0.25)
    np.testing.assert_allclose(device.covariance(), 0.1875 * np.eye(3), atol=1e-15)
    assert abs(device.sample(20_000, 0).mean() - 0.25) < 0.01


def test_detectors_that_always_count_in_the_dark():
    device = PhotonicDevice(np.eye(2), [2, 0], dark_count_probability=1)
    np.testing.assert_array_equal(device.sample(3, 0), [[3, 1]] * 3)
    np.testing.assert_allclose(device.mean(), [3, 1])


def test_large_batches_are_those_of_small_ones():
    device = device_of("partial and loss", INPUTS[0])
    number = SHOTS_PER_CHUNK + 5
    np.testing.assert_array_equal(
        device.sample(number, seed=2)[-10:], device.sample(10, seed=2, start=number - 10)
    )


def test_no_light_reaches_closed_detectors():
    device = PhotonicDevice(UNITARY, [1, 1, 0, 0], transmission=0, indistinguishability=0.5)
    assert not device.sample(100, 0).any()
    np.testing.assert_array_equal(device.covariance(), np.zeros((4, 4)))


def test_arrays_returned_are_copies():
    device = PhotonicDevice(UNITARY, [1, 1, 0, 0])
    device.mean()[:] = 7
    device.covariance()[:] = 7
    np.testing.assert_allclose(device.mean().sum(), 2)


def test_repr_shows_what_is_not_ideal():
    assert repr(device_of("ideal", (1, 1, 0, 1))) == (
        "PhotonicDevice(modes=4, photons=3, input_state=1101)"
    )
    assert repr(device_of("postselect clicks", (1, 1, 0, 1))) == (
        "PhotonicDevice(modes=4, photons=3, input_state=1101, indistinguishability=0.6, "
        "transmission=0.8, detector=threshold, dark_count_probability=0.1, postselect=2..2)"
    )
