"""The exact distribution of the photon number of each mode alone.

Mode i of a device keeps a photon of input mode j with probability q_j = eta_i |U_ij|^2. For single
photons with overlap x = sqrt(V), where V is the indistinguishability,

    E[z^{n_i}] = E_w prod_j (1 + (z - 1) q_j (1 - x + x w)) ,   w exponential of mean 1,

since the photons that interfere enhance each other as thermal light does and the others do not.
For s_j photons in one input mode, which form a Fock state, the factor is `laguerre_factor` of
1 + (z - 1) q_j (1 - x) and (z - 1) q_j x w.

Dark counts multiply by 1 + (z - 1) p. The right-hand side is a polynomial in w, so Gauss-Laguerre
nodes give the average exactly; its values at the roots of unity give the distribution of n_i.

`moments` derives the same formula for pairs of modes.
"""

import numpy as np

from qlatent_tf.quantum.devices.moments import laguerre_factor
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.devices.second_photons import check_free

# Tens of photons in one input mode, of which some interfere, are sums that cancel. Errors are alike
# for all counts, of which most have no probability: negative ones tell their size.
MAX_ROUNDING = 1e-7


def photon_marginals(device: PhotonicDevice) -> np.ndarray:
    """Returns the probability of each count in each mode.

    `qlatent_tf.quantum.devices.marginals` derives the formula.

    Args:
      device: PhotonicDevice, without post-selection.

    Returns:
      float64 array, shape (modes, most + 1), where `most` is the largest count possible.

    Raises:
      NoClosedForm: if the device post-selects, its sources emit second photons, or rounding errors
        exceed 1e-7.
    """
    check_free(device)
    if device.postselect is not None:
        raise NoClosedForm(
            f"Post-selection leaves no closed form of the marginals; received "
            f"postselect={device.postselect}."
        )
    filled = np.flatnonzero(device.input_state)
    kept = device.transmission[:, None] * np.abs(device.unitary[:, filled]) ** 2
    photons_in = device.input_state[filled]
    photons = int(photons_in.sum())
    nodes, weights = np.polynomial.laguerre.laggauss(photons // 2 + 1)
    most = photons + (device.dark_count_probability > 0)
    shift = np.exp(-2j * np.pi * np.arange(most + 1) / (most + 1)) - 1.0
    values = np.zeros((device.modes, len(shift)), np.complex128)
    for overlap, share in device.overlaps:
        # [modes, roots of unity, nodes]
        generating = np.ones((device.modes, len(shift), len(nodes)), np.complex128)
        for column, count in zip(kept.T, photons_in.tolist(), strict=True):
            alone = (1.0 + np.outer(column, shift) * (1.0 - overlap))[:, :, None]
            together = (np.outer(column, shift) * overlap)[:, :, None] * nodes
            generating *= laguerre_factor(alone, together, count)
        values += share * (generating @ weights)
    values *= 1.0 + shift * device.dark_count_probability
    law = np.fft.ifft(values, axis=1).real
    if law.min() < -MAX_ROUNDING:
        raise NoClosedForm(
            f"The marginals of {device!r} are sums whose rounding errors reach {-law.min():.1e}; "
            f"legal is up to {MAX_ROUNDING:g}. Estimate them from samples."
        )
    law = np.maximum(law, 0.0)
    law /= law.sum(axis=1, keepdims=True)
    if device.detector == "threshold":
        return np.stack([law[:, 0], law[:, 1:].sum(axis=1)], axis=1)
    return law
