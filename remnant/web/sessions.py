"""Who may ask: those who show the token, or the cookie that they got for it."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final

from remnant.web.refusals import refused

COOKIE: Final = "remnant_session"
BEARER: Final = "Bearer "
SESSION_SECONDS: Final = 12 * 3600.0
MOST_SESSIONS: Final = 200
MOST_FAILURES: Final = 10
FAILURE_SECONDS: Final = 60.0


class Sessions:
    """The sessions of this server; they end with it."""

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()
        self._lock = threading.Lock()
        self._ends: OrderedDict[bytes, float] = OrderedDict()
        self._failures: list[float] = []

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a request shows the token or a cookie of a session."""
        shown = headers.get("authorization", "")
        if shown.startswith(BEARER) and self._is_token(shown.removeprefix(BEARER)):
            return True
        return self._is_session(_cookie(headers.get("cookie", "")))

    def login(self, token: object) -> str:
        """Return the cookie of a new session.

        Raises
        ------
        RefusedError
            The token is another one, or too many wrong ones came.
        """
        now = time.monotonic()
        with self._lock:
            self._failures = [t for t in self._failures if now - t < FAILURE_SECONDS]
            if len(self._failures) >= MOST_FAILURES:
                raise refused(429, "too many wrong tokens came", "wait a minute")
            if not isinstance(token, str) or not self._is_token(token):
                self._failures.append(now)
                raise refused(401, "this is not the token", "give the text of the token's file")
            session = secrets.token_urlsafe(32)
            self._ends[_digest(session)] = now + SESSION_SECONDS
            while len(self._ends) > MOST_SESSIONS:
                self._ends.popitem(last=False)
            return session

    def _is_token(self, shown: str) -> bool:
        return self._token is not None and secrets.compare_digest(shown.encode(), self._token)

    def _is_session(self, cookie: str) -> bool:
        with self._lock:
            ends = self._ends.get(_digest(cookie)) if cookie else None
            return ends is not None and time.monotonic() < ends


def _digest(session: str) -> bytes:
    # looked up by its digest: how long that takes says nothing of the session itself
    return hashlib.sha256(session.encode()).digest()


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value
