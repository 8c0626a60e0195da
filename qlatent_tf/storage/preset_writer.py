"""Writes presets: all files of one are there, or those of the one before are."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from qlatent_tf.storage.files import (
    flush_to_disk,
    read_json,
    refuse_link,
    refuse_to_replace,
    sha256_of,
    write_json,
    write_text,
)
from qlatent_tf.storage.locks import once_free, sole_use
from qlatent_tf.storage.preset_files import (
    CHECKPOINT_FOLDER,
    METRICS,
    PRESET_VERSION,
    WEIGHTS,
    is_part,
    name_of_latent_file,
    versions,
)
from qlatent_tf.storage.shapes import check_shape
from qlatent_tf.storage.temporary import remove_stale, temporary_prefix

# Of presets that do not tell the names of their pictures, those that models of the package have
# beside samples.
_PICTURES = ("reconstructions.png", "real_over_generated.png")


def write_preset(
    directory,
    kind: str,
    config: dict,
    save_weights: Callable[[Path], None],
    *,
    metrics=None,
    card=None,
    provenance=None,
    checkpoint=(),
    pictures=None,
    latent_file=None,
) -> Path:
    """Writes a preset of any kind: weights, configuration, scores and a card.

    A preset that is there already is replaced when all is written: an error on the way, such as
    that of a full disk, leaves it as it was. Of two processes that replace it, the second waits.

    Args:
      directory: path. The preset's directory; its name is the preset's.
      kind: str. What it is.
      config: dict. JSON values; what the model is built from.
      save_weights: callable. `save_weights(path)` writes the weights.
      metrics, card, provenance, checkpoint, pictures: see `qlatent_tf.zoo.save_preset`.
      latent_file: path. What the latent reads, to be kept in the preset.

    Returns:
      Path of the directory.

    Raises:
      ValueError: if the metrics have another form than the kind's.
    """
    directory = Path(directory)
    refuse_link(directory)
    refuse_link(directory / CHECKPOINT_FOLDER)
    if metrics is not None:
        check_shape(metrics, METRICS[kind], "metrics")
    with _staged(directory) as folder:
        drawn = {f"{name}.png": picture for name, picture in (pictures or {}).items()}
        for name, picture in drawn.items():
            (folder / name).write_bytes(picture)
        save_weights(folder / WEIGHTS)
        kept = [folder / CHECKPOINT_FOLDER / Path(file).name for file in checkpoint]
        for source, target in zip(checkpoint, kept, strict=True):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
        if latent_file is not None:
            kept.append(folder / name_of_latent_file(latent_file))
            shutil.copyfile(latent_file, kept[-1])
        if metrics is not None:
            write_json(folder / "metrics.json", metrics)
        if card is not None:
            write_text(folder / "README.md", card)
        write_json(
            folder / "config.json",
            {
                "preset_version": PRESET_VERSION,
                "kind": kind,
                "config": config,
                "sha256": {
                    file.relative_to(folder).as_posix(): sha256_of(file)
                    for file in (folder / WEIGHTS, *kept)
                },
                "provenance": provenance or {},
                "versions": versions(),
                **({"pictures": sorted(drawn)} if drawn else {}),
            },
        )
    return directory


@contextlib.contextmanager
def _staged(directory):
    """Yields a folder on the same disk, whose files are moved to `directory` at the end.

    What the preset there had besides is removed, such as its scores; files of other names stay,
    and folders do. ``config.json``, which holds the weights' hash, goes last: a directory that a
    killed process left between two presets has one that the weights do not fit.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(directory.parent)
    prefix = temporary_prefix(directory)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=prefix) as parent:
        # Deeper than presets are looked for.
        folder = Path(parent) / directory.name
        folder.mkdir()
        yield folder
        files = [file for file in folder.rglob("*") if file.is_file()]
        moved = {directory / file.relative_to(folder): file for file in files}
        for target, file in moved.items():  # Before anything of the old one is gone.
            refuse_to_replace(target)
            flush_to_disk(file)
        lock = directory.parent / f".{directory.name}.lock"
        once_free(lambda: _move(moved, directory, lock))


def _move(moved, directory, lock):
    """Puts files in the place of a preset's, alone."""
    with sole_use(lock, f"writing the preset {directory}"):
        known = _named_in(directory)
        parts = [one for one in directory.glob("*") if is_part(one) or one.name in known]
        others = {*parts, *(directory / CHECKPOINT_FOLDER).glob("*")} - moved.keys()
        (description,) = (target for target in moved if target.name == "config.json")
        for target in moved.keys() - {description}:
            target.parent.mkdir(parents=True, exist_ok=True)
            moved[target].replace(target)
        for file in others:
            if not file.is_dir() or file.is_symlink():
                file.unlink()
        moved[description].replace(description)


def _named_in(directory):
    """The names of the files that the preset there tells of, if there is one."""
    shape = {"sha256": {str: str}, "pictures?": [str]}
    try:
        told = read_json(directory / "config.json", shape)
    except (OSError, ValueError):
        return set()
    return {*told["sha256"], *told.get("pictures", _PICTURES)}
