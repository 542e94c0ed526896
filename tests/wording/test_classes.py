"""Frilling type, NETLM class and stability in words, each by its reasons."""

import pytest

from planning.distribution.frilling import frilling_finding
from planning.distribution.netlm import netlm_finding
from planning.distribution.stability import STABLE_SHARE, stability_finding
from remnant.core.distribution import Frilling, FrillingType, Netlm, NetlmType, Stability
from remnant.core.reasons import Cause, reason
from remnant.wording.classes import frilling_reason, netlm_reason, stability_reason
from remnant.wording.findings import text_of

I, _, III, UNCLASSIFIABLE = FrillingType  # noqa: E741
NO_MAPS = (reason(Cause.BORDER_WITHOUT_MAPS),)
WITHIN = "This holds within the scanned part; the scan or file cuts the liver"


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ([reason(Cause.NO_LESION_TO_CLASSIFY, 0)], "No lesion to classify."),
        ([reason(Cause.NO_LESION_TO_CLASSIFY, 3)], "No lesion to classify (3 lesions rejected)."),
        (
            [reason(Cause.NO_LESION_TO_CLASSIFY, 0), reason(Cause.SCANNED_PART_ONLY)],
            "No lesion to classify in the part of the liver that was scanned.",
        ),
        ([reason(Cause.SINGLE_LESION)], "A single lesion."),
        (
            [reason(Cause.SINGLE_LITTLE_PARENCHYMA, 0.175, 0.2)],
            (
                "A single lesion with virtually no normal parenchyma (17.5 % of the liver, below "
                "20 %)."
            ),
        ),
        (
            [reason(Cause.SINGLE_IN_CUT_LIVER)],
            "A single lesion was found, but the scan or file cuts the liver: more may lie outside.",
        ),
        ([reason(Cause.PARENCHYMA_UNKNOWN)], "The share of normal parenchyma is not known."),
        (
            [reason(Cause.LOBES_UNKNOWN, 2), reason(Cause.NO_COUINAUD_MAP)],
            "2 lesions, but which lobes they involve is not known (no Couinaud map was given).",
        ),
        (
            [reason(Cause.ONE_LOBE_ONLY, 2, "left")],
            (
                "2 lesions that involve only the left lobe: types II and III always involve both "
                "lobes."
            ),
        ),
        (
            [reason(Cause.NEITHER_LOBE, 2)],
            (
                "2 lesions that involve neither lobe clearly: types II and III always involve both "
                "lobes."
            ),
        ),
        (
            [reason(Cause.NEITHER_PATTERN, 2)],
            "2 lesions in both lobes, neither one bulk with smaller deposits nor disseminated.",
        ),
        (
            [reason(Cause.BULK_AND_DISSEMINATED, 11)],
            "11 lesions in both lobes: a bulk among disseminated lesions fits types II and III.",
        ),
        (
            [reason(Cause.LITTLE_PARENCHYMA, 2, 0.175, 0.2)],
            (
                "2 lesions in both lobes with virtually no normal parenchyma (17.5 % of the liver, "
                "below 20 %)."
            ),
        ),
        (
            [
                reason(Cause.LITTLE_PARENCHYMA_IN_CUT_LIVER, 2, 0.175, 0.2),
                reason(Cause.TYPE_WITHIN_SCAN, "unclassifiable"),
            ],
            (
                "2 lesions in both lobes with virtually no normal parenchyma (17.5 % of the liver, "
                f"below 20 %), but how much lies beyond the scan is not known. {WITHIN}."
            ),
        ),
        (
            [reason(Cause.BULK_WITH_DEPOSITS, 3), reason(Cause.TYPE_WITHIN_SCAN, "II")],
            (
                f"3 lesions in both lobes: one bulk with smaller deposits. {WITHIN}: lesions "
                "beyond it could make the spread disseminated."
            ),
        ),
        (
            [reason(Cause.DISSEMINATED, 10, 5), reason(Cause.TYPE_WITHIN_SCAN, "III")],
            (
                f"10 lesions in both lobes, disseminated over 5 segments. {WITHIN}: what lies "
                "beyond it cannot undo the spread, only add a bulk."
            ),
        ),
        (
            [reason(Cause.ONE_LOBE_ONLY, 3, "right"), reason(Cause.LESIONS_UNCONFIRMED, 1, 3)],
            (
                "3 lesions that involve only the right lobe: types II and III always involve both "
                "lobes. Not confirmed by a reader: 1 of 3 lesions."
            ),
        ),
    ],
)
def test_frilling_reason(reasons, text):
    assert text == frilling_reason(Frilling(type=UNCLASSIFIABLE, reasons=tuple(reasons)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [(None, "no lesion"), (I, "type I"), (UNCLASSIFIABLE, "unclassifiable"), (III, "type III")],
)
def test_frilling_finding__names_the_type_and_the_projects_numbers(kind, words):
    found = Frilling(type=kind, reasons=(reason(Cause.NEITHER_PATTERN, 2),))
    assert text_of(frilling_finding(found, cut=False)) == (
        f"Distribution after Frilling: {words}. {frilling_reason(found)} The published wording has "
        f"no numbers; those used here are this project's."
    )


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        (
            [reason(Cause.PLAN_CLEARS_ALL, 3, "plan_2")],
            "3 lesions, all of which plan_2 removes or ablates.",
        ),
        (
            [reason(Cause.SHARE_NOT_REACHED, 0.7)],
            "No plan found reaches more than 70 %, but it is not proven that none does.",
        ),
        (
            [reason(Cause.SHARE_NOT_REACHED, 0.7), reason(Cause.LIMIT_CHOSEN, "most_wedges", 0)],
            (
                "No plan found reaches more than 70 % within the chosen limits (no wedge). Without "
                "them one may."
            ),
        ),
        (
            [reason(Cause.ONLY_LARGER_RESECTIONS, 0.7, 2)],
            "More than 70 % is reached only by plans that remove more than 2 whole segments.",
        ),
        (
            [reason(Cause.SPARING_PLAN, 10, 0.92, 1, "plan_2")],
            "10 lesions; plan_2 debulks 92.0 % and removes 1 whole segment.",
        ),
        (
            [reason(Cause.CLEARANCE_NOT_PROVEN, 2, 0.7)],
            (
                "2 lesions; more than 70 % can be debulked, but whether all of it can is not "
                "proven: type 1 or 2."
            ),
        ),
        (
            [
                reason(Cause.CLEARANCE_NOT_PROVEN, 2, 0.7),
                reason(Cause.LIMIT_CHOSEN, "most_wedges", 0),
            ],
            (
                "2 lesions; more than 70 % can be debulked, but whether all of it can is not "
                "proven within the chosen limits (no wedge): type 1 or 2."
            ),
        ),
        (
            [reason(Cause.SHARE_PROVEN_OUT_OF_REACH, 10, 0.7)],
            (
                "10 lesions in both lobes; it is proven that no plan within the limits reaches "
                "more than 70 %."
            ),
        ),
        (
            [reason(Cause.BOTH_LOBES_NOT_KNOWN, 0.7)],
            (
                "No plan reaches more than 70 %, but type 3 asks for both lobes, and they are not "
                "known to be involved."
            ),
        ),
        (
            [reason(Cause.REMNANTS_UNDECIDED)],
            "Whether the remnant of any plan suffices is not known.",
        ),
    ],
)
def test_netlm_reason(reasons, text):
    assert text == netlm_reason(Netlm(type=NetlmType.UNCLASSIFIABLE, reasons=tuple(reasons)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (None, "no lesion"),
        (NetlmType.UNCLASSIFIABLE, "unclassifiable"),
        (NetlmType.TWO, "type 2"),
    ],
)
def test_netlm_finding__names_the_class(kind, words):
    found = netlm_finding(Netlm(type=kind, reasons=(reason(Cause.REACH_UNKNOWN),)))
    assert text_of(found) == (
        f"Surgical class of the metastases: {words}. No plan was computed, so that what can be "
        f"reached is not known."
    )


