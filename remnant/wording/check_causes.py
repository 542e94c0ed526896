"""What a quality check rests on, in words."""

from collections.abc import Callable, Mapping
from typing import Final

from remnant.core.reasons import Cause, Reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.kinds import Template
from remnant.wording.language import message, say
from remnant.wording.names import either, named
from remnant.wording.segment_causes import SOURCE_PHRASES
from remnant.wording.words import PLANE_WORDS


def _names(words: str) -> Template:
    return lambda reason: say(words, names=", ".join(reason.names))


def _lesions(words: str) -> Template:
    return lambda reason: say(words, number=reason.amounts[0], names=", ".join(reason.names))


def _parts_of(reason: Reason) -> str:
    return say(
        "code(s) {names} in {amount:g} separate parts",
        names=", ".join(reason.names),
        amount=reason.amounts[0],
    )


def out_of_order(further: str, where: str, less: str) -> str:
    """Write which segment does not lie right of, or above, another as it should."""
    if where == "right":
        return say("{further} not right of {less}", further=further, less=less)
    return say("{further} not above {less}", further=further, less=less)


def _share_limit(reason: Reason) -> str:
    return say(
        "the limit is {amount:g} % of the lesions' volume",
        amount=percent_from_fraction(reason.amounts[0]),
    )


def _unusual_share(reason: Reason) -> str:
    share, low, high = (percent_from_fraction(amount) for amount in reason.amounts)
    return say(
        "{name} {share:.1f} % of the liver, usually {low:g} to {high:g} %",
        name=reason.names[0],
        share=share,
        low=low,
        high=high,
    )


def _livers_differ(reason: Reason) -> str:
    first_ml, second_ml, inside = reason.amounts
    return say(
        "the livers measure {first_ml:.0f} and {second_ml:.0f} mL, and {inside:.0f} % of the "
        "smaller one lies within the other",
        first_ml=first_ml,
        second_ml=second_ml,
        inside=percent_from_fraction(inside),
    )


def _compared_segments(reason: Reason) -> str:
    first, second = (SOURCE_PHRASES[name] if name else say("not known") for name in reason.names)
    return say(
        "segments of the first scan: {first}; of the second: {second}", first=first, second=second
    )


def _compared_scans(reason: Reason) -> str:
    first, second = (
        " ".join(word for word in words if word) or say("not known")
        for words in (reason.names[:2], reason.names[2:])
    )
    return say("{first} in the first scan, {second} in the second", first=first, second=second)


def _behind(reason: Reason) -> str:
    number, points = reason.amounts[:2]
    differs = (
        say(", which differs in {names}", names=", ".join(reason.names)) if reason.names else ""
    )
    return say(
        "series {number:g} has {points:g} points{differs}",
        number=number,
        points=points,
        differs=differs,
    )


def _laid(reason: Reason) -> str:
    before, after = (percent_from_fraction(amount) for amount in reason.amounts[:2])
    return say(
        "{name}: the livers overlap by {after:.1f} % (before {before:.1f} %), their surfaces "
        "lie {apart_mm:.1f} mm apart",
        name=reason.names[0],
        after=after,
        before=before,
        apart_mm=reason.amounts[2],
    )


def _least_alignment(reason: Reason) -> str:
    least, most_mm = reason.amounts[:2]
    return say(
        "at least {least:g} % and at most {most_mm:g} mm are good enough",
        least=percent_from_fraction(least),
        most_mm=most_mm,
    )


def _checks_failed(reason: Reason) -> str:
    checks = ", ".join(name.replace("_", " ") for name in reason.names[1:])
    return f"{reason.names[0]}: {checks}"


def _vessels_faint(reason: Reason) -> str:
    contrast_hu, noise_hu, volume_ml = reason.amounts[:3]
    return say(
        "what looks like vessels stands out from the parenchyma by {contrast_hu:.0f} HU at a "
        "noise of {noise_hu:.0f} HU and holds {volume_ml:.1f} mL, too little to be told from "
        "noise",
        contrast_hu=contrast_hu,
        noise_hu=noise_hu,
        volume_ml=volume_ml,
    )


