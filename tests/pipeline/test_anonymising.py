"""A folder of DICOM becomes one without identifiers, whole or not at all."""

import hashlib
import json
import runpy
import shutil
import zipfile

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from examples.dicom_trees import write_dicom
from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.anonymising.kinds import Refusal
from remnant.io.anonymising.objects import ExportChoice
from remnant.io.source import load_study
from remnant.pipeline import anonymising as module
from remnant.pipeline.anonymising import LIST_NAME, anonymise_study
from remnant.testing.phantoms import body_grid, liver_phantom

PLAIN = ExportChoice()


@pytest.fixture(name="study", scope="module")
def study_fixture(tmp_path_factory, repository):
    """A CT series of a phantom, with names in its file names."""
    write_series = runpy.run_path(str(repository / "docs/tutorials/phantom.py"))["write_series"]
    folder = tmp_path_factory.mktemp("scans") / "Doe^Jane"
    folder.mkdir()
    phantom = liver_phantom(body_grid(spacing_mm=(14.0, 15.0, 10.0)), metastases=0, seed=1)
    write_series(phantom.image, folder)
    for path in sorted(folder.iterdir()):
        path.rename(folder / f"DOE_JANE_{path.name}")
    return folder


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in files}


def test_export__has_the_same_grid_and_voxels(study, tmp_path):
    before = digests(study)
    done = anonymise_study(study, tmp_path / "out", choice=PLAIN)
    source, export = load_study(study), load_study(tmp_path / "out")

    np.testing.assert_array_equal(source.image.voxels, export.image.voxels)
    np.testing.assert_array_equal(
        source.image.geometry.affine_ras, export.image.geometry.affine_ras
    )
    assert source.image.phase is export.image.phase
    assert before == digests(study)
    assert done.count == len(before)


@pytest.mark.parametrize(
    ("syntax", "expected"),
    [
        (ImplicitVRLittleEndian, ImplicitVRLittleEndian),
        (ExplicitVRBigEndian, ExplicitVRBigEndian),
        (RLELossless, RLELossless),
        # inflated, so that its bytes can be searched
        (DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian),
    ],
)
def test_export__keeps_the_encoding(study, tmp_path, syntax, expected):
    source = tmp_path / "source"
    source.mkdir()
    for path in study.iterdir():
        dataset = pydicom.dcmread(path)
        encode(dataset, syntax)
        # nothing of the first encoding is kept
        plain = pydicom.Dataset({element.tag: element for element in dataset})
        plain.file_meta = dataset.file_meta
        plain.save_as(source / path.name, enforce_file_format=True)
    anonymise_study(source, tmp_path / "out", choice=PLAIN)
    first = next(iter((tmp_path / "out").rglob("*.dcm")))

    assert expected == pydicom.dcmread(first).file_meta.TransferSyntaxUID
    np.testing.assert_array_equal(
        load_study(study).image.voxels, load_study(tmp_path / "out").image.voxels
    )


def encode(dataset, syntax):
    """Let an object be written in another encoding."""
    if syntax == RLELossless:
        dataset.compress(RLELossless)
        return
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = syntax


def test_export__names_nobody_in_names_of_files_and_in_its_list(study, tmp_path):
    done = anonymise_study(study, tmp_path / "out", choice=PLAIN)
    names = [path.relative_to(tmp_path / "out").as_posix() for path in done.folder.rglob("*")]
    told = (done.folder / LIST_NAME).read_text(encoding="utf-8") + repr(done.studies)

    assert len(names) > 10
    assert not [name for name in names if "doe" in name.lower()]
    assert not [word for word in ("doe", "phantom", "1.2.826") if word in told.lower()]
    assert [load_study(study).study.pseudonym] == [one.case for one in done.studies]


def test_export__says_how_many_files_were_left_out_for_which_reason(study, tmp_path):
    source = shutil.copytree(study, tmp_path / "source")
    (source / "notes of Doe.txt").write_text("Doe^Jane")
    write_dicom(source / "seen.dcm", study="1.2.3", BurnedInAnnotation="YES")
    (source / "link").symlink_to(tmp_path)
    done = anonymise_study(source, tmp_path / "out", choice=PLAIN)
    told = json.loads((done.folder / LIST_NAME).read_text(encoding="utf-8"))

    assert {Refusal.NOT_DICOM: 1, Refusal.BURNED_IN: 1, Refusal.LINK: 1} == done.left_out
    assert 3 == sum(told["left_out"].values())


def test_export__of_a_zip_file_is_that_of_its_folder(study, tmp_path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in study.iterdir():
            archive.write(path, path.name)
    for source, name in ((study, "a"), (tmp_path / "study.zip", "b")):
        anonymise_study(source, tmp_path / name, choice=PLAIN)
    contents = [
        {
            path.relative_to(tmp_path / name): digest
            for path, digest in digests(tmp_path / name).items()
        }
        for name in ("a", "b")
    ]

    assert contents[0] == contents[1]


def test_export__is_refused_in_the_source_and_over_what_is_there(study, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "empty").mkdir()

    for output in (study, study / "out", study / "a" / "b"):
        with pytest.raises(InputError, match=r"only read|not empty"):
            anonymise_study(study, output, choice=PLAIN)
    with pytest.raises(InputError, match="not empty"):
        anonymise_study(study, tmp_path / "full", choice=PLAIN)
    with pytest.raises(UnreadableFileError, match="does not exist"):
        anonymise_study(tmp_path / "none", tmp_path / "out", choice=PLAIN)
    assert anonymise_study(study, tmp_path / "empty", choice=PLAIN).count > 0


def test_export__of_nothing_leaves_nothing(tmp_path):
    write_dicom(tmp_path / "source" / "seen.dcm", study="1.2.3", BurnedInAnnotation="YES")
    with pytest.raises(UnreadableFileError, match="1 images that say"):
        anonymise_study(tmp_path / "source", tmp_path / "out", choice=PLAIN)

    assert ["source"] == [path.name for path in tmp_path.iterdir()]


def test_export__that_breaks_off_leaves_nothing(study, tmp_path, monkeypatch):
    cleaned, seen = module.clean_object, []

    def breaking(path, *rest):
        seen.append(path)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return cleaned(path, *rest)

    monkeypatch.setattr(module, "clean_object", breaking)
    with pytest.raises(KeyboardInterrupt):
        anonymise_study(study, tmp_path / "out", choice=PLAIN)

    assert [] == list(tmp_path.iterdir())


def test_export__two_runs_agree_on_identifiers(study, tmp_path):
    half = tmp_path / "half"
    half.mkdir()
    for path in sorted(study.iterdir())[::2]:
        shutil.copy(path, half)
    anonymise_study(study, tmp_path / "all", choice=PLAIN)
    anonymise_study(half, tmp_path / "some", choice=PLAIN)
    whole, some = (
        {pydicom.dcmread(path).SOPInstanceUID for path in (tmp_path / name).rglob("*.dcm")}
        for name in ("all", "some")
    )

    assert some < whole


def test_progress__counts_every_file(study, tmp_path):
    told = []
    anonymise_study(
        study, tmp_path / "out", choice=PLAIN, progress=lambda *facts: told.append(facts)
    )
    count = len(list(study.iterdir()))

    assert [("anonymising", n, count) for n in range(1, count + 1)] == told
