"""The structured report of a case: its figures are the report's, and other programs read it."""

import json
from dataclasses import replace

import pydicom
import pytest
from highdicom.sr import Comprehensive3DSR, srread
from pydicom.sr.codedict import codes

from examples.dicom_checkers import output_of, program, saved, validator_errors
from remnant.core.corrections import Correction
from remnant.core.lesions import Confirmation
from remnant.core.quality_light import QUALITY_LIGHT, Light
from remnant.core.quality_light import VERDICTS as LIGHT_VERDICTS
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumetry_report import SegmentsConfirmation
from remnant.io.dicom_results.heads import ResultKind
from remnant.io.dicom_results.measurement_codes import MEASURES, SCHEME, Measure
from remnant.io.dicom_results.references import LABELMAP_STORAGE, tracking_uid
from remnant.pipeline.dicom_results.measurements import (
    in_percent,
    measurements,
    origin_of,
    verification_of,
)
from remnant.view.check_view import view_checks
from remnant.view.header_view import alerts_of

EVERYTHING = ("liver", "segments", "lesions")


@pytest.fixture(scope="module", name="document")
def document_fixture(example_source):
    ((_, _, document),) = measurements(example_source)
    return document


@pytest.fixture(scope="module", name="written")
def written_fixture(document, tmp_path_factory):
    return saved(document, tmp_path_factory.mktemp("sr") / "measurements.dcm")


def correction(**changes):
    told = {
        "version": 1,
        "by": "Dr. Ann Lee",
        "at": "2026-01-02T03:04:05+00:00",
        "steps": (),
        "confirmed": EVERYTHING,
        "changed_voxels": 0,
        "before_sha256": "a",
        "after_sha256": "b",
        "previous_sha256": None,
        "earlier": "earlier/1",
    }
    return Correction(**(told | changes))


def confirmed(source):
    """Return a case of which one person confirmed everything."""
    volumetry = source.report.volumetry
    lesions = tuple(replace(one, confirmation=Confirmation.CONFIRMED) for one in volumetry.lesions)
    volumetry = replace(
        volumetry,
        lesions=lesions,
        segments_confirmation=SegmentsConfirmation(name="Dr. Ann Lee", date="2026-01-02"),
    )
    return replace(
        source,
        report=replace(source.report, volumetry=volumetry),
        case=replace(source.case, corrections=(correction(),)),
    )


def containers(document):
    """Return the measurement groups of a report."""
    body = next(
        item
        for item in document.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "126010"
    )
    return list(body.ContentSequence)


def named(item):
    return item.ConceptNameCodeSequence[0].CodeValue


def group(document, name):
    return next(
        one
        for one in containers(document)
        if any(named(i) == "112039" and i.TextValue.startswith(name) for i in one.ContentSequence)
    )


def numbers(container):
    """Return the numbers of a group by the code of their name, with the unit."""
    return {
        named(item): (
            item.MeasuredValueSequence[0].FloatingPointValue,
            item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
        )
        for item in container.ContentSequence
        if item.ValueType == "NUM"
    }


def answers(container):
    return {
        named(item): item.ConceptCodeSequence[0].CodeValue
        for item in container.ContentSequence
        if item.ValueType == "CODE" and item.RelationshipType == "CONTAINS"
    }


def comments(container):
    return [item.TextValue for item in container.ContentSequence if named(item) == "121106"]


def number_item(container, measure):
    code = MEASURES[measure].name.value
    return next(i for i in container.ContentSequence if i.ValueType == "NUM" and named(i) == code)


def inner(item, code):
    return next(one for one in item.ContentSequence if named(one) == code)


