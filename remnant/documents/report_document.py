"""``report.json``: the case report as a document that other programs read.

The JSON schema lies beside this module (``schema/report-1.3.json``). Documents are held against
it when they are written and, before anything is taken from them, when they are read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from remnant.core.case import CaseReport
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.documents.decode import (
    decode_findings,
    decode_patient,
    decode_planted,
    decode_provenance,
    decode_study,
    decode_volumetry,
)
from remnant.documents.decode_planning import decode_clinical, decode_planning
from remnant.documents.encode import (
    encode_findings,
    encode_patient,
    encode_planted,
    encode_provenance,
    encode_study,
    encode_volumetry,
)
from remnant.documents.encode_planning import encode_clinical, encode_planning
from remnant.documents.json_files import read_json, write_json

SCHEMA_VERSION: Final = "1.3"
READ_VERSIONS: Final = ("1.1", "1.2", SCHEMA_VERSION)
OLDER_VERSIONS: Final = ("1.0",)
LONGEST_MESSAGE: Final = 240


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a report says about the person and the disease, and what it was made with."""

    patient: Patient
    clinical: ClinicalFacts
    configuration: Mapping[str, str | float | int | bool | None]


@cache
def report_schema(version: str = SCHEMA_VERSION) -> Mapping[str, Any]:
    """Return the JSON schema (draft 2020-12) of ``report.json`` in a version that is read."""
    text = (files("remnant.documents") / "schema" / f"report-{version}.json").read_text(
        encoding="utf-8"
    )
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def to_document(case: CaseReport) -> dict[str, Any]:
    """Return the case as plain JSON values.

    Every quantity ``x`` is a number or ``None``; beside it stand, where they apply,
    ``x_interval``, ``x_median``, ``x_sds``, ``x_bound``, ``x_indicative`` and ``x_reason``.
    Segments are Roman numerals. ``planted`` appears only in the demo's cases.
    """
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "study": encode_study(case.study),
        "patient": encode_patient(case.patient),
        "clinical": encode_clinical(case.clinical),
        "volumetry": encode_volumetry(case.volumetry, modality=case.study.modality),
        "planning": None if case.planning is None else encode_planning(case.planning),
        "quality": encode_findings(case.quality),
        "provenance": encode_provenance(case.provenance),
    }
    if case.planted:
        document["planted"] = [encode_planted(lesion) for lesion in case.planted]
    return document


def from_document(document: object) -> CaseReport:
    """Return the case that a document of this version, of 1.2 or of 1.1 describes.

    What those did not know is ``None`` or empty.

    Raises
    ------
    InputError
        The document is of another schema version, breaks the schema, or contradicts itself.
    """
    _require_version(document, READ_VERSIONS)
    assert isinstance(document, Mapping)  # noqa: S101  # the version says so; this tells mypy
    _hold_against(_validator(document["schema_version"]), document, "the top level")
    planning = document["planning"]
    return CaseReport(
        study=decode_study(document["study"]),
        patient=decode_patient(document["patient"]),
        volumetry=decode_volumetry(document["volumetry"]),
        planning=None if planning is None else decode_planning(planning),
        quality=decode_findings(document["quality"]),
        provenance=decode_provenance(document["provenance"]),
        planted=tuple(decode_planted(lesion) for lesion in document.get("planted", ())),
        clinical=decode_clinical(document.get("clinical")),
    )


def require_valid(document: object) -> None:
    """Hold a document that is to be written against the schema of this version.

    Raises
    ------
    InputError
        The document is of another version or breaks the schema; the message names the place.
    """
    _require_version(document, (SCHEMA_VERSION,))
    _hold_against(_validator(SCHEMA_VERSION), document, "the top level")


def write_report_json(case: CaseReport, path: Path) -> None:
    """Write ``report.json``: UTF-8, indented, keys in a fixed order, never NaN.

    A crash leaves the old file or none, never half of one.

    Raises
    ------
    InputError
        The case holds a value that no report may hold, such as NaN.
    """
    document = to_document(case)
    require_valid(document)
    write_json(document, path)


def read_report_json(path: Path) -> CaseReport:
    """Read a report that some program wrote; nothing in it is trusted.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, or not JSON.
    InputError
        It is JSON but not a report of a version that is read.
    """
    return from_document(read_json(path, what="report.json"))


def read_facts(path: Path) -> ReportFacts:
    """Read the facts and choices of a report that this version or an earlier one wrote.

    So that a case of an earlier version is measured again with what it was measured with before.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, or not JSON.
    InputError
        It is JSON but not a report of a known version, or its facts break the schema.
    """
    document = read_json(path, what="report.json")
    _require_version(document, (*READ_VERSIONS, *OLDER_VERSIONS))
    assert isinstance(document, Mapping)  # noqa: S101  # the version says so; this tells mypy
    parts = ("patient", "provenance", *(("clinical",) if "clinical" in document else ()))
    for part in parts:
        _hold_against(_validator(SCHEMA_VERSION, part), document.get(part), part)
    return ReportFacts(
        patient=decode_patient(document["patient"]),
        clinical=decode_clinical(document.get("clinical")),
        configuration=decode_provenance(document["provenance"]).configuration,
    )


@cache
def _validator(version: str, part: str | None = None) -> Draft202012Validator:
    schema = report_schema(version)
    if part is None:
        return Draft202012Validator(schema)
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]})


def _require_version(document: object, allowed: tuple[str, ...]) -> None:
    version = document.get("schema_version") if isinstance(document, Mapping) else None
    if version in allowed:
        return
    if version in OLDER_VERSIONS:
        raise InputError(
            f"a report of schema version {version} holds no error model and no distances of "
            f"lesions, and none are guessed: measure the case again from its masks "
            f"(this program writes {SCHEMA_VERSION})"
        )
    raise InputError(
        f"a report of schema version {str(version)[:20]!r} was given; this program reads "
        f"{', '.join(READ_VERSIONS)}: make the report again from its masks"
    )


def _hold_against(validator: Draft202012Validator, document: object, where: str) -> None:
    fault = best_match(validator.iter_errors(document))
    if fault is not None:
        place = "/".join(str(part) for part in fault.absolute_path) or where
        message = fault.message if len(fault.message) < LONGEST_MESSAGE else fault.validator
        raise InputError(f"not a valid report: at {place}: {message}")
