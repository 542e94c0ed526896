"""Quality checks in words: one writer for each, from its value, verdict and reasons."""

from collections.abc import Iterable, Mapping
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason
from remnant.core.units import percent_from_fraction
from remnant.io.roles import Part
from remnant.wording.check_causes import out_of_order
from remnant.wording.kinds import Writer
from remnant.wording.language import message, say, spoken
from remnant.wording.numbers import sentence
from remnant.wording.phrases import listed
from remnant.wording.reasons import words
from remnant.wording.segment_causes import DROPPED_WORDS, SOURCE_PHRASES

ORGAN_SIDES: Final[Mapping[str, str]] = spoken(
    {
        "left": "at its left side",
        "right": "at its right side",
        "back": "at its back",
        "front": "at its front",
        "below": "at its lower end",
        "above": "at its upper end",
    }
)


def _found(finding: Finding, cause: Cause) -> Reason:
    """Return the finding's reason of a cause, an empty one where it has none."""
    return next((one for one in finding.reasons if one.cause is cause), Reason(cause))


def _has(finding: Finding, cause: Cause) -> bool:
    return any(one.cause is cause for one in finding.reasons)


def _value(finding: Finding) -> float:
    return finding.value or 0.0


def _percent(finding: Finding) -> str:
    return say(
        "{percent:.1f} %",
        percent=percent_from_fraction(_value(finding)),
    )


def _limit(finding: Finding) -> float:
    return _found(finding, Cause.CHECK_LIMIT).amounts[0]


def _percent_limit(finding: Finding) -> str:
    return say("{limit:g} %", limit=percent_from_fraction(_limit(finding)))


def _share_limit(finding: Finding) -> str:
    (share,) = _found(finding, Cause.SHARE_LIMIT).amounts
    return say("{share:g} % of the lesions' volume", share=percent_from_fraction(share))


def _volume(finding: Finding) -> float:
    return _found(finding, Cause.AMOUNTS_TO).amounts[0]


def _lesions(reason: Reason) -> str:
    """Name the first lesions and say how many more there are."""
    more = int(reason.amounts[0]) - len(reason.names)
    return say(
        "lesion {names}{more}",
        names=", ".join(reason.names),
        more=say(" and {more} more", more=more) if more else "",
    )


def _file(finding: Finding) -> str:
    return say("the {name} file", name=_found(finding, Cause.OF_FILE).names[0])


def _constant(text: str) -> Writer:
    return lambda _: say(text)


def _liver_inside_scan(finding: Finding) -> str:
    if finding.verdict is Verdict.UNKNOWN:
        return say("Not checked: it was said that the file holds the whole liver.")
    if finding.verdict is Verdict.MET:
        return say("The liver lies wholly within the scan.")
    if _has(finding, Cause.LIVER_AT_FILE_END):
        return say(
            "The file of the maps ends at the liver. It may have been cropped to it: whether the "
            "liver is whole is not known from the file, so all volumes are lower bounds."
        )
    return say(
        "The liver reaches the edge of the scan and is cut there: all volumes are lower bounds."
    )


def _lesions_known(finding: Finding) -> str:
    if finding.verdict is Verdict.MET:
        return say("Lesions were looked for.")
    return say(
        "No lesion map was given: tumour volume and load are unknown, and lesions, if there "
        "are any, count as functional liver."
    )


def _burden_plausible(finding: Finding) -> str:
    text = say("Lesions fill {percent} of the liver.", percent=_percent(finding))
    if finding.verdict is Verdict.MET:
        return text
    return say(
        "{text} Check that the lesion map holds lesions and not the liver or its segments.",
        text=text,
    )


def _lesions_inside_scan(finding: Finding) -> str:
    if finding.verdict is Verdict.MET:
        return say("No lesion reaches the edge of the scan.")
    if _has(finding, Cause.LESIONS_AT_FILE_END):
        ends = _lesions(_found(finding, Cause.LESIONS_AT_FILE_END))
        return say(
            "At the end of the maps' file, so perhaps larger than measured: {ends}.", ends=ends
        )
    cut = _lesions(_found(finding, Cause.LESIONS_AT_EDGE))
    return say("Cut by the edge of the scan, so larger than measured: {cut}.", cut=cut)


def _lesions_inside_liver(finding: Finding) -> str:
    if finding.verdict is Verdict.MET:
        return say("Every lesion voxel lies in the liver.")
    text = say(
        "{volume:.2f} mL of the lesion map lie outside the liver: not counted.",
        volume=_volume(finding),
    )
    if not _has(finding, Cause.LESIONS_OUTSIDE_LIVER):
        return text
    gone = _lesions(_found(finding, Cause.LESIONS_OUTSIDE_LIVER))
    return say("{text} Wholly outside and not listed: {gone}.", text=text, gone=gone)


def _lesion_outlines(finding: Finding) -> str:
    core_ml, refined_ml, lesions = _found(finding, Cause.OUTLINES_REFINED).amounts
    text = say(
        "The outlines of {lesions:.0f} lesion(s) were refined slice by slice: from "
        "{core_ml:.1f} mL, as first marked, to {refined_ml:.1f} mL.",
        lesions=lesions,
        core_ml=core_ml,
        refined_ml=refined_ml,
    )
    if finding.verdict is Verdict.MET:
        return text
    changed = _lesions(_found(finding, Cause.OUTLINES_DIFFER))
    return say(
        "{text} More than {limit:g} times larger or smaller than before: {changed}. Look at "
        "their borders; until they are confirmed the intervals hold both.",
        text=text,
        limit=_limit(finding),
        changed=changed,
    )


