"""Oracle of equality: the verdicts and figures of varied cases, stored once and compared later.

Every case is measured and planned through the command line alone, and what its ``report.json`` says
is read into rows: one for each finding, quantity, list of conditions, plan, target and pathway.
Texts are not kept, so that wordings may change while verdicts and figures may not.

Usage::

    python benchmarks/plan_oracle.py store FILE [--transcripts DIR] [--inputs DIR]
    python benchmarks/plan_oracle.py compare FILE [--cases NAME ...]
    python benchmarks/plan_oracle.py coverage        # facts that no case states

``compare`` prints every difference and exits with 1 when there is one that
:data:`NAMED_DIFFERENCES` does not name. Cases made of shared Couinaud maps are left out, with a
line, where those are absent.
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import io
import json
import lzma
import os
import platform
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from hashlib import sha256
from html.parser import HTMLParser
from importlib.metadata import version
from math import isclose
from pathlib import Path
from typing import Any, Final

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import remnant
from remnant.cli.app import run_command
from remnant.core.errors import RemnantError
from remnant.core.labels import Structure
from remnant.testing.liver import LANDMARKS_MM, analytic_liver
from remnant.testing.metastases import scatter_metastases
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom

Json = dict[str, Any]
Row = Any
"""What is kept at one path: a verdict with its numbers, a quantity, a list or one value."""
Rows = dict[str, Row]
Pairs = Iterator[tuple[str, Row]]
Codes = NDArray[np.uint16]
Spacing = tuple[float, float, float]

REPOSITORY: Final = Path(__file__).resolve().parents[1]
SHARED: Final = Path(os.environ.get("REMNANT_SHARED", REPOSITORY.parent / "shared"))
DIGITS: Final = 9
"""Significant digits that are stored."""
TOLERANCE: Final = 1e-8
"""Relative difference below which two stored numbers are the same: the last digit's rounding."""
NAMED_DIFFERENCES: Final[tuple[tuple[str, str], ...]] = (
    ("*:quality/quality_light", "cases have a quality light since they were stored"),
)
"""Differences that are meant: a pattern of ``case:path`` and the reason."""


# --- Maps ---------------------------------------------------------------------------------------

COARSE: Final[Spacing] = (5.0, 5.5, 6.0)
FINE: Final[Spacing] = (4.0, 4.4, 4.8)
LIVER_CENTRE_MM: Final = (55.0, 10.0, 0.0)
LIVER_AXES_MM: Final = (95.0, 62.0, 68.0)
GAP_MM: Final = 6.0
NUMERALS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Label maps of one case by role, on one grid; ``affine`` leads to RAS mm."""

    affine: NDArray[np.float64]
    codes: Mapping[str, Codes]

    def kept(self, *roles: str) -> "Maps":
        """Return some of the maps alone."""
        return replace(self, codes={role: self.codes[role] for role in roles})


def phantom(
    metastases: int | Sequence[Ellipsoid] = 5,
    *,
    seed: int = 0,
    spacing_mm: Spacing = COARSE,
    above_mm: float | None = None,
    veins: bool = False,
) -> Maps:
    """Make the maps of the analytic liver.

    Parameters
    ----------
    metastases, seed
        How many to draw from the seed, or the bodies themselves; what lies outside the liver is
        cut off.
    spacing_mm
        Of the grid.
    above_mm
        The scan ends at this height and cuts the liver; the whole body when ``None``.
    veins
        Whether portal and hepatic veins are labelled too.
    """
    made = liver_phantom(
        body_grid(spacing_mm=spacing_mm), metastases=metastases, seed=seed, noise_hu=0.0
    )
    affine = np.asarray(made.geometry.affine_ras)
    end = None
    if above_mm is not None:
        end = int((above_mm - affine[2, 3]) / spacing_mm[2])
    codes = _phantom_codes(made, veins=veins)
    return Maps(affine, {role: values[..., :end] for role, values in codes.items()})


def _phantom_codes(made: LiverPhantom, *, veins: bool) -> dict[str, Codes]:
    segments = np.asarray(made.couinaud.codes, dtype=np.uint16)
    liver, structures = segments > 0, np.asarray(made.structures.codes)
    codes = {
        "liver": liver.astype(np.uint16),
        "lesions": np.where(liver, made.lesions.codes, 0).astype(np.uint16),
        "couinaud": segments,
    }
    if veins:
        codes["portal_vein"] = (liver & (structures == Structure.PORTAL_VEIN)).astype(np.uint16)
        codes["hepatic_veins"] = (liver & (structures == Structure.HEPATIC_VEINS)).astype(np.uint16)
    return codes


def ball(x: float, y: float, z: float, radius_mm: float) -> Ellipsoid:
    """Return a ball in the phantom's liver, RAS mm."""
    return Ellipsoid((x, y, z), (radius_mm, radius_mm, radius_mm))


def inner_liver(share: float) -> Ellipsoid:
    """Return one body that fills so much of the phantom's liver."""
    a, b, c = (share ** (1 / 3) * axis for axis in LIVER_AXES_MM)
    return Ellipsoid(LIVER_CENTRE_MM, (a, b, c))


def small_ones(number: int, seed: int) -> tuple[Ellipsoid, ...]:
    """Draw small metastases anywhere in the phantom's liver."""
    return scatter_metastases(analytic_liver(), number, seed=seed, radius_mm=(4.5, 8.0), gap_mm=2.0)


def planted(
    liver: str, *balls: tuple[str, float], spacing_mm: float = 3.5, vessels: bool = False
) -> Maps:
    """Plant balls in a shared Couinaud map; each is a segment's numeral and a radius in mm.

    A ball lies as deep in its segment, and as far from the balls before it, as it can.
    """
    segments, affine = coarsened(SHARED / "data" / "couinaud" / f"{liver}.nii.gz", spacing_mm)
    lesions = np.zeros_like(segments)
    for number, (numeral, radius_mm) in enumerate(balls, start=1):
        free = (segments == NUMERALS.index(numeral) + 1) & (_away(lesions, spacing_mm) > GAP_MM)
        centre = np.unravel_index(_away(~free, spacing_mm).argmax(), free.shape)
        inside = _away(_at(free.shape, centre), spacing_mm) <= radius_mm
        others = _away(lesions, spacing_mm) <= GAP_MM
        lesions[inside & ~others & (segments > 0)] = number
    codes = {
        "liver": (segments > 0).astype(np.uint16), "lesions": lesions, "couinaud": segments
    }  # fmt: skip
    if vessels:
        file = SHARED / "data" / "couinaud_vessels" / f"{liver}_vessels.nii.gz"
        codes["vessels"] = np.where(segments > 0, coarsened(file, spacing_mm)[0], 0)
    return Maps(affine, codes)


def _away(codes: NDArray[Any], spacing_mm: float) -> NDArray[np.float64]:
    """Return how far each voxel lies from the marked ones, in mm; endless without one."""
    if not codes.any():
        return np.full(codes.shape, np.inf)
    away: NDArray[np.float64] = ndimage.distance_transform_edt(codes == 0, (spacing_mm,) * 3)
    return away


def _at(shape: tuple[int, ...], index: tuple[Any, ...]) -> NDArray[np.bool_]:
    marked = np.zeros(shape, dtype=np.bool_)
    marked[index] = True
    return marked


def coarsened(file: Path, spacing_mm: float) -> tuple[Codes, NDArray[np.float64]]:
    """Read a label map and take the nearest voxels of a coarser grid, with one row of margin."""
    image = nib.load(file)
    codes = np.pad(np.asarray(image.dataobj).astype(np.uint16), 2)
    old_mm = np.array(image.header.get_zooms()[:3], dtype=np.float64)
    steps = [
        np.rint(np.arange(0.0, (n - 1) * old, spacing_mm) / old).astype(int)
        for n, old in zip(codes.shape, old_mm, strict=True)
    ]
    affine = np.array(image.affine, dtype=np.float64)
    affine[:3, 3] -= affine[:3, :3] @ (2, 2, 2)
    affine[:3, :3] *= spacing_mm / old_mm
    return codes[np.ix_(*steps)], affine


