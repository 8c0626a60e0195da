"""Readers of molecule files, and a writer. The name of a file says its format."""

import bz2
import csv
import gzip
import io
import itertools
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor

from qlatent_tf.datasets.molecules.graphs import parse_smiles, without_maps
from qlatent_tf.storage.files import write_text

SUFFIXES = (".smi", ".csv", ".sdf", ".xyz.tar.bz2", ".tar.gz")
# Bytes of a line, and of a molecule's structure: a compressed file may hold ones that fill memory.
_LONGEST_LINE = 1 << 16
_LARGEST_STRUCTURE = 1 << 24
# How a table's first line tells where the SMILES are, the best first.
_HEADED, _SEVERAL, _ENDS_SO, _NO_HEADING, _UNTOLD = range(5)
_SEPARATORS = (",", ";", "\t")  # of the columns of a table
_OLD_ENDS = "line ends of old Macintoshes: save it with others"
# What decompressors, archives, the text decoder and the CSV reader raise; a SystemError is what
# RDKit makes of the error of a file that it reads.
_DAMAGE = (EOFError, zlib.error, tarfile.TarError, UnicodeDecodeError, csv.Error, SystemError)


def read_molecules(path: Path, column: str | None = None) -> Iterator[Chem.Mol | None]:
    """Yields the molecules of a file in its order, None for one that RDKit refuses.

    `column` is the heading of the SMILES in a table.

    - ``.smi``: a SMILES in the first column of each line, a name after it if there is one.
    - ``.csv``: columns parted by commas, semicolons or tabs; a heading "smiles", one that ends so,
      such as "canonical_smiles", or the `column` that is named; or SMILES in the first column and
      no heading.
    - ``.sdf``: structures, whose valences hold with all their hydrogens; these are taken off.
    - ``.tar.gz``: an archive that holds a ``.sdf``.
    - ``.xyz.tar.bz2``: the archive in which QM9 was published, one file a molecule; the SMILES
      is the first of each file's last but one line, the one the molecule has in GDB-17.

    The first three may be compressed (``.gz``).

    Raises:
      ValueError: if the name tells no format, or the file is damaged or has none of its
        format's molecules; the message names the file.
    """
    name = path.name.lower()
    if isinstance(column, int):  # A heading that is a number.
        column = str(column)
    if not isinstance(column, str | None):
        raise ValueError(f"column is the heading of a table; received {column!r}.")
    if column is not None and not name.removesuffix(".gz").endswith(".csv"):
        raise ValueError(f"column={column!r} is of a .csv file; received {path.name}.")
    if name.endswith(".xyz.tar.bz2"):
        molecules = map(parse_smiles, _published_smiles(path))
    elif name.endswith(".tar.gz"):
        molecules = _archived_structures(path)
    elif name.removesuffix(".gz").endswith(".sdf"):
        molecules = _structures_of(path)
    elif name.removesuffix(".gz").endswith(".csv"):
        molecules = map(parse_smiles, _csv_smiles(path, column))
    elif name.removesuffix(".gz").endswith(".smi"):
        molecules = map(parse_smiles, _smi_smiles(path))
    else:
        raise ValueError(f"{path.name} tells no format. Legal endings: {', '.join(SUFFIXES)}.")
    return _whole(path, molecules)


def _whole(path: Path, molecules: Iterator[Chem.Mol | None]) -> Iterator[Chem.Mol | None]:
    """Passes molecules on; what breaks while they are read is the file's damage."""
    empty = True
    try:
        for molecule in molecules:
            empty = False
            yield molecule
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged: {error.__cause__ or error}.") from error
    except OSError as error:
        if error.errno is not None:  # The disk's, not a decompressor's.
            raise
        raise ValueError(f"{path} is damaged: {error}.") from error
    if empty:
        raise ValueError(f"{path} holds no molecules.")


def write_structures(path: Path, smiles: Sequence[str], columns: Mapping[str, Sequence]) -> None:
    """Writes a ``.sdf`` file of molecules in the plane, atomically.

    Args:
      path: path. The file.
      smiles: sequence of str. SMILES that parse; each is its molecule's title.
      columns: dict. What each molecule's data fields hold, by name: as many values as molecules.
    """
    written = io.StringIO()  # RDKit's own files end without an error where a disk is full.
    with rdBase.BlockLogs(), Chem.SDWriter(written) as writer:
        for row, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text)
            rdDepictor.Compute2DCoords(molecule)
            molecule.SetProp("_Name", text)
            for name, values in columns.items():
                molecule.SetProp(name, str(values[row]))
            writer.write(molecule)
    write_text(path, written.getvalue())


