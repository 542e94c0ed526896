"""``remnant cohort scan`` as a user meets it."""

import json

import nibabel
import numpy as np
import pytest

from remnant.cli.cohort_scan import scan_command
from remnant.cli.working import ended
from remnant.cohort.manifest import read_manifest
from remnant.core.errors import InputError


@pytest.fixture(name="studies")
def studies_fixture(tmp_path):
    folder = tmp_path / "studies"
    folder.mkdir()
    for name in ("P1_ct", "P1_liver", "P2_ct", "P2_seg"):
        image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
        nibabel.save(image, folder / f"{name}.nii.gz")
    return folder


def test_scan__writes_a_manifest_to_be_filled_in_and_says_what_is_open(studies, tmp_path, capsys):
    output = tmp_path / "cohort.csv"
    outcome = scan_command(studies, output=output)
    printed = capsys.readouterr().out

    assert "2 cases are in" in printed
    assert "1 with a liver" in printed
    assert "1 × masks whose names say no role" in printed
    assert "P2_seg.nii.gz" in printed
    assert f"remnant cohort run {output} -o COHORT" in printed
    assert ["P1", "P2"] == [row.case for row in read_manifest(output)]
    header, *lines = output.read_text(encoding="utf-8").splitlines()
    assert header.startswith("case,patient,time_point,study,liver,lesions,couinaud,height_cm")
    assert "P1,,,studies/P1_ct.nii.gz,studies/P1_liver.nii.gz,,,,,,," == lines[0]
    assert {
        "manifest": str(output),
        "cases": 2,
        "not_taken": [{"why": "unknown_mask", "count": 1, "first": ["P2_seg.nii.gz"]}],
    } == json.loads(outcome.document())
    assert not outcome.unusable


def test_scan__replaces_no_manifest_unless_it_is_told_to(studies, tmp_path, capsys):
    output = tmp_path / "cohort.csv"
    output.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        scan_command(studies, output=output)
    assert "mine" == output.read_text(encoding="utf-8")
    scan_command(studies, output=output, overwrite=True)
    assert 2 == len(read_manifest(output))


def test_scan__that_finds_nothing_writes_nothing(tmp_path, capsys):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "a_seg.nii.gz").touch()
    with pytest.raises(InputError, match="no study was found"):
        scan_command(tmp_path / "studies", output=tmp_path / "cohort.csv")
    assert "a_seg.nii.gz" in capsys.readouterr().out
    assert not (tmp_path / "cohort.csv").exists()


def test_faults_of_a_manifest__stand_in_lines_of_their_own(studies, capsys):
    path = studies / "cohort.csv"
    path.write_text("case,liver,age\na,P1_liver.nii.gz,7\nb,none.nii.gz,\n", encoding="utf-8")
    code = ended(lambda: len(read_manifest(path)))

    assert 2 == code
    assert [
        "remnant: error: cohort.csv has 2 faults",
        "  line 2, age: got '7'; allowed is a number from 18 to 120 years, or unknown",
        f"  line 3, liver: {studies / 'none.nii.gz'} does not exist",
    ] == capsys.readouterr().err.splitlines()