# --- Facts --------------------------------------------------------------------------------------

Facts = Mapping[str, Any]
GOOD: Final[Facts] = {
    "ki67_percent": 4, "differentiation": "well", "grade": "G2", "histology_confirmed": True,
    "primary_site": "small_bowel", "primary_status": "resected", "primary_resected_months": 12,
    "portal_drainage": True, "extrahepatic_disease": "none", "peritoneal_carcinomatosis": False,
    "optimised_staging": True, "functional": True, "symptoms_refractory": False,
    "symptoms_from_burden": False, "stable_months": 12, "ecog": 0,
    "fit_for_major_hepatectomy": True, "comorbidity_prohibitive": False,
    "expected_morbidity_percent": 20, "expected_mortality_percent": 2,
    "right_heart_failure": False, "severe_valve_disease": False, "portal_hypertension": False,
    "platelets_per_nl": 250, "ascites": False, "varices": False, "splenomegaly": False,
    "portal_vein_thrombosis": False, "hepatic_insufficiency": False,
    "bilioenteric_anastomosis": False, "pancreatoduodenectomy": False, "low_bilirubin": True,
    "sstr_positive": True, "adequate_kidneys_and_marrow": True, "chemotherapy_weeks": 0,
    "judged_unresectable": False, "on_transplant_list": False, "recurrence": False,
    "doubling_days": 200,
}  # fmt: skip
BAD: Final[Facts] = {
    "ki67_percent": 60, "differentiation": "poor", "grade": "NEC", "histology_confirmed": False,
    "primary_site": "pancreas", "primary_status": "unresectable", "portal_drainage": False,
    "extrahepatic_disease": "significant", "peritoneal_carcinomatosis": True,
    "optimised_staging": False, "functional": False, "symptoms_refractory": False,
    "symptoms_from_burden": True, "stable_months": 2, "ecog": 3,
    "fit_for_major_hepatectomy": False, "comorbidity_prohibitive": True,
    "expected_morbidity_percent": 45, "expected_mortality_percent": 12,
    "right_heart_failure": True, "severe_valve_disease": True, "portal_hypertension": True,
    "platelets_per_nl": 80, "ascites": True, "varices": True, "splenomegaly": True,
    "portal_vein_thrombosis": True, "hepatic_insufficiency": True,
    "bilioenteric_anastomosis": True, "pancreatoduodenectomy": True, "low_bilirubin": False,
    "sstr_positive": False, "adequate_kidneys_and_marrow": False, "chemotherapy_weeks": 20,
    "judged_unresectable": True, "on_transplant_list": True, "recurrence": True,
    "doubling_days": 30,
}  # fmt: skip
AT_LIMITS: Final[Facts] = {
    **GOOD, "ki67_percent": 20, "primary_resected_months": 6, "stable_months": 6, "ecog": 2,
    "expected_morbidity_percent": 30, "expected_mortality_percent": 5, "platelets_per_nl": 100,
    "chemotherapy_weeks": 12, "doubling_days": 100,
}  # fmt: skip
TRANSPLANT: Final[Facts] = {
    **GOOD, "judged_unresectable": True, "on_transplant_list": True, "symptoms_refractory": True,
    "primary_site": "duodenum",
}  # fmt: skip
EXTRAHEPATIC_COMORBID: Final[Facts] = {
    **GOOD, "extrahepatic_disease": "minimal", "comorbidity_prohibitive": True,
    "fit_for_major_hepatectomy": False,
}  # fmt: skip


def changed(facts: Facts, **changes: Any) -> Facts:  # noqa: ANN401  (each fact's own type)
    """Return facts with some changed; ``None`` leaves one out."""
    merged = {**facts, **changes}
    return {name: value for name, value in merged.items() if value is not None}


TOGETHER: Final = (
    ("grade", "differentiation", "ki67_percent"),
    ("primary_status", "primary_resected_months"),
    ("primary_site", "portal_drainage"),
    ("extrahepatic_disease", "peritoneal_carcinomatosis"),
    ("functional", "symptoms_refractory", "symptoms_from_burden"),
    ("fit_for_major_hepatectomy", "comorbidity_prohibitive", "ecog"),
    ("pancreatoduodenectomy", "bilioenteric_anastomosis"),
)
"""Facts that are drawn together, so that they do not contradict each other."""


def drawn_facts(seed: int) -> Facts:
    """Draw each fact from the good ones, those at limits, the bad ones, or leave it out."""
    rng = np.random.default_rng(seed)
    alone = ((name,) for name in BAD if not any(name in block for block in TOGETHER))
    found: dict[str, Any] = {}
    for block in (*TOGETHER, *alone):
        source = (GOOD, AT_LIMITS, BAD, {})[int(rng.integers(4))]
        found |= {name: source[name] for name in block if name in source}
    return found


# --- Cases --------------------------------------------------------------------------------------

