"""Scores of the liver's function by their published formulas. They decide nothing.

Coefficients and limits were recalled, not read in their papers: every finding says so. The units
of the inputs are SI; those that a formula was published in are made here and nowhere else.
"""

from collections.abc import Iterator
from math import floor, log, log10

from planning import inputs
from planning.criteria.conditions import Remark, remark_finding
from planning.inputs import Input
from planning.rules.liver_function import (
    ALBI,
    CHILD_PUGH,
    HIDA,
    ICG,
    LIVER_FUNCTION_ID,
    LIVER_FUNCTION_TITLE,
    MELD,
)
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import ClinicalFacts
from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Finding, Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

BILIRUBIN_UMOL_PER_MG_DL = 17.1
"""µmol/L of bilirubin in 1 mg/dL."""
CREATININE_UMOL_PER_MG_DL = 88.4
"""µmol/L of creatinine in 1 mg/dL."""

ALBI_GRADE_1_AT_MOST, ALBI_GRADE_2_AT_MOST = -2.60, -1.39
MELD_FLOOR, MELD_CREATININE_CAP_MG_DL = 1.0, 4.0
LEAST_MELD, MOST_MELD = 6, 40
CHILD_PUGH_BILIRUBIN_UMOL_PER_L = (34.0, 50.0)
CHILD_PUGH_ALBUMIN_G_PER_L = (35.0, 28.0)
CHILD_PUGH_INR = (1.7, 2.3)
CLASS_A_AT_MOST, CLASS_B_AT_MOST = 6, 9
CONTROLLED, SEVERE = 2, 3
"""Points of ascites and of encephalopathy by their degree."""

ALBI_INPUTS = (inputs.BILIRUBIN, inputs.ALBUMIN)
MELD_INPUTS = (inputs.BILIRUBIN, inputs.INR, inputs.CREATININE, inputs.DIALYSIS)
CHILD_PUGH_INPUTS = (
    inputs.BILIRUBIN,
    inputs.ALBUMIN,
    inputs.INR,
    inputs.ASCITES,
    inputs.ENCEPHALOPATHY,
)
TOLD_FOR_IT = (
    inputs.BILIRUBIN,
    inputs.INR,
    inputs.ALBUMIN,
    inputs.CREATININE,
    inputs.DIALYSIS,
    inputs.ICG_R15,
    inputs.HIDA_REMNANT,
)
"""Facts that nothing but this module reads: with any of them the list is made."""


def albi(*, bilirubin_umol_per_l: float, albumin_g_per_l: float) -> float:
    """Return the albumin-bilirubin score; higher is worse.

    0.66 log10(bilirubin in µmol/L) − 0.085 albumin in g/L (``johnson2015``).

    >>> round(albi(bilirubin_umol_per_l=10.0, albumin_g_per_l=40.0), 2)
    -2.74
    """
    return 0.66 * log10(bilirubin_umol_per_l) - 0.085 * albumin_g_per_l


def albi_grade(score: float) -> int:
    """Return the grade of an albumin-bilirubin score, 1 to 3 (``johnson2015``).

    >>> [albi_grade(score) for score in (-2.60, -2.59, -1.39, -1.38)]
    [1, 2, 2, 3]
    """
    if score <= ALBI_GRADE_1_AT_MOST:
        return 1
    return 2 if score <= ALBI_GRADE_2_AT_MOST else 3


def meld(
    *, bilirubin_umol_per_l: float, inr: float, creatinine_umol_per_l: float, dialysis: bool
) -> int:
    """Return the Model for End-stage Liver Disease, without sodium, 6 to 40 (``kamath2001``).

    3.78 ln(bilirubin) + 11.2 ln(INR) + 9.57 ln(creatinine) + 6.43, bilirubin and creatinine in
    mg/dL. Bilirubin, INR and creatinine below 1 count as 1, creatinine above 4 mg/dL as 4, and as 4
    with ``dialysis`` (at least twice in the week before); rounded, halves up.

    >>> meld(bilirubin_umol_per_l=17.1, inr=1.0, creatinine_umol_per_l=88.4, dialysis=False)
    6
    >>> meld(bilirubin_umol_per_l=51.3, inr=1.5, creatinine_umol_per_l=176.8, dialysis=False)
    22
    """
    bilirubin = max(bilirubin_umol_per_l / BILIRUBIN_UMOL_PER_MG_DL, MELD_FLOOR)
    creatinine = max(creatinine_umol_per_l / CREATININE_UMOL_PER_MG_DL, MELD_FLOOR)
    creatinine = MELD_CREATININE_CAP_MG_DL if dialysis else creatinine
    score = (
        3.78 * log(bilirubin)
        + 11.2 * log(max(inr, MELD_FLOOR))
        + 9.57 * log(min(creatinine, MELD_CREATININE_CAP_MG_DL))
        + 6.43
    )
    return min(max(floor(score + 0.5), LEAST_MELD), MOST_MELD)


