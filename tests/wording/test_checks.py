"""Quality checks in words, each by its value, verdict and reasons."""

import pytest

from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.wording.findings import text_of
from segmentation.lesions.split import MINIMUM_DEPTH_MM, SMALLEST_MASS_ML

SPLIT_RULE = reason(Cause.SPLIT_RULE, SMALLEST_MASS_ML, MINIMUM_DEPTH_MM)


def written(identifier, *reasons, passed=False, value=None):
    return text_of(quality_finding(identifier, passed=passed, value=value, reasons=reasons))


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (True, "lies wholly within"),
        (False, "all volumes are lower bounds"),
        (None, "Not checked: it was said"),
    ],
)
def test_liver_inside_scan(passed, words):
    assert words in written("liver_inside_scan", passed=passed)


def test_lesions_in_boxes():
    drawn = reason(Cause.OUTLINED_IN_BOX, "3", "5")
    text = written("lesions_in_boxes", drawn, passed=None, value=2)
    assert "outlined 2 lesion(s) (number 3, 5) in boxes that a reader drew" in text
    assert "their outlines need a look" in text
    alike = written("lesions_in_boxes", drawn, reason(Cause.LIKE_SURROUNDINGS, "5"), value=2)
    assert "Number 5 looks like the liver around" in alike


def test_liver_in_box():
    text = written("liver_in_box", value=0.93)
    assert "in a box that a reader drew" in text
    assert "93.0 %" in text


def test_liver_inside_scan__a_files_end_is_not_the_scans_edge():
    text = written("liver_inside_scan", reason(Cause.LIVER_AT_FILE_END))
    assert "The file of the maps ends at the liver" in text
    assert "--whole-liver" not in text
    assert "edge of the scan" not in text


@pytest.mark.parametrize(
    ("identifier", "value", "words"),
    [
        ("liver_slices_skipped", 3, "leaves 3 slice(s) empty between slices that it fills"),
        ("liver_contours_ignored", 2, "2 contour(s) of the liver file are no closed outlines"),
        ("liver_contours_repeated", 1, "stand there twice"),
        ("liver_contours_nested", 4, "4 contour(s) of the liver file lie within another one"),
        ("liver_contours_unseen", 1, "hold the centre of no voxel"),
        ("liver_contours_crossing", 7, "7 voxel(s) lie in two and were left out"),
        ("liver_contours_off_slice", 1.25, "up to 1.25 mm off the slices of the scan"),
        ("dicom_seg_repeated", 2, "2 frame(s) of the DICOM segmentation lie on a plane of which"),
        ("masks_of_other_series", None, "The liver file was drawn on another series"),
    ],
)
def test_contours_and_references(identifier, value, words):
    assert words in written(identifier, reason(Cause.OF_FILE, "liver"), value=value)


def test_rtstruct_own_grid():
    text = written("rtstruct_own_grid", reason(Cause.CONTOUR_GRID, 0.5, 3.0))
    assert "voxels of 0.5 mm on their own planes, 3.00 mm apart" in text
    assert "give the scan" in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("occupancy", "shares of voxels"),
        ("probability", "probabilities"),
        ("fraction", "fractions"),
    ],
)
def test_dicom_seg_fractions(kind, words):
    text = written("dicom_seg_fractions", reason(Cause.FRACTIONS_FROM, 0.4, kind), passed=None)
    assert text == (
        f"The DICOM segmentation holds {words}: voxels count from 0.4 of the largest value on."
    )


def test_lesions_inside_scan__at_the_end_of_a_file():
    text = written("lesions_inside_scan", reason(Cause.LESIONS_AT_FILE_END, 2, "3", "5"))
    assert text == "At the end of the maps' file, so perhaps larger than measured: lesion 3, 5."


@pytest.mark.parametrize(("passed", "words"), [(True, "were looked for"), (False, "are unknown")])
def test_lesions_known(passed, words):
    assert words in written("lesions_known", passed=passed)


