import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
import reference_samplers
from harness import first_modes

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.samplers.fock_table import exact_distribution
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value, outcome_counts

KERNELS = [
    ("lanes", "double"),
    ("lanes", "single"),
    ("glynn", "double"),
    ("glynn", "single"),
]
ALL = [("table", "double"), *KERNELS]
STATES = [(1,), (1, 0), (2, 0, 1, 0), (1, 1, 1, 1, 0, 0), (2, 2, 1, 2), (0, 3, 3), (0, 0, 5)]
BEAM_SPLITTER = np.array([[1, 1], [1, -1]]) / math.sqrt(2)


def build(unitary, state, method, **options):
    precision = options.pop("precision", "double")
    return BosonSampler(unitary, state, method=method, precision=precision, **options)


@pytest.mark.parametrize("method, precision", KERNELS)
@pytest.mark.parametrize("state", STATES)
def test_every_sample_equals_the_reference(state, method, precision):
    unitary = haar_unitary(len(state), seed=1)
    sampler = build(unitary, state, method, precision=precision)
    kept = np.random.default_rng(0).integers(0, sum(state) + 1, size=40)
    rows, log_probs, photons = sampler.sample(
        40, 5, start=3, photons_per_sample=kept, return_log_prob=True, return_photons=True
    )
    for i in range(40):
        outcome, used = reference_samplers.sample(unitary, state, 5, 3 + i, kept[i])
        np.testing.assert_array_equal(rows[i], outcome)
        np.testing.assert_array_equal(photons[i], used)
        modes = np.repeat(np.arange(len(state)), state)[used]
        sent = np.bincount(modes, minlength=len(state))
        expected = math.log(reference.probability(unitary, sent, outcome))
        assert log_probs[i] == pytest.approx(expected, abs=1e-10 if precision == "double" else 1e-4)


@pytest.mark.parametrize("photons, modes", [(3, 4), (4, 5), (5, 8), (8, 10)])
@pytest.mark.parametrize("method, precision", ALL)
def test_follows_the_exact_law(photons, modes, method, precision):
    unitary = haar_unitary(modes, seed=photons)
    law = exact_distribution(unitary, first_modes(photons, modes))
    sampler = build(unitary, first_modes(photons, modes), method, precision=precision)
    seed = photons + 100 * ALL.index((method, precision))
    assert chi_square_p_value(sampler.sample(200_000, seed), *law) > 1e-3


@pytest.mark.parametrize("method", ["table", "lanes", "glynn"])
@pytest.mark.parametrize("state", [(2, 0, 1, 0), (0, 0, 1, 2), (0, 0, 0, 1, 3)])
def test_several_photons_in_a_mode(state, method):
    unitary = haar_unitary(len(state), seed=7)
    law = exact_distribution(unitary, state)
    rows = build(unitary, state, method).sample(100_000, seed=sum(state))
    assert chi_square_p_value(rows, *law) > 1e-3


@pytest.mark.parametrize("method", ["lanes", "glynn"])
def test_subset_of_the_photons(method):
    """Two of three photons: the mixture of the laws of the three pairs."""
    unitary = haar_unitary(4, seed=8)
    pairs = [exact_distribution(unitary, s) for s in ((2, 0, 0, 0), (1, 1, 0, 0), (1, 1, 0, 0))]
    mixture = np.mean([probabilities for _, probabilities in pairs], axis=0)
    sampler = build(unitary, (2, 1, 0, 0), method)
    rows = sampler.sample(100_000, 9, photons_per_sample=np.full(100_000, 2))
    assert chi_square_p_value(rows, pairs[0][0], mixture) > 1e-3


