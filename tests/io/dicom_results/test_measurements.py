"""The structured report as such: names, ranges, and images with frames."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.valuerep import PersonName

from examples.dicom_checkers import saved, validator_errors
from remnant.core.quantity import Interval, Quantity
from remnant.io.dicom_results.heads import ResultSet
from remnant.io.dicom_results.measurement_codes import LIVER, LIVER_FINDING, Measure
from remnant.io.dicom_results.measurements import (
    Group,
    Number,
    Origin,
    measurement_report,
    person_name,
)
from remnant.io.dicom_results.source_record import SourcePlane, SourceRecord

RESULTS = ResultSet(digest="ab" * 32, made=datetime(2026, 1, 2, tzinfo=UTC), software="1.0")
NOBODY = Origin(persons=(), verification=None, parameters=(), networks=False)
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
UPPER, LOWER = "371886008", "371885007"


def record(*, frames):
    told = Dataset()
    told.StudyInstanceUID, told.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    told.Modality, told.PatientID, told.StudyID = "CT", "MRN-1", "1"
    return SourceRecord(
        version=1,
        image_sha256="cd" * 32,
        header=told.to_json_dict(),
        sop_class_uid=ENHANCED_CT,
        columns=4,
        rows=3,
        row_direction_lps=(1.0, 0.0, 0.0),
        column_direction_lps=(0.0, 1.0, 0.0),
        pixel_spacing_mm=(1.0, 1.0),
        planes=tuple(
            SourcePlane(
                sop_instance_uid="1.2.3.4.1" if frames else f"1.2.3.4.1.{k}",
                frame=k if frames else None,
                position_lps_mm=(0.0, 0.0, float(k)),
            )
            for k in (1, 2, 3)
        ),
    )


def report_of(quantity, *, frames=False):
    group = Group(
        name="Liver",
        uid="1.2.5",
        finding=LIVER_FINDING,
        sites=(LIVER,),
        numbers=(Number(measure=Measure.TOTAL_LIVER, quantity=quantity),),
    )
    return measurement_report([group], origin=NOBODY, record=record(frames=frames), results=RESULTS)


def ranges(document):
    """Return the ranges of the only number, by the code of their name."""
    group = document.ContentSequence[-1].ContentSequence[0]
    (number,) = (item for item in group.ContentSequence if item.ValueType == "NUM")
    return {
        item.ConceptNameCodeSequence[0].CodeValue: item.MeasuredValueSequence[0].FloatingPointValue
        for item in number.ContentSequence
        if item.ValueType == "NUM"
    }


@given(st.text(max_size=90))
def test_person__is_one_component_that_fits_and_keeps_other_letters(typed):
    name = person_name(typed)
    assert len(name) <= 64
    assert name.endswith("^")
    assert not set(name[:-1]) & set("^=\\")
    assert PersonName(name).family_name == name[:-1]


def test_ranges__are_the_distances_to_the_ends():
    found = ranges(report_of(Quantity(1500.0, interval=Interval(1400.0, 1650.0))))
    assert found == {UPPER: 150.0, LOWER: 100.0}


@pytest.mark.parametrize("interval", [None, Interval(1500.0, 1500.0), Interval(1501.0, 1600.0)])
def test_ranges__without_width_or_beyond_the_value_there_are_none(interval):
    assert ranges(report_of(Quantity(1500.0, interval=interval))) == {}


def test_images__with_frames_are_one_entry_of_the_library(tmp_path):
    for frames, entries in ((True, 1), (False, 3)):
        document = report_of(Quantity(1500.0), frames=frames)
        library = document.ContentSequence[-2].ContentSequence[0]
        images = [item for item in library.ContentSequence if item.ValueType == "IMAGE"]
        assert len(images) == entries
    assert validator_errors(saved(document, tmp_path / "sr.dcm")) == []