@pytest.mark.parametrize(
    ("fraction", "passed", "percent"),
    [(0.0, True, "0.0 %"), (0.899, True, "89.9 %"), (0.9, False, "90.0 %"), (1.0, False, "100")],
)
def test_burden_plausible(fraction, passed, percent):
    text = written("burden_plausible", passed=passed, value=fraction)
    assert f"Lesions fill {percent}" in text
    assert ("Check that the lesion map" in text) == (not passed)


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (2, "larger than measured: lesion 1, 2."),
        (10, "lesion 1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
        (11, "lesion 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1 more."),
        (13, "lesion 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more."),
    ],
)
def test_lesions_inside_scan__names_ten_at_most(number, names):
    named = [str(n) for n in range(1, min(number, 10) + 1)]
    cut = reason(Cause.LESIONS_AT_EDGE, number, *named)
    assert written("lesions_inside_scan", cut, value=number).endswith(names)


def test_lesions_inside_liver():
    name, part = "lesions_inside_liver", "8.00 mL of the lesion map lie outside the liver"
    outside = reason(Cause.AMOUNTS_TO, 8.0)
    gone = reason(Cause.LESIONS_OUTSIDE_LIVER, 2, "2", "5")
    many = reason(Cause.LESIONS_OUTSIDE_LIVER, 30, *(str(n) for n in range(1, 11)))
    assert written(name, passed=True, value=0) == "Every lesion voxel lies in the liver."
    assert written(name, outside, value=4) == f"{part}: not counted."
    assert written(name, outside, gone, value=4) == (
        f"{part}: not counted. Wholly outside and not listed: lesion 2, 5."
    )
    assert "lesion 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 20 more" in written(
        name, outside, many, value=4
    )


def test_segments_and_liver():
    amount = reason(Cause.AMOUNTS_TO, 5.5)
    assert written("segments_cover_liver", amount, value=0.011) == (
        "5.5 mL of the liver (1.1 %) belong to no segment and are counted for none."
    )
    assert written("segments_inside_liver", amount, value=0.015) == (
        "5.5 mL of the segment map (1.5 % of the liver) lie outside the liver: not counted."
    )


@pytest.mark.parametrize(
    ("number", "unconfirmed", "text"),
    [
        (0, 0, "0 lesions, none of them left unconfirmed."),
        (2, 0, "2 lesions, none of them left unconfirmed."),
        (2, 1, "1 of 2 lesions are not confirmed: nobody has looked at them here."),
    ],
)
def test_lesions_unconfirmed(number, unconfirmed, text):
    of_all = reason(Cause.OF_ALL, number)
    passed = not unconfirmed
    assert text == written("lesions_unconfirmed", of_all, passed=passed, value=unconfirmed)


def test_liver_in_one_piece():
    details = (reason(Cause.PIECES, 2), reason(Cause.CHECK_LIMIT, 0.01))
    assert "2 piece(s); 1.6 %" in written("liver_in_one_piece", *details, value=80 / 4880)


def test_liver_networks_agree():
    limit = reason(Cause.CHECK_LIMIT, 0.9)
    differ = reason(Cause.LIVER_NETWORKS_DIFFER, 140.0, 60.4, 22)
    text = written("liver_networks_agree", limit, differ, value=0.84)
    assert "On 22 slices" in text
    assert "Dice 0.84 (0.9 or more is agreement), 140 mL in the first one's alone, 60 mL" in text
    assert "took another organ for liver or left out a part" in text


def test_liver_ends_found():
    text = written("liver_ends_found", reason(Cause.LIVER_GOES_ON, "above", 88.4), value=88.4)
    assert "88 mL at its upper end were added" in text
    wide = written("liver_ends_found", reason(Cause.LIVER_ENDS_WIDE, "below"), value=0.0)
    assert wide.startswith("The liver's mask ends wide at its lower end although the scan goes on")


