"""Endless synthetic data whose distribution is known.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs".
"""

import math
import operator

import numpy as np

from qlatent_tf.datasets.dataset import CountDataset
from qlatent_tf.registry import latents

METRICS = ("discreteness", "total_number", "pair_correlation")
MAX_OUTCOMES = 2**24


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
    from qlatent_tf.quantum.samplers.fock_table import exact_distribution

    options = {"modes": modes, "photons": photons, "unitary_seed": unitary_seed}
    source = latents.build("boson", center=False, **options)
    (device,) = source.devices
    return _counts(
        "quantum",
        source,
        {"drawn_from": "boson", **options},
        total_law=np.eye(photons + 1)[photons],
        outcomes=math.comb(modes + photons - 1, photons),
        law=lambda: exact_distribution(device.unitary, device.input_state),
    )


def bernoulli(
    *,
    modes: int = 16,
) -> CountDataset:
    """Independent fair bits.

    Args:
      modes: int. Bits of a sample.

    Raises:
      ValueError: if `modes` is out of range.
    """
    from scipy.stats import binom

    source = latents.build("bernoulli", modes=modes, center=False)
    return _counts(
        "bernoulli",
        source,
        {"drawn_from": "bernoulli", "modes": modes},
        total_law=binom.pmf(np.arange(modes + 1), modes, 0.5),
        outcomes=2**modes,
        law=lambda: _law_of_bits(modes),
    )


# The width of a sample, which a model follows; see `qlatent_tf.resolve`.
quantum.width_of = bernoulli.width_of = operator.itemgetter("modes")


def _counts(name, source, provenance, *, total_law, outcomes: int, law) -> CountDataset:
    from qlatent_tf.drawing.vectors import beside_data

    has_law = outcomes <= MAX_OUTCOMES
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
    outcomes = np.arange(2**modes)[:, None] >> np.arange(modes) & 1
    return outcomes.astype(np.uint8), np.full(2**modes, 0.5**modes)
