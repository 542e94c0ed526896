"""Memory that networks work in, and what to say when it does not suffice."""

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from remnant.core.errors import SegmentationFailedError

# CUDA has an error of its own; MPS and the processor raise RuntimeError with these words.
SHORTAGE_WORDS = ("out of memory", "not enough memory", "can't allocate memory")

# Numbers of glibc's malloc.h, and what its thresholds adapt to by themselves.
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
KEPT: Final = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1}
USUAL: Final = {MMAP_MAX: 65_536, MMAP_THRESHOLD: 1 << 25, TRIM_THRESHOLD: 1 << 26}


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed for what is asked for next, where the C library is glibc.

    Otherwise each of a network's maps is fetched from the kernel, which clears it page by page.
    """
    _set_allocator(KEPT)
    try:
        yield
    finally:
        _set_allocator(USUAL)
        with suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).malloc_trim(0)


def _set_allocator(settings: Mapping[int, int]) -> None:
    # Other C libraries have no such function, and Windows no library without a name.
    with suppress(OSError, AttributeError, TypeError):
        for name, value in settings.items():
            ctypes.CDLL(None).mallopt(name, value)


@contextmanager
def memory_errors_explained(device: str) -> Iterator[None]:
    """Turn a network's lack of memory into one line that says what to do.

    Raises
    ------
    SegmentationFailedError
        The memory of ``device`` did not suffice.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _is_shortage(error):
            raise
        advice = (
            "close other programs or use a machine with more memory"
            if device == "cpu"
            else "close other programs that use it, or run with --device cpu"
        )
        raise SegmentationFailedError(
            f"the memory of device {device!r} did not suffice for the network; {advice}"
        ) from error


def _is_shortage(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, MemoryError):
        return True
    import torch

    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(w in text for w in SHORTAGE_WORDS)
