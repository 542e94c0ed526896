"""Tables of a cohort, declared once: files, dictionary, queries and exports follow from here.

A quantity is several columns: its value, ``_low``, ``_high`` and ``_median`` of its 90 % interval,
``_bound`` where the value is only a bound, and ``_absent_because`` where there is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from remnant.core.lesions import IntensityStatistics
from remnant.documents.lesion_table import LOBE_COLUMNS, LOOSE_FIGURES, SEGMENT_COLUMNS
from remnant.documents.plan_table import BOUND, ENDS, QUANTITIES, REMNANT_QUANTITIES
from remnant.wording.lesion_figures import LESION_FIGURES

SCHEMA_VERSION: Final = "1"
"""Of all tables together; it grows when a column changes its meaning, its type or its name."""
CARRIED: Final = "x_"
"""Before the name of a column of the manifest that is carried into ``cases`` as it is."""
MEDIAN: Final = "_median"
ABSENT_BECAUSE: Final = "_absent_because"


class ColumnType(StrEnum):
    """What the cells of a column hold; every cell may be absent."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    YES_NO = "yes/no"
    TIMESTAMP = "timestamp"
    TEXTS = "list of text"


TEXT, INTEGER, NUMBER = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER
YES_NO, TIMESTAMP, TEXTS = ColumnType.YES_NO, ColumnType.TIMESTAMP, ColumnType.TEXTS


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name
        Snake case, with its unit where it has one.
    type
        What its cells hold.
    unit
        ``mL``, ``mm``, ``fraction`` (of 1), …; empty for what is no measurement.
    meaning
        One sentence without a full stop.
    """

    name: str
    type: ColumnType
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Parameters
    ----------
    name
        Of its folder in ``tables/``.
    meaning
        What one row is.
    columns
        In their order.
    key
        Names of the columns that tell its rows apart.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(column.name for column in self.columns)


FRACTION, ML, MM, MM2 = "fraction", "mL", "mm", "mm²"
CASE: Final = Column("case", TEXT, "", "Name of the case in the manifest, and of its folder")
UNITS: Final[Mapping[str, str]] = {
    "debulked_fraction": FRACTION,
    "flr_ml": ML,
    "flr_measured_fraction": FRACTION,
    "sflr": FRACTION,
    "flr_body_weight_percent": "%",
    "flr_ml_per_m2": "mL/m²",
    "removed_ml": ML,
    "ablated_ml": ML,
    "residual_tumour_ml": ML,
}
"""Of the quantities of plans and resections."""
MEANINGS: Final[Mapping[str, str]] = {
    "debulked_fraction": "Lesion volume removed or ablated / total lesion volume",
    "flr_ml": "Functional liver that would stay",
    "flr_measured_fraction": "FLR / functional liver of the same scan",
    "sflr": "FLR / liver volume expected from body size",
    "flr_body_weight_percent": "FLR in mL / body weight in g, in percent",
    "flr_ml_per_m2": "FLR / body surface area",
    "removed_ml": "Volume removed with segments and wedges, liver and tumour",
    "ablated_ml": "Volume ablated, liver and tumour",
    "residual_tumour_ml": "Lesions that stay",
}
FIGURES: Final[Mapping[str, str]] = {
    "surface_distance_mm": "Shortest distance to the liver's surface",
    "portal_vein_distance_mm": "Shortest distance to the portal vein",
    "hepatic_veins_distance_mm": "Shortest distance to the hepatic veins",
    "slice_corrected_3d_mm": "Longest 3-D diameter without what the slices' thickness adds",
    "feret_3d_mm": "Longest 3-D diameter between corners of voxels",
    "surface_mm2": "Surface of the lesion",
}
"""What the figures of a lesion are."""
LESION_QUANTITIES: Final = ("volume_ml", *LOOSE_FIGURES)
"""Figures of a lesion that may be absent or bounds."""
PLAIN_FIGURES: Final = tuple(f.name for f in LESION_FIGURES if f.name not in LOOSE_FIGURES)


def spread(name: str, unit: str, meaning: str) -> tuple[Column, ...]:
    """Return the columns of a quantity but for the reasons of its absence."""
    value, low, high = (f"{name}{end}" for end in ENDS)
    return (
        Column(value, NUMBER, unit, meaning),
        Column(low, NUMBER, unit, f"5 % quantile of {name}"),
        Column(high, NUMBER, unit, f"95 % quantile of {name}"),
        Column(f"{name}{MEDIAN}", NUMBER, unit, f"Median of {name}"),
        Column(
            f"{name}{BOUND}",
            TEXT,
            "",
            f"`lower`, `upper`: {name} is at least, at most so much; `indicative`: it may be wrong "
            f"either way; absent where it is measured whole",
        ),
    )


def quantity(name: str, unit: str, meaning: str) -> tuple[Column, ...]:
    """Return the columns of a quantity."""
    because = Column(f"{name}{ABSENT_BECAUSE}", TEXTS, "", f"Causes for which {name} is absent")
    return (*spread(name, unit, meaning), because)


def _several(names: Iterable[str]) -> tuple[Column, ...]:
    return tuple(column for name in names for column in spread(name, UNITS[name], MEANINGS[name]))


ABSENT: Final = Column(
    "absent_because", TEXTS, "", "Causes for which quantities of this row are absent"
)
BEST: Final = "best_plan_"
BEST_QUANTITIES: Final = ("flr_ml", "flr_measured_fraction", "sflr", "debulked_fraction")
"""What `cases` repeats of a case's best plan."""
RAN: Final = (
    CASE,
    Column("subject", TEXT, "", "Pseudonym of the manifest's `patient`; absent without one"),
    Column("time_point", TEXT, "", "As the manifest says it"),
    Column(
        "status",
        TEXT,
        "",
        "`done`; `unusable`: a quality gate failed; `refused`: the input cannot be used; "
        "`failed`: a fault of the program; `timed_out`; `killed`",
    ),
    Column("stage", TEXT, "", "Stage that an unfinished case ended in"),
    Column("error_kind", TEXT, "", "Type of the error"),
    Column("error", TEXT, "", "Its one line, without paths"),
    Column("key", TEXT, "", "Digest of inputs, models, settings and algorithms"),
    Column("attempts", INTEGER, "", "How often it was begun under this key"),
    Column("reused", TEXTS, "", "Stages taken up from an earlier run"),
    Column("finished_utc", TIMESTAMP, "", "When it ended"),
)
STUDY: Final = (
    Column("study", TEXT, "", "Pseudonym of the study"),
    Column("source", TEXT, "", "`dicom`, `nifti` or `masks`"),
    Column("modality", TEXT, "", "`ct` or `mr`; absent for masks alone"),
    Column("phase", TEXT, "", "Contrast phase; `unknown` unless the source says it"),
    Column("orientation", TEXT, "", "Directions of the grid's axes"),
    *(Column(f"shape_{axis}", INTEGER, "voxels", f"Along axis {axis}") for axis in "ijk"),
    *(Column(f"spacing_{axis}_mm", NUMBER, MM, f"Along axis {axis}") for axis in "ijk"),
)
BODY: Final = (
    Column("height_cm", NUMBER, "cm", "Body height"),
    Column("weight_kg", NUMBER, "kg", "Body weight"),
    Column("sex", TEXT, "", "`male` or `female`"),
    Column("age_years", NUMBER, "years", "Age"),
    Column("background", TEXT, "", "State of the liver that would remain"),
    Column("body_size_assumed", YES_NO, "", "Height and weight are an assumption"),
)
VOLUMES: Final = (
    *quantity("tlv_ml", ML, "Total liver volume: parenchyma, lesions, vessels"),
    *quantity("functional_tlv_ml", ML, "Total liver volume minus lesions"),
    *quantity("tumour_ml", ML, "All lesions that were not rejected"),
    *quantity("burden_fraction", FRACTION, "Tumour / total liver volume"),
    Column("burden_class", TEXT, "%", "`<=10`, `>10-25`, `>25-50` or `>50` of the liver"),
    Column("burden_class_probability", NUMBER, FRACTION, "Of that class, by the error model"),
    *quantity("stlv_ml", ML, "Liver volume expected from body size"),
    Column("stlv_formula", TEXT, "", "Its formula"),
    Column(
        "unassigned_ml", NUMBER, ML, "Functional liver that no segment covers; absent without them"
    ),
)
COUNTS: Final = (
    Column("lesions", INTEGER, "", "How many count: all but the rejected; absent where not known"),
    Column("lesions_confirmed", INTEGER, "", "Of these, confirmed by a human"),
    Column("lesions_rejected", INTEGER, "", "Rejected by a human"),
    Column("largest_lesion_mm", NUMBER, MM, "Longest axial diameter of any that counts"),
    Column("largest_lesion_ml", NUMBER, ML, "Largest volume of any that counts"),
    Column("segments_source", TEXT, "", "`given`, `territories`, `landmarks` or `model`"),
    Column("segments_confirmed", YES_NO, "", "A human confirmed them; absent without segments"),
    Column("segments_absent_because", TEXTS, "", "Causes for which there are none"),
)
PLANNED: Final = (
    Column("frilling_type", TEXT, "", "`I`, `II`, `III`, `unclassifiable`; absent without lesions"),
    Column("frilling_because", TEXTS, "", "Causes of the type"),
    Column("frilling_same_fraction", NUMBER, FRACTION, "Perturbed cases of the same type"),
    Column("netlm_type", TEXT, "", "`1`, `2`, `3`, `unclassifiable`; absent without lesions"),
    Column("plans", INTEGER, "", "How many there are; absent where nothing was planned"),
    Column("plans_absent_because", TEXTS, "", "Causes for which there are none"),
    Column("best_plan", TEXT, "", "Id of the first plan in the optimiser's order"),
    Column(f"{BEST}recipe", TEXT, "", "What is removed, excised and ablated"),
    Column(f"{BEST}rule_set", TEXT, "", "FLR rule set that it is held against"),
    Column(f"{BEST}feasible", TEXT, "", "Verdict of that rule set"),
    Column(f"{BEST}interventions", INTEGER, "", "Resection, wedges and ablation zones"),
    *(
        Column(f"{BEST}{column.name}", column.type, column.unit, column.meaning)
        for column in _several(BEST_QUANTITIES)
        if not column.name.endswith(MEDIAN)
    ),
)
ORIGIN: Final = (
    Column(
        "quality_light", TEXT, "", "`green`, `amber` or `red`: whether the liver can be believed"
    ),
    Column("checks_failed", TEXTS, "", "Ids of the quality checks that failed"),
    Column("gates_failed", TEXTS, "", "Of these, those that make a case unusable"),
    Column("models", TEXTS, "", "Networks that were run, each with its version"),
    Column("remnant_version", TEXT, "", "Version of this program"),
    Column("settings_sha256", TEXT, "", "Digest of the settings"),
    Column("computed_utc", TIMESTAMP, "", "When the report was made"),
)
CASES_TABLE: Final = Table(
    "cases",
    "A case, whatever became of it. Columns `x_…` of the manifest follow as text",
    (*RAN, *STUDY, *BODY, *VOLUMES, *COUNTS, *PLANNED, *ORIGIN),
    ("case",),
)
LESION: Final = Column("lesion", INTEGER, "", "Its code in `lesions.nii.gz`")
LESIONS_TABLE: Final = Table(
    "lesions",
    "A lesion, rejected ones included",
    (
        CASE,
        LESION,
        Column("confirmation", TEXT, "", "`automatic`, `given`, `confirmed` or `rejected`"),
        Column("counts", YES_NO, "", "It belongs to the tumour: it was not rejected"),
        *quantity("volume_ml", ML, "Voxel volume"),
        Column("longest_axial_mm", NUMBER, MM, "Longest diameter within an axial slice"),
        Column("perpendicular_axial_mm", NUMBER, MM, "Longest at a right angle to it there"),
        *(Column(n, NUMBER, MM2 if n.endswith("_mm2") else MM, FIGURES[n]) for n in PLAIN_FIGURES),
        Column("free_surface_mm2", NUMBER, MM2, "Surface against liver without tumour"),
        *(column for name in LOOSE_FIGURES for column in quantity(name, MM, FIGURES[name])),
        *(
            Column(f"centroid_{axis}_mm", NUMBER, MM, f"Mean voxel centre, towards {way}")
            for axis, way in (("r", "the right"), ("a", "the front"), ("s", "the head"))
        ),
        *(
            Column(name, NUMBER, FRACTION, "Share of its volume there; absent without segments")
            for name in (*SEGMENT_COLUMNS, *LOBE_COLUMNS)
        ),
        Column("intensity_unit", TEXT, "", "`HU` on CT, else `arbitrary`"),
        *(
            Column(f"intensity_{f.name}", NUMBER, "see intensity_unit", "Of the image within it")
            for f in fields(IntensityStatistics)
        ),
        Column("seen_in", TEXTS, "", "Contrast phases that it was seen in"),
    ),
    ("case", "lesion"),
)
SEGMENTS_TABLE: Final = Table(
    "segments",
    "A Couinaud segment of a case whose segments are known",
    (
        CASE,
        Column("segment", TEXT, "", "`I` to `VIII`"),
        Column("touches_edge", YES_NO, "", "The scan cuts it: its volumes are lower bounds"),
        *(
            Column(f"{kind}_ml{end}", NUMBER, ML, f"{what}{of}")
            for kind, what in (("total", "Its volume"), ("functional", "The same minus lesions"))
            for end, of in (
                (ENDS[0], ""),
                (ENDS[1], ": 5 % quantile"),
                (ENDS[2], ": 95 % quantile"),
                (MEDIAN, ": median"),
            )
        ),
        Column("surface_mm2", NUMBER, MM2, "Its share of the liver's surface"),
        Column("tumour_at_surface_mm2", NUMBER, MM2, "Part of that with tumour right beneath"),
        *(
            Column(f"{part}_{kind}_ml", NUMBER, ML, f"Of {part.upper()[:-1]}{part[-1]}, for IV")
            for part in ("iva", "ivb")
            for kind in ("total", "functional")
        ),
    ),
    ("case", "segment"),
)
RESECTIONS_TABLE: Final = Table(
    "resections",
    "An anatomical resection and what would remain; none without segments",
    (
        CASE,
        Column("resection", TEXT, "", "Its name"),
        Column("segments", TEXTS, "", "Segments removed"),
        Column("named", YES_NO, "", "Brisbane 2000 names this set of segments"),
        Column("new_world", TEXT, "", "New World notation"),
        *_several((*REMNANT_QUANTITIES, "debulked_fraction")),
        ABSENT,
    ),
    ("case", "resection"),
)
PLANS_TABLE: Final = Table(
    "plans",
    "A plan that removes and ablates lesions",
    (
        CASE,
        Column("plan", TEXT, "", "Its id"),
        Column("rank", INTEGER, "", "Place in the order of ranking, from 1"),
        Column("origin", TEXT, "", "`optimiser` or `user`"),
        Column("targets_fraction", TEXTS, FRACTION, "Debulking targets that it is the best for"),
        Column("recipe", TEXT, "", "What is removed, excised and ablated"),
        Column("segments", TEXTS, "", "Segments removed"),
        Column("wedges", INTEGER, "", "Lesions excised with a margin"),
        Column("ablations", INTEGER, "", "Lesions ablated"),
        Column("ablation_zones", INTEGER, "", "Zones that these need"),
        Column("interventions", INTEGER, "", "Resection, wedges and ablation zones"),
        *_several(QUANTITIES),
        ABSENT,
        Column("margin_ml", NUMBER, ML, "Functional liver that margins and zones take"),
        Column("named", YES_NO, "", "A named operation that leaves each segment its vessels"),
        Column("new_world", TEXT, "", "New World notation; absent without removed segments"),
        Column("vessels_intact", YES_NO, "", "A human found the vessels of what stays intact"),
        Column("rule_set", TEXT, "", "FLR rule set that it is held against"),
        Column("feasible", TEXT, "", "Verdict of that rule set"),
        Column(
            "proven", YES_NO, "", "No better plan exists within the limits; absent for a user's"
        ),
        Column("gap_ml", NUMBER, ML, "What an unproven better plan could leave more, at most"),
        Column("on_front", YES_NO, "", "No other plan is as good in all and better in one"),
        Column("flips", TEXTS, "", "Findings that change their verdict inside the interval"),
    ),
    ("case", "plan"),
)
FINDINGS_TABLE: Final = Table(
    "findings",
    "A verdict: on a quality check, on a rule, or on a whole list of these",
    (
        CASE,
        Column(
            "list",
            TEXT,
            "",
            "Where it stands in the report: `quality`, `planning`, `resections`, `plans`, "
            "`staged`, `targets`, `contraindications`, `liver_function`, `staging_checklist`, "
            "`resectability`, `ablation`, `staging`, `transplant` or `pathways`",
        ),
        Column("of", TEXT, "", "Resection, plan, lesion, target, pathway or list that it judges"),
        Column("place", INTEGER, "", "Its place there, from 1; 0 for the verdict on the whole"),
        Column("rule", TEXT, "", "Id of check, rule or treatment; absent on the whole"),
        Column("verdict", TEXT, "", "`met`, `not_met`, `uncertain`, `unknown` or `no_evidence`"),
        Column("decides", YES_NO, "", "It decides its list; absent where it is no finding"),
        Column("value", NUMBER, "of the rule", "What was judged"),
        Column("value_bound", TEXT, "", "`lower`, `upper` or `indicative`, as everywhere"),
        Column("comparison", TEXT, "", "`<`, `<=`, `>=` or `>`, as the source prints it"),
        Column("threshold", NUMBER, "of the rule", "What it was compared with"),
        Column("basis", TEXT, "", "What both were divided by; absent for what is no ratio"),
        Column("probability", NUMBER, FRACTION, "That the true value reaches the threshold"),
        Column("because", TEXTS, "", "Causes of the verdict"),
        Column("missing", TEXTS, "", "Inputs whose want leaves it undecided"),
        Column("source_id", TEXT, "", "Key of its source in the literature"),
        Column("source_status", TEXT, "", "Whether the number was read there"),
    ),
    ("case", "list", "of", "place"),
)
AGREEMENT_TABLE: Final = Table(
    "agreement",
    "A structure of a case that has a reference",
    (
        CASE,
        Column(
            "structure",
            TEXT,
            "",
            "`liver`, `lesions`, or `burden`: that has fractions alone; empty where the references "
            "could not be compared",
        ),
        Column("measured_ml", NUMBER, ML, "Voxel volume in the case"),
        Column("reference_ml", NUMBER, ML, "Voxel volume of the reference"),
        Column("difference_ml", NUMBER, ML, "Measured minus reference"),
        Column("measured_fraction", NUMBER, FRACTION, "Tumour burden in the case"),
        Column("reference_fraction", NUMBER, FRACTION, "Tumour burden of the reference"),
        Column("dice", NUMBER, FRACTION, "Overlap; 0 where one is empty, absent where both are"),
        Column("nsd", NUMBER, FRACTION, "Share of both surfaces within 2 mm of the other one"),
        Column("hd95_mm", NUMBER, MM, "Hausdorff distance, 95 % quantile; absent for empty masks"),
        Column("assd_mm", NUMBER, MM, "Mean distance of the surfaces; absent for empty masks"),
        Column("error", TEXT, "", "Why the references could not be compared"),
    ),
    ("case", "structure"),
)
TIMINGS_TABLE: Final = Table(
    "timings",
    "A stage of a case's last run",
    (
        CASE,
        Column("stage", TEXT, "", "Its name"),
        Column("seconds", NUMBER, "s", "Wall time"),
    ),
    ("case", "stage"),
)
TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.name: table
        for table in (
            CASES_TABLE,
            LESIONS_TABLE,
            SEGMENTS_TABLE,
            RESECTIONS_TABLE,
            PLANS_TABLE,
            FINDINGS_TABLE,
            AGREEMENT_TABLE,
            TIMINGS_TABLE,
        )
    }
)
"""Every table that a run fills, by name."""
