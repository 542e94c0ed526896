"""What to say when a network does not fit into memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from remnant.core.errors import SegmentationFailedError

# CUDA has an error of its own; MPS and the processor raise RuntimeError with these words.
SHORTAGE_WORDS = ("out of memory", "not enough memory", "can't allocate memory")


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
