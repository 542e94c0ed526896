"""What stands before every route: names, origins, tokens, sizes and time, and the headers.

Plain ASGI: a request is refused before its body is read, and a body that is too large or too slow
is not read to its end.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from remnant.web.refusals import Refusal, RefusedError
from remnant.web.sessions import Sessions
from remnant.web.settings import LOOPBACK, WebSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[str, str]

READING: Final = ("GET", "HEAD")
CHANGING: Final = ("POST", "PUT", "DELETE")
API: Final = "/api/"
LOGIN: Final = "/api/login"
LONGEST_PATH: Final = 1000
POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
OF_FILES: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "frame-ancestors 'none'"
)
"""Of what a case's folder holds: it may show itself, and runs nothing."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


OF_SAFE_ORIGINS: Final = "cross-origin-opener-policy"
"""Browsers take this header, and complain of it otherwise, only by TLS or on this machine."""


class Guard:
    """Lets through what is meant for this server, and adds its headers to every answer."""

    def __init__(self, app: App, *, settings: WebSettings, sessions: Sessions) -> None:
        self.app, self.settings, self.sessions = app, settings, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headed = _with_headers(send, left_out=self._left_out(scope))
        try:
            self._require(scope, _headers(scope))
        except RefusedError as fault:
            await refuse(headed, fault.refusal)
            return
        limited = _Limited(receive, self.settings)
        try:
            await self.app(scope, limited, headed)
        except RefusedError as fault:
            await refuse(headed, fault.refusal)

    def _left_out(self, scope: Scope) -> str:
        """Return the header that a browser at this address does not take; none for most."""
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = hosts[0] if hosts else ""
        is_safe = _name_of(host) in LOOPBACK or f"https://{host}" in self.settings.origins
        return "" if is_safe else OF_SAFE_ORIGINS

    def _require(self, scope: Scope, headers: Headers) -> None:
        """Raise unless a request may be answered.

        Raises
        ------
        RefusedError
            It may not.
        """
        _require_path(scope)
        host = headers.get("host", "")
        if not self._is_own(host):
            raise _refused(421, "this server is not called that", "use the address it printed")
        method = scope["method"]
        if method not in (*READING, *CHANGING):
            raise _refused(405, "this is not done here", "")
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins(host):
            raise _refused(403, "the request comes from another page", "use this server's own page")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and _is_api(scope):
            raise _refused(403, "the request comes from another page", "use this server's own page")
        if method in CHANGING:
            self._require_meant(headers)
        if self.settings.token is not None and _is_api(scope) and scope["path"] != LOGIN:
            self._require_token(headers)

    def _require_meant(self, headers: Headers) -> None:
        if headers.get("x-remnant") != "1":
            raise _refused(403, "the request does not come from the page", "send X-Remnant: 1")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.settings.most_body_bytes:
            raise _too_large(self.settings)
        bodied = length != "0" or "transfer-encoding" in headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if bodied and kind != "application/json":
            raise _refused(415, "the request is no JSON", "send Content-Type: application/json")

    def _require_token(self, headers: Headers) -> None:
        if not self.sessions.admits(headers):
            raise _refused(401, "who are you?", "log in with the token of this server")

    def _is_own(self, host: str) -> bool:
        name = _name_of(host)
        if name in self.settings.hosts:
            return True
        return self.settings.any_address and _is_address(name)

    def _origins(self, host: str) -> tuple[str, ...]:
        return (f"http://{host}", *self.settings.origins)


class _Limited:
    """Receives a body of limited size in limited time."""

    def __init__(self, receive: Receive, settings: WebSettings) -> None:
        self.receive, self.settings = receive, settings
        self.received, self.ended = 0, False
        self.until = asyncio.get_running_loop().time() + settings.body_seconds

    async def __call__(self) -> Message:
        """Receive the next part.

        Raises
        ------
        RefusedError
            The body is too large, or too slow.
        """
        if self.ended:
            return await self.receive()
        left = self.until - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(self.receive(), max(left, 0.0))
        except TimeoutError as fault:
            raise _refused(408, "the request came too slowly", "send it again") from fault
        self.received += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        if self.received > self.settings.most_body_bytes:
            raise _too_large(self.settings)
        return message


def _refused(status: int, error: str, what_to_do: str) -> RefusedError:
    return RefusedError(Refusal(status, error, what_to_do))


def _too_large(settings: WebSettings) -> RefusedError:
    most = settings.most_body_bytes // 1024
    return _refused(413, "the request is too large", f"allowed are {most} KiB")


def _is_api(scope: Scope) -> bool:
    return bool(scope["path"].startswith(API))


def _require_path(scope: Scope) -> None:
    """Raise where a path leads upwards, however it is written.

    Raises
    ------
    RefusedError
        It does, or is overlong.
    """
    raw = bytes(scope.get("raw_path") or scope["path"].encode()).lower()
    path = scope["path"]
    strange = any(ord(sign) < 32 or sign in "\\%" for sign in path)  # noqa: PLR2004
    escaped = any(code in raw for code in (b"%2f", b"%5c", b"%2e", b"%00", b"%25"))
    upwards = ".." in path.split("/") or "//" in path
    if strange or escaped or upwards or len(raw) > LONGEST_PATH:
        raise _refused(404, "there is no such page", "go back to the list of cases")


def _name_of(host: str) -> str:
    """Return the name in a Host header, without its port."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return name.lower()
    return host.lower()


def _is_address(name: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _headers(scope: Scope) -> Headers:
    """Return the headers of a request; of one that is there twice none is good.

    Raises
    ------
    RefusedError
        A header that decides is there twice.
    """
    found: Headers = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in found and key in ("host", "origin", "authorization", "content-length"):
            raise _refused(400, f"the header {key} is there twice", "send it once")
        found[key] = value.decode("latin-1")
    return found


def _with_headers(send: Send, *, left_out: str) -> Send:
    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = list(_completed(message.get("headers", ()), left_out))
        await send(message)

    return headed


def _completed(
    headers: Iterable[tuple[bytes, bytes]], left_out: str
) -> Iterable[tuple[bytes, bytes]]:
    given = [(name, value) for name, value in headers if name.lower() != b"server"]
    there = {name.lower() for name, _ in given}
    yield from given
    for name, value in HEADERS.items():
        if name.encode() not in there and name != left_out:
            yield name.encode(), value.encode()


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer with a refusal."""
    body = json.dumps(refusal.document(), ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def origin_of(address: str) -> tuple[str, str]:
    """Return the origin and the name of a web address, as a proxy's.

    >>> origin_of("https://review.example:8443/")
    ('https://review.example:8443', 'review.example')
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}", (parts.hostname or "")