ADULT: Final = "--height-cm 175 --weight-kg 80 --sex male --age 54"
NORMAL: Final = f"{ADULT} --background normal"
LARGE: Final = "--height-cm 185 --weight-kg 115 --sex male --age 62"
SMALL: Final = "--height-cm 158 --weight-kg 52 --sex female --age 46"
SECONDS: Final = "--seconds 120"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of the oracle.

    Parameters
    ----------
    maps
        Makes its label maps.
    person, measure, plan
        Options of ``remnant measure`` and ``remnant plan`` as a shell takes them.
    facts, choices
        Sections of its facts file; no file where both are empty.
    command
        ``measure``, or ``run`` where segments are to be estimated; that plans as well.
    files
        Further input files by name.
    then
        Commands that follow, without ``remnant``; the last report counts.
    shared
        Whether its maps need the shared folder.
    page
        Whether its transcript holds the page.
    """

    maps: Callable[[], Maps]
    person: str = NORMAL
    measure: str = ""
    plan: str = ""
    facts: Facts = field(default_factory=dict)
    choices: Facts = field(default_factory=dict)
    command: str = "measure"
    files: Mapping[str, str] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    shared: bool = False
    page: bool = False


BOTH_LOBES: Final = (
    ball(100, 5, -20, 13), ball(85, 25, 25, 9), ball(-12, 12, 15, 11), ball(10, 22, -15, 7),
    ball(60, -18, 20, 8),
)  # fmt: skip
RIGHT_SIDED: Final = (
    ball(105, 5, -15, 24), ball(95, 15, 28, 17), ball(60, 12, -25, 13), ball(62, 5, 38, 12),
)  # fmt: skip
BULK: Final = (
    ball(98, 8, 0, 33), ball(-10, 12, 14, 11), ball(12, 25, -14, 9), ball(35, 30, 25, 8),
    ball(45, 5, -40, 7),
)  # fmt: skip
ACROSS: Final = (ball(39, 16, 10, 17), ball(8, 24, -6, 14), ball(78, 5, -6, 16))
AT_TOP: Final = (ball(70, 10, 38, 14), ball(90, 5, -20, 12), ball(-10, 12, 5, 9))
IN_EVERY_SECTOR: Final = (
    ball(105, 0, 20, 20), ball(100, -5, -30, 17), ball(72, 32, 14, 19), ball(25, 38, 0, 17),
    ball(-8, 12, 16, 18),
)  # fmt: skip
DEEP: Final = (ball(112, 6, 0, 27), ball(60, 20, 20, 27), ball(5, 16, -2, 27))
TOUCHING: Final = (ball(86, 8, 0, 17), ball(112, 8, 0, 16), ball(-12, 12, 15, 10))
LANDMARKS_FILE: Final = json.dumps({"frame": "RAS mm", "points": LANDMARKS_MM})
few = partial(phantom, BOTH_LOBES)
right = partial(phantom, RIGHT_SIDED)
diffuse = partial(phantom, 14, seed=5)
deep = partial(phantom, DEEP)


def without_segments(maps: Callable[[], Maps]) -> Callable[[], Maps]:
    """Return what makes the same maps without segments."""
    return lambda: maps().kept("liver", "lesions")


PHANTOM_CASES: Final[Mapping[str, Case]] = {
    "one_lesion": Case(maps=partial(phantom, [ball(95, 8, -20, 18)]), facts=GOOD, page=True),
    "one_lesion_nothing_known": Case(maps=partial(phantom, [ball(95, 8, -20, 18)]), person=""),
    "one_lesion_large_g3": Case(
        maps=partial(phantom, [ball(60, 8, 5, 38)]),
        facts=changed(GOOD, grade="G3", ki67_percent=54.9, primary_site="colon"),
    ),
    "no_lesion": Case(maps=partial(phantom, 0), facts=GOOD, page=True),
    "no_lesion_map": Case(maps=lambda: few().kept("liver", "couinaud"), facts=GOOD, page=True),
    "liver_alone": Case(maps=lambda: few().kept("liver"), facts=GOOD),
    "no_segments": Case(maps=without_segments(few), facts=GOOD, page=True),
    "one_lesion_no_segments": Case(
        maps=without_segments(partial(phantom, [ball(95, 8, -20, 18)])), facts=GOOD
    ),
    "nothing_known": Case(maps=few, person="", page=True),
    "height_alone": Case(maps=few, person="--height-cm 168 --age 50", facts=GOOD),
    "many_small": Case(maps=partial(phantom, small_ones(26, 8), spacing_mm=FINE), facts=GOOD),
    "many_small_bad": Case(
        maps=partial(phantom, small_ones(18, 9), spacing_mm=FINE), facts=BAD,
        person=f"{ADULT} --background steatosis",
    ),
    "bilobar_bulk": Case(maps=partial(phantom, BULK), facts=GOOD, page=True),
    "bilobar_bulk_short_remnant": Case(
        maps=partial(phantom, BULK), person=f"{LARGE} --background cirrhosis",
        facts=changed(AT_LIMITS, grade="G2"), choices={"most_ablations": 1, "keep": ["IV"]},
    ),
    "disseminated": Case(
        maps=diffuse, page=True,
        facts=changed(GOOD, primary_site="lung", portal_drainage=False),
    ),
    "disseminated_bad": Case(maps=partial(phantom, 13, seed=6), facts=BAD, person=LARGE),
    "scan_cuts_liver": Case(maps=partial(phantom, BOTH_LOBES, above_mm=30), facts=GOOD),
    "scan_cuts_lesion": Case(
        maps=partial(phantom, AT_TOP, above_mm=42), facts=GOOD, page=True
    ),
    "scan_cuts_liver_no_segments": Case(
        maps=without_segments(partial(phantom, AT_TOP, above_mm=42)), facts=GOOD
    ),
    "cropped_whole_liver": Case(
        maps=partial(phantom, BOTH_LOBES, above_mm=64), measure="--whole-liver", facts=GOOD
    ),
    "across_transections": Case(
        maps=partial(phantom, ACROSS, spacing_mm=FINE), facts=GOOD, page=True
    ),
    "rejected_two": Case(maps=few, measure="--reject-lesions 1,4", facts=GOOD),
    "rejected_all": Case(maps=partial(phantom, 2, seed=1), measure="--reject-lesions 1,2"),
    "confirmed_all": Case(maps=few, measure="--confirm-lesions all", facts=GOOD),
    "reviewed_later": Case(
        maps=few, facts=GOOD, plan="--recipe 'VI; wedge 3'",
        then=("measure case --confirm-lesions 2,3 --reject-lesions 5", "plan case --target 80"),
    ),
    "background_normal": Case(maps=right, facts=GOOD),
    "background_unknown": Case(maps=right, person=f"{ADULT} --background unknown", facts=GOOD),
    "background_chemotherapy": Case(
        maps=right, person=f"{ADULT} --background chemotherapy", page=True,
        facts=changed(GOOD, chemotherapy_weeks=16),
    ),
    "background_chemotherapy_short": Case(
        maps=right, person=f"{ADULT} --background chemotherapy",
        facts=changed(GOOD, chemotherapy_weeks=6),
    ),
    "background_chemotherapy_untold": Case(
        maps=right, person=f"{ADULT} --background chemotherapy",
        facts=changed(GOOD, chemotherapy_weeks=None),
    ),
    "background_normal_long_chemotherapy": Case(
        maps=right, facts=changed(GOOD, chemotherapy_weeks=12.1)
    ),
    "background_steatosis": Case(maps=right, person=f"{SMALL} --background steatosis", facts=GOOD),
    "background_fibrosis": Case(maps=right, person=f"{ADULT} --background fibrosis", facts=GOOD),
    "background_cirrhosis": Case(
        maps=right, person=f"{LARGE} --background cirrhosis", facts=GOOD, page=True
    ),
    "background_changed": Case(maps=right, plan="--background fibrosis", facts=GOOD),
    "portal_veins": Case(
        maps=partial(phantom, 6, seed=11, spacing_mm=FINE, veins=True), facts=GOOD, page=True
    ),
    "portal_veins_wide_zone": Case(
        maps=partial(phantom, 6, seed=12, spacing_mm=FINE, veins=True),
        facts=changed(AT_LIMITS, pancreatoduodenectomy=True, bilioenteric_anastomosis=True),
        choices={"central_distance_mm": 20},
    ),
    "limits_of_facts": Case(maps=few, person=f"{ADULT} --background normal", facts=AT_LIMITS),
    "minimal_extrahepatic_comorbid": Case(maps=few, facts=EXTRAHEPATIC_COMORBID, page=True),
    "minimal_extrahepatic": Case(maps=few, facts=changed(GOOD, extrahepatic_disease="minimal")),
    "minimal_extrahepatic_comorbid_fitness_untold": Case(
        maps=few, facts=changed(EXTRAHEPATIC_COMORBID, fit_for_major_hepatectomy=None), page=True
    ),
    "significant_extrahepatic": Case(
        maps=few,
        facts=changed(GOOD, extrahepatic_disease="significant", peritoneal_carcinomatosis=True),
    ),
    "half_burden_below_age_59": Case(
        maps=partial(phantom, [inner_liver(0.494)]), facts=TRANSPLANT,
        person="--height-cm 175 --weight-kg 80 --age 59",
    ),
    "half_burden_below_age_54": Case(
        maps=partial(phantom, [inner_liver(0.494)]), facts=TRANSPLANT, person=NORMAL, page=True
    ),
    "half_burden_above_age_60": Case(
        maps=partial(phantom, [inner_liver(0.506)]), facts=TRANSPLANT,
        person="--height-cm 175 --weight-kg 80 --age 60",
    ),
    "half_burden_above_age_55": Case(
        maps=partial(phantom, [inner_liver(0.506)]),
        facts=changed(TRANSPLANT, symptoms_refractory=None, functional=None, grade="G1",
                      ki67_percent=2.9),
        person="--height-cm 175 --weight-kg 80 --age 55",
    ),
    "three_quarters_age_61": Case(
        maps=partial(phantom, [inner_liver(0.76)]),
        person="--height-cm 180 --weight-kg 82 --age 61",
        facts=changed(TRANSPLANT, primary_resected_months=5.9, ki67_percent=10),
    ),
    "hardly_any_liver": Case(
        maps=partial(phantom, [inner_liver(0.84)]),
        person="--height-cm 180 --weight-kg 82 --age 45",
        facts=changed(TRANSPLANT, primary_status="resectable", primary_resected_months=None),
    ),
    "targets": Case(
        maps=few, facts=GOOD,
        choices={"targets_percent": [50, 85, 95], "most_wedges": 2, "named_only": False,
                 "ablation_shape": "sphere"},
    ),
    "no_ablation": Case(maps=few, facts=GOOD, plan="--no-ablation --keep IV"),
    "no_wedge": Case(
        maps=few, facts=GOOD, choices={"most_wedges": 0, "most_ablations": 2},
    ),
    "nothing_small_allowed": Case(
        maps=right, facts=GOOD, page=True,
        choices={"most_wedges": 0, "most_ablations": 0, "keep": ["I", "IV"]},
    ),
    "named_only": Case(
        maps=right, facts=GOOD, choices={"named_only": True, "rule_set": "primary_papers"}
    ),
    "rules_of_cloyd": Case(
        maps=right, facts=changed(GOOD, differentiation=None, grade=None, ki67_percent=55),
        choices={"rule_set": "cloyd2020", "contiguous_segments": 3},
    ),
    "rules_of_machairas": Case(
        maps=right, facts=changed(GOOD, primary_site="stomach", recurrence=True),
        choices={"rule_set": "machairas2021_30", "contiguous_segments": 1},
    ),
    "recipes": Case(
        maps=few, facts=GOOD, page=True,
        choices={"recipes": ["VI,VII; wedge 3; ablate 4,5", "II,III", "ablate 1,2,3,4,5"]},
    ),
    "examined_and_well": Case(
        maps=few,
        facts=changed(
            GOOD, primary_grade="G1", primary_ki67_percent=1, metastasis_biopsied=True,
            presentation="synchronous", decompensated=False, encephalopathy=False,
            variceal_bleeding=False, jaundice_from_liver_disease=False, ascites=False,
            hepatic_insufficiency=False, bilirubin_umol_per_l=10, inr=1.0, albumin_g_per_l=42,
            creatinine_umol_per_l=80, dialysis_twice_weekly=False, icg_r15_percent=8,
            hida_remnant_percent=60, fdg_pet="negative", staged_by_ct=True, staged_by_mr=True,
            staged_by_sstr_pet=True, echocardiography_done=True, markers_measured=True,
            resection_with_transplant=False, upper_abdominal_exenteration=False,
            somatostatin_analogue=True, remnant_vessels=True, remnant_bile=True,
            lesions_at_hilum=[1], lesions_near_bile_duct=[2], variant_anatomy="replaced artery",
        ),
    ),
    "examined_and_ill": Case(
        maps=right,
        facts=changed(
            BAD, primary_grade="G3", metastasis_biopsied=False, presentation="metachronous",
            decompensated=True, encephalopathy=True, variceal_bleeding=True, varices=True,
            jaundice_from_liver_disease=True, bilirubin_umol_per_l=80, inr=2.1,
            albumin_g_per_l=24, creatinine_umol_per_l=300, dialysis_twice_weekly=True,
            fdg_pet="positive", staged_by_ct=False, staged_by_mr=False, staged_by_sstr_pet=False,
            echocardiography_done=False, markers_measured=False, resection_with_transplant=True,
            upper_abdominal_exenteration=True, somatostatin_analogue=False,
            remnant_vessels=False, remnant_bile=False,
        ),
    ),
    "primary_g2_no_pet": Case(
        maps=few, facts=changed(GOOD, primary_grade="G2", fdg_pet="not_done"),
        choices={"certainty": 0.75},
    ),
    "primary_carcinoma": Case(maps=few, facts=changed(GOOD, primary_grade="NEC")),
    "vessels_stated_intact": Case(
        maps=right, facts=GOOD, choices={"vessels_intact": ["VII,VIII", "IV,VI,VIII"]},
    ),
    "sets_of_segments": Case(
        maps=few, facts=changed(GOOD, primary_site="rectum"),
        plan="--resect V,VI --resect III,IV --target 60",
    ),
    "wide_margins": Case(
        maps=few, facts=changed(GOOD, primary_site="appendix"),
        choices={"resection_margin_mm": 10, "ablation_margin_mm": 10, "ablation_limit_mm": 40,
                 "largest_zone_mm": 35},
    ),
    "no_margins": Case(
        maps=few, facts=changed(GOOD, primary_site="other"),
        choices={"resection_margin_mm": 0, "ablation_margin_mm": 0, "wedge_limit_mm": "none",
                 "wedge_depth_mm": "none"},
    ),
    "ellipsoid_zones": Case(
        maps=partial(phantom, 5, seed=21), facts=GOOD,
        choices={"ablation_shape": "ellipsoid", "wedge_depth_mm": 5},
    ),
    "conformal_zones": Case(
        maps=partial(phantom, 5, seed=22), facts=GOOD,
        choices={"ablation_shape": "conformal", "wedge_limit_mm": 15},
    ),
    "options_alone": Case(
        maps=few,
        plan="--background chemotherapy --ki67 2 --differentiation well --grade G1 "
        "--primary pancreas --primary-status resectable --extrahepatic minimal --functional "
        "--stable-months 7",
    ),
    "planned_twice": Case(
        maps=few, facts=GOOD, plan="--target 90 --keep IV --recipe 'V; ablate 1'",
        then=("plan case --reset-choices --most-wedges 1 --ki67 5",),
    ),
    "other_formula": Case(
        maps=right, measure="--formula urata1995 --formula-residual-fraction 0.1", facts=GOOD
    ),
    "other_errors": Case(
        maps=few, facts=GOOD,
        measure="--lesion-boundary-mm 1.5 --liver-boundary-mm 1 --segment-border-mm 8 "
        "--interval-seed 7",
    ),
    "split_confluent": Case(
        maps=partial(phantom, TOUCHING), measure="--split-confluent", facts=GOOD
    ),
    "landmarks": Case(
        maps=without_segments(partial(phantom, BOTH_LOBES, spacing_mm=FINE)), facts=GOOD,
        measure="--landmarks points.json --split-iv", files={"points.json": LANDMARKS_FILE},
    ),
    "estimate_refused": Case(maps=without_segments(few), facts=GOOD, command="run"),
    "too_little_would_remain": Case(
        maps=partial(phantom, IN_EVERY_SECTOR), person=f"{LARGE} --background cirrhosis",
        facts=GOOD, choices={"most_ablations": 1, "wedge_limit_mm": 30}, page=True,
    ),
    "targets_out_of_reach": Case(
        maps=deep, person=f"{LARGE} --background cirrhosis", facts=GOOD, page=True,
        choices={"targets_percent": [20, 60, 99]},
    ),
    **{
        f"drawn_facts_{seed}": Case(maps=maps, facts=drawn_facts(seed), person=person)
        for seed, (maps, person) in enumerate(
            ((few, NORMAL), (right, SMALL), (partial(phantom, BULK), LARGE)) * 4
        )
    },
    **{
        f"drawn_facts_{kind}_{seed}": Case(maps=maps, facts=drawn_facts(seed), person=person)
        for kind, maps, person, seeds in (
            ("diffuse", diffuse, NORMAL, range(20, 28)),
            ("deep", deep, f"{LARGE} --background cirrhosis", range(30, 35)),
            ("three_quarters", partial(phantom, [inner_liver(0.76)]), LARGE, range(40, 45)),
        )
        for seed in seeds
    },
}  # fmt: skip
"""Cases of made bodies, which every checkout can run."""

shared = partial(Case, shared=True)
SHARED_CASES: Final[Mapping[str, Case]] = {
    "shared_060_bulky": shared(
        maps=partial(planted, "lits_060", ("VIII", 32), ("VI", 32), ("IV", 27), ("II", 8)),
        person=f"{LARGE} --background chemotherapy", page=True,
        facts=changed(GOOD, chemotherapy_weeks=16, primary_site="pancreas", ki67_percent=8),
    ),
    "shared_000_three": shared(
        maps=partial(planted, "lits_000", ("VII", 18), ("VIII", 12), ("IV", 10), spacing_mm=3.0),
        person=SMALL, facts=GOOD,
    ),
    "shared_010_vessels": shared(
        maps=partial(planted, "lits_010", ("V", 14), ("VIII", 10), ("II", 9), vessels=True,
                     spacing_mm=3.0),
        facts=GOOD,
    ),
    "shared_016_vessels_bad": shared(
        maps=partial(planted, "lits_016", ("IV", 20), ("VI", 13), vessels=True), facts=BAD
    ),
    "shared_005_ten": shared(
        maps=partial(planted, "lits_005", ("VIII", 16), ("VII", 13), ("VI", 11), ("V", 10),
                     ("IV", 10), ("III", 8), ("II", 9), ("VIII", 7), ("VII", 6), ("IV", 6)),
        facts=GOOD, page=True,
    ),
    "shared_020_left": shared(
        maps=partial(planted, "lits_020", ("II", 20), ("III", 14), ("IV", 16)),
        person=SMALL, facts=changed(AT_LIMITS, primary_status="resectable",
                                    primary_resected_months=None),
    ),
    "shared_048_caudate": shared(
        maps=partial(planted, "lits_048", ("I", 12), ("V", 18), ("VI", 18)), facts=GOOD,
        choices={"keep": "I"},
    ),
    "shared_064_right": shared(
        maps=partial(planted, "lits_064", ("V", 30), ("VI", 24), ("VII", 26), ("VIII", 28)),
        person=f"{LARGE} --background fibrosis", facts=changed(GOOD, doubling_days=60),
    ),
    "shared_073_nothing_known": shared(
        maps=partial(planted, "lits_073", ("VIII", 22), ("III", 12), ("VI", 15)), person=""
    ),
    "shared_087_six_fine": shared(
        maps=partial(planted, "lits_087", ("VII", 20), ("VIII", 12), ("V", 12), ("IV", 12),
                     ("III", 8), ("II", 8), spacing_mm=2.5),
        facts=GOOD,
    ),
    "shared_100_unclear": shared(
        maps=partial(planted, "lits_100", ("IV", 30), ("VIII", 16), ("VII", 12)),
        measure="--confirm-lesions 1 --reject-lesions 3", person=f"{SMALL} --background normal",
        facts=changed(GOOD, symptoms_refractory=True, severe_valve_disease=True),
    ),
    "shared_111_named": shared(
        maps=partial(planted, "lits_111", ("VI", 25), ("VII", 25), ("II", 7)), facts=GOOD,
        choices={"named_only": True, "most_ablations": 1, "rule_set": "primary_papers"},
        person=f"{ADULT} --background cirrhosis",
    ),
    "shared_117_many": shared(
        maps=partial(planted, "lits_117", ("VIII", 10), ("VII", 9), ("VI", 9), ("V", 9),
                     ("IV", 9), ("II", 8), ("VIII", 6), ("V", 6), ("VII", 6), ("IV", 6),
                     ("II", 5), ("III", 5)),
        facts=changed(BAD, grade=None, differentiation=None),
    ),
    "shared_000_estimated": shared(
        maps=without_segments(partial(planted, "lits_000", ("VII", 14), ("IV", 9))),
        facts=GOOD, command="run", page=True,
    ),
    "shared_000_estimated_confirmed": shared(
        maps=without_segments(partial(planted, "lits_000", ("VII", 14), ("IV", 9))),
        facts=GOOD, command="run", then=("run case --confirm-segments 'A. Reader'",),
    ),
    "shared_129_huge_liver": shared(
        maps=partial(planted, "lits_129", ("V", 40), ("III", 35), ("VIII", 30), spacing_mm=4.0),
        person=f"{LARGE} --background steatosis", facts=TRANSPLANT,
    ),
}  # fmt: skip
"""Cases of shared Couinaud maps, which are no part of the repository."""
CASES: Final[Mapping[str, Case]] = {**PHANTOM_CASES, **SHARED_CASES}


# --- Running ------------------------------------------------------------------------------------

CASE_FOLDER: Final = "case"
FACTS_FILE: Final = "facts.yaml"


def commands(case: Case, roles: Iterable[str]) -> tuple[str, ...]:
    """Return the case's commands, without ``remnant``, as a shell takes them."""
    masks = ",".join(f"{role}={role}.nii.gz" for role in roles)
    facts = f"--facts {FACTS_FILE}" if case.facts or case.choices else ""
    first = f"{case.command} --masks {masks} -o {CASE_FOLDER} {case.person} {case.measure}"
    planned = f"{facts} {SECONDS} {case.plan}"
    if case.command == "run":
        texts: tuple[str, ...] = (f"{first} {planned}", *case.then)
    else:
        texts = (first, f"plan {CASE_FOLDER} {planned}", *case.then)
    return tuple(" ".join(text.split()) for text in texts)