def _liver_networks(finding: Finding) -> str:
    first_ml, second_ml, slices = _found(finding, Cause.LIVER_NETWORKS_DIFFER).amounts
    text = say(
        "On {slices:.0f} slices a second network outlined the liver in a box around the first "
        "one's: Dice {value:.2f} ({limit:g} or more is agreement), {first_ml:.0f} mL in the "
        "first one's alone, {second_ml:.0f} mL in the second one's.",
        slices=slices,
        value=_value(finding),
        limit=_limit(finding),
        first_ml=first_ml,
        second_ml=second_ml,
    )
    if finding.verdict is Verdict.MET:
        return text
    return say(
        "{text} One of them took another organ for liver or left out a part: look at the "
        "outline on all slices.",
        text=text,
    )


def _liver_ends(finding: Finding) -> str:
    if finding.verdict is Verdict.MET:
        return say("The liver does not go on beyond the slices that the first network marked.")
    added = [
        say(
            "{amount:.0f} mL {side}",
            amount=one.amounts[0],
            side=ORGAN_SIDES[one.names[0]],
        )
        for one in finding.reasons
        if one.cause is Cause.LIVER_GOES_ON
    ]
    texts = []
    if added:
        texts.append(
            say(
                "The first network cut the liver off: a second one followed it further and {added} "
                "were added.",
                added=listed(added),
            )
        )
    if _has(finding, Cause.LIVER_ENDS_WIDE):
        wide = _found(finding, Cause.LIVER_ENDS_WIDE).names[0]
        texts.append(
            say(
                "The liver's mask ends wide {side} although the scan goes on: a part is "
                "probably missing.",
                side=ORGAN_SIDES[wide],
            )
        )
    return " ".join([*texts, say("Look at its ends.")])


def _other_organs(finding: Finding) -> str:
    if finding.verdict is Verdict.MET:
        return say("No part of the liver's mask looks like another organ.")
    parts = ", ".join(
        say(
            "{amount:.0f} mL {side}",
            amount=one.amounts[0],
            side=ORGAN_SIDES[one.names[0]],
        )
        for one in finding.reasons
        if one.cause is Cause.UNLIKE_LIVER
    )
    return say(
        "Of the liver's mask {parts} look(s) unlike the rest and is not reached by an outline "
        "that is followed from its widest slice: kidney, bowel, spleen or a large tumour. "
        "Look there; it is still counted as liver.",
        parts=parts,
    )


def _segments_cover_liver(finding: Finding) -> str:
    return say(
        "{volume:.1f} mL of the liver ({percent}) belong to no segment and are counted for none.",
        volume=_volume(finding),
        percent=_percent(finding),
    )


def _segments_inside_liver(finding: Finding) -> str:
    return say(
        "{volume:.1f} mL of the segment map ({percent} of the liver) lie outside the liver: "
        "not counted.",
        volume=_volume(finding),
        percent=_percent(finding),
    )


def _lesions_unconfirmed(finding: Finding) -> str:
    whole = say("{amount:.0f} lesions", amount=_found(finding, Cause.OF_ALL).amounts[0])
    if finding.verdict is Verdict.MET:
        return say("{whole}, none of them left unconfirmed.", whole=whole)
    return say(
        "{value:.0f} of {whole} are not confirmed: nobody has looked at them here.",
        value=_value(finding),
        whole=whole,
    )


def _one_piece(finding: Finding) -> str:
    pieces = _found(finding, Cause.PIECES).amounts[0]
    return say(
        "The liver mask has {pieces:g} piece(s); {percent} of it lies outside the largest "
        "(worth a look above {percent_limit}).",
        pieces=pieces,
        percent=_percent(finding),
        percent_limit=_percent_limit(finding),
    )


def _cavities(finding: Finding) -> str:
    return say(
        "The liver mask encloses cavities of {percent} of its volume that do not count as "
        "liver (worth a look above {percent_limit}).",
        percent=_percent(finding),
        percent_limit=_percent_limit(finding),
    )


def _mask_volume(finding: Finding) -> str:
    low, high = _found(finding, Cause.USUAL_RANGE).amounts
    return say(
        "The liver mask holds {value:.0f} mL; {low:g} to {high:g} mL are usual.",
        value=_value(finding),
        low=low,
        high=high,
    )


def _segments_present(finding: Finding) -> str:
    missing = ", ".join(_found(finding, Cause.SEGMENTS_EMPTY).names) or say("none")
    return say("Segments without voxels: {missing}.", missing=missing)


def _in_order(finding: Finding) -> str:
    if finding.verdict is Verdict.UNKNOWN:
        return say(NOT_CHECKED)
    wrong = "; ".join(
        out_of_order(further, where, less)
        for further, where, less in (one.names for one in finding.reasons)
    )
    told = (
        say("{wrong}: left and right or the codes may be exchanged", wrong=wrong)
        if wrong
        else say("none")
    )
    return say("Segments out of anatomical order: {told}.", told=told)


def _shares(finding: Finding) -> str:
    if finding.verdict is Verdict.UNKNOWN:
        return say(NOT_CHECKED)
    odd = "; ".join(_unusual(one) for one in finding.reasons) or say("none")
    return say("Segments with an unusual share of the liver: {odd}.", odd=odd)


def _unusual(reason: Reason) -> str:
    share, low, high = (percent_from_fraction(amount) for amount in reason.amounts)
    return say(
        "{name} {share:.1f} % ({low:g} to {high:g} %)",
        name=reason.names[0],
        share=share,
        low=low,
        high=high,
    )


def _confidence(finding: Finding) -> str:
    return say(
        "The liver network's mean probability inside the liver is {value:.2f}; below "
        "{limit:.2f} the mask needs a closer look.",
        value=_value(finding),
        limit=_limit(finding),
    )


