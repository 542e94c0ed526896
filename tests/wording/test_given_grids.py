"""What was odd about the grids of given files, in words."""

import pytest

from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.io.grid_doubts import header_findings
from remnant.io.grid_rounding import Rounding, rounding_findings
from remnant.wording.findings import text_of


def test_grid_rounding():
    found = rounding_findings("portal_vein", Rounding(0.0128, 0.0182, 0.00004))
    assert text_of(found[0]) == (
        "The grid of the portal vein file differs by rounding from the one that it is counted on: "
        "voxels lie up to 0.0128 mm apart (0.018 of a voxel). Each counts as the voxel that it is "
        "nearest to."
    )
    assert rounding_findings("liver", Rounding(0.009, 0.02, 0.0)) == ()


@pytest.mark.parametrize(
    ("oddity", "words"),
    [
        (reason(Cause.PIXDIM_ROUNDED, 0.0128, 0.0182), "up to 0.0128 mm (0.018 voxels)"),
        (reason(Cause.PIXDIM_UNSAID), "states no voxel sizes (pixdim)"),
        (reason(Cause.PIXDIM_NEGATIVE), "are negative and were used without their sign"),
        (reason(Cause.HANDEDNESS_UNSAID), "which hand its axes form"),
        (reason(Cause.UNIT_CONVERTED, "metres"), "its unit is metres, converted to millimetres"),
        (
            reason(Cause.GEOMETRY_CHOSEN, "pixdim", 0.703125, 0.703125, 2.5),
            "the user said that its pixdim holds, with voxels of 0.703125 x 0.703125 x 2.5 mm",
        ),
    ],
)
def test_header__of_every_oddity(oddity, words):
    (found,) = header_findings("image", (oddity,))
    assert text_of(found).startswith("The header of the image file: ")
    assert words in text_of(found)


def test_header__of_several_and_of_none():
    several = (reason(Cause.PIXDIM_NEGATIVE), reason(Cause.UNIT_CONVERTED, "metres"))
    assert text_of(header_findings("liver", several)[0]).count("; ") == 1
    assert header_findings("liver", ()) == ()


def test_grid_offset__as_a_reason():
    found = quality_finding("x", passed=None, reasons=(reason(Cause.GRID_OFFSET, 0.5, 0.25),))
    from remnant.wording.reasons import words

    assert words(found.reasons[0]) == "voxels lie up to 0.5 mm (0.25 voxels) apart"
