from dataclasses import replace

import pytest

from planning.remnant.further_minima import further_remnant_findings
from planning.rules.flr import FURTHER_MINIMA
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
SHARED = {"pmc7893452", "pmc7002877"}
BY_BACKGROUND = {
    "normal": {"vauthey2000", "shoup2003", "schindl2005", "truant2007"},
    "chemotherapy": set(),
    "steatosis": set(),
    "fibrosis": {"kubota1997.40", "kubota1997.50", "shirabe1999"},
    "cirrhosis": {"kubota1997.40", "kubota1997.50", "shirabe1999"},
}
BY_BACKGROUND["unknown"] = set().union(*BY_BACKGROUND.values())


@pytest.fixture(scope="session")
def by_size(make_report):
    return make_report().standardised


def remnant(sflr=0.25, measured=0.25, weight=0.5, surface=250.0, *, bound=None, reason=None):
    def quantity(value):
        if value is None:
            return Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN))
        return Quantity(value, bound=bound, reasons=reason)

    return Remnant(
        flr_ml=Quantity(400.0),
        flr_measured_fraction=quantity(measured),
        sflr=quantity(sflr),
        flr_body_weight_percent=quantity(weight),
        flr_ml_per_m2=quantity(surface),
    )


def found(by_size, held, background="normal"):
    findings = further_remnant_findings(
        held, patient=Patient(background=LiverBackground(background)), standardised=by_size
    )
    return {f.id.removeprefix("flr.further."): f for f in findings}


@pytest.mark.parametrize("background", LiverBackground)
def test_further__only_those_of_the_kind_of_liver(by_size, background):
    expected = BY_BACKGROUND[background.value] | SHARED
    assert set(found(by_size, remnant(), background)) == expected


def test_further__a_formula_of_its_own(by_size):
    yu = replace(by_size, formula="yu2004")
    assert set(found(yu, remnant())) - set(found(by_size, remnant())) == {"kim2013"}
    assert found(yu, remnant(sflr=0.30))["kim2013"].verdict is NOT_MET
    assert found(yu, remnant(sflr=0.301))["kim2013"].verdict is MET


def test_further__nothing_where_the_ratio_is_not_known(by_size):
    held = found(by_size, remnant(sflr=None, weight=None))
    assert set(held) == {"shoup2003", "schindl2005", "pmc7893452"}


EDGES = [
    ("vauthey2000", {"sflr": 0.25}, NOT_MET),
    ("vauthey2000", {"sflr": 0.2501}, MET),
    ("shoup2003", {"measured": 0.25}, MET),
    ("shoup2003", {"measured": 0.2499}, NOT_MET),
    ("schindl2005", {"measured": 0.266}, MET),
    ("schindl2005", {"measured": 0.2659}, NOT_MET),
    ("truant2007", {"weight": 0.5}, MET),
    ("truant2007", {"weight": 0.4999}, NOT_MET),
    ("pmc7002877", {"weight": 0.55}, MET),
    ("pmc7002877", {"weight": 0.5499}, NOT_MET),
    ("pmc7893452", {"surface": 300.0}, MET),
    ("pmc7893452", {"surface": 299.9}, NOT_MET),
]


@pytest.mark.parametrize(("name", "ratio", "verdict"), EDGES)
def test_further__at_each_edge(by_size, name, ratio, verdict):
    assert found(by_size, remnant(**ratio))[name].verdict is verdict


@pytest.mark.parametrize(
    ("name", "ratio", "verdict"),
    [
        ("kubota1997.40", {"measured": 0.40}, MET),
        ("kubota1997.40", {"measured": 0.3999}, NOT_MET),
        ("kubota1997.50", {"measured": 0.50}, MET),
        ("kubota1997.50", {"measured": 0.4999}, NOT_MET),
        ("shirabe1999", {"surface": 250.0}, MET),
        ("shirabe1999", {"surface": 249.9}, NOT_MET),
    ],
)
def test_further__of_diseased_livers_at_each_edge(by_size, name, ratio, verdict):
    assert found(by_size, remnant(**ratio), "cirrhosis")[name].verdict is verdict


def test_further__unknown_background_can_meet_but_not_miss(by_size):
    held = found(by_size, remnant(sflr=0.1, measured=0.1, weight=0.1, surface=100.0), "unknown")
    verdicts = {name: f.verdict for name, f in held.items()}
    assert {name for name, v in verdicts.items() if v is NOT_MET} == SHARED
    assert {v for name, v in verdicts.items() if name not in SHARED} == {UNKNOWN}
    assert held["shirabe1999"].reasons == (reason(Cause.BACKGROUND_UNKNOWN),)
    assert held["pmc7002877"].reasons == ()
    large = found(by_size, remnant(0.9, 0.9, 2.0, 900.0), "unknown")
    assert {f.verdict for f in large.values()} == {MET}


def test_further__facts_that_they_read_and_those_that_are_wanting(by_size):
    held = found(by_size, remnant(sflr=0.1, measured=0.9, weight=0.1, surface=100.0), "unknown")
    facts = {name: (f.inputs, f.missing) for name, f in held.items()}
    size = ("height_cm", "weight_kg")
    assert (("background", *size), ("background",)) == facts["vauthey2000"]
    assert (("background",), ()) == facts["shoup2003"]
    assert (("background", *size), ("background",)) == facts["shirabe1999"]
    assert (size, ()) == facts["pmc7893452"]
    assert (("weight_kg",), ()) == facts["pmc7002877"]


def test_further__bounds_and_doubt_decide_nothing(by_size):
    held = found(by_size, remnant(bound=Bound.LOWER, reason=Reason(Cause.LIVER_CUT)))
    assert held["pmc7002877"].verdict is UNKNOWN
    assert held["pmc7002877"].quantity.bound is Bound.LOWER
    doubtful = Quantity(0.7, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    loose = replace(remnant(), flr_body_weight_percent=doubtful)
    assert found(by_size, loose)["pmc7002877"].verdict is UNKNOWN


def test_further__what_was_only_recalled_is_unverified(by_size):
    assert found(by_size, remnant())["truant2007"].status is SourceStatus.UNVERIFIED


def test_further__ids_are_unique():
    assert len({minimum.id for minimum in FURTHER_MINIMA}) == len(FURTHER_MINIMA)
