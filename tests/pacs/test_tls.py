"""With TLS nobody is spoken to who cannot show who he is."""

import shutil
import socket
import ssl
import subprocess

import pytest

from examples.pacs_peers import send_objects, settings_for, study_uid
from examples.pacs_results import ct_slice
from remnant.core.errors import InputError
from remnant.pacs.outcomes import SentKind
from remnant.pacs.sending import send_files
from remnant.pacs.settings import DicomPeer, SendingSettings, TlsFiles
from remnant.pacs.tls import server_context

NAMES = "subjectAltName=IP:127.0.0.1"


@pytest.fixture(scope="module", name="files")
def files_fixture(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl makes the certificates of this test")
    folder = tmp_path_factory.mktemp("tls")
    for name in ("node", "other"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-addext", NAMES,
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
            capture_output=True, check=True,
        )  # fmt: skip
    return {
        name: TlsFiles(
            certificate=folder / f"{name}.pem",
            key=folder / f"{name}.key",
            authorities=folder / "node.pem",
        )
        for name in ("node", "other")
    }


def sent(tmp_path, port, tls):
    ct_slice(study_uid("tls"), 1).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    peer = DicomPeer(ae_title="REMNANT", host="127.0.0.1", port=port)
    settings = SendingSettings(ae_title="SENDER", target=peer, tls=tls, timeout_s=5.0)
    return send_files([tmp_path / "a.dcm"], settings, tries=1)[tmp_path / "a.dcm"].kind


def test_tls__lets_those_with_a_certificate_send_and_nobody_else(tmp_path, listening, files):
    settings = settings_for(tmp_path / "spool", tls=files["node"], quiet_s=600.0)
    listener = listening(settings)
    port = listener.receiver.port

    with socket.create_connection(("127.0.0.1", port)):  # says nothing, and holds nobody up
        assert SentKind.STORED is sent(tmp_path, port, files["node"])
    assert SentKind.UNREACHED is sent(tmp_path, port, files["other"])
    assert [None] == send_objects(port, [ct_slice(study_uid("plain"), 1)])
    assert 1 == listener.queue.lines()[0].objects


def test_listener__with_authorities_needs_a_certificate_of_its_own(files, tmp_path):
    with pytest.raises(InputError, match="of its own"):
        server_context(TlsFiles(authorities=files["node"].authorities))
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(InputError, match="PEM"):
        server_context(TlsFiles(certificate=tmp_path / "bad.pem", key=tmp_path / "bad.pem"))
    assert ssl.TLSVersion.TLSv1_2 == server_context(files["node"]).minimum_version
