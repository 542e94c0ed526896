"""The smallest parts of a view."""

from remnant.core.findings import Verdict
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.view.parts import Footnotes, Mark, figure, mark
from remnant.wording.words import REACH_WORDS

GROWTH, WEIGHT = Reason(Cause.NO_GROWTH), Reason(Cause.NO_BODY_WEIGHT)


def test_notes__each_reason_has_one_letter():
    notes = Footnotes()
    marks = [notes.letter(reasons) for reasons in ((GROWTH,), (WEIGHT,), (GROWTH,), ())]
    assert ["a", "b", "a", ""] == marks
    assert (
        ("a", "There was no growth between the scans"),
        ("b", "Body weight was not given"),
    ) == notes.listed()
    many = Footnotes()
    letters = [many.letter((Reason(Cause.CHECK_LIMIT, (float(n),)),)) for n in range(60)]
    assert len(set(letters)) == 60
    assert ("z", "aa", "ba") == (letters[25], letters[26], letters[52])


def test_mark__sign_and_words_of_what_it_is_a_verdict_on():
    assert Mark("met", "✓", "met") == mark(Verdict.MET)
    assert "not within reach" == mark(Verdict.NOT_MET, REACH_WORDS).words


def test_figure__number_unit_interval_and_why():
    cut = Quantity(
        900.0, interval=Interval(880.0, 920.0), bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)
    )
    shown = figure(cut, "mL", notes=Footnotes())
    assert ("≥\u202f900 mL", "880–920 as measured", "a") == (
        shown.written,
        shown.spread,
        shown.note,
    )
    assert "900 mL" == figure(Quantity(900.0), "mL").written
    absent = figure(Quantity.absent(Reason(Cause.NO_COUINAUD_MAP)), "mL")
    assert ("–", "no Couinaud map was given", "") == (absent.written, absent.reason, absent.spread)
    near = figure(Quantity(0.19996), "%", fraction=True, limits=(0.2,))
    assert "19.996 %" == near.written
