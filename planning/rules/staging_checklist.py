"""Examinations before an operation on the liver that the sources name: done, missing, not told.

The list decides nothing else: no plan, option or list rests on it.
"""

from planning import inputs
from planning.criteria.conditions import CriteriaList
from planning.criteria.listing import Listing, one_of
from planning.rules.populations import NELM
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import FdgPet
from remnant.core.findings import SourceStatus

PREFIX = "staging_checklist"
GRADES_AGREE = "grades_agree"
"""The one condition that is no examination."""
_CLOYD = Listing(prefix=PREFIX, population=NELM, source="cloyd2020")
_CLOYD_READ = Listing(
    prefix=PREFIX, population=NELM, source="cloyd2020", status=SourceStatus.PROJECT
)
_MACHAIRAS = Listing(prefix=PREFIX, population=NELM, source="machairas2021")
_REVIEW = Listing(prefix=PREFIX, population="GEP-NET liver metastases", source="gepnetlm_review")
STAGING_CHECKLIST = CriteriaList(
    id=PREFIX,
    title="Examinations before surgery",
    source=PROJECT_SOURCE,
    conditions=(
        _CLOYD_READ.condition(
            "ct",
            "Triple-phase CT (Cloyd 2020), read here as of chest, abdomen and pelvis: the GEP-NET "
            "review asks for whole-body imaging.",
            of=inputs.STAGED_BY_CT,
            obstacle="no triple-phase CT of chest, abdomen and pelvis",
        ),
        _CLOYD.condition(
            "mr",
            "MR of the liver with diffusion weighting (Cloyd 2020: it improves detection).",
            of=inputs.STAGED_BY_MR,
            obstacle="no MR of the liver with diffusion weighting",
        ),
        _REVIEW.condition(
            "sstr_pet",
            "PET of somatostatin receptors (GEP-NET review: functional whole-body imaging; also "
            "Cloyd 2020).",
            of=inputs.STAGED_BY_SSTR_PET,
            obstacle="no PET of somatostatin receptors",
        ),
        _REVIEW.condition(
            "echocardiography",
            "Echocardiography (GEP-NET review: in carcinoid heart disease, or where cardiac "
            "function is impaired).",
            of=inputs.ECHOCARDIOGRAPHY,
            obstacle="no echocardiography",
        ),
        _MACHAIRAS.condition(
            "biopsy",
            "Biopsy of a metastasis (Machairas 2021: with or without; before ALPPS).",
            of=inputs.BIOPSY,
            obstacle="no biopsy of a metastasis",
        ),
        _CLOYD_READ.condition(
            "markers",
            "Tumour markers (Cloyd 2020 follows them every 3 to 12 months, for which values before "
            "are read here as needed).",
            of=inputs.MARKERS,
            obstacle="no tumour markers",
        ),
        _REVIEW.condition(
            "fdg_pet",
            "FDG-PET (GEP-NET review: may be considered in high-grade tumours).",
            of=inputs.FDG_PET,
            obstacle="no FDG-PET",
            test=one_of(FdgPet.POSITIVE, FdgPet.NEGATIVE),
            needed=False,
        ),
        _CLOYD.condition(
            GRADES_AGREE,
            "Primary and metastasis have one grade. Cloyd 2020: the Ki-67 of a metastasis may "
            "differ; that of the metastasis is used here.",
            of=inputs.GRADES_AGREE,
            obstacle="primary and metastasis differ in grade",
            needed=False,
        ),
    ),
    remark="This list decides nothing else.",
)
"""The list is met where all that it counts was done."""