def _liver_volume(finding: Finding) -> str:
    low, high = _found(finding, Cause.USUAL_RANGE).amounts
    return say(
        "The liver found has {value:.0f} mL; {low:.0f} to {high:.0f} mL is expected.",
        value=_value(finding),
        low=low,
        high=high,
    )


def _slice_spacing(finding: Finding) -> str:
    return say(
        "Slices are {value:.2f} mm apart; above {limit:g} mm volumes of small lesions become "
        "unreliable.",
        value=_value(finding),
        limit=_limit(finding),
    )


def _anisotropy(finding: Finding) -> str:
    return say(
        "Voxels are {value:.1f} times as long as wide; above {limit:g} shapes and diameters "
        "become unreliable.",
        value=_value(finding),
        limit=_limit(finding),
    )


def _shear(finding: Finding) -> str:
    return say(
        "The slices are sheared by {value:.1f} degrees (gantry tilt). The grid is kept as it "
        "is: volumes are right, pictures may look slanted.",
        value=_value(finding),
    )


def _coverage(finding: Finding) -> str:
    return say(
        "The scan covers {value:.0f} mm head to foot; a whole liver usually needs {limit:.0f} mm.",
        value=_value(finding),
        limit=_limit(finding),
    )


def _contrast(finding: Finding) -> str:
    told = "; ".join(words(one) for one in finding.reasons)
    if finding.verdict is Verdict.UNKNOWN:
        text = say("The source does not say the contrast phase.")
        return f"{text} {sentence(told)}." if told else text
    if finding.verdict is Verdict.NOT_MET:
        text = say("The scan was made without contrast: most lesions are hardly visible.")
        return f"{text} {sentence(told)}." if told else text
    return f"{sentence(told)}."


def _contradicted_phase(finding: Finding) -> str:
    told = "; ".join(words(one) for one in finding.reasons)
    return say(
        "The contrast phase is contradicted ({told}). The first of these holds; look whether "
        "it is right.",
        told=told,
    )


def _aligned_phases(finding: Finding) -> str:
    laid = "; ".join(words(one) for one in finding.reasons if one.cause is Cause.PHASE_LAID)
    limit = words(_found(finding, Cause.LEAST_ALIGNMENT))
    text = say("Phases laid on the liver's: {laid} ({limit}).", laid=laid, limit=limit)
    if finding.verdict is Verdict.MET:
        return text
    lost = ", ".join(_found(finding, Cause.PHASE_LEFT_OUT).names)
    return say(
        "{text} Lesions seen in {lost} were not used: they could not be laid where they are.",
        text=text,
        lost=lost,
    )


def _phase_lesions(finding: Finding) -> str:
    found = ", ".join(words(one) for one in finding.reasons)
    return say(
        "Lesions of several phases were joined: {found}; {value:.0f} in all. Those that "
        "overlap are one, and each says in which phases it was seen.",
        found=found,
        value=_value(finding),
    )


def _phase_checks(finding: Finding) -> str:
    failed = "; ".join(words(one) for one in finding.reasons) or say("none")
    return say("Checks that failed for the other phases: {failed}.", failed=failed)


def _chosen_series(finding: Finding) -> str:
    points = ", ".join(words(one) for one in finding.reasons if one.cause is Cause.SERIES_POINTS)
    others = "; ".join(words(one) for one in finding.reasons if one.cause is Cause.SERIES_BEHIND)
    if finding.verdict is not Verdict.UNKNOWN:
        asked = _has(finding, Cause.SERIES_ASKED)
        head = (
            say("as the user asked") if asked else say("the only one that could be the liver scan")
        )
        text = say(
            "Series {value:.0f} was read, {head} ({points}).",
            value=_value(finding),
            head=head,
            points=points,
        )
    else:
        _, total, count = _found(finding, Cause.SERIES_AMONG).amounts
        text = say(
            "Of {count:.0f} series that could be the liver scan, series {value:.0f} was taken by "
            "its header alone: it leads with {total:g} points ({points}).",
            count=count,
            value=_value(finding),
            total=total,
            points=points,
        )
    return f"{text} {sentence(others)}." if others else text


def _offset(finding: Finding) -> str:
    text = say(
        "{value:+g} HU were added to every value of the scan, as the user said",
        value=_value(finding),
    )
    if _has(finding, Cause.VALUES_PROVE_CT):
        return say("{text}: the sums lie where a CT's Hounsfield units do.", text=text)
    return say(
        "{text}; the sums do not prove that they are Hounsfield units: look at the intensities.",
        text=text,
    )


def _rescale(finding: Finding) -> str:
    text = say("The DICOM header does not say the rescale slope and intercept")
    if _has(finding, Cause.OFFSET_GIVEN):
        return say("{text}: the user said what to add to the values.", text=text)
    return say("{text}: the values prove that they are Hounsfield units as they are.", text=text)


def _image_padding(finding: Finding) -> str:
    number = _found(finding, Cause.PADDING_VALUE).amounts[0]
    return say(
        "{percent} of the voxels hold the one number {number:g}, which fills the edges of the "
        "scan: it was taken for padding and read as air.",
        percent=_percent(finding),
        number=number,
    )


def _cut_off(finding: Finding) -> str:
    low, high = _found(finding, Cause.VALUES_RUN).amounts
    return say(
        "The values run from {low:g} to {high:g} HU and are cut off at the lower end, where "
        "{percent} of the voxels lie: there is no air in them, as in a scan exported for "
        "display.",
        low=low,
        high=high,
        percent=_percent(finding),
    )


