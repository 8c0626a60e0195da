"""Samples written as text: tables and JSON dictionaries of counts."""

import itertools
import json
import os
import re
from collections.abc import Iterator

import numpy as np
from absl import logging

from qlatent_tf.quantum.recordings import rows as sample_rows

_BLOCK_LINES = 1 << 15
# Headings of columns that hold no photon numbers, but counts of outcomes, times or numbers.
_NO_MODES = re.compile(
    r"(?i)counts?|shots?|frequency|probability|outcomes?|states?|bit_?strings?|index|id"
    r"|time([ _]?(stamp|tag)s?)?([ _]?[([]?[munpf]?s[)\]]?)?|t(_[munpf]?s| ?[([][munpf]?s[)\]])"
    r"|ch|channels?|detectors?|events?|trials?|runs?"
    r"|(shot|event|row|trial)[ _]?(id|index|nr|number)"
)
_LEADING_ZERO = re.compile(r"(?:^|,)\s*\+?0\d")
_LEAST_INDEX = 5  # rows from which a first column 0, 1, 2, ... is taken for their numbers
_LEAST_NUMBERED = 3  # modes from which a first line 0, 1, 2, ... is taken for a header


def read_csv(path: str | os.PathLike) -> np.ndarray:
    """Reads a table of photon numbers: one shot a line, one mode a column.

    Between columns are commas, spaces, tabs or semicolons. A first line without any number is a
    header and is skipped, as are blank lines and those that begin with #; so is a first line
    0, 1, 2, ..., as pandas writes it, with a warning. A column of row numbers, and a table of
    outcomes and their counts, are refused. A ValueError names the first bad row and its line.

    Returns:
      Array of shape (shots, modes), of the narrowest unsigned type that holds the values.
    """
    parts: list[np.ndarray] = []
    try:
        with open(path, encoding="utf-8-sig") as file:
            for block in _csv_blocks(path, _data_lines(path, file)):
                sample_rows.check_rows(block, str(path), first_row=sum(map(len, parts)))
                parts.append(_narrow(block))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
    if not parts:
        raise ValueError(f"{path} holds no rows.")
    rows = np.concatenate(parts)
    if rows.shape[1] == 1 and _are_clicks(rows[:, 0]):
        logging.warning(
            "%s: its one column holds numbers such as %d, and is taken for one mode. If they are "
            "clicks of several modes, separate them by commas.",
            path,
            rows[0, 0],
        )
    counts_rows = (rows[:, 0] - np.arange(len(rows)) == rows[0, 0]).all()
    if counts_rows and rows.shape[1] > 1 and len(rows) >= _LEAST_INDEX:
        raise ValueError(
            f"{path}: the first column counts the rows, {rows[0, 0]} to {rows[-1, 0]}: it is an "
            "index, not a mode. Write the table without it, in pandas by to_csv(index=False)."
        )
    return rows


def _are_clicks(column: np.ndarray) -> bool:
    """Whether all numbers have the digits 0 and 1 alone, as many, and more than one."""
    texts = [str(number) for number in np.unique(column[:_BLOCK_LINES])]
    digits = "".join(texts)
    return not digits.strip("01") and len({len(text) for text in texts}) == 1 and len(texts[0]) > 1


