"""Who confirmed or rejected which lesions, as the audit trail of a case tells it."""

from types import SimpleNamespace

from remnant.core.corrections import Correction, CorrectionKind, CorrectionStep
from remnant.core.lesions import Confirmation
from remnant.core.readings import LesionReading, lesion_readings

K = CorrectionKind


def step(kind, *lesions, by="A. Reader", at="2026-11-29T23:10:00+00:00"):
    return CorrectionStep(by=by, at=at, kind=kind, what="", lesions=lesions)


def correction(*steps, confirmed=(), by="B. Reader", at="2026-11-30T08:00:00+00:00"):
    return Correction(
        version=1, by=by, at=at, steps=steps, confirmed=confirmed, changed_voxels=0,
        before_sha256="", after_sha256="", previous_sha256=None, earlier="",
    )  # fmt: skip


def lesions_said(**words):
    """Four lesions as they stand; nobody looked at those that are not named."""
    said = {f"n{number}": "automatic" for number in range(1, 5)} | words
    return [SimpleNamespace(id=int(n[1:]), confirmation=Confirmation(w)) for n, w in said.items()]


def test_readings__who_confirmed_rejected_and_drew():
    lesions = lesions_said(n1="confirmed", n2="rejected", n3="confirmed")
    trail = (correction(step(K.CONFIRM, 1), step(K.REJECT, 2), step(K.GROW, 3, by="C. Reader")),)

    assert lesion_readings(trail, lesions) == (
        LesionReading(by="A. Reader", date="2026-11-29", confirmed=(1,), rejected=(2,)),
        LesionReading(by="C. Reader", date="2026-11-29", confirmed=(3,)),
    )


def test_readings__the_last_word_counts_and_only_what_stands():
    lesions = lesions_said(n1="confirmed", n2="confirmed")
    trail = (
        correction(step(K.REJECT, 1), step(K.CONFIRM, 1, 2)),
        correction(step(K.CONFIRM, 1, by="D. Reader", at="2026-12-01T00:00:01+00:00")),
        correction(step(K.CONFIRM, 4), step(K.UNSET, 4), step(K.DELETE, 3)),
    )

    assert lesion_readings(trail, lesions) == (
        LesionReading(by="A. Reader", date="2026-11-29", confirmed=(2,)),
        LesionReading(by="D. Reader", date="2026-12-01", confirmed=(1,)),
    )


def test_readings__all_lesions_confirmed_as_a_whole():
    lesions = lesions_said(n1="confirmed", n2="rejected", n3="confirmed", n4="confirmed")
    trail = (correction(step(K.REJECT, 2), confirmed=("segments", "lesions")),)

    assert lesion_readings(trail, lesions) == (
        LesionReading(by="A. Reader", date="2026-11-29", rejected=(2,)),
        LesionReading(by="B. Reader", date="2026-11-30", confirmed=(1, 3, 4)),
    )


def test_readings__words_without_a_name_are_in_none():
    lesions = lesions_said(n1="confirmed", n2="rejected")
    liver_and_planes = (correction(step(K.PAINT_LIVER, 1), step(K.MOVE_PLANE, 1)),)

    assert lesion_readings((), lesions) == ()
    assert lesion_readings(liver_and_planes, lesions) == ()
