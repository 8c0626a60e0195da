#!/usr/bin/env python3
"""Draws small aerial images of land that does not exist.

This is how the data set `land_cover_tiles` was made. A tile shows 28 x 28 pixels in red, green,
blue and near infrared, as from an aeroplane at about 5 m a pixel. What is in it is decided by
`land_cover_scenes`; here its colours are reduced to 16, so that the file stays small. A tile
depends on the seed and on its number alone.

examples:
  tools/data/draw_land_cover.py --out land_cover_tiles.npz
  tools/data/draw_land_cover.py --count 64 --seed 1 --out others.npz --picture others.png
"""

import argparse
import sys
import zipfile
from pathlib import Path

import numpy as np
from qlatent_tf.tools.command_line import run_tool
from qlatent_tf.tools.data.land_cover_scenes import SIZE, draw_tile
from tqdm import tqdm

from qlatent_tf.drawing.images import draw_images
from qlatent_tf.storage.files import atomic_path, sha256_of

COLOURS = 16


def reduce_colours(tile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns a tile as numbers into a palette of its own.

    Args:
      tile: uint8 array, shape `(28, 28, 4)`.

    Returns:
      uint8 arrays: the numbers, shape `(28, 28)`, and the palette, shape `(16, 4)`, from dark to
      bright, with zeros after its last colour.
    """
    from scipy.cluster.vq import kmeans, vq

    pixels = tile.reshape(-1, 4).astype(float)
    ranked = pixels[np.argsort(pixels.sum(axis=1), kind="stable")]
    start = ranked[np.linspace(0, len(ranked) - 1, COLOURS).astype(int)]
    colours, _ = kmeans(pixels, np.unique(start, axis=0), thresh=0.5)
    colours = colours[np.argsort(colours.sum(axis=1), kind="stable")]
    palette = np.zeros((COLOURS, 4), np.uint8)
    palette[: len(colours)] = np.rint(colours)
    numbers, _ = vq(pixels, colours)
    return numbers.astype(np.uint8).reshape(SIZE, SIZE), palette


def draw_tiles(seed: int, count: int, progress: bool = False) -> dict[str, np.ndarray]:
    """Draws tiles.

    Args:
      seed: int. From 0.
      count: int. How many, from 1.
      progress: bool. Whether to show a progress bar.

    Returns:
      `indices`, uint8 of shape `(count, 28, 28)`, and `palettes`, uint8 of shape `(count, 16, 4)`,
      as `reduce_colours` returns them, and `labels`, uint8 of shape `(count,)`.

    Raises:
      ValueError: if `count` or `seed` is out of range.
    """
    if count < 1 or seed < 0:
        raise ValueError(
            f"count is a whole number from 1, seed one from 0; received {count} and {seed}."
        )
    indices, palettes, labels = [], [], []
    for number in tqdm(range(count), desc="draw", unit="tile", disable=not progress):
        tile, label = draw_tile(seed, number)
        numbers, palette = reduce_colours(tile)
        indices.append(numbers)
        palettes.append(palette)
        labels.append(label)
    return {
        "indices": np.stack(indices),
        "palettes": np.stack(palettes),
        "labels": np.array(labels, np.uint8),
    }


def write_tiles(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes a ``.npz`` file; the same arrays give the same bytes."""
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            # Packed tighter than NumPy packs, and without the time of day.
            member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_LZMA
            with archive.open(member, "w") as file:
                np.lib.format.write_array(file, array)


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "draw_land_cover",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument(
        "--count",
        type=int,
        default=2400,
        metavar="N",
        help="how many tiles (default: 2400, which takes some minutes)",
    )
    arguments.add_argument("--seed", type=int, default=0, help="draws other tiles (default: 0)")
    arguments.add_argument(
        "--out", type=Path, required=True, metavar="FILE.npz", help="the file to write"
    )
    arguments.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="a picture of the first 64"
    )
    arguments.add_argument("--quiet", action="store_true", help="show no progress bar")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_draw, parser().parse_args(argv))


def _draw(options):
    arrays = draw_tiles(options.seed, options.count, progress=not options.quiet)
    write_tiles(options.out, arrays)
    if options.picture:
        from qlatent_tf.drawing.png import write_picture

        first = range(min(64, options.count))
        tiles = [arrays["palettes"][tile][arrays["indices"][tile]] for tile in first]
        write_picture(options.picture, draw_images(np.stack(tiles)))
    print(f"{options.count} tiles -> {options.out}, SHA-256 {sha256_of(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
