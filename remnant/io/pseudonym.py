"""Names for studies that do not name the person."""

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from remnant.core.errors import InputError

KEY_VARIABLE = "REMNANT_PSEUDONYM_KEY"
KEY_BYTES = 32
SHORTEST_KEY = 16
DIGITS = 16
PREFIX = "case-"


def pseudonym(*identifiers: str) -> str:
    """Derive a pseudonym from identifiers by keyed hash (HMAC-SHA256).

    The same identifiers give the same pseudonym on one machine, or wherever the environment
    variable ``REMNANT_PSEUDONYM_KEY`` holds the same key. Without the key, identifiers cannot be
    guessed and tried. The key is made at first use and kept in the user's configuration folder,
    readable by its owner only.

    Parameters
    ----------
    identifiers
        Patient and study identifiers, or a digest of the content; at least one not empty.

    Returns
    -------
    str
        ``case-`` and 16 hexadecimal digits.

    Raises
    ------
    InputError
        All identifiers are empty, or the key is too short, open to others or cannot be kept.
    """
    if not any(identifiers):
        raise InputError("a pseudonym needs at least one identifier that is not empty")
    return PREFIX + hmac.new(_key(), _message(identifiers), hashlib.sha256).hexdigest()[:DIGITS]


class KeyedDigests:
    """Digests of identifiers under a key that is made from the user's for one purpose.

    The key is read once. Digests for one purpose tell nothing of those for another, nor of
    pseudonyms.

    Raises
    ------
    InputError
        As `pseudonym`.
    """

    def __init__(self, purpose: str) -> None:
        self._key = hmac.new(_key(), purpose.encode("utf-8"), hashlib.sha256).digest()

    def digest(self, *identifiers: str) -> bytes:
        """Return 32 bytes that are the same for the same identifiers and the same key."""
        return hmac.new(self._key, _message(identifiers), hashlib.sha256).digest()


def _message(identifiers: tuple[str, ...]) -> bytes:
    # lengths go in, so that ("ab", "c") and ("a", "bc") differ
    texts = (identifier.encode("utf-8") for identifier in identifiers)
    return b"".join(len(text).to_bytes(8, "big") + text for text in texts)


def key_path() -> Path:
    """Return where the key is kept when the environment does not give one."""
    return platformdirs.user_config_path("remnant") / "pseudonym.key"


def _key() -> bytes:
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        return _long_enough(given.encode("utf-8"), where=KEY_VARIABLE)
    path = key_path()
    try:
        _make_key(path)
        _require_private(path)
        return _long_enough(path.read_bytes().strip(), where=str(path))
    except OSError as fault:
        raise InputError(
            f"the key for pseudonyms cannot be kept in {path} ({fault.strerror}); set "
            f"{KEY_VARIABLE} to a secret of at least {SHORTEST_KEY} characters"
        ) from fault


def _make_key(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # written beside and linked, so that another process never sees half a key
    temporary = path.with_name(f".{secrets.token_hex(4)}.key")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(KEY_BYTES))
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()


def _require_private(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"{path} can be read by others; make it private: chmod 600 {path}")


def _long_enough(key: bytes, *, where: str) -> bytes:
    if len(key) < SHORTEST_KEY:
        raise InputError(
            f"the key for pseudonyms in {where} has {len(key)} characters; at least "
            f"{SHORTEST_KEY} are needed"
        )
    return key
