"""Meshes of beam splitters: which modes meet where, and the angles that make a given unitary.

A splitter of the modes (a, b) with the angle theta and the phase phi, which stands ahead of its
first input, is

    T(theta, phi) = [[e^{i phi} cos theta, -sin theta], [e^{i phi} sin theta, cos theta]]

on the rows a and b of what came before, `loop_unitary`'s splitter where phi is 0. A mesh is the
product of all of them, the first one rightmost, and a phase at each output.

Reference: Clements et al., "An optimal design for universal multiport interferometers",
  arXiv 1603.08788.
"""

import dataclasses
import functools

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.arguments import check_unitary
from qlatent_tf.quantum.unitaries import loop_splitters, parse_delays

CLEMENTS = "clements"


@dataclasses.dataclass(frozen=True)
class Mesh:
    """The splitters of an interferometer, in the order in which light meets them.

    Attributes:
      modes: int.
      pairs: int array, shape `[splitters, 2]`. The modes of each splitter.
      layers: int array, shape `[splitters]`. Splitters of one layer share no mode; each is in the
        first layer behind those that it follows.
    """

    modes: int
    pairs: np.ndarray
    layers: np.ndarray

    @property
    def depth(self) -> int:
        """The number of layers."""
        return int(self.layers.max(initial=-1)) + 1

    @property
    def splitters(self) -> int:
        """The number of splitters."""
        return len(self.pairs)

    def unitary(self, angles, phases, output_phases) -> np.ndarray:
        """Returns the unitary, splitter by splitter.

        Args:
          angles: float array, shape `[splitters]`. Theta of each.
          phases: float array, shape `[splitters]`. Phi of each.
          output_phases: float array, shape `[modes]`.

        Returns:
          complex128 array, shape `[modes, modes]`.
        """
        matrix = np.eye(self.modes, dtype=np.complex128)
        for pair, angle, phase in zip(
            self.pairs, np.asarray(angles, np.float64), np.asarray(phases, np.float64), strict=True
        ):
            matrix[pair] = _splitter(angle, phase) @ matrix[pair]
        return np.exp(1j * np.asarray(output_phases, np.float64))[:, None] * matrix


@functools.lru_cache(maxsize=64)
def make_mesh(modes: int, name: str) -> Mesh:
    """Returns the mesh of a name.

    Args:
      modes: int. At least 1.
      name: str. `"clements"`, which makes any unitary in `modes` layers, or loop delays such as
        `"1-1"`, see `loop_unitary`.

    Raises:
      ValueError: if there is no such mesh, or a delay does not fit the modes.
    """
    modes = check_count(modes, "modes", least=1)
    if name == CLEMENTS:
        right = [first for is_right, first, *_ in _nulled_entries(modes) if is_right]
        left = [first for is_right, first, *_ in _nulled_entries(modes) if not is_right]
        pairs = [(first, first + 1) for first in right + left[::-1]]
    else:
        try:
            delays = parse_delays(name)
        except ValueError as error:
            raise ValueError(
                f"A mesh is {CLEMENTS!r} or loop delays such as '1-1'; received {name!r}."
            ) from error
        pairs = loop_splitters(modes, delays)
    free = np.zeros(modes, np.int64)
    layers = []
    for pair in map(list, pairs):
        layers.append(free[pair].max())
        free[pair] = layers[-1] + 1
    return Mesh(modes, np.reshape(pairs, (-1, 2)).astype(np.int64), np.array(layers, np.int64))


def clements_angles(unitary) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the angles with which a Clements mesh makes a unitary.

    Entries below the diagonal are brought to 0, diagonal by diagonal from the lower left corner, in
    turn by splitters from the right and from the left; what is left is diagonal. Those from the
    left are then moved to its other side by T^dag(theta, phi) D = D' T(theta, phi').

    Args:
      unitary: complex array-like, shape `[modes, modes]`.

    Returns:
      float64 arrays `angles` and `phases`, shape `[modes (modes - 1) / 2]`, and `output_phases`,
      shape `[modes]`; see `Mesh.unitary`.

    Raises:
      ValueError: if the matrix is not unitary.
    """
    matrix = check_unitary(unitary)
    right, left = [], []
    for is_right, first, row, column in _nulled_entries(len(matrix)):
        pair = [first, first + 1]
        if is_right:
            here, other = matrix[row, pair]
            angle, phase = np.arctan2(abs(here), abs(other)), np.angle(here) - np.angle(other)
            matrix[:, pair] = matrix[:, pair] @ _splitter(angle, phase).conj().T
            right.append((angle, phase))
        else:
            other, here = matrix[pair, column]
            angle, phase = np.arctan2(abs(here), abs(other)), np.angle(-here) - np.angle(other)
            matrix[pair] = _splitter(angle, phase) @ matrix[pair]
            left.append((first, angle, phase))
    diagonal = np.diagonal(matrix).copy()
    moved = []
    for first, angle, phase in reversed(left):
        one, two = diagonal[first], diagonal[first + 1]
        moved.append((angle, np.angle(-one / two)))
        diagonal[first] = -np.exp(-1j * phase) * two
    angles, phases = np.reshape(right + moved, (-1, 2)).T
    return angles, phases, np.angle(diagonal)


def _nulled_entries(modes):
    """Yields (from the right?, first mode of the splitter, row, column) for each entry."""
    for diagonal in range(1, modes):
        if diagonal % 2:
            for j in range(diagonal):
                yield True, diagonal - j - 1, modes - j - 1, diagonal - j - 1
        else:
            for j in range(1, diagonal + 1):
                row = modes + j - diagonal - 1
                yield False, row - 1, row, j - 1


def _splitter(angle, phase):
    turn = np.exp(1j * phase)
    return np.array([
        [turn * np.cos(angle), -np.sin(angle)], [turn * np.sin(angle), np.cos(angle)]
    ])  # fmt: skip
