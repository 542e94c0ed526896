"""The keyboard's interrupt, heard even where the code of others swallows it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_remembered() -> Iterator[Callable[[], None]]:
    """Give what raises an interrupt again that was heard and came to nothing.

    It is raised wherever the interpreter is, and is lost where that is the end of an object's life
    or what a package lets no error leave; a run of thousands of cases would go on as if nobody had
    asked it to stop. Outside the main thread, which alone hears interrupts, nothing is done.

    Yields
    ------
    Callable
        To be called between cases.

    Raises
    ------
    KeyboardInterrupt
        By that call, after an interrupt.
    """
    heard = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield lambda: None
        return

    def handler(number: int, frame: FrameType | None) -> None:
        heard.set()
        before(number, frame)

    def raise_again() -> None:
        if heard.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handler)
    try:
        yield raise_again
    finally:
        signal.signal(signal.SIGINT, before)
