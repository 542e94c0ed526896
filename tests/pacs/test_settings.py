"""What is told of peers is refused with what is allowed, or understood."""

import pytest

from remnant.cli.app import run_command
from remnant.core.errors import InputError
from remnant.pacs.settings import (
    DicomPeer,
    ReceivingSettings,
    SendingSettings,
    TlsFiles,
    network_of,
    peer_of,
    require_ae_title,
)


def test_peers__are_read():
    assert DicomPeer(ae_title="A B", host="::1", port=104) == peer_of("A B@[::1]:104", option="x")


@pytest.mark.parametrize(
    "text", ["", "A", "A@h", "A@h:0", "A@h:70000", "@h:1", "A" * 17 + "@h:1", "ftp://x"]
)
def test_peers__that_are_none_are_refused(text):
    with pytest.raises(InputError, match="allowed are"):
        peer_of(text, option="--to")


@pytest.mark.parametrize("title", ["", " ", "a" * 17, "ä", "a\\b", "a\nb"])
def test_titles__that_are_none_are_refused(title):
    with pytest.raises(InputError, match="AE title"):
        require_ae_title(title, option="--allow-ae")


def test_addresses__are_held_to_the_networks():
    networks = tuple(network_of(t, option="x") for t in ("10.1.0.0/16", "192.0.2.7", "::1"))
    settings = ReceivingSettings(allowed_networks=networks)

    asked = ("10.1.2.3", "::ffff:10.1.2.3", "192.0.2.7", "::1", "10.2.0.1", "192.0.2.8", "::2")
    assert [True] * 4 + [False] * 3 == [settings.allows(host) for host in asked]
    with pytest.raises(InputError, match=r"10\.1\.0\.0/16"):
        network_of("everywhere", option="--allow-peer")


def test_tls__needs_certificate_and_key_together(tmp_path):
    (tmp_path / "a.pem").touch()
    with pytest.raises(InputError, match="go together"):
        TlsFiles(certificate=tmp_path / "a.pem")
    with pytest.raises(InputError, match="no file"):
        TlsFiles(authorities=tmp_path / "b.pem")


def test_waits__double_up_to_the_longest():
    settings = SendingSettings(retry_s=5.0, longest_retry_s=30.0)

    assert [5.0, 5.0, 10.0, 20.0, 30.0, 30.0] == [settings.wait_s(n) for n in (0, 1, 2, 3, 4, 999)]


@pytest.mark.parametrize("option", [
    ("--workers", "0"), ("--most-object-mib", "0"), ("--most-associations", "-1"),
    ("--time-limit", "0"), ("--keep-days", "-3"), ("--keep-days", "nan"),
    ("--least-free-gib", "-1"),
])  # fmt: skip
def test_limits__that_allow_nothing_are_refused_by_name(tmp_path, option, capsys):
    words = ["pacs", "listen", str(tmp_path / "spool"), "--allow-ae", "CT", "--port", "0", *option]
    assert run_command(words) == 2
    assert f"{option[0]} got" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
