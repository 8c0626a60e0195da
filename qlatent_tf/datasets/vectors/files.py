"""Any vectors: a table as text, or an array of NumPy."""

import os
from pathlib import Path

import numpy as np

from qlatent_tf.checks import check_flag
from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.datasets.vectors.arrays import vector_dataset
from qlatent_tf.storage import files, npy_files

SUFFIXES = (".csv", ".txt", ".npy", ".npz")


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
        where they have none. Default: all.
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
    """Returns the array, of a table the first rows alone if asked, and the names of its columns."""
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
    return array, [str(number) for number in range(array.shape[1])]


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

    number, first = _first_line(path)
    separator = next((one for one in ",;\t" if one in first), None)
    names = [name.strip().strip("\"'") for name in first.split(separator)]
    if header is None:
        numbers = sum(map(_is_number, names))
        texts = sum(bool(name) and not _is_number(name) for name in names)
        if numbers and texts:
            raise ValueError(
                f"{path}, line {number}: the first line holds names or numbers; received both, "
                f"{first[:60]!r}. The option header=true makes them names."
            )
        header = texts > 0
    if header and "" in names:
        raise ValueError(
            f"{path}: column {names.index('')} has no name, as a column of row numbers. Write the "
            "table without it, in pandas by to_csv(index=False)."
        )
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
    if frame.shape[1] != len(names):
        raise ValueError(
            f"{path}: the first line has {len(names)} entries, and the next {frame.shape[1]}."
        )
    for column, kind in enumerate(frame.dtypes):
        if not pandas.api.types.is_numeric_dtype(kind):
            texts = frame.iloc[:, column]
            row = int(pandas.to_numeric(texts, errors="coerce").isna().to_numpy().argmax())
            raise ValueError(
                f"{path}, row {row}, column {column}: vectors are of numbers; received "
                f"{str(texts.iloc[row])[:40]!r}."
            )
    return frame.to_numpy(np.float64), names if header else list(map(str, range(len(names))))


def _first_line(path) -> tuple[int, str]:
    """Returns the first line that holds anything, and its number from 1."""
    try:
        with open(path, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                text = line.partition("#")[0].strip()
                if text:
                    return number, text
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error
    raise ValueError(f"{path} holds no rows.")


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
    if columns is None:
        return list(range(len(names)))
    listed = _listed(columns)
    numbers = [names.index(str(one)) if str(one) in names else -1 for one in listed]
    if not listed or min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise ValueError(
            f"{path} has the columns {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}: "
            f"columns is a list of different ones; received {columns!r}."
        )
    return numbers
