"""An interrupt that somebody swallows."""

import os
import signal
import threading
from contextlib import suppress

import pytest

from remnant.cohort.interrupts import interrupts_remembered


@pytest.fixture(autouse=True)
def _usual_handler():
    # whoever runs the tests in the background has interruptions ignored, which is inherited
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupt__that_was_swallowed_is_raised_again():
    with interrupts_remembered() as raise_again:
        raise_again()
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 1)
        with pytest.raises(KeyboardInterrupt):
            raise_again()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupt__where_it_is_ignored_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts_remembered() as raise_again:
        os.kill(os.getpid(), signal.SIGINT)
        raise_again()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_interrupt__in_another_thread_nothing_is_done():
    heard = []

    def work():
        with interrupts_remembered() as raise_again:
            heard.append(signal.getsignal(signal.SIGINT))
            raise_again()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [signal.default_int_handler]
