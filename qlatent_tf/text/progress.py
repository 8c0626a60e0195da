"""Progress bars: drawn anew in a terminal, a line now and then in a file."""

import time
from collections.abc import Iterable

import tqdm

_LINES = 20
_SECONDS = 60.0


class ProgressBar(tqdm.tqdm):
    """`tqdm.tqdm`; in a file it writes a line for each 5 % of the work, and for each minute."""

    _written = None

    def display(self, msg=None, pos=None):
        if self.fp.isatty():
            return super().display(msg, pos)
        now = time.monotonic()
        if self._written is not None and msg is None:
            done, then = self._written
            due = self.n - done >= max((self.total or 0) / _LINES, 1) and self.total
            ended = self.disable and self.n != done
            if not (due or ended or now - then >= _SECONDS):
                return True
        if msg == "":  # What a terminal shows is to be cleared.
            return False
        self._written = self.n, now
        self.fp.write(f"{self if msg is None else msg}\n")
        return True

    def close(self):
        if not self.disable and not self.fp.isatty():
            # The last line ends by itself.
            self.leave = False
            self.disable = True
            self.display()
            self.disable = False
        super().close()


def progress_bar(iterable: Iterable | None = None, *, shown: bool = True, **options) -> ProgressBar:
    """Returns a progress bar that disappears at its end.

    Args:
      iterable: iterable. What is counted; by default the caller counts, with `update`.
      shown: bool. Whether there is anything to see.
      **options: those of `ProgressBar`, such as `desc`, `unit` and `total`.
    """
    return ProgressBar(iterable, disable=not shown, leave=False, unit_scale=True, **options)
