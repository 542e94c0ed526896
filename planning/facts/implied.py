"""What follows from the facts that a person told, by those facts alone.

What is filled in beyond what the sources print is this project's reading and said below.
"""

from collections.abc import Mapping
from dataclasses import replace

from planning.facts.decompensation import decompensated_by_facts
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)

G1_KI67_PERCENT = 2.0
G2_KI67_PERCENT = 20.0
"""Highest Ki-67 of G1 and G2 (``machairas2021``). It prints G2 from 3 on: above 2 is read as G2."""
HIGH_GRADE_KI67_PERCENT = 55.0
FIT_UP_TO_ECOG, UNFIT_FROM_ECOG = 1, 3
"""How ECOG is read where a source speaks of fitness: this project's reading; 2 is open."""
PORTAL_DRAINAGE: Mapping[PrimarySite, bool] = {
    PrimarySite.PANCREAS: True,
    PrimarySite.SMALL_BOWEL: True,
    PrimarySite.STOMACH: True,
    PrimarySite.DUODENUM: True,
    PrimarySite.APPENDIX: True,
    PrimarySite.COLON: True,
    PrimarySite.LUNG: False,
}
"""Whether a primary drains into the portal vein, by anatomy: this project's reading. The rectum
drains both ways and is left out."""


def grade_is_g1_or_g2(facts: ClinicalFacts) -> bool | None:
    """Tell whether a tumour is G1 or G2: poor differentiation rules, then grade, then Ki-67.

    Returns
    -------
    bool or None
        ``None`` without grade and Ki-67.
    """
    if _differentiation(facts) is Differentiation.POOR:
        return False
    if facts.grade is not None:
        return facts.grade in (Grade.G1, Grade.G2)
    return None if facts.ki67_percent is None else facts.ki67_percent <= G2_KI67_PERCENT


def grades_agree(facts: ClinicalFacts) -> bool | None:
    """Tell whether the primary and the metastases, told apart, have one grade.

    Parameters
    ----------
    facts
        As they were told: nothing of the primary's stands in for the metastases'.

    Returns
    -------
    bool or None
        ``None`` where one of the two is not known, or where a Ki-67 above 20 % without a word on
        differentiation leaves it open.
    """
    primary = _possible_grades(facts.primary_grade, facts.primary_ki67_percent)
    metastases = _possible_grades(grade_of(facts), facts.ki67_percent)
    if not primary & metastases:
        return False if primary and metastases else None
    return True if len(primary | metastases) == 1 else None


def _possible_grades(grade: Grade | None, ki67: float | None) -> frozenset[Grade]:
    """Return the grades that it may be; none where nothing is known."""
    if grade is not None:
        return frozenset((grade,))
    if ki67 is None:
        return frozenset()
    if ki67 <= G2_KI67_PERCENT:
        return frozenset((Grade.G1 if ki67 <= G1_KI67_PERCENT else Grade.G2,))
    return frozenset((Grade.G3, Grade.NEC))


def _with_those_of_the_primary(facts: ClinicalFacts) -> ClinicalFacts:
    """Let the primary's Ki-67 and grade stand in where neither of the metastases is known.

    Not where their differentiation is known to be another.
    """
    grade, ki67 = facts.primary_grade, facts.primary_ki67_percent
    if facts.ki67_percent is not None or facts.grade is not None:
        return facts
    told = facts.differentiation
    poor = {one is Grade.NEC for one in _possible_grades(grade, ki67)}
    if told is not None and (told is Differentiation.POOR) not in poor:
        return facts
    return replace(facts, ki67_percent=ki67, grade=grade)


def with_implied(facts: ClinicalFacts) -> ClinicalFacts:
    """Fill in what other facts imply.

    Ki-67 and grade from those of the primary where none of the metastases is known; grade from
    Ki-67 and differentiation, and differentiation from a grade that was given; a removed primary
    from its date; hormone excess from refractory hormonal symptoms, and none of these where there
    is no excess; no peritoneal carcinomatosis where there is nothing outside the liver, and disease
    outside the liver (read as significant) where there is peritoneal carcinomatosis; portal
    drainage from the primary's site; a bilio-enteric anastomosis from a Whipple procedure; fitness
    for a major hepatectomy from ECOG (0 and 1 fit, 3 and 4 not, 2 open); decompensation from its
    signs, and varices from their bleeding; a resection with the transplant from an exenteration,
    and none of this without a resection.
    """
    facts = _with_those_of_the_primary(facts)
    status, months = facts.primary_status, facts.primary_resected_months
    drainage = facts.portal_drainage
    if drainage is None and facts.primary_site is not None:
        drainage = PORTAL_DRAINAGE.get(facts.primary_site)
    return replace(
        facts,
        grade=grade_of(facts),
        differentiation=_differentiation(facts),
        primary_status=PrimaryStatus.RESECTED if status is None and months is not None else status,
        functional=True if facts.symptoms_refractory else facts.functional,
        symptoms_refractory=_refractory(facts),
        extrahepatic_disease=_extrahepatic(facts),
        peritoneal_carcinomatosis=_peritoneal(facts),
        portal_drainage=drainage,
        fit_for_major_hepatectomy=_fitness(facts),
        resection_with_transplant=facts.upper_abdominal_exenteration
        or facts.resection_with_transplant,
        upper_abdominal_exenteration=False
        if facts.resection_with_transplant is False
        else facts.upper_abdominal_exenteration,
        bilioenteric_anastomosis=_anastomosis(facts),
        decompensated=decompensated_by_facts(facts),
        varices=True if facts.variceal_bleeding else facts.varices,
    )


