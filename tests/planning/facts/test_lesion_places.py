"""Where a person told that lesions lie: at the hilum, near a central bile duct."""

import pytest

from planning.ablation import lesion_ablations
from planning.case import Case
from planning.facts.lesion_places import against_ablation, require_lesions
from planning.inputs import Facts
from planning.planner import plan
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.reasons import Cause, reason

HILUM = ("ablation.hilum.machairas2021", "ablation.hilum.cloyd2020")
DUCTS = ("ablation.central_biliary.gepnetlm_review", "ablation.bile_duct.cloyd2020")


@pytest.fixture
def report(make_report, make_lesion):
    return make_report([make_lesion(number, 20.0, {5: 1.0}) for number in (1, 2, 3, 7)])


@pytest.fixture
def judged(report):
    def of(**facts):
        told = ClinicalFacts(**facts)
        found = lesion_ablations(report, facts=Facts(), choice=DEFAULT_CHOICE, told=told)
        return {one.lesion: one for one in found}

    return of


def verdicts(result, names):
    return {finding.verdict for finding in result.findings if finding.id in names}


@pytest.mark.parametrize(
    ("name", "rules", "cause"),
    [
        ("lesions_at_hilum", HILUM, Cause.AT_HILUM),
        ("lesions_near_bile_duct", DUCTS, Cause.NEAR_BILE_DUCT),
    ],
)
def test_place__fails_the_sources_and_is_not_ablated(judged, name, rules, cause):
    """Machairas 2021: not at the hilum; GEP-NET review: not within 1 cm of central ducts."""
    found = judged(**{name: (3,)})

    assert verdicts(found[3], rules) == {Verdict.NOT_MET}
    assert verdicts(found[1], rules) == {Verdict.MET}
    assert (found[3].allowed, found[3].reasons) == (False, (reason(cause),))
    assert found[1].allowed


@pytest.mark.parametrize(("told", "verdict"), [(None, Verdict.UNKNOWN), ((), Verdict.MET)])
def test_place__not_told_is_unknown_and_none_is_none(judged, told, verdict):
    found = judged(lesions_at_hilum=told, lesions_near_bile_duct=told)

    for result in found.values():
        assert verdicts(result, (*HILUM, *DUCTS)) == {verdict}
        assert result.allowed


def test_place__near_a_duct_by_cloyd_is_this_projects_reading(judged):
    (found,) = [f for f in judged()[1].findings if f.id == "ablation.bile_duct.cloyd2020"]
    assert (found.source, found.status) == ("cloyd2020", SourceStatus.PROJECT)
    assert found.missing == ("lesion_near_bile_duct",)


def test_against__names_both(judged):
    told = ClinicalFacts(lesions_at_hilum=(1,), lesions_near_bile_duct=(1, 2))
    assert (reason(Cause.AT_HILUM), reason(Cause.NEAR_BILE_DUCT)) == against_ablation(1, told)
    assert (reason(Cause.NEAR_BILE_DUCT),) == against_ablation(2, told)
    assert () == against_ablation(3, told)


@pytest.mark.parametrize("name", ["lesions_at_hilum", "lesions_near_bile_duct"])
def test_lesions__that_are_not_there_are_refused_in_one_line(report, name):
    case = Case(report=report, patient=Patient(), facts=ClinicalFacts(**{name: (3, 5)}))
    with pytest.raises(InputError) as caught:
        plan(case)
    message = str(caught.value)
    assert message.startswith(f"{name} names lesion 5; allowed are 1 to 3, 7: ")
    assert "\n" not in message


def test_lesions__without_any_none_is_allowed(make_report):
    with pytest.raises(InputError, match="allowed are none"):
        require_lesions(ClinicalFacts(lesions_at_hilum=(1,)), make_report())
    require_lesions(ClinicalFacts(lesions_at_hilum=()), make_report())
