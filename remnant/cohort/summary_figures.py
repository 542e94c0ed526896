"""The figures of a cohort's summary, read from its tables."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.table_files import part_files, read_table, table_parts
from remnant.cohort.tables import AGREEMENT_TABLE, CASES_TABLE
from remnant.core.cohort_figures import (
    CaseReference,
    CohortFigures,
    Numbers,
    SubjectAtTime,
    VerdictCounts,
)
from remnant.view.cohort_outliers import SHARES

TIME_POINTS: Final = "time_points"
WORDS: Final = (
    "burden_class", "frilling_type", "segments_source", "segments_confirmed",
    "burden_fraction_bound", "tumour_ml_bound", "tlv_ml_bound", "functional_tlv_ml_bound",
    "best_plan_flr_ml_bound", "best_plan_sflr_bound", "best_plan_debulked_fraction_bound",
)  # fmt: skip
NUMBERS: Final = (
    "burden_fraction", "burden_fraction_low", "burden_fraction_high", "tumour_ml", "tlv_ml",
    "functional_tlv_ml", "lesions", "lesions_confirmed", "largest_lesion_mm",
    "best_plan_flr_ml", "best_plan_sflr", "best_plan_debulked_fraction",
)  # fmt: skip
ENDED: Final = (
    "case", "status", "stage", "error_kind", "error", "gates_failed", "models", "remnant_version",
)  # fmt: skip
VERDICT_COLUMNS: Final = ("case", "list", "of", "place", "rule", "verdict")
LESION_TRACKS: Final = "lesion_tracks"
COURSE_COLUMNS: Final = (
    "subject", "case", "order", "baseline", "day", "burden_fraction", "functional_tlv_ml",
    "response", "provisional",
)  # fmt: skip
AGREEMENT_COLUMNS: Final = (
    "case", "structure", "measured_ml", "reference_ml", "measured_fraction", "reference_fraction",
    "dice",
)  # fmt: skip


def read_figures(cohort: Path) -> CohortFigures:
    """Read what the summary is made from.

    Parameters
    ----------
    cohort
        Folder of the cohort. Tables of references and of courses may be missing.

    Raises
    ------
    InputError
        There is no table of cases, or one is of another schema version.
    UnreadableFileError
        A table is damaged.
    """
    cases = read_table(cohort, CASES_TABLE.name, (*ENDED, *WORDS, *NUMBERS)).sort_by("case")
    names: list[str] = cases.column("case").to_pylist()
    status = _texts(cases, "status")
    kinds = zip(_texts(cases, "error_kind"), cases.column("gates_failed").to_pylist(), strict=True)
    done = [n for n, word in zip(names, status, strict=True) if word == CaseStatus.DONE]
    numbers = {name: _numbers(cases, name) for name in NUMBERS}
    return CohortFigures(
        cases=tuple(names),
        statuses=status,
        stages=_texts(cases, "stage"),
        error_kinds=tuple(kind or ", ".join(gates or ()) for kind, gates in kinds),
        errors=_texts(cases, "error"),
        numbers={**numbers, **_segment_shares(cohort, names, numbers["tlv_ml"])},
        words={name: _texts(cases, name) for name in WORDS},
        verdicts=tuple(_verdicts(cohort, done)),
        versions=Counter(filter(None, _texts(cases, "remnant_version"))),
        models=Counter(m for many in cases.column("models").to_pylist() for m in many or ()),
        agreement=tuple(_agreement(cohort)),
        not_compared=dict(_not_compared(cohort)),
        course=tuple(_course(cohort)),
        events=_events(cohort),
    )


def _texts(table: Any, name: str) -> tuple[str, ...]:  # noqa: ANN401
    """Return a column as texts, empty where absent; yes and no for truth values."""
    column = table.column(name)
    if pa.types.is_boolean(column.type):
        return tuple({True: "yes", False: "no", None: ""}[cell] for cell in column.to_pylist())
    return tuple(cell or "" for cell in column.to_pylist())


def _numbers(table: Any, name: str) -> Numbers:  # noqa: ANN401
    """Return a column as numbers, NaN where absent."""
    column = pc.cast(table.column(name), pa.float64())
    numbers: Numbers = pc.fill_null(column, float("nan")).to_numpy()
    return numbers


def _segment_shares(cohort: Path, names: Sequence[str], tlv_ml: Numbers) -> Mapping[str, Numbers]:
    """Return each segment's share of the total liver volume, NaN where it is not known."""
    places = {name: place for place, name in enumerate(names)}
    shares = {name: np.full(len(names), np.nan) for name in SHARES}
    for part in _parts(cohort, "segments", ("case", "segment", "total_ml", "touches_edge")):
        cells = (part.column(name).to_pylist() for name in part.column_names)
        for case, segment, total_ml, cut in zip(*cells, strict=True):
            place = places.get(case)
            if place is not None and total_ml is not None and not cut and tlv_ml[place] > 0.0:
                shares[f"segment_{segment}"][place] = total_ml / tlv_ml[place]
    return shares


