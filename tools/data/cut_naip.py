#!/usr/bin/env python3
"""Cuts the data sets naip28 and naip28_small out of aerial photographs.

The photographs are ten GeoTIFF files of one place, one a year, from the National Agriculture
Imagery Program (USDA, public domain). They lie in the folder naip of the repository
https://github.com/opengeos/data. Each is cut from its upper left corner into 25 rows of 33 patches
of 28 x 28 pixels; the last 7 patches of each row are held out.

examples:
  git clone https://github.com/opengeos/data opengeos
  qlatent-tf cut_naip opengeos/naip --out naip28.npz
  qlatent-tf cut_naip opengeos/naip --small --out naip28_small.npz
"""

import re
import sys
from pathlib import Path

import numpy as np
from qlatent_tf.tools.arguments import Parser
from qlatent_tf.tools.command_line import run_tool

from qlatent_tf.datasets.images.naip28 import SMALL_SHA256
from qlatent_tf.storage.files import atomic_path, sha256_of

YEARS = (2009, 2010, 2012, 2014, 2015, 2016, 2017, 2018, 2019, 2020)
GRID = (25, 33)
TRAINED_COLUMNS = 26
SIZE = 28
# How many of the patches to train on and of the others naip28_small has.
SMALL = {"train": 1100, "test": 250}
# Of naip28.npz, which the project's results are measured on.
SHA256 = "fdad1b0833d29b30f856eb5ded76e4fd8d11afc6b1d6aab5c5c98fa5c23bccf1"


def read_photograph(path: Path) -> np.ndarray:
    """Returns a GeoTIFF file's red, green, blue and near infrared.

    Args:
      path: path.

    Returns:
      uint8 array, shape `(height, width, 4)`.

    Raises:
      ValueError: if the file is no TIFF file of four bands of 8 bits.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=["TIFF"]) as image:
            pixels = np.array(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no whole TIFF file of 8 bits a band: {error}.") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(
            f"{path} holds {pixels.dtype} in the shape {pixels.shape}; expected are four bands of "
            "uint8, (height, width, 4)."
        )
    return pixels


def cut(photographs: dict[int, np.ndarray], trained_columns: int) -> dict[str, np.ndarray]:
    """Cuts photographs of one place into patches, in a random order that is always the same.

    Args:
      photographs: dict of int to uint8 array of shape `(height, width, 4)`. By their years.
      trained_columns: int. Patches of each row, from the left, to train on; others are held out.

    Returns:
      dict. For ``train`` and ``test``: `x_*`, uint8 of shape `(n, 28, 28, 4)`; `pseudo_y_*`, uint8
      of shape `(n,)`, see `pseudo_labels`; `year_*`, uint16; and `tile_*`, uint8 of shape `(n, 2)`,
      the row and the column of a patch, counted from 0 at the upper left.
    """
    rows, columns = (length // SIZE for length in next(iter(photographs.values())).shape[:2])
    tiles = np.stack([_tiles(photographs[year], rows, columns) for year in sorted(photographs)])
    place = np.random.default_rng(0).permutation(len(tiles) * rows * columns)
    year, row, column = np.unravel_index(place, tiles.shape[:3])
    arrays = {}
    for split, chosen in (("train", column < trained_columns), ("test", column >= trained_columns)):
        where = year[chosen], row[chosen], column[chosen]
        arrays[f"x_{split}"] = tiles[where]
        arrays[f"pseudo_y_{split}"] = pseudo_labels(tiles[where])
        arrays[f"year_{split}"] = np.array(sorted(photographs), np.uint16)[where[0]]
        arrays[f"tile_{split}"] = np.stack(where[1:], axis=1).astype(np.uint8)
    return arrays


def pseudo_labels(patches: np.ndarray) -> np.ndarray:
    """Returns classes by the means of two indices of each patch.

    Args:
      patches: uint8 array, shape `(n, height, width, 4)`.

    Returns:
      uint8 array, shape `(n,)`. 3 where the water index, (green - near infrared) / (green + near
      infrared), is positive; else by the vegetation index, (near infrared - red) / (near infrared
      + red): 0 below 0.1, 1 from 0.3, 2 between.
    """
    red, green, _, infrared = np.moveaxis(patches.astype(np.float32), -1, 0)
    water, plants = (
        ((one - other) / np.maximum(one + other, 1)).mean(axis=(1, 2))
        for one, other in ((green, infrared), (infrared, red))
    )
    return np.select([water > 0, plants < 0.1, plants >= 0.3], [3, 0, 1], 2).astype(np.uint8)


def _tiles(photograph: np.ndarray, rows: int, columns: int) -> np.ndarray:
    cropped = photograph[: rows * SIZE, : columns * SIZE]
    return cropped.reshape(rows, SIZE, columns, SIZE, 4).swapaxes(1, 2)


def _read_years(folder: Path) -> dict[int, np.ndarray]:
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    photographs = {}
    for path in sorted(folder.glob("*.tif")):
        # Such as m_4709963_se_14_1_20090818.tif.
        if dated := re.search(r"_(\d{4})\d{4}\.tif$", path.name):
            pixels = read_photograph(path)
            grid = tuple(length // SIZE for length in pixels.shape[:2])
            if grid != GRID:
                raise ValueError(
                    f"{path} has {pixels.shape[0]} rows of {pixels.shape[1]} pixels, which make "
                    f"{grid[0]} x {grid[1]} patches; expected are {GRID[0]} x {GRID[1]}, at 5 m a "
                    "pixel."
                )
            year = int(dated[1])
            if year in photographs:
                raise ValueError(f"{folder} has several photographs of {year}; expected is one.")
            photographs[year] = pixels
    if sorted(photographs) != list(YEARS):
        raise ValueError(
            f"{folder} has photographs (..._YYYYMMDD.tif) of {sorted(photographs) or 'no year'}; "
            f"expected is one of each of {', '.join(map(str, YEARS))}."
        )
    return photographs


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("cut_naip", __doc__)
    arguments.add_argument("folder", type=Path, help="the folder of the ten GeoTIFF files")
    arguments.add_argument(
        "--out", type=Path, required=True, metavar="FILE.npz", help="the file to write"
    )
    arguments.add_argument("--small", action="store_true", help="write naip28_small instead")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_cut, parser().parse_args(argv))


def _cut(options):
    arrays = cut(_read_years(options.folder), TRAINED_COLUMNS)
    if options.small:
        arrays = {name: array[: SMALL[name.split("_")[-1]]] for name, array in arrays.items()}
    # Opened here: to a name with another ending NumPy adds its own.
    with atomic_path(options.out) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    found = sha256_of(options.out)
    print(f"{len(arrays['x_train'])} + {len(arrays['x_test'])} patches -> {options.out}")
    print(f"SHA-256 {found}")
    expected = SMALL_SHA256 if options.small else SHA256
    if found != expected:
        print(f"The file of the project's results has {expected}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
