"""report.json: round trip, schema, and distrust of what is read."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.computed_vessels import MIDDLE_IN_IV
from planning.case import Case
from planning.planner import plan
from remnant.core.case import CaseReport
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import ImplausibleValueError, InputError, UnreadableFileError
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumetry_report import PartVolumes, SegmentsConfirmation, SegmentSource
from remnant.documents.json_files import LARGEST_DOCUMENT_BYTES
from remnant.documents.report_document import REPORT

BODY = (reason(Cause.BODY_SIZE_ASSUMED),)


def read(document: object) -> CaseReport:
    return REPORT.decode(json.dumps(document))


def test_document__written_and_read_back_is_the_same_case(made, tmp_path):
    path = tmp_path / "report.json"
    REPORT.write(made.case, path)
    assert made.case == REPORT.read(path)
    assert ["report.json"] == [file.name for file in tmp_path.iterdir()]


def test_document__with_computed_vessels_is_read_back(made):
    volumetry = replace(made.case.volumetry, vessels=MIDDLE_IN_IV)
    case = replace(
        made.case,
        volumetry=volumetry,
        planning=plan(Case(report=volumetry, patient=made.case.patient)),
    )
    document = REPORT.encode(case)
    assert read(document) == case
    left = next(
        one for one in document["planning"]["resections"] if one["name"] == "left_hemihepatectomy"
    )
    assert left["vessel_cuts"]["divided"][0]["name"] == "middle_hepatic_vein"
    assert left["vessel_cuts"]["outflow_lost_shares"]["V"] == 0.6
    assert document["planning"].get("vessel_cuts_reasons", []) == []


def test_document__keys_are_those_of_the_contract(made):
    document = REPORT.encode(made.case)
    assert [
        "schema_version", "reasons", "rules", "study", "patient", "volumetry", "planning",
        "quality", "provenance", "planted",
    ] == list(document)  # fmt: skip
    with_facts = replace(made.case, clinical=ClinicalFacts(ki67_percent=4.0))
    assert {"ki67_percent": 4.0} == REPORT.encode(with_facts)["clinical"]
    volumetry, resection = document["volumetry"], document["planning"]["resections"][0]
    assert ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"] == list(volumetry["segments"])
    assert ["V", "VI", "VII", "VIII"] == resection["segments"]
    assert {"flr_ml", "flr_measured_fraction", "sflr"} <= set(resection["remnant"])


def test_document__quantity_is_an_object_without_what_is_not_known(made):
    tlv = Quantity(900.0, interval=Interval(890.0, 910.0), bound=Bound.LOWER, reasons=BODY)
    volumetry = replace(made.case.volumetry, tlv_ml=tlv, tumour_ml=Quantity.absent(BODY))
    whole = REPORT.encode(replace(made.case, volumetry=volumetry))
    document, reasons = whole["volumetry"], whole["volumetry"]["tlv_ml"]["reasons"]
    assert ["body_size_assumed"] == [whole["reasons"][str(n)]["cause"] for n in reasons]
    interval = {"low": 890.0, "high": 910.0}
    assert document["tlv_ml"] == {
        "value": 900.0, "interval": interval, "bound": "lower", "reasons": reasons,
    }  # fmt: skip
    assert {"value": None, "reasons": reasons} == document["tumour_ml"]


def test_document__planted_is_absent_in_real_cases(made):
    assert "planted" not in REPORT.encode(replace(made.case, planted=()))


def broken(document: dict[str, Any], *path, value) -> dict[str, Any]:
    copy = json.loads(json.dumps(document))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("volumetry", "tlv_ml"), 900.0),
        (("volumetry", "tlv_ml", "value"), "900"),
        (("volumetry", "tlv_ml", "value"), None),
        (("volumetry", "tlv_ml", "value"), -1.0),
        (("volumetry", "tlv_ml", "bound"), "about"),
        (("volumetry", "tlv_ml", "interval"), {"low": 2.0, "high": 1.0}),
        (("volumetry", "tlv_ml", "interval", "sds"), {"luck": 1.0}),
        (("volumetry", "tlv_ml", "interval", "quantiles"), [1.0, 2.0]),
        (("volumetry", "burden_fraction", "value"), 5.0),
        (("volumetry", "extra"), 1),
        (("volumetry", "error_model", "liver_boundary_mm"), 99.0),
        (("volumetry", "error_model", "draws"), 10),
        (("volumetry", "error_model"), None),
        (("volumetry", "boundaries", "borders"), [{"first": "II"}]),
        (("volumetry", "segments", "II"), {"total_ml": 1.0}),
        (("volumetry", "segments", "II", "surface_mm2"), -1.0),
        (("volumetry", "segments", "IX"), {}),
        (("volumetry", "lesions", 0, "surface_distance_mm"), None),
        (("volumetry", "lesions", 0, "intensity"), {"unit": "grey"}),
        (("volumetry", "lesions", 0, "id"), 0),
        (("volumetry", "lesions", 0, "id"), True),
        (("volumetry", "lesions", 0, "confirmation"), "maybe"),
        (("volumetry", "segment_source"), "guessed"),
        (("volumetry", "segments_need_review"), None),
        (("volumetry", "segments_need_review"), True),
        (("volumetry", "segments_confirmation"), {"name": "A. Reader"}),
        (("volumetry", "segments_confirmation"), {"name": "A. Reader", "date": "yesterday"}),
        (("volumetry", "segment_iv"), {"IVC": {"total_ml": 1.0, "functional_ml": 1.0}}),
        (("volumetry", "segment_iv"), {"IVa": {"total_ml": 1.0}}),
        (("volumetry", "error_model", "segment_plane_mm"), {"CANTLIE": 1.0}),
        (("volumetry", "error_model", "segment_plane_mm"), {"MAIN": 31.0}),
        (("planning", "resections", 0, "sflr_by_formula"), {"urata1995": "0.3"}),
        (("planning", "resections", 0, "segments"), ["V", "V"]),
        (("planning", "resections", 0, "remnant", "sflr"), None),
        (("planning", "resections", 0, "remnant", "smaller_fraction"), {"value": 0.1}),
        (("study", "patient_name"), "Doe"),
        (("rules", "lesions_known", "found", "1"), {"verdict": "met", "probability": 1.5}),
        (("rules", "lesions_known", "found", "1"), {"verdict": "passed"}),
        (("schema_version",), "1.3"),
        (("schema_version",), "2.1"),
        (("provenance",), None),
    ],
)
def test_read__refuses_what_breaks_the_contract(made, path, value):
    document = REPORT.encode(made.case)
    document["volumetry"]["tlv_ml"].pop("reasons", None)
    with pytest.raises(InputError) as caught:
        read(broken(document, *path, value=value))
    assert "\n" not in str(caught.value)
    assert path == ("schema_version",) or f"at {path[0]}" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("planning", "resections", 0, "named"),
            "yes",
            (
                "not a valid report.json: at planning/resections/0/named: input should be a valid "
                'boolean; got "yes"'
            ),
        ),
        (
            ("volumetry", "segment_source"),
            "drawn",
            (
                "not a valid report.json: at volumetry/segment_source: input should be 'given', "
                "'territories', 'landmarks' or 'model'; got \"drawn\""
            ),
        ),
        (
            ("schema_version",),
            "1.3",
            (
                "a report.json of schema version '1.3' was given; this program reads 2.0: run the "
                "case again from its scan, or measure it again from its masks, to a new folder"
            ),
        ),
    ],
)
def test_read__says_where_what_was_got_and_what_is_allowed(made, path, value, line):
    with pytest.raises(InputError) as caught:
        read(broken(REPORT.encode(made.case), *path, value=value))
    assert line == str(caught.value)


def test_read__implausible_patient_is_refused_by_name(made):
    document = broken(REPORT.encode(made.case), "patient", "height_cm", value=17.5)
    with pytest.raises(ImplausibleValueError, match="height"):
        read(document)


@pytest.mark.parametrize("document", [None, [], "report", 3, {}])
def test_read__refuses_other_json(document):
    with pytest.raises(InputError, match="schema version"):
        read(document)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8b binary",
        b"\xff\xfe",
        b'{"schema_version": NaN}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b"1" * 10_000,
    ],
)
def test_read__refuses_files_that_are_no_json(tmp_path: Path, content):
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"report\.json|schema version"):
        REPORT.read(path)


def test_read__missing_and_huge_files(tmp_path: Path):
    with pytest.raises(UnreadableFileError, match="cannot read"):
        REPORT.read(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(LARGEST_DOCUMENT_BYTES + 1)
    with pytest.raises(UnreadableFileError, match="larger"):
        REPORT.read(huge)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_write__never_writes_nan_and_leaves_no_file(made, tmp_path: Path, value):
    lesion = replace(made.case.volumetry.lesions[0], longest_axial_mm=value)
    volumetry = replace(made.case.volumetry, lesions=(lesion,))
    with pytest.raises(InputError):
        REPORT.write(replace(made.case, volumetry=volumetry), tmp_path / "report.json")
    assert [] == list(tmp_path.iterdir())


def test_write__same_case_gives_the_same_bytes(made, tmp_path: Path):
    software = dict(reversed(made.case.provenance.software.items()))
    reordered = replace(made.case.provenance, software=software)
    for name, case in (("a", made.case), ("b", replace(made.case, provenance=reordered))):
        REPORT.write(case, tmp_path / name)
    first = (tmp_path / "a").read_bytes()
    assert first == (tmp_path / "b").read_bytes()
    assert first.startswith(b'{\n"schema_version":"2.0",\n')
    assert first.endswith(b"}\n")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_read__refuses_numbers_that_are_not_finite_in_any_place(made, tmp_path: Path, number):
    path = tmp_path / "report.json"
    REPORT.write(made.case, path)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('"unassigned_ml":', f'"unassigned_ml":{number},"was":'), encoding="utf-8"
    )
    assert number in path.read_text(encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"report\.json"):
        REPORT.read(path)


def estimated(case: CaseReport, confirmation: SegmentsConfirmation | None = None) -> CaseReport:
    volumetry = replace(
        case.volumetry,
        segment_source=SegmentSource.MODEL,
        segments_confirmation=confirmation,
        segment_iv={SegmentIvPart.IVb: PartVolumes(total_ml=9.0, functional_ml=8.0)},
        error_model=replace(
            case.volumetry.error_model,
            segment_plane_mm={SegmentPlane.MAIN: 5.0, SegmentPlane.LEFT_TRANSVERSE: 11.5},
        ),
    )
    return replace(case, volumetry=volumetry)


def test_document__estimated_segments_say_that_they_need_review(made):
    document = REPORT.encode(estimated(made.case))["volumetry"]
    assert document["segment_source"] == "model"
    assert document["segments_need_review"] is True
    assert "segments_confirmation" not in document
    assert document["segment_iv"] == {"IVb": {"total_ml": 9.0, "functional_ml": 8.0}}
    assert document["error_model"]["segment_plane_mm"] == {"MAIN": 5.0, "LEFT_TRANSVERSE": 11.5}


def test_document__confirmed_segments_name_who_and_when(made):
    confirmation = SegmentsConfirmation(name="A. Reader", date="2026-11-22")
    case = estimated(made.case, confirmation)
    document = REPORT.encode(case)
    assert document["volumetry"]["segments_need_review"] is False
    assert document["volumetry"]["segments_confirmation"] == {
        "name": "A. Reader", "date": "2026-11-22",
    }  # fmt: skip
    assert case == read(json.loads(json.dumps(document)))


def test_read__mark_that_contradicts_the_source_is_refused(made):
    document = REPORT.encode(estimated(made.case))
    with pytest.raises(InputError, match="segments_need_review does not follow"):
        read(broken(document, "volumetry", "segments_need_review", value=False))


def test_document__plan_made_again_from_the_file_is_the_same(made, tmp_path: Path):
    REPORT.write(made.case, tmp_path / "report.json")
    read = REPORT.read(tmp_path / "report.json")
    custom = [frozenset((CouinaudSegment.VI, CouinaudSegment.VIII))]
    assert made.case.planning == plan(
        Case(report=read.volumetry, patient=read.patient), custom=custom
    )


def test_findings__share_their_rules_and_reasons(made):
    document = REPORT.encode(made.case)
    first, second, *_ = document["planning"]["resections"]
    rule = document["rules"]["flr.gepnetlm_review"]
    numbers = [str(one["findings"][0]) for one in (first, second)]
    finding = rule["found"][numbers[0]]
    assert set(numbers) <= set(rule["found"])
    assert {"threshold", "source", "status", "statement"} <= set(rule)
    assert {"verdict", "quantity"} <= set(finding)
    assert "threshold" not in finding
    assert all(document["reasons"][str(n)]["words"] for n in finding.get("reasons", ()))


def test_findings__of_one_rule_with_two_thresholds_have_two_entries(made):
    finding = made.case.planning.resections[0].findings[0]
    other = replace(finding, threshold=replace(finding.threshold, value=0.123))
    case = replace(made.case, quality=(finding, other))
    document = REPORT.encode(case)
    found = {key for key, rule in document["rules"].items() if rule.get("id") == finding.id}
    assert len(found) == 1
    assert finding.id in document["rules"]
    assert case == read(document)


def test_findings__the_same_one_stands_once(made):
    finding = made.case.planning.resections[0].findings[0]
    document = REPORT.encode(replace(made.case, quality=(finding,)))
    assert document["quality"] == document["planning"]["resections"][0]["findings"][:1]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("quality", 0), 9999, "the finding 9999 is not in the table of rules"),
        (
            ("rules",),
            {name: {"found": {"1": {"verdict": "met"}}} for name in ("a", "b")},
            "the finding 1 is there twice",
        ),
        (("volumetry", "tlv_ml", "reasons"), [999], "the reason 999 is not in the table"),
        (
            ("reasons",),
            {"1": {"cause": "near_limit", "because": [2]}, "2": {"cause": "near_limit"}},
            "the reason 2 is not in the table",
        ),
        (
            ("reasons",),
            {"1": {"cause": "near_limit"}}
            | {str(n): {"cause": "near_limit", "because": [n - 1]} for n in range(2, 30)},
            "more than 20 others behind it",
        ),
    ],
)
def test_read__refuses_findings_and_reasons_without_their_tables(made, path, value, message):
    with pytest.raises(InputError, match=message):
        read(broken(REPORT.encode(made.case), *path, value=value))