def _parts(cohort: Path, name: str, columns: Collection[str]) -> Iterator[Any]:
    """Give the parts of a table; none where the cohort has no such table."""
    if part_files(cohort, name):
        for part in table_parts(cohort, name, columns):
            yield part.select([column for column in columns if column in part.column_names])


def _verdicts(cohort: Path, done: Sequence[str]) -> Iterator[VerdictCounts]:
    """Count verdicts part by part: a part holds all rows of its cases."""
    wanted = pa.array(done, pa.string())
    counts: dict[tuple[str, str, bool], Counter[str]] = {}
    cases: Counter[tuple[str, str, bool]] = Counter()
    for part in _parts(cohort, "findings", VERDICT_COLUMNS):
        rows = _ruled(part.filter(pc.is_in(part.column("case"), wanted)))
        by_verdict = rows.group_by([*RULED, "verdict"]).aggregate([("case", "count")])
        for row in by_verdict.to_pylist():
            counts.setdefault(_rule_of(row), Counter())[row["verdict"]] += row["case_count"]
        for row in rows.group_by(list(RULED)).aggregate([("case", "count_distinct")]).to_pylist():
            cases[_rule_of(row)] += row["case_count_distinct"]
    for key, found in sorted(counts.items()):
        name, rule, whole = key
        yield VerdictCounts(list=name, rule=rule, whole=whole, cases=cases[key], counts=found)


RULED: Final = ("list", "rule", "whole")


def _ruled(part: Any) -> Any:  # noqa: ANN401
    """Give each verdict its rule; that on a whole list is named by the list."""
    whole = pc.fill_null(pc.equal(part.column("place"), 0), fill_value=False)
    rule = pc.coalesce(part.column("rule"), part.column("of"), pa.scalar("", pa.string()))
    columns = (part.column("case"), part.column("list"), rule, whole, part.column("verdict"))
    return pa.table(dict(zip(("case", *RULED, "verdict"), columns, strict=True)))


def _rule_of(row: Mapping[str, Any]) -> tuple[str, str, bool]:
    return row["list"], row["rule"], row["whole"]


def _agreement(cohort: Path) -> Iterator[CaseReference]:
    for part in _parts(cohort, AGREEMENT_TABLE.name, AGREEMENT_COLUMNS):
        for row in part.to_pylist():
            if row["structure"]:
                yield CaseReference(**row)


def _not_compared(cohort: Path) -> Iterator[tuple[str, str]]:
    for part in _parts(cohort, AGREEMENT_TABLE.name, ("case", "error")):
        for row in part.to_pylist():
            if row["error"]:
                yield row["case"], row["error"]


def _course(cohort: Path) -> Iterator[SubjectAtTime]:
    for part in _parts(cohort, TIME_POINTS, COURSE_COLUMNS):
        for row in part.to_pylist():
            yield SubjectAtTime(
                **{
                    **row,
                    "baseline": bool(row["baseline"]),
                    "response": row["response"] or "",
                    "provisional": bool(row["provisional"]),
                }
            )


def _events(cohort: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in _parts(cohort, LESION_TRACKS, ("event",)):
        found.update(event for event in part.column("event").to_pylist() if event)
    return found