def test_more_than_the_most_that_are_sent_are_refused():
    sampler = build(haar_unitary(4, 0), [12, 12, 12, 12], "auto", most_sent=2)
    rows = sampler.sample(50, 1, photons_per_sample=np.full(50, 2))
    np.testing.assert_array_equal(rows.sum(axis=1), 2)
    with pytest.raises(ValueError, match="at most the 2 photons that may be sent; received 3"):
        sampler.sample(1, 1, photons_per_sample=[3])
    with pytest.raises(ValueError, match="sends subsets of its 48 photons"):
        sampler.sample(1, 1)
    with pytest.raises(ValueError, match="more than 20 identical photons .* received 21"):
        build(haar_unitary(4, 0), [12, 12, 12, 12], "lanes", most_sent=21)


@pytest.mark.parametrize("method, precision", ALL)
def test_hong_ou_mandel(method, precision):
    """Photons that meet at beam splitters leave them together."""
    pairs = np.kron(np.eye(3), BEAM_SPLITTER)
    rows = build(pairs, [1] * 6, method, precision=precision).sample(20_000, seed=1)
    assert set(np.unique(rows)) == {0, 2}
    assert (rows[:, ::2] + rows[:, 1::2] == 2).all()
    left = (rows[:, ::2] == 2).mean(axis=0)
    assert np.abs(left - 0.5).max() < 5 * 0.5 / math.sqrt(20_000)


@pytest.mark.parametrize(
    "method, precision, half, samples",
    [
        ("table", "double", 20, 20_000),
        ("lanes", "double", 5, 20_000),
        ("glynn", "double", 15, 1_000),
        ("glynn", "single", 10, 1_000),
    ],
)
def test_many_photons_on_a_beam_splitter(method, precision, half, samples):
    """n photons on each side: only even counts, `P(2j) = C(2j, j) C(2n - 2j, n - j) / 4^n`."""
    sampler = build(BEAM_SPLITTER, [half, half], method, precision=precision)
    outcomes = np.array([[2 * j, 2 * (half - j)] for j in range(half + 1)])
    ways = [math.comb(2 * j, j) * math.comb(2 * half - 2 * j, half - j) for j in range(half + 1)]
    law = np.array(ways) / 4.0**half
    np.testing.assert_allclose(np.exp(sampler.log_prob(outcomes)), law, rtol=1e-6)
    assert chi_square_p_value(sampler.sample(samples, seed=2), outcomes, law) > 1e-3


@pytest.mark.parametrize(
    "method, precision, photons, samples",
    [
        ("table", "double", 40, 20_000),
        ("lanes", "double", 10, 20_000),
        pytest.param("glynn", "double", 40, 300, marks=pytest.mark.slow),
        ("glynn", "single", 40, 300),
    ],
)
def test_all_photons_in_one_mode_are_binomial(method, precision, photons, samples):
    sampler = build(BEAM_SPLITTER, [photons, 0], method, precision=precision)
    outcomes = np.array([[j, photons - j] for j in range(photons + 1)])
    law = np.array([math.comb(photons, j) for j in range(photons + 1)]) / 2.0**photons
    np.testing.assert_allclose(np.exp(sampler.log_prob(outcomes)), law, rtol=1e-9)
    assert chi_square_p_value(sampler.sample(samples, seed=3), outcomes, law) > 1e-3


