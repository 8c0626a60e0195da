"""Exact boson sampling: one class in front of four methods."""

import math
from typing import Any

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.arguments import (
    check_input_state,
    check_outcomes,
    check_photons_per_sample,
    check_sample_range,
    check_unitary,
)
from qlatent_tf.quantum.kernels.batch_minors import LANES
from qlatent_tf.quantum.kernels.permanents import log_factorials
from qlatent_tf.quantum.kernels.zero_permanents import (
    SMALLEST_AMPLITUDE,
    has_free_permutation,
    log_noise,
)
from qlatent_tf.quantum.memory import readable_bytes
from qlatent_tf.quantum.random_streams import stream_key
from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES, FockTable
from qlatent_tf.quantum.samplers.lanes import UNROLL, sample_lanes
from qlatent_tf.quantum.samplers.loops import WalkSampler
from qlatent_tf.quantum.samplers.method_choice import (
    GLYNN_MAX_PHOTONS,
    MAX_METHOD_PHOTONS,
    choose_method,
    glynn_seconds,
    lanes_seconds,
    sampling_seconds,
    weighed_photons,
)
from qlatent_tf.quantum.samplers.one_by_one import log_permanents, sample_range
from qlatent_tf.quantum.samplers.walk_plan import WalkShape, walk_shape
from qlatent_tf.quantum.threads import CHUNK_SECONDS, check_num_threads, run_chunks
from qlatent_tf.text.names import check_choice

METHODS: tuple[str, ...] = ("auto", "table", "lanes", "glynn", "loop")
PRECISIONS = {"double": np.float64, "single": np.float32}
_LOG_ROUNDINGS = math.log(8)  # rounding errors that a permanent may have
LARGEST_SINGLE = 1e37  # a tenth of what float32 can hold