def _possible(finding: Finding) -> str:
    low, high = _found(finding, Cause.VALUES_RUN).amounts
    return say(
        "{value:.0f} voxel(s) hold values that no tissue or metal has: the values run from "
        "{low:g} to {high:g} HU. Look whether they lie in the liver.",
        value=_value(finding),
        low=low,
        high=high,
    )


def _padding_inside(finding: Finding) -> str:
    return say(
        "{value:.0f} voxel(s) hold the number that the header gives for padding but lie "
        "within the body, not at the border of the image: they were kept as measured.",
        value=_value(finding),
    )


def _body_orientation(finding: Finding) -> str:
    if finding.verdict is Verdict.NOT_MET:
        return _turned(finding)
    if _has(finding, Cause.LIVER_ON_LEFT):
        return say(
            "The thickest soft tissue, as the liver is, lies on the left of the image: the image "
            "may be mirrored. A large spleen, an earlier right hepatectomy and situs inversus "
            "look like that too: check left and right."
        )
    if finding.verdict is Verdict.UNKNOWN:
        return say(
            "Whether the body lies as the header says cannot be told from the image: it shows too "
            "little of the spine and of what is around it."
        )
    lungs = say(" and the lungs above") if _has(finding, Cause.LUNGS_ABOVE) else ""
    return say("The body lies as the header says: the spine is behind{lungs}.", lungs=lungs)


def _turned(finding: Finding) -> str:
    front, below = (_has(finding, cause) for cause in (Cause.SPINE_IN_FRONT, Cause.LUNGS_BELOW))
    ends = {
        (True, False): (say("The spine lies in front"), say("front to back")),
        (False, True): (say("The lungs lie at the lower end"), say("head to feet")),
    }
    seen, turned = ends.get(
        (front, below),
        (
            say("The spine lies in front and the lungs at the lower end"),
            say("front to back and head to feet"),
        ),
    )
    return say(
        "{seen}: the image is turned {turned} or its header is wrong. Left and right cannot "
        "be trusted, nor can segments, remnants and plans: export or convert the scan again.",
        seen=seen,
        turned=turned,
    )


def _gaps(finding: Finding) -> str:
    return say(
        "{value:.0f} of {amount:.0f} planes between the first and the last of the DICOM "
        "segmentation are not in the file: they were read as empty.",
        value=_value(finding),
        amount=_found(finding, Cause.OF_ALL).amounts[0],
    )


def _lesions_source(finding: Finding) -> str:
    other = _found(finding, Cause.LESIONS_ELSEWHERE).names[0]
    return say(
        "Lesions come from the lesions file; those in the {other} file were not used.", other=other
    )


def _unnamed_values(finding: Finding) -> str:
    return say(
        "The 3D Slicer file holds {value:.0f} value(s) that none of its segments has: not used.",
        value=_value(finding),
    )


def _empty_names(finding: Finding) -> str:
    names = ", ".join(_found(finding, Cause.NAMED_ONLY).names)
    return say(
        "{file} names {names} but holds no voxel of it.", file=sentence(_file(finding)), names=names
    )


def _overlap(finding: Finding) -> str:
    return say(
        "Segments of {file} overlap in {value:.0f} voxel(s); each such voxel was given to the "
        "segment of the lower number.",
        file=_file(finding),
        value=_value(finding),
    )


def _by_number(finding: Finding) -> str:
    if finding.quantity is not None:
        return say(
            "{value:.0f} code(s) of {file} have no name in its header: like the named ones, each "
            "was read as the segment of its number.",
            value=_value(finding),
            file=_file(finding),
        )
    return say(
        "{file} tells its segments apart by a number alone: 1 to 8 were read as Couinaud I "
        "to VIII; look whether that is what was meant.",
        file=sentence(_file(finding)),
    )


def _codes_chosen(finding: Finding) -> str:
    wanted = ", ".join(_found(finding, Cause.CODES_WANTED).names)
    text = say(
        "Of the lesions file the code(s) {wanted} were taken for lesions, as the user said",
        wanted=wanted,
    )
    left = ", ".join(_found(finding, Cause.CODES).names)
    return say("{text}; {left} were left out.", text=text, left=left) if left else f"{text}."


def _class_map(finding: Finding) -> str:
    why = []
    if _has(finding, Cause.CODES_IN_PARTS):
        parts = _found(finding, Cause.CODES_IN_PARTS)
        why.append(
            say(
                "{names} lie in {amount:g} separate parts",
                names=", ".join(parts.names),
                amount=parts.amounts[0],
            )
        )
    if _has(finding, Cause.CODES_WITHIN):
        why.append(
            say(
                "{names} within another one",
                names=", ".join(_found(finding, Cause.CODES_WITHIN).names),
            )
        )
    return say(
        "The {value:.0f} codes of the lesions file are classes and not lesions ({why}): "
        "together they were split into separate lesions.",
        value=_value(finding),
        why="; ".join(why),
    )


def _codes_many(finding: Finding) -> str:
    highest = _found(finding, Cause.HIGHEST_CODE).amounts[0]
    return say(
        "The lesions file holds {value:.0f} code(s) up to {highest:g}, each read as a lesion: "
        "look whether they are lesions and not grey values.",
        value=_value(finding),
        highest=highest,
    )


def _vessel_like(finding: Finding) -> str:
    codes = ", ".join(_found(finding, Cause.CODES).names)
    return say(
        "Code(s) {codes} of the lesions file have the shape of vessels or ducts: look whether "
        "they are tumour.",
        codes=codes,
    )


def _nested(finding: Finding) -> str:
    codes = ", ".join(_found(finding, Cause.CODES).names)
    return say(
        "Code(s) {codes} of the lesions file lie within another one, as a core lies in its "
        "rim: look whether they are lesions of their own.",
        codes=codes,
    )


