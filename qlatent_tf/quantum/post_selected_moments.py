"""Exact means and covariances of post-selected outcomes, where shots have to be repeated.

With threshold detectors the law of all click patterns is summed. With number-resolving detectors
behind different losses, the joint law of two modes' counts and the total is read off the generating
function G of `outcome_law`: put z a in mode i, z b in mode k and z elsewhere, multiply by the dark
counts' (1 - p + p w) for each mode's weight w, and

    G(z, a, b) = sum P(total = N, n_i = s, n_k = t) z^N a^s b^t

is inverted by a Fourier transform over roots of unity in z, a and b.
"""

import itertools

import numpy as np

from qlatent_tf.quantum.outcome_law import check_size, click_table, generating_function

MAX_STEPS = 2**31  # about ten seconds


def click_moments(device) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of post-selected clicks.

    Args:
      device: PhotonicDevice with threshold detectors, at most 16 modes and 12 photons.

    Returns:
      float64 arrays, shapes `[modes]` and `[modes, modes]`.

    Raises:
      ValueError: if the device is larger.
    """
    probabilities = click_table(device).ravel()
    patterns = np.indices((2,) * device.modes).reshape(device.modes, -1).T
    least, most = device.postselect
    totals = patterns.sum(axis=1)
    kept = (least <= totals) & (totals <= most)
    probabilities, patterns = probabilities[kept], patterns[kept].astype(np.float64)
    probabilities = probabilities / probabilities.sum()
    mean = probabilities @ patterns
    return mean, (patterns.T * probabilities) @ patterns - np.outer(mean, mean)


def count_moments(device) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of post-selected counts.

    Args:
      device: PhotonicDevice with number-resolving detectors, two modes or more, and up to about 9
        photons; 24 distinguishable ones.

    Returns:
      float64 arrays, shapes `[modes]` and `[modes, modes]`.

    Raises:
      ValueError: if the device is larger.
    """
    check_size(device)
    is_dark = device.dark_count_probability > 0
    in_mode = np.arange(device.photons + 1 + is_dark)
    in_total = np.arange(device.photons + 1 + is_dark * device.modes)
    pairs = list(itertools.combinations(range(device.modes), 2))
    shape = (len(in_total), len(in_mode), len(in_mode))
    steps = len(pairs) * int(np.prod(shape)) * max(device.photons, 1) * 2**device.photons
    if device.indistinguishability > 0 and steps > MAX_STEPS:
        raise ValueError(
            f"The moments of {device!r} after different losses in each mode take {steps:.1e} "
            f"steps; legal is up to {MAX_STEPS:.1e}. Estimate them from samples."
        )
    total_roots = np.exp(-2j * np.pi * in_total / len(in_total))
    mode_roots = np.exp(-2j * np.pi * in_mode / len(in_mode))
    least, most = device.postselect
    kept = (least <= in_total) & (in_total <= most)
    mean = np.zeros(device.modes)
    second = np.zeros((device.modes, device.modes))
    for i, k in pairs:
        weights = np.ones((*shape, device.modes), np.complex128)
        weights *= total_roots[:, None, None, None]
        weights[..., i] *= mode_roots[:, None]
        weights[..., k] *= mode_roots
        weights = weights.reshape(-1, device.modes)
        dark = 1.0 + device.dark_count_probability * (weights - 1.0)
        values = generating_function(device, weights) * dark.prod(axis=1)
        law = np.fft.ifftn(values.reshape(shape)).real[kept].sum(axis=0)
        law /= law.sum()
        mean[i], mean[k] = law.sum(axis=1) @ in_mode, law.sum(axis=0) @ in_mode
        second[i, i], second[k, k] = law.sum(axis=1) @ in_mode**2, law.sum(axis=0) @ in_mode**2
        second[i, k] = second[k, i] = in_mode @ law @ in_mode
    return mean, second - np.outer(mean, mean)
