"""A real Orthanc in a network namespace with nothing but loopback.

Orthanc listens on every address of its machine; in a namespace of its own nobody else reaches it.
Everything that talks to it runs in that namespace too: ``Network.run``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PLUGINS = Path("/usr/share/orthanc/plugins")
DICOM_PORT, HTTP_PORT, NODE_PORT, MOVE_PORT = 4242, 8042, 11112, 11113
TITLE, NODE = "ORTHANC", "REMNANT"
WEB = f"http://127.0.0.1:{HTTP_PORT}/dicom-web"
PEER = f"{TITLE}@127.0.0.1:{DICOM_PORT}"


def require_orthanc():
    """Skip where Orthanc, its plugins or namespaces of the network cannot be had."""
    if shutil.which("Orthanc") is None or not (PLUGINS / "libOrthancDicomWeb.so").exists():
        pytest.skip("Orthanc with its DICOMweb plugin is not installed")
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network namespace needs root and the program `ip`")
    name = f"remnant-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this machine allows no network namespaces")
    subprocess.run(["ip", "netns", "delete", name], check=True)


class Network:
    """A namespace of the network, and who listens there."""

    def __init__(self, namespace):
        self.namespace = namespace

    def inside(self, *command):
        """Return a command that runs where Orthanc is reached."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def run(self, *words, cwd=None, check=True, env=None):
        """Run a command there, and return what it printed."""
        done = subprocess.run(
            self.inside(*words), capture_output=True, text=True, cwd=cwd, check=False, env=env
        )
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def remnant(self, *words, **options):
        """Run remnant there."""
        return self.run(sys.executable, "-m", "remnant", *map(str, words), **options)

    def ask(self, path, *, data=None, port=HTTP_PORT):
        """Ask Orthanc's own interface."""
        script = (
            "import sys, urllib.request as u; "
            "d = sys.argv[2].encode() if len(sys.argv) > 2 else None; "
            f"print(u.urlopen('http://127.0.0.1:{port}' + sys.argv[1], d).read().decode())"
        )
        more = [] if data is None else [json.dumps(data)]
        return json.loads(self.run(sys.executable, "-c", script, path, *more) or "null")

    def modalities(self, *, port=HTTP_PORT):
        """Return how many objects of which modality are in Orthanc."""
        counts = {}
        for series in self.ask("/series?expand", port=port):
            modality = series["MainDicomTags"]["Modality"]
            counts[modality] = counts.get(modality, 0) + len(series["Instances"])
        return counts


@contextmanager
def network():
    """Make a namespace; it goes when the block ends."""
    require_orthanc()
    name = f"remnant-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        made = Network(name)
        made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextmanager
def started(there, config, *, port=HTTP_PORT):
    """Start an Orthanc in a namespace; it goes when the block ends."""
    process = subprocess.Popen(
        there.inside("Orthanc", str(config)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=config.parent,
    )
    try:
        wait_for(there, process, port)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def orthanc(folder):
    """Start an Orthanc that has DICOMweb, too."""
    with network() as there:
        config = folder / "orthanc.json"
        config.write_text(json.dumps(settings(folder)), encoding="utf-8")
        with started(there, config):
            yield there


def wait_for(there, process, port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "Orthanc ended at once"
        try:
            there.ask("/system", port=port)
        except AssertionError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("Orthanc does not answer")


def settings(folder):
    """Orthanc's configuration: what a PACS knows of its neighbours."""
    return {
        "Name": "test",
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "Plugins": [str(p) for p in sorted(PLUGINS.glob("libOrthanc*.so"))
                    if p.stem in {"libOrthancDicomWeb", "libOrthancGdcm"}],
        "HttpPort": HTTP_PORT, "DicomPort": DICOM_PORT, "DicomAet": TITLE,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "DicomCheckCalledAet": True, "UnknownSopClassAccepted": True,
        "DicomAlwaysAllowEcho": False, "DicomAlwaysAllowStore": False,
        "DicomModalities": {
            "remnant": {"AET": NODE, "Host": "127.0.0.1", "Port": NODE_PORT},
            "fetching": {"AET": "FETCHING", "Host": "127.0.0.1", "Port": MOVE_PORT},
        },
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "OverwriteInstances": True, "StableAge": 1, "LuaScripts": [],
    }  # fmt: skip
