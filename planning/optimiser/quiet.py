"""HiGHS writes some lines straight to the process's standard output; they are kept from it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_OUTPUT = 1


@contextmanager
def without_output() -> Iterator[None]:
    """Send what C code writes to standard output nowhere; where there is none nothing is done."""
    try:
        sys.stdout.flush()
        kept = os.dup(STANDARD_OUTPUT)
    except (AttributeError, OSError, ValueError):
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STANDARD_OUTPUT)
        yield
    finally:
        os.dup2(kept, STANDARD_OUTPUT)
        os.close(kept)
        os.close(nowhere)