@pytest.mark.parametrize("method, precision", ALL)
@pytest.mark.parametrize("state", [(1, 1, 0, 1, 1, 0, 1), (2, 0, 1, 0, 0, 3, 0)])
def test_permutation_is_followed(state, method, precision):
    for permutation in (np.arange(7), np.random.default_rng(1).permutation(7)):
        unitary = np.exp(1j) * np.eye(7)[permutation]
        sampler = build(unitary, state, method, precision=precision)
        rows, log_probs = sampler.sample(100, seed=0, return_log_prob=True)
        assert (rows == np.array(state)[permutation]).all()
        np.testing.assert_allclose(log_probs, 0, atol=1e-5)
        assert sampler.log_prob(rows[:1]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("photons, modes, samples", [(14, 28, 200), (8, 3, 200), (20, 40, 8)])
def test_precisions_agree_and_log_prob_is_exact(photons, modes, samples):
    unitary = haar_unitary(modes, seed=photons)
    state = np.bincount(np.arange(photons) % modes, minlength=modes)
    double = build(unitary, state, "glynn")
    rows, log_probs = double.sample(samples, seed=4, return_log_prob=True)
    assert rows.dtype == np.uint8 and (rows.sum(axis=1) == photons).all()
    np.testing.assert_allclose(log_probs, double.log_prob(rows), atol=1e-9)
    single = build(unitary, state, "glynn", precision="single")
    single_rows, log_probs = single.sample(samples, seed=4, return_log_prob=True)
    np.testing.assert_array_equal(single_rows, rows)
    np.testing.assert_allclose(log_probs, double.log_prob(rows), atol=2e-2)


@pytest.mark.parametrize("photons", [9, 12])
def test_kernels_draw_the_same_samples(photons):
    unitary, state = haar_unitary(2 * photons, seed=3), first_modes(photons, 2 * photons)
    lanes = build(unitary, state, "lanes").sample(300, seed=6)
    np.testing.assert_array_equal(lanes, build(unitary, state, "glynn").sample(300, seed=6))


def test_methods_agree_on_total_variation():
    unitary, state, samples = haar_unitary(8, seed=9), first_modes(5, 8), 200_000
    occupations, law = exact_distribution(unitary, state)
    counts = [
        outcome_counts([build(unitary, state, method).sample(samples, seed)], occupations)
        for seed, method in enumerate(["table", "lanes", "glynn"])
    ]
    # E|difference| of two independent Poisson counts of mean S p is sqrt(4 S p / pi).
    expected = np.sqrt(law / (np.pi * samples)).sum()
    for first, second in ((0, 1), (1, 2), (0, 2)):
        distance = np.abs(counts[first] - counts[second]).sum() / (2 * samples)
        assert distance == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("method", ["table", "lanes", "glynn", "loop", "distinguishable"])
def test_batches_and_threads_do_not_matter(method):
    unitary, state = haar_unitary(6, seed=10), (1, 2, 0, 1, 0, 0)

    def sampler(threads):
        if method == "distinguishable":
            return DistinguishableSampler(unitary, state, num_threads=threads)
        return build(unitary, state, method, num_threads=threads)

    whole = sampler(1).sample(20_000, seed=11)
    np.testing.assert_array_equal(sampler(2).sample(20_000, seed=11), whole)
    np.testing.assert_array_equal(sampler(3).sample(20_000, seed=11 + 2**64), whole)
    edges = [0, 1, 32, 50, 7000, 20_000]
    parts = [sampler(2).sample(b - a, seed=11, start=a) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert sampler(2).sample(0, seed=11).shape == (0, 6)


@pytest.mark.parametrize("method", ["table", "lanes", "glynn", "distinguishable"])
def test_neighbouring_seeds_are_independent(method):
    """Batches of seeds k and k + 1 share no more rows than independent ones, shifted or not."""
    unitary, state, size = haar_unitary(12, seed=12), first_modes(6, 12), 4000
    occupations, law = exact_distribution(unitary, state)
    if method == "distinguishable":
        sampler = DistinguishableSampler(unitary, state)
        law = np.exp(sampler.log_prob(occupations))
    else:
        sampler = build(unitary, state, method)
    batches = [sampler.sample(size, seed).tolist() for seed in range(4)]
    shared_probability = law * (1 - (1 - law) ** size)  # drawn, and somewhere in the other batch
    for one, other in itertools.pairwise(batches):
        pool = {tuple(row) for row in one}
        shared = sum(tuple(row) in pool for row in other)
        assert abs(shared - size * shared_probability.sum()) < 5 * math.sqrt(size)
        for shift in range(-3, 4):
            equal = sum(one[i] == other[i + shift] for i in range(3, size - 3))
            expected = size * (law**2).sum()
            assert equal < expected + 5 * math.sqrt(expected) + 5


@pytest.mark.parametrize("method", ["table", "lanes", "glynn"])
def test_mean_is_the_classical_one(method):
    unitary, state = haar_unitary(10, seed=13), first_modes(6, 10)
    rows = build(unitary, state, method).sample(100_000, seed=14)
    expected = (np.abs(unitary[:, :6]) ** 2).sum(axis=1)
    error = rows.std(axis=0) / math.sqrt(len(rows))
    assert np.abs((rows.mean(axis=0) - expected) / error).max() < 5


@pytest.mark.parametrize("method", ["table", "lanes", "glynn", "loop"])
def test_no_photons(method):
    sampler = build(haar_unitary(3, seed=0), [0, 0, 0], method)
    rows, log_probs, photons = sampler.sample(4, seed=0, return_log_prob=True, return_photons=True)
    assert not rows.any() and not log_probs.any() and photons.shape == (4, 0)
    assert sampler.log_prob([[0, 0, 0], [1, 0, 0]]).tolist() == [0, -np.inf]


@pytest.mark.slow
def test_thirty_photons_neither_overflow_nor_underflow():
    unitary = haar_unitary(60, seed=15)
    sampler = build(unitary, first_modes(30, 60), "glynn", precision="single")
    rows, log_probs = sampler.sample(1, seed=0, return_log_prob=True)
    assert rows.sum() == 30
    np.testing.assert_allclose(log_probs, sampler.log_prob(rows), atol=0.5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"method": "fast"}, "auto, table, lanes, glynn, loop"),
        ({"precision": "half"}, "double, single"),
        ({"num_threads": 0}, "at least 1"),
        (
            {"method": "lanes", "input_state": [21, 0]},
            "'lanes' samples more than 20 .* 21",
        ),
        (
            {"method": "glynn", "input_state": [20, 21]},
            "'glynn' samples more than 40 .* 41",
        ),
        ({"method": "table", "max_table_bytes": 10}, "legal is at most"),
        ({"input_state": [1, -1]}, "-1 at index 1"),
        ({"unitary": np.ones((2, 2))}, "not unitary"),
    ],
)
def test_refuses_bad_options(options, message):
    arguments = {"unitary": BEAM_SPLITTER, "input_state": [1, 1], **options}
    with pytest.raises(ValueError, match=message):
        BosonSampler(**arguments)