def _in_parts(finding: Finding) -> str:
    codes = ", ".join(_found(finding, Cause.CODES).names)
    if _has(finding, Cause.PARTS_KEPT):
        parts = _found(finding, Cause.PARTS_KEPT).amounts[0]
        return say(
            "Code(s) {codes} of the lesions file lie in {parts:g} separate parts and were kept as "
            "one lesion each: their diameters span the gaps.",
            codes=codes,
            parts=parts,
        )
    parts = _found(finding, Cause.PARTS_SPLIT).amounts[0]
    return say(
        "Code(s) {codes} of the lesions file lie in {parts:g} separate parts: each part was "
        "read as a lesion.",
        codes=codes,
        parts=parts,
    )


def _thresholded(finding: Finding) -> str:
    given = _has(finding, Cause.THRESHOLD_GIVEN)
    used = _found(finding, Cause.THRESHOLD_GIVEN if given else Cause.THRESHOLD_HALF)
    what = (
        say(
            "{file} was cut at {amount:g}, as the user said (its values reach {highest:g})",
            file=_file(finding),
            amount=used.amounts[0],
            highest=used.amounts[1],
        )
        if given
        else say(
            "{file} is a mask of 0 and {highest:g} that was resampled or compressed as a "
            "picture: voxels from half of that on ({amount:g}) count",
            file=_file(finding),
            highest=used.amounts[1],
            amount=used.amounts[0],
        )
    )
    low, at, high = _found(finding, Cause.THRESHOLD_EFFECT).amounts
    return say(
        "{what}: {at:.2f} mL. At half that threshold it would be {low:.2f} mL, at one and a "
        "half {high:.2f} mL.",
        what=sentence(what),
        at=at,
        low=low,
        high=high,
    )


def _rounded(finding: Finding) -> str:
    return say(
        "{file} holds numbers that are up to {value:.1g} off whole ones: each was rounded to "
        "its code.",
        file=sentence(_file(finding)),
        value=_value(finding),
    )


def _distant_pieces(finding: Finding) -> str:
    far = "; ".join(
        say(
            "{amount:.1f} mL of {piece} by {neighbour}",
            amount=one.amounts[0],
            piece=one.names[0],
            neighbour=one.names[1] or say("none"),
        )
        for one in finding.reasons
    )
    more = int(_value(finding)) - len(finding.reasons)
    also = say(" and {more} more", more=more) if more > 0 else ""
    return say(
        "Pieces of segments far from the rest of their segment: {far}{also}.",
        far=far or say("none"),
        also=also,
    )


def _merged(finding: Finding) -> str:
    return say("Segments IVa and IVb of {file} were read as segment IV.", file=_file(finding))


def _passed_over(finding: Finding) -> str:
    return say(
        "{value:.0f} other segment(s) of {file} were not used.",
        value=_value(finding),
        file=_file(finding),
    )


def _by_role(finding: Finding) -> str:
    return say(
        "{file} does not say what its one segment is: it was taken at its role.",
        file=sentence(_file(finding)),
    )


def _slices_skipped(finding: Finding) -> str:
    return say(
        "{file} leaves {value:.0f} slice(s) empty between slices that it fills: what lies "
        "there is not counted.",
        file=sentence(_file(finding)),
        value=_value(finding),
    )


def _contours(words: str) -> Writer:
    return lambda finding: say(words, n=_value(finding), file=_file(finding))


def _contour_grid(finding: Finding) -> str:
    pixel_mm, gap_mm = _found(finding, Cause.CONTOUR_GRID).amounts
    return say(
        "The scan of the contours was neither given nor found beside them: they were filled "
        "with voxels of {pixel_mm:g} mm on their own planes, {gap_mm:.2f} mm apart. Slices "
        "that nobody contoured are not told from that, and the grid ends where the contours "
        "do: give the scan.",
        pixel_mm=pixel_mm,
        gap_mm=gap_mm,
    )


def _repeated_frames(finding: Finding) -> str:
    return say(
        "{value:.0f} frame(s) of the DICOM segmentation lie on a plane of which another frame "
        "holds the same segment: what either of them marks counts. Check the segmentation.",
        value=_value(finding),
    )


def _fractions(finding: Finding) -> str:
    how = _found(finding, Cause.FRACTIONS_FROM)
    kind = {"occupancy": say("shares of voxels"), "probability": say("probabilities")}
    return say(
        "The DICOM segmentation holds {kind}: voxels count from {amount:g} of the largest "
        "value on.",
        kind=kind.get(how.names[0], say("fractions")),
        amount=how.amounts[0],
    )


def _other_series(finding: Finding) -> str:
    return say(
        "{file} was drawn on another series of this examination than the scan: in another "
        "phase or breath the liver may lie elsewhere; check that both agree.",
        file=sentence(_file(finding)),
    )


def _exophytic(finding: Finding) -> str:
    where = say("in lesions in its cavities or at its surface")
    gap_ml = sum(_found(finding, Cause.LESIONS_TOUCHING).amounts)
    if gap_ml:
        where = say(
            "{where}, with {gap_ml:.2f} mL between it and them,", where=where, gap_ml=gap_ml
        )
    if _has(finding, Cause.WITHIN_REACH):
        where = say(
            "within {amount:g} mm of it", amount=_found(finding, Cause.WITHIN_REACH).amounts[0]
        )
    return say(
        "{voxels}, lay outside the liver mask {where} and were counted as liver (worth a look "
        "above {share_limit}).",
        voxels=_voxels(finding),
        where=where,
        share_limit=_share_limit(finding),
    )