def test_lesions__volume_diameters_and_segment_are_those_of_the_report(example_source, document):
    for lesion in example_source.report.volumetry.counted_lesions:
        found = group(document, f"Lesion {lesion.id}")
        known = numbers(found)
        assert known["118565006"] == (pytest.approx(lesion.volume_ml.value, rel=1e-5), "mL")
        assert known["103339001"] == (pytest.approx(lesion.longest_axial_mm, rel=1e-5), "mm")
        assert known["103340004"] == (pytest.approx(lesion.perpendicular_axial_mm, rel=1e-5), "mm")
        assert answers(found)["LESION_STATUS"] == "AUTOMATIC"
        sites = [
            one.ConceptCodeSequence[0].CodeMeaning
            for one in found.ContentSequence
            if named(one) == "363698007"
        ]
        largest = max(lesion.segment_fractions, key=lesion.segment_fractions.__getitem__)
        assert sites[0] == f"Couinaud hepatic segment {largest.name}"


def test_lesions__refer_to_their_segment_and_are_tracked_by_their_map(example_source, document):
    counted = sorted(one.id for one in example_source.report.volumetry.counted_lesions)
    results = example_source.results
    for place, lesion in enumerate(counted, start=1):
        found = group(document, f"Lesion {lesion}")
        uid = next(one.UID for one in found.ContentSequence if named(one) == "112040")
        assert uid == tracking_uid(example_source.record, example_source.origin, lesion)
        named_segment = next(i for i in found.ContentSequence if named(i) == "121191")
        reference = named_segment.ReferencedSOPSequence[0]
        assert reference.ReferencedSegmentNumber == place
        assert reference.ReferencedSOPInstanceUID == results.object_uid(ResultKind.SEG_LESIONS)


def test_lesions__rejected_ones_are_left_out_and_counted(example_source):
    first, *rest = example_source.report.volumetry.lesions
    lesions = (replace(first, confirmation=Confirmation.REJECTED), *rest)
    volumetry = replace(example_source.report.volumetry, lesions=lesions)
    source = replace(example_source, report=replace(example_source.report, volumetry=volumetry))
    ((_, _, document),) = measurements(source)
    assert len(containers(document)) == 2 + len(rest)
    place = next(i for i in group(document, "Lesion 2").ContentSequence if named(i) == "121191")
    assert place.ReferencedSOPSequence[0].ReferencedSegmentNumber == 1
    assert any("left out: 1 lesion" in text for text in comments(group(document, "Liver")))


def test_liver__volumes_and_burden_are_those_of_the_report(example_source, document):
    volumetry, known = example_source.report.volumetry, numbers(group(document, "Liver"))
    assert known["TLV"] == (pytest.approx(volumetry.tlv_ml.value, rel=1e-5), "mL")
    assert known["FUNCTIONAL_TLV"][0] == pytest.approx(volumetry.functional_tlv_ml.value, rel=1e-5)
    assert known["TUMOUR"][0] == pytest.approx(volumetry.tumour_ml.value, rel=1e-5)
    share = volumetry.burden_fraction.value
    assert known["BURDEN"] == (pytest.approx(100 * share, rel=1e-5), "%")
    assert answers(group(document, "Liver"))["BURDEN_CLASS"] == "UP_TO_10"


def test_care__what_the_head_of_the_report_names_is_said_of_liver_and_plan(
    example_source, document
):
    alerts = [alert.words.rstrip(".") for alert in alerts_of(example_source.report)]
    assert "Quality light amber" in alerts
    for name in ("Liver", f"{example_source.plan.id}: "):
        said = " ".join(comments(group(document, name)))
        assert [words for words in alerts if words not in said] == []


def test_care__checks_that_failed_and_the_light_are_said_with_their_reason(
    example_source, document
):
    checks = view_checks(example_source.report)
    assert checks.failed
    said = comments(group(document, "Liver"))
    assert set(said) >= {*checks.failed, checks.light.text}


@pytest.mark.parametrize("light", Light)
def test_care__the_light_is_coded(example_source, light):
    report = example_source.report
    quality = tuple(
        replace(one, verdict=LIGHT_VERDICTS[light]) if one.id == QUALITY_LIGHT else one
        for one in report.quality
    )
    source = replace(example_source, report=replace(report, quality=quality))
    ((_, _, document),) = measurements(source)
    assert answers(group(document, "Liver"))["QUALITY_LIGHT"] == f"LIGHT_{light.name}"


