"""How sure the figures are, for readers: shares of draws, parts of uncertainty, other formulas.

A probability is written as "71 in 100", never as percent: beside "31.2 %" of a liver volume a
second percentage would be read as another volume.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.plan import Remnant, Resection
from remnant.core.quantity import Interval, Quantity, UncertaintyPart
from remnant.core.volumetry_report import BurdenClass, VolumetryReport
from remnant.wording.language import localised, message, say
from remnant.wording.numbers import interval, plain, shown
from remnant.wording.phrases import listed
from remnant.wording.volumes import CLASS_WORDS
from remnant.wording.words import PART_WORDS

HUNDRED: Final = 100
SEEN: Final = 0.01
ALMOST_ALL: Final = 0.995
ALMOST_NONE: Final = 0.005
MOSTLY: Final = 0.6
MATTERS: Final = 0.15
AS_MEASURED: Final = message("as measured")
FURTHER: Final = ".further."


@dataclass(frozen=True, slots=True)
class Share:
    """One part of an uncertainty: its words and its share of the variance in [0, 1]."""

    part: UncertaintyPart
    words: str
    fraction: float

    @property
    def percent(self) -> str:
        """The share in percent, for people."""
        return localised(f"{HUNDRED * self.fraction:.0f}")

    @property
    def width(self) -> str:
        """The share in percent as a width; empty where it is too small to be seen."""
        return f"{HUNDRED * self.fraction:.1f}" if self.fraction >= SEEN else ""


class Outcome(Protocol):
    """What would remain and be taken, with findings on both: a resection, or a plan's outcome."""

    @property
    def remnant(self) -> Remnant:
        """What would stay."""
        ...

    @property
    def debulked_fraction(self) -> Quantity:
        """Share of the tumour volume that would be gone."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Verdicts on both."""
        ...


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What a plan comes to, in the form of a resection's figures."""

    remnant: Remnant
    debulked_fraction: Quantity
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, plan: DebulkingPlan) -> Self:
        """Return the outcome of a plan."""
        return cls(plan.result.remnant, plan.result.debulked_fraction, plan.findings)


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding with a threshold, and the quantity that was held against it.

    ``quantity`` is ``None`` where the resection has none on the finding's basis.
    """

    finding: Finding
    quantity: Quantity | None

    @property
    def number(self) -> str:
        """The figure that was judged, in percent or its unit; empty where there is none."""
        if self.quantity is None or self.quantity.value is None:
            return ""
        if self.finding.basis in FRACTIONS:
            limits = () if self.finding.limit is None else (self.finding.limit,)
            return f"{shown(self.quantity, fraction=True, limits=limits)} %"
        unit = " %" if self.finding.basis is Basis.BODY_WEIGHT else " mL/m²"
        return shown(self.quantity) + unit

    @property
    def doubtful(self) -> bool:
        """Whether the measurement error alone could well turn the verdict round."""
        return self.finding.verdict is Verdict.UNCERTAIN


@dataclass(frozen=True, slots=True)
class FormulaSpan:
    """The sFLR of one remnant under every applicable formula.

    ``crossed`` are the minima of the sFLR, as fractions, that some of the formulas reach and others
    do not; those of sources that do not name the volume they mean are among them. Where the scan
    cuts the remnant (``partial``) every ratio is one of the part within it and none is crossed.
    """

    low: float
    low_formula: str
    high: float
    high_formula: str
    crossed: tuple[float, ...]
    partial: bool


FRACTIONS: Final = frozenset(Basis) - {Basis.BODY_WEIGHT, Basis.BODY_SURFACE_AREA}


def of_hundred(probability: float | None) -> str:
    """Write a probability as a count of 100 draws, ends left open; empty for ``None``.

    >>> of_hundred(0.714), of_hundred(1.0), of_hundred(0.0), of_hundred(None)
    ('71', '> 99', '< 1', '')
    """
    if probability is None:
        return ""
    if probability >= ALMOST_ALL:
        return "> 99"
    if probability <= ALMOST_NONE:
        return "< 1"
    return f"{round(HUNDRED * probability)}"


def is_partial(quantity: Quantity) -> bool:
    """Tell whether an interval describes what was measured and not the whole truth: a bound."""
    return quantity.bound is not None or quantity.indicative


def spread(quantity: Quantity, *, fraction: bool = False) -> str:
    """Write a quantity's interval, labelled where it is that of a bound as measured."""
    known = interval(quantity, fraction=fraction)
    return f"{known} {say(AS_MEASURED)}" if known and is_partial(quantity) else known


def shares(known: Interval | None) -> tuple[Share, ...]:
    """Return each part's share of the variance, the largest first; parts without any left out.

    Each part is taken alone; the shares are scaled to add up to 1.
    """
    if known is None:
        return ()
    variances = {part: sd * sd for part, sd in known.sds.items() if sd > 0.0}
    whole = sum(variances.values())
    found = (Share(p, PART_WORDS[p], v / whole) for p, v in variances.items() if whole > 0.0)
    return tuple(sorted(found, key=lambda share: -share.fraction))


def origin(known: Interval | None) -> str:
    """Say what an uncertainty comes from, e.g. ``mostly from segment borders``."""
    return _origin_words(_main_parts(known))


def origins(known: Iterable[Interval | None]) -> str:
    """Say what several uncertainties come from, each kind once, the most frequent first.

    Two with the same parts are of one kind, whichever of their parts is the larger.
    """
    found = [parts for parts in map(_main_parts, known) if parts]
    wording = {frozenset(parts): parts for parts in reversed(found)}
    kinds = Counter(map(frozenset, found)).most_common()
    return say(", some ").join(_origin_words(wording[kind]) for kind, _ in kinds)