def child_pugh(
    *,
    bilirubin_umol_per_l: float,
    albumin_g_per_l: float,
    inr: float,
    ascites: bool,
    encephalopathy: bool,
) -> tuple[int, int]:
    """Return the least and the most points after Child and Pugh, 5 to 15 (``pugh1973``).

    Bilirubin below 34, to 50, above 50 µmol/L; albumin above 35, from 28, below 28 g/L; INR below
    1.7, to 2.3, above 2.3; ascites and encephalopathy none, mild, severe: 1, 2, 3 points each. The
    degree of the last two is not told: where there is any, 2 or 3 points.

    >>> child_pugh(
    ...     bilirubin_umol_per_l=40.0,
    ...     albumin_g_per_l=30.0,
    ...     inr=1.2,
    ...     ascites=True,
    ...     encephalopathy=False,
    ... )
    (8, 9)
    """
    low, high = CHILD_PUGH_BILIRUBIN_UMOL_PER_L
    points = 1 + (bilirubin_umol_per_l >= low) + (bilirubin_umol_per_l > high)
    low, high = CHILD_PUGH_INR
    points += 1 + (inr >= low) + (inr > high)
    high, low = CHILD_PUGH_ALBUMIN_G_PER_L
    points += 1 + (albumin_g_per_l <= high) + (albumin_g_per_l < low)
    signs = (ascites, encephalopathy)
    least, most = (sum(worst if sign else 1 for sign in signs) for worst in (CONTROLLED, SEVERE))
    return points + least, points + most


def child_pugh_class(points: int) -> str:
    """Return the class of Child-Pugh points (``pugh1973``).

    >>> "".join(child_pugh_class(points) for points in range(5, 16))
    'AABBBCCCCCC'
    """
    if points <= CLASS_A_AT_MOST:
        return "A"
    return "B" if points <= CLASS_B_AT_MOST else "C"


def liver_function(facts: ClinicalFacts) -> tuple[CriteriaResult, ...]:
    """Return what is known of the liver's function as one list that decides nothing.

    Empty where none of the facts that it alone reads was told. Its verdict is ``NO_EVIDENCE``: no
    limit is held against it. A score without all of its inputs is ``UNKNOWN`` and names them.
    """
    if all(getattr(facts, one.name) is None for one in TOLD_FOR_IT):
        return ()
    return (
        CriteriaResult(
            id=LIVER_FUNCTION_ID,
            title=LIVER_FUNCTION_TITLE,
            source=PROJECT_SOURCE,
            verdict=Verdict.NO_EVIDENCE,
            findings=tuple(_findings(facts)),
            missing=(),
        ),
    )


def _findings(facts: ClinicalFacts) -> Iterator[Finding]:
    yield _scored(ALBI, ALBI_INPUTS, facts, _albi(facts))
    yield _scored(MELD, MELD_INPUTS, facts, _meld(facts))
    yield _scored(CHILD_PUGH, CHILD_PUGH_INPUTS, facts, _child_pugh(facts))
    for remark, wanted in ((ICG, inputs.ICG_R15), (HIDA, inputs.HIDA_REMNANT)):
        value = getattr(facts, wanted.name)
        if value is not None:
            yield _scored(remark, (wanted,), facts, Quantity(value))


def _scored(
    remark: Remark, wanted: tuple[Input, ...], facts: ClinicalFacts, score: Quantity | None
) -> Finding:
    missing = tuple(one.name for one in wanted if getattr(facts, one.name) is None)
    known = remark_finding(remark)
    return Finding(
        id=known.id,
        verdict=Verdict.UNKNOWN if score is None else known.verdict,
        decides=False,
        inputs=tuple(one.name for one in wanted),
        missing=missing if score is None else (),
        quantity=score,
        reasons=() if score is None else score.reasons,
        source=known.source,
        status=known.status,
    )


def _albi(facts: ClinicalFacts) -> Quantity | None:
    bilirubin, albumin = facts.bilirubin_umol_per_l, facts.albumin_g_per_l
    if bilirubin is None or albumin is None:
        return None
    score = albi(bilirubin_umol_per_l=bilirubin, albumin_g_per_l=albumin)
    return Quantity(score, reasons=(reason(Cause.ALBI_GRADE, albi_grade(score)),))


def _meld(facts: ClinicalFacts) -> Quantity | None:
    """Score where dialysis is known; with it creatinine is not asked for."""
    creatinine = facts.creatinine_umol_per_l
    if facts.dialysis_twice_weekly and creatinine is None:
        creatinine = MELD_CREATININE_CAP_MG_DL * CREATININE_UMOL_PER_MG_DL
    bilirubin, inr, dialysis = facts.bilirubin_umol_per_l, facts.inr, facts.dialysis_twice_weekly
    if bilirubin is None or inr is None or creatinine is None or dialysis is None:
        return None
    score = meld(
        bilirubin_umol_per_l=bilirubin,
        inr=inr,
        creatinine_umol_per_l=creatinine,
        dialysis=dialysis,
    )
    return Quantity(float(score))


def _child_pugh(facts: ClinicalFacts) -> Quantity | None:
    """Score between its least and its most points, the least as a lower bound."""
    bilirubin, albumin = facts.bilirubin_umol_per_l, facts.albumin_g_per_l
    inr, ascites, encephalopathy = facts.inr, facts.ascites, facts.encephalopathy
    if bilirubin is None or albumin is None or inr is None:
        return None
    if ascites is None or encephalopathy is None:
        return None
    least, most = child_pugh(
        bilirubin_umol_per_l=bilirubin,
        albumin_g_per_l=albumin,
        inr=inr,
        ascites=ascites,
        encephalopathy=encephalopathy,
    )
    return Quantity(
        float(least),
        bound=None if least == most else Bound.LOWER,
        reasons=(_classes(least, most),),
    )


def _classes(least: int, most: int) -> Reason:
    found = dict.fromkeys((child_pugh_class(least), child_pugh_class(most)))
    return reason(Cause.CHILD_PUGH, *found, least, most)
