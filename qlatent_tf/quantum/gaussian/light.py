"""What enters a Gaussian device, and the second moments of what leaves it.

Each input j holds light of the mean photon number n_j = sinh^2 r_j, where r_j is the squeezing of
the device that is imitated. The kinds of light differ in m_j = <a_j a_j>:

    squeezed    m_j = sinh r_j cosh r_j     a pure state, which no classical light equals
    squashed    m_j = +-n_j                 one quadrature fluctuates, the other as vacuum does
    thermal     m_j = 0                     both fluctuate alike
    coherent    m_j = 0                     a laser pulse of a uniformly random phase

+- is the sign of r_j: m_j is as large as classical light allows. A device with the transfer matrix
T (output modes, inputs) then has

    N_ik = <a_i^dag a_k> = sum_j T_ij* T_kj n_j        M_ik = <a_i a_k> = sum_j T_ij T_kj m_j

and Wick's theorem gives every moment of all but coherent light, which is not Gaussian.

References:
  - Hamilton et al., "Gaussian boson sampling", arXiv:1612.01199.
  - Jahangiri, Arrazola, Quesada, Killoran, "Point processes with Gaussian boson sampling",
    arXiv:1906.11972 (classical Gaussian light).
  - Madsen et al., "Quantum computational advantage with a programmable photonic processor", Nature
    606, 75 (2022) (squashed, thermal and coherent light in place of a device's).
  - Martinez-Cifuentes, Fonseca-Romero, Quesada, "Classical models may be a better explanation of
    the Jiuzhang 1.0 Gaussian boson sampler than its targeted squeezed light model",
    arXiv:2207.10058.
"""

import numpy as np

from qlatent_tf.checks import as_array
from qlatent_tf.quantum.arguments import SINGLE_PRECISION_TOLERANCE, UNITARY_TOLERANCE

LIGHTS = ("squeezed", "squashed", "thermal", "coherent")
MAX_SQUEEZING = 5.0  # 43 dB; the largest ever measured is 15 dB


def check_transfer(matrix) -> np.ndarray:
    """Returns a transfer matrix, complex128, shape `[modes, inputs]`, after checking it.

    Raises:
      ValueError: if it is not a finite matrix, or amplifies: a singular value exceeds 1 by more
        than 1e-8 (complex64 and float32: 1e-5).
    """
    array = as_array(matrix, "A transfer matrix holds numbers in the shape (modes, inputs)")
    if array.ndim != 2 or 0 in array.shape or array.dtype.kind not in "biufc":
        raise ValueError(
            "A transfer matrix holds numbers in the shape (modes, inputs); received "
            f"{array.dtype} of shape {array.shape}."
        )
    transfer = np.array(array, np.complex128, order="C")
    if not np.isfinite(transfer).all():
        row, column = np.argwhere(~np.isfinite(transfer))[0]
        raise ValueError(
            f"A transfer matrix is finite; received {array[row, column]} at row {row}, column "
            f"{column}."
        )
    is_single = array.dtype in (np.float32, np.complex64)
    tolerance = SINGLE_PRECISION_TOLERANCE if is_single else UNITARY_TOLERANCE
    deviation = float(np.linalg.norm(transfer, ord=2)) - 1.0
    if not deviation <= tolerance:
        raise ValueError(
            "A transfer matrix loses light and adds none: its singular values are at most 1, up to "
            f"{tolerance:g} in {array.dtype}; the largest received is {1 + deviation:.9g}."
        )
    return transfer


def check_squeezing(value, inputs: int) -> np.ndarray:
    """Returns the squeezing of each input, float64, shape `[inputs]`.

    Args:
      value: float, or array-like of at most `inputs` floats: vacuum enters what is left.
      inputs: int. The columns of the transfer matrix.

    Raises:
      ValueError: if there are more, or one is not from -5 to 5.
    """
    legal = f"squeezing is a number, or a list of up to {inputs}, one an input"
    array = as_array(value, legal)
    if array.dtype.kind not in "iuf" or array.ndim > 1 or array.size > inputs or array.size == 0:
        raise ValueError(f"{legal}; received {value!r}.")
    if not (np.abs(array) <= MAX_SQUEEZING).all():
        raise ValueError(
            f"squeezing is from -{MAX_SQUEEZING:g} to {MAX_SQUEEZING:g}; received {value!r}."
        )
    squeezing = np.zeros(inputs)
    squeezing[: array.size if array.ndim else inputs] = array
    return squeezing


def input_moments(squeezing: np.ndarray, light: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns n_j and m_j of the inputs, float64, shape `[inputs]` each."""
    photons = np.sinh(squeezing) ** 2
    if light == "squeezed":
        return photons, np.sinh(squeezing) * np.cosh(squeezing)
    if light == "squashed":
        return photons, np.sign(squeezing) * photons
    return photons, np.zeros_like(photons)


def output_moments(
    transfer: np.ndarray, photons: np.ndarray, anomalous: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns N and M, complex128, shape `[modes, modes]` each."""
    return (transfer.conj() * photons) @ transfer.T, (transfer * anomalous) @ transfer.T


def normal_covariance(number: np.ndarray, anomalous: np.ndarray) -> np.ndarray:
    """Returns R, half of what the quadratures vary beyond the vacuum.

    With x_i = a_i + a_i^dag, p_i = -i (a_i - a_i^dag) and their covariance V, the identity in
    vacuum, R = (V - 1) / 2 =

        Re (N + M)       Im (N + M)
        Im (N + M)^T     Re (N - M)

    Args:
      number: complex array N, shape `[..., modes, modes]`.
      anomalous: complex array M, the same shape.

    Returns:
      float64 array, shape `[..., 2 modes, 2 modes]`: all x, then all p.
    """
    mixed = np.imag(number + anomalous)
    return np.block(
        [
            [np.real(number + anomalous), mixed],
            [np.swapaxes(mixed, -1, -2), np.real(number - anomalous)],
        ]
    )
