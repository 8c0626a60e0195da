"""Progress bars that leave nothing behind."""

from collections.abc import Iterable

from qlatent_tf.progress import ProgressBar


def progress_bar(iterable: Iterable | None = None, *, shown: bool = True, **options) -> ProgressBar:
    """Returns a progress bar, which disappears at its end.

    Args:
      iterable: iterable. What is counted; by default the caller counts, with `update`.
      shown: bool. Whether there is anything to see.
      **options: those of `ProgressBar`, such as `desc`, `unit` and `total`.
    """
    return ProgressBar(iterable, disable=not shown, leave=False, unit_scale=True, **options)
