"""Signals that a terminal or a job scheduler sends to end a run or to make it save."""

import contextlib
import signal
from collections.abc import Callable, Iterator

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_SAVING = "SIGUSR1"


@contextlib.contextmanager
def asking_is_harmless() -> Iterator[None]:
    """Lets SIGUSR1 do nothing where there is nothing to save, in place of ending the process.

    Such as while data are loaded and samples are scored. A handler of the caller's own stays.
    """
    number = getattr(signal, _SAVING, None)  # Windows has none.
    harmless = number is not None and signal.getsignal(number) is signal.SIG_DFL
    with _handled({number: lambda *_: None} if harmless else {}):
        yield


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

    handlers = {
        getattr(signal, name): handler
        for name, handler in {**dict.fromkeys(_ENDING, end), _SAVING: ask}.items()
        if hasattr(signal, name)  # Windows has fewer signals.
    }
    with _handled(handlers):
        yield asked


@contextlib.contextmanager
def signals_end() -> Iterator[None]:
    """Lets signals end the process at once, while other code than Python's waits.

    Python would come to handle them only after it.
    """
    with _handled(dict.fromkeys((signal.SIGINT, signal.SIGTERM), signal.SIG_DFL)):
        yield


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """Keeps who handles Ctrl-C and SIGTERM while code runs that would handle them its own way."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        _install(before)


@contextlib.contextmanager
def _handled(handlers):
    """Installs handlers of signals that are not ignored, for as long as the block runs."""
    before = {number: signal.getsignal(number) for number in handlers}
    before = {number: it for number, it in before.items() if it is not signal.SIG_IGN}
    _install({number: handlers[number] for number in before})
    try:
        yield
    finally:
        _install(before)


def _install(handlers):
    # Elsewhere than in the main thread, signals are its business.
    with contextlib.suppress(ValueError):
        for number, handler in handlers.items():
            if handler is not None:  # A handler that is not Python's cannot be put back.
                signal.signal(number, handler)
