"""Distinguishable photons: each one goes its own way, photon c to mode r with |U[r, c]|^2."""

import numpy as np

from qlatent_tf.quantum.arguments import (
    check_input_state,
    check_outcomes,
    check_sample_range,
    check_unitary,
)
from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.alias_table import alias_index, alias_records
from qlatent_tf.quantum.kernels.permanents import MAX_ORDER, log_factorials, repeated_row_permanent
from qlatent_tf.quantum.kernels.zero_permanents import without_noise
from qlatent_tf.quantum.random_streams import GAMMA, mix64, stream_key, stream_state
from qlatent_tf.quantum.threads import check_num_threads, run_chunks

SAMPLES_PER_CHUNK = 2048


@kernel
def _send_photons(records, mask, key, start, first, last, rows):
    """Adds the photons of samples start + first .. to rows; an empty mask sends all of them."""
    photons = len(records)
    for i in range(first, last):
        state = stream_state(key, start + i)
        for photon in range(photons):
            # The draw is used up for an unsent photon too: the others must not notice.
            state += GAMMA
            if len(mask) == 0 or mask[i, photon]:
                rows[i, alias_index(records[photon], mix64(state))] += 1


@kernel
def _permanents_of_outcomes(rates, outcomes, first, last, results):
    for i in range(first, last):
        results[i] = repeated_row_permanent(rates, outcomes[i])


class DistinguishableSampler:
    """Classical particles in an interferometer, the control experiment of boson sampling.

    Args:
      unitary: complex array-like, shape `[modes, modes]`.
      input_state: integers, shape `[modes]`. Photons sent into each mode.
      num_threads: int. Threads to use, None for all; has no influence on the samples.

    Attributes:
      modes, photons: int. The width and the number of photons sent.
      unitary, input_state: as given, after checks.

    Raises:
      ValueError: if the unitary or the input state is not one.

    Example:
      >>> sampler = DistinguishableSampler(np.array([[1, 1], [1, -1]]) / 2**0.5, [1, 1])
      >>> sampler.sample(1000, seed=0).shape
      (1000, 2)
    """

    def __init__(self, unitary, input_state, *, num_threads: int | None = None):
        self.unitary = check_unitary(unitary)
        self.modes = len(self.unitary)
        self.input_state = check_input_state(input_state, self.modes)
        self.photons = int(self.input_state.sum())
        check_num_threads(num_threads)
        self._num_threads = num_threads
        # [modes, photons]: |U|^2 of each photon's input mode, photons listed mode by mode
        self._rates = np.ascontiguousarray(
            np.repeat(np.abs(self.unitary) ** 2, self.input_state, axis=1)
        )
        self._records = np.empty((self.photons, self.modes), np.uint64)
        for photon, rates in enumerate(self._rates.T):
            self._records[photon] = alias_records(rates)

    def __repr__(self) -> str:
        return f"DistinguishableSampler(modes={self.modes}, photons={self.photons})"

    def sample(
        self, num_samples: int, seed: int, *, start: int = 0, photon_mask=None
    ) -> np.ndarray:
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64. Sample number start + i depends on (seed, start + i).
          start: int. The number of the first sample.
          photon_mask: bool array-like, shape `[num_samples, photons]`. The photons that are
            sent, listed mode by mode; None for all.

        Returns:
          uint8 array, shape `[num_samples, modes]`.

        Raises:
          ValueError: if the mask has the wrong shape or is not boolean.
        """
        num_samples, start = check_sample_range(num_samples, start, self.modes)
        mask = np.empty((0, self.photons), np.bool_)
        if photon_mask is not None:
            mask = np.ascontiguousarray(photon_mask)
            if mask.shape != (num_samples, self.photons) or mask.dtype != np.bool_:
                raise ValueError(
                    f"photon_mask is a bool array of shape ({num_samples}, {self.photons}); "
                    f"received {mask.dtype} of shape {mask.shape}."
                )
        key = stream_key(seed, "distinguishable")
        rows = np.zeros((num_samples, self.modes), np.uint8)

        def send(first, last):
            _send_photons(self._records, mask, key, start, first, last, rows)

        run_chunks(send, num_samples, self._num_threads, SAMPLES_PER_CHUNK)
        return rows

    def log_prob(self, outcomes) -> np.ndarray:
        """Returns exact log-probabilities: `log(Per(|U|^2[outcome, input]) / prod outcome!)`.

        Args:
          outcomes: integers, shape `[batch, modes]`.

        Returns:
          float64 array, shape `[batch]`; -inf where an outcome cannot happen.

        Raises:
          ValueError: if the outcomes are malformed, or the photons are more than 40.
        """
        outcomes = check_outcomes(outcomes, self.modes)
        possible = np.flatnonzero(outcomes.sum(axis=1) == self.photons)
        if self.photons > MAX_ORDER and len(possible):
            raise ValueError(
                f"log_prob sums 2^(photons - 1) terms; legal is up to {MAX_ORDER} photons, "
                f"received {self.photons}."
            )
        values = np.empty(len(possible))
        chosen = outcomes[possible]

        def fill(first, last):
            _permanents_of_outcomes(self._rates, chosen, first, last, values)

        run_chunks(fill, len(chosen), self._num_threads)
        values = without_noise(values, self._rates, chosen)
        result = np.full(len(outcomes), -np.inf)
        with np.errstate(divide="ignore"):
            result[possible] = np.log(values) - log_factorials(chosen)
        return result
