"""Second photons of the sources: what they add to counts, clicks and samples.

A source emits a second photon with probability p, and never without the first; it interferes with
nobody. Mode i detects the second photon of source j with probability q_ij = p eta_i |U_ij|^2, the
first one with b eta_i |U_ij|^2, where b is the brightness. Second photons of different sources are
independent, and so are first and second if b = 1. With s_j sources that send into input mode j,

    mean_i   grows by  sum_j s_j q_ij
    cov_ik   grows by  d_ik sum_j s_j q_ij + (2 (1 - b) / p - 1) sum_j s_j q_ij q_kj

since a second photon means that the first was emitted, for sure and not with probability b. A set S
of modes is silent with an additional factor prod_j (1 - sum_{i in S} q_ij)^{s_j} if b = 1.
"""

import numpy as np

from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm


def detection(device) -> np.ndarray:
    """Returns q_ij, float64, shape `[modes, modes]`; 0 for a device without second photons."""
    # The device's transmission holds the brightness, which is the first photons' alone.
    transmission = device.transmission / (device.noise.brightness or 1.0)
    rates = transmission[:, None] * np.abs(device.unitary) ** 2
    return device.noise.second_photon * rates


def add_to_counts(
    device, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of counts with second photons, from those without."""
    if device.noise.second_photon == 0:
        return mean, covariance
    rates = detection(device)
    sources = device.input_state.astype(np.float64)
    added = rates @ sources
    paired = 2 * (1 - device.noise.brightness) / device.noise.second_photon - 1
    return mean + added, covariance + np.diag(added) + paired * (rates * sources) @ rates.T


def silence(device, first: np.ndarray, second: np.ndarray | None = None) -> np.ndarray:
    """Returns the probability that modes detect no second photon, shape `[pairs]`.

    Args:
      device: PhotonicDevice.
      first: int array, shape `[pairs]`. Modes.
      second: int array, shape `[pairs]`. Modes that are silent too, or None.

    Raises:
      NoClosedForm: if the brightness is below 1.
    """
    if device.noise.second_photon == 0:
        return np.ones(len(first))
    if device.noise.brightness < 1:
        raise NoClosedForm(
            "Clicks of second photons have no short formula for a brightness below 1; received "
            f"{device.noise.brightness:g}. Estimate their moments from samples."
        )
    rates = detection(device)
    both = rates[first] if second is None else rates[first] + rates[second]
    return np.prod((1.0 - both) ** device.input_state, axis=1)


def emission(device, sent: np.ndarray | None) -> np.ndarray | float:
    """Returns the probability that the second photon of each source passes the common loss.

    Args:
      device: PhotonicDevice.
      sent: bool array, shape `[batch, photons]`. The first photons that passed it; None where it
        makes no difference, for a brightness of 1.
    """
    brightness, probability = device.noise.brightness, device.noise.second_photon
    if sent is None:
        return probability * device.common_transmission
    passes = device.common_transmission / brightness
    # A first photon that is missing was lost, rather than not emitted, with this probability.
    lost = brightness * (1 - passes) / (1 - brightness * passes)
    return probability / brightness * passes * np.where(sent, 1.0, lost)


def check_free(device) -> None:
    """Refuses, by `NoClosedForm`, what is a sum over outcomes of photons that are all sent."""
    if device.noise.second_photon > 0:
        raise NoClosedForm(
            "Probabilities and post-selected moments are computed for sources without second "
            f"photons; received g2={device.noise.g2:g}. Estimate them from samples."
        )
