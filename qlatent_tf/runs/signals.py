"""Signals that a terminal or a job scheduler sends to end a run or to make it save."""

import contextlib
import signal
from collections.abc import Callable, Iterator

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_SAVING = "SIGUSR1"


class Interrupted(Exception):  # noqa: N818
    """A run was stopped by a signal and saved.

    Attributes:
      exit_code: int. What a shell returns for the signal: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, message: str, stop: KeyboardInterrupt | None = None):
        super().__init__(message)
        number = stop.args[0] if stop is not None and stop.args else signal.SIGINT
        self.exit_code = 128 + number


@contextlib.contextmanager
def signals_interrupt() -> Iterator[Callable[[], bool]]:
    """Lets the first signal that ends a run raise KeyboardInterrupt with its number.

    Further ones are ignored.

    Schedulers repeat SIGTERM, which must not end the process before it has saved. Signals that the
    process ignored before stay ignored, such as Ctrl-C in a background job of a shell.

    Yields:
      Callable. It returns whether SIGUSR1, which asks to save, has come since the last call.
    """
    state = {"ending": False, "asked": False}

    def end(number, frame):
        if not state["ending"]:
            state["ending"] = True
            raise KeyboardInterrupt(number)

    def ask(number, frame):
        state["asked"] = True

    def asked():
        was, state["asked"] = state["asked"], False
        return was

    handlers = {**dict.fromkeys(_ENDING, end), _SAVING: ask}
    before = {}
    try:
        # Windows has fewer signals.
        for number, handler in (
            (getattr(signal, name), handler)
            for name, handler in handlers.items()
            if hasattr(signal, name)
        ):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    except ValueError:  # Not the main thread: signals are its business.
        yield asked
        return
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