def test_plan__remnant_names_the_formulas_of_its_denominator(example_source, document):
    found, remnant = group(document, "plan_1"), example_source.plan.result.remnant
    known = numbers(found)
    assert known["FLR"] == (pytest.approx(remnant.flr_ml.value, rel=1e-5), "mL")
    assert known["SFLR"] == (pytest.approx(100 * remnant.sflr.value, rel=1e-5), "%")
    assert known["DEBULKED"][1] == "%"
    item = number_item(found, Measure.STANDARDISED_REMNANT)
    standardised = example_source.report.volumetry.standardised
    method = inner(item, codes.SCT.MeasurementMethod.value).ConceptCodeSequence[0]
    assert (method.CodeValue, method.CodingSchemeDesignator) == (standardised.formula, SCHEME)
    equation = inner(item, "121420").ConceptCodeSequence[0]
    assert standardised.bsa_formula == "mosteller1987"
    assert (equation.CodeValue, equation.CodingSchemeDesignator) == ("122244", "DCM")


def test_plan__where_there_is_none_it_is_said(example_source):
    planning = replace(
        example_source.report.planning, plans=(), plans_reasons=(Reason(Cause.NO_COUINAUD_MAP),)
    )
    report = replace(example_source.report, planning=planning)
    ((_, _, document),) = measurements(replace(example_source, report=report, plan=None))
    assert len(containers(document)) == 1 + len(report.volumetry.counted_lesions)
    said = comments(group(document, "Liver"))
    assert "No plan: no Couinaud map was given." in said


def test_plan__the_chosen_rule_has_its_verdict_and_its_source(document):
    found = group(document, "plan_1")
    assert answers(found)["FLR_RULE"] in {"MET", "NOT_MET", "UNCERTAIN", "UNKNOWN"}
    assert any("Source: " in text for text in comments(found))


def test_numbers__the_ranges_span_the_interval_in_the_same_unit(example_source, document):
    item = number_item(group(document, "Liver"), Measure.TOTAL_LIVER)
    total = example_source.report.volumetry.tlv_ml
    upper, lower = (
        inner(item, code).MeasuredValueSequence[0] for code in ("371886008", "371885007")
    )
    value = item.MeasuredValueSequence[0].FloatingPointValue
    assert value + upper.FloatingPointValue == pytest.approx(total.interval.high, rel=1e-5)
    assert value - lower.FloatingPointValue == pytest.approx(total.interval.low, rel=1e-5)
    assert upper.MeasurementUnitsCodeSequence[0].CodeValue == "mL"


def test_numbers__one_that_is_absent_has_no_item_but_a_reason(example_source):
    standardised = replace(
        example_source.report.volumetry.standardised,
        stlv_ml=Quantity.absent(Reason(Cause.NO_BODY_WEIGHT)),
    )
    volumetry = replace(example_source.report.volumetry, standardised=standardised)
    source = replace(example_source, report=replace(example_source.report, volumetry=volumetry))
    ((_, _, document),) = measurements(source)
    found = group(document, "Liver")
    assert "STLV" not in numbers(found)
    assert any("not known: body weight was not given" in text for text in comments(found))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bound": Bound.LOWER}, "AT_LEAST"),
        ({"bound": Bound.UPPER}, "AT_MOST"),
        ({"indicative": True}, "INDICATIVE"),
    ],
)
def test_numbers__a_bound_is_said(example_source, changes, code):
    loose = replace(
        example_source.report.volumetry.tlv_ml, reasons=(Reason(Cause.LIVER_CUT),), **changes
    )
    volumetry = replace(example_source.report.volumetry, tlv_ml=loose)
    source = replace(example_source, report=replace(example_source.report, volumetry=volumetry))
    ((_, _, document),) = measurements(source)
    found = group(document, "Liver")
    relation = inner(number_item(found, Measure.TOTAL_LIVER), "RELATION")
    assert relation.ConceptCodeSequence[0].CodeValue == code
    assert any("reaches the edge of the scan" in text for text in comments(found))


