"""A way through an interferometer, output by output, that keeps few modes at a time.

A mode is let in when an output first depends on it, and an output is measured as soon as all it
depends on is there. Between two outputs the photons that came in and were not counted are in as
many modes as were let in and not measured. With loops of delays d_1, d_2, ... output i depends on
the inputs up to i + d_1 + d_2 + ... alone, so d_1 + d_2 + ... modes are kept at most. Nothing of
this is said by whoever gives the matrix: it is read off the zeros, so that a matrix from a file
or a shallow mesh has its way, too.

**Order.** The next output is one that lacks the fewest inputs, the first of them. Loops of delay 2,
whose even and odd bins never meet, are so walked one half after the other, with one mode kept.

**Empty inputs.** Any unitary mixture of empty modes is empty. So all that an output depends on of
the empty inputs not yet let in is one mode, and there are never more modes kept than inputs with
photons were let in, whatever the matrix.

**Elimination.** The row of an output is a vector v over the kept modes 1, 2, ... and the new one.
Mixing neighbours, the last first, turns v to the first mode (see `few_modes` for how two modes
are mixed): for v_p, v_{p+1} with angles a = atan2(|v_{p+1}|, |v_p|) the phases are
before = -i (phase of v_{p+1}) / (phase of v_p) and between = exp(-2ia). Then one splitter of the
first mode and the new one, cos : sin = |v_1| : |v_new|, has the output on one side, and a mode that
is kept on the other.
"""

import dataclasses
import math

import numpy as np

from qlatent_tf.quantum.kernels.splitters import balanced_start, table_start

NEGLIGIBLE = 1e-14  # smaller entries of a unitary are rounding errors of 0

LET_IN, MIX, SPLIT, MEASURE = range(4)


@dataclasses.dataclass(frozen=True)
class WalkShape:
    """How many modes a walk keeps; known from the zeros of the matrix alone.

    Attributes:
      order: int array, shape `[modes]`. The outputs as they are measured.
      widths: int array, shape `[modes]`. Modes kept behind each output, at most.
      entered: int array, shape `[modes]`. Photons let in by then.
      largest: int array, shape `[modes]`. The most photons of an input let in for each output.
      mean_kept: float array, shape `[modes]`. Photons in the kept modes just before each output
        is measured, on average.
    """

    order: np.ndarray
    widths: np.ndarray
    entered: np.ndarray
    largest: np.ndarray
    mean_kept: np.ndarray

    @property
    def width(self) -> int:
        """The most modes that are kept."""
        return int(self.widths.max(initial=1))

    @property
    def amplitudes(self) -> int:
        """The most amplitudes that a state can have: with all photons still there."""
        return max(
            math.comb(int(photons) + max(int(width), 1) - 1, int(photons))
            for photons, width in zip(self.entered, self.widths, strict=True)
        )

    @property
    def num_bytes(self) -> int:
        """The most memory that a walk takes, for one state and all splitters."""
        photons, largest = self.entered.tolist(), self.largest.tolist()
        splitters = sum(table_start(n, k + 1) for n, k in zip(photons, largest, strict=True))
        balanced = balanced_start(max(photons) + 1)
        return 16 * self.amplitudes + 8 * (splitters + balanced)


def walk_shape(unitary: np.ndarray, input_state: np.ndarray) -> WalkShape:
    """Returns the order of the outputs and the modes to keep."""
    modes = len(unitary)
    needs = np.abs(unitary) > NEGLIGIBLE
    lacking = needs.sum(axis=1)
    is_in = np.zeros(modes, bool)
    order, widths, entered, largest = (np.zeros(modes, np.int64) for _ in range(4))
    is_in_at = np.zeros((modes, modes), bool)
    for step in range(modes):
        output = int(np.argmin(lacking))
        new = needs[output] & ~is_in
        is_in |= new
        lacking -= needs[:, new].sum(axis=1)
        lacking[output] = 2 * modes  # done
        order[step] = output
        widths[step] = min(is_in.sum() - step - 1, (is_in & (input_state > 0)).sum())
        entered[step] = input_state[is_in].sum()
        largest[step] = input_state[new].max(initial=0)
        is_in_at[step] = is_in
    # Photons of each input that are in no output before this one.
    unmeasured = np.cumsum((np.abs(unitary[order]) ** 2)[::-1], axis=0)[::-1]
    mean_kept = (np.where(is_in_at, unmeasured, 0.0) @ input_state).astype(np.float64)
    return WalkShape(order, widths, entered, largest, mean_kept)


