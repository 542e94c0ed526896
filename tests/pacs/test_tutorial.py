"""The tutorial on two PACSs runs as written, and ends with results that other programs read."""

import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from examples.orthancs import network, started
from examples.other_readers import program, read_by_others
from examples.pacs_peers import SUPPORT, wait_until
from remnant.pipeline.exporting import Target

PAGE = "docs/tutorials/pacs.md"
FENCED = re.compile(r'```(\w+)(?: title="([^"]+)")?\n(.*?)```', re.DOTALL)
ARCHIVE_HTTP, RESULTS_HTTP = 8042, 8043
LONGEST_S = 300
PIPELINE = (sys.executable, "-m", "examples.phantom_pipeline")


class Reader:
    """Somebody who follows the page."""

    def __init__(self, there, folder, stack):
        self.there, self.folder, self.stack = there, folder, stack
        self.printed, self.fetched = "", None

    def type(self, words):
        if words[0] == "Orthanc":
            port = ARCHIVE_HTTP if words[1] == "archive.json" else RESULTS_HTTP
            self.stack.enter_context(started(self.there, self.folder / words[1], port=port))
        elif words[:3] == ["remnant", "pacs", "listen"]:
            self.listen(words[1:])
        elif words[0] == "python":
            self.printed = self.there.run(sys.executable, *words[1:], cwd=self.folder)
        else:
            if words[:3] == ["remnant", "pacs", "fetch"]:
                self.wait_for_results()
            self.printed = self.there.run(*PIPELINE, *words[1:], cwd=self.folder)

    def listen(self, words):
        """Start the node, then click as the page says."""
        log = self.stack.enter_context((self.folder / "node.log").open("w"))
        node = subprocess.Popen(
            self.there.inside(*PIPELINE, *words), stderr=log, stdout=log, cwd=self.folder
        )
        self.stack.callback(node.wait, 60)
        self.stack.callback(node.send_signal, signal.SIGINT)
        wait_until(lambda: "Listening as" in (self.folder / "node.log").read_text())
        study = self.there.ask("/studies", port=ARCHIVE_HTTP)[0]
        self.there.ask("/modalities/remnant/store", data=study, port=ARCHIVE_HTTP)

    def wait_for_results(self):
        def done():
            log = (self.folder / "node.log").read_text()
            logs = [p.read_text() for p in (self.folder / "spool" / "cases").glob("*.log")]
            assert '"state": "failed"' not in log, (log, logs)
            return '"state": "done"' in log

        wait_until(done, seconds=LONGEST_S)


@pytest.mark.skipif("dicom" not in set(Target), reason="no results in DICOM are made yet")
def test_tutorial__runs_as_written_and_its_results_are_read_by_others(
    tmp_path, repository, monkeypatch
):
    paths = [str(SUPPORT), str(repository), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    (tmp_path / "docs").symlink_to(repository / "docs")
    text = (repository / PAGE).read_text(encoding="utf-8")
    with network() as there, ExitStack() as stack:
        reader = Reader(there, tmp_path, stack)
        for language, name, body in FENCED.findall(text):
            if name:
                (tmp_path / name).write_text(body, encoding="utf-8")
            elif language == "bash":
                for line in body.replace("\\\n", " ").splitlines():
                    reader.type(shlex.split(line))
            else:
                assert " ".join(body.split()) in " ".join(reader.printed.split())
        kinds = there.modalities(port=RESULTS_HTTP)

    assert {"SEG", "SR", "DOC"} <= set(kinds), kinds
    assert 2 <= kinds["SEG"]
    (tmp_path / "read").mkdir()
    read = read_by_others(tmp_path / "fetched", tmp_path / "read")
    if program("dsrdump") and program("segimage2itkimage"):
        assert {"SEG", "SR"} == set(read)