def _leakage(finding: Finding) -> str:
    return say(
        "{voxels}, lay farther outside the liver mask or apart from it and were cut (worth a "
        "look above {share_limit}).",
        voxels=_voxels(finding),
        share_limit=_share_limit(finding),
    )


def _voxels(finding: Finding) -> str:
    voxels = _found(finding, Cause.VOXELS).amounts[0]
    return say("{voxels:.0f} lesion voxel(s), {value:.2f} mL", voxels=voxels, value=_value(finding))


def _small_lesions(finding: Finding) -> str:
    if _has(finding, Cause.LESIONS_KEPT):
        return say("No given lesion was dropped for its size, however few its voxels.")
    voxels, mm3 = _found(finding, Cause.LEAST_SIZE).amounts
    return say(
        "{value:.0f} lesion(s) of fewer than {voxels:g} voxels ({mm3:.1f} mm³) were dropped.",
        value=_value(finding),
        voxels=voxels,
        mm3=mm3,
    )


def _shape_familiar(finding: Finding) -> str:
    like = finding.verdict is Verdict.MET
    likeness = (
        message(
            "The liver's shape is like those that the segment model learned from (distance "
            "{value:.1f}, alike up to {limit:.1f})."
        )
        if like
        else message(
            "The liver's shape is unlike those that the segment model learned from (distance "
            "{value:.1f}, alike up to {limit:.1f})."
        )
    )
    text = say(likeness, value=_value(finding), limit=_limit(finding))
    if like:
        return text
    return say(
        "{text} A liver that was resected, is cut by the field of view or is of unusual shape "
        "is divided less well: look at its borders. Their errors are taken as for such "
        "livers.",
        text=text,
    )


def _model_certain(finding: Finding) -> str:
    sure, least = (percent_from_fraction(x) for x in (_value(finding), _limit(finding)))
    text = say(
        "The segment model is on average {sure:.0f} % sure of a voxel's segment; below "
        "{least:.0f} % its borders are less certain than usual.",
        sure=sure,
        least=least,
    )
    if not _has(finding, Cause.SEGMENTS_NOT_USED):
        return text
    return say(
        "{text} This liver's shape is unlike the training livers' as well: most of its "
        "segments would probably be wrong, and they are not used. Another source of the "
        "segments is needed.",
        text=text,
    )


def _every_segment(finding: Finding) -> str:
    missing = ", ".join(_found(finding, Cause.SEGMENTS_EMPTY).names) or say("none")
    text = say(
        "Segments without a labelled branch, which therefore have no voxels: {missing}.",
        missing=missing,
    )
    lost = ", ".join(_found(finding, Cause.BRANCHES_OUTSIDE).names)
    return (
        say("{text} Branches of {lost} lie outside the liver only.", text=text, lost=lost)
        if lost
        else text
    )


def _branches_in_liver(finding: Finding) -> str:
    return say(
        "{percent} of the branch voxels lie outside the liver and were left out (worth a look "
        "above {percent_limit}).",
        percent=_percent(finding),
        percent_limit=_percent_limit(finding),
    )


def _reached(finding: Finding) -> str:
    return say(
        "{percent} of the liver is not joined to any labelled branch and went to the branch "
        "nearest by straight distance (worth a look above {percent_limit}).",
        percent=_percent(finding),
        percent_limit=_percent_limit(finding),
    )


def _lesions_in_boxes(finding: Finding) -> str:
    numbers = ", ".join(_found(finding, Cause.OUTLINED_IN_BOX).names)
    text = say(
        "A network outlined {value:.0f} lesion(s) (number {numbers}) in boxes that a reader "
        "drew: that they are lesions is confirmed, their outlines need a look.",
        value=_value(finding),
        numbers=numbers,
    )
    alike = ", ".join(_found(finding, Cause.LIKE_SURROUNDINGS).names)
    if not alike:
        return text
    return say(
        "{text} Number {alike} looks like the liver around: nothing but the box tells it apart.",
        text=text,
        alike=alike,
    )


def _liver_in_box(finding: Finding) -> str:
    return say(
        "The liver was not found by the liver network: another one outlined it in a box that "
        "a reader drew, and expects to overlap with the truth by {percent} on the slice of "
        "that box (intersection over union). Look at its outline on all slices.",
        percent=_percent(finding),
    )


def _split(finding: Finding) -> str:
    if _has(finding, Cause.LESIONS_NUMBERED):
        return say(
            "The given lesions are numbered already: none was split by shape. Give them as one "
            "code to have their confluent masses split."
        )
    masses, parts = _found(finding, Cause.SPLIT_BY_SHAPE).amounts
    least_ml, depth_mm = _found(finding, Cause.SPLIT_RULE).amounts
    if not masses:
        return say(
            "No lesion of {least_ml:g} mL or more has a neck at least {depth_mm:g} mm thinner in "
            "radius than its parts: none was split.",
            least_ml=least_ml,
            depth_mm=depth_mm,
        )
    return say(
        "{masses:g} confluent lesion(s) were split into {parts:g} by shape alone (watershed; "
        "necks at least {depth_mm:g} mm thinner in radius than the parts, lesions of "
        "{least_ml:g} mL or more): count and diameters depend on it, volumes do not.",
        masses=masses,
        parts=parts,
        depth_mm=depth_mm,
        least_ml=least_ml,
    )


