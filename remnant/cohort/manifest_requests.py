"""From the cells of one case to requests, as ``remnant run`` makes them of the same options."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from remnant.cohort.manifest_columns import (
    COLUMNS,
    FACTS,
    LANDMARKS,
    MASKS,
    PATHS,
    PATIENT,
    REFERENCE,
    REFERENCES,
    STUDY,
    TIME_POINT,
    Group,
    is_carried,
    wrong_with,
)
from remnant.core.errors import InputError
from remnant.core.mr import BiasCorrection
from remnant.core.patient import Patient
from remnant.core.phase_choice import AlignmentKind, PhaseChoice
from remnant.core.uncertainty import ErrorChoice
from remnant.documents.clinical_facts import NO_FILE, FactsFile, facts_said, read_facts_file
from remnant.io.codings import MasksPreset
from remnant.io.faults import require_there
from remnant.io.pseudonym import PREFIX, pseudonym
from remnant.io.reading import ReadingChoice
from remnant.io.roles import Part
from remnant.pipeline.asked import measuring_asked, planning_asked, require_files
from remnant.pipeline.option_texts import (
    lesion_review,
    parse_numbers,
    parse_removed,
    phase_choice,
)
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest

SUBJECT: Final = "subject-"
NAMED_ANEW: Final = {"seed": "interval_seed"}
"""Figures of the error model that columns call otherwise."""
NOTHING_KNOWN: Final = MeasureRequest(patient=Patient())


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRequests:
    """What a row asks of the pipeline.

    Parameters
    ----------
    segment
        Scan and masks; without a scan (``source`` is ``None``) the case is measured from its masks.
    measuring, planning
        Facts and choices.
    patient_name
        Who it is, as the manifest says it, never to be stored (see `subject_of`); empty where it
        does not say.
    time_point
        When the scan was made (see `remnant.cohort.time_points`); empty where it does not say.
    references
        An expert's masks by role, ``liver`` and ``lesions``, to compare with.
    """

    segment: SegmentRequest
    measuring: MeasureRequest
    planning: PlanRequest
    patient_name: str = ""
    time_point: str = ""
    references: Mapping[str, Path]


def requests_of(cells: Mapping[str, str]) -> CaseRequests:
    """Return what a row asks for; all that it names is looked for.

    Parameters
    ----------
    cells
        Text by column, none of it empty; paths are absolute, or relative to the working folder.

    Raises
    ------
    InputError
        A column is not known, a cell may not hold what it does, cells contradict each other, there
        is neither a scan nor a map of the liver or of its segments, or a file cannot be read.
    UnreadableFileError
        A file is missing.
    """
    for name, text in cells.items():
        if name not in COLUMNS and not is_carried(name):
            raise InputError(f"{name[:40]!r} is no column of a manifest")
        wrong = wrong_with(name, text)
        if wrong:
            raise InputError(f"{name} {wrong}")
    asked = unchecked_requests(cells)
    require_files(asked.segment)
    for path in asked.references.values():
        require_there(path)
    return asked


def unchecked_requests(cells: Mapping[str, str]) -> CaseRequests:
    """Return what a row asks for, as `requests_of`; each cell by itself is known to be in order.

    Only a facts file is looked at.

    Raises
    ------
    InputError
        Cells contradict each other, or what the case needs is not there.
    """
    values = {name: COLUMNS[name].value(text) for name, text in cells.items() if name in COLUMNS}
    segment = _segment_request(values)
    said, file = _said(cells), _facts_file(values.get(FACTS))
    _require_told_once(said, file)
    return CaseRequests(
        segment=segment,
        measuring=_measuring(values, said, file),
        planning=planning_asked(
            said,
            file,
            known=DEFAULT_PLAN,
            custom=parse_removed(values.get("resect", ()), option="resect"),
            numbered=Part.LESIONS in segment.masks,
        ),
        patient_name=values.get(PATIENT, ""),
        time_point=cells.get(TIME_POINT, ""),
        references={
            part.value: Path(values[f"{REFERENCE}{part.value}"])
            for part in REFERENCES
            if f"{REFERENCE}{part.value}" in values
        },
    )


def subject_of(patient: str) -> str:
    """Return the pseudonym of a patient: a keyed hash of the manifest's text, spelled alike.

    Raises
    ------
    InputError
        The text is empty, or there is no key (see `remnant.io.pseudonym`).

    Returns
    -------
    str
        ``subject-`` and 16 hexadecimal digits.
    """
    text = " ".join(unicodedata.normalize("NFC", patient).split())
    if not text:
        raise InputError("a patient without a name has no pseudonym")
    return SUBJECT + pseudonym(PATIENT, text).removeprefix(PREFIX)


def paths_of(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield every path that a row names, with its column."""
    return ((name, cells[name]) for name in PATHS if name in cells)


