"""Rows of a case: what its report says, number by number."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from examples.stored_cohort import CELLS, REFUSED, made_cohort
from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.cohort.rows import moment, rows_of
from remnant.cohort.table_files import read_table
from remnant.cohort.tables import TABLES, ColumnType
from remnant.documents.report_document import REPORT

KINDS = {
    ColumnType.TEXT: str,
    ColumnType.INTEGER: int,
    ColumnType.NUMBER: float,
    ColumnType.YES_NO: bool,
    ColumnType.TIMESTAMP: datetime,
    ColumnType.TEXTS: list,
}


@pytest.fixture(scope="session", name="made_rows")
def made_rows_fixture(tmp_path_factory):
    return made_cohort(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session", name="cohort")
def cohort_fixture(made_rows):
    return made_rows[0]


@pytest.fixture(scope="session", name="document")
def document_fixture(cohort):
    """``report.json`` of the first case, as plain JSON."""
    return json.loads((cohort / "cases" / "one" / "report.json").read_text("utf-8"))


def rows_in(cohort, name, case):
    rows = read_table(cohort, name).to_pylist()
    return [row for row in rows if row["case"] == case]


def shown(name, stored):
    """What a quantity of the report is in a table."""
    interval = stored.get("interval", {})
    return {
        name: stored.get("value"),
        f"{name}_low": interval.get("low"),
        f"{name}_high": interval.get("high"),
        f"{name}_median": interval.get("median"),
        f"{name}_bound": "indicative" if stored.get("indicative") else stored.get("bound"),
    }


def test_cases__hold_the_figures_of_the_report_to_the_last_digit(cohort, document):
    (row,) = rows_in(cohort, "cases", "one")
    volumes = document["volumetry"]
    for name in ("tlv_ml", "functional_tlv_ml", "tumour_ml", "burden_fraction"):
        assert shown(name, volumes[name]).items() <= row.items()
    assert shown("stlv_ml", volumes["standardised"]["stlv_ml"]).items() <= row.items()
    assert row["burden_class"] == volumes["burden_class"]
    assert row["lesions"] == len(volumes["lesions"]) == 3
    assert row["largest_lesion_mm"] == max(x["longest_axial_mm"] for x in volumes["lesions"])
    assert row["settings_sha256"] == document["provenance"]["configuration_sha256"]
    best = document["planning"]["plans"][0]
    assert row["best_plan"] == best["id"]
    assert row["plans"] == len(document["planning"]["plans"]) > 3
    stored = shown("best_plan_sflr", best["result"]["remnant"]["sflr"])
    assert {n: v for n, v in stored.items() if not n.endswith("_median")}.items() <= row.items()


def test_lesions_segments_plans_resections__hold_those_of_the_report(cohort, document):
    lesions = rows_in(cohort, "lesions", "one")
    for row, stored in zip(lesions, document["volumetry"]["lesions"], strict=True):
        assert row["lesion"] == stored["id"]
        assert shown("volume_ml", stored["volume_ml"]).items() <= row.items()
        assert row["feret_3d_mm"] == stored["feret_3d_mm"]
        assert row["centroid_s_mm"] == stored["centroid_ras_mm"][2]
        assert row["segment_VIII_fraction"] == stored["segment_fractions"].get("VIII", 0.0)
        assert row["portal_vein_distance_mm_absent_because"] == ["no_portal_vein"]
    segments = {row["segment"]: row for row in rows_in(cohort, "segments", "one")}
    for name, stored in document["volumetry"]["segments"].items():
        assert segments[name]["total_ml"] == stored["total_ml"]
        assert segments[name]["functional_ml_low"] == stored["functional_interval"]["low"]
    for table, key, listed in (("plans", "plan", "plans"), ("resections", "resection", "resecti")):
        rows = rows_in(cohort, table, "one")
        stored = next(v for k, v in document["planning"].items() if k.startswith(listed))
        assert len(rows) == len(stored)
        for row, one in zip(rows, stored, strict=True):
            assert row[key] == one.get("id", one.get("name"))
            result = one.get("result", one)
            assert shown("flr_ml", result["remnant"]["flr_ml"]).items() <= row.items()
            assert shown("debulked_fraction", result["debulked_fraction"]).items() <= row.items()


def test_findings__are_all_of_the_report_with_value_limit_and_probability(cohort, made_rows):
    report = made_rows[1]["one"]
    rows = rows_in(cohort, "findings", "one")
    plans = [row for row in rows if row["list"] == "plans"]
    expected = [(plan.id, finding) for plan in report.planning.plans for finding in plan.findings]
    for row, (plan, finding) in zip(plans, expected, strict=True):
        limit = None if finding.threshold is None else finding.threshold.value
        got = (row["of"], row["rule"], row["verdict"], row["value"], row["threshold"])
        assert got == (plan, finding.id, finding.verdict, finding.value, limit)
        assert row["probability"] == finding.probability
        assert row["source_id"] == finding.source
    counts = Counter(row["list"] for row in rows)
    assert counts["quality"] == len(report.quality)
    assert counts["resections"] == sum(len(r.findings) for r in report.planning.resections)
    transplant = report.planning.transplant
    assert counts["transplant"] == len(transplant) + sum(len(t.findings) for t in transplant)
    assert counts["targets"] == len(report.planning.targets) > 0
    wholes = {row["of"]: row["verdict"] for row in rows if row["place"] == 0}
    assert all(wholes[one.id] == one.verdict for one in transplant)


def test_rows__of_the_report_in_memory_are_those_of_the_report_on_disk(cohort, made_rows):
    outcome = CaseOutcome(case="one", key="k", status=CaseStatus.DONE)
    for case, report in made_rows[1].items():
        stored = REPORT.read(cohort / "cases" / case / "report.json")
        assert rows_of(outcome, {}, report) == rows_of(outcome, {}, stored)


def test_rows__fit_their_columns_and_are_told_apart_by_their_key(cohort):
    for name, table in TABLES.items():
        rows = read_table(cohort, name).to_pylist()
        kinds = {column.name: KINDS[column.type] for column in table.columns}
        keys = [tuple(row[column] for column in table.key) for row in rows]
        assert len(set(keys)) == len(keys) > 0
        for row in rows:
            filled = {n: cell for n, cell in row.items() if cell is not None and n in kinds}
            assert [n for n, cell in filled.items() if not isinstance(cell, kinds[n])] == []


def test_fractions__lie_between_0_and_1(cohort):
    for name, table in TABLES.items():
        rows = read_table(cohort, name).to_pylist()
        shares = [c.name for c in table.columns if c.name.endswith("_fraction")]
        numbers = [row[n] for row in rows for n in shares if isinstance(row[n], float)]
        assert all(0.0 <= number <= 1.0 for number in numbers)


def test_what_is_not_known__is_absent_with_its_cause_and_never_0(cohort):
    (row,) = rows_in(cohort, "cases", "four")
    assert row["tumour_ml"] is None
    assert row["tumour_ml_absent_because"] == ["lesions_unknown"]
    assert row["lesions"] is row["lesions_confirmed"] is row["largest_lesion_mm"] is None
    assert row["stlv_ml_absent_because"] == ["body_facts_missing"]
    assert row["tlv_ml_absent_because"] is None
    (row,) = rows_in(cohort, "cases", "three")
    assert row["segments_source"] is row["segments_confirmed"] is row["unassigned_ml"] is None
    assert row["segments_absent_because"] == ["no_segments_given"]
    assert row["lesions"] == 3
    assert row["plans"] == 0
    assert len(row["plans_absent_because"]) > 0
    assert rows_in(cohort, "segments", "three") == []
    assert all(one["segment_I_fraction"] is None for one in rows_in(cohort, "lesions", "three"))


def test_unfinished_case__has_one_row_with_its_error(cohort):
    (row,) = rows_in(cohort, "cases", "refused")
    assert row["status"] == "refused"
    assert (row["stage"], row["error"]) == ("read", "<study> is empty")
    assert row["finished_utc"] == datetime(2026, 11, 29, 11, tzinfo=UTC)
    assert row["key"] is row["tlv_ml"] is row["plans"] is row["checks_failed"] is None
    others = [name for name in TABLES if name != "cases"]
    assert [rows_in(cohort, name, "refused") for name in others] == [[]] * len(others)


def test_subject__is_one_pseudonym_for_each_patient(cohort):
    rows = {row["case"]: row for row in read_table(cohort, "cases").to_pylist()}
    assert rows["one"]["subject"] == rows["two"]["subject"] != rows["three"]["subject"]
    assert rows["one"]["subject"].startswith("subject-")
    assert rows["refused"]["subject"] is None
    assert (rows["one"]["time_point"], rows["one"]["x_site"]) == ("2024-01-05", "north")
    names = [cells["patient"] for cells in CELLS.values()]
    told = "".join(str(read_table(cohort, name).to_pylist()) for name in TABLES)
    assert [name for name in names if name in told] == []


def test_timings__are_those_of_the_run():
    outcome = CaseOutcome(case="a", key="", status=CaseStatus.KILLED, seconds={"read": 0.5})
    rows = rows_of(outcome, {}, None)

    assert rows["timings"] == ({"case": "a", "stage": "read", "seconds": 0.5},)
    assert rows["findings"] == rows["lesions"] == ()
    assert rows_of(REFUSED, {"x_a": "1", "study": "/x"}, None)["cases"][0]["x_a"] == "1"


def test_moment__of_no_text_is_absent_and_without_zone_is_utc():
    assert moment("") is None
    assert moment("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
