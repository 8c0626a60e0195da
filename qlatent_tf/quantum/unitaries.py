"""Interferometers: Haar random, time-bin loops, or read from a file; random directions."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qlatent_tf.quantum.arguments import check_count, check_unitary
from qlatent_tf.storage import npy_files

LARGEST_SEED = 2**32 - 1


def haar_unitary(modes: int, seed: int) -> np.ndarray:
    """Returns a unitary drawn from the Haar measure.

    The QR decomposition of a complex Gaussian matrix is unique once the diagonal of R is made
    positive; without that phase fix Q follows the conventions of the linear algebra library
    instead of the Haar measure.

    A circuit is known by its seed, so the seed has to name the same circuit for ever. NumPy
    freezes the streams of `RandomState` (NEP 19), but not those of `Generator`; hence the former.

    Args:
      modes: int. The width of the interferometer, at least 1.
      seed: int, from 0 to 2**32 - 1.

    Returns:
      complex128 array, shape `[modes, modes]`.

    Raises:
      ValueError: if `modes` or `seed` is out of range.

    Reference: Mezzadri, "How to generate random matrices from the classical compact groups",
      Notices of the AMS 54, 2007.
    """
    modes = check_count(modes, "modes", least=1)
    parts = _random_state(seed).standard_normal((2, modes, modes))
    q, r = np.linalg.qr(parts[0] + 1j * parts[1])
    diagonal = np.diagonal(r)
    return np.ascontiguousarray(q * (diagonal / np.abs(diagonal)))


def random_directions(modes: int, directions: int, seed: int) -> np.ndarray:
    """Returns real unit vectors at right angles, columns of a Haar-random orthogonal matrix.

    Args:
      modes: int. The length of the vectors, at least 1.
      directions: int, from 1 to `modes`. The number of vectors.
      seed: int, from 0 to 2**32 - 1. Names the vectors, see `haar_unitary`.

    Returns:
      float64 array, shape `[modes, directions]`.

    Raises:
      ValueError: if an argument is out of range.
    """
    modes = check_count(modes, "modes", least=1)
    if check_count(directions, "directions", least=1) > modes:
        raise ValueError(f"{modes} modes have at most {modes} directions; received {directions}.")
    q, r = np.linalg.qr(_random_state(seed).standard_normal((modes, directions)))
    return np.ascontiguousarray(q * np.sign(np.diagonal(r)))


def loop_unitary(modes: int, delays, *, angles=None, seed: int | None = None) -> np.ndarray:
    """Returns the interferometer of a train of time bins that passes fibre loops one by one.

    A loop of delay d holds a pulse back for d time bins, so that its splitter couples the modes
    (i, i + d) for i = 0 .. modes - 1 - d, in this order:

        a_i^dag     ->  cos(theta) a_i^dag + sin(theta) a_{i+d}^dag
        a_{i+d}^dag -> -sin(theta) a_i^dag + cos(theta) a_{i+d}^dag

    One photon that enters a single splitter leaves it as (cos^2 theta, sin^2 theta).

    Args:
      modes: int. The number of time bins.
      delays: str such as "1-3-9", or a sequence of ints from 1 to modes - 1. One entry a loop.
      angles: array-like, shape `[sum(modes - delay)]`. The splitter angles, loop by loop.
      seed: int, from 0 to 2**32 - 1. Draws the angles uniformly from [0, 2 pi) instead.

    Returns:
      complex128 array, shape `[modes, modes]`; its entries are real.

    Raises:
      ValueError: if a delay does not fit the modes, the number of angles is wrong, or not exactly
        one of `angles` and `seed` is given.

    Example:
      >>> loop_unitary(16, "1-1", seed=0).shape
      (16, 16)
    """
    modes = check_count(modes, "modes", least=1)
    delays = parse_delays(delays)
    too_long = [delay for delay in delays if delay >= modes]
    if too_long:
        raise ValueError(
            f"A loop delay is from 1 to modes - 1 = {modes - 1}; received {too_long[0]}."
        )
    splitters = [(first, first + delay) for delay in delays for first in range(modes - delay)]
    if (angles is None) == (seed is None):
        raise ValueError(
            f"Give either the {len(splitters)} angles or a seed; received angles={angles!r} and "
            f"seed={seed!r}."
        )
    if seed is not None:
        angles = _random_state(seed).uniform(0.0, 2.0 * np.pi, len(splitters))
    angles = np.asarray(angles, np.float64)
    if angles.shape != (len(splitters),) or not np.isfinite(angles).all():
        raise ValueError(
            f"{modes} modes and the delays {delays} make {len(splitters)} splitters, each with a "
            f"finite angle; received angles of shape {angles.shape}."
        )
    unitary = np.eye(modes)
    for (first, second), angle in zip(splitters, angles, strict=True):
        cos, sin = np.cos(angle), np.sin(angle)
        unitary[[first, second]] = np.array([[cos, -sin], [sin, cos]]) @ unitary[[first, second]]
    return unitary.astype(np.complex128)


def parse_delays(delays) -> tuple[int, ...]:
    """Returns loop delays as integers; "1-3-9" means (1, 3, 9).

    Raises:
      ValueError: if there is none, or one is not a positive whole number.
    """
    parts = delays.split("-") if isinstance(delays, str) else list(np.atleast_1d(delays))
    parsed = ()
    try:
        parsed = tuple(int(part) for part in parts)
        legal = bool(parsed) and all(
            delay >= 1 and (isinstance(part, str) or delay == part)
            for delay, part in zip(parsed, parts, strict=True)
        )
    except (TypeError, ValueError):
        legal = False
    if not legal:
        raise ValueError(
            f"Loop delays read like '1-3-9' or (1, 3, 9), whole numbers from 1; "
            f"received {delays!r}."
        )
    return parsed


def load_unitary(
    path: str | os.PathLike,
    key: str | None = None,
    check: Callable[[np.ndarray], np.ndarray] = check_unitary,
) -> np.ndarray:
    """Reads an interferometer from a file.

    Args:
      path: path. `.npy`; `.npz` (one array, or `key`); or `.csv`, one row a line, entries such as
        `0.5`, `0.5+0.25j`, separated by commas.
      key: str. The array of a `.npz` file that holds several.
      check: callable. Refuses what is no legal matrix; unitary ones alone are by default.

    Returns:
      complex128 array, shape `[modes, modes]`.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the format is unknown, the file is damaged, or the matrix is not legal.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no unitary file {path}.")
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", ".csv"):
        raise ValueError(f"A unitary file ends in .npy, .npz, .csv; received {path}.")
    if key is not None and suffix != ".npz":
        raise ValueError(f"Only a .npz file has keys; received key={key!r} for {path}.")
    if suffix == ".csv":
        matrix = _read_csv(path)
    else:
        matrix = npy_files.open_npy(path) if suffix == ".npy" else npy_files.open_npz(path, key)
    try:
        return check(matrix)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _random_state(seed: int) -> np.random.RandomState:
    if check_count(seed, "seed") > LARGEST_SEED:
        raise ValueError(f"seed is at most 2**32 - 1; received {seed}.")
    return np.random.RandomState(int(seed))


def _read_csv(path: Path) -> np.ndarray:
    try:
        with open(path, encoding="utf-8") as lines:
            rows = [
                [complex(entry.strip()) for entry in line.split(",")]
                for line in lines
                if line.strip()
            ]
        if len({len(row) for row in rows}) != 1:
            raise ValueError("its rows have different lengths, or there are none")
    except ValueError as error:
        raise ValueError(f"Cannot read a matrix from {path}: {error}") from error
    return np.array(rows)
