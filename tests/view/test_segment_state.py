"""Where the segments came from, in words."""

from dataclasses import replace

import pytest

from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.view.segment_state import (
    plane_errors,
    segments_state,
)
from remnant.wording.words import PLANE_WORDS, SOURCE_NOTES

READER = SegmentsConfirmation(name="A. Reader", date="2026-11-22")


@pytest.mark.parametrize(
    ("source", "confirmation", "words"),
    [
        (None, None, ""),
        (SegmentSource.GIVEN, None, "segments: given map"),
        (SegmentSource.GIVEN, READER, "segments: given map, confirmed by A. Reader on 2026-11-22"),
        (SegmentSource.TERRITORIES, None, "segments: territories of labelled branches"),
        (SegmentSource.LANDMARKS, None, "segments: planes through landmarks"),
        (SegmentSource.MODEL, None, "segments estimated from liver shape: review"),
        (
            SegmentSource.MODEL,
            READER,
            "segments estimated from liver shape, confirmed by A. Reader on 2026-11-22",
        ),
    ],
)
def test_state__names_source_and_review(made, source, confirmation, words):
    report = replace(made.case.volumetry, segment_source=source, segments_confirmation=confirmation)
    assert words == segments_state(report)


def test_words__exist_for_every_source_and_plane():
    assert set(SegmentSource) == set(SOURCE_NOTES)
    assert list(SegmentPlane) == list(PLANE_WORDS)


def test_plane_errors__own_figure_or_the_common_one_and_only_planes_of_this_liver(made):
    report = made.case.volumetry
    assert () == plane_errors(report)
    errors = replace(
        report.error_model, segment_border_mm=9.0, segment_plane_mm={SegmentPlane.MAIN: 4.5}
    )
    main_and_left = tuple(
        border for border in report.boundaries.borders
        if (border.first.name, border.second.name) in {("IV", "V"), ("II", "III")}
    )  # fmt: skip
    few = replace(report.boundaries, borders=main_and_left)
    known = plane_errors(replace(report, error_model=errors, boundaries=few))
    assert [
        (PLANE_WORDS[SegmentPlane.MAIN], 4.5),
        (PLANE_WORDS[SegmentPlane.LEFT_TRANSVERSE], 9.0),
    ] == list(known)