def _alignment(finding: Finding) -> str:
    degrees, distance_mm = _found(finding, Cause.LIVER_MOVED).amounts
    text = say(
        "After rigid alignment the two livers overlap by {percent} (Dice; worth a look below "
        "{percent_limit}); the first was turned by {degrees:.1f}° and moved by "
        "{distance_mm:.0f} mm.",
        percent=_percent(finding),
        percent_limit=_percent_limit(finding),
        degrees=degrees,
        distance_mm=distance_mm,
    )
    if finding.verdict is Verdict.MET:
        return text
    first_ml, second_ml, inside = _found(finding, Cause.LIVERS_DIFFER).amounts
    return say(
        "{text} The livers differ (they measure {first_ml:.0f} and {second_ml:.0f} mL, and "
        "{inside:.0f} % of the smaller one lies within the other), as after a resection, "
        "after growth, in another breath or where a scan cuts them: lesions matched by place "
        "alone need a look.",
        text=text,
        first_ml=first_ml,
        second_ml=second_ml,
        inside=percent_from_fraction(inside),
    )


def _compared_segments(finding: Finding) -> str:
    unreviewed = _found(finding, Cause.SEGMENTS_UNREVIEWED).names
    sources = _found(finding, Cause.SEGMENTS_COMPARED).names
    first, second = (
        (SOURCE_PHRASES[source] if source else say("not known"))
        + (say(", which nobody reviewed") if scan in unreviewed else "")
        for scan, source in zip(("first", "second"), sources, strict=True)
    )
    return say(
        "Couinaud segments of the first scan: {first}; of the second: {second}. Growth of a "
        "remnant holds both livers to be divided alike.",
        first=first,
        second=second,
    )


def _compared_scans(finding: Finding) -> str:
    words = _found(finding, Cause.SCANS_COMPARED).names
    first, second = (_known_words(words[:2]), _known_words(words[2:]))
    return say(
        "Modality and contrast phase: {first} in the first scan, {second} in the second. "
        "Lesions differ in size between phases: a follow-up is best read in the same one.",
        first=first,
        second=second,
    )


def _known_words(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word) or say("not known")


def _compared_lesions(finding: Finding) -> str:
    first, second = _found(finding, Cause.UNCONFIRMED_IN_SCANS).amounts
    return say(
        "{first:g} lesion(s) of the first and {second:g} of the second scan are unconfirmed; "
        "rejected ones are in no volume, and lesions that they match are named as rejected.",
        first=first,
        second=second,
    )


def _extended(finding: Finding) -> str:
    text = say(
        "{value:.1f} mL of liver, added after it was divided, have the segment that is nearest.",
        value=_value(finding),
    )
    lost = ", ".join(DROPPED_WORDS[n] for n in _found(finding, Cause.DROPPED_WITH_SEGMENTS).names)
    return say("{text} Dropped with that: {lost}.", text=text, lost=lost) if lost else text


def _vessels_computed(finding: Finding) -> str:
    found = _found(finding, Cause.VESSELS_FOUND)
    if not found.amounts:
        return say("Vessels were not computed: {reason}.", reason=words(finding.reasons[0]))
    portal_ml, hepatic_ml, unassigned_ml = found.amounts[:3]
    return say(
        "Vessels are computed, nobody confirmed them: portal vein {portal_ml:.0f} mL, hepatic "
        "veins {hepatic_ml:.0f} mL, assigned to neither {unassigned_ml:.1f} mL; {found}. "
        "Distances to them are to be read so; maps of portal_vein and hepatic_veins replace "
        "them.",
        portal_ml=portal_ml,
        hepatic_ml=hepatic_ml,
        unassigned_ml=unassigned_ml,
        found=words(found),
    )


def _vessel_ways(finding: Finding) -> str:
    ways = [words(one) for one in finding.reasons if one.cause is Cause.VESSEL_WAY]
    if not ways:
        return say("By the computed vessels no segment's vessels run through another segment.")
    return say(
        "By the computed vessels, which nobody confirmed, inflow and outflow of segments run "
        "through others: {ways}. Removing these others would cut them.",
        ways=", ".join(ways),
    )


def _planes_moved(finding: Finding) -> str:
    told = "; ".join(words(one) for one in finding.reasons)
    if not _value(finding):
        return say("No plane between segments was moved to a vein: {told}.", told=told)
    return say(
        "{value:.0f} plane(s) between segments were moved to veins that a program named, "
        "computed and to be confirmed: {told}.",
        value=_value(finding),
        told=told,
    )


def _segment_iv_parted(finding: Finding) -> str:
    told = "; ".join(words(one) for one in finding.reasons)
    if _found(finding, Cause.LEVEL_COMPUTED).amounts:
        return say(
            "IVa and IVb are parted at the bifurcation of the portal vein that a program named, "
            "computed and to be confirmed: {told}.",
            told=told,
        )
    return say(
        "IVa and IVb are not parted at the bifurcation of the portal vein: {told}.", told=told
    )


def _intensities(finding: Finding) -> str:
    return say(
        "{value:.0f} edited lesion(s) are listed without intensities: the scan was not read again.",
        value=_value(finding),
    )


def _planted(finding: Finding) -> str:
    all_of_them, true_ml, seed, missed, measured_ml, false = _found(finding, Cause.PLANTED).amounts
    return say(
        "{all_of_them:g} synthetic metastases of {true_ml:.1f} mL in all were planted in this "
        "image (seed {seed:.0f}): {found:g} were found, {missed:g} missed, and "
        "measured as {measured_ml:.1f} mL; {false:g} further lesion(s) lie where none was "
        "planted. This is a demonstration, not a patient's disease.",
        all_of_them=all_of_them,
        true_ml=true_ml,
        seed=seed,
        found=all_of_them - missed,
        missed=missed,
        measured_ml=measured_ml,
        false=false,
    )


