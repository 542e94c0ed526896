"""The data against a hand-written transcript of the sources."""

from planning.rules.remnant import DEBULKING_RULES, REMNANT_RULE_SETS
from remnant.core.findings import Basis, SourceStatus
from remnant.core.patient import LiverBackground

STANDARDISED, MEASURED, BOTH = (
    Basis.STANDARDISED_TLV,
    Basis.MEASURED_FUNCTIONAL_TLV,
    Basis.UNSPECIFIED,
)
KNOWN = ("normal", "chemotherapy", "steatosis", "fibrosis", "cirrhosis")
TRANSCRIPT = {
    "gepnetlm_review": {
        "normal": (0.2, STANDARDISED, "gepnetlm_review", "verified"),
        "chemotherapy": (0.3, BOTH, "gepnetlm_review", "project"),
        "steatosis": (0.3, BOTH, "gepnetlm_review", "project"),
        "fibrosis": (0.3, BOTH, "gepnetlm_review", "project"),
        "cirrhosis": (0.4, BOTH, "gepnetlm_review", "verified"),
    },
    "primary_papers": {
        "normal": (0.2, STANDARDISED, "kishi2009", "verified"),
        "chemotherapy": (0.3, STANDARDISED, "shindoh2013", "project"),
        "fibrosis": (0.4, MEASURED, "azoulay2000", "verified"),
        "cirrhosis": (0.4, MEASURED, "azoulay2000", "verified"),
    },
    "cloyd2020": dict.fromkeys(KNOWN, (0.2, STANDARDISED, "cloyd2020", "verified")),
    "machairas2021_30": dict.fromkeys(KNOWN, (0.3, BOTH, "machairas2021", "verified")),
}


def test_remnant_rule_sets__are_as_printed():
    held = {
        rule_set.id: {
            str(background): (m.threshold.value, m.threshold.basis, m.threshold.source, m.status)
            for background, m in rule_set.minima.items()
        }
        for rule_set in REMNANT_RULE_SETS
    }
    assert held == TRANSCRIPT


def test_remnant_rule_sets__are_minima_for_known_backgrounds():
    for rule_set in REMNANT_RULE_SETS:
        assert LiverBackground.UNKNOWN not in rule_set.minima
        assert all(m.threshold.inclusive for m in rule_set.minima.values())
        assert rule_set.flat == (len(set(rule_set.minima.values())) == 1)


def test_debulking_rules__are_as_printed():
    held = {
        rule.id: (rule.threshold.value, rule.threshold.inclusive, rule.threshold.source)
        for rule in DEBULKING_RULES
    }
    assert held == {
        "debulking.70.machairas2021": (0.7, True, "machairas2021"),
        "debulking.90.machairas2021": (0.9, True, "machairas2021"),
        "debulking.70.cloyd2020": (0.7, False, "cloyd2020"),
        "debulking.80.cloyd2020": (0.8, True, "cloyd2020"),
        "debulking.90.cloyd2020": (0.9, False, "cloyd2020"),
        "debulking.100.cloyd2020": (1.0, True, "cloyd2020"),
    }
    assert {Basis.TUMOUR_VOLUME} == {rule.threshold.basis for rule in DEBULKING_RULES}
    assert {SourceStatus.VERIFIED} == {rule.threshold.status for rule in DEBULKING_RULES}


def test_chemotherapy__its_duration_is_a_reading():
    papers = next(r for r in REMNANT_RULE_SETS if r.id == "primary_papers")
    minimum = papers.minima[LiverBackground.CHEMOTHERAPY]
    assert (minimum.reading, minimum.not_asked) == (True, "how long chemotherapy lasted")
    assert minimum.threshold.status is SourceStatus.VERIFIED
