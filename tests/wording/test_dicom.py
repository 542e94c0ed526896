"""What DICOM objects say of a case."""

from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.wording.dicom import (
    absent_words,
    lesions_note,
    no_plan_words,
    rejected_words,
    verdict_words,
)


def test_absent__a_plain_figure_says_nothing_and_a_loose_one_why():
    assert absent_words("Volume", Quantity(1.0)) == ""
    cut = Quantity(1.0, bound=Bound.LOWER, reasons=(Reason(Cause.LESION_CUT),))
    assert absent_words("Volume", cut).startswith("Volume: the lesion reaches the edge")
    missing = Quantity.absent(Reason(Cause.NO_BODY_WEIGHT))
    assert absent_words("Ratio", missing) == "Ratio: not known: body weight was not given."


def test_rejected__none_is_not_worth_a_sentence():
    assert rejected_words(0) == ""
    assert rejected_words(2).endswith("2 lesions.")


def test_lesions__an_empty_table_says_whether_they_are_known():
    assert lesions_note(0, 0, known=True) == "No lesion"
    assert lesions_note(0, 0, known=False).startswith("Lesions are not known")
    assert lesions_note(4, 0, known=True) == ""


def test_plan__without_one_the_reason_is_given_where_it_is_known():
    assert no_plan_words(()) == "No plan."
    assert no_plan_words((Reason(Cause.NO_COUINAUD_MAP),)) == (
        "No plan: no Couinaud map was given."
    )


def test_verdict__a_published_rule_ends_with_its_source(made):
    found = next(
        finding
        for finding in made.case.planning.resections[0].findings
        if finding.source is not None
    )
    assert " Source: " in verdict_words(found)
    assert "Source:" not in verdict_words(made.case.quality[0])