def _vessel_way(reason: Reason) -> str:
    vessels = say("portal branches") if reason.names[0] == "portal_vein" else say("hepatic veins")
    share = percent_from_fraction(reason.amounts[0])
    segment, through = (*reason.names[1:3], "", "")[:2]
    return say(
        "{vessels} of {segment} through {through} ({share:.0f} %)",
        vessels=vessels,
        segment=segment,
        through=through,
        share=share,
    )


def _plane_and_vein(reason: Reason) -> tuple[str, str]:
    plane, vein = (*reason.names[:2], "", "")[:2]
    known = plane in SegmentPlane.__members__
    return PLANE_WORDS[SegmentPlane[plane]] if known else plane, named(vein.replace("_", " "))


def _plane_moved(reason: Reason) -> str:
    plane, vein = _plane_and_vein(reason)
    return say(
        "{plane} by {amount:.1f} mm on the mean to the {vein}",
        plane=plane,
        amount=reason.amounts[0],
        vein=vein,
    )


def _plane_kept(why: str) -> Callable[[Reason], str]:
    def words(reason: Reason) -> str:
        plane, vein = _plane_and_vein(reason)
        return say("{plane} not moved: {why}", plane=plane, why=say(why, vein=vein))

    return words


def _vessels_found(reason: Reason) -> str:
    contrast_hu, noise_hu, confidence = reason.amounts[3:6]
    return say(
        "they stand out by {contrast_hu:.0f} HU at a noise of {noise_hu:.0f} HU; mean "
        "confidence of the parting {confidence:.2f} of 1",
        contrast_hu=contrast_hu,
        noise_hu=noise_hu,
        confidence=confidence,
    )