def facts_text(case: Case) -> str:
    """Write the facts file: values as in JSON, which is YAML, but yes and no in words."""
    lines = []
    for section, given in (("clinical", case.facts), ("choices", case.choices)):
        lines += [f"{section}:"] if given else []
        lines += [f"  {name}: {_written(value)}" for name, value in given.items()]
    return "\n".join(lines) + "\n"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value)


def write_inputs(case: Case, maps: Maps, folder: Path) -> None:
    """Write maps, facts, further files and the commands of a case into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, codes in maps.codes.items():
        image = nib.Nifti1Image(codes, maps.affine)
        nib.save(image, folder / f"{role}.nii.gz")
    texts = {**case.files, "commands.txt": _command_text(case, maps)}
    if case.facts or case.choices:
        texts[FACTS_FILE] = facts_text(case)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _command_text(case: Case, maps: Maps) -> str:
    lines = [f"remnant {text}" for text in commands(case, maps.codes)]
    return "\n".join((*lines, f"remnant report {CASE_FOLDER}", ""))


def digests(maps: Maps) -> dict[str, str]:
    """Return a digest of every map's voxels, by role."""
    return {
        role: sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()[:16]
        for role, codes in maps.codes.items()
    }


def ran(texts: Iterable[str], folder: Path) -> str:
    """Run commands in a folder and return what they print.

    Raises
    ------
    RuntimeError
        A command fails.
    """
    printed, noted = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(noted):
        for text in texts:
            print(f"$ remnant {text}")
            if run_command(shlex.split(text)) != 0:
                raise RuntimeError(f"remnant {text} failed in {folder}: {noted.getvalue()}")
    return printed.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Folders that transcripts and inputs are kept in, by case; ``None`` keeps nothing."""

    transcripts: Path | None = None
    inputs: Path | None = None


KEEP_NOTHING: Final = Kept()


def record(name: str, *, kept: Kept = KEEP_NOTHING) -> Json:
    """Run one case and return the digests of its maps and its rows."""
    case = CASES[name]
    maps = case.maps()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_inputs(case, maps, folder)
        printed = ran(commands(case, maps.codes), folder)
        report = folder / CASE_FOLDER / "report.json"
        document = json.loads(report.read_text(encoding="utf-8"))
        if kept.inputs is not None:
            write_inputs(case, maps, kept.inputs / name)
        if kept.transcripts is not None:
            _keep_transcript(case, folder, printed, kept.transcripts / name)
    return {"maps": digests(maps), "rows": rows(document)}


def _keep_transcript(case: Case, folder: Path, printed: str, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    made = folder / CASE_FOLDER
    (target / "report.json").write_bytes((made / "report.json").read_bytes())
    (target / "terminal.txt").write_text(printed, encoding="utf-8")
    if case.page:
        ran([f"report {CASE_FOLDER}"], folder)
        page = (made / "report.html").read_text(encoding="utf-8")
        (target / "report.html").write_text(page, encoding="utf-8")
        (target / "page.txt").write_text(text_of_page(page), encoding="utf-8")


class _PageText(HTMLParser):
    """Collects what a reader sees of a page, one line for each piece of text."""

    UNSEEN: Final = ("style", "script")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ANN401, ARG002  (as inherited)
        self._unseen += tag in self.UNSEEN

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in self.UNSEEN

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self._unseen:
            self.lines.append(text)


def text_of_page(page: str) -> str:
    """Return the text of an HTML page, one piece a line."""
    reader = _PageText()
    reader.feed(page)
    return "\n".join((*reader.lines, ""))


# --- Reading a report ---------------------------------------------------------------------------


class Schema13:
    """How ``report.json`` of schema 1.3 writes what is kept: all that a new schema changes."""

    def __init__(self, document: Json) -> None:
        self.rules: Json = document.get("rules", {})

    @staticmethod
    def quantity(owner: Json, name: str) -> Row:
        """Return a quantity's value and, where they are there, what stands beside it."""
        beside = {key: owner.get(f"{name}_{key}") for key in QUANTITY_KEYS}
        return {"value": owner[name], **_present(beside)}

    def finding(self, finding: Json) -> tuple[str, Row]:
        """Return a finding's name and its verdict, value, threshold and probability."""
        return finding["id"], _present({key: finding[key] for key in FINDING_KEYS})

    @staticmethod
    def fact(owner: Json, name: str) -> Row:
        """Return what stands under a key."""
        return owner[name]

    @staticmethod
    def part(owner: Json, name: str) -> Json:  # noqa: ARG004  (what belongs to it is on its level)
        """Return a part of a plan or a resection: its ``result`` or its ``remnant``."""
        return owner

    @staticmethod
    def segments(volumetry: Json) -> Pairs:
        """Yield the volumes of every segment by name, whole and functional, and what is cut."""
        for kind in ("segments", "segments_functional"):
            for numeral, value in (volumetry[f"{kind}_ml"] or {}).items():
                keys = {"interval": "intervals", "median": "medians"}
                beside = {
                    key: volumetry[f"{kind}_{table}_ml"].get(numeral) for key, table in keys.items()
                }
                yield f"{kind}_ml/{numeral}", {"value": value, **_present(beside)}
        yield "segments_at_edge", volumetry["segments_at_edge"]
        yield "segment_iv", volumetry["segment_iv"]


