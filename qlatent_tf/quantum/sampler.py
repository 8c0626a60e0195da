"""Exact boson sampling: one class in front of three methods."""

import numpy as np
from numba import njit

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.fock_table import DEFAULT_MAX_TABLE_BYTES, FockTable, table_bytes
from qlatent_tf.quantum.permanents import log_factorials, repeated_row_permanent
from qlatent_tf.quantum.threads import check_num_threads, run_chunks
from qlatent_tf.quantum.validate import (
    check_count,
    check_input_state,
    check_outcomes,
    check_photons_per_sample,
    check_unitary,
)

METHODS = ("auto", "table", "lanes", "glynn")
PRECISIONS = ("double", "single")
MAX_PHOTONS_OF_METHOD = {"lanes": 20, "glynn": 40}


@njit(cache=True, nogil=True)
def _permanents_of_outcomes(columns, outcomes, first, last, results):
    for i in range(first, last):
        results[i] = repeated_row_permanent(columns, outcomes[i])


class BosonSampler:
    """Exact samples of identical photons behind a lossless interferometer.

    Args:
      unitary: complex array-like, shape `[modes, modes]`.
      input_state: integers, shape `[modes]`. Photons sent into each mode, several allowed.
      method: str. `"table"` (all outcomes in memory, then 10 ns a sample), `"lanes"` (many
        samples at once, best for few photons), `"glynn"` (one sample at a time, best for many
        photons), or `"auto"`: the cheapest for `expected_samples`, decided here once.
      precision: str. `"double"` or `"single"`; the latter is about twice as fast from 20 photons.
      max_table_bytes: int. The memory a table may take.
      expected_samples: int. How many samples will be asked for in all, to weigh the methods.
      num_threads: int. Threads to use, None for all; has no influence on the samples.

    Attributes:
      modes, photons: int. The width and the number of photons sent.
      unitary, input_state: as given, after checks.
      method: str. The method in use. Samples depend on (unitary, input_state, method, precision,
        seed, sample number) alone.

    Raises:
      ValueError: if the unitary or the input state is not one, an option is unknown, or the
        photons are more than the method can hold.

    Example:
      >>> sampler = BosonSampler(np.array([[1, 1], [1, -1]]) / 2**0.5, [1, 1])
      >>> sorted({tuple(map(int, row)) for row in sampler.sample(1000, seed=0)})
      [(0, 2), (2, 0)]
    """

    def __init__(
        self,
        unitary,
        input_state,
        *,
        method: str = "auto",
        precision: str = "double",
        max_table_bytes: int = DEFAULT_MAX_TABLE_BYTES,
        expected_samples: int = 1_000_000,
        num_threads: int | None = None,
    ):
        if method not in METHODS:
            raise ValueError(f"method is one of {', '.join(METHODS)}; received {method!r}.")
        if precision not in PRECISIONS:
            raise ValueError(
                f"precision is one of {', '.join(PRECISIONS)}; received {precision!r}."
            )
        self.unitary = check_unitary(unitary)
        self.modes = len(self.unitary)
        self.input_state = check_input_state(input_state, self.modes)
        self.photons = int(self.input_state.sum())
        self.precision = precision
        self._num_threads = check_num_threads(num_threads)
        if method == "auto":
            method = choose_method(
                self.modes, self.photons, expected_samples, max_table_bytes=max_table_bytes
            )
        most = MAX_PHOTONS_OF_METHOD.get(method)
        if most is not None and self.photons > most:
            raise ValueError(
                f"Method {method!r} holds up to {most} photons; received {self.photons}."
            )
        self.method = method
        self._columns = np.ascontiguousarray(np.repeat(self.unitary, self.input_state, axis=1))
        self._table = None
        if method == "table":
            self._table = FockTable(
                self.unitary, self.input_state, max_bytes=max_table_bytes, num_threads=num_threads
            )

    def sample(
        self,
        num_samples: int,
        seed: int,
        *,
        start: int = 0,
        photons_per_sample=None,
        return_log_prob: bool = False,
        return_photons: bool = False,
    ):
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64. Sample number start + i depends on (seed, start + i)
            alone, whatever the batches and threads.
          start: int. The number of the first sample.
          photons_per_sample: integers in 0..photons, shape `[num_samples]`. Sends only so many
            photons, a uniformly random subset of them. Not available for the table.
          return_log_prob: bool. Whether to return the log-probability of each row; with
            `photons_per_sample` it is conditional on which photons were sent.
          return_photons: bool. Whether to return which photons were sent.

        Returns:
          uint8 array, shape `[num_samples, modes]`, the rows. Then, if asked for: float64 array,
          shape `[num_samples]`, log-probabilities; bool array, shape `[num_samples, photons]`,
          the photons sent, listed mode by mode of the input state.

        Raises:
          ValueError: if an argument is malformed, or the table is asked for subsets.
        """
        num_samples = check_count(num_samples, "num_samples")
        start = check_count(start, "start")
        if photons_per_sample is not None:
            if self.method == "table":
                raise ValueError(
                    "photons_per_sample needs method 'lanes' or 'glynn': the table holds the law "
                    "of all photons only."
                )
            photons_per_sample = check_photons_per_sample(
                photons_per_sample, num_samples, self.photons
            )
        if self._table is not None:
            used = np.ones((num_samples, self.photons), bool)
            log_probs = None
            if return_log_prob:
                rows, log_probs = self._table.sample_with_log_prob(num_samples, seed, start=start)
            else:
                rows = self._table.sample(num_samples, seed, start=start)
        else:
            rows = np.zeros((num_samples, self.modes), np.uint8)
            used = np.zeros((num_samples, self.photons), bool)
            log_probs = np.zeros(num_samples)
            for i in range(num_samples):
                kept = None if photons_per_sample is None else int(photons_per_sample[i])
                rows[i], used[i] = reference.sample(
                    self.unitary, self.input_state, seed, start + i, kept
                )
                if return_log_prob:
                    state = np.zeros(self.modes, int)
                    np.add.at(state, np.repeat(np.arange(self.modes), self.input_state)[used[i]], 1)
                    log_probs[i] = np.log(reference.probability(self.unitary, state, rows[i]))
        results = [rows]
        if return_log_prob:
            results.append(log_probs)
        if return_photons:
            results.append(used)
        return results[0] if len(results) == 1 else tuple(results)

    def log_prob(self, outcomes) -> np.ndarray:
        """Returns exact log-probabilities.

        Args:
          outcomes: integers, shape `[batch, modes]`.

        Returns:
          float64 array, shape `[batch]`; -inf where the photon number is wrong.

        Raises:
          ValueError: if the outcomes are malformed.
        """
        outcomes = check_outcomes(outcomes, self.modes)
        possible = np.flatnonzero(outcomes.sum(axis=1) == self.photons)
        chosen = outcomes[possible]
        values = np.empty(len(possible), np.complex128)

        def fill(first, last):
            _permanents_of_outcomes(self._columns, chosen, first, last, values)

        run_chunks(fill, len(chosen), self._num_threads)
        result = np.full(len(outcomes), -np.inf)
        with np.errstate(divide="ignore"):
            result[possible] = (
                2 * np.log(np.abs(values))
                - log_factorials(chosen)
                - log_factorials(self.input_state)
            )
        return result


def choose_method(
    modes: int, photons: int, expected_samples: int, *, max_table_bytes: int
) -> str:
    """Returns the cheapest method for so many samples of one circuit."""
    if table_bytes(modes, photons) <= max_table_bytes and photons <= 9:
        return "table"
    return "lanes" if photons <= 11 else "glynn"
