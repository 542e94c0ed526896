"""What a node tells its operator: lines of JSON that name nobody."""

import json
import logging
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Final

SILENCED: Final = ("pynetdicom", "pydicom", "dicomweb_client", "urllib3")
_LOCK: Final = threading.Lock()


class NodeLog:
    """Writes events as JSON lines.

    Facts are pseudonyms, numbers, and words of this program: never a value of a DICOM object, nor
    a text of another program or library.

    Parameters
    ----------
    stream
        Where to; standard error by default.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream

    def write(self, event: str, **facts: str | float | None) -> None:
        """Write one event; one that cannot be written, as on a full disk, stops nothing."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **facts})
        with _LOCK, suppress(OSError, ValueError):
            print(line, file=self._stream or sys.stderr, flush=True)


def silence_libraries() -> None:
    """Silence the logs of libraries: they print values of objects and of requests."""
    from pynetdicom import _config

    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False
    for name in SILENCED:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
