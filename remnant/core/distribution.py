"""How metastases lie in the liver: classes, and how stable they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from remnant.core.reasons import Reason


class FrillingType(StrEnum):
    """Distribution of liver metastases after Frilling; the seed wording is qualitative."""

    I = "I"  # noqa: E741
    II = "II"
    III = "III"
    UNCLASSIFIABLE = "unclassifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frilling:
    """Frilling type and why; ``type`` is ``None`` when there is no lesion to classify."""

    type: FrillingType | None
    reasons: tuple[Reason, ...]


class NetlmType(StrEnum):
    """Surgical class of neuroendocrine liver metastases (J Clin Med 2023;12:2456).

    1 is limited and completely clearable, 2 reaches more than 70 % by sparing resection and
    ablation, 3 does not.
    """

    ONE = "1"
    TWO = "2"
    THREE = "3"
    UNCLASSIFIABLE = "unclassifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Netlm:
    """NETLM class and why; ``type`` is ``None`` when there is no lesion to classify."""

    type: NetlmType | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How often a perturbed case gets the same Frilling type.

    Parameters
    ----------
    perturbations
        How many perturbed cases were classified.
    same_share
        Share of them with the same answer, in [0, 1].
    type_shares
        Share of each answer.
    by_cause
        Share with the same answer when one cause acts alone: ``segmentation``,
        ``dropped_below_5_mm``, ``dropped_below_10_mm``, ``lobe_border``; causes that could not be
        simulated are left out.
    reasons
        What was not simulated and why; empty when all was.
    """

    perturbations: int
    same_share: float
    type_shares: Mapping[FrillingType, float]
    by_cause: Mapping[str, float]
    reasons: tuple[Reason, ...] = ()
