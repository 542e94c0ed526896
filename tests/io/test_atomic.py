"""Either the old file or the whole new one."""

import hashlib

import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.atomic import atomic_path, digest_file, digest_files


def test_atomic_path__success_replaces_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a.nii.gz"
    target.write_text("old")
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith("a.nii.gz")
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def stop_half_way(target):
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half-way")


def test_atomic_path__failure_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"):
        stop_half_way(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_path__block_that_writes_nothing(tmp_path):
    with pytest.raises(InputError, match="cannot be written"), atomic_path(tmp_path / "a.txt"):
        pass


def test_atomic_path__missing_folder(tmp_path):
    with pytest.raises(InputError, match="does not exist"), atomic_path(tmp_path / "no" / "a"):
        pass


def test_digest_file__equals_hashlib(tmp_path):
    content = b"abc" * 700_000
    (tmp_path / "f").write_bytes(content)
    assert digest_file(tmp_path / "f") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("make", ["missing", "folder", "empty"])
def test_digest_file__unusable(tmp_path, make):
    path = tmp_path / make
    if make == "folder":
        path.mkdir()
    if make == "empty":
        path.touch()
    with pytest.raises(UnreadableFileError):
        digest_file(path)


def test_digest_files__names_and_order_do_not_matter(tmp_path):
    for name, content in {"a": "1", "b": "2", "c": "2", "d": "1"}.items():
        (tmp_path / name).write_text(content)
    first = digest_files((tmp_path / "a", tmp_path / "b"))
    assert first == digest_files((tmp_path / "c", tmp_path / "d"))
    assert first != digest_files((tmp_path / "a", tmp_path / "d"))
