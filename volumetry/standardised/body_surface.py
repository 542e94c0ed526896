"""Body surface area formulas, as data: m² from height in cm and weight in kg."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log10, sqrt
from types import MappingProxyType

from remnant.core.errors import InputError
from remnant.core.findings import SourceStatus
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.units import G_PER_KG
from volumetry.standardised.body_facts import Fact, Facts, assumed_size, facts_of, missing_facts

DEFAULT_BSA_FORMULA = "mosteller1987"

HEIGHT_AND_WEIGHT = (Fact.HEIGHT_CM, Fact.WEIGHT_KG)


@dataclass(frozen=True, slots=True, kw_only=True)
class BsaFormula:
    """One formula of body surface area.

    Parameters
    ----------
    id
        Author and year, also the key of its source.
    compute
        m² from the facts it ``needs``.
    needs
        Facts without which there is no value.
    validity
        For whom it was made, as far as its source was read; empty where nothing was.
    status
        Whether the coefficients were read in a source.
    """

    id: str
    compute: Callable[[Facts], float]
    needs: tuple[Fact, ...] = HEIGHT_AND_WEIGHT
    validity: str = ""
    status: SourceStatus = SourceStatus.VERIFIED


def _power(factor: float, height: float, weight: float) -> Callable[[Facts], float]:
    """Return a formula of powers, such as Du Bois' 0.007184 · cm^0.725 · kg^0.425.

    >>> compute = _power(0.007184, 0.725, 0.425)
    >>> round(compute({Fact.HEIGHT_CM: 175.0, Fact.WEIGHT_KG: 80.0}), 3)
    1.956
    """

    def compute(facts: Facts) -> float:
        return float(factor * facts[Fact.HEIGHT_CM] ** height * facts[Fact.WEIGHT_KG] ** weight)

    return compute


def _mosteller(facts: Facts) -> float:
    """Root of height times weight over 3600.

    >>> _mosteller({Fact.HEIGHT_CM: 180.0, Fact.WEIGHT_KG: 80.0})
    2.0
    """
    return sqrt(facts[Fact.HEIGHT_CM] * facts[Fact.WEIGHT_KG] / 3600.0)


def _boyd(facts: Facts) -> float:
    """Power of the weight in grams, whose exponent falls with the weight.

    >>> round(_boyd({Fact.HEIGHT_CM: 175.0, Fact.WEIGHT_KG: 80.0}), 3)
    1.99
    """
    weight_g = facts[Fact.WEIGHT_KG] * G_PER_KG
    exponent = 0.7285 - 0.0188 * log10(weight_g)
    return float(0.0003207 * facts[Fact.HEIGHT_CM] ** 0.3 * weight_g**exponent)


def _livingston(facts: Facts) -> float:
    """Power of the weight alone.

    >>> round(_livingston({Fact.WEIGHT_KG: 80.0}), 3)
    1.995
    """
    return float(0.1173 * facts[Fact.WEIGHT_KG] ** 0.6466)


_SCHLICH_WOMEN = _power(0.000975482, 1.08, 0.46)
_SCHLICH_MEN = _power(0.000579479, 1.24, 0.38)


def _schlich(facts: Facts) -> float:
    return _SCHLICH_WOMEN(facts) if facts[Fact.FEMALE] else _SCHLICH_MEN(facts)


_ALL = (
    BsaFormula(id="mosteller1987", compute=_mosteller),
    BsaFormula(id="dubois1916", compute=_power(0.007184, 0.725, 0.425)),
    BsaFormula(id="haycock1978", compute=_power(0.024265, 0.3964, 0.5378)),
    BsaFormula(id="gehan1970", compute=_power(0.0235, 0.42246, 0.51456)),
    BsaFormula(id="boyd1935", compute=_boyd),
    BsaFormula(id="fujimoto1968", compute=_power(0.008883, 0.663, 0.444)),
    BsaFormula(id="takahira1925", compute=_power(0.007241, 0.725, 0.425)),
    BsaFormula(id="shuter2000", compute=_power(0.00949, 0.655, 0.441)),
    BsaFormula(
        id="schlich2010",
        compute=_schlich,
        needs=(*HEIGHT_AND_WEIGHT, Fact.FEMALE),
        validity="women and men have their own coefficients",
    ),
    BsaFormula(
        id="livingston2001",
        compute=_livingston,
        needs=(Fact.WEIGHT_KG,),
        validity="10 kg and heavier",
    ),
)

BSA_FORMULAS: Mapping[str, BsaFormula] = MappingProxyType({f.id: f for f in _ALL})


def bsa_formula(identifier: str) -> BsaFormula:
    """Look a body surface area formula up.

    Raises
    ------
    InputError
        There is none of that name.
    """
    if identifier not in BSA_FORMULAS:
        raise InputError(
            f"'{identifier}' is no body surface area formula; allowed are {', '.join(BSA_FORMULAS)}"
        )
    return BSA_FORMULAS[identifier]


def body_surface_area(patient: Patient, *, formula: str = DEFAULT_BSA_FORMULA) -> Quantity:
    """Estimate the body surface area.

    Parameters
    ----------
    patient
        Height and weight, and for ``schlich2010`` the sex.
    formula
        One of ``BSA_FORMULAS``. 25 published ones differ by up to 0.5 m² (``redlarski2016``).

    Returns
    -------
    Quantity
        m², never 0; absent with the missing facts named.

    Raises
    ------
    InputError
        There is no formula of that name.
    """
    chosen = bsa_formula(formula)
    facts = facts_of(patient)
    lacking = missing_facts(formula, chosen.needs, facts)
    if lacking:
        return Quantity.absent(lacking)
    return Quantity(chosen.compute(facts), reasons=assumed_size(patient))
