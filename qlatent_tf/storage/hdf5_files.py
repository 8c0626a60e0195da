"""HDF5 files from elsewhere, which may take their data out of other files."""

import os

import h5py

from qlatent_tf.storage.files import check_regular


def check_self_contained(path: str | os.PathLike) -> None:
    """Refuses a file with external links, external raw storage or virtual data sets.

    Raises:
      FileNotFoundError: if there is none.
      ValueError: if it has any, or is damaged; the message names the file.
    """
    check_regular(path)
    try:
        with h5py.File(path, "r") as file:
            _check(file, str(path), {0})
    # HDF5 meets damage in many ways.
    except (OSError, RuntimeError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or cut off, or no HDF5 file: {error}.") from error


def _check(group, path, seen):
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            raise ValueError(f"{path}: {name} in {group.name} is a link to another file: not read.")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        part = group[name]
        address = h5py.h5o.get_info(part.id).addr
        if isinstance(part, h5py.Dataset):
            check_data_set(part, path)
        elif isinstance(part, h5py.Group) and address not in seen:
            seen.add(address)
            _check(part, path, seen)


def check_data_set(data: h5py.Dataset, path: str) -> None:
    """Refuses a data set whose numbers lie in other files, or are complex: a part would be lost.

    Raises:
      ValueError: if they do or are.
    """
    if data.is_virtual or data.external:
        raise ValueError(f"{path}: the numbers of {data.name[1:]} are in other files: not read.")
    if data.dtype.kind == "c":
        raise ValueError(f"{path}: the numbers of {data.name[1:]} are complex: not read.")
