"""Made tables of a cohort, for its summary; what they hold is known to the last digit."""

import numpy as np

from remnant.cohort.table_files import write_table
from remnant.cohort.tables import CASES_TABLE, FINDINGS_TABLE, SEGMENTS_TABLE
from remnant.core.labels import CouinaudSegment
from volumetry.burden import burden_class

STATUSES = ("done", "done", "done", "done", "done", "done", "unusable", "refused", "killed")


def case_row(number, random, *, status="done", name=None):
    """One row of ``cases``; of a case without a report only how it ended."""
    row = {"case": name or f"case-{number:05}", "status": status, "remnant_version": None}
    if status not in ("done", "unusable"):
        kind = "UnreadableFileError" if status == "refused" else ""
        return {**row, "stage": "read", "error_kind": kind, "error": "the file ends early"}
    tlv_ml, burden = float(random.normal(1600, 200)), float(random.exponential(0.08))
    burden = 0.0 if number % 7 == 0 else min(burden, 0.8)
    return {
        **row,
        "tlv_ml": tlv_ml,
        "functional_tlv_ml": tlv_ml * (1 - burden),
        "tumour_ml": tlv_ml * burden,
        "burden_fraction": burden,
        "burden_fraction_low": burden * 0.8,
        "burden_fraction_high": min(1.0, burden * 1.3),
        "burden_fraction_bound": "lower" if number % 5 == 0 else None,
        "burden_class": burden_class(burden).value,
        "lesions": number % 7,
        "lesions_confirmed": 0,
        "largest_lesion_mm": 10.0 + number % 7 if number % 7 else None,
        "frilling_type": ("I", "II", "III")[number % 3] if number % 7 else None,
        "best_plan_flr_ml": tlv_ml / 2 if number % 2 else None,
        "segments_source": "model",
        "segments_confirmed": number % 4 == 0,
        "gates_failed": ["liver_volume"] if status == "unusable" else [],
        "models": ["kul-liver 1"],
        "remnant_version": "0.4.0",
    }


def case_rows(count, *, statuses=STATUSES, seed=3):
    """Rows of ``cases``, the same for the same count."""
    random = np.random.default_rng(seed)
    return [case_row(n, random, status=statuses[n % len(statuses)]) for n in range(count)]


def segment_rows(cases):
    """Eight segments of equal volume in every measured case."""
    rows = []
    for row in cases:
        if "tlv_ml" in row:
            cells = {"case": row["case"], "total_ml": row["tlv_ml"] / 8, "touches_edge": False}
            rows += [{**cells, "segment": segment.name} for segment in CouinaudSegment]
    return rows


def finding_rows(cases):
    """Two verdicts of one rule and one on its list, in every measured case."""
    rows = []
    for row in cases:
        if "tlv_ml" not in row:
            continue
        of = {"case": row["case"], "list": "transplant", "of": "milan"}
        rows += [
            {**of, "place": 0, "verdict": "unknown"},
            {**of, "place": 1, "rule": "milan.size", "verdict": "met"},
            {**of, "place": 2, "rule": "milan.size", "verdict": "not_met"},
        ]
    return rows


def write_cohort(folder, cases):
    """Write the tables of a cohort of these rows of ``cases``."""
    write_table(folder, CASES_TABLE, cases)
    write_table(folder, SEGMENTS_TABLE, segment_rows(cases))
    write_table(folder, FINDINGS_TABLE, finding_rows(cases))
    return folder