class Schema20(Schema13):
    """How schema 2.0 writes it.

    A quantity is an object, findings are numbers of what stands in the table of rules, and what
    is as by default is left out.
    """

    @staticmethod
    def quantity(owner: Json, name: str) -> Row:
        """Return a quantity's value and, where they are there, what else is known of it."""
        known = owner[name]
        beside = {key: known.get(key) for key in ("bound", "indicative")}
        return {"value": known["value"], **_interval(known.get("interval")), **_present(beside)}

    def finding(self, finding: int) -> tuple[str, Row]:
        """Return the name, verdict, value, threshold and probability; some are of its rule."""
        key, rule = next(
            one for one in self.rules.items() if str(finding) in one[1].get("found", {})
        )
        finding = rule["found"][str(finding)]
        numbers = {"value": finding.get("quantity"), "threshold": rule.get("threshold")}
        row = {
            "verdict": finding["verdict"],
            **{key: known and known["value"] for key, known in numbers.items()},
            "probability": finding.get("probability"),
        }
        return rule.get("id", key), _present(row)

    @staticmethod
    def fact(owner: Json, name: str) -> Row:
        """Return what stands under a key; of a quantity that was a bare number, the number."""
        known = owner.get(name, DEFAULTS.get(name))
        return known["value"] if isinstance(known, dict) and "value" in known else known

    @staticmethod
    def part(owner: Json, name: str) -> Json:
        """Return a part of a plan or a resection."""
        return Json(owner[name])

    @staticmethod
    def segments(volumetry: Json) -> Pairs:
        """Yield the volumes of every segment by name, whole and functional, and what is cut."""
        segments = volumetry["segments"]
        for prefix, kind in (("segments", "total"), ("segments_functional", "functional")):
            for numeral, known in (segments or {}).items():
                interval = _interval(known.get(f"{kind}_interval"))
                yield f"{prefix}_ml/{numeral}", {"value": known[f"{kind}_ml"], **interval}
        cut = [name for name, known in (segments or {}).items() if known["touches_edge"]]
        yield "segments_at_edge", None if segments is None else cut
        yield "segment_iv", volumetry.get("segment_iv")


