"""A remnant, and one anatomical resection."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
from remnant.core.vessel_cuts import VesselCuts


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
    vessel_cuts: VesselCuts | None = None
