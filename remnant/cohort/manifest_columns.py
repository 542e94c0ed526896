"""The columns of a manifest: what each means and what its cells may hold.

Facts and choices are those of a facts file, roles of masks those of `remnant.io.roles`; nothing of
them is declared again. ``python -m remnant.cohort.manifest_columns`` prints the table of the
documentation.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

from remnant.cohort.time_points import ALLOWED as TIME_ALLOWED
from remnant.cohort.time_points import time_point_of
from remnant.core.errors import InputError
from remnant.core.mr import BiasCorrection
from remnant.core.phase_choice import AlignmentKind
from remnant.core.uncertainty import LARGEST_BORDER_MM, LARGEST_BOUNDARY_MM
from remnant.core.volumes import Modality, Phase
from remnant.documents.fact_cells import BETWEEN_NUMBERS, BETWEEN_TEXTS, plain_value
from remnant.documents.facts_fields import (
    LONGEST_WORD,
    Field,
    FieldError,
    any_word,
    note,
    number,
    one_of,
    whole_number,
    yes_no,
)
from remnant.documents.facts_sections import SECTIONS
from remnant.io.codings import MasksPreset
from remnant.io.reading import GeometrySource
from remnant.io.roles import Part
from remnant.pipeline.option_texts import (
    ALL,
    parse_numbers,
    parse_phases,
    parse_removed,
    require_threshold,
)
from volumetry.standardised.expected_volume import BSA_FORMULAS, FORMULAS

CASE: Final = "case"
STUDY: Final = "study"
PATIENT: Final = "patient"
TIME_POINT: Final = "time_point"
FACTS: Final = "facts"
LANDMARKS: Final = "landmarks"
REFERENCE: Final = "reference_"
CARRIED: Final = "x_"
"""Columns that begin so are carried into the table of cases as text, and mean nothing here."""
LONGEST_CASE: Final = 100
LONGEST_PATH: Final = 4096
LONGEST_PATIENT: Final = 200
FARTHEST_OFFSET_HU: Final = 100_000.0
LARGEST_THRESHOLD: Final = 1e6
_INNER: Final = rf"[A-Za-z0-9._-]{{0,{LONGEST_CASE - 2}}}"
CASE_NAME: Final = re.compile(rf"[A-Za-z0-9_](?:{_INNER}[A-Za-z0-9_-])?")
KEPT_BY_SYSTEMS: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows the dot."""
CARRIED_NAME: Final = re.compile(rf"{CARRIED}[a-z0-9_]{{1,60}}")


class Group(StrEnum):
    """What a column is about."""

    CASE = "Case"
    SCAN = "Scan"
    MASKS = "Masks and segments"
    REFERENCES = "References"
    PATIENT = "Person"
    CLINICAL = "Disease"
    MEASURING = "Measuring"
    CHOICES = "Planning"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestColumn:
    """One column.

    Parameters
    ----------
    field
        Its name, meaning and what its cells may hold.
    group
        What it is about.
    is_path
        Whether it names a file or folder that must be there.
    also
        Other names that it goes by.
    is_private
        Whether what it holds may name a person, and is never repeated in a message.
    """

    field: Field
    group: Group
    is_path: bool = False
    also: tuple[str, ...] = ()
    is_private: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return self.field.name

    def value(self, text: str) -> Any:  # noqa: ANN401  (each field's own type)
        """Return what a cell's text, not empty, means; ``None`` where it says "unknown" or "none".

        Raises
        ------
        FieldError, InputError
            The cell may not hold it; the latter says in words what is wrong with it.
        """
        return self.field.value(self.plain(text))

    def plain(self, text: str) -> object:
        """Return what a facts file would hold for a cell's text."""
        return plain_value(self.field.schema, text)


