"""How a run says that it was stopped, and saved."""

import signal


class Interrupted(Exception):  # noqa: N818
    """A run was stopped by a signal and saved.

    Attributes:
      exit_code: int. What a shell returns for the signal: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, message: str, stop: KeyboardInterrupt | None = None):
        super().__init__(message)
        number = stop.args[0] if stop is not None and stop.args else signal.SIGINT
        self.exit_code = 128 + number
