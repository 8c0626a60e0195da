"""The latent that draws from a file: hardware shots, a sample bank, anything with rows."""

import os
from typing import TYPE_CHECKING

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.unitaries import check_circuit_seed, random_directions

if TYPE_CHECKING:
    from qlatent_tf.latents.recorded_samples import RecordedSamples


def samples(
    file: str | os.PathLike,
    key: str | None = None,
    file_format: str | None = None,
    columns: int | list[int] | None = None,
    modes: int | None = None,
    center: bool = True,
    projection: int | None = None,
    projection_seed: int = 0,
) -> "RecordedSamples":
    """Draws from recorded samples: a bank, a hardware file, any format of `open_samples`.

    A bank stands for the live sampler that made it: the same distribution, drawn with replacement.

    A device that is wider than the latent has to be is cut to it in one of two ways. `columns`
    keeps whole numbers and the distribution of some modes, and loses what the others know.
    `projection` takes sums of all modes, along random directions at right angles, fixed by a seed:
    what is left of each mode is a real number, and interference between any of them is still felt.
    A generator that begins with a dense layer makes such sums itself, so this only limits which.

    Args:
      file: path. A file or directory that `open_samples` reads.
      key: str. The array in a .npz file.
      file_format: str. Needed only for raw Jiuzhang files.
      columns: int or list of int, in place of `modes`. The modes that make the latent: the first
        `columns`, or those listed. A latent narrower than the device is thus a marginal of its
        law: the photons in the other modes are ignored, and what is kept is still measured data.
      modes: int. The same as a number in `columns`: the width, as it is called elsewhere. None,
        with no `columns` either, for all that are recorded.
      center: bool. Whether the mean of all rows is subtracted.
      projection: int. The number of directions that the modes, or those chosen, are projected to.
      projection_seed: int, from 0 to 2**32 - 1. Chooses the directions.

    Returns:
      RecordedSamples with events of shape (modes,), (columns,) or (projection,).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is bad or narrower than asked for.
    """
    from qlatent_tf.latents.recorded_samples import RecordedSamples, check_columns
    from qlatent_tf.quantum.recordings.open_samples import open_samples

    if columns is not None and modes is not None:
        raise ValueError(
            f"Give columns or modes, not both; received columns={columns!r}, modes={modes!r}. "
            "Where a configuration has modes, modes=null leaves them out."
        )
    columns = modes if columns is None else columns
    rows = open_samples(file, key=key, file_format=file_format)
    source = str(file) if key is None else f"{file}[{key}]"
    if len(rows) < 2:
        raise ValueError(f"{source} holds one shot; a latent draws from two at least.")
    chosen = check_columns(columns, rows.shape[1], source)
    if _are_equal(rows, chosen):
        raise ValueError(f"All {len(rows):,} shots of {source} are equal: nothing can be learnt.")
    directions = None
    if projection is not None:
        width = len(chosen)
        projection = check_count(projection, "projection", least=1)
        projection_seed = check_circuit_seed(projection_seed, "projection_seed")
        if projection == width < rows.shape[1]:
            raise ValueError(
                f"A projection of {width} of the {rows.shape[1]} recorded modes to {projection} "
                "directions leaves out the others and only turns these. For sums of all modes give "
                "neither columns nor modes: where a configuration has modes, modes=null."
            )
        directions = random_directions(width, projection, projection_seed)
    return RecordedSamples(
        rows, columns=columns, center=center, source=source, projection=directions
    )


def _are_equal(rows, columns) -> bool:
    first = np.asarray(rows[:1])[:, columns]
    # Nearly always the first block tells.
    return all((block[:, columns] == first).all() for _, block in sample_rows.blocks(rows, 1000))
