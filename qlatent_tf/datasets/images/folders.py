"""Reads the image files in a folder."""

from pathlib import Path

import numpy as np

from qlatent_tf.quantum.arguments import check_count, check_flag

# Grey, coloured, of a palette, with or without transparency, as Pillow calls them.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def read_folder(
    folder: Path, size: tuple[int, int] | int | None = None, grey: bool = False
) -> tuple[dict[str, np.ndarray], list[str] | None]:
    """Returns the images in a folder, and their classes, those of its subfolders.

    Images are turned as their EXIF orientation says, and transparent ones stand on white.

    Args:
      folder: path.
      size: (int, int) or int. Height and width to which images are resized. Default: images have
        one size already.
      grey: bool. Whether images become grey. Default: red, green and blue.

    Returns:
      `x_train`, uint8 of shape `(n, height, width)` or `(n, height, width, 3)`, and where there are
      subfolders `y_train`, int64 of shape `(n,)`; and the names of the subfolders, or None.

    Raises:
      NotADirectoryError: if there is no such folder.
      ValueError: if it holds no images, a file is damaged, sizes differ, or the size is none.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder of images.")
    if size is not None:
        sides = size if isinstance(size, (list, tuple)) else (size, size)
        if len(sides) != 2:
            raise ValueError(f"size is one number, or height and width; received {size!r}.")
        size = tuple(check_count(side, "size", least=1) for side in sides)
    grey = check_flag(grey, "grey")
    classes = sorted(path.name for path in _folders(folder) if _files(path))
    _refuse_deeper(folder)
    if classes and _files(folder):
        raise ValueError(
            f"{folder} holds images beside folders of images, {', '.join(classes)}: put all images "
            "into folders, whose names are their classes, or none."
        )
    images, labels = [], []
    for label, part in enumerate(classes or ["."]):
        for path in _files(folder / part):
            images.append(_read(path, size, grey))
            labels.append(label)
            if images[-1].shape != images[0].shape:
                raise ValueError(
                    f"{path} has the size {images[-1].shape[:2]}, the images before it "
                    f"{images[0].shape[:2]}: give the size that all are to have, such as size=32."
                )
    if not images:
        raise ValueError(f"{folder} holds no images; legal endings are {', '.join(SUFFIXES)}.")
    arrays = {"x_train": np.stack(images)}
    return (arrays | {"y_train": np.array(labels)}, classes) if classes else (arrays, None)


def _files(folder: Path) -> list[Path]:
    return [path for path in _shown(folder) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _shown(folder) if path.is_dir()]


def _shown(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, but for what systems hide or add: previews and the like."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name != "__MACOSX"
    )


def _refuse_deeper(folder: Path) -> None:
    """Refuses images that would be left out: of folders within the folders of classes."""
    for part in _folders(folder):
        inner = _folders(part)
        while inner:
            if _files(inner[0]):
                raise ValueError(
                    f"{inner[0]} holds images: a class is one folder in {folder}, without folders "
                    f"in it. Put its images into {part}, or name {part} itself."
                )
            inner = [*_folders(inner[0]), *inner[1:]]


def _count_images(image) -> int:
    """Returns how many images a file holds, previews of another size and those of cameras apart."""
    if image.format == "MPO" or getattr(image, "n_frames", 1) == 1:
        return 1
    sizes = []
    for frame in range(image.n_frames):
        image.seek(frame)
        sizes.append(image.size)
    image.seek(0)
    return sizes.count(sizes[0])


def _opaque(image):
    """Returns the image on white: the colours of transparent pixels are not what is seen."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _read(path: Path, size: tuple[int, int] | None, grey: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            if image.mode not in _MODES or (image.format == "TIFF" and image.mode == "RGBA"):
                raise ValueError(
                    f"its pixels, {image.mode}, are none of 8 bits in red, green and blue or grey; "
                    "other images are read from .npy and .npz files"
                )
            count = _count_images(image)
            if count > 1:
                raise ValueError(
                    f"it holds {count} images, of which one alone would be read; save each in a "
                    "file of its own, or all in a .npy file"
                )
            image = _opaque(ImageOps.exif_transpose(image)).convert("L" if grey else "RGB")
            if size is not None:
                image = image.resize(size[::-1])
            return np.array(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no whole image file, or the size is none: {error}.") from error
