"""The sample study's place in the cache, with a small archive in place of the published one."""

import hashlib
import io
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from models.cache import cache_folder
from remnant.pipeline import samples

NAME = "example_ct.nii.gz"
CONTENT = b"a scan"
SLICES = 7
FIRST_RUN = """
import sys
from pathlib import Path
from remnant.pipeline import samples
samples.FILES_SHA256 = {sys.argv[2]: sys.argv[3]}
samples.download = lambda *words, **options: Path(sys.argv[1])
input()
sample = samples.fetch_sample()
print(len(list(sample.dicom.iterdir())), sample.ct.read_text(), end="")
"""


@pytest.fixture(name="archive")
def archive_fixture(tmp_path, empty_cache, monkeypatch):
    path = tmp_path / "sample.tar.gz"
    slices = {f"{samples.DICOM_FOLDER}/{n}.dcm": b"slice" for n in range(SLICES)}
    with tarfile.open(path, "w:gz") as tar:
        for name, content in ({NAME: CONTENT, "other.txt": b"not wanted"} | slices).items():
            member = tarfile.TarInfo(f"{samples.REFERENCE_FILES}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(CONTENT).hexdigest()
    monkeypatch.setattr(samples, "FILES_SHA256", {NAME: digest})
    return path


def contents():
    places = (path for path in cache_folder().rglob("*") if path.is_file())
    return sorted(path.name for path in places if path.suffix != ".lock")


WHOLE = sorted([NAME, *(f"{n}.dcm" for n in range(SLICES))])


def test_fetch_sample__many_first_calls_fetch_once_and_all_find_the_whole_folder(
    archive, monkeypatch
):
    calls = []

    def fetch(*words, **options):
        calls.append(words)
        return archive

    monkeypatch.setattr(samples, "download", fetch)
    together = Barrier(6)

    def first_run(_):
        together.wait()
        sample = samples.fetch_sample()
        return len(list(sample.dicom.iterdir())), sample.ct.read_bytes()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(first_run, range(6)))

    assert [(SLICES, CONTENT)] * 6 == found
    assert len(calls) == 1
    assert WHOLE == contents()


def test_fetch_sample__processes_at_once_all_find_the_whole_folder(archive):
    digest = samples.FILES_SHA256[NAME]
    command = [sys.executable, "-c", FIRST_RUN, str(archive), NAME, digest]
    runs = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        )
        for _ in range(2)
    ]
    for run in runs:
        run.stdin.write("\n")
        run.stdin.flush()

    assert [f"{SLICES} a scan"] * 2 == [run.communicate(timeout=60)[0] for run in runs]
    assert WHOLE == contents()


def test_fetch_sample__a_damaged_folder_is_replaced_and_a_whole_one_is_left(archive, monkeypatch):
    monkeypatch.setattr(samples, "download", lambda *words, **options: archive)
    sample = samples.fetch_sample()
    sample.ct.write_bytes(b"damaged")
    (sample.dicom / "stray.dcm").write_bytes(b"")

    samples.fetch_sample()
    assert CONTENT == sample.ct.read_bytes()
    assert WHOLE == contents()

    monkeypatch.setattr(samples, "download", None)
    samples.fetch_sample()
