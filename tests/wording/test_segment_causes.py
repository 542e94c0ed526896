"""Where the segments are from, and what a comparison of them says, in words."""

import pytest

from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.findings import text_of

S = SegmentSource
ROLES = {S.GIVEN: "couinaud", S.TERRITORIES: "branches", S.LANDMARKS: "landmarks"}
CONFIRMED = reason(Cause.SEGMENTS_CONFIRMED)


def written(*reasons, identifier="segments_source", value=None):
    return text_of(quality_finding(identifier, passed=False, value=value, reasons=reasons))


@pytest.mark.parametrize("source", S)
def test_source__names_the_file_where_there_is_one(source):
    text = written(reason(Cause.SEGMENTS_FROM, source))
    assert text.startswith("The Couinaud segments are from ")
    assert [role for s, role in ROLES.items() if s is source] == [
        role for role in ROLES.values() if f"({role})" in text
    ]


def test_source__names_what_was_passed_over():
    over = reason(Cause.SEGMENTS_PASSED_OVER, S.TERRITORIES, S.LANDMARKS)
    assert written(reason(Cause.SEGMENTS_FROM, S.GIVEN), over) == (
        "The Couinaud segments are from the given Couinaud map (couinaud). Given as well, and "
        "passed over: the territories of labelled branches (branches), planes through landmarks "
        "(landmarks)."
    )


def test_source__names_what_was_replaced_and_dropped():
    text = written(
        reason(Cause.SEGMENTS_FROM, S.LANDMARKS),
        reason(Cause.SEGMENTS_REPLACED, S.GIVEN),
        reason(Cause.DROPPED_WITH_SEGMENTS, "confirmation", "segment_iv"),
    )
    assert text.endswith(
        "They replace the earlier ones, from the given Couinaud map (couinaud). Dropped with "
        "those: a human's confirmation, segments IVa and IVb."
    )
    alone = reason(Cause.DROPPED_WITH_SEGMENTS, "confirmation")
    assert "Dropped with those: a human's confirmation." in written(alone)


def test_source__of_the_same_map_and_a_confirmation():
    text = written(reason(Cause.SEGMENTS_FROM, S.MODEL), reason(Cause.SAME_MAP_GIVEN), CONFIRMED)
    assert "the same in every voxel" in text
    assert text.endswith("A human confirmed them.")


def test_extended__names_what_was_dropped():
    dropped = reason(Cause.DROPPED_WITH_SEGMENTS, "confirmation")
    text = written(dropped, identifier="segments_extended", value=2.0)
    assert text.endswith("Dropped with that: a human's confirmation.")


@pytest.mark.parametrize(("scans", "number"), [((), 0), (("first",), 1), (("first", "second"), 2)])
def test_compared__counts_what_nobody_reviewed(scans, number):
    text = written(
        reason(Cause.SEGMENTS_COMPARED, S.MODEL, S.GIVEN),
        *([reason(Cause.SEGMENTS_UNREVIEWED, *scans)] if scans else []),
        identifier="compared_segments",
    )
    assert number == text.count("nobody reviewed")
    assert "of the second: the given Couinaud map" in text


def test_compared__lesions_that_nobody_confirmed():
    unconfirmed = reason(Cause.UNCONFIRMED_IN_SCANS, 0, 5)
    text = written(unconfirmed, identifier="compared_lesions_confirmed", value=5)
    assert "0 lesion(s) of the first and 5 of the second" in text