def test_numbers__a_share_is_in_percent_with_its_interval():
    assert in_percent(Quantity.absent(Reason(Cause.LIVER_CUT))).value is None
    shown = in_percent(Quantity(0.125, interval=Interval(0.1, 0.2)))
    assert (shown.value, shown.interval) == (12.5, Interval(10.0, 20.0))


def test_verification__is_open_while_lesions_are_not_confirmed(example_source, document):
    assert document.VerificationFlag == "UNVERIFIED"
    assert "VerifyingObserverSequence" not in document
    assert verification_of(example_source.case, example_source.report.volumetry) is None


def test_verification__one_person_who_confirmed_all_is_the_verifying_observer(
    example_source, tmp_path
):
    source = confirmed(example_source)
    ((_, _, document),) = measurements(source)
    assert document.VerificationFlag == "VERIFIED"
    observer = document.VerifyingObserverSequence[0]
    assert str(observer.VerifyingObserverName) == "Dr. Ann Lee^"
    assert observer.VerificationDateTime == "20260102030405+0000"
    persons = [item.PersonName for item in document.ContentSequence if item.ValueType == "PNAME"]
    assert list(map(str, persons)) == ["Dr. Ann Lee^"]
    assert answers(group(document, "Lesion 1"))["LESION_STATUS"] == "CONFIRMED"
    assert validator_errors(saved(document, tmp_path / "verified.dcm")) == []


@pytest.mark.parametrize("left", EVERYTHING)
def test_verification__a_part_that_nobody_confirmed_leaves_it_open(example_source, left):
    source = confirmed(example_source)
    part = correction(confirmed=tuple(one for one in EVERYTHING if one != left))
    case = replace(source.case, corrections=(part,))
    assert verification_of(case, source.report.volumetry) is None
    assert origin_of(case, source.report).persons == ("Dr. Ann Lee",)


