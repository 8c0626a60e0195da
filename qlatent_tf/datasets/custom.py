"""Data sets of your own: from arrays, from SMILES, from a folder of images, or by a name."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qlatent_tf.datasets.dataset import Dataset, ImageDataset, MoleculeDataset
from qlatent_tf.datasets.images.arrays import (
    PARTS,
    check_class_names,
    check_splits,
    image_dataset,
    names_of_classes,
    sha256_of_arrays,
)
from qlatent_tf.datasets.images.folders import read_folder
from qlatent_tf.datasets.vectors.arrays import vector_dataset
from qlatent_tf.registry import datasets, results_of
from qlatent_tf.storage.files import user_path

# What `from_arrays` takes with images alone.
_WITH_IMAGES = ("labels", "test", "test_labels", "class_names")


def load(
    name: str,
    /,
    *,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
    **options: Any,
) -> Dataset:
    """Loads a data set by its name.

    Args:
      name: str. A registered data set, or ``module:function``. A function of your own returns a
        `Dataset`, or what `from_arrays` takes, or SMILES.
      data_dir: path. Where data files are looked for first.
      progress: bool. Whether to show progress bars.
      **options: those of the data set.

    Raises:
      ValueError: if the name or an option is unknown, or the data are none.

    Example:
      >>> qlatent_tf.datasets.load("cifar10", classes=["cat", "dog"])
    """
    loaded = datasets.build(name, data_dir=data_dir, progress=progress, **options)
    if hasattr(loaded, "source"):  # A `Dataset`, or what looks like one.
        return loaded
    with results_of(name, "data set"):
        return _from_what_is_returned(loaded, name.rpartition(":")[2], progress)


def _from_what_is_returned(loaded, name, progress):
    if _holds_texts(loaded):
        loaded = loaded.ravel().tolist()
    if isinstance(loaded, Sequence) and loaded and isinstance(loaded[0], str):
        return from_smiles(loaded, name=name, progress=progress)
    return from_arrays(*_parts_of(loaded, name), name=name)


def _holds_texts(loaded) -> bool:
    texts = isinstance(loaded, np.ndarray) and loaded.dtype.kind in "UO" and loaded.size
    return bool(texts) and all(isinstance(one, str) for one in loaded.flat)


def _parts_of(loaded, name):
    """Returns samples, labels, held-out samples and their labels, as Keras returns data sets."""
    if not isinstance(loaded, tuple):
        return (loaded,)
    if loaded and all(isinstance(one, tuple) for one in loaded):
        legal = len(loaded) <= 2 and all(1 <= len(pair) <= 2 for pair in loaded)
        parts = [part for pair in loaded for part in (*pair, None)[:2]]
        received = f"{len(loaded)} tuples"
    else:
        legal, parts, received = 1 <= len(loaded) <= 4, loaded, str(len(loaded))
    if not legal:
        raise ValueError(
            f"{name} returns samples, a tuple of samples, labels, held-out samples and their "
            f"labels, or two pairs, (samples, labels); received a tuple of {received}."
        )
    return parts


def from_arrays(
    samples: np.ndarray | Mapping[str, np.ndarray],
    labels: np.ndarray | None = None,
    test: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    *,
    class_names: Sequence[str] | None = None,
    name: str = "arrays",
) -> Dataset:
    """Makes a data set of arrays: vectors, images, or molecules as graphs.

    Args:
      samples: array. Vectors, numbers of shape `(n, width)`; or images, uint8 of shape `(n, height,
        width)` or `(n, height, width, bands)`; or a dict of `atoms`, shape `(n, k)`, and `bonds`,
        shape `(n, k, k)`, as `molecule_to_graph` returns them.
      labels: int array, shape `(n,)`. Of images: their classes, from 0.
      test: uint8 array. Images that are held out.
      test_labels: int array. Their classes.
      class_names: sequence of str. What labels mean, only with labels. Default: the numbers.
      name: str. What scores and records call the data.

    Returns:
      Dataset of float32 vectors, `ImageDataset` or `MoleculeDataset`.

    Raises:
      ValueError: if the samples are none of these, not finite or masked, graphs are not of
        one molecule each or their bonds not symmetric, two classes have one name, names of classes
        are no texts or there are no labels, or what images have is given with others.

    Example:
      >>> data = qlatent_tf.datasets.from_arrays(numpy.load("spectra.npy"))
      >>> gan.fit(data.source, batch_size=64, epochs=5)
    """
    if isinstance(samples, Mapping):
        samples = {part: _unmasked(array, f"{name}: {part}") for part, array in samples.items()}
    else:
        samples = _unmasked(samples, name)
    labels, test, test_labels = (_unmasked(array, name) for array in (labels, test, test_labels))
    more = dict(zip(_WITH_IMAGES, (labels, test, test_labels, class_names), strict=True))
    given = [part for part, value in more.items() if value is not None]
    if isinstance(samples, Mapping):
        _refuse_more(given, "graphs", name)
        return _from_graphs(samples, name)
    samples = np.asanyarray(samples)
    if samples.ndim == 2:
        _refuse_more(given, "vectors", name)
        return vector_dataset(name, samples)
    if samples.ndim not in (3, 4):
        raise ValueError(
            "Samples are vectors, (n, width), or images, (n, height, width) or (n, height, width, "
            f"bands); received shape {samples.shape}."
        )
    given = zip(PARTS, (samples, labels, test, test_labels), strict=True)
    arrays = {part: array for part, array in given if array is not None}
    names = check_class_names(class_names, name)
    arrays = check_splits(arrays, name, classes=None if names is None else len(names))
    return image_dataset(
        name,
        arrays,
        class_names=names_of_classes(names, arrays, name),
        classes=None,
        provenance={"sha256": sha256_of_arrays(arrays.values())},
    )


def _unmasked(array, where):
    """Returns what is behind a mask that masks nothing; others are returned as they are."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    masked = np.ma.count_masked(array)
    if masked:
        raise ValueError(
            f"{where}: {masked:,} of {array.size:,} entries are masked, which networks cannot "
            "train on. Leave their rows out, or fill them."
        )
    return array.data


