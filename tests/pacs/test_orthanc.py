"""A real PACS gives studies and takes results, by DICOM and by DICOMweb."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from pydicom import dcmread

from examples.orthancs import NODE_PORT, PEER, TITLE, WEB, orthanc
from examples.pacs_peers import SUPPORT, wait_until
from examples.pacs_results import RESULTS, ct_slice
from remnant.io.dicom_results.heads import minted_uid

STUDY = minted_uid("orthanc")
SLICES = 3


@pytest.fixture(scope="module", name="pacs")
def pacs_fixture(tmp_path_factory, repository):
    folder = tmp_path_factory.mktemp("orthanc")
    paths = os.pathsep.join([str(SUPPORT), str(repository), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch, orthanc(folder) as running:
        patch.setenv("PYTHONPATH", paths)
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        source = folder / "slices"
        source.mkdir()
        for number in range(1, SLICES + 1):
            ds = ct_slice(STUDY, number)
            ds.save_as(source / f"{number}.dcm", enforce_file_format=True)
        yield running, source


@pytest.fixture(name="stored")
def stored_fixture(pacs):
    running, source = pacs
    told = running.remnant("pacs", "send", source, "--to", PEER)
    return running, source, told


def pixels(folder):
    read = [dcmread(path) for path in folder.glob("*.dcm")]
    return {str(ds.SOPInstanceUID): ds.PixelData for ds in read}


def test_send__reports_each_object_and_the_pacs_has_them(stored):
    running, source, told = stored

    assert SLICES == told.count(": stored\n")
    assert f"{SLICES} of {SLICES} objects stored" in told
    assert SLICES == running.modalities()["CT"]
    assert SLICES == len(list(source.iterdir()))


@pytest.mark.parametrize(
    "words",
    [
        ("--source", PEER),
        ("--source", PEER, "--by", "move", "--ae-title", "FETCHING"),
        ("--source", WEB),
    ],
    ids=["get", "move", "web"],
)
def test_fetch__brings_the_same_objects(stored, tmp_path, words):
    running, source, _ = stored

    told = running.remnant("pacs", "fetch", *words, "--study", STUDY, "-o", tmp_path / "study")

    assert f"{SLICES} objects of 1 series" in told
    assert pixels(source) == pixels(tmp_path / "study")
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "study").iterdir()]
    assert [0] * SLICES == modes
    assert ["study"] == [path.name for path in tmp_path.iterdir()]


def test_fetch__of_what_is_not_there_or_of_another_title_is_refused_and_leaves_nothing(
    stored, tmp_path
):
    running, *_ = stored
    fetch = [sys.executable, "-m", "remnant", "pacs", "fetch", "-o", str(tmp_path / "study")]

    for words, said in (
        (("--source", PEER, "--study", "1.2.3"), "no study of that kind"),
        (("--source", PEER, "--study", STUDY, "--modality", "PT"), "no series of PT"),
        (("--source", "NOBODY@127.0.0.1:4242", "--study", STUDY), "refuses the association"),
        (("--source", f"{TITLE}@127.0.0.1:4243", "--study", STUDY), "cannot be reached"),
    ):
        ended = subprocess.run(
            running.inside(*fetch, *words), capture_output=True, text=True, check=False
        )
        assert 2 == ended.returncode, ended.stderr
        assert said in ended.stderr
        assert [] == list(tmp_path.iterdir())


def test_stow__stores_objects_too(pacs, tmp_path):
    running, _ = pacs
    ct_slice(minted_uid("stow"), 1).save_as(tmp_path / "a.dcm", enforce_file_format=True)

    told = running.remnant("pacs", "send", tmp_path, "--to", WEB)

    assert "1 of 1 object stored" in told


def test_send__to_nobody_says_so_for_each_object(pacs, tmp_path):
    running, _ = pacs
    ct_slice(minted_uid("x"), 1).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (tmp_path / "b.dcm").write_text("no DICOM")
    words = ("pacs", "send", str(tmp_path), "--to", "X@127.0.0.1:9", "--tries", "1")

    ended = subprocess.run(
        running.inside(sys.executable, "-m", "remnant", *words, "--json"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert 3 == ended.returncode
    objects = json.loads(ended.stdout)["objects"]
    assert ["unreached", "refused"] == [one["state"] for one in objects]


LISTEN = """
import signal, sys, threading
from pathlib import Path
from examples.orthancs import NODE_PORT, PEER, TITLE, WEB
from examples.pacs_peers import STANDIN, settings_for
from remnant.pacs.listening import Listener
from remnant.pacs.settings import network_of, peer_of
from dataclasses import replace
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
target = peer_of(WEB if sys.argv[2] == "web" else PEER, option="test")
settings = settings_for(Path(sys.argv[1]), target=target, port=NODE_PORT, quiet_s=0.5)
receiving = replace(settings.receiving, allowed_titles=(TITLE,))
with Listener(replace(settings, receiving=receiving)):
    stop.wait()
"""


@pytest.mark.parametrize("way", ["dicom", "web"])
def test_study__goes_from_the_pacs_to_the_listener_and_its_results_come_back(stored, tmp_path, way):
    running, *_ = stored
    before = running.modalities().get("OT", 0)
    uid = minted_uid("way", way)
    (tmp_path / "in").mkdir()
    ct_slice(uid, 1).save_as(tmp_path / "in" / "a.dcm", enforce_file_format=True)
    running.remnant("pacs", "send", tmp_path / "in", "--to", PEER)
    command = running.inside(sys.executable, "-c", LISTEN, str(tmp_path / "spool"), way)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert '"listening"' in process.stderr.readline()
            study = next(
                one["ID"] for one in running.ask("/studies?expand")
                if one["MainDicomTags"]["StudyInstanceUID"] == uid
            )  # fmt: skip
            running.ask("/modalities/remnant/store", data=study)
            wait_until(lambda: running.modalities().get("OT", 0) == before + RESULTS)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert 0 == process.returncode
    assert NODE_PORT
    assert shutil.which("Orthanc")