def portal_drainage_by_milan(facts: ClinicalFacts) -> bool | None:
    """Tell whether a primary lies where the Milan list means: distal stomach to sigmoid colon.

    The rectum lies beyond it, whatever it drains into: this project's reading. Of every other
    primary its portal drainage is returned.
    """
    if facts.primary_site is PrimarySite.RECTUM:
        return False
    return with_implied(facts).portal_drainage


def fit_for_surgery(facts: ClinicalFacts) -> bool | None:
    """Tell whether a person is fit for an operation smaller than a major hepatectomy.

    Fit where fit for that, else by ECOG alone; 2 is open. This project's reading.
    """
    return True if facts.fit_for_major_hepatectomy else _fit_by_ecog(facts)


def _fit_by_ecog(facts: ClinicalFacts) -> bool | None:
    ecog = facts.ecog
    if ecog is None or FIT_UP_TO_ECOG < ecog < UNFIT_FROM_ECOG:
        return None
    return ecog <= FIT_UP_TO_ECOG


def ki67_from_55(facts: ClinicalFacts) -> bool | None:
    """Tell whether Ki-67 is 55 % or more; a tumour that is G1 or G2 is known to lie below.

    Cloyd 2020 finds outcomes in high grade acceptable particularly below that: from it on an
    operation counts as ruled out, which is this project's reading.
    """
    if facts.ki67_percent is not None:
        return facts.ki67_percent >= HIGH_GRADE_KI67_PERCENT
    return False if grade_is_g1_or_g2(facts) else None


def _fitness(facts: ClinicalFacts) -> bool | None:
    if facts.fit_for_major_hepatectomy is not None:
        return facts.fit_for_major_hepatectomy
    by_ecog = _fit_by_ecog(facts)
    # a good performance status does not outweigh comorbidity that the team finds prohibitive
    return None if by_ecog and facts.comorbidity_prohibitive else by_ecog


def grade_of(facts: ClinicalFacts) -> Grade | None:
    """Return the grade that was given, else that of Ki-67 and differentiation.

    Poorly differentiated is NEC whatever the Ki-67. Up to 2 % is G1, up to 20 % is G2 (also
    without a word on differentiation, as ``machairas2021`` prints it), more is G3 when well
    differentiated, and unknown without that word.
    """
    if facts.grade is not None:
        return facts.grade
    if facts.differentiation is Differentiation.POOR:
        return Grade.NEC
    ki67 = facts.ki67_percent
    if ki67 is None:
        return None
    if ki67 <= G2_KI67_PERCENT:
        return Grade.G1 if ki67 <= G1_KI67_PERCENT else Grade.G2
    return None if facts.differentiation is None else Grade.G3


def _differentiation(facts: ClinicalFacts) -> Differentiation | None:
    if facts.differentiation is not None or facts.grade is None:
        return facts.differentiation
    return Differentiation.POOR if facts.grade is Grade.NEC else Differentiation.WELL


def _refractory(facts: ClinicalFacts) -> bool | None:
    """Without hormone excess there are no hormonal symptoms that treatment could fail."""
    return False if facts.functional is False else facts.symptoms_refractory


def _anastomosis(facts: ClinicalFacts) -> bool | None:
    if facts.bilioenteric_anastomosis is None and facts.pancreatoduodenectomy:
        return True
    return facts.bilioenteric_anastomosis


def _extrahepatic(facts: ClinicalFacts) -> ExtrahepaticDisease | None:
    if facts.extrahepatic_disease is None and facts.peritoneal_carcinomatosis:
        return ExtrahepaticDisease.SIGNIFICANT
    return facts.extrahepatic_disease


def _peritoneal(facts: ClinicalFacts) -> bool | None:
    nothing = facts.extrahepatic_disease is ExtrahepaticDisease.NONE
    return False if nothing else facts.peritoneal_carcinomatosis