def _words(name: str, meaning: str, allowed: str, read: Callable[[str], Any]) -> Field:
    """Return a field for a text that a function of its own reads."""

    def checked(given: object) -> Any:  # noqa: ANN401  (what the function returns)
        if len(str(given)) > LONGEST_PATH:
            raise FieldError
        try:
            return read(str(given))
        except InputError as fault:
            raise FieldError from fault

    return Field(
        name=name, meaning=meaning, allowed=allowed, read=checked, schema={"type": "string"}
    )


def _case_name(text: str) -> str:
    if not CASE_NAME.fullmatch(text) or KEPT_BY_SYSTEMS.fullmatch(text):
        raise FieldError
    return text


def _path(name: str, meaning: str) -> Field:
    return note(name, meaning, longest=LONGEST_PATH)


def _numbers(name: str, meaning: str, allowed: str = "numbers such as 3,7") -> Field:
    return _words(name, meaning, allowed, partial(numbers_text, column=name))


def numbers_text(text: str, *, column: str) -> str:
    """Return numbers of a cell as options write them, with commas; ``all`` stays.

    Raises
    ------
    InputError
        Something is not a positive whole number.
    """
    if text.lower() == ALL and column == "confirm_lesions":
        return ALL
    joined = ",".join(BETWEEN_NUMBERS.split(text))
    if not parse_numbers(joined, option=column):
        raise InputError(f"{column} names no number")
    return joined


def removed_sets(text: str) -> tuple[str, ...]:
    """Return the sets of segments that a cell names, each as an option would have it."""
    sets = tuple(part.strip() for part in text.split(BETWEEN_TEXTS))
    parse_removed(sets, option="resect")
    return sets


def _threshold(text: object) -> float:
    if isinstance(text, bool) or not isinstance(text, int | float):
        raise FieldError
    if text > LARGEST_THRESHOLD:
        raise FieldError
    try:
        require_threshold(float(text), option="threshold")
    except InputError as fault:
        raise FieldError from fault
    return float(text)


def _one_name(name: str, meaning: str, known: Iterable[str]) -> Field:
    names = tuple(known)

    def read(text: str) -> str:
        if text not in names:
            raise FieldError
        return text

    return _words(name, meaning, f"one of {', '.join(names)}", read)


MASKS: Final[Mapping[Part, str]] = MappingProxyType(
    {
        Part.LIVER: "Liver map.",
        Part.LESIONS: "Lesion map.",
        Part.COUINAUD: "Map of Couinaud's segments, codes 1 to 8; alone it implies the liver.",
        Part.VESSELS: "Map of the liver's vessels.",
        Part.PORTAL_VEIN: "Map of the portal vein.",
        Part.HEPATIC_VEINS: "Map of the hepatic veins.",
        Part.BRANCHES: "Portal or hepatic branches, coded 1 to 8 by the segment they serve.",
    }
)
REFERENCES: Final[Mapping[Part, str]] = MappingProxyType(
    {
        Part.LIVER: "An expert's liver map, to compare with.",
        Part.LESIONS: "An expert's lesion map, to compare with.",
    }
)
_PHASES: Final = ", ".join(phase.value for phase in Phase if phase is not Phase.UNKNOWN)


def _of_case() -> Iterator[ManifestColumn]:
    case = _words(
        CASE,
        "Name of the case and of its folder; no two differ in capital letters alone.",
        f"letters, digits, -, _ and ., at most {LONGEST_CASE}, no dot at an end",
        _case_name,
    )
    patient = note(
        PATIENT,
        "Who it is: any text. Only a keyed hash of it is stored.",
        longest=LONGEST_PATIENT,
    )
    time = _words(
        TIME_POINT,
        "When the scan was made; of one kind for all cases of a patient.",
        TIME_ALLOWED,
        time_point_of,
    )
    yield ManifestColumn(field=case, group=Group.CASE)
    yield ManifestColumn(field=patient, group=Group.CASE, is_private=True)
    yield ManifestColumn(field=time, group=Group.CASE)
    facts = _path(FACTS, "Facts file with more of what columns tell; nothing is told in both.")
    yield ManifestColumn(field=facts, group=Group.CASE, is_path=True)


