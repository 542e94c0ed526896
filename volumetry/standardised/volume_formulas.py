"""Liver volumes expected from body size, as data: each with its paper, population and limits.

Coefficients that were read in a source are ``VERIFIED``. Those that were only recalled are
``UNVERIFIED``: they are never the default, say so wherever they show, and take no part in the
formula sensitivity. Papers that weighed livers give grams; the tool takes 1 g as 1 mL and says so.
Every formula is for adults; the centiles that exist for children are left out on purpose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor
from types import MappingProxyType

from remnant.core.findings import SourceStatus
from remnant.core.reasons import Cause, Reason, reason
from volumetry.standardised.body_facts import Fact, Facts

CHOUKER_AGES_YEARS = (16, 70)
CHOUKER_OLDER_FROM_YEARS = 51
FENG_OLD_YEARS = 70
YUAN_LAST_YEARS = (40, 60)
"""Last year of age of Yuan's first and second class; all older people are in the third."""
THAI_AUTOPSIES = 20


def _nothing(facts: Facts) -> Reason | None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeFormula:
    """One formula of standardised (estimated total) liver volume.

    Parameters
    ----------
    id
        Paper and variant.
    compute
        mL from the facts it ``needs``.
    needs
        Facts without which there is no value.
    source, read_in
        Keys of the paper that made the formula and of the text in which the coefficients were read;
        ``read_in`` is ``None`` for those that were only recalled.
    population
        Whom it was fitted to.
    validity
        Its limits in words; empty where none were read.
    in_grams
        The paper gives grams, or mixes weight and volume.
    bsa_formula
        BSA formula that the paper used; ``None`` where it names none or needs no BSA.
    bsa_status
        Whether that BSA formula was read in the source.
    refuse, caution
        Reason not to give a value, or to read it with care, for these facts; ``None`` for none.
    """

    id: str
    compute: Callable[[Facts], float]
    needs: tuple[Fact, ...]
    source: str
    read_in: str | None
    population: str
    validity: str = ""
    in_grams: bool = False
    bsa_formula: str | None = None
    bsa_status: SourceStatus | None = None
    refuse: Callable[[Facts], Reason | None] = _nothing
    caution: Callable[[Facts], Reason | None] = _nothing

    @property
    def status(self) -> SourceStatus:
        """Whether the coefficients were read in a source."""
        return SourceStatus.UNVERIFIED if self.read_in is None else SourceStatus.VERIFIED


def _linear(intercept: float, slopes: Mapping[Fact, float]) -> Callable[[Facts], float]:
    """Return a formula that is a sum, such as Vauthey's 1267.28 · BSA − 794.41.

    >>> round(_linear(-794.41, {Fact.BSA_M2: 1267.28})({Fact.BSA_M2: 1.8}), 1)
    1486.7
    """

    def compute(facts: Facts) -> float:
        return intercept + sum(slope * facts[fact] for fact, slope in slopes.items())

    return compute


def _chouker(facts: Facts) -> float:
    """Two sums that meet at the age of 51; sex counts in the younger one alone.

    >>> man = {Fact.WEIGHT_KG: 80.0, Fact.FEMALE: 0.0}
    >>> [round(_chouker({**man, Fact.AGE_YEARS: age}), 1) for age in (40.0, 60.0)]
    [2233.2, 1893.6]
    """
    age, weight = facts[Fact.AGE_YEARS], facts[Fact.WEIGHT_KG]
    if age < CHOUKER_OLDER_FROM_YEARS:
        return 452.0 + 16.34 * weight + 11.85 * age - 166.0 * facts[Fact.FEMALE]
    return 1390.0 + 15.94 * weight - 12.86 * age


def _refuse_chouker(facts: Facts) -> Reason | None:
    youngest, oldest = CHOUKER_AGES_YEARS
    if youngest <= floor(facts[Fact.AGE_YEARS]) <= oldest:
        return None
    return reason(Cause.FORMULA_OUT_OF_AGE, "chouker2004", youngest, oldest)


def _yu(facts: Facts) -> float:
    """Powers of weight and height.

    >>> round(_yu({Fact.WEIGHT_KG: 60.0, Fact.HEIGHT_CM: 165.0}), 1)
    1363.6
    """
    return float(21.585 * facts[Fact.WEIGHT_KG] ** 0.732 * facts[Fact.HEIGHT_CM] ** 0.225)