def test_liver_without_other_organs():
    parts = [reason(Cause.UNLIKE_LIVER, side, 202.7, 2.3) for side in ("below", "left")]
    text = written("liver_without_other_organs", *parts, value=405.4)
    assert "203 mL at its lower end, 203 mL at its left side look(s) unlike the rest" in text


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("IV", "right", "II+III"), "IV not right of II+III"),
        (("VII+VIII", "above", "V+VI"), "VII+VIII not above V+VI"),
    ],
)
def test_couinaud_in_order(names, words):
    assert words in written("couinaud_in_order", reason(Cause.SEGMENTS_MISORDERED, *names))


def test_couinaud_shares_plausible():
    odd = reason(Cause.UNUSUAL_SHARE, "IV", 0.0001, 0.04, 0.3)
    text = written("couinaud_shares_plausible", odd)
    assert text == "Segments with an unusual share of the liver: IV 0.0 % (4 to 30 %)."


def test_couinaud_segments_present():
    empty = reason(Cause.SEGMENTS_EMPTY, "I")
    assert "without voxels: I." in written("couinaud_segments_present", empty, value=1)


def test_confluent_lesions_split():
    split = reason(Cause.SPLIT_BY_SHAPE, 1, 2)
    assert written("confluent_lesions_split", split, SPLIT_RULE, value=1).startswith(
        "1 confluent lesion(s) were split into 2 by shape alone"
    )
    none = reason(Cause.SPLIT_BY_SHAPE, 0, 0)
    assert written("confluent_lesions_split", none, SPLIT_RULE, passed=True, value=0).endswith(
        "none was split."
    )


def test_branches_for_every_segment():
    name = "branches_for_every_segment"
    empty = reason(Cause.SEGMENTS_EMPTY, "I", "VI")
    assert written(name, empty, value=2).endswith("no voxels: I, VI.")
    outside = reason(Cause.BRANCHES_OUTSIDE, "V")
    assert "Branches of V lie outside the liver only." in written(name, empty, outside, value=2)


def test_liver_reached_from_branches():
    limit = reason(Cause.CHECK_LIMIT, 0.01)
    text = written("liver_reached_from_branches", limit, value=8 / 28)
    assert "28.6 % of the liver is not joined" in text


def test_liver_alignment():
    limit, moved = reason(Cause.CHECK_LIMIT, 0.8), reason(Cause.LIVER_MOVED, 20.0, 5.0)
    differ = reason(Cause.LIVERS_DIFFER, 1500.0, 600.0, 0.9)
    text = written("liver_alignment", limit, moved, differ, value=0.62)
    assert "overlap by 62.0 % (Dice" in text
    assert "turned by 20.0° and moved by 5 mm" in text
    assert "after a resection" in text
    assert "after a resection" not in written(
        "liver_alignment", limit, moved, passed=True, value=0.95
    )


def test_small_lesions_dropped__none_of_the_given():
    kept = reason(Cause.LESIONS_KEPT)
    text = written("small_lesions_dropped", kept, passed=True, value=0)
    assert "No given lesion was dropped" in text


def test_exophytic_lesion_voxels__of_given_lesions():
    details = (
        reason(Cause.VOXELS, 30), reason(Cause.LESIONS_TOUCHING), reason(Cause.SHARE_LIMIT, 0.1),
    )  # fmt: skip
    text = written("exophytic_lesion_voxels", *details, value=0.24)
    assert (
        "30 lesion voxel(s), 0.24 mL, lay outside the liver mask in lesions in its cavities or"
        in text
    )


def test_couinaud_shape_familiar__not():
    limit = reason(Cause.CHECK_LIMIT, 2.0)
    assert "look at its borders" in written("couinaud_shape_familiar", limit, value=9.0)


def test_couinaud_model_certain__segments_that_are_not_used():
    details = (reason(Cause.CHECK_LIMIT, 0.8), reason(Cause.SEGMENTS_NOT_USED))
    text = written("couinaud_model_certain", *details, value=0.5)
    assert "Another source of the segments is needed" in text


