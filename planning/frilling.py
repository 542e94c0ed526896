"""Frilling type of the distribution of liver metastases, by this project's operational rule.

The published wording is qualitative (``machairas2021``, figure 1, after Frilling): type I is a
single metastasis of any size; type II an isolated bulk with smaller deposits, both lobes always
involved; type III disseminated spread, both lobes always involved, or a single lesion of varying
size with virtually no normal parenchyma. No number defines these words. :data:`OPERATIONAL_RULE`
holds the numbers used here; ``docs/explanation/frilling.md`` explains them. What fits no type, or
two, is unclassifiable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from planning import wording
from planning.coverage import scan_cuts_liver
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.labels import LEFT_LOBE, RIGHT_LOBE, CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.plan import Frilling, FrillingType
from remnant.core.volumetry_report import VolumetryReport


@dataclass(frozen=True, slots=True, kw_only=True)
class FrillingRule:
    """Numbers that stand for the qualitative words. All of them are this project's own.

    Parameters
    ----------
    bulk_diameter_mm
        A bulk has at least this 3-D Feret diameter.
    bulk_share
        A bulk holds at least this share of the tumour volume.
    deposit_share
        Every other lesion has at most this share of the bulk's volume.
    disseminated_lesions, disseminated_segments
        Spread is disseminated from this many lesions in this many segments on.
    parenchyma_share
        Normal parenchyma is virtually absent below this share of the total liver volume.
    involvement_share
        A lesion involves a segment or lobe from this share of its volume on.
    """

    bulk_diameter_mm: float
    bulk_share: float
    deposit_share: float
    disseminated_lesions: int
    disseminated_segments: int
    parenchyma_share: float
    involvement_share: float


SHARE_DECIMALS = 9
"""Shares are held against their limits rounded to so many decimals: a half is a half."""

OPERATIONAL_RULE = FrillingRule(
    bulk_diameter_mm=50.0,
    bulk_share=0.50,
    deposit_share=0.50,
    disseminated_lesions=10,
    disseminated_segments=5,
    parenchyma_share=0.20,
    involvement_share=0.10,
)


def classify(report: VolumetryReport, *, rule: FrillingRule = OPERATIONAL_RULE) -> Frilling:
    """Classify the distribution of the lesions that were not rejected.

    Parameters
    ----------
    report
        Volumes and lesions. Segments are needed for two lesions and more.
    rule
        Numbers of the operational rule.

    Returns
    -------
    Frilling
        The type with its reason in words; ``None`` without a lesion; ``UNCLASSIFIABLE`` where the
        pattern fits no type or more than one, or where what the rule needs is not known. Where the
        scan cuts the liver, II and III are those of the scanned part and the reason says so.
    """
    lesions = tuple(lesion for lesion in report.lesions if lesion.counts)
    if not lesions:
        return Frilling(type=None, reason=_no_lesion_reason(report))
    found, reason = _classified(lesions, report, rule)
    return Frilling(type=found, reason=f"{reason}{_caution(lesions)}")


def frilling_finding(frilling: Frilling, *, cut: bool) -> Finding:
    """Return the type as a finding: ``MET`` where one was found in a whole liver, else ``UNKNOWN``.

    ``cut`` tells that the scan cuts the liver: a type of the scanned part is never certain, since
    a lesion beyond the scan can make II disseminated and add a bulk to III.
    """
    typed = frilling.type not in (None, FrillingType.UNCLASSIFIABLE)
    name = f"type {frilling.type}" if typed else frilling.type or "no lesion"
    return Finding(
        id="frilling.type",
        verdict=Verdict.MET if typed and not cut else Verdict.UNKNOWN,
        prose=(
            f"Distribution after Frilling: {name}. {frilling.reason} The published wording has no "
            f"numbers; those used here are this project's."
        ),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


Classified = tuple[FrillingType, str]


def _classified(
    lesions: Sequence[Lesion], report: VolumetryReport, rule: FrillingRule
) -> Classified:
    parenchyma = _parenchyma_share(report)
    if parenchyma is None:
        return _unclassifiable("The share of normal parenchyma is not known.")
    cut = scan_cuts_liver(report)
    if len(lesions) == 1:
        return _single(parenchyma, rule, cut=cut)
    if any(lesion.segment_fractions is None for lesion in lesions):
        why = report.segments_reason or "no segment map"
        return _unclassifiable(
            f"{_count(lesions)}, but which lobes they involve is not known ({why})."
        )
    found, reason = _several(lesions, parenchyma, rule, cut=cut)
    return found, reason + _within_scan(found) if cut else reason


def _single(parenchyma: float, rule: FrillingRule, *, cut: bool) -> Classified:
    if cut:
        return _unclassifiable(
            "A single lesion was found, but the scan cuts the liver: more may lie outside."
        )
    if parenchyma < rule.parenchyma_share:
        return FrillingType.III, f"A single lesion with {_parenchyma_words(parenchyma, rule)}."
    return FrillingType.I, "A single lesion."


def _several(
    lesions: Sequence[Lesion], parenchyma: float, rule: FrillingRule, *, cut: bool
) -> Classified:
    lobes = lobes_involved(lesions, rule=rule)
    if len(lobes) < len(LOBES):
        where = f"only the {lobes[0]} lobe" if lobes else "neither lobe clearly"
        return _unclassifiable(
            f"{_count(lesions)} that involve {where}: types II and III always involve both lobes."
        )
    found = _bilobar(lesions, rule)
    if parenchyma >= rule.parenchyma_share or (cut and found[0] is FrillingType.III):
        return found
    words = f"{_count(lesions)} in both lobes with {_parenchyma_words(parenchyma, rule)}"
    if cut:
        return _unclassifiable(f"{words}, but how much lies beyond the scan is not known.")
    return FrillingType.III, f"{words}."


def _within_scan(found: FrillingType) -> str:
    within = " This holds within the scanned part; the scan cuts the liver"
    consequences = {
        FrillingType.II: ": lesions beyond it could make the spread disseminated.",
        FrillingType.III: ": what lies beyond it cannot undo the spread, only add a bulk.",
    }
    return within + consequences.get(found, ".")


def _bilobar(lesions: Sequence[Lesion], rule: FrillingRule) -> Classified:
    bulk, disseminated = _has_bulk(lesions, rule), _is_disseminated(lesions, rule)
    intro = f"{_count(lesions)} in both lobes"
    if bulk and disseminated:
        return _unclassifiable(f"{intro}: a bulk among disseminated lesions fits types II and III.")
    if bulk:
        return FrillingType.II, f"{intro}: one bulk with smaller deposits."
    if disseminated:
        segments = _segments_involved(lesions, rule)
        return FrillingType.III, f"{intro}, disseminated over {len(segments)} segments."
    return _unclassifiable(f"{intro}, neither one bulk with smaller deposits nor disseminated.")


def _has_bulk(lesions: Sequence[Lesion], rule: FrillingRule) -> bool:
    ordered = sorted(lesions, key=_volume_ml, reverse=True)
    bulk, *others = ordered
    total_ml = sum(_volume_ml(lesion) for lesion in ordered)
    return (
        bulk.feret_3d_mm >= rule.bulk_diameter_mm
        and round(_volume_ml(bulk) / (total_ml or 1.0), SHARE_DECIMALS) >= rule.bulk_share
        and all(_volume_ml(o) <= rule.deposit_share * _volume_ml(bulk) for o in others)
    )


def _is_disseminated(lesions: Sequence[Lesion], rule: FrillingRule) -> bool:
    return (
        len(lesions) >= rule.disseminated_lesions
        and len(_segments_involved(lesions, rule)) >= rule.disseminated_segments
    )


LOBES = (("right", RIGHT_LOBE), ("left", LEFT_LOBE))


def lobes_involved(
    lesions: Sequence[Lesion], *, rule: FrillingRule = OPERATIONAL_RULE
) -> tuple[str, ...]:
    """Return the lobes that lesions involve: ``right``, ``left``; segment I belongs to neither.

    A lobe is involved where one lesion has at least ``involvement_share`` of its volume in it.
    Lesions without segments involve none.
    """
    return tuple(
        name
        for name, lobe in LOBES
        if any(_share_in(lesion, lobe) >= rule.involvement_share for lesion in lesions)
    )


def _segments_involved(lesions: Sequence[Lesion], rule: FrillingRule) -> frozenset[CouinaudSegment]:
    return frozenset(
        segment
        for segment in CouinaudSegment
        if any(_share_in(lesion, {segment}) >= rule.involvement_share for lesion in lesions)
    )


def _share_in(lesion: Lesion, segments: frozenset[CouinaudSegment] | set[CouinaudSegment]) -> float:
    shares = lesion.segment_fractions or {}
    involved = sum(share for segment, share in shares.items() if segment in segments)
    return round(involved, SHARE_DECIMALS)


def _parenchyma_share(report: VolumetryReport) -> float | None:
    burden = report.burden_fraction.value
    return None if burden is None else round(1.0 - burden, SHARE_DECIMALS)


def _volume_ml(lesion: Lesion) -> float:
    return lesion.volume_ml.value or 0.0


def _count(lesions: Sequence[Lesion]) -> str:
    return wording.counted(len(lesions), "lesion")


def _parenchyma_words(parenchyma: float, rule: FrillingRule) -> str:
    return (
        f"virtually no normal parenchyma ({wording.percent(parenchyma)} of the liver, below "
        f"{100 * rule.parenchyma_share:g} %)"
    )


def _unclassifiable(reason: str) -> Classified:
    return FrillingType.UNCLASSIFIABLE, reason


def _caution(lesions: Sequence[Lesion]) -> str:
    unconfirmed = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in lesions)
    if not unconfirmed:
        return ""
    return f" Not confirmed by a reader: {unconfirmed} of {_count(lesions)}."


def _no_lesion_reason(report: VolumetryReport) -> str:
    if report.tumour_ml.value is None:
        return f"The lesions are not known: {report.tumour_ml.reason}."
    rejected = len(report.lesions)
    reason = "No lesion to classify"
    if rejected:
        reason += f" ({wording.counted(rejected, 'lesion')} rejected)"
    if scan_cuts_liver(report):
        reason += " in the part of the liver that was scanned"
    return f"{reason}."
