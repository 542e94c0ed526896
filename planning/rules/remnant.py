"""Rules of the literature as data: future liver remnant and debulking.

Every number was read in the source it names or, where ``status`` says so, is this project's own.
A threshold binds only to the denominator of its source; where the source prints none that is
precise, the basis is :attr:`Basis.UNSPECIFIED` and both fractions are held against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from remnant.core.findings import Basis, Comparison, SourceStatus, Threshold
from remnant.core.patient import LiverBackground

PROJECT_SOURCE = "remnant_rules"
UNKNOWN_BACKGROUND_MINIMUM = 0.40


@dataclass(frozen=True, slots=True, kw_only=True)
class RemnantMinimum:
    """The smallest FLR that a source accepts for one kind of liver.

    ``population`` names that liver in plain words. ``reading`` is set where the source does not
    name the background and this project reads it as that population; ``not_asked`` says what the
    source makes a condition and the background does not tell, empty where there is nothing.
    ``compensated`` is set where the source speaks of a compensated liver: where nobody told, the
    minimum is never met. ``over_weeks`` is set where the population had chemotherapy for longer
    than so many weeks: once that length is known there is nothing left to read, see
    :meth:`RemnantRuleSet.minimum`.
    """

    threshold: Threshold
    population: str
    reading: bool = False
    not_asked: str = ""
    over_weeks: float | None = None
    compensated: bool = False

    @property
    def status(self) -> SourceStatus:
        """Status of the verdict: the project's own where it rests on a reading."""
        return SourceStatus.PROJECT if self.reading else self.threshold.status


@dataclass(frozen=True, slots=True, kw_only=True)
class RemnantRuleSet:
    """FLR minima of one source, or of several primary papers read together.

    Parameters
    ----------
    id
        Machine name; findings are called ``flr.<id>``.
    title
        Name for people.
    minima
        Minimum by known liver background; a background that is left out has no evidence here.
    source
        Key cited where there is no evidence.
    flat
        The source names no background: one minimum holds for all.
    remark
        Sentence added to every text, empty when there is none.
    """

    id: str
    title: str
    minima: Mapping[LiverBackground, RemnantMinimum]
    source: str
    flat: bool = False
    remark: str = field(default="")

    def minimum(
        self, background: LiverBackground, *, chemotherapy_weeks: float | None = None
    ) -> RemnantMinimum | None:
        """Return the minimum for one kind of liver, ``None`` where there is no evidence.

        Chemotherapy that was long enough makes a normal liver one of that population too;
        chemotherapy that was not takes a liver out of it.
        """
        found = self.minima.get(background)
        if chemotherapy_weeks is None:
            return found
        normal = background is LiverBackground.NORMAL
        longer = self.minima.get(LiverBackground.CHEMOTHERAPY) if normal else found
        if longer is None or longer.over_weeks is None:
            return found
        if chemotherapy_weeks > longer.over_weeks:
            return replace(longer, reading=False, not_asked="")
        return found if normal else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DebulkingRule:
    """A share of the tumour load that a source asks to be removed."""

    id: str
    title: str
    threshold: Threshold
    remark: str = field(default="")


def _minimum(
    value: float,
    basis: Basis,
    source: str,
    population: str,
    *,
    reading: bool = False,
    not_asked: str = "",
    over_weeks: float | None = None,
) -> RemnantMinimum:
    threshold = Threshold(value=value, basis=basis, source=source, status=SourceStatus.VERIFIED)
    return RemnantMinimum(
        threshold=threshold,
        population=population,
        reading=reading,
        not_asked=not_asked,
        over_weeks=over_weeks,
    )


def _flat(minimum: RemnantMinimum) -> dict[LiverBackground, RemnantMinimum]:
    known = (b for b in LiverBackground if b is not LiverBackground.UNKNOWN)
    return dict.fromkeys(known, minimum)


_DISEASED = _minimum(
    0.30, Basis.UNSPECIFIED, "gepnetlm_review", "significant underlying liver disease", reading=True
)
_FIBROTIC = _minimum(
    0.40, Basis.MEASURED_FUNCTIONAL_TLV, "azoulay2000", "a fibrotic or cirrhotic liver"
)
_MACHAIRAS = _minimum(0.30, Basis.UNSPECIFIED, "machairas2021", "every liver")
_CLOYD = _minimum(0.20, Basis.STANDARDISED_TLV, "cloyd2020", "every liver")