class BosonSampler:
    """Exact samples of identical photons behind a lossless interferometer.

    Args:
      unitary: complex array-like, shape `[modes, modes]`.
      input_state: integers, shape `[modes]`. Photons sent into each mode, several allowed.
      method: str. `"table"` (all outcomes in memory, then 10 ns a sample), `"lanes"` (many
        samples at once, best for few photons), `"glynn"` (one sample at a time, best for many
        photons), `"loop"` (output by output, for interferometers whose outputs depend on few
        inputs each, as those of short fibre loops do: any number of photons), or `"auto"`: the
        cheapest for `expected_samples`, decided here once.
      precision: str. Of the permanents; modes are always selected in double. `"single"` is about
        twice as fast from 16 photons, and moves the distribution of the last mode by a total
        variation of 1e-6 at 12, 2e-5 at 24 and 2e-4 at 30 photons in twice as many modes; it is not
        for many photons in few modes, where the sums cancel. Tables and loops are always double.
      max_table_bytes: int. The memory a table may take.
      expected_samples: int. How many samples will be asked for in all, to weigh the methods.
      num_threads: int. Threads to use, None for all; has no influence on the samples.
      most_sent: int. The most photons of a sample, where all samples send subsets, see
        `photons_per_sample`: the limits of a method hold for these. None for all photons.

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

    References:
      - Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214 (`lanes`, `glynn`).
      - Heurtel et al., "Strong simulation of linear optical processes", arXiv:2206.10549 (`table`).
      - Novak et al., "Boundaries for quantum advantage with single photons and loop-based time-bin
        interferometers", arXiv:2411.16873 (`loop`).
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
        most_sent: int | None = None,
    ):
        method = check_choice("method", method, METHODS)
        self.unitary = check_unitary(unitary)
        self.modes = len(self.unitary)
        self.input_state = check_input_state(input_state, self.modes)
        self.photons = int(self.input_state.sum())
        self.precision = check_choice("precision", precision, PRECISIONS)
        check_num_threads(num_threads)
        self._num_threads = num_threads
        expected_samples = check_count(expected_samples, "expected_samples")
        max_table_bytes = check_count(max_table_bytes, "max_table_bytes")
        self._most_sent = self.photons
        if most_sent is not None:
            self._most_sent = min(check_count(most_sent, "most_sent"), self.photons)
        weighed = weighed_photons(self.photons, self._most_sent)
        walk: WalkShape | None = None
        if method in ("auto", "loop"):
            walk = walk_shape(self.unitary, self.input_state)
        asked = method
        if method == "auto":
            method = choose_method(
                self.modes, weighed, expected_samples, walk=walk,
                max_table_bytes=max_table_bytes if self._most_sent == self.photons else 0,
            )  # fmt: skip
        if self._most_sent > MAX_METHOD_PHOTONS.get(method, self._most_sent):
            whose = "No method" if asked == "auto" else f"Method {method!r}"
            raise ValueError(
                f"{whose} samples more than {MAX_METHOD_PHOTONS[method]} identical photons in such "
                f"a circuit; received {self._most_sent}."
                + (f" Method 'loop' takes {readable_bytes(walk.num_bytes)} here." if walk else "")
                + " Loops, interferometer='1-1', hold more, and so do interfering_photons=8 and "
                "distinguishable photons."
            )
        self.method = method
        self._walk_shape = walk
        # Photons are listed mode by mode; [real and imaginary part, photons, modes].
        columns = np.repeat(self.unitary, self.input_state, axis=1).T
        self._scale = _column_scale(columns, weighed)
        self._columns = np.ascontiguousarray([np.real(columns), np.imag(columns)]) * self._scale
        self._table = self._walk = None
        if method == "loop" and walk is not None:
            self._walk = WalkSampler(self.unitary, self.input_state, walk, self._num_threads)
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
    ) -> Any:
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
        num_samples, start = check_sample_range(
            num_samples, start, self.modes + 8 * bool(return_log_prob)
        )
        if photons_per_sample is not None:
            if self.method == "table":
                raise ValueError(
                    "photons_per_sample needs method 'lanes', 'glynn' or 'loop': the table holds "
                    "the distribution of all photons only."
                )
            photons_per_sample = check_photons_per_sample(
                photons_per_sample, num_samples, self._most_sent
            )
        elif self._most_sent < self.photons:
            raise ValueError(
                f"A sampler with most_sent={self._most_sent} sends subsets of its {self.photons} "
                "photons: name their sizes, photons_per_sample; received None."
            )
        log_probs = np.zeros(num_samples if return_log_prob else 0)
        needs_photons = return_photons or (return_log_prob and self.input_state.max() > 1)
        used = np.zeros((num_samples if needs_photons else 0, self.photons), np.bool_)
        if self._table is not None:
            rows = self._table.sample(num_samples, seed, start=start, log_probs=log_probs)
            used[:] = True
        elif self._walk is not None:
            key = stream_key(seed, "boson loop")
            rows = np.zeros((num_samples, self.modes), np.uint8)
            self._walk.walk(key, start, photons_per_sample, rows, log_probs, used)
        else:
            rows = np.zeros((num_samples, self.modes), np.uint8)
            draw = self._draw_lanes if self.method == "lanes" else self._draw_one_by_one
            draw(stream_key(seed, "boson"), start, photons_per_sample, rows, log_probs, used)
            if return_log_prob:
                log_probs -= self._log_norms(photons_per_sample, used)
        results = [rows]
        if return_log_prob:
            results.append(log_probs)
        if return_photons:
            results.append(used)
        return results[0] if len(results) == 1 else tuple(results)

    def __repr__(self) -> str:
        return f"BosonSampler(modes={self.modes}, photons={self.photons}, method={self.method!r})"

    def sampling_seconds(self, num_samples: int, photons: int | None = None) -> float:
        """Returns about how long one core takes for samples, of `photons` photons if not of all."""
        sent = self.photons if photons is None else photons
        return sampling_seconds(self.method, self.modes, sent, num_samples, self._walk_shape)

    def log_prob(self, outcomes) -> np.ndarray:
        """Returns exact log-probabilities.

        Args:
          outcomes: integers, shape `[batch, modes]`.

        Returns:
          float64 array, shape `[batch]`; -inf where an outcome cannot happen, or is so unlikely
          that its permanent cannot be told from rounding errors.

        Raises:
          ValueError: if the outcomes are malformed, or the photons more than 40 and the method not
            `"loop"`.
        """
        outcomes = check_outcomes(outcomes, self.modes)
        result = np.full(len(outcomes), -np.inf)
        possible = np.flatnonzero(outcomes.sum(axis=1) == self.photons)
        if self.photons == 0:
            result[possible] = 0.0
            return result
        if self._walk is not None:
            values = np.empty(len(possible))
            rows = outcomes[possible].astype(np.uint8)
            none = np.empty((0, self.photons), np.bool_)
            self._walk.walk(stream_key(0, ""), 0, None, rows, values, none, is_given=True)
            result[possible] = values
            return result
        if self.photons > GLYNN_MAX_PHOTONS and len(possible):
            raise ValueError(
                f"log_prob holds up to {GLYNN_MAX_PHOTONS} photons; received {self.photons}."
            )
        chosen = outcomes[possible]
        values = np.empty(len(chosen))

        def fill(first, last):
            log_permanents(self._columns, chosen, first, last, values)

        run_chunks(fill, len(chosen), self._num_threads)
        rows = np.abs(self._columns[0] + 1j * self._columns[1]).T
        values[values < 2 * (log_noise(rows, chosen) + _LOG_ROUNDINGS)] = -np.inf
        values[~has_free_permutation(rows > SMALLEST_AMPLITUDE * self._scale, chosen)] = -np.inf
        norm = 2 * self.photons * np.log(self._scale) + log_factorials(self.input_state)
        result[possible] = values - log_factorials(chosen) - norm
        return result

    def _draw_lanes(self, key, start, photons_per_sample, rows, log_probs, used):
        """Fills the outputs group by group of equal photon number."""
        dtype = PRECISIONS[self.precision]
        padding = ((0, 0), (0, -self.photons % UNROLL))
        matrix_re, matrix_im = (
            np.ascontiguousarray(np.pad(part.T, padding), dtype) for part in self._columns
        )
        everyone = np.empty(0, np.int64)
        groups = {self.photons: everyone}
        if photons_per_sample is not None:
            groups = {
                int(kept): np.flatnonzero(photons_per_sample == kept)
                for kept in np.unique(photons_per_sample)
            }
        for kept, members in groups.items():
            size = len(rows) if members is everyone else len(members)
            if kept == 0:
                continue

            def draw(first, last, kept=kept, members=members, size=size):
                sample_lanes(
                    matrix_re, matrix_im, self.photons, kept, key, start, members,
                    first * LANES, min(last * LANES, size), rows, log_probs, used,
                )  # fmt: skip

            seconds = lanes_seconds(self.modes, kept, LANES)
            least = math.ceil(CHUNK_SECONDS / seconds)
            run_chunks(draw, -(-size // LANES), self._num_threads, least)

    def _draw_one_by_one(self, key, start, photons_per_sample, rows, log_probs, used):
        columns = self._columns.astype(PRECISIONS[self.precision])
        kept = np.empty(0, np.int64) if photons_per_sample is None else photons_per_sample

        def draw(first, last):
            sample_range(columns, key, start, kept, first, last, rows, log_probs, used)

        if self.photons:
            least = math.ceil(CHUNK_SECONDS / glynn_seconds(self.modes, self.photons, 1))
            run_chunks(draw, len(rows), self._num_threads, least)

    def _log_norms(self, photons_per_sample, used):
        """What the kernels' log-probabilities have in excess: the scale, and input factorials."""
        sent = self.photons if photons_per_sample is None else photons_per_sample
        norms = 2 * np.log(self._scale) * sent
        if self.input_state.max() > 1:
            occupied = self.input_state[self.input_state > 0]
            starts = np.cumsum(occupied) - occupied
            norms = norms + log_factorials(np.add.reduceat(used, starts, axis=1, dtype=np.int64))
        return norms


def _column_scale(columns: np.ndarray, sent: int) -> float:
    """Returns the factor that keeps the sums of the kernels near 1 and within float32.

    sqrt(modes / n) makes a row sum of n = `sent` Haar-random columns about 1 in the last stage. Row
    sums are at most n times the largest mean of a row, and their products are added 2^(n-2) times.
    """
    photons, modes = columns.shape
    if sent == 0:
        return 1.0
    most_per_factor = (LARGEST_SINGLE * 2.0 ** (2 - sent)) ** (1.0 / sent)
    sizes = np.abs(columns)
    if sent < photons:
        sizes = np.sort(sizes, axis=0)[-sent:]
    largest_sum = sizes.sum(axis=0).max()
    return float(min(np.sqrt(modes / sent), most_per_factor / largest_sum))
