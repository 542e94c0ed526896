"""What the server was started with."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from remnant.core.errors import InputError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MOST_BODY_BYTES = 2 * 1024 * 1024
MOST_CASES_BYTES = 500 * 1024 * 1024
"""Maps and draws of open cases are dropped, the longest unused first, beyond this."""
BODY_SECONDS = 20.0
"""A request's body has to arrive within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the server serves, and to whom.

    Parameters
    ----------
    root
        Folder of a case, or of cases; nothing outside it is served.
    image, images
        The scan of the one case; a folder in which scans are looked for by their digest.
    token
        What every request has to show; ``None`` on loopback, where none is needed.
    hosts
        Names that the server is called by, with or without a port; others are refused, so that no
        foreign page reaches it by a name of its own that leads here.
    any_address
        Whether an IP address in the place of the name is good too: it cannot be rebound.
    origins
        Further origins that its pages are loaded from, as a proxy's.
    most_cases_bytes, most_body_bytes, body_seconds
        Limits.
    """

    root: Path
    image: Path | None = None
    images: Path | None = None
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = LOOPBACK
    any_address: bool = False
    origins: tuple[str, ...] = ()
    most_cases_bytes: int = MOST_CASES_BYTES
    most_body_bytes: int = MOST_BODY_BYTES
    body_seconds: float = BODY_SECONDS


SHORTEST_TOKEN = 32
MOST_TOKEN_BYTES = 4096


def read_token(path: Path) -> str:
    """Read the token that people show, from a file of which others see nothing.

    Raises
    ------
    InputError
        There is none, others may read it, or the token is too short.
    """
    advice = f"make one: head -c 32 /dev/urandom | base64 > {path}; chmod 600 {path}"
    if not path.is_file():
        raise InputError(f"--token-file {path} does not exist; {advice}")
    mode = path.stat().st_mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"--token-file {path} can be read by others; chmod 600 {path}")
    content = path.read_bytes()[:MOST_TOKEN_BYTES].strip()
    if len(content) < SHORTEST_TOKEN or not content.isascii() or b"\n" in content:
        raise InputError(
            f"--token-file {path} holds no token: one line of at least {SHORTEST_TOKEN} ASCII "
            f"characters is needed; {advice}"
        )
    return content.decode("ascii")