def plan_walk(
    unitary: np.ndarray, input_state: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps of a walk that measures the outputs in a given order.

    Returns:
      int64 array, shape `[steps, 3]`: LET_IN, input, 0; MIX, modes in front of the pair, 0; SPLIT,
      output, input; MEASURE, output, 0, where an empty mode is the input number `modes`. And
      complex128 array, shape `[steps, 2]`: of MIX, the phases before and between the balanced
      splitters; of SPLIT, cos and sin.
    """
    planner = _Planner(unitary, input_state)
    for output in order:
        planner.reach(int(output))
    steps, numbers = zip(*planner.steps, strict=True)
    return np.array(steps, np.int64), np.array(numbers, np.complex128)


class _Planner:
    """Steps so far, and what the modes that are kept mean to the outputs to come.

    Attributes:
      kept: list of complex arrays, shape `[modes]`. Mode by mode, the amplitudes with which a
        photon of it goes to each output.
      empty: complex array, shape `[modes, inputs]`. The same for empty inputs not yet let in.
      waiting: list of int. Inputs with photons not yet let in.
      steps: list of pairs: a step, and its numbers.
    """

    def __init__(self, unitary, input_state):
        self.unitary = unitary
        self.kept: list[np.ndarray] = []
        self.empty = unitary[:, input_state == 0].astype(np.complex128)
        self.waiting = np.flatnonzero(input_state).tolist()
        self.steps = []

    def reach(self, output: int) -> None:
        """Adds the steps from the output before to this one."""
        for behind in reversed(range(len(self.kept) - 1)):
            self._mix(behind, output)
        entering = self._entering(output)
        if entering and not self.kept:
            self._let_in(entering.pop(0), output)
        last = entering.pop() if entering else None
        for mode in entering:
            self._let_in(mode, output)
        if last is None:
            self.kept.pop(0)
            self._add(MEASURE, output)
        else:
            self._split(output, *last)

    def _add(self, kind, first=0, second=0, numbers=(0.0, 0.0)):
        self.steps.append(((kind, first, second), numbers))

    def _entering(self, output: int) -> list[tuple[int, np.ndarray]]:
        """Takes the modes that an output depends on from those that wait: (input, column)."""
        entering = []
        row = self.empty[output]
        norm = np.linalg.norm(row)
        if norm > NEGLIGIBLE:
            # A reflection of the empty modes that leaves the output to the first of them.
            mirror = row.conj()
            mirror[0] += norm * _phase(mirror[0])
            mirror /= np.linalg.norm(mirror)
            self.empty = self.empty - 2 * np.outer(self.empty @ mirror, mirror.conj())
            entering.append((len(self.unitary), self.empty[:, 0]))
            self.empty = self.empty[:, 1:]
        new = [j for j in self.waiting if abs(self.unitary[output, j]) > NEGLIGIBLE]
        self.waiting = [j for j in self.waiting if j not in new]
        return entering + [(j, self.unitary[:, j]) for j in new]

    def _let_in(self, mode, output):
        number, column = mode
        self.kept.insert(0, column)
        self._add(LET_IN, number)
        if len(self.kept) > 1:
            self._mix(0, output)

    def _mix(self, behind, output):
        """Turns what the output has of two neighbouring modes to the first of them."""
        first, second = self.kept[behind : behind + 2]
        if abs(second[output]) <= NEGLIGIBLE:
            return
        before = -1j * _phase(second[output]) / _phase(first[output])
        between = np.exp(-2j * math.atan2(abs(second[output]), abs(first[output])))
        second = second / before
        first, second = (first + second) / 2, (first - second) / 2 / between
        self.kept[behind : behind + 2] = first + second, first - second
        self._add(MIX, behind, numbers=(before, between))

    def _split(self, output, number, column):
        """The first mode and a new one, of which the output is a mixture, meet at a splitter."""
        first, new = self.kept[0][output], column[output]
        norm = math.hypot(abs(first), abs(new))
        cos, sin = abs(first) / norm, abs(new) / norm
        self.kept[0] = sin * self.kept[0] - cos * _phase(first) / _phase(new) * column
        self._add(SPLIT, output, number, (cos, sin))


def _phase(number):
    """Returns the phase of a complex number, 1 for 0."""
    return number / abs(number) if number else 1.0
