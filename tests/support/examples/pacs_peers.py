"""Senders, a PACS that counts, and a listener with a pipeline that stands in for the real one.

``python -m examples.pacs_peers JSON`` runs a listener until SIGTERM.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind

from remnant.io.dicom_results.heads import minted_uid
from remnant.pacs.listening import Listener
from remnant.pacs.logs import NodeLog, silence_libraries
from remnant.pacs.settings import (
    DicomPeer,
    ListenSettings,
    ReceivingLimits,
    ReceivingSettings,
    SendingSettings,
    WorkSettings,
    network_of,
)

SUPPORT = Path(__file__).parents[1]
SENDER = "SENDER"
LOOPBACK = (network_of("127.0.0.1", option="test"),)


def study_uid(name):
    return minted_uid("study", name)


STANDIN = (sys.executable, "-m", "examples.pacs_results", "{study}", "{case}")


def settings_for(spool, *, target=None, commands=(STANDIN,), quiet_s=0.3, limits=None, **further):
    """Settings of a listener that others send to as SENDER, on any port of this machine."""
    receiving = {"port": 0, "allowed_titles": (SENDER,), "allowed_networks": LOOPBACK}
    receiving |= {"quiet_s": quiet_s, "limits": limits or small_limits()} | further
    return ListenSettings(
        spool=spool,
        receiving=ReceivingSettings(**receiving),
        working=WorkSettings(commands=commands, workers=2, most_attempts=2, retry_s=0.1),
        sending=SendingSettings(target=target, retry_s=0.1, settle_s=1.0, timeout_s=5.0),
        metrics_port=0,
    )


def small_limits(**changes):
    limits = {"most_object_bytes": 1024**2, "least_free_bytes": 0, "most_pdu_bytes": 16384}
    return ReceivingLimits(**(limits | {"timeout_s": 5.0} | changes))


@contextmanager
def association(port, *, title=SENDER, called="REMNANT", kinds=(CTImageStorage,), **options):
    """Give an association with a listener, established or refused."""
    silence_libraries()
    ae = AE(ae_title=title)
    for kind in kinds:
        ae.add_requested_context(kind, ExplicitVRLittleEndian)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    made = ae.associate("127.0.0.1", port, ae_title=called, **options)
    try:
        yield made
    finally:
        if made.is_established:
            made.release()


def send_objects(port, objects, **options):
    """Send objects; return their statuses, with None for no answer."""
    with association(port, **options) as made:
        if not made.is_established:
            return [None for _ in objects]
        return [made.send_c_store(ds).get("Status") if made.is_established else None
                for ds in objects]  # fmt: skip


class CountingPacs:
    """A PACS that counts what it is sent, and finds what it has."""

    def __init__(self, *, answers=0x0000, finds=True):
        self.stored = Counter()
        self.studies = {}
        self.answers, self.finds = answers, finds
        self._lock = threading.Lock()

    def __enter__(self):
        silence_libraries()
        ae = AE(ae_title="PACS")
        ae.add_supported_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
        if self.finds:
            ae.add_supported_context(StudyRootFind)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, self._find)]
        self._server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.peer = DicomPeer(
            ae_title="PACS", host="127.0.0.1", port=self._server.server_address[1]
        )
        return self

    def __exit__(self, *_):
        self._server.shutdown()

    def _store(self, event):
        if event.request._dataset_file is not None:  # the listener of the same process streams
            ds = dcmread(event.dataset_path)
        else:
            ds = event.dataset
        status = self.answers(ds) if callable(self.answers) else self.answers
        if status == 0x0000:
            with self._lock:
                self.stored[str(ds.SOPInstanceUID)] += 1
                self.studies[str(ds.SOPInstanceUID)] = str(ds.StudyInstanceUID)
        return status

    def _find(self, event):
        uid = str(event.identifier.SOPInstanceUID)
        with self._lock:
            there = uid in self.stored
        if there:
            found = Dataset()
            found.QueryRetrieveLevel, found.SOPInstanceUID = "IMAGE", uid
            yield 0xFF00, found


def wait_until(condition, *, seconds=30.0):
    """Wait for something; fail where it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def chunked_config_kept():
    """Leave the libraries' switches, and what a listener sets for its process, as they were."""
    before = _config.STORE_RECV_CHUNKED_DATASET, _config.STORE_SEND_CHUNKED_DATASET
    try:
        yield
    finally:
        _config.STORE_RECV_CHUNKED_DATASET, _config.STORE_SEND_CHUNKED_DATASET = before


class ListenerProcess:
    """A listener in a process of its own, to be killed."""

    def __init__(self, spool, *, target=None, port=0, quiet_s=0.3, limits=None):
        told = {"spool": str(spool), "port": port, "quiet_s": quiet_s, "limits": limits or {}}
        told["target"] = None if target is None else [target.ae_title, target.host, target.port]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), *sys.path[:1],
                                    os.environ.get("PYTHONPATH", "")])}  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "examples.pacs_peers", json.dumps(told)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.lines = []
        self.is_listening = threading.Event()
        self.port = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if '"listening"' in line:
                self.port = json.loads(line)["port"]
                self.is_listening.set()

    def kill(self):
        self.process.kill()
        self._ended()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        self._ended()

    def _ended(self):
        self.process.wait(30)
        self._reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()


def listen(told):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    target = told["target"]
    peer = None if target is None else DicomPeer(ae_title=target[0], host=target[1], port=target[2])
    settings = settings_for(
        Path(told["spool"]),
        target=peer,
        quiet_s=told["quiet_s"],
        port=told["port"],
        limits=small_limits(**told["limits"]),
    )
    with Listener(settings, NodeLog()):
        stop.wait()


if __name__ == "__main__":
    listen(json.loads(sys.argv[1]))