def _segment_request(values: Mapping[str, Any]) -> SegmentRequest:
    masks = {part.value: Path(values[part.value]) for part in MASKS if part.value in values}
    source = values.get(STUDY)
    if source is None and not {Part.LIVER, Part.COUINAUD} & set(masks):
        raise InputError("neither study, liver nor couinaud is given; one of them is needed")
    landmarks = values.get(LANDMARKS)
    review = lesion_review(
        values.get("reject_lesions"), values.get("confirm_lesions"),
        reject_option="reject_lesions", confirm_option="confirm_lesions",
    )  # fmt: skip
    return SegmentRequest(
        source=None if source is None else Path(source),
        reading=_reading(values),
        bias_correction=values.get("bias_correction", BiasCorrection.NONE),
        phases=_phases(values),
        masks=masks,
        preset=values.get("masks_preset", MasksPreset.AUTO),
        landmarks=None if landmarks is None else Path(landmarks),
        whole_liver=values.get("whole_liver"),
        split_confluent=values.get("split_confluent", False),
        split_iv=values.get("split_iv", False),
        confirm_segments=values.get("confirm_segments"),
        review=review,
    )


def _reading(values: Mapping[str, Any]) -> ReadingChoice:
    names = ("modality", "series", "phase", "geometry_from", "intensity_offset_hu", "threshold")
    return ReadingChoice(
        **{name: values.get(name) for name in names},
        lesion_codes=parse_numbers(values.get("lesion_codes"), option="lesion_codes"),
    )


def _phases(values: Mapping[str, Any]) -> PhaseChoice | None:
    return phase_choice(
        _joined(values.get("liver_from")),
        _joined(values.get("lesions_from")),
        values.get("alignment", AlignmentKind.RIGID),
        one_series="series" in values or "phase" in values,
        named=str,
    )


def _joined(phases: tuple[str, ...] | None) -> str | None:
    return None if phases is None else ",".join(phases)


def _said(cells: Mapping[str, str]) -> FactsFile:
    """Return the facts and choices of the cells, as a facts file would say them."""
    sections: dict[Group, dict[str, tuple[str, Any]]] = {
        Group.PATIENT: {}, Group.CLINICAL: {}, Group.CHOICES: {},
    }  # fmt: skip
    for name, text in cells.items():
        column = COLUMNS.get(name)
        if column is not None and column.group in sections and name != "resect":
            sections[column.group][name] = (name, column.plain(text))
    return facts_said(
        patient=sections[Group.PATIENT],
        clinical=sections[Group.CLINICAL],
        choices=sections[Group.CHOICES],
    )


def _facts_file(name: str | None) -> FactsFile:
    if name is None:
        return NO_FILE
    path = Path(name)
    require_there(path)
    state = path.stat()
    return _read_facts(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _read_facts(path: Path, changed_ns: int, size: int) -> FactsFile:  # noqa: ARG001  (a changed file is another)
    return read_facts_file(path)


def _require_told_once(said: FactsFile, file: FactsFile) -> None:
    sections = ((said.patient, file.patient), (said.clinical, file.clinical),
                (said.choices, file.choices))  # fmt: skip
    twice = sorted({name for cells, known in sections for name in set(cells) & set(known)})
    if twice:
        raise InputError(
            f"{', '.join(twice[:5])}: told by a column and by the facts file; empty the cell, or "
            f"take it out of the file"
        )


def _measuring(values: Mapping[str, Any], said: FactsFile, file: FactsFile) -> MeasureRequest:
    patient = said.patient_facts(file.patient_facts(NOTHING_KNOWN.patient))
    figures = ("liver_boundary_mm", "lesion_boundary_mm", "segment_border_mm",
               "formula_residual_fraction")  # fmt: skip
    errors = ErrorChoice(
        **{name: values.get(name) for name in figures}, seed=values.get("interval_seed")
    )
    return measuring_asked(
        replace(NOTHING_KNOWN, errors=errors),
        patient=patient,
        formula=values.get("formula"),
        bsa_formula=values.get("bsa_formula"),
        errors=errors,
        names=NAMED_ANEW,
    )
