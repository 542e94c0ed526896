"""The distribution of metastases, a remnant, and one anatomical resection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Remnant:
    """A future liver remnant and its four ratios, never mixed.

    Parameters
    ----------
    flr_ml
        Functional liver of the kept segments: lesions in them are not counted.
    flr_measured_fraction
        FLR / functional TLV of the same scan.
    sflr
        FLR / standardised TLV from body size.
    flr_body_weight_percent
        FLR in mL / body weight in g, in percent.
    flr_ml_per_m2
        FLR / body surface area.
    smaller_fraction
        The smaller of FLR / functional TLV and sFLR, draw by draw: for rules that do not say which
        they mean. ``None`` where it was not computed; not stored, not compared.
    """

    flr_ml: Quantity
    flr_measured_fraction: Quantity
    sflr: Quantity
    flr_body_weight_percent: Quantity
    flr_ml_per_m2: Quantity
    smaller_fraction: Quantity | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resection:
    """One anatomical resection, what would remain and which rules it meets.

    Parameters
    ----------
    name
        Machine name, e.g. ``right_hemihepatectomy``.
    segments
        Couinaud segments removed.
    named
        Whether Brisbane 2000 names this set of segments.
    new_world
        New World notation, e.g. ``H5678``.
    remnant
        What would stay.
    debulked_fraction
        Lesion volume in the removed segments / total lesion volume; absent without lesions.
    findings
        Verdict of every rule set.
    sflr_by_formula
        The same remnant over the liver volume that every applicable verified formula expects, by
        the formula's id: how far the choice of formula alone moves the ratio. Empty without body
        size or segments.
    """

    name: str
    segments: tuple[CouinaudSegment, ...]
    named: bool
    new_world: str
    remnant: Remnant
    debulked_fraction: Quantity
    findings: tuple[Finding, ...] = field(default=())
    sflr_by_formula: Mapping[str, float] = field(default_factory=dict)


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