def _main_parts(known: Interval | None) -> tuple[str, ...]:
    """Return the words of the parts that matter, one where it outweighs all others."""
    parts = shares(known)
    if parts and parts[0].fraction >= MOSTLY:
        return (parts[0].words,)
    return tuple(share.words for share in parts if share.fraction >= MATTERS)


def _origin_words(parts: tuple[str, ...]) -> str:
    if len(parts) <= 1:
        return say("mostly from {part}", part=parts[0]) if parts else ""
    return say("from {parts}", parts=listed(parts))


def judged(resection: Outcome) -> Mapping[str, Judged]:
    """Return every finding on an outcome by its id, beside the quantity that it judged."""
    return {f.id: Judged(f, _quantity(f, resection)) for f in resection.findings}


def minima(resection: Outcome) -> tuple[Judged, ...]:
    """Return the distinct minima that a remnant is held against, lowest first.

    Several sources that ask for the same share of the same volume appear once, where they agree on
    the verdict. Further minima of single papers stand among the findings only.
    """
    known = judged(resection).values()
    found = [j for j in known if j.finding.id.startswith("flr.") and FURTHER not in j.finding.id]
    numbered = [j for j in found if None not in (j.finding.limit, j.finding.basis)]
    distinct = {
        (j.finding.limit, j.finding.basis, j.finding.inclusive, j.finding.verdict): j
        for j in reversed(numbered)
    }
    return tuple(sorted(distinct.values(), key=lambda j: j.finding.limit or 0.0))


def debulking_minima(resection: Outcome) -> tuple[Judged, ...]:
    """Return the distinct shares of the tumour volume that sources ask for, lowest first."""
    found = [j for j in judged(resection).values() if j.finding.basis is Basis.TUMOUR_VOLUME]
    numbered = [j for j in found if j.finding.limit is not None]
    distinct = {(j.finding.limit, j.finding.inclusive): j for j in reversed(numbered)}
    return tuple(sorted(distinct.values(), key=lambda j: j.finding.limit or 0.0))


def short_demand(finding: Finding) -> str:
    """Write a minimum as ``≥ 30 %``; empty without a number."""
    if finding.limit is None or finding.basis is None:
        return ""
    sign = "≥" if finding.inclusive else ">"
    if finding.basis in FRACTIONS:
        return say("{sign} {limit:g} %", sign=sign, limit=HUNDRED * finding.limit)
    return f"{sign} {plain(finding.limit)}"


def limit_words(value: float, basis: Basis) -> str:
    """Write a limit with its unit, without its sign.

    >>> limit_words(0.3, Basis.STANDARDISED_TLV), limit_words(250.0, Basis.BODY_SURFACE_AREA)
    ('30 %', '250 mL/m²')
    """
    number = HUNDRED * value if basis in FRACTIONS else value
    return say(
        "{number:g} {unit}",
        number=number,
        unit="mL/m²" if basis is Basis.BODY_SURFACE_AREA else "%",
    )


def formula_span(resection: Resection, chosen: str) -> FormulaSpan | None:
    """Return how far the choice of formula alone moves an sFLR.

    ``chosen`` is the formula of the resection's own sFLR. ``None`` where no other formula applies
    or the sFLR is absent.
    """
    value = resection.remnant.sflr.value
    if value is None or not resection.sflr_by_formula:
        return None
    every = {chosen: value, **resection.sflr_by_formula}
    low, high = (choose(every, key=every.__getitem__) for choose in (min, max))
    partial = is_partial(resection.remnant.sflr)
    crossed = () if partial else tuple(_crossed(resection, every[low], every[high]))
    return FormulaSpan(every[low], low, every[high], high, crossed, partial)


def burden_classes(report: VolumetryReport) -> tuple[tuple[str, str], ...]:
    """Return the classes of tumour load that are not almost impossible, with draws of 100."""
    known = report.burden_class_probabilities or {}
    return tuple(
        (CLASS_WORDS[found], of_hundred(known[found]))
        for found in BurdenClass
        if known.get(found, 0.0) > ALMOST_NONE
    )


def _crossed(resection: Resection, low: float, high: float) -> Iterator[float]:
    demanded = {
        f.limit: f.inclusive
        for f in resection.findings
        if f.basis in (Basis.STANDARDISED_TLV, Basis.UNSPECIFIED) and f.limit is not None
    }
    for limit, inclusive in sorted(demanded.items()):
        if (low < limit <= high) if inclusive else (low <= limit < high):
            yield limit


def _quantity(finding: Finding, resection: Outcome) -> Quantity | None:
    remnant = resection.remnant
    single = {
        Basis.STANDARDISED_TLV: remnant.sflr,
        Basis.MEASURED_FUNCTIONAL_TLV: remnant.flr_measured_fraction,
        Basis.BODY_WEIGHT: remnant.flr_body_weight_percent,
        Basis.BODY_SURFACE_AREA: remnant.flr_ml_per_m2,
        Basis.TUMOUR_VOLUME: resection.debulked_fraction,
    }
    if finding.basis is not Basis.UNSPECIFIED:
        return single.get(finding.basis) if finding.basis else None
    both = (remnant.sflr, remnant.flr_measured_fraction)
    known = [q for q in both if q.value is not None]
    return min(known, key=lambda q: q.value or 0.0, default=None)