NOT_CHECKED: Final = message("Not checked: a segment has no voxels.")
OF_FILES: Final[Mapping[str, Writer]] = {
    "empty": _empty_names,
    "overlap": _overlap,
    "by_number": _by_number,
    "iv_merged": _merged,
    "passed_over": _passed_over,
    "by_role": _by_role,
    "slices_skipped": _slices_skipped,
    "contours_ignored": _contours(
        message(
            "{n:.0f} contour(s) of {file} are no closed outlines (points, open lines): not used."
        )
    ),
    "contours_repeated": _contours(
        message("{n:.0f} contour(s) of {file} stand there twice: used once.")
    ),
    "contours_nested": _contours(
        message("{n:.0f} contour(s) of {file} lie within another one: they count as holes.")
    ),
    "contours_unseen": _contours(
        message("{n:.0f} contour(s) of {file} hold the centre of no voxel: they count for nothing.")
    ),
    "contours_crossing": _contours(
        message(
            "Contours of {file} cross, or two of them are nearly the same: {n:.0f} voxel(s) lie "
            "in two and were left out, as in a hole. Check the contours."
        )
    ),
    "contours_off_slice": _contours(
        message(
            "Contours of {file} lie up to {n:.2f} mm off the slices of the scan: each was taken "
            "to the nearest. They were probably drawn on another series."
        )
    ),
    "thresholded": _thresholded,
    "rounded": _rounded,
}
"""Checks of any file of a role: the id is that of the role, ``_`` and one of these."""

WRITERS: Final[Mapping[str, Writer]] = {
    "liver_inside_scan": _liver_inside_scan,
    "lesions_known": _lesions_known,
    "burden_plausible": _burden_plausible,
    "lesions_inside_scan": _lesions_inside_scan,
    "lesions_inside_liver": _lesions_inside_liver,
    "segments_cover_liver": _segments_cover_liver,
    "segments_inside_liver": _segments_inside_liver,
    "lesions_unconfirmed": _lesions_unconfirmed,
    "liver_networks_agree": _liver_networks,
    "liver_ends_found": _liver_ends,
    "liver_without_other_organs": _other_organs,
    "lesion_outlines_agree": _lesion_outlines,
    "lesion_outlines_refined": _constant(
        message(
            "Lesions are as the first network marked them, often their cores without rim and halo: "
            "their outlines were not refined."
        )
    ),
    "liver_in_one_piece": _one_piece,
    "liver_without_cavities": _cavities,
    "liver_mask_volume_plausible": _mask_volume,
    "couinaud_segments_present": _segments_present,
    "couinaud_in_order": _in_order,
    "couinaud_shares_plausible": _shares,
    "couinaud_shape_familiar": _shape_familiar,
    "couinaud_model_certain": _model_certain,
    "network_confidence": _confidence,
    "liver_volume_plausible": _liver_volume,
    "slice_spacing": _slice_spacing,
    "voxel_anisotropy": _anisotropy,
    "sheared_grid": _shear,
    "scan_coverage": _coverage,
    "contrast_phase": _contrast,
    "hounsfield_units": _constant(
        message(
            "The values do not prove that they are Hounsfield units, as air, fat and soft tissue "
            "of a whole body would: they were taken for what the scan was said to be."
        )
    ),
    "intensity_offset": _offset,
    "rescale_stated": _rescale,
    "image_padding": _image_padding,
    "intensities_cut_off": _cut_off,
    "intensities_possible": _possible,
    "padding_inside_body": _padding_inside,
    "body_orientation": _body_orientation,
    "phase_contradicted": _contradicted_phase,
    "series_chosen": _chosen_series,
    "phase_alignment": _aligned_phases,
    "phase_lesions": _phase_lesions,
    "phase_checks": _phase_checks,
    "dicom_seg_gaps": _gaps,
    "dicom_seg_fractions": _fractions,
    "dicom_seg_repeated": _repeated_frames,
    "rtstruct_own_grid": _contour_grid,
    "masks_of_other_series": _other_series,
    "liver_from_couinaud": _constant(
        message("No liver mask was given: the liver is the union of the Couinaud segments.")
    ),
    "lesions_source": _lesions_source,
    "lesion_codes_chosen": _codes_chosen,
    "lesions_class_map": _class_map,
    "lesion_codes_many": _codes_many,
    "lesions_vessel_like": _vessel_like,
    "lesions_nested": _nested,
    "lesions_in_parts": _in_parts,
    "couinaud_distant_pieces": _distant_pieces,
    "seg_nrrd_unnamed": _unnamed_values,
    **{f"{part}_{what}": writer for part in Part for what, writer in OF_FILES.items()},
    "exophytic_lesion_voxels": _exophytic,
    "lesion_leakage_cut": _leakage,
    "small_lesions_dropped": _small_lesions,
    "branches_for_every_segment": _every_segment,
    "branches_in_liver": _branches_in_liver,
    "liver_reached_from_branches": _reached,
    "confluent_lesions_split": _split,
    "lesions_in_boxes": _lesions_in_boxes,
    "liver_in_box": _liver_in_box,
    "liver_alignment": _alignment,
    "compared_segments": _compared_segments,
    "same_modality_and_phase": _compared_scans,
    "compared_lesions_confirmed": _compared_lesions,
    "segments_extended": _extended,
    "lesion_intensities": _intensities,
    "vessels_computed": _vessels_computed,
    "vessel_ways": _vessel_ways,
    "segment_planes_moved": _planes_moved,
    "segment_iv_parted": _segment_iv_parted,
    "vessels_used": _constant(
        message(
            "A vessel map was given that does not tell portal from hepatic veins: it was not used; "
            "give portal_vein and hepatic_veins instead."
        )
    ),
    "planted_metastases": _planted,
    "fake_divider": _constant(message("The planes were known, nothing was estimated.")),
    "fake_segmenter": _constant(message("The answer was known, nothing was segmented.")),
}
