"""Any vectors: a table as text, or an array of NumPy."""

import os
from pathlib import Path

import numpy as np

from qlatent_tf.checks import check_flag
from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.datasets.vectors.arrays import vector_dataset
from qlatent_tf.storage import files, npy_files

SUFFIXES = (".csv", ".txt", ".npy", ".npz")
_DECIMALS = "Decimals take a point, as in 1.5, and no comma"


def vector_file(
    *,
    file: str | os.PathLike,
    key: str | None = None,
    columns: list | str | int | None = None,
    header: bool | None = None,
    data_dir: str | os.PathLike | None = None,
) -> Dataset:
    """The rows of a table or an array, numbers in shape `(n, width)`.

    Args:
      file: path. A ``.csv`` or ``.txt`` file, with commas, semicolons, tabs or spaces between
        columns and with or without a line of names; a ``.npy`` or a ``.npz`` file: a path, or a
        name in `data_dir`, in $QLATENT_DATA_DIR or in the cache folder.
      key: str. The array in a ``.npz`` file. Default: the only one of two axes.
      columns: list of str or int. The columns to keep, in this order: by name, or by number from 0
        where no line names them. A comment right before the numbers may name them, too, as that of
        `numpy.savetxt`. Default: all.
      header: bool. Whether the first line of a table names the columns. Default: if none of its
        entries is a number.
      data_dir: path. The caller's own folder.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, there is no such array or column, or an entry is no
        finite number.
    """
    path = files.named_file(file, data_dir)
    if header is not None:
        header = check_flag(header, "header")
    values, names = _read(path, key, header)
    if columns is not None:
        values = values[:, _chosen(path, columns, names)]
    return vector_dataset(
        "vectors",
        values,
        where=str(path),
        provenance={"file": path.name, "sha256": files.sha256_of(path)},
    )


def _width(options) -> int | None:
    """The width of a sample, as far as it is known before the data are loaded."""
    columns = options.get("columns")
    if columns is not None:
        return len(_listed(columns))
    try:
        path = files.named_file(options["file"], None)
        values, _ = _read(path, options.get("key"), options.get("header"), rows=2)
    except (KeyError, OSError, ValueError):
        return None  # Who loads the data says what is wrong.
    return values.shape[1]


vector_file.width_of = _width