def _chan(facts: Facts) -> float:
    """Sum, with 51 more for men.

    >>> [round(_chan({Fact.WEIGHT_KG: 60.0, Fact.FEMALE: female}), 1) for female in (1.0, 0.0)]
    [956.0, 1007.0]
    """
    return 218.0 + 12.3 * facts[Fact.WEIGHT_KG] + 51.0 * (1.0 - facts[Fact.FEMALE])


def _johnson(facts: Facts) -> float:
    """Raise the body surface area to a power.

    >>> round(_johnson({Fact.BSA_M2: 1.0}), 1)
    722.0
    """
    return float(722.0 * facts[Fact.BSA_M2] ** 1.176)


def _yuan(facts: Facts) -> float:
    """Sum, with the age as a class: 1 up to 40 years, 2 up to 60, else 3.

    >>> [round(_yuan({Fact.BSA_M2: 1.7, Fact.AGE_YEARS: age}), 1) for age in (40.0, 41.0, 61.0)]
    [1318.8, 1270.5, 1222.2]
    """
    age_class = 1 + sum(floor(facts[Fact.AGE_YEARS]) > last for last in YUAN_LAST_YEARS)
    return 949.7 * facts[Fact.BSA_M2] - 48.3 * age_class - 247.4


def _caution_feng(facts: Facts) -> Reason | None:
    old = facts.get(Fact.AGE_YEARS, 0.0) > FENG_OLD_YEARS
    return reason(Cause.FORMULA_OVERESTIMATES, "feng2017", FENG_OLD_YEARS) if old else None


def _caution_thai(facts: Facts) -> Reason | None:  # noqa: ARG001
    return reason(Cause.FORMULA_MISPRINTED, THAI_AUTOPSIES)


_READ = (
    VolumeFormula(
        id="vauthey2002_bsa",
        compute=_linear(-794.41, {Fact.BSA_M2: 1267.28}),
        needs=(Fact.BSA_M2,),
        source="vauthey2002",
        read_in="ribero2013",
        population="292 Western adults (number recalled, not read)",
        bsa_formula="mosteller1987",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="urata1995",
        compute=_linear(2.4, {Fact.BSA_M2: 706.2}),
        needs=(Fact.BSA_M2,),
        source="urata1995",
        read_in="pmc6422720",
        population="Japanese",
        bsa_formula="dubois1916",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="heinemann1999",
        compute=_linear(-345.7, {Fact.BSA_M2: 1072.8}),
        needs=(Fact.BSA_M2,),
        source="heinemann1999",
        read_in="heinemann1999",
        population="1332 Caucasian autopsies",
        in_grams=True,
    ),
    VolumeFormula(
        id="chouker2004",
        compute=_chouker,
        needs=(Fact.WEIGHT_KG, Fact.AGE_YEARS, Fact.FEMALE),
        source="chouker2004",
        read_in="chouker2004",
        population="728 autopsies",
        validity="16-50 and 51-70 years, each with its own coefficients",
        in_grams=True,
        refuse=_refuse_chouker,
    ),
    VolumeFormula(
        id="yu2004",
        compute=_yu,
        needs=(Fact.WEIGHT_KG, Fact.HEIGHT_CM),
        source="yu2004",
        read_in="kim2013",
        population="Korean",
    ),
    VolumeFormula(
        id="chan2006",
        compute=_chan,
        needs=(Fact.WEIGHT_KG, Fact.FEMALE),
        source="chan2006",
        read_in="chan2006",
        population="159 living donors, Hong Kong",
        in_grams=True,
    ),
    VolumeFormula(
        id="um2015_mosteller",
        compute=_linear(-439.169, {Fact.BSA_M2: 893.485}),
        needs=(Fact.BSA_M2,),
        source="um2015",
        read_in="um2015",
        population="1000 Korean living donors",
        bsa_formula="mosteller1987",
        bsa_status=SourceStatus.VERIFIED,
    ),
    VolumeFormula(
        id="um2015_dubois",
        compute=_linear(-464.728, {Fact.BSA_M2: 908.204}),
        needs=(Fact.BSA_M2,),
        source="um2015",
        read_in="um2015",
        population="1000 Korean living donors",
        bsa_formula="dubois1916",
        bsa_status=SourceStatus.VERIFIED,
    ),
    VolumeFormula(
        id="feng2017",
        compute=_linear(-124.272, {Fact.BSA_M2: 758.259}),
        needs=(Fact.BSA_M2,),
        source="feng2017",
        read_in="feng2017",
        population="369 Chinese adults",
        validity="overestimates above 70 years",
        caution=_caution_feng,
    ),
    VolumeFormula(
        id="kokudo2015",
        compute=_linear(
            203.3, {Fact.AGE_YEARS: -3.61, Fact.THORACIC_WIDTH_CM: 58.7, Fact.ASIAN: -463.7}
        ),
        needs=(Fact.AGE_YEARS, Fact.THORACIC_WIDTH_CM, Fact.ASIAN),
        source="kokudo2015",
        read_in="kokudo2015",
        population="180 Japanese and 160 Swiss",
    ),
    VolumeFormula(
        id="tu2007",
        compute=_linear(121.75, {Fact.WEIGHT_KG: 16.49}),
        needs=(Fact.WEIGHT_KG,),
        source="tu2007",
        read_in="pmc4171167",
        population="Chinese",
    ),
    VolumeFormula(
        id="thai_bw",
        compute=_linear(0.0, {Fact.WEIGHT_KG: 19.59}),
        needs=(Fact.WEIGHT_KG,),
        source="hatthapornsawan",
        read_in="hatthapornsawan",
        population="20 Thai autopsies",
        caution=_caution_thai,
    ),
    VolumeFormula(
        id="thai_bsa",
        compute=_linear(0.0, {Fact.BSA_M2: 721.31}),
        needs=(Fact.BSA_M2,),
        source="hatthapornsawan",
        read_in="hatthapornsawan",
        population="20 Thai autopsies",
        caution=_caution_thai,
    ),
)

