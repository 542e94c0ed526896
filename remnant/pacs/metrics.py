"""Figures for Prometheus and a sign of life, for this machine alone."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from remnant.core.errors import InputError
from remnant.pacs.queue import SendState, StudyQueue, StudyState

LOOPBACK: Final = "127.0.0.1"
Tallies = Callable[[], Mapping[str, int]]


class NodeFigures:
    """What a node counts, read when it is asked for.

    Parameters
    ----------
    queue
        Of the node.
    tallies
        Returns how often what happened since the start.
    free_bytes
        Returns what is free on the disk.
    has_room
        Says whether objects are taken.
    """

    def __init__(
        self,
        queue: StudyQueue,
        *,
        tallies: Tallies,
        free_bytes: Callable[[], int],
        has_room: Callable[[], bool],
    ) -> None:
        self._queue, self._tallies = queue, tallies
        self._free_bytes, self._has_room = free_bytes, has_room

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield the figures; Prometheus asks for them."""
        studies = GaugeMetricFamily("remnant_studies", "Studies by state", labels=["state"])
        counts = self._queue.counts()
        for state in StudyState:
            studies.add_metric([state.value], counts.get(state, 0))
        yield studies
        results = GaugeMetricFamily("remnant_results", "Results by state", labels=["state"])
        sent = self._queue.send_counts()
        for way in SendState:
            results.add_metric([way.value], sent.get(way, 0))
        yield results
        free = GaugeMetricFamily("remnant_spool_free_bytes", "Free bytes on the spool's disk")
        free.add_metric([], self._free_bytes())
        yield free
        events = CounterMetricFamily("remnant_events", "Events since the start", labels=["event"])
        for event, number in sorted(self._tallies().items()):
            events.add_metric([event], number)
        yield events

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether objects are taken, and how the queue stands."""
        room = self._has_room()
        counts = {state.value: n for state, n in self._queue.counts().items()}
        said = {"status": "ok" if room else "disk nearly full", "studies": counts}
        return room, said


def serve_figures(figures: NodeFigures, port: int) -> ThreadingHTTPServer:
    """Serve ``/metrics`` and ``/health`` on loopback, in a thread.

    Parameters
    ----------
    figures
        What is told.
    port
        0 picks a free one.

    Raises
    ------
    InputError
        The port cannot be had.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)

    class Handler(BaseHTTPRequestHandler):
        """Answers two questions."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer."""
            if self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/health":
                fine, said = figures.health()
                status = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer(status, "application/json", json.dumps(said).encode())
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"ask for /metrics or /health\n")

        def log_message(self, *words: object) -> None:
            """Say nothing."""

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except OSError as fault:
        raise InputError(
            f"--metrics-port {port} cannot be listened on: {fault.strerror}; name another"
        ) from fault
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="remnant-metrics", daemon=True).start()
    return server