def _read(path: Path, key: str | None, header: bool | None, rows: int | None = None):
    """Returns the array, of a table the first rows alone if asked, and each column's names."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"Vectors are files that end in {', '.join(SUFFIXES)}; received {path}.")
    if key is not None and suffix != ".npz":
        raise ValueError(f"Only a .npz file has arrays with names; received key={key!r}, {path}.")
    if suffix in (".csv", ".txt"):
        return _read_table(path, header, rows)
    if header is not None:
        raise ValueError(f"Only a table has a header; received header={header}, {path}.")
    array = npy_files.open_npy(path) if suffix == ".npy" else _of_archive(path, key)
    if array.ndim != 2:
        raise ValueError(f"{path}: vectors have the shape (n, width); received {array.shape}.")
    return array, [(str(number),) for number in range(array.shape[1])]


def _of_archive(path, key):
    headers = {name: npy_files.npz_header(path, name) for name in npy_files.npz_members(path)}
    if key is None:
        tables = [name for name, header in headers.items() if len(header.shape) == 2]
        if len(tables) != 1:
            held = ", ".join(f"{name} {header.shape}" for name, header in headers.items())
            raise ValueError(
                f"{path} does not tell which array holds the vectors: name it by the option key. "
                f"It holds {held or 'no arrays'}."
            )
        (key,) = tables
    return npy_files.open_npz(path, key)


def _read_table(path, header, rows):
    import pandas

    number, line, comment = _first_line(path)
    first = line.strip()
    separator = next((one for one in ",;\t" if one in first), None)
    names = _entries(first, separator)
    if header is None:
        numbers = sum(map(_is_number, names))
        texts = sum(bool(name) and not _is_number(name) for name in names)
        if numbers and texts and all(map(_is_decimal, first.split(";" if ";" in first else None))):
            raise ValueError(f"{path}, line {number}: {_DECIMALS}; received {first[:60]!r}.")
        if numbers and texts:
            raise ValueError(
                f"{path}, line {number}: the first line holds names or numbers; received both, "
                f"{first[:60]!r}. The option header=true makes them names."
            )
        header = texts > 0
    if header and "" in names:
        raise _nameless(path, names.index(""))
    try:
        frame = pandas.read_csv(
            path,
            sep=separator or r"\s+",
            header=None,
            skiprows=number if header else number - 1,
            comment="#",
            nrows=rows,
            encoding="utf-8-sig",
            skipinitialspace=True,
        )
    except pandas.errors.EmptyDataError:
        raise ValueError(f"{path} holds no rows.") from None
    except (ValueError, UnicodeError) as error:  # Of a parser, too.
        raise ValueError(f"{path} is no table: {str(error).strip()}.") from error
    if header and line[0].isspace() and frame.shape[1] == len(names) + 1:
        raise _nameless(path, 0)
    if frame.shape[1] != len(names):
        raise ValueError(
            f"{path}: the first line has {len(names)} entries, and the next {frame.shape[1]}."
        )
    for column, kind in enumerate(frame.dtypes):
        if not pandas.api.types.is_numeric_dtype(kind):
            texts = frame.iloc[:, column]
            row = int(pandas.to_numeric(texts, errors="coerce").isna().to_numpy().argmax())
            text = str(texts.iloc[row])
            hint = f" {_DECIMALS}." if _is_decimal(text) and "," in text else ""
            raise ValueError(
                f"{path}, row {row}, column {column}: vectors are of numbers; received "
                f"{text[:40]!r}.{hint}"
            )
    values = frame.to_numpy(np.float64)
    if header:
        return values, [(name,) for name in names]
    known = [(str(place),) for place in range(len(names))]
    spoken = _entries(comment, separator)
    # A comment of another form, or of numbers, by which columns are known already, names nothing.
    if len(spoken) == len(known) and "" not in spoken and not any(map(_is_number, spoken)):
        known = [(*one, name) for one, name in zip(known, spoken, strict=True)]
    return values, known


def _nameless(path, column: int) -> ValueError:
    return ValueError(
        f"{path}: column {column} has no name, as a column of row numbers. Write the table without "
        "it, in pandas by to_csv(index=False)."
    )


def _entries(line: str, separator: str | None) -> list[str]:
    return [entry.strip().strip("\"'") for entry in line.split(separator)]


def _first_line(path) -> tuple[int, str, str]:
    """Returns the first line that holds anything, its number from 1, and the last comment before.

    They are returned as the number, the line and the comment, which is empty if there is none.
    """
    comment = ""
    try:
        with open(path, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                text, _, said = line.partition("#")
                if text.strip():
                    return number, text, comment
                comment = said.strip() or comment
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
    raise ValueError(f"{path} holds no rows.")


def _is_decimal(text: str) -> bool:
    """Returns whether a text is a number, perhaps with a comma for its point."""
    return _is_number(text.strip().replace(",", ".", 1))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.lower() in ("true", "false")
    return True


def _listed(columns) -> list:
    """Returns columns as a list, those of a command line, ``a,c``, too."""
    if isinstance(columns, str):
        columns = [name.strip() for name in columns.split(",")]
    return list(columns) if isinstance(columns, (list, tuple)) else [columns]


def _chosen(path, columns, names):
    """Returns the numbers of the columns to keep."""
    listed = _listed(columns)
    found = [[place for place, known in enumerate(names) if str(one) in known] for one in listed]
    numbers = [places[0] for places in found if len(places) == 1]
    if not listed or len(set(numbers)) < len(listed):
        shown = ", ".join(" or ".join(known) for known in names[:20])
        raise ValueError(
            f"{path} has the columns {shown}{', ...' if len(names) > 20 else ''}: columns lists "
            f"different ones, and a name in it is that of one column; received {columns!r}."
        )
    return numbers
