"""Real CT slices go from a PACS to a listener; results come back that other programs read."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from examples.orthancs import NODE_PORT, PEER, TITLE, orthanc
from examples.other_readers import program, read_by_others
from examples.pacs_peers import SUPPORT, wait_until
from remnant.pipeline.exporting import Target

PIPELINE = (sys.executable, "-m", "examples.phantom_pipeline")
LONGEST_S = 300


@pytest.mark.skipif("dicom" not in set(Target), reason="no results in DICOM are made yet")
def test_real_slices__come_back_as_objects_that_others_read(
    tmp_path, shared, repository, monkeypatch
):
    published = shared / "data" / "dcmqi"
    if not published.is_dir():
        pytest.skip("no published CT slices with their liver in the shared data")
    paths = [str(SUPPORT), str(repository), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    shutil.copy(published / "liver.dcm", tmp_path / "liver.dcm")
    with orthanc(tmp_path) as there:
        there.remnant("pacs", "send", published / "ct-3slice", "--to", PEER)
        study = there.ask("/studies")[0]
        assert 0 == worked_off(there, study, tmp_path)
        kinds = there.modalities()
        uid = there.ask(f"/studies/{study}")["MainDicomTags"]["StudyInstanceUID"]
        there.remnant(
            "pacs", "fetch", "--source", PEER, "--study", uid, "-o", tmp_path / "back",
            *(word for kind in ("SEG", "SR", "DOC", "OT") for word in ("--modality", kind)),
        )  # fmt: skip

    assert {"CT": 3, "SEG": 1, "SR": 1, "DOC": 1} == {k: kinds.get(k) for k in
                                                     ("CT", "SEG", "SR", "DOC")}  # fmt: skip
    assert 1 <= kinds["OT"]
    (tmp_path / "read").mkdir()
    read = read_by_others(tmp_path / "back", tmp_path / "read")
    if program("dsrdump") and program("segimage2itkimage"):
        assert ["SEG", "SR"] == sorted(read)


def worked_off(there, study, folder):
    """Let a listener take the study and send its results; return how it ended."""
    words = ("pacs", "listen", "spool", "--allow-ae", TITLE, "--send-to", PEER)
    how = ("--port", f"{NODE_PORT}", "--on-release", "--run-options",
           "--series 1 --liver liver.dcm")  # fmt: skip
    command = there.inside(*PIPELINE, *words, *how)
    with (folder / "node.log").open("w") as log:
        node = subprocess.Popen(command, stderr=log, stdout=log, cwd=folder)
        try:
            wait_until(lambda: "Listening as" in (folder / "node.log").read_text())
            there.ask("/modalities/remnant/store", data=study)
            wait_until(lambda: is_done(folder), seconds=LONGEST_S)
        finally:
            node.send_signal(signal.SIGTERM)
            node.wait(60)
    return node.returncode


def is_done(folder):
    log = (folder / "node.log").read_text()
    logs = [path.read_text() for path in (folder / "spool" / "cases").glob("*.log")]
    assert '"state": "failed"' not in log, (log, logs)
    return '"state": "done"' in log