def _of_scan() -> Iterator[ManifestColumn]:
    study = _path(
        STUDY,
        "Scan: NIfTI, NRRD, MetaImage, zip, DICOMDIR or DICOM folder. Without one the case is "
        "measured from its masks.",
    )
    offset = number(
        "intensity_offset_hu",
        (-FARTHEST_OFFSET_HU, FARTHEST_OFFSET_HU),
        "HU",
        "Added to every value of a CT that was stored without its rescale intercept.",
    )
    phases = f"{_PHASES}, or a series number"
    fields = (
        one_of("modality", Modality, "Modality of a scan that does not say it."),
        any_word("series", "Series of a DICOM folder.", "a series number or UID"),
        one_of("phase", Phase, "Contrast phase to take, or of a scan that does not say its own."),
        _words(
            "liver_from", "Phase or series to outline the liver on.", f"one of {phases}",
            lambda text: parse_phases(text, option="liver_from", most=1),
        ),
        _words(
            "lesions_from", "Phases or series to look for lesions in.", f"any of {phases}",
            lambda text: parse_phases(text, option="lesions_from"),
        ),
        one_of("alignment", AlignmentKind, "How other phases are laid on the liver's."),
        one_of("bias_correction", BiasCorrection, "Even out an MR's brightness first."),
    )  # fmt: skip
    yield ManifestColumn(field=study, group=Group.SCAN, is_path=True)
    yield from (ManifestColumn(field=field, group=Group.SCAN) for field in fields)
    yield ManifestColumn(field=offset, group=Group.SCAN, also=("intensity_offset",))


def _of_masks() -> Iterator[ManifestColumn]:
    paths = {part.value: meaning for part, meaning in MASKS.items()}
    paths[LANDMARKS] = "Points whose planes divide the liver: JSON in RAS mm, or .mrk.json."
    for name, meaning in paths.items():
        yield ManifestColumn(field=_path(name, meaning), group=Group.MASKS, is_path=True)
    fields = (
        one_of("masks_preset", MasksPreset, "How the maps are coded; auto where it is empty."),
        _numbers("lesion_codes", "Codes of the lesion map that are lesions."),
        Field(
            name="threshold",
            meaning="From which value on a voxel of a probability map is inside.",
            allowed=f"a number above 0, at most {LARGEST_THRESHOLD:g}",
            read=_threshold,
            schema={"type": "number"},
        ),
        one_of("geometry_from", GeometrySource, "Which statement of a NIfTI header to believe."),
        yes_no("whole_liver", "The cropped maps hold the whole liver."),
        yes_no("split_confluent", "Split confluent lesions at their necks."),
        yes_no("split_iv", "Divide segment IV; needs landmarks or a scan."),
        note("confirm_segments", "Who looked at the segments, and confirms them.",
             longest=LONGEST_WORD),
        _numbers("reject_lesions", "Lesions that are no metastases."),
        _numbers("confirm_lesions", "Lesions that a human confirmed.",
                 "numbers such as 3,7, or all"),
    )  # fmt: skip
    yield from (ManifestColumn(field=field, group=Group.MASKS) for field in fields)


def _of_references() -> Iterator[ManifestColumn]:
    for part, meaning in REFERENCES.items():
        field = _path(f"{REFERENCE}{part.value}", meaning)
        yield ManifestColumn(field=field, group=Group.REFERENCES, is_path=True)


def _of_facts() -> Iterator[ManifestColumn]:
    also = {"age_years": ("age",)}
    for section, group in (("patient", Group.PATIENT), ("clinical", Group.CLINICAL)):
        for field in SECTIONS[section]:
            yield ManifestColumn(field=field, group=group, also=also.get(field.name, ()))


