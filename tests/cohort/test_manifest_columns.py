"""Columns are those that are declared elsewhere, and the documentation lists them all."""

import re

import pytest

from planning.inputs import CLINICAL_INPUTS, PATIENT_INPUTS
from remnant.cohort.manifest import read_manifest, requests_of
from remnant.cohort.manifest_columns import COLUMNS, NAMES, Group, columns_table, wrong_with
from remnant.documents.clinical_facts import FIELDS
from remnant.io.roles import Part

GOOD = {
    "case": "P-1_a.b",
    "patient": "Doe, Jane",
    "time_point": "week_12",
    "modality": "CT",
    "series": "1.2.3",
    "phase": "portal",
    "liver_from": "portal",
    "lesions_from": "arterial,portal",
    "alignment": "deformable",
    "bias_correction": "n4",
    "intensity_offset_hu": "-1024",
    "masks_preset": "lits",
    "lesion_codes": "2;3",
    "threshold": "0.5",
    "geometry_from": "qform",
    "whole_liver": "yes",
    "split_confluent": "no",
    "split_iv": "true",
    "confirm_segments": "A. Radiologist",
    "reject_lesions": "3, 7",
    "confirm_lesions": "ALL",
    "formula": "vauthey2002_bsa",
    "bsa_formula": "mosteller1987",
    "resect": "VI,VII | II",
}
BAD = {
    "case": ("a/b", ".", "..", "a.", "-a", "ä", "CON", "nul.nii", "a" * 101),
    "patient": ("a" * 201, "a\tb"),
    "time_point": ("15.03.2024",),
    "series": ("1" * 101,),
    "liver_from": ("portal,arterial", "early"),
    "threshold": ("0", "-1", "half", "1e7"),
    "lesion_codes": ("0", "a", "-1", ",", "all"),
    "confirm_lesions": ("some", "0"),
    "whole_liver": ("1", "maybe"),
    "interval_seed": ("1.5", "-1"),
    "formula": ("mine", "Vauthey2002_BSA "),
    "resect": ("IX", "I,II,III,IV,V,VI,VII,VIII", "VI |"),
    "height_cm": ("1.75", "175,5", "175 cm", "tall"),
    "age_years": ("17",),
}


def test_columns__are_generated_from_what_is_declared():
    told = {one.name for one in (*PATIENT_INPUTS, *CLINICAL_INPUTS)}

    assert told | set(Part) | set(FIELDS["choices"]) < set(COLUMNS)
    assert {"case", "study", "facts", "landmarks", "reference_liver"} < set(COLUMNS)
    assert "age_years" == NAMES["age"]


@pytest.mark.parametrize("name", sorted(GOOD))
def test_cell__that_is_allowed_has_no_fault(name):
    assert "" == wrong_with(name, GOOD[name])


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in BAD for text in BAD[name]])
def test_cell__that_is_not_allowed_is_quoted_beside_what_is(name, text):
    wrong = wrong_with(name, text)

    assert wrong
    assert "allowed" in wrong or "cannot be printed" in wrong


def test_fault__never_repeats_what_may_name_a_person():
    assert "Jane" not in wrong_with("patient", "Jane" * 100)
    assert "400 characters" in wrong_with("patient", "Jane" * 100)


def test_fault__of_a_decimal_comma_says_what_to_write():
    assert "decimals with a point" in wrong_with("height_cm", "175,5")


def test_table__has_every_column_in_its_group():
    table = columns_table()

    assert all(f"| `{name}`" in table for name in COLUMNS)
    assert [f"### {group.value}" for group in Group] == [
        line for line in table.splitlines() if line.startswith("###")
    ]
    widths = {line.replace("\\|", "").count("|") for line in table.splitlines() if "|" in line}
    assert {4} == widths


def test_documentation__has_that_table(repository):
    page = (repository / "docs" / "how-to" / "manifest.md").read_text(encoding="utf-8")

    assert columns_table() in page, "run: python -m remnant.cohort.manifest_columns"


def test_documentation__has_a_manifest_that_is_read(repository, tmp_path):
    page = (repository / "docs" / "how-to" / "manifest.md").read_text(encoding="utf-8")
    text = re.search(r'```csv title="cohort.csv"\n(.*?)```', page, re.DOTALL)[1]
    for name in re.findall(r"[\w/]+\.nii\.gz", text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "cohort.csv").write_text(text, encoding="utf-8")
    before, after = map(requests_of, [row.cells for row in read_manifest(tmp_path / "cohort.csv")])

    assert ("P1", "P1") == (before.patient_name, after.patient_name)
    assert before.segment.source == tmp_path / "CT.nii.gz"
    assert {"liver", "lesions"} == set(after.segment.masks)