def _refuse_more(given, kind, name):
    if given:
        raise ValueError(
            f"{name}: only images have {', '.join(_WITH_IMAGES)}; received {', '.join(given)} with "
            f"{kind}."
        )


def from_smiles(
    smiles: Sequence[str] | str | os.PathLike,
    *,
    name: str | None = None,
    column: str | None = None,
    test_share: float = 0.0,
    max_atoms: int = 9,
    elements: Sequence[str] | str = ("C", "N", "O", "F"),
    progress: bool = True,
) -> MoleculeDataset:
    """Makes a data set of molecules. What a graph cannot hold is left out and counted.

    Args:
      smiles: sequence of str, or the path of a file: ``.smi``, ``.csv`` or ``.sdf``.
      name: str. What scores and records call the data. Default: the file's name up to the first
        dot, or ``smiles``.
      column: str. The heading of the SMILES in a ``.csv`` file. Default: "smiles", or the only one
        that ends so.
      test_share: float from 0 to below 1. What share of the distinct molecules is held out, for
        `evaluate_real`; the same ones whatever their order.
      max_atoms: int from 1 to 100. Places for heavy atoms in a graph.
      elements: sequence of str. Those that are taken, different symbols among C, N, O, F, S, Cl,
        Br, P, I, B, Si and Se.
      progress: bool. Whether to show a progress bar.

    Raises:
      ValueError: if none of the molecules has a graph, of at most so many atoms of these elements
        without charges, or an option is not legal.
      FileNotFoundError: if there is no such file.

    Example:
      >>> data = qlatent_tf.datasets.from_smiles(["CCO", "c1ccoc1", "CC#N"])
    """
    from qlatent_tf.datasets.molecules.elements import check_elements, check_max_atoms
    from qlatent_tf.datasets.molecules.encode import (
        encode,
        load_molecules,
        molecule_dataset,
        recorded_options,
    )
    from qlatent_tf.datasets.molecules.graphs import list_of_smiles, parse_smiles
    from qlatent_tf.datasets.molecules.held_out import check_share

    check_share(test_share)
    graphs = {"max_atoms": check_max_atoms(max_atoms), "elements": check_elements(elements)}

    if isinstance(smiles, (str, os.PathLike)):
        path = user_path(smiles)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no file {path}. Molecules are read from a file, or taken as a list of "
                "SMILES."
            )
        name = name or path.name.lstrip(".").partition(".")[0]
        return load_molecules(name, path, progress, column, test_share, **graphs)
    name = name or "smiles"
    smiles = list_of_smiles(smiles, name)
    if column is not None:
        raise ValueError(f"column={column!r} is of a .csv file; received a list of SMILES.")
    others = [one for one in smiles if not isinstance(one, str) or len(one.splitlines()) > 1]
    if others:
        raise ValueError(f"{name}: a SMILES is a text of one line; received {others[0]!r}.")
    encoded = encode(map(parse_smiles, smiles), progress, name, **graphs)
    provenance = {"sha256": hashlib.sha256("\n".join(smiles).encode()).hexdigest()}
    provenance |= recorded_options(**graphs)
    return molecule_dataset(name, *encoded, provenance, test_share)