def _of_measuring() -> Iterator[ManifestColumn]:
    boundary, border = (0.0, LARGEST_BOUNDARY_MM), (0.0, LARGEST_BORDER_MM)
    fields = (
        _one_name("formula", "Formula of the standardised liver volume.", FORMULAS),
        _one_name("bsa_formula", "Formula of the body surface area.", BSA_FORMULAS),
        number("liver_boundary_mm", boundary, "mm", "How far the liver's surface may be off."),
        number("lesion_boundary_mm", boundary, "mm", "How far a lesion's surface may be off."),
        number("segment_border_mm", border, "mm", "How far a plane between segments may be off."),
        number(
            "formula_residual_fraction", (0.0, 0.5), "",
            "How far the body-size formula may be off, as a share of its volume.",
        ),
        whole_number("interval_seed", (0, 2**32 - 1), "Seed of the intervals' random draws."),
    )  # fmt: skip
    yield from (ManifestColumn(field=field, group=Group.MEASURING) for field in fields)


def _of_choices() -> Iterator[ManifestColumn]:
    for field in SECTIONS["choices"]:
        yield ManifestColumn(field=field, group=Group.CHOICES)
    resect = _words(
        "resect",
        "Further segments to remove; several sets are parted by |.",
        "Couinaud segments such as VI,VII",
        removed_sets,
    )
    yield ManifestColumn(field=resect, group=Group.CHOICES)


COLUMNS: Final[Mapping[str, ManifestColumn]] = MappingProxyType(
    {
        column.name: column
        for columns in (
            _of_case, _of_scan, _of_masks, _of_references, _of_facts, _of_measuring, _of_choices,
        )
        for column in columns()
    }
)  # fmt: skip
"""Every column by its name, in the order in which they are listed."""
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {name: column.name for column in COLUMNS.values() for name in (column.name, *column.also)}
)
"""What each column is called, by all names that it goes by."""
PATHS: Final = tuple(column.name for column in COLUMNS.values() if column.is_path)


def is_carried(name: str) -> bool:
    """Tell whether a column is carried into the table of cases as text."""
    return CARRIED_NAME.fullmatch(name) is not None


@lru_cache(maxsize=65536)
def wrong_with(name: str, text: str) -> str:
    """Return what is wrong with the text of a cell, in words; empty where nothing is.

    Parameters
    ----------
    name
        Of a known column, or of one that is carried.
    text
        What the cell holds, not empty.
    """
    if not text.isprintable():
        return "holds a line break, a tab or another sign that cannot be printed"
    column = COLUMNS.get(name)
    if column is None:
        return "" if len(text) <= LONGEST_PATH else f"is longer than {LONGEST_PATH} characters"
    try:
        column.value(text)
    except (FieldError, InputError) as fault:
        return _in_words(column, text, fault)
    return ""


def _in_words(column: ManifestColumn, text: str, fault: Exception) -> str:
    got = f"{len(text)} characters" if column.is_private else repr(text[:60])
    if isinstance(fault, InputError):
        return f"got {got}: {fault}"
    point = "; write decimals with a point" if re.fullmatch(r"-?\d+,\d+", text) else ""
    return f"got {got}; allowed is {column.field.allowed}{point}"


def columns_table() -> str:
    """Return all columns as tables in Markdown, a heading for each group."""
    return "\n\n".join(_group_table(group) for group in Group) + "\n"


def _group_table(group: Group) -> str:
    rows = [_row(column) for column in COLUMNS.values() if column.group is group]
    return "\n".join(
        (f"### {group.value}", "", "| column | meaning | allowed |", "|---|---|---|", *rows)
    )


def _row(column: ManifestColumn) -> str:
    also = f" (also {', '.join(f'`{name}`' for name in column.also)})" if column.also else ""
    allowed = "a path" if column.is_path else column.field.allowed
    cells = (f"`{column.name}`{also}", column.field.meaning, allowed)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    print(columns_table(), end="")  # noqa: T201  (what it is for)
