"""One look at a case tells whether any of its files changed, and never says so wrongly."""

import os
import shutil
from dataclasses import replace

import pytest

from remnant.cohort.case_key import glance_of
from remnant.cohort.outcomes import CaseTask

HEADER = """ObjectType = Image
NDims = 3
DimSize = 2 2 2
ElementType = MET_UCHAR
ElementDataFile = a.raw
"""


@pytest.fixture(name="task")
def task_fixture(tmp_path, masks):
    (tmp_path / "series" / "inner").mkdir(parents=True)
    for place in ("series", "series/inner"):
        shutil.copy(masks["liver"], tmp_path / place / "1.nii.gz")
    (tmp_path / "a.mhd").write_text(HEADER, encoding="ascii")
    (tmp_path / "a.raw").write_bytes(b"12345678")
    row = {
        "case": "a",
        "study": str(tmp_path / "series"),
        "liver": str(tmp_path / "a.mhd"),
        "time_point": "2024-01-02",
    }
    return CaseTask(case="a", row=row, folder=str(tmp_path / "cases" / "a"))


def test_glance__is_the_same_for_the_same(task):
    assert glance_of(task) == glance_of(replace(task, run="other", retry_failed=True)) != ""


@pytest.mark.parametrize("name", ["series/1.nii.gz", "series/inner/1.nii.gz", "a.mhd", "a.raw"])
@pytest.mark.parametrize("hides", [False, True])
def test_glance__sees_every_file_that_changed(task, tmp_path, name, hides):
    before, path = glance_of(task), tmp_path / name
    times, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    if hides:  # same size, and somebody set the time back
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert before != glance_of(task)


@pytest.mark.parametrize("change", ["added", "removed", "renamed"])
def test_glance__sees_files_that_come_and_go(task, tmp_path, change):
    before, path = glance_of(task), tmp_path / "series" / "1.nii.gz"
    if change == "added":
        shutil.copy(path, path.with_name("2.nii.gz"))
    elif change == "removed":
        path.unlink()
    else:
        path.rename(path.with_name("2.nii.gz"))

    assert before != glance_of(task)


@pytest.mark.parametrize(
    "change",
    [
        {"row": {"case": "a"}},
        {"engine": "other"},
        {"estimate_segments": False},
        {"page": True},
    ],
)
def test_glance__is_of_the_row_and_the_settings(task, change):
    assert glance_of(task) != glance_of(replace(task, **change))


@pytest.mark.parametrize("name", ["a.raw", "a.mhd", "series"])
def test_glance__says_nothing_of_what_is_missing(task, tmp_path, name):
    (tmp_path / name).rename(tmp_path / "gone")

    assert glance_of(task) == ""