def stable(same, *, reasons=(), shares=None, by_cause=None):
    rest = {UNCLASSIFIABLE: 1.0 - same} if same < 1.0 else {}
    return Stability(
        perturbations=300,
        same_share=same,
        type_shares=shares or {III: same} | rest,
        by_cause=by_cause or {"segmentation": 1.0, "lobe_border": same},
        reasons=reasons,
    )


def test_stability_finding__names_answers_and_what_matters_most():
    assert text_of(stability_finding(stable(0.84))) == (
        "The answer on the Frilling type stays the same in 84.0 % of 300 perturbed cases. Answers: "
        "type III 84.0 %, unclassifiable 16.0 %. Least with the lobes' border moved alone: 84.0 %."
    )
    at_limit = stable(STABLE_SHARE, by_cause={"segmentation": STABLE_SHARE})
    assert "Least" not in text_of(stability_finding(at_limit))


def test_stability_finding__says_what_was_not_moved():
    found = stable(1.0, reasons=NO_MAPS)
    assert text_of(stability_finding(found)).endswith(
        "perturbed cases. The lobes' border was not moved: no label maps."
    )
    assert stability_reason(found) == "The lobes' border was not moved: no label maps."
    assert stability_reason(stable(1.0)) == ""


@pytest.mark.parametrize("same", [1.0, 0.95, STABLE_SHARE, 0.89, 0.5])
@pytest.mark.parametrize("reasons", [(), NO_MAPS])
def test_stability_finding__is_short(same, reasons):
    assert len(text_of(stability_finding(stable(same, reasons=reasons)))) <= 250


def test_stability_finding__without_a_lesion_left():
    found = stable(1 / 3, shares={UNCLASSIFIABLE: 1 / 3})
    assert "unclassifiable 33.3 %, no lesion left 66.7 %" in text_of(stability_finding(found))