def test_repr_says_which_method_was_chosen():
    assert repr(build(BEAM_SPLITTER, [1, 1], "auto")) == (
        "BosonSampler(modes=2, photons=2, method='table')"
    )
    classical = DistinguishableSampler(BEAM_SPLITTER, [1, 0])
    assert repr(classical) == "DistinguishableSampler(modes=2, photons=1)"


def test_refuses_bad_requests():
    table = build(BEAM_SPLITTER, [1, 1], "table")
    with pytest.raises(ValueError, match="'lanes', 'glynn' or 'loop'"):
        table.sample(2, seed=0, photons_per_sample=[1, 2])
    with pytest.raises(ValueError, match="num_samples"):
        table.sample(-1, seed=0)
    with pytest.raises(ValueError, match="A seed is an integer; received 0.5"):
        table.sample(1, seed=0.5)
    with pytest.raises(ValueError, match="-1 at index"):
        table.log_prob([[3, -1]])


@pytest.mark.slow
@pytest.mark.parametrize("cpu", ["haswell", "generic"])
def test_processors_without_avx_512_draw_the_same_samples(cpu, tmp_path):
    code = (
        "import numpy as np; from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler;"
        "from qlatent_tf.quantum.unitaries import haar_unitary;"
        "unitary, state = haar_unitary(20, 1), [1] * 10 + [0] * 10;"
        "rows = [BosonSampler(unitary, state, method=method).sample(200, 3)"
        " for method in ('lanes', 'glynn')]; print(np.array(rows).tobytes().hex())"
    )
    outputs = []
    for name in (cpu, None):
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        if name:
            environment["NUMBA_CPU_NAME"] = name
            environment["NUMBA_CPU_FEATURES"] = ""
        outputs.append(subprocess.check_output([sys.executable, "-c", code], env=environment))
    assert outputs[0] == outputs[1]
