"""Who confirmed or rejected which lesions, as the audit trail of a case tells it."""

import numpy as np
import pytest

from remnant.core.corrections import Correction, CorrectionKind, CorrectionStep
from remnant.core.geometry import Geometry
from remnant.core.lesions import Confirmation
from remnant.core.readings import LesionReading, lesion_readings
from remnant.testing.phantoms import liver_phantom
from volumetry.measure import measure

K = CorrectionKind


def step(kind, *lesions, by="A. Reader", at="2026-11-29T23:10:00+00:00"):
    return CorrectionStep(by=by, at=at, kind=kind, what="", lesions=lesions)


def correction(*steps, confirmed=(), by="B. Reader", at="2026-11-30T08:00:00+00:00"):
    return Correction(
        version=1, by=by, at=at, steps=steps, confirmed=confirmed, changed_voxels=0,
        before_sha256="", after_sha256="", previous_sha256=None, earlier="",
    )  # fmt: skip


@pytest.fixture(scope="module", name="lesions_said")
def lesions_said_fixture():
    phantom = liver_phantom(
        Geometry((48, 40, 40), np.diag([6.0, 6.0, 6.0, 1.0])), metastases=4, seed=1
    )

    def lesions(**words):
        said = {int(number[1:]): Confirmation(word) for number, word in words.items()}
        return measure(phantom.structures, phantom.lesions, confirmations=said).lesions

    return lesions


def test_readings__who_confirmed_rejected_and_drew(lesions_said):
    lesions = lesions_said(n1="confirmed", n2="rejected", n3="confirmed")
    trail = (correction(step(K.CONFIRM, 1), step(K.REJECT, 2), step(K.GROW, 3, by="C. Reader")),)

    assert lesion_readings(trail, lesions) == (
        LesionReading(by="A. Reader", date="2026-11-29", confirmed=(1,), rejected=(2,)),
        LesionReading(by="C. Reader", date="2026-11-29", confirmed=(3,)),
    )


def test_readings__the_last_word_counts_and_only_what_stands(lesions_said):
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


def test_readings__all_lesions_confirmed_as_a_whole(lesions_said):
    lesions = lesions_said(n1="confirmed", n2="rejected", n3="confirmed", n4="confirmed")
    trail = (correction(step(K.REJECT, 2), confirmed=("segments", "lesions")),)

    assert lesion_readings(trail, lesions) == (
        LesionReading(by="A. Reader", date="2026-11-29", rejected=(2,)),
        LesionReading(by="B. Reader", date="2026-11-30", confirmed=(1, 3, 4)),
    )


def test_readings__words_without_a_name_are_in_none(lesions_said):
    lesions = lesions_said(n1="confirmed", n2="rejected")
    liver_and_planes = (correction(step(K.PAINT_LIVER, 1), step(K.MOVE_PLANE, 1)),)

    assert lesion_readings((), lesions) == ()
    assert lesion_readings(liver_and_planes, lesions) == ()
