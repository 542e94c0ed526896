"""The light of a case: with and without its image, given or found, and what measuring adds."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.findings import Verdict
from remnant.core.labels import STRUCTURE_SCHEME
from remnant.core.patient import Patient
from remnant.core.quality_light import QUALITY_LIGHT, Light, light_among
from remnant.core.reasons import Cause, first
from remnant.core.volumes import LabelMap
from remnant.io.roles import Part
from remnant.pipeline.gates import failed_gates
from remnant.pipeline.measured_light import LARGEST_PLANE_MM, light_of_measures
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.segment import segment_case
from remnant.testing.fake_segmenter import FakeSegmenter

SIZED = Patient(height_cm=170.0, weight_kg=70.0)


def half(labels):
    """Leave out all of a map above its liver's middle."""
    codes = labels.codes.copy(order="K")
    filled = np.flatnonzero(codes.any(axis=(0, 1)))
    codes[:, :, (filled[0] + filled[-1]) // 2 :] = 0
    return LabelMap(codes, labels.geometry, STRUCTURE_SCHEME)


@pytest.fixture(scope="module")
def found(phantom, scan):
    return segment_case(SegmentRequest(source=scan), segmenter=FakeSegmenter.knowing(phantom))


@pytest.fixture(scope="module")
def wrong(phantom, scan):
    upper = half(phantom.structures)
    lesions = np.where(upper.codes > 0, phantom.lesions.codes, 0).astype(
        phantom.lesions.codes.dtype
    )
    fake = FakeSegmenter(upper, replace(phantom.lesions, codes=lesions))
    return segment_case(SegmentRequest(source=scan), segmenter=fake)


def test_segment_case__one_light_and_no_red_one_for_a_right_liver(found):
    assert 1 == [one.id for one in found.quality].count(QUALITY_LIGHT)
    assert light_among(found.quality) in {Light.GREEN, Light.AMBER}
    assert not failed_gates(found)


def test_segment_case__half_a_liver_is_red_and_fails_a_gate(wrong):
    assert Light.RED is light_among(wrong.quality)
    assert [QUALITY_LIGHT] == [gate.id for gate in failed_gates(wrong)]


def test_with_light__a_given_liver_is_amber_at_worst(wrong):
    given = replace(wrong, inputs_sha256={**wrong.inputs_sha256, Part.LIVER: "0" * 64})
    assert Light.AMBER is light_among(with_light(given).quality)


def test_with_light__replaces_an_earlier_one_and_says_that_there_is_no_image(found):
    again = with_light(found)
    (light,) = (one for one in again.quality if one.id == QUALITY_LIGHT)
    missing = first(light.reasons, Cause.NOT_LOOKED_AT)
    assert missing is not None
    assert {"image", "body"} <= set(missing.names)


def test_measure_case__a_liver_too_large_for_its_body_is_amber(found):
    fine = measure_case(found, MeasureRequest(patient=SIZED))
    small = Patient(height_cm=110.0, weight_kg=25.0)
    odd = measure_case(found, MeasureRequest(patient=small))
    (light,) = (one for one in odd.quality if one.id == QUALITY_LIGHT)
    assert Light.AMBER is light_among(odd.quality)
    assert "volume_by_standard" == light.reasons[0].names[0]
    assert light_among(fine.quality) is light_among(found.quality)


@pytest.mark.parametrize(
    ("plane_mm", "verdict"),
    [(LARGEST_PLANE_MM, Verdict.MET), (LARGEST_PLANE_MM + 0.1, Verdict.UNCERTAIN)],
)
def test_light_of_measures__planes(found, plane_mm, verdict):
    volumes = measure_case(found, MeasureRequest(patient=SIZED)).volumetry
    (light,) = (one for one in found.quality if one.id == QUALITY_LIGHT)
    green = replace(light, verdict=Verdict.MET)
    assert verdict is light_of_measures((green,), volumes, (3.0, plane_mm))[0].verdict


def test_light_of_measures__red_stays_red(wrong):
    volumes = measure_case(wrong, MeasureRequest(patient=SIZED)).volumetry
    after = light_of_measures(wrong.quality, volumes, (LARGEST_PLANE_MM + 1.0,))
    assert Light.RED is light_among(after)