def _interval(interval: Json | None) -> Json:
    if interval is None:
        return {}
    ends = [interval["low"], interval["high"]]
    return _present({"interval": ends, "median": interval.get("median")})


QUANTITY_KEYS: Final = ("interval", "median", "bound", "indicative")
FINDING_KEYS: Final = ("verdict", "value", "threshold", "probability")
SCHEMAS: Final[Mapping[str, type[Schema13]]] = {"1.3": Schema13, "2.0": Schema20}
DEFAULTS: Final[Json] = {"confirmation": "automatic"}
"""What a fact is that is not written; others are ``None``."""

VOLUMES: Final = ("tlv_ml", "functional_tlv_ml", "tumour_ml", "burden_fraction")
VOLUMETRY_FACTS: Final = (
    "burden_class", "burden_class_probabilities", "segment_source", "segments_need_review",
    "unassigned_ml",
)  # fmt: skip
LESION_QUANTITIES: Final = (
    "volume_ml", "surface_distance_mm", "portal_vein_distance_mm", "hepatic_veins_distance_mm",
)  # fmt: skip
LESION_FACTS: Final = (
    "longest_axial_mm", "perpendicular_axial_mm", "feret_3d_mm", "surface_mm2", "free_surface_mm2",
    "segment_fractions", "confirmation",
)  # fmt: skip
REMNANT_QUANTITIES: Final = (
    "flr_ml", "flr_measured_fraction", "sflr", "flr_body_weight_percent", "flr_ml_per_m2",
)  # fmt: skip
RESULT_QUANTITIES: Final = (
    "debulked_fraction", "removed_ml", "ablated_ml", "residual_tumour_ml",
)  # fmt: skip
RESULT_FACTS: Final = ("fates", "margin_ml", "ablation_zones", "interventions")
PLAN_FACTS: Final = (
    "origin", "targets", "named", "new_world", "feasible", "proven", "gap_ml", "on_front", "flips",
)  # fmt: skip
RECIPE_FACTS: Final = ("segments", "wedges", "ablations")
TARGET_FACTS: Final = (
    "verdict", "plans", "most_debulked_fraction", "largest_flr_ml", "least_flr_ml", "proven",
)  # fmt: skip
RELAXATION_FACTS: Final = ("kind", "amount", "flr_ml")
STAGED_QUANTITIES: Final = ("flr_before_ml", "flr_after_ml", "sflr_after", "weeks_to_threshold")
STAGED_FACTS: Final = ("preset", "probability", "tumour_growth_fraction")
STAGES: Final = ("first_stage", "second_stage")
STABILITY_FACTS: Final = ("perturbations", "same_share", "type_shares", "by_cause")
LISTS: Final = ("resectability", "staging", "transplant")
DECIDED: Final = ("met", "not_met")


def rows(document: Json) -> Rows:
    """Return all that is kept of a report, by path; numbers rounded to nine digits."""
    schema = SCHEMAS[document["schema_version"]](document)
    planning = document["planning"]
    found = [
        *_volumetry(document["volumetry"], schema),
        *_findings("quality", document, schema, name="quality"),
        *_findings("findings", planning, schema),
        *_classes(planning, schema),
        *(
            row
            for name in LISTS
            for one in planning.get(name, ())
            for row in _list(name, one, schema)
        ),
        *(row for pathway in planning.get("pathways", ()) for row in _pathway(pathway)),
        *(row for lesion in planning.get("ablation", ()) for row in _ablation(lesion, schema)),
        *(row for resection in planning["resections"] for row in _resection(resection, schema)),
        *_plans(planning.get("plans", ()), schema),
        *(row for target in planning.get("targets", ()) for row in _target(target, schema)),
        *(row for staged in planning.get("staged", ()) for row in _staged(staged, schema)),
    ]
    return {path: rounded(row) for path, row in _numbered(found)}


