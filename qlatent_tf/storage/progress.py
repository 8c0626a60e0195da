"""Progress bars that leave nothing behind."""

from collections.abc import Iterable

import tqdm


def progress_bar(iterable: Iterable | None = None, *, shown: bool = True, **options) -> tqdm.tqdm:
    """Returns a progress bar, which disappears at its end.

    Args:
      iterable: iterable. What is counted; by default the caller counts, with `update`.
      shown: bool. Whether there is anything to see.
      **options: those of `tqdm.tqdm`, such as `desc`, `unit` and `total`.
    """
    return tqdm.tqdm(iterable, disable=not shown, leave=False, unit_scale=True, **options)