def _data_lines(path, file) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, text with commas) of the lines that hold a row."""
    lines = (
        (number, line.rstrip("\r\n"))
        for number, line in enumerate(file, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )
    begin = list(itertools.islice(lines, 2))
    if not begin:
        return
    # Of a header and the first row, the row tells what is between columns.
    separator = _separator_of(begin[-1][1])
    number, first = begin[0]
    own = _separator_of(first)
    if not _is_header(path, _with_commas(first, separator if own == " " else own)):
        yield number, _with_commas(first, separator)
    for number, line in itertools.chain(begin[1:], lines):
        yield number, _with_commas(line, separator)


def _separator_of(line: str) -> str:
    """Returns what is between the columns of a row: a character, or a space for any of them."""
    return next((one for one in ",;\t" if one in line), " ")


def _with_commas(line: str, separator: str) -> str:
    return ",".join(line.split()) if separator == " " else line.replace(separator, ",")


def _is_header(path, line: str) -> bool:
    """Returns whether the first line names the modes; refuses headings of other columns."""
    headings = [heading.strip().strip("\"'") for heading in line.split(",")]
    for column, heading in enumerate(headings):
        if not heading and column and column == len(headings) - 1:
            raise ValueError(
                f"{path}: the first line ends in a separator, as if a column followed: remove it, "
                "from all lines."
            )
        if not heading and len(headings) > 1:
            raise ValueError(
                f"{path}: column {column} (counted from 0) has no heading, as a column of row "
                "numbers. Write the table without it, in pandas by to_csv(index=False)."
            )
        if _NO_MODES.fullmatch(heading):
            raise ValueError(
                f"{path}: column {column} (counted from 0) is headed {heading!r}; a column is a "
                "mode and a line a shot, of photon numbers alone: group time tags into shots "
                'first. Outcomes with their counts are read from JSON: {"0,1,0,2": 17}.'
            )
    if headings == list(map(str, range(len(headings)))) and len(headings) > 1:
        header = len(headings) >= _LEAST_NUMBERED
        logging.warning(
            "%s: the first line, %s, is taken for %s. If it is %s, %s.",
            path,
            line.strip()[:60],
            *(
                ("a header that numbers the modes", "a shot", "write a line of names before it")
                if header
                else ("a shot", "a header that numbers the modes", "remove it")
            ),
        )
        return header
    return not any(map(_is_number, headings))


def _csv_blocks(path, lines: Iterator[tuple[int, str]]) -> Iterator[np.ndarray]:
    row, modes = 0, None
    while chunk := list(itertools.islice(lines, _BLOCK_LINES)):
        if modes is None:
            modes = chunk[0][1].count(",") + 1
        try:
            if any(_LEADING_ZERO.search(line) for _, line in chunk):
                raise ValueError
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
                    shown = cell.strip()[:60]
                    if not _is_number(cell):
                        raise ValueError(f"{where} holds {shown!r}, which is no number.")
                    if _LEADING_ZERO.match(shown):
                        raise ValueError(
                            f"{where} holds {shown!r}: a number has no leading zeros, and digits "
                            "of several modes are separated by commas."
                        )
            raise ValueError(f"{path}: rows {row} to {row + len(chunk) - 1} cannot be read.")
        row += len(chunk)
        yield block


def read_count_json(path: str | os.PathLike) -> sample_rows.CountedRows:
    """Reads a JSON object from outcomes to the number of shots in which they were seen.

    An outcome is written ``"0,1,0,2"``, ``"|0,1,0,2>"``, ``"(0, 1, 0, 2)"`` or, with a digit for
    each mode, ``"0102"``; the first number is mode 0. A ValueError names the first bad entry.

    Returns:
      CountedRows of shape (sum of counts, modes); the shots are ordered as the outcomes are.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            entries = json.load(file, object_pairs_hook=list)
    except RecursionError:
        entries = None
    except ValueError as error:  # of the syntax, the encoding, or a number too long to read
        raise ValueError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, tuple) for entry in entries):
        raise ValueError(f'{path} is not a dictionary of counts such as {{"0,1,0,2": 17}}.')
    patterns: dict[tuple[int, ...], int] = {}
    shots = 0
    for row, (outcome, count) in enumerate(entries):
        where = f"{path}: row {row} (counted from 0), {outcome!r}: {count!r}"
        pattern = _parse_outcome(outcome)
        if pattern is None:
            hint = ""
            if outcome.startswith("0x") or " " in outcome.strip():
                hint = (
                    " Qiskit writes registers and hexadecimal numbers, the first bit last: reverse "
                    "the outcomes and separate all bits by commas."
                )
            raise ValueError(
                f'{where}: an outcome reads "0,1,0,2", "|0,1,0,2>", "(0, 1, 0, 2)" or, with a '
                f'digit for each mode, "0102".{hint}'
            )
        if max(pattern) > sample_rows.MAX_PHOTONS_IN_MODE:
            raise ValueError(
                f"{where}: a mode holds at most {sample_rows.MAX_PHOTONS_IN_MODE} photons."
            )
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
    is_bracketed = text[:1] + text[-1:] in ("|>", "()", "[]")
    text = text[1:-1] if is_bracketed else text
    cells = text.removesuffix(",").split(",") if is_bracketed or "," in text else list(text)
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
