"""Listeners in this process; nothing of them stays behind."""

import os
import tempfile

import pytest

pytest.importorskip("pynetdicom", reason="the extra `pacs` is not installed")

from pynetdicom.transport import AssociationSocket

from examples.pacs_peers import SUPPORT, chunked_config_kept
from remnant.pacs.listening import Listener
from remnant.pacs.logs import NodeLog


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch, repository):
    paths = [str(SUPPORT), str(repository), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    before = tempfile.tempdir
    with chunked_config_kept():
        yield
    tempfile.tempdir = before


@pytest.fixture(name="listening")
def listening_fixture(tmp_path):
    """Start listeners whose log is a file that the test can read."""
    opened = []

    def start(settings):
        stream = (tmp_path / "log.jsonl").open("a", encoding="utf-8")
        listener = Listener(settings, NodeLog(stream))
        listener.__enter__()
        opened.append((listener, stream))
        return listener

    yield start
    for listener, stream in opened:
        listener.__exit__(None, None, None)
        stream.close()


SHUT_DOWN = AssociationSocket._shutdown_socket


def _closed_too(self):
    """Close a connection that the other side has cut: pynetdicom leaves it to the collector."""
    connection = self.socket
    SHUT_DOWN(self)
    if connection is not None:
        connection.close()


AssociationSocket._shutdown_socket = _closed_too
