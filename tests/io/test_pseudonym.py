"""Keyed, stable, and not reversible by guessing."""

import hashlib
import os
import stat

import pytest

from remnant.core.errors import InputError
from remnant.io import pseudonym as module
from remnant.io.pseudonym import KEY_VARIABLE, key_path, pseudonym


@pytest.fixture(name="no_key")
def no_key_fixture(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.setattr(
        module.platformdirs, "user_config_path", lambda name: tmp_path / "conf" / name
    )
    return key_path()


def test_pseudonym__same_in_same_out():
    assert pseudonym("MRN-1", "1.2.3") == pseudonym("MRN-1", "1.2.3")


def test_pseudonym__boundaries_and_order_matter():
    names = {pseudonym("ab", "c"), pseudonym("a", "bc"), pseudonym("abc"), pseudonym("c", "ab")}
    assert len(names) == 4


def test_pseudonym__is_keyed(monkeypatch):
    first = pseudonym("MRN-1")
    monkeypatch.setenv(KEY_VARIABLE, "another key, long enough")
    assert first != pseudonym("MRN-1")
    assert hashlib.sha256(b"MRN-1").hexdigest()[:16] not in first
    assert "MRN" not in first


def test_pseudonym__no_identifier():
    with pytest.raises(InputError, match="at least one"):
        pseudonym("", "")


def test_pseudonym__short_key(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(InputError, match="5 characters"):
        pseudonym("x")


def test_key__made_once_private_and_kept(no_key):
    first = pseudonym("x")
    content = no_key.read_text()
    assert len(content) == 64
    assert first == pseudonym("x")
    assert content == no_key.read_text()
    assert [no_key] == list(no_key.parent.iterdir())
    if os.name == "posix":
        assert stat.S_IMODE(no_key.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_key__open_to_others(no_key):
    pseudonym("x")
    no_key.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        pseudonym("x")


def test_key__folder_cannot_be_made(no_key):
    no_key.parent.parent.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=KEY_VARIABLE):
        pseudonym("x")
