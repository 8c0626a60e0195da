"""Samples written as text: CSV tables and JSON dictionaries of counts."""

import itertools
import json
import os
from collections.abc import Iterator

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows

_BLOCK_LINES = 1 << 15


def read_csv(path: str | os.PathLike) -> np.ndarray:
    """Reads a table of photon numbers: one shot a line, one mode a column, commas between.

    A first line without any number is a header and is skipped, as are blank lines. A ValueError
    names the first bad row and its line.

    Returns:
      Array of shape (shots, modes), of the narrowest unsigned type that holds the values.
    """
    parts: list[np.ndarray] = []
    try:
        with open(path, encoding="utf-8-sig") as file:
            for block in _csv_blocks(path, _data_lines(file)):
                sample_rows.check_rows(block, str(path), first_row=sum(map(len, parts)))
                parts.append(_narrow(block))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
    if not parts:
        raise ValueError(f"{path} holds no rows.")
    return np.concatenate(parts)


def _data_lines(file) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, text) of the lines that hold a row."""
    first = True
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        if not (first and not any(map(_is_number, line.split(",")))):
            yield number, line
        first = False


def _csv_blocks(path, lines: Iterator[tuple[int, str]]) -> Iterator[np.ndarray]:
    row, modes = 0, None
    while chunk := list(itertools.islice(lines, _BLOCK_LINES)):
        if modes is None:
            modes = chunk[0][1].count(",") + 1
        try:
            block = np.loadtxt([line for _, line in chunk], delimiter=",", ndmin=2, comments=None)
        except ValueError:
            block = None
        # loadtxt stops at the first ragged or unreadable line without naming ours: look again.
        if block is None or block.shape != (len(chunk), modes):
            for offset, (number, line) in enumerate(chunk):
                cells = line.split(",")
                where = f"{path}: row {row + offset} (counted from 0; line {number})"
                if len(cells) != modes:
                    raise ValueError(f"{where} has {len(cells)} columns; the first has {modes}.")
                for cell in cells:
                    if not _is_number(cell):
                        shown = cell.strip()[:60]
                        raise ValueError(f"{where} holds {shown!r}, which is no number.")
            raise ValueError(f"{path}: rows {row} to {row + len(chunk) - 1} cannot be read.")
        row += len(chunk)
        yield block


def read_count_json(path: str | os.PathLike) -> sample_rows.CountedRows:
    """Reads a JSON object from outcomes to the number of shots in which they were seen.

    An outcome is written ``"0,1,0,2"``, ``"|0,1,0,2>"`` or, if no mode holds more than one photon,
    ``"0101"``; the first number is mode 0. A ValueError names the first bad entry.

    Returns:
      CountedRows of shape (sum of counts, modes); the shots are ordered as the outcomes are.
    """
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file, object_pairs_hook=list)
    except RecursionError:
        entries = None
    except ValueError as error:  # of the syntax, the encoding, or a number too long to read
        raise ValueError(f"{path} is not a whole JSON file: {error}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, tuple) for entry in entries):
        raise ValueError(f'{path} is not a dictionary of counts such as {{"0,1,0,2": 17}}.')
    patterns: dict[tuple[int, ...], int] = {}
    shots = 0
    for row, (outcome, count) in enumerate(entries):
        where = f"{path}: row {row} (counted from 0), {outcome!r}: {count!r}"
        pattern = _parse_outcome(outcome)
        if pattern is None:
            raise ValueError(
                f'{where}: an outcome reads "0,1,0,2", "|0,1,0,2>" or, in zeros and ones, "0101".'
            )
        if max(pattern) > sample_rows.MAX_COUNT:
            raise ValueError(f"{where}: a mode holds at most {sample_rows.MAX_COUNT} photons.")
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"{where}: a count is a whole number from 0.")
        shots += count
        if shots > sample_rows.MAX_SHOTS:
            raise ValueError(f"{where}: more than {sample_rows.MAX_SHOTS} shots are not read.")
        if patterns and len(pattern) != len(next(iter(patterns))):
            raise ValueError(
                f"{where} has {len(pattern)} modes; the first has {len(next(iter(patterns)))}."
            )
        if pattern in patterns:
            raise ValueError(f"{where}: this outcome stands twice in the file.")
        patterns[pattern] = count
    if not shots:
        raise ValueError(f"{path} counts no shots.")
    counts = np.array(list(patterns.values()), np.int64)
    seen = counts > 0
    return sample_rows.CountedRows(_narrow(np.array(list(patterns)))[seen], counts[seen])


def _parse_outcome(outcome: str) -> tuple[int, ...] | None:
    text = outcome.strip()
    if text.startswith("|") and text.endswith(">"):
        text = text[1:-1]
        cells = text.split(",")
    elif "," in text:
        cells = text.split(",")
    else:
        cells = list(text) if set(text) <= {"0", "1"} else []
    cells = [cell.strip() for cell in cells]
    if not cells or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return None
    # Python refuses to read numbers of thousands of digits.
    return tuple(int(cell) if len(cell) < 40 else 10**40 for cell in cells)


def _is_number(cell: str) -> bool:
    """Returns whether loadtxt reads a cell: float() takes 1_0 and other scripts' digits too."""
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def _narrow(values: np.ndarray) -> np.ndarray:
    """Returns whole numbers from 0 in the narrowest unsigned type."""
    return values.astype(np.min_scalar_type(int(values.max())))