def test_couinaud_empty():
    details = (reason(Cause.OF_FILE, "couinaud"), reason(Cause.NAMED_ONLY, "III"))
    assert written("couinaud_empty", *details, value=1) == (
        "The couinaud file names III but holds no voxel of it."
    )


CLASSES = reason(Cause.CODES_IN_PARTS, 5, "1", "2")


@pytest.mark.parametrize(
    ("identifier", "reasons", "value", "words"),
    [
        ("lesions_class_map", (CLASSES,), 2, "The 2 codes of the lesions file are classes"),
        ("lesions_class_map", (CLASSES,), 2, "1, 2 lie in 5 separate parts"),
        ("lesions_class_map", (reason(Cause.CODES_WITHIN, "2"),), 2, "2 within another one"),
        ("lesion_codes_many", (reason(Cause.HIGHEST_CODE, 254),), 253, "253 code(s) up to 254"),
        ("lesions_vessel_like", (reason(Cause.CODES, "1"),), 1, "Code(s) 1 of the lesions file"),
        ("lesions_nested", (reason(Cause.CODES, "3"),), 1, "as a core lies in its rim"),
        (
            "lesions_in_parts",
            (reason(Cause.CODES, "4"), reason(Cause.PARTS_SPLIT, 2)),
            1,
            "in 2 separate parts: each part was read as a lesion",
        ),
        (
            "lesions_in_parts",
            (reason(Cause.CODES, "4"), reason(Cause.PARTS_KEPT, 2)),
            1,
            "their diameters span the gaps",
        ),
        (
            "lesion_codes_chosen",
            (reason(Cause.CODES, "1"), reason(Cause.CODES_WANTED, "2")),
            1,
            "code(s) 2 were taken for lesions, as the user said; 1 were left out.",
        ),
        ("lesion_codes_chosen", (reason(Cause.CODES_WANTED, "2"),), 1, "as the user said."),
        (
            "liver_rounded",
            (reason(Cause.OF_FILE, "liver"),),
            0.004,
            "The liver file holds numbers that are up to 0.004 off whole ones",
        ),
        (
            "couinaud_distant_pieces",
            (reason(Cause.DISTANT_PIECES, 1.5, "II", "VII"),),
            3,
            "1.5 mL of II by VII and 2 more.",
        ),
        ("couinaud_distant_pieces", (), 0, "their segment: none."),
    ],
)
def test_checks__of_the_codes_of_a_map(identifier, reasons, value, words):
    assert words in written(identifier, *reasons, value=value)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.THRESHOLD_GIVEN, "was cut at 0.5, as the user said (its values reach 1): 20.00 mL."),
        (Cause.THRESHOLD_HALF, "is a mask of 0 and 1 that was resampled or compressed"),
    ],
)
def test_checks__of_a_threshold(cause, words):
    text = written(
        "lesions_thresholded",
        reason(Cause.OF_FILE, "lesions"),
        reason(cause, 0.5, 1.0),
        reason(Cause.THRESHOLD_EFFECT, 30.0, 20.0, 10.0),
        value=0.5,
    )
    assert text.startswith("The lesions file")
    assert words in text
    assert text.endswith("At half that threshold it would be 30.00 mL, at one and a half 10.00 mL.")


def test_intensity_offset():
    proven = reason(Cause.VALUES_PROVE_CT)
    text = "-1024 HU were added to every value of the scan, as the user said"
    assert written("intensity_offset", proven, passed=None, value=-1024.0) == (
        f"{text}: the sums lie where a CT's Hounsfield units do."
    )
    assert "do not prove" in written("intensity_offset", passed=None, value=-1024.0)


def test_rescale_stated():
    for cause, words in (
        (Cause.VALUES_PROVE_CT, "the values prove that they are Hounsfield units"),
        (Cause.OFFSET_GIVEN, "the user said what to add"),
    ):
        assert words in written("rescale_stated", reason(cause), passed=None)


def test_image_padding():
    held = reason(Cause.PADDING_VALUE, -2000.0)
    assert written("image_padding", held, passed=None, value=0.214) == (
        "21.4 % of the voxels hold the one number -2000, which fills the edges of the scan: it was "
        "taken for padding and read as air."
    )