GEPNETLM_REVIEW = RemnantRuleSet(
    id="gepnetlm_review",
    title="GEP-NET liver metastases review",
    source="gepnetlm_review",
    minima={
        LiverBackground.NORMAL: _minimum(
            0.20, Basis.STANDARDISED_TLV, "gepnetlm_review", "a normal liver"
        ),
        LiverBackground.CHEMOTHERAPY: _DISEASED,
        LiverBackground.STEATOSIS: _DISEASED,
        LiverBackground.FIBROSIS: _DISEASED,
        LiverBackground.CIRRHOSIS: replace(
            _minimum(0.40, Basis.UNSPECIFIED, "gepnetlm_review", "well-compensated cirrhosis"),
            compensated=True,
        ),
    },
)
PRIMARY_PAPERS = RemnantRuleSet(
    id="primary_papers",
    title="Primary papers (Kishi, Shindoh, Azoulay)",
    source="pmc6422720",
    minima={
        LiverBackground.NORMAL: _minimum(
            0.20, Basis.STANDARDISED_TLV, "kishi2009", "a normal liver"
        ),
        LiverBackground.CHEMOTHERAPY: _minimum(
            0.30,
            Basis.STANDARDISED_TLV,
            "shindoh2013",
            "chemotherapy over more than 12 weeks",
            reading=True,
            not_asked="how long chemotherapy lasted",
            over_weeks=12.0,
        ),
        LiverBackground.FIBROSIS: _FIBROTIC,
        LiverBackground.CIRRHOSIS: _FIBROTIC,
    },
)
CLOYD = RemnantRuleSet(
    id="cloyd2020",
    title="Cloyd 2020",
    source="cloyd2020",
    minima=_flat(_CLOYD),
    flat=True,
    remark="The same source also asks for two contiguous segments with vessels and bile drainage.",
)
MACHAIRAS = RemnantRuleSet(
    id="machairas2021_30",
    title="Machairas 2021",
    source="machairas2021",
    minima=_flat(_MACHAIRAS),
    flat=True,
)
REMNANT_RULE_SETS = (GEPNETLM_REVIEW, PRIMARY_PAPERS, CLOYD, MACHAIRAS)
RULE_SETS: Mapping[str, RemnantRuleSet] = {rule_set.id: rule_set for rule_set in REMNANT_RULE_SETS}

CONTIGUOUS_SEGMENTS_MINIMUM = 2
CONTIGUOUS_SEGMENTS_SOURCE = "cloyd2020"


def _debulking(
    value: float,
    source: str,
    title: str,
    *,
    comparison: Comparison = Comparison.AT_LEAST,
    remark: str,
) -> DebulkingRule:
    threshold = Threshold(
        value=value,
        basis=Basis.TUMOUR_VOLUME,
        comparison=comparison,
        source=source,
        status=SourceStatus.VERIFIED,
    )
    identifier = f"debulking.{round(100 * value)}.{source}"
    return DebulkingRule(id=identifier, title=title, threshold=threshold, remark=remark)


DEBULKING_70_MACHAIRAS = _debulking(
    0.70,
    "machairas2021",
    "Machairas 2021",
    remark="It names two groups, one with at least and one with more than 70 %.",
)
DEBULKING_90_MACHAIRAS = _debulking(
    0.90,
    "machairas2021",
    "Machairas 2021",
    remark="The classic limit, printed without a sign and read here as at least.",
)
DEBULKING_70_CLOYD = _debulking(
    0.70,
    "cloyd2020",
    "Cloyd 2020",
    comparison=Comparison.MORE,
    remark="Named there as what some propose.",
)
DEBULKING_90_CLOYD = _debulking(
    0.90,
    "cloyd2020",
    "Cloyd 2020",
    comparison=Comparison.MORE,
    remark="Its condition for selection, beside complete resection.",
)
DEBULKING_80_CLOYD = _debulking(
    0.80,
    "cloyd2020",
    "Cloyd 2020",
    remark="From series with 80 to 90 % removed; its lower end, read here as at least.",
)
DEBULKING_100_CLOYD = _debulking(
    1.0,
    "cloyd2020",
    "Cloyd 2020",
    remark="Complete; one group found comparable survival with 70, 90 and 100 %.",
)
DEBULKING_RULES = (
    DEBULKING_70_MACHAIRAS,
    DEBULKING_90_MACHAIRAS,
    DEBULKING_70_CLOYD,
    DEBULKING_80_CLOYD,
    DEBULKING_90_CLOYD,
    DEBULKING_100_CLOYD,
)
