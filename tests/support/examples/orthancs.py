"""A real Orthanc in a network namespace with nothing but loopback.

Orthanc listens on every address of its machine; in a namespace of its own nobody else reaches it.
Everything that talks to it runs in that namespace too: ``Orthanc.run``.
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


class Orthanc:
    """A running Orthanc."""

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

    def ask(self, path, *, data=None):
        """Ask Orthanc's own interface."""
        script = (
            "import sys, urllib.request as u; "
            "d = sys.argv[2].encode() if len(sys.argv) > 2 else None; "
            f"print(u.urlopen('http://127.0.0.1:{HTTP_PORT}' + sys.argv[1], d).read().decode())"
        )
        more = [] if data is None else [json.dumps(data)]
        return json.loads(self.run(sys.executable, "-c", script, path, *more) or "null")

    def modalities(self):
        """Return how many objects of which modality are in Orthanc."""
        counts = {}
        for series in self.ask("/series?expand"):
            modality = series["MainDicomTags"]["Modality"]
            counts[modality] = counts.get(modality, 0) + len(series["Instances"])
        return counts


@contextmanager
def orthanc(folder):
    """Start an Orthanc; it and its namespace go when the block ends."""
    require_orthanc()
    namespace = f"remnant-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    process = None
    try:
        running = Orthanc(namespace)
        running.run("ip", "link", "set", "lo", "up")
        config = folder / "orthanc.json"
        config.write_text(json.dumps(settings(folder)), encoding="utf-8")
        process = subprocess.Popen(
            running.inside("Orthanc", str(config)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(running, process)
        yield running
    finally:
        if process is not None:
            process.terminate()
            process.wait(30)
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def wait_for(running, process):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "Orthanc ended at once"
        try:
            running.ask("/system")
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