def _open(path: Path) -> BinaryIO:
    return (gzip.open if path.name.lower().endswith(".gz") else open)(path, "rb")


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    """Yields the lines of a text file, UTF-8 whatever the locale; what is none is replaced."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        problem = None
        if b"\0" in line:
            problem = "a NUL character"
        elif b"\r" in line.rstrip() and not line.endswith(b"\n"):
            problem = _OLD_ENDS
        elif len(line) == _LONGEST_LINE:
            problem = f"{_LONGEST_LINE:,} bytes or more"
        if problem:
            raise ValueError(f"{path} is damaged: line {number} has {problem}.")
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")


def _smi_smiles(path: Path) -> Iterator[str]:
    found = False
    with _open(path) as file:
        for number, line in enumerate(_lines(path, file), start=1):
            if "\r" in line.rstrip():  # What follows would be taken for a name.
                raise ValueError(f"{path} is damaged: line {number} has {_OLD_ENDS}.")
            if fields := line.split():
                if not found and set(fields[0]) & set(_SEPARATORS):
                    raise ValueError(
                        f"{path}: line {number} reads {fields[0][:60]!r}, and a SMILES holds "
                        "neither commas nor semicolons. A table's name ends in .csv."
                    )
                found = True
                yield fields[0]


def _csv_smiles(path: Path, column: str | None) -> Iterator[str]:
    with _open(path) as file:
        lines = _lines(path, file)
        blank, first = 0, next(lines, "")
        while first and not first.strip():
            blank, first = blank + 1, next(lines, "")
        rows = csv.reader(itertools.chain([first], lines), delimiter=_separator_of(first, column))
        heading = next(rows, [])
        told, place = _place_of_smiles(heading, column)
        if told in (_SEVERAL, _UNTOLD):
            reads = f"its first line reads {first.strip()[:60]!r}"
            if told == _SEVERAL:
                raise ValueError(
                    f"{path} has several columns headed {column or 'smiles'!r}; {reads}. Give each "
                    "column a heading of its own; capital letters make no difference."
                )
            if column is not None:
                raise ValueError(f"{path} has no column headed {column!r}; {reads}.")
            several = ", ".join(name for name in heading if _plain(name).endswith("smiles"))
            raise ValueError(
                f"{path} has neither a column headed 'smiles' nor SMILES in its first column; "
                f"{reads}. Name a heading by the option column (dataset_options.column)"
                + (f": {several}." if several else ".")
            )
        if told == _NO_HEADING:
            yield heading[place]
        for row in rows:
            smiles = row[place] if place < len(row) else ""
            if "\n" in smiles:
                raise ValueError(
                    f"{path} is damaged: a quote before the end of line "
                    f"{blank + rows.line_num} is not closed: {smiles[:60]!r}."
                )
            if row:
                yield smiles


def _place_of_smiles(heading: list[str], column: str | None) -> tuple[int, int]:
    """Returns how well a table's first line tells where the SMILES are, and the column."""
    names = [_plain(name) for name in heading]
    wanted = "smiles" if column is None else _plain(column)
    if wanted in names:
        return _HEADED if names.count(wanted) == 1 else _SEVERAL, names.index(wanted)
    ends = [place for place, name in enumerate(names) if name.endswith("smiles")]
    if column is None and len(ends) == 1:
        return _ENDS_SO, ends[0]
    if column is None and heading and parse_smiles(heading[0]) is not None:
        return _NO_HEADING, 0
    return _UNTOLD, 0


def _plain(heading: str) -> str:
    return heading.strip().lower()


def _separator_of(first: str, column: str | None) -> str:
    """Returns what parts the columns of a table: by it, the first line tells most."""

    def told(separator):
        heading = next(csv.reader([first], delimiter=separator), [])
        return _place_of_smiles(heading, column)[0]

    return min((one for one in _SEPARATORS if one in first), key=told, default=_SEPARATORS[0])


def _structures(path: Path, file: BinaryIO) -> Iterator[Chem.Mol | None]:
    """Yields the molecules of a ``.sdf`` file, and None where one follows without a ``$$$$``."""
    lines, size = [], 0
    for line in itertools.chain(_lines(path, file), ["$$$$"]):
        if not line.startswith("$$$$"):
            lines.append(line)
            size += len(line)
            if size > _LARGEST_STRUCTURE:
                raise ValueError(
                    f"{path} is damaged: a structure has more than {_LARGEST_STRUCTURE:,} bytes."
                )
            continue
        if "".join(lines).strip():
            yield _structure("".join(lines))
            yield from [None] * (sum(entry.startswith("M  END") for entry in lines) - 1)
        lines, size = [], 0


def _structure(block: str) -> Chem.Mol | None:
    """Returns a molecule that is sane with all its hydrogens, without them."""
    try:
        # RDKit takes hydrogens off before it looks at valences, unless it is told not to.
        molecule = Chem.MolFromMolBlock(block, removeHs=False)
        molecule = molecule and Chem.RemoveHs(molecule)
    except (ValueError, RuntimeError):
        return None
    if molecule is not None:
        Chem.RemoveStereochemistry(molecule)
        without_maps(molecule)
    return molecule


def _structures_of(path: Path) -> Iterator[Chem.Mol | None]:
    with _open(path) as file:
        yield from _structures(path, file)


def _archived_structures(path: Path) -> Iterator[Chem.Mol | None]:
    found = False
    for _, file in _members(path, gzip.open, ".sdf"):
        if not found:  # Of several, the first.
            found = True
            yield from _structures(path, file)
    if not found:
        raise ValueError(f"{path} holds no .sdf file.")


def _published_smiles(path: Path) -> Iterator[str]:
    for name, file in _members(path, bz2.open, ".xyz"):
        try:
            lines = file.read(_LONGEST_LINE).decode("ascii").split("\n")
            atoms = int(lines[0])
            if atoms < 1:
                raise ValueError(f"it has {atoms} atoms")
            # Atoms stand between two heading lines and those of frequencies, SMILES, InChI.
            smiles = lines[atoms + 3].split()[0]
        except (ValueError, IndexError) as error:
            raise ValueError(f"{path} is damaged: {name} is no file of QM9 ({error}).") from error
        yield smiles


def _members(path: Path, opened: Callable, suffix: str) -> Iterator[tuple[str, BinaryIO]]:
    """Yields the files in a compressed archive whose names end so, and their names."""
    with opened(path) as file:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                if member.isfile() and member.name.lower().endswith(suffix):
                    yield member.name, archive.extractfile(member)
        while file.read(1 << 20):  # To the end, where the checksum stands.
            pass
