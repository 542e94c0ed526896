"""Tables of patients who were scanned several times, see `remnant.cohort.tables`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from remnant.cohort.tables import (
    CASE,
    FRACTION,
    INTEGER,
    ML,
    MM,
    NUMBER,
    TEXT,
    TEXTS,
    YES_NO,
    Column,
    Table,
    quantity,
    spread,
)
from remnant.core.response import Response
from volumetry.response.tracks import TrackEvent

DAYS, POINTS, A_DAY = "days", "percentage points", "/day"
SINCE: Final[Mapping[str, str]] = MappingProxyType(
    {"baseline": "the baseline", "previous": "the followed case before"}
)
"""Ends of the names of changes, and what they are changes since."""
CHANGES: Final[tuple[tuple[str, str, str], ...]] = (
    ("burden_points", POINTS, "Change of the burden"),
    ("burden_relative", FRACTION, "Change of the burden over the first one"),
    ("tumour_ml", ML, "Change of the tumour"),
    ("tumour_relative", FRACTION, "Change of the tumour over the first one"),
    ("functional_tlv_ml", ML, "Change of the liver without lesions"),
    ("kgr_sflr_points_per_week", f"{POINTS}/week", "Kinetic growth rate of the remnant"),
)
"""Names, units and meanings of changes."""
PACE: Final[tuple[tuple[str, str, str], ...]] = (
    ("tumour_ml_per_day", ML + A_DAY, "Change of the tumour over time"),
    ("functional_tlv_ml_per_day", ML + A_DAY, "Change of the liver without lesions over time"),
    ("burden_points_per_day", POINTS + A_DAY, "Change of the burden over time"),
    ("specific_growth_percent_per_day", "%/day", "100 ln(tumour after / before) / days"),
    ("doubling_days", DAYS, "100 ln 2 / specific growth; absent where growth is not shown"),
)
"""The same of rates, all since the followed case before."""
SUBJECT: Final = Column("subject", TEXT, "", "Pseudonym of the patient")
ORDER: Final = Column("order", INTEGER, "", "Its place among the patient's cases, from 1")
PLACE: Final = (
    SUBJECT,
    CASE,
    ORDER,
    Column("day", NUMBER, DAYS, "Since the patient's first time point; absent without times"),
    Column("baseline", YES_NO, "", "The first case that shows the whole liver and its lesions"),
    Column("previous_case", TEXT, "", "The followed case before; absent at the baseline"),
)
VOLUMES: Final = (
    *quantity("tlv_ml", ML, "Total liver volume"),
    *quantity("functional_tlv_ml", ML, "Total liver volume minus lesions"),
    *quantity("tumour_ml", ML, "All lesions that were not rejected"),
    *quantity("burden_fraction", FRACTION, "Tumour / total liver volume"),
)
LIVER_ONLY: Final = "of the liver alone, never the overall response"


def _words(members: type[Response] | type[TrackEvent]) -> str:
    return ", ".join(f"`{member.value}`" for member in members)


RESPONSE: Final = (
    Column("response", TEXT, "", f"RECIST 1.1 {LIVER_ONLY}: {_words(Response)}; absent at the "
           "baseline"),
    Column("provisional", YES_NO, "", "A reader has still to speak"),
    Column("uncertain", YES_NO, "", "Another class could hold as well"),
    Column("notes", TEXTS, "", "Why, and how it came about: docs/explanation/followup.md"),
    Column("target_response", TEXT, "", "The same by the sum of the target lesions alone"),
    Column("target_response_probability", NUMBER, FRACTION, "Of that class, by the error models"),
    Column("target_lesions", TEXTS, "", "Ids here of the target lesions, or of their parts"),
    Column("recist_sum_mm", NUMBER, MM, "Sum of the target lesions' longest axial diameters"),
    Column("recist_sum_mm_bound", TEXT, "", "`lower` where a scan does not show all of them"),
    Column("recist_baseline_mm", NUMBER, MM, "That sum at the baseline"),
    Column("recist_nadir_mm", NUMBER, MM, "The smallest such sum before this case"),
    *spread("recist_from_baseline", FRACTION, "Change of the sum from the baseline, over it"),
    *spread("recist_from_nadir", FRACTION, "Change of the sum from the nadir, over it"),
    *spread("recist_from_nadir_mm", MM, "Change of the sum from the nadir"),
    Column("new_lesions", INTEGER, "", "That the baseline did not have; absent where not followed"),
    Column("new_lesions_confirmed", INTEGER, "", "Of these, confirmed by a human"),
)  # fmt: skip
CHANGED: Final = tuple(
    column
    for since, what in SINCE.items()
    for name, unit, meaning in CHANGES
    for column in quantity(f"{name}_since_{since}", unit, f"{meaning}, since {what}")
)
PACED: Final = tuple(
    column
    for name, unit, meaning in PACE
    for column in quantity(name, unit, f"{meaning}, since {SINCE['previous']}")
)
TIME_POINTS_TABLE: Final = Table(
    "time_points",
    "A case of a patient with a pseudonym, among the patient's others",
    (*PLACE, *VOLUMES, *RESPONSE, *CHANGED, *PACED),
    ("case",),
)
LESION_TRACKS_TABLE: Final = Table(
    "lesion_tracks",
    "A lesion of a followed case, or a track of lesions that has none there",
    (
        SUBJECT,
        Column("track", INTEGER, "", "Number of the patient's lesions that belong together, from "
               "1: a lesion with all that it splits into or merges with"),
        CASE,
        ORDER,
        Column("lesion", INTEGER, "", "Its code in `lesions.nii.gz`; absent where there is none"),
        Column("event", TEXT, "", f"{_words(TrackEvent)}"),
        Column("target", YES_NO, "", "It is, or comes from, a target lesion"),
        Column("longest_axial_mm", NUMBER, MM, "Longest diameter within an axial slice"),
        *spread("volume_ml", ML, "Voxel volume"),
        Column("confirmation", TEXT, "", "`automatic`, `given` or `confirmed`"),
    ),
    ("case", "track", "lesion"),
)  # fmt: skip
FOLLOWUP_TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {table.name: table for table in (TIME_POINTS_TABLE, LESION_TRACKS_TABLE)}
)
"""Tables that following fills, by name."""
