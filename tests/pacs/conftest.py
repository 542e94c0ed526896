"""Listeners in this process; nothing of them stays behind."""

import os
import tempfile

import pytest

pytest.importorskip("pynetdicom", reason="the extra `pacs` is not installed")

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


def pytest_itemcollected(item):
    """Let pynetdicom's callers leave a connection that was cut off to the garbage collector."""
    item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <:ResourceWarning"))