_RECALLED = (
    VolumeFormula(
        id="vauthey2002_bw",
        compute=_linear(191.8, {Fact.WEIGHT_KG: 18.51}),
        needs=(Fact.WEIGHT_KG,),
        source="vauthey2002",
        read_in=None,
        population="292 Western adults (number recalled, not read)",
    ),
    VolumeFormula(
        id="johnson2005",
        compute=_johnson,
        needs=(Fact.BSA_M2,),
        source="johnson2005",
        read_in=None,
        population="not recorded",
        bsa_formula="mosteller1987",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="hashimoto2006",
        compute=_linear(-404.8, {Fact.BSA_M2: 961.3}),
        needs=(Fact.BSA_M2,),
        source="hashimoto2006",
        read_in=None,
        population="not recorded",
        bsa_formula="dubois1916",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="yoshizumi2003",
        compute=_linear(0.0, {Fact.BSA_M2: 772.0}),
        needs=(Fact.BSA_M2,),
        source="yoshizumi2003",
        read_in=None,
        population="not recorded",
        bsa_formula="mosteller1987",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="fugui2009",
        compute=_linear(334.024, {Fact.WEIGHT_KG: 11.508}),
        needs=(Fact.WEIGHT_KG,),
        source="fugui2009",
        read_in=None,
        population="not recorded",
    ),
    VolumeFormula(
        id="poovathumkadavil2010",
        compute=_linear(555.65, {Fact.WEIGHT_KG: 12.26}),
        needs=(Fact.WEIGHT_KG,),
        source="poovathumkadavil2010",
        read_in=None,
        population="Saudi",
    ),
    VolumeFormula(
        id="deland1968",
        compute=_linear(-220.0, {Fact.BSA_M2: 1020.0}),
        needs=(Fact.BSA_M2,),
        source="deland1968",
        read_in=None,
        population="not recorded",
        bsa_formula="dubois1916",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
    VolumeFormula(
        id="lin1998",
        compute=_linear(-1530.0, {Fact.HEIGHT_CM: 13.0, Fact.WEIGHT_KG: 12.0}),
        needs=(Fact.HEIGHT_CM, Fact.WEIGHT_KG),
        source="lin1998",
        read_in=None,
        population="not recorded",
    ),
    VolumeFormula(
        id="yuan2008",
        compute=_yuan,
        needs=(Fact.BSA_M2, Fact.AGE_YEARS),
        source="yuan2008",
        read_in=None,
        population="not recorded",
        validity="three classes of age: up to 40, 41-60, over 60 years",
        bsa_formula="dubois1916",
        bsa_status=SourceStatus.UNVERIFIED,
    ),
)

FORMULAS: Mapping[str, VolumeFormula] = MappingProxyType({f.id: f for f in (*_READ, *_RECALLED)})
