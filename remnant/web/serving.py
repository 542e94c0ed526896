"""The server's process: its socket, its patience with slow clients, and its end."""

import socket
from asyncio import TimerHandle, Transport
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from remnant.core.errors import InputError
from remnant.web.settings import LOOPBACK

HEAD_SECONDS: Final = 10.0
"""The head of a request has to be there within this time."""
STALLED_SECONDS: Final = 60.0
"""A client that takes nothing of an answer for so long is given up."""
IDLE_SECONDS: Final = 15
MOST_CONNECTIONS: Final = 200
MOST_HEAD_BYTES: Final = 32 * 1024
END_SECONDS: Final = 5
BACKLOG: Final = 128
EVERY_ADDRESS: Final = ("0.0.0.0", "::")  # noqa: S104  (named, not listened to)


class ImpatientProtocol(H11Protocol):
    """HTTP that gives up on clients which send a head too slowly, or take nothing."""

    head_timer: TimerHandle | None = None
    stall_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for the first request, not for ever."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if begun:
            self._wait_for_head()
        else:
            self._head_timer_off()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._head_timer_off()
        self._stall_timer_off()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, not for ever."""
        super().pause_writing()
        self._stall_timer_off()
        self.stall_timer = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on where the client has taken something."""
        self._stall_timer_off()
        super().resume_writing()

    def _wait_for_head(self) -> None:
        if self.head_timer is None:
            self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _head_timer_off(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _stall_timer_off(self) -> None:
        if self.stall_timer is not None:
            self.stall_timer.cancel()
            self.stall_timer = None


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 picks a free one.

    Raises
    ------
    InputError
        The name leads nowhere, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as fault:
        raise InputError(f"--host {host}: {fault.strerror or fault}; name an address of this "
                         f"machine, e.g. 127.0.0.1") from fault  # fmt: skip
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError as fault:
        opened.close()
        raise InputError(
            f"--port {port} of {host} cannot be used ({fault.strerror or fault}); name another "
            f"one, or 0 for any that is free"
        ) from fault
    return opened


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def address_of(host: str, port: int) -> str:
    """Return the address that a person types.

    >>> address_of("::1", 8000), address_of("0.0.0.0", 8000)
    ('http://[::1]:8000/', 'http://0.0.0.0:8000/')
    """
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def reached_at(host: str, port: int) -> str:
    """Return where people reach the page, in words.

    >>> reached_at("10.0.0.5", 8000)
    'http://10.0.0.5:8000/'
    """
    if host not in EVERY_ADDRESS:
        return address_of(host, port)
    return (
        f"{address_of(LOOPBACK[0], port)} and, from other machines, at port {port} of each IP "
        f"address of this one; to reach it by a name, add --address http://NAME:{port}"
    )


def run(app: FastAPI, opened: socket.socket) -> None:
    """Serve until Ctrl-C, or until the process is asked to end."""
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[opened])
