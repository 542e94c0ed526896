"""A DICOM server that no sender can fill, stall or end.

What is added to pynetdicom's: pieces of an object have a largest size and a longest time, objects
a largest size (the rest is read past, so that the sender gets its answer), the handshake of TLS is
done in the connection's own thread, and files of objects that were cut off are removed.
"""

import os
import queue
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pynetdicom import evt
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from remnant.pacs.settings import ReceivingSettings

READ_BYTES: Final = 64 * 1024
PDU_SLACK: Final = 64 * 1024
"""An association request may be larger than a piece of an object."""
READ_PAST: Final = 4
"""So many times the largest object is read past before the association is ended."""
IS_COMMAND: Final = 1
INVALID_PDU: Final = "Evt19"
"""The event of DICOM's state machine (PS3.8, 9.2.3) after which it aborts."""
MORE_CONNECTIONS: Final = 8
"""Connections beyond the associations: they are told that there are too many."""

Told = Callable[..., None]


class BoundedSocket(AssociationSocket):  # type: ignore[misc]
    """A socket that reads pieces of a bounded size in a bounded time."""

    most_bytes: int
    timeout_s: float

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, or fewer where the connection ends.

        Raises
        ------
        OSError
            More are announced than is allowed, or they take too long.
        """
        if nr_bytes > self.most_bytes + PDU_SLACK:
            raise OSError("a piece is larger than was agreed")
        read = bytearray()
        end = time.monotonic() + self.timeout_s
        while len(read) < nr_bytes:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            piece = self.socket.recv(min(READ_BYTES, nr_bytes - len(read)))
            if not piece:
                break
            read += piece
        self.socket.settimeout(self.timeout_s)
        return read

    def close(self) -> None:
        """Close the connection, also one that the other side has cut."""
        connection = self.socket
        super().close()
        if connection is not None:
            connection.close()


class BoundedProvider(DIMSEServiceProvider):  # type: ignore[misc]
    """Puts messages together, without keeping more of an object than is allowed."""

    message: Any

    def __init__(self, assoc: Any, *, most_bytes: int, has_room: Callable[[], bool]) -> None:  # noqa: ANN401
        super().__init__(assoc)
        self.most_bytes = most_bytes
        self.has_room = has_room
        self.too_large: set[Path] = set()
        self.without_room: set[Path] = set()
        self._taken = 0
        self._full = False

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take pieces of a message, one by one; what makes no sense ends the association."""
        try:
            for context_id, data in primitive.presentation_data_value_list:
                piece = P_DATA()
                piece.presentation_data_value_list = [[context_id, self._bounded(data)]]
                super().receive_primitive(piece)
        except Exception:  # noqa: BLE001  (an error would end the thread, and leave the socket open)
            self.discard()
            self.dul.event_queue.put(INVALID_PDU)

    def _bounded(self, data: bytes) -> bytes:
        if data[0] & IS_COMMAND:
            self._taken, self._full = 0, not self.has_room()
            return data
        self._taken += len(data) - 1
        path = getattr(self.message, "_data_set_path", None)
        if path is None:
            # a data set in memory belongs to no storage request, and none is large
            if self._taken > self.most_bytes:
                raise ValueError
            return data
        if self._taken > READ_PAST * self.most_bytes:
            raise ValueError
        self._full = self._full or not self.has_room()
        if self._full:
            self.without_room.add(path)
        elif self._taken > self.most_bytes:
            self.too_large.add(path)
        else:
            return data
        return data[:1]

    def discard(self) -> None:
        """Remove the files of objects that nobody will be answered for."""
        with suppress(queue.Empty):
            while True:
                _, left = self.msg_queue.get_nowait()
                _remove(getattr(left, "_dataset_file", None))
        _remove(getattr(self.message, "_data_set_file", None))
        self.message = None


def _remove(file: Any) -> None:  # noqa: ANN401  (a temporary file has a private type)
    if file is not None:
        file.close()
        with suppress(OSError):
            os.unlink(file.name)  # noqa: PTH108


class BoundedHandler(RequestHandler):  # type: ignore[misc]
    """Makes an association of a connection."""

    def handle(self) -> None:
        """Shake hands where TLS is used, then associate."""
        if isinstance(self.request, ssl.SSLSocket):
            try:
                self.request.do_handshake()
            except OSError:
                self.server.told(
                    "refused_connection", why="tls handshake", peer=self.remote.address
                )
                self.request.close()
                return
        super().handle()

    def _create_association(self) -> Any:  # noqa: ANN401  (pynetdicom has no types)
        assoc = super()._create_association()
        limits = self.server.settings.limits
        assoc.dimse = BoundedProvider(
            assoc, most_bytes=limits.most_object_bytes, has_room=self.server.has_room
        )
        # the same socket, read in another way
        assoc.dul.socket.__class__ = BoundedSocket
        assoc.dul.socket.most_bytes = limits.most_pdu_bytes
        assoc.dul.socket.timeout_s = limits.timeout_s
        assoc.bind(evt.EVT_CONN_CLOSE, _closed)
        return assoc


def _closed(event: evt.Event) -> None:
    event.assoc.dimse.discard()


class BoundedServer(ThreadedAssociationServer):  # type: ignore[misc]
    """Takes connections of those who are allowed to connect.

    Parameters
    ----------
    settings
        Who is allowed, and the limits.
    has_room
        Says whether the disk has room for more.
    told
        Is told of connections that are refused.
    words
        What pynetdicom gives its servers.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        *words: Any,  # noqa: ANN401
        settings: ReceivingSettings,
        has_room: Callable[[], bool],
        told: Told,
        **named: Any,  # noqa: ANN401
    ) -> None:
        self.settings, self.has_room, self.told = settings, has_room, told
        super().__init__(*words, request_handler=BoundedHandler, **named)

    def get_request(self) -> Any:  # noqa: ANN401
        """Take a connection; nobody's handshake makes others wait."""
        connection, address = self.socket.accept()
        connection.settimeout(self.settings.limits.timeout_s)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401
        """Whether somebody may connect."""
        del request
        host = str(client_address[0])
        if not self.settings.allows(host):
            self.told("refused_connection", why="address not allowed", peer=host)
            return False
        most = self.settings.limits.most_associations + MORE_CONNECTIONS
        if len(self.active_associations) >= most:
            self.told("refused_connection", why="too many connections", peer=host)
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Note that a connection failed, without its texts."""
        del request
        self.told("failed_connection", peer=str(client_address[0]))