def test_intensities_cut_off():
    ends = reason(Cause.VALUES_RUN, -160.0, 240.0)
    text = written("intensities_cut_off", ends, value=0.4)
    assert text.startswith("The values run from -160 to 240 HU and are cut off at the lower end")


def test_intensities_possible():
    ends = reason(Cause.VALUES_RUN, -1024.0, 40000.0)
    assert "3 voxel(s) hold values" in written("intensities_possible", ends, value=3.0)


def test_padding_inside_body():
    text = written("padding_inside_body", passed=None, value=12.0)
    assert text.startswith("12 voxel(s) hold the number that the header gives for padding")


def test_hounsfield_units():
    assert "do not prove" in written("hounsfield_units", passed=None)


@pytest.mark.parametrize(
    ("causes", "passed", "words"),
    [
        ((Cause.SPINE_BEHIND,), True, "the spine is behind."),
        ((Cause.SPINE_BEHIND, Cause.LUNGS_ABOVE), True, "behind and the lungs above."),
        ((), None, "cannot be told from the image"),
        ((Cause.LIVER_ON_LEFT,), None, "may be mirrored"),
        ((Cause.SPINE_IN_FRONT,), False, "The spine lies in front: the image is turned front to"),
        ((Cause.LUNGS_BELOW,), False, "lower end: the image is turned head to feet"),
        ((Cause.SPINE_IN_FRONT, Cause.LUNGS_BELOW), False, "front to back and head to feet"),
    ],
)
def test_body_orientation(causes, passed, words):
    reasons = (reason(cause) for cause in causes)
    text = written("body_orientation", *reasons, passed=passed)
    assert words in text
    assert ("Left and right cannot be trusted" in text) is (passed is False)


def test_phase_contradicted():
    named = reason(Cause.PHASE_DESCRIBED, "portal"), reason(Cause.PHASE_SEEN, "unenhanced")
    text = written("phase_contradicted", *named)
    assert "(contrast phase by the series description: portal; the image looks unenhanced" in text


def test_series_chosen():
    details = (
        reason(Cause.SERIES_AMONG, 3, 85, 2), reason(Cause.SERIES_POINTS, "kernel", "soft", 15),
        reason(Cause.SERIES_BEHIND, 4, 45, "kernel"),
    )  # fmt: skip
    text = written("series_chosen", *details, passed=None, value=3)
    assert text.startswith("Of 2 series that could be the liver scan, series 3 was taken")
    assert text.endswith("Series 4 has 45 points, which differs in kernel.")
    asked = written("series_chosen", reason(Cause.SERIES_ASKED, 3), passed=True, value=3)
    assert "Series 3 was read, as the user asked" in asked


def test_phase_alignment():
    laid = reason(Cause.PHASE_LAID, "arterial", 0.71, 0.84, 3.21)
    limits = reason(Cause.LEAST_ALIGNMENT, 0.9, 2.5)
    text = written(
        "phase_alignment", laid, limits, reason(Cause.PHASE_LEFT_OUT, "arterial"), value=0.84
    )
    assert "arterial: the livers overlap by 84.0 % (before 71.0 %), their surfaces lie 3.2" in text
    assert "Lesions seen in arterial were not used" in text
    assert "not used" not in written("phase_alignment", laid, limits, passed=True, value=0.95)


def test_phase_lesions_and_checks():
    counts = reason(Cause.PHASE_LESIONS, 3, "portal"), reason(Cause.PHASE_LESIONS, 5, "arterial")
    text = written("phase_lesions", *counts, passed=True, value=6)
    assert "3 lesion(s) in portal, 5 lesion(s) in arterial; 6 in all" in text
    failed = reason(Cause.CHECKS_FAILED, "arterial", "slice_spacing", "scan_coverage")
    assert "phases: arterial: slice spacing, scan coverage." in written(
        "phase_checks", failed, value=1
    )
