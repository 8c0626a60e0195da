"""Photon counts of Gaussian devices as a TensorFlow Probability distribution."""

from qlatent_tf.latents.device_counts import DeviceCounts
from qlatent_tf.quantum.gaussian.device import GaussianDevice


class GaussianPhotons(DeviceCounts):
    """Outcomes of independent Gaussian devices, side by side.

    #### Mathematical details

    Squeezed light of the parameters r_j enters the inputs of a transfer matrix T. With

    ```none
    N = conj(T) diag(sinh^2 r) T^t        M = T diag(sinh r cosh r) T^t
    ```

    the photon numbers have the mean N_ii and the covariance |N_ik|^2 + |M_ik|^2 + d_ik N_ii. The
    probability of an outcome is a hafnian; it is not computed. `GaussianDevice` says what classical
    light changes, and threshold detectors.

    Draw i under a seed depends on the devices, the seed and i alone, see `DeviceCounts`.

    Args:
      devices: GaussianDevice, or sequence of them. Their outcomes are concatenated.
      loc: array-like, shape `[width]`. Is added to the counts; zeros by default.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if there is no device, or `loc` does not have their joint width.

    #### Example

    ```python
    device = GaussianDevice(haar_unitary(16, seed=0), 0.66, light="squashed")
    latent = GaussianPhotons(device, loc=-device.mean())
    latent.sample(500, seed=(0, 1))  # shape [500, 16], of mean 0
    ```

    #### References

    - Hamilton et al., "Gaussian boson sampling", arXiv:1612.01199.
    """

    DEVICE = GaussianDevice
    SALT = "GaussianPhotons"