def _present(items: Json) -> Json:
    return {key: value for key, value in items.items() if value is not None}


def _numbered(pairs: Iterable[tuple[str, Row]]) -> Pairs:
    """Yield the pairs with paths that are told apart: a second one of a name ends in ``#2``."""
    times: dict[str, int] = {}
    for path, row in pairs:
        times[path] = times.get(path, 0) + 1
        yield (path if times[path] == 1 else f"{path}#{times[path]}"), row


def rounded(row: Row) -> Row:
    """Round every number of a row to nine significant digits."""
    if isinstance(row, float):
        return float(f"{row:.{DIGITS}g}")
    if isinstance(row, dict):
        return {key: rounded(value) for key, value in row.items()}
    if isinstance(row, list):
        return [rounded(value) for value in row]
    return row


def _quantities(path: str, owner: Json, names: Iterable[str], schema: Schema13) -> Pairs:
    for name in names:
        yield f"{path}/{name}", schema.quantity(owner, name)


def _facts(path: str, owner: Json, names: Iterable[str], schema: Schema13) -> Pairs:
    for name in names:
        yield f"{path}/{name}", schema.fact(owner, name)


def _findings(path: str, owner: Json, schema: Schema13, *, name: str = "findings") -> Pairs:
    for identifier, row in map(schema.finding, owner.get(name, ())):
        yield f"{path}/{identifier}", row


def _recipe(path: str, owner: Json, name: str) -> Pairs:
    recipe = owner.get(name, {})
    yield f"{path}/{name}", {key: recipe.get(key, []) for key in RECIPE_FACTS}


def _volumetry(volumetry: Json, schema: Schema13) -> Pairs:
    path, standardised = "volumetry", volumetry["standardised"]
    yield from _quantities(path, volumetry, VOLUMES, schema)
    yield from _facts(path, volumetry, VOLUMETRY_FACTS, schema)
    yield from ((f"{path}/{name}", row) for name, row in schema.segments(volumetry))
    yield f"{path}/standardised/formula", standardised["formula"]
    yield from _quantities(f"{path}/standardised", standardised, ("stlv_ml", "bsa_m2"), schema)
    for lesion in volumetry["lesions"]:
        yield from _quantities(f"{path}/lesions/{lesion['id']}", lesion, LESION_QUANTITIES, schema)
        yield from _facts(f"{path}/lesions/{lesion['id']}", lesion, LESION_FACTS, schema)
    yield from _findings(f"{path}/quality", volumetry, schema, name="quality")


def _classes(planning: Json, schema: Schema13) -> Pairs:
    yield "frilling/type", planning["frilling"]["type"]
    netlm, stability = planning.get("netlm"), planning.get("stability")
    yield "netlm/type", netlm and netlm["type"]
    if stability is not None:
        yield from _facts("stability", stability, STABILITY_FACTS, schema)


def _list(name: str, one: Json, schema: Schema13) -> Pairs:
    path = f"{name}/{one['id']}"
    conditions = dict(map(schema.finding, one["findings"]))
    yield f"{path}/verdict", one["verdict"]
    for decided in DECIDED:
        yield f"{path}/{decided}", [i for i, row in conditions.items() if row["verdict"] == decided]
    yield from _findings(f"{path}/findings", one, schema)


def _pathway(pathway: Json) -> Pairs:
    path = f"pathways/{pathway['id']}"
    yield f"{path}/verdict", pathway["verdict"]
    for option in pathway["options"]:
        yield f"{path}/options/{option['name']}", option["verdict"]


def _ablation(lesion: Json, schema: Schema13) -> Pairs:
    path = f"ablation/{lesion['lesion']}"
    yield f"{path}/allowed", lesion["allowed"]
    yield from _findings(f"{path}/findings", lesion, schema)


def _resection(resection: Json, schema: Schema13) -> Pairs:
    path = f"resections/{resection['name']}"
    yield from _facts(path, resection, ("segments", "named", "new_world"), schema)
    by_formula = resection.get("sflr_by_formula", {})
    yield f"{path}/sflr_by_formula", [by_formula[formula] for formula in sorted(by_formula)]
    yield from _quantities(path, schema.part(resection, "remnant"), REMNANT_QUANTITIES, schema)
    yield from _quantities(path, resection, ("debulked_fraction",), schema)
    yield from _findings(f"{path}/findings", resection, schema)


def _plans(plans: Sequence[Json], schema: Schema13) -> Pairs:
    yield "plans/order", [plan["id"] for plan in plans]
    for plan in plans:
        path, result = f"plans/{plan['id']}", schema.part(plan, "result")
        yield from _facts(path, plan, PLAN_FACTS, schema)
        yield from _recipe(path, plan, "recipe")
        yield from _facts(path, result, RESULT_FACTS, schema)
        yield from _quantities(path, result, RESULT_QUANTITIES, schema)
        yield from _quantities(path, schema.part(result, "remnant"), REMNANT_QUANTITIES, schema)
        yield from _findings(f"{path}/findings", plan, schema)


def _target(target: Json, schema: Schema13) -> Pairs:
    path = f"targets/{target['target']:g}"
    yield from _facts(path, target, TARGET_FACTS, schema)
    for relaxation in target.get("relaxations", ()):
        yield f"{path}/relaxations", {key: schema.fact(relaxation, key) for key in RELAXATION_FACTS}


def _staged(staged: Json, schema: Schema13) -> Pairs:
    path = f"staged/{staged['plan']}/{staged['strategy']}"
    yield from (row for stage in STAGES for row in _recipe(path, staged, stage))
    yield from _facts(path, staged, STAGED_FACTS, schema)
    yield from _quantities(path, staged, STAGED_QUANTITIES, schema)
    yield from _findings(f"{path}/findings", staged, schema)


# --- Storing and comparing ----------------------------------------------------------------------

PACKAGES: Final = ("numpy", "scipy", "scikit-image", "connected-components-3d", "edt", "torch")


def origin(commit: str) -> Json:
    """Return where a baseline comes from."""
    return {
        "commit": commit,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "note": "rows of report.json, numbers to nine digits; see benchmarks/plan_oracle.py",
    }


def recorded(names: Iterable[str], *, kept: Kept = KEEP_NOTHING) -> Iterator[tuple[str, Json]]:
    """Run cases one after the other; which one it is stands on standard error."""
    for name in names:
        start = time.perf_counter()
        yield name, record(name, kept=kept)
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def store(file: Path, *, kept: Kept = KEEP_NOTHING) -> int:
    """Run every case and write the baseline.

    Raises
    ------
    RuntimeError
        The shared maps are absent, so that the baseline would not be whole.
    """
    if missing_maps():
        raise RuntimeError(f"no shared maps in {SHARED}: set REMNANT_SHARED to their folder")
    found = dict(recorded(CASES, kept=kept))
    file.write_bytes(lzma.compress(baseline_text(found, origin(_commit())).encode("utf-8")))
    print(f"{len(found)} cases with {sum(len(one['rows']) for one in found.values())} rows")
    return 0


def _commit() -> str:
    command = ("git", "-C", str(Path(remnant.__file__).parents[1]), "rev-parse", "--short", "HEAD")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def missing_maps() -> bool:
    """Tell whether the shared Couinaud maps are absent."""
    return not (SHARED / "data" / "couinaud").is_dir()


SHORT: Final = {
    "verdict": "d", "value": "v", "threshold": "t", "probability": "p", "interval": "i",
    "median": "m", "bound": "b",
}  # fmt: skip
"""Keys of rows as the file writes them, as there are tens of thousands."""
LONG: Final = {short: key for key, short in SHORT.items()}


