"""Endless synthetic data whose distribution is known.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs".
"""

import functools
import math
import operator

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.datasets.dataset import CountDataset
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.registry import latents, takes_options_of

METRICS = ("discreteness", "total_number", "pair_correlation")
MAX_LAW_OUTCOMES = 2**24
_TOTAL_BYTES = 50  # the distribution of the total, as scipy computes it


def quantum(
    *,
    modes: int = 16,
    photons: int = 8,
    unitary_seed: int = 0,
) -> CountDataset:
    """Photon numbers of identical photons behind a Haar random interferometer.

    Args:
      modes: int. Modes of the interferometer, the width of a sample.
      photons: int. One photon into each of the first modes; the total of every sample.
      unitary_seed: int. Names the interferometer; not to be that of the latent.

    Raises:
      ValueError: if an option is out of range.
    """
    return _photons("quantum", "boson", modes, photons, unitary_seed)


@takes_options_of(quantum)
def photonic(**options) -> CountDataset:
    """Photon numbers of distinguishable photons behind a Haar random interferometer.

    Options and errors are those of `quantum`.
    """
    return _photons("photonic", "photonic", **options)


@takes_options_of(quantum)
def dirichlet_multinomial(**options) -> CountDataset:
    """Dirichlet-multinomial counts with means and total variance of the quantum data.

    Options and errors are those of `quantum`.
    """
    return _photons("dirichlet_multinomial", "dirichlet_multinomial", **options)


def thermal(
    *,
    modes: int = 16,
    photons: int = 8,
) -> CountDataset:
    """Independent counts of the Bose-Einstein distribution: thermal light without a circuit.

    A count k of mean u has the probability u^k / (1 + u)^(k + 1), with u = photons / modes.

    Args:
      modes: int. The width of a sample.
      photons: int. The mean of the total.

    Raises:
      ValueError: if an option is out of range, or more light or modes than a device takes.
    """
    from scipy.stats import nbinom

    modes = check_count(modes, "modes", least=1)
    photons = check_count(photons, "photons", least=1)
    try:
        mean = photons / modes
        squeezing = math.asinh(math.sqrt(mean))
        # Equal thermal light in all modes leaves any interferometer as it came: independent counts.
        source = latents.build("thermal", modes=modes, squeezing=squeezing, center=False)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"photons={photons:,} in modes={modes:,} is too much: {error}") from None
    total = nbinom(modes, 1 / (1 + mean))
    return _counts(
        "thermal",
        source,
        {"drawn_from": "thermal", "modes": modes, "photons": photons},
        total_law=total.pmf(np.arange(int(total.isf(1e-12)) + 1)),
    )


def bernoulli(
    *,
    modes: int = 16,
) -> CountDataset:
    """Independent fair bits.

    Args:
      modes: int. Bits of a sample.

    Raises:
      ValueError: if `modes` is out of range, or more than memory holds.
    """
    from scipy.stats import binom

    modes = check_count(modes, "modes", least=1)
    check_memory(_TOTAL_BYTES * modes, f"The totals of {modes:,} modes")
    source = latents.build("bernoulli", modes=modes, center=False)
    return _counts(
        "bernoulli",
        source,
        {"drawn_from": "bernoulli", "modes": modes},
        total_law=binom.pmf(np.arange(modes + 1), modes, 0.5),
        outcomes=2 ** min(modes, 64),  # more are as good as endless
        law=lambda: _law_of_bits(modes),
    )


# The width of a sample, which a model follows; see `qlatent_tf.resolve`.
for _builder in (quantum, photonic, dirichlet_multinomial, thermal, bernoulli):
    _builder.width_of = operator.itemgetter("modes")


def _photons(name, latent, modes, photons, unitary_seed):
    """Counts with a fixed total that the latent of an interferometer draws."""
    modes = check_count(modes, "modes", least=1)
    photons = check_count(photons, "photons", least=1)
    if photons > modes:
        raise ValueError(
            f"photons enter one a mode, so {modes} modes take at most {modes}; received "
            f"photons={photons}. Set photons, which is 8 by default."
        )
    unitary_seed = check_count(unitary_seed, "unitary_seed")
    options = {"modes": modes, "photons": photons, "unitary_seed": unitary_seed}
    (device,) = latents.build("boson", center=False, **options).devices
    return _counts(
        name,
        latents.build(latent, center=False, **options),
        {"drawn_from": latent, **options},
        total_law=np.eye(photons + 1)[photons],
        outcomes=math.comb(modes + photons - 1, photons),
        law=lambda: _LAWS[latent](device),
    )


def _law_of_photons(device, identical=True):
    from qlatent_tf.quantum.samplers.fock_table import exact_distribution

    return exact_distribution(device.unitary, device.input_state, identical=identical)


def _dirichlet_law(device):
    import tensorflow_probability as tfp

    from qlatent_tf.latents.controls.dirichlet_photons import match_moments

    matched = match_moments(device.photons, device.mean(), device.covariance(), lossy=False)
    outcomes, _ = _law_of_photons(device)
    law = tfp.distributions.DirichletMultinomial(
        np.float64(device.photons), matched.concentration * matched.share
    )
    return outcomes, law.prob(outcomes.astype(np.float64)).numpy()


_LAWS = {
    "boson": _law_of_photons,
    "photonic": functools.partial(_law_of_photons, identical=False),
    "dirichlet_multinomial": _dirichlet_law,
}


def _counts(name, source, provenance, *, total_law, outcomes=math.inf, law=None):
    from qlatent_tf.drawing.vectors import beside_data

    has_law = outcomes <= MAX_LAW_OUTCOMES
    return CountDataset(
        name=name,
        source=source,
        metrics=METRICS + ("outcome_law",) * has_law,
        evaluation_metrics=METRICS + ("outcome_law",) * has_law + ("vector_neighbours",),
        provenance=provenance,
        render=beside_data(source),
        total_law=total_law,
        law=law if has_law else None,
    )


def _law_of_bits(modes: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(2**modes, dtype="<u4").view(np.uint8).reshape(-1, 4)
    outcomes = np.unpackbits(numbers, axis=1, count=modes, bitorder="little")
    return outcomes, np.full(2**modes, 0.5**modes)