def _need_portal(reason: Reason) -> str:
    seen = either(reason.names) if reason.names else ""
    looks = (
        say("this scan is or looks {seen}", seen=seen)
        if seen
        else say("this scan plainly shows none")
    )
    return say("they are looked for in the portal phase, and {looks}", looks=looks)


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.VESSELS_NEED_CT: "they are looked for on CT only",
    Cause.VESSELS_NEED_PORTAL_PHASE: _need_portal,
    Cause.VESSELS_FAINT: _vessels_faint,
    Cause.VESSEL_ROOTS_UNSEEN: lambda reason: say(
        "where they begin was not seen, so that they cannot be told apart: {names}",
        names=", ".join(named(name.replace("_", " ")) for name in reason.names),
    ),
    Cause.VESSELS_FOUND: _vessels_found,
    Cause.VESSEL_WAY: _vessel_way,
    Cause.PLANE_MOVED: _plane_moved,
    Cause.VEIN_UNNAMED: _plane_kept(message("no {vein} was told among the vessels")),
    Cause.VEIN_SHORT: _plane_kept(message("the {vein} is seen over too short a way")),
    Cause.VEIN_ODD: _plane_kept(message("what was taken for the {vein} runs too far from it")),
    Cause.BORDER_SHORT: _plane_kept(message("the estimate has hardly a border there")),
    Cause.ESTIMATES_MOVED_ALONE: lambda reason: say(
        "only an estimate is moved; the segments are from {source}",
        source=SOURCE_PHRASES[SegmentSource(reason.names[0])],
    ),
    Cause.LEVEL_COMPUTED: "the level is {amounts[0]:.0f} mm (S)",
    Cause.LEVEL_UNSEEN: "the scan does not show it, and no landmark was given",
    Cause.CHECK_LIMIT: "the limit is {amounts[0]:g}",
    Cause.SHARE_LIMIT: _share_limit,
    Cause.USUAL_RANGE: "{amounts[0]:g} to {amounts[1]:g} are usual",
    Cause.OF_ALL: "of {amounts[0]:g} in all",
    Cause.AMOUNTS_TO: "{amounts[0]:.2f} mL",
    Cause.VALUES_PROVE_CT: "the values prove that they are Hounsfield units",
    Cause.OFFSET_GIVEN: "the user said what is to be added to the values",
    Cause.PADDING_VALUE: "padding is stored as {amounts[0]:g}",
    Cause.VALUES_RUN: "the values run from {amounts[0]:g} to {amounts[1]:g}",
    Cause.SPINE_BEHIND: "the spine lies behind the middle of the body",
    Cause.SPINE_IN_FRONT: "the spine lies in front of the middle of the body",
    Cause.LUNGS_ABOVE: "the lungs lie at the upper end of the scan",
    Cause.LUNGS_BELOW: "the lungs lie at the lower end of the scan",
    Cause.LIVER_ON_RIGHT: "the thickest soft tissue lies on the right",
    Cause.LIVER_ON_LEFT: "the thickest soft tissue lies on the left",
    Cause.SCAN_VOUCHED: "it was said that the file holds the whole liver",
    Cause.LESIONS_AT_EDGE: _lesions(message("{number:g} cut by the edge of the scan: {names}")),
    Cause.LESIONS_AT_FILE_END: _lesions(
        message("{number:g} at the end of the maps' file: {names}")
    ),
    Cause.CONTOUR_GRID: "voxels of {amounts[0]:g} mm on contour planes {amounts[1]:.2f} mm apart",
    Cause.FRACTIONS_FROM: "{names[0]} of {amounts[0]:g} of the largest value or more",
    Cause.LIVER_GOES_ON: "{amounts[0]:.0f} mL {names[0]} the first network's liver",
    Cause.LIVER_ENDS_WIDE: "it ends with a wide cross-section {names[0]}",
    Cause.UNLIKE_LIVER: "{amounts[0]:.0f} mL {names[0]}, {amounts[1]:.1f} SD from the liver",
    Cause.LIVER_NETWORKS_DIFFER: (
        "{amounts[0]:.1f} mL in the first network's liver alone, {amounts[1]:.1f} mL in the "
        "second's, by {amounts[2]:g} slices"
    ),
    Cause.OUTLINES_REFINED: (
        "{amounts[0]:.1f} mL as first marked, {amounts[1]:.1f} mL with refined outlines"
    ),
    Cause.OUTLINES_DIFFER: _lesions(message("{number:g} changed much: {names}")),
    Cause.LESIONS_OUTSIDE_LIVER: _lesions(message("{number:g} wholly outside the liver: {names}")),
    Cause.PIECES: "{amounts[0]:g} piece(s)",
    Cause.SEGMENTS_EMPTY: _names(message("segments without voxels: {names}")),
    Cause.SEGMENTS_MISORDERED: lambda reason: out_of_order(*reason.names),
    Cause.UNUSUAL_SHARE: _unusual_share,
    Cause.PHASE_DESCRIBED: "contrast phase by the series description: {names[0]}",
    Cause.PHASE_TOLD: "contrast phase by the user: {names[0]}",
    Cause.PHASE_TIMED: (
        "contrast phase by the time since the injection, {amounts[0]:.0f} s: {names[0]}"
    ),
    Cause.PHASE_SEEN: lambda reason: say(
        "the image looks {names} by its aorta and liver, which is uncertain",
        names=either(reason.names),
    ),
    Cause.PHASE_LAID: _laid,
    Cause.PHASE_LEFT_OUT: _names(
        message("not used, since not laid on the liver's well enough: {names}")
    ),
    Cause.LEAST_ALIGNMENT: _least_alignment,
    Cause.PHASE_LESIONS: "{amounts[0]:g} lesion(s) in {names[0]}",
    Cause.CHECKS_FAILED: _checks_failed,
    Cause.SERIES_AMONG: (
        "series {amounts[0]:g} with {amounts[1]:g} points among {amounts[2]:g} that could be the "
        "liver scan"
    ),
    Cause.SERIES_ASKED: "series {amounts[0]:g}, as the user asked",
    Cause.SERIES_POINTS: "{names[0]}: {names[1]} ({amounts[0]:+g})",
    Cause.SERIES_BEHIND: _behind,
    Cause.LESIONS_ELSEWHERE: "lesions in the {names[0]} file were not used",
    Cause.OF_FILE: "of the {names[0]} file",
    Cause.CODES: _names(message("code(s) {names}")),
    Cause.CODES_WANTED: _names(message("the user said that the lesions are code(s) {names}")),
    Cause.CODES_IN_PARTS: _parts_of,
    Cause.CODES_WITHIN: _names(message("within another code: {names}")),
    Cause.HIGHEST_CODE: "the highest is {amounts[0]:g}",
    Cause.PARTS_SPLIT: "{amounts[0]:g} separate parts, each a lesion of its own",
    Cause.PARTS_KEPT: "{amounts[0]:g} separate parts, kept together as the user said",
    Cause.THRESHOLD_GIVEN: (
        "threshold {amounts[0]:g}, as the user said; the highest value is {amounts[1]:g}"
    ),
    Cause.THRESHOLD_HALF: "threshold {amounts[0]:g}: half of the highest value {amounts[1]:g}",
    Cause.THRESHOLD_EFFECT: (
        "{amounts[1]:.2f} mL; {amounts[0]:.2f} mL at half of that threshold, {amounts[2]:.2f} mL "
        "at one and a half"
    ),
    Cause.DISTANT_PIECES: "{amounts[0]:.1f} mL of {names[0]} by {names[1]}",
    Cause.NAMED_ONLY: _names(message("without a voxel: {names}")),
    Cause.VOXELS: "{amounts[0]:.0f} voxel(s)",
    Cause.WITHIN_REACH: "within {amounts[0]:g} mm of the liver",
    Cause.LESIONS_TOUCHING: "in lesions in cavities of the liver or at it",
    Cause.LESIONS_KEPT: "given lesions are kept, however few their voxels",
    Cause.LEAST_SIZE: "at least {amounts[0]:g} voxels ({amounts[1]:.1f} mm³)",
    Cause.LIVER_UNFAMILIAR: (
        "the liver's shape is unlike the livers that the segment model learned from (resected, or "
        "cut by the scan), and the model is too unsure of it: give a Couinaud map, labelled "
        "branches or landmarks"
    ),
    Cause.SEGMENTS_NOT_USED: "most segments would probably be wrong: they are not used",
    Cause.BRANCHES_OUTSIDE: _names(message("branches that lie outside the liver only: {names}")),
    Cause.OUTLINED_IN_BOX: _names(message("outlined in a reader's boxes: lesion(s) {names}")),
    Cause.LIKE_SURROUNDINGS: _names(message("like the liver around: lesion(s) {names}")),
    Cause.SPLIT_BY_SHAPE: "{amounts[0]:g} lesion(s) split into {amounts[1]:g} by shape alone",
    Cause.SPLIT_RULE: (
        "lesions of {amounts[0]:g} mL or more, necks at least {amounts[1]:g} mm thinner in radius "
        "than the parts"
    ),
    Cause.LESIONS_NUMBERED: "the given lesions are numbered already",
    Cause.LIVER_MOVED: (
        "the first liver was turned by {amounts[0]:.1f}° and moved by {amounts[1]:.0f} mm"
    ),
    Cause.LIVERS_DIFFER: _livers_differ,
    Cause.SEGMENTS_COMPARED: _compared_segments,
    Cause.SEGMENTS_UNREVIEWED: _names(
        message("segments that nobody reviewed: those of the {names} scan")
    ),
    Cause.SCANS_COMPARED: _compared_scans,
    Cause.UNCONFIRMED_IN_SCANS: (
        "unconfirmed: {amounts[0]:g} of the first and {amounts[1]:g} of the second scan"
    ),
    Cause.PLANTED: "{amounts[0]:g} synthetic metastases, {amounts[3]:g} of them missed",
}
