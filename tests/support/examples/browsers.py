"""A headless Chromium for tests; it leaves the thread as it was."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def require_chromium() -> str:
    """Return the path of Chromium; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    return CHROMIUM


@contextmanager
def browser() -> Iterator[Any]:
    """Give a browser, for a module at most.

    While it is there an event loop runs in this thread, where no other test may start one; when it
    ends the thread is left without one, which others take for closed. So all is put back.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=require_chromium(), args=["--no-sandbox"])
        yield started
        started.close()
    asyncio.set_event_loop_policy(None)