def from_folder(
    folder: str | os.PathLike,
    *,
    size: tuple[int, int] | int | None = None,
    grey: bool = False,
    name: str | None = None,
    progress: bool = True,
) -> ImageDataset:
    """Makes a data set of the image files in a folder; its subfolders, if any, are classes.

    Where the subfolders are ``train`` and ``test``, the images of ``test`` are held out. Images are
    turned as the camera's orientation says, and transparent ones stand on white. A warning names
    what is left out: files that are no images, and folders that hold none.

    Args:
      folder: path. PNG, JPEG, BMP, GIF, TIFF and WebP files are read, in the order of their names.
      size: (int, int) or int. Height and width to which images are resized. Default: images have
        one size already.
      grey: bool. Whether images become grey. Default: red, green and blue.
      name: str. What scores and records call the data. Default: the folder's name.
      progress: bool. Whether to show a progress bar.

    Raises:
      NotADirectoryError: if there is no such folder.
      ValueError: if it holds no images, or folders for training and others than those two; if a
        file is damaged, or sizes differ.

    Example:
      >>> data = qlatent_tf.datasets.from_folder("photographs", size=32)
    """
    arrays, class_names = read_folder(user_path(folder), size, grey, progress)
    return from_arrays(
        *(arrays.get(part) for part in PARTS),
        class_names=class_names,
        name=name or Path(folder).resolve().name,
    )


def _refuse_rows(wrong: Sequence[bool] | np.ndarray, what: str, name: str, legal: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise ValueError(
            f"{name}: {len(rows)} of {len(wrong)} graphs {what}, the first of them row {rows[0]}. "
            f"Legal is {legal}."
        )


def _from_graphs(samples: Mapping[str, np.ndarray], name: str) -> MoleculeDataset:
    from qlatent_tf.datasets.molecules.encode import molecule_dataset
    from qlatent_tf.datasets.molecules.graphs import check_graphs, decoded_smiles

    others = sorted(str(part) for part in samples if part not in ("atoms", "bonds"))
    if others:
        raise ValueError(
            f"{name}: graphs are a dict of 'atoms' and 'bonds' alone; received {', '.join(others)}."
        )
    try:
        atoms, bonds = check_graphs(samples)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not len(atoms):
        raise ValueError(f"{name} holds no graphs.")
    uneven = (bonds != bonds.transpose(0, 2, 1)).any(axis=(1, 2))
    _refuse_rows(uneven, "are not symmetric", name, "bonds[i, j] = bonds[j, i]")
    looped = bonds.diagonal(axis1=1, axis2=2).any(axis=1)
    _refuse_rows(looped, "bond an atom to itself", name, "bonds[i, i] = 0")
    graphs = {"atoms": atoms, "bonds": bonds}
    smiles, plain = decoded_smiles(graphs)
    # A wildcard stands for a node that is no atom and has bonds.
    lacking = [text is None or "*" in text for text in smiles]
    _refuse_rows(lacking, "are no molecules", name, "one molecule a graph")
    several = ["." in text for text in smiles]
    _refuse_rows(several, "have several fragments", name, "one molecule a graph")
    provenance = {"sha256": sha256_of_arrays((atoms, bonds)), "molecules": len(atoms)}
    texts = {
        "smiles": np.array(smiles),
        "plain_smiles": np.array([text or "" for text in plain]),
        "file_smiles": np.array(smiles),
    }
    return molecule_dataset(name, graphs, texts, {}, provenance)