def baseline_text(found: Mapping[str, Json], origin: Json) -> str:
    """Write a baseline: a line for each group of paths, with each row once and whose it is.

    The cases of a row are their positions in the list of cases, such as ``0-5,9``.
    """
    lines = ",\n".join(f"{_compact(group)}:{_compact(r)}" for group, r in _grouped(found).items())
    cases = {name: one["maps"] for name, one in found.items()}
    head = _compact({"origin": origin, "cases": cases}).removesuffix("}")
    return f'{head},\n"rows":{{\n{lines}\n}}}}\n'


def _grouped(found: Mapping[str, Json]) -> dict[str, dict[str, dict[str, Row]]]:
    """Return rows by the path up to its last slash, by its last part, and by their cases."""
    whose: dict[tuple[str, str], list[int]] = {}
    for index, one in enumerate(found.values()):
        for path, row in one["rows"].items():
            whose.setdefault((path, _compact(_rekeyed(row, SHORT))), []).append(index)
    groups: dict[str, dict[str, dict[str, Row]]] = {}
    for (path, text), indices in whose.items():
        group, _, last = path.rpartition("/")
        groups.setdefault(group, {}).setdefault(last, {})[_ranges(indices)] = json.loads(text)
    return groups


def read_baseline(file: Path) -> dict[str, Json]:
    """Read what `baseline_text` wrote: digests of the maps and rows by case."""
    document = json.loads(lzma.decompress(file.read_bytes()))
    found = {name: Json(maps=maps, rows={}) for name, maps in document["cases"].items()}
    names = list(found)
    for group, members in document["rows"].items():
        for last, known in members.items():
            for ranges, row in known.items():
                for index in _indices(ranges):
                    found[names[index]]["rows"][f"{group}/{last}"] = _rekeyed(row, LONG)
    return found


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _rekeyed(row: Row, keys: Mapping[str, str]) -> Row:
    return {keys.get(k, k): v for k, v in row.items()} if isinstance(row, dict) else row


def _ranges(indices: Sequence[int]) -> str:
    """Write rising numbers as ranges such as ``0-5,9``."""
    starts = [n for n in indices if n - 1 not in indices]
    ends = [n for n in indices if n + 1 not in indices]
    pairs = zip(starts, ends, strict=True)
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in pairs)


def _indices(ranges: str) -> Iterator[int]:
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not as it was; ``ABSENT`` where there is none."""

    case: str
    path: str
    before: Row
    after: Row

    @property
    def reason(self) -> str | None:
        """Why it is meant, ``None`` where nobody named it."""
        place = f"{self.case}:{self.path}"
        meant = (why for pattern, why in NAMED_DIFFERENCES if fnmatchcase(place, pattern))
        return next(meant, None)

    def __str__(self) -> str:
        named = "" if self.reason is None else f" ({self.reason})"
        before, after = (v if v == ABSENT else _compact(v) for v in (self.before, self.after))
        return f"{self.case} {self.path}: {before} -> {after}{named}"


ABSENT: Final = "absent"


def differences(case: str, before: Json, after: Json) -> list[Difference]:
    """Return how the rows of one case differ from its stored ones; maps before everything.

    Where the maps are others, nothing else can be compared, and only they are named.
    """
    if before["maps"] != after["maps"]:
        return [Difference(case, "maps", before["maps"], after["maps"])]
    old, new = before["rows"], after["rows"]
    pairs = ((path, old.get(path, ABSENT), new.get(path, ABSENT)) for path in {**old, **new})
    return [Difference(case, path, was, now) for path, was, now in pairs if not same(was, now)]


def same(one: Row, other: Row) -> bool:
    """Tell whether two rows are the same but for the last stored digit of their numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Row) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def compare(file: Path, names: Sequence[str] = ()) -> int:
    """Run the stored cases (or those named) again, print every difference, return 1 for any."""
    stored = read_baseline(file)
    wanted = [name for name in names or stored if name not in SHARED_CASES or not missing_maps()]
    if left_out := len(names or stored) - len(wanted):
        print(f"left out, as there are no shared maps in {SHARED}: {left_out} cases")
    unlike = []
    for name in wanted:
        for difference in compared(name, stored[name]):
            print(difference, flush=True)
            unlike.append(difference)
    unnamed = [difference for difference in unlike if difference.reason is None]
    print(f"{len(wanted)} cases, {len(unlike)} differences, {len(unnamed)} of them not named")
    return 1 if unnamed else 0


def compared(name: str, stored: Json) -> list[Difference]:
    """Run a case and return how it differs; that it fails, or is gone, is a difference as well."""
    if name not in CASES:
        return [Difference(name, "case", "stored", ABSENT)]
    try:
        ((_, found),) = recorded([name])
    except (RuntimeError, LookupError, RemnantError) as error:
        return [Difference(name, "case", "stored", f"failed: {error!r}")]
    return differences(name, stored, found)


# --- Coverage of the facts ----------------------------------------------------------------------

BY_OPTION: Final = ("height_cm", "weight_kg", "sex", "age_years", "seconds")
"""Fields that every case gives by options, or leaves out."""
TEMPLATE_FIELD: Final = re.compile(r"Allowed: (?P<allowed>.+)\.\n  (?P<name>\w+):")


def coverage() -> int:
    """Print which values of the vocabulary no case states; exit code 1 for any."""
    vocabulary = list(_vocabulary())
    missing = [f"{name} {value}" for name, value in vocabulary if not _stated(name, value)]
    print(f"{len(vocabulary) - len(missing)} of {len(vocabulary)} values are stated by a case")
    for text in missing:
        print(f"by no case: {text}")
    return 1 if missing else 0


def _vocabulary() -> Iterator[tuple[str, object]]:
    """Yield each field of a facts file with each of its words, or ``None`` for any number."""
    with tempfile.TemporaryDirectory() as folder:
        ran(["plan --template facts.yaml"], Path(folder))
        text = (Path(folder) / "facts.yaml").read_text(encoding="utf-8")
    for known in TEMPLATE_FIELD.finditer(text):
        if known["name"] not in BY_OPTION:
            yield from ((known["name"], value) for value in _values(known["allowed"]))


def _values(allowed: str) -> tuple[object, ...]:
    if allowed.startswith("yes or no"):
        return (True, False)
    if allowed.startswith("one of "):
        words = allowed.removeprefix("one of ").removesuffix(", or unknown")
        return tuple(words.split(", "))
    return (None,)


def _stated(name: str, value: object) -> bool:
    if name == "background":
        return any(f"--background {value}" in f"{c.person} {c.plan}" for c in CASES.values())
    given = [{**case.facts, **case.choices} for case in CASES.values()]
    return any(name in one and value in (None, one[name]) for one in given)


# --- Command line -------------------------------------------------------------------------------


def arguments(texts: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    storing = commands.add_parser("store", help="run every case and write the baseline")
    storing.add_argument("file", type=Path)
    storing.add_argument("--transcripts", type=Path, help="keep reports, printed text and pages")
    storing.add_argument("--inputs", type=Path, help="keep maps, facts and commands")
    comparing = commands.add_parser("compare", help="run the cases again and show what differs")
    comparing.add_argument("file", type=Path)
    comparing.add_argument("--cases", nargs="+", default=(), choices=tuple(CASES), metavar="NAME")
    commands.add_parser("coverage", help="show which values of the vocabulary no case states")
    return parser.parse_args(texts)


def main() -> int:
    """Run one command."""
    given = arguments()
    if given.command == "store":
        return store(given.file, kept=Kept(transcripts=given.transcripts, inputs=given.inputs))
    if given.command == "compare":
        return compare(given.file, given.cases)
    return coverage()


if __name__ == "__main__":
    sys.exit(main())