def test_subject__is_that_of_the_images(example_source, document):
    source = example_source.record.dataset
    for name in ("PatientName", "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyID",
                 "AccessionNumber", "ReferringPhysicianName", "StudyDate"):  # fmt: skip
        assert document[name].value == source[name].value
    images = {plane.sop_instance_uid for plane in example_source.record.planes}
    listed = {
        item.ReferencedSOPInstanceUID
        for study in document.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    assert images < listed


def test_document__the_same_case_gives_the_same_bytes(example_source, written, tmp_path):
    ((_, _, again),) = measurements(example_source)
    assert saved(again, tmp_path / "again.dcm").read_bytes() == written.read_bytes()


def test_document__a_label_map_is_named_by_its_own_class(example_source):
    ((_, _, document),) = measurements(example_source, labelmap=True)
    item = next(i for i in group(document, "Lesion 1").ContentSequence if named(i) == "121191")
    assert item.ReferencedSOPSequence[0].ReferencedSOPClassUID == LABELMAP_STORAGE


def test_document__passes_dciodvfy(written):
    assert validator_errors(written) == []


def test_document__is_printed_by_dsrdump(example_source, written):
    said = output_of(program("dsrdump"), written)
    assert "Comprehensive 3D SR Document" in said
    assert 'NUM:(,,"Future liver remnant")' in said
    assert said.count('"Measurement Group"') == 2 + len(
        example_source.report.volumetry.counted_lesions
    )


def test_document__is_read_by_dcmqi(example_source, written, tmp_path):
    output_of(
        program("tid1500reader"), "--inputDICOM", written,
        "--outputMetadata", tmp_path / "read.json",
    )  # fmt: skip
    read = json.loads((tmp_path / "read.json").read_text())["Measurements"]
    by_name = {one["TrackingIdentifier"]: one for one in read}
    for lesion in example_source.report.volumetry.counted_lesions:
        found = by_name[f"Lesion {lesion.id}"]["measurementItems"]
        volume = next(one for one in found if one["quantity"]["CodeValue"] == "118565006")
        assert float(volume["value"]) == pytest.approx(lesion.volume_ml.value, rel=1e-5)
    assert len(read) == 2 + len(example_source.report.volumetry.counted_lesions)


def test_document__is_read_by_highdicom(example_source, written):
    read = srread(written)
    assert isinstance(read, Comprehensive3DSR)
    groups = read.content.get_volumetric_roi_measurement_groups()
    volumes = [
        one.get_measurements(name=codes.SCT.Volume)[0].value for one in groups
    ]  # fmt: skip
    counted = example_source.report.volumetry.counted_lesions
    assert volumes == pytest.approx([one.volume_ml.value for one in counted], rel=1e-5)
    others = read.content.get_image_measurement_groups()
    assert [one.tracking_identifier.split(":")[0] for one in others] == ["Liver", "plan_1"]


def test_ohif__lists_the_report_and_reads_each_group(written):
    """Conditions of OHIF/Viewers, extensions/cornerstone-dicom-sr/src.

    ``getSopClassHandlerModule.ts`` takes four classes of report, shows only Imaging Measurement
    Reports, looks for the library and its first group, and stops at a group without tracking
    identifiers, at a first UID in a group that is another, at a number without content of its own
    and at one without a value.
    """
    document = pydicom.dcmread(written)
    assert document.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert document.ConceptNameCodeSequence[0].CodeValue == "126000"
    library = next(i for i in document.ContentSequence if named(i) == "111028")
    assert named(library.ContentSequence[0]) == "126200"
    for container in containers(document):
        assert named(container) == "125007"
        items = container.ContentSequence
        assert any(named(item) == "112039" and item.TextValue for item in items)
        assert named(next(item for item in items if item.ValueType == "UIDREF")) == "112040"
        for item in items:
            if item.ValueType == "NUM":
                assert len(item.ContentSequence) > 0
                assert len(item.MeasuredValueSequence) == 1


def test_ohif__turns_no_group_into_a_drawn_measurement(written):
    """A limit of OHIF: ``utils/isRehydratable.ts`` draws only what a tool of its own has tracked.

    The adapters of cornerstonejs/cornerstone3D (``packages/adapters/src/adapters/Cornerstone3D``)
    know their measurements by a tag in the tracking identifier, which lesions of other programs do
    not have.
    """
    document = pydicom.dcmread(written)
    names = [
        item.TextValue
        for container in containers(document)
        for item in container.ContentSequence
        if named(item) == "112039"
    ]
    assert not any(name.startswith("Cornerstone3DTools") for name in names)
    assert all(i.ValueType not in {"SCOORD", "SCOORD3D"} for c in containers(document)
               for i in c.ContentSequence)  # fmt: skip


@pytest.mark.parametrize("labelmap", [False, True])
def test_lesions__are_the_segments_of_the_segmentation_object(example_source, labelmap):
    made = pytest.importorskip("remnant.pipeline.dicom_results.segmentations")
    objects = dict(made.segmentations(example_source, labelmap=labelmap))
    lesions = objects[ResultKind.SEG_LESIONS]
    tracked = {
        segment.SegmentNumber: (segment.TrackingID, segment.TrackingUID)
        for segment in lesions.SegmentSequence
        if "TrackingUID" in segment
    }
    ((_, _, document),) = measurements(example_source, labelmap=labelmap)
    for lesion in example_source.report.volumetry.counted_lesions:
        items = group(document, f"Lesion {lesion.id}").ContentSequence
        place = next(item for item in items if named(item) == "121191").ReferencedSOPSequence[0]
        uid = next(item.UID for item in items if named(item) == "112040")
        assert place.ReferencedSOPInstanceUID == lesions.SOPInstanceUID
        assert place.ReferencedSOPClassUID == lesions.SOPClassUID
        assert tracked[place.ReferencedSegmentNumber] == (f"Lesion {lesion.id}", uid)
