"""Interferometers: Haar random, time-bin loops, or read from a file; random directions."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qlatent_tf.checks import check_count, check_path, check_real, digits
from qlatent_tf.quantum.arguments import check_unitary
from qlatent_tf.quantum.circuits import read_blackbird, read_perceval
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.storage import npy_files
from qlatent_tf.storage.files import user_path

LARGEST_SEED = 2**32 - 1
UNITARY_SUFFIXES = (".npy", ".npz", ".csv", ".pcvl", ".xbb")


def haar_unitary(modes: int, seed: int) -> np.ndarray:
    """Returns a unitary drawn from the Haar measure.

    The QR decomposition of a complex Gaussian matrix is unique once the diagonal of R is made
    positive; without that phase fix Q follows the conventions of the linear algebra library
    instead of the Haar measure.

    A circuit is known by its seed, so the seed has to name the same circuit always. NumPy
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
    check_memory(80 * modes**2, f"Interferometers of {modes:,} modes")
    parts = random_state(seed).standard_normal((2, modes, modes))
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
    """
    modes = check_count(modes, "modes", least=1)
    if check_count(directions, "directions", least=1) > modes:
        raise ValueError(f"{modes} modes have at most {modes} directions; received {directions}.")
    q, r = np.linalg.qr(random_state(seed).standard_normal((modes, directions)))
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
    check_memory(40 * modes**2, f"Interferometers of {modes:,} modes")
    splitters = loop_splitters(modes, parse_delays(delays))
    if (angles is None) == (seed is None):
        raise ValueError(
            f"Give either the {len(splitters)} angles or a seed; received angles={angles!r} and "
            f"seed={seed!r}."
        )
    if seed is not None:
        angles = loop_angles(modes, delays, seed)
    angles = check_real(angles, "angles")
    if angles.shape != (len(splitters),):
        raise ValueError(
            f"{modes} modes and the delays {parse_delays(delays)} make {len(splitters)} splitters, "
            f"each with an angle; received angles of shape {angles.shape}."
        )
    unitary = np.eye(modes)
    for (first, second), angle in zip(splitters, angles, strict=True):
        cos, sin = np.cos(angle), np.sin(angle)
        unitary[[first, second]] = np.array([[cos, -sin], [sin, cos]]) @ unitary[[first, second]]
    return unitary.astype(np.complex128)


def loop_angles(modes: int, delays, seed: int) -> np.ndarray:
    """Returns the splitter angles that `loop_unitary` draws for a seed, in its order."""
    splitters = loop_splitters(modes, parse_delays(delays))
    return random_state(seed).uniform(0.0, 2.0 * np.pi, len(splitters))


def loop_splitters(modes: int, delays: tuple[int, ...]) -> list[tuple[int, int]]:
    """Returns the modes that each splitter of `loop_unitary` couples; refuses delays too long."""
    for delay in delays:
        if delay >= modes:
            raise ValueError(
                f"A loop delay is from 1 to modes - 1 = {modes - 1}; received {delay}."
            )
    return [(first, first + delay) for delay in delays for first in range(modes - delay)]


def parse_delays(delays) -> tuple[int, ...]:
    """Returns loop delays as integers from 1; "1-3-9" means (1, 3, 9)."""
    listed = delays.split("-") if isinstance(delays, str) else delays
    parts = np.atleast_1d(np.asarray(listed, object)).tolist()
    try:
        parsed = tuple(
            digits(part) if isinstance(part, str) else int(part)
            for part in parts
            if isinstance(part, str) or (part == int(part) and not isinstance(part, bool))
        )
    except (TypeError, ValueError):
        parsed = ()
    if not parsed or len(parsed) < len(parts) or min(parsed) < 1:
        raise ValueError(
            "Loop delays read like '1-3-9' or (1, 3, 9), whole numbers from 1; "
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
      path: path. `.npy`; `.npz` (one array, or `key`); `.csv`, one row a line, entries such as
        `0.5`, `0.5+0.25j`, separated by commas; `.pcvl`, a circuit or a matrix that Perceval wrote
        by `serialize_to_file` (extra `perceval`); or `.xbb`, passive gates that Piquasso wrote by
        `save_as_blackbird_code`. No code in a file is run.
      key: str. The array of a `.npz` file that holds several.
      check: callable. Refuses what is no legal matrix; unitary ones alone are by default.

    Returns:
      complex128 array, shape `[modes, modes]`.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if it is Perceval's, which is not installed.
      ValueError: if the format is unknown, the file is damaged, or the matrix is not legal.
    """
    path = user_path(check_path(path, "unitary_file"))
    if not path.is_file():
        raise FileNotFoundError(f"There is no unitary file {path}.")
    suffix = path.suffix.lower()
    if suffix not in UNITARY_SUFFIXES:
        raise ValueError(f"A unitary file ends in {', '.join(UNITARY_SUFFIXES)}; received {path}.")
    if key is not None and suffix != ".npz":
        raise ValueError(f"Only a .npz file has keys; received key={key!r} for {path}.")
    if suffix in _TEXT_READERS:
        matrix = _TEXT_READERS[suffix](path)
    else:
        matrix = npy_files.open_npy(path) if suffix == ".npy" else npy_files.open_npz(path, key)
    try:
        return check(matrix)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def random_state(seed: int) -> np.random.RandomState:
    """Returns the random numbers of a seed, from 0 to 2**32 - 1, for ever: see `haar_unitary`."""
    return np.random.RandomState(check_circuit_seed(seed, "seed"))


def check_circuit_seed(seed, name: str) -> int:
    """Returns the seed of a circuit, from 0 to 2**32 - 1."""
    checked = check_count(seed, name)
    if checked > LARGEST_SEED:
        raise ValueError(f"{name} is at most 2**32 - 1; received {seed}.")
    return checked


def _read_csv(path: Path) -> np.ndarray:
    rows = []
    try:
        with open(path, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                rows.append([_complex(entry.strip(), where) for entry in line.split(",")])
                if len(rows[-1]) != len(rows[0]):
                    raise ValueError(
                        f"{where} has {len(rows[-1])} numbers; the first row has {len(rows[0])}."
                    )
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
    return np.array(rows)


_TEXT_READERS = {".csv": _read_csv, ".pcvl": read_perceval, ".xbb": read_blackbird}


def _complex(entry: str, where: str) -> complex:
    try:
        if not entry.isascii() or "_" in entry:  # Python reads more than tables of numbers hold.
            raise ValueError
        return complex(entry)
    except ValueError:
        raise ValueError(
            f"{where} holds {entry[:60]!r}; an entry reads like 0.5 or 0.5+0.25j."
        ) from None
