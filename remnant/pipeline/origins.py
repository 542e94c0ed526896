"""Where the maps of a case came from: drawn by its networks, given, edited, or computed."""

from collections.abc import Mapping
from typing import Final

from remnant.core.corrections import CorrectionKind
from remnant.core.drawn_boxes import BoxedStructure
from remnant.core.labels import Structure
from remnant.core.lesions import Confirmation
from remnant.core.map_description import Origin
from remnant.core.reasons import Cause, first
from remnant.core.volumetry_report import SegmentSource
from remnant.io.roles import Part
from remnant.pipeline.case_files import LESIONS, STRUCTURES
from remnant.pipeline.reviewing import EDITED
from remnant.pipeline.segmented import SegmentedCase
from segmentation.vessels import VESSELS_COMPUTED

EDITED_STRUCTURES: Final = "structures_edited_in_place"
EDITED_LESIONS: Final = "lesions_edited_in_place"
ROLE_OF_EDITED: Final[Mapping[str, str]] = {
    STRUCTURES: EDITED_STRUCTURES,
    LESIONS: EDITED_LESIONS,
}
"""Roles of maps that another program changed in the case's folder, by their files."""
WORDS_ALONE: Final = frozenset(
    (CorrectionKind.CONFIRM, CorrectionKind.REJECT, CorrectionKind.UNSET, CorrectionKind.MOVE_PLANE)
)
"""Corrections that draw no lesion."""
ORIGIN_OF_SOURCE: Final[Mapping[SegmentSource, Origin]] = {
    SegmentSource.GIVEN: Origin.GIVEN,
    SegmentSource.TERRITORIES: Origin.COMPUTED,
    SegmentSource.LANDMARKS: Origin.COMPUTED,
    SegmentSource.MODEL: Origin.AUTOMATIC,
}


def networks_drew_it(case: SegmentedCase) -> bool:
    """Tell whether a network drew the liver or its lesions; who divided them does not count."""
    return any(model.id not in case.division.models for model in case.models)


def lesions_were_found(case: SegmentedCase) -> bool:
    """Tell whether this program found the lesions; else their map was given."""
    inputs = case.inputs_sha256
    return Part.LESIONS not in inputs and (Part.LIVER not in inputs or networks_drew_it(case))


def vessels_are_computed(case: SegmentedCase) -> bool:
    """Tell whether a case's vessels were computed from its scan, so that nobody confirmed them."""
    noted = (finding for finding in case.quality if finding.id == VESSELS_COMPUTED)
    return any(first(finding.reasons, Cause.VESSELS_FOUND) is not None for finding in noted)


def structure_origins(case: SegmentedCase) -> Mapping[int, Origin]:
    """Return where each structure of a case came from."""
    inputs = case.inputs_sha256
    liver = Origin.GIVEN if Part.LIVER in inputs else Origin.AUTOMATIC
    drawn = any(box.structure is BoxedStructure.LIVER for box in case.settings.boxes)
    painted = any(one.draws_liver for one in case.corrections)
    edited = drawn or painted or EDITED_STRUCTURES in inputs
    vessels = Origin.COMPUTED if vessels_are_computed(case) else Origin.GIVEN
    return {
        Structure.PARENCHYMA: Origin.EDITED if edited else liver,
        Structure.LESION: lesion_origin(case),
        Structure.PORTAL_VEIN: vessels,
        Structure.HEPATIC_VEINS: vessels,
    }


def lesion_origin(case: SegmentedCase) -> Origin:
    """Return where a case's lesions came from, as a whole."""
    drawn = boxed_lesions(case) | corrected_lesions(case)
    if not {EDITED, EDITED_LESIONS}.isdisjoint(case.inputs_sha256) or drawn:
        return Origin.EDITED
    return Origin.AUTOMATIC if lesions_were_found(case) else Origin.GIVEN


def origin_of_lesion(case: SegmentedCase, code: int) -> Origin:
    """Return where one lesion came from.

    Of an edited map that was given, those that the human left as they were, and said nothing of,
    are still what they were.
    """
    found = Origin.AUTOMATIC if lesions_were_found(case) else Origin.GIVEN
    drawn = boxed_lesions(case) | corrected_lesions(case)
    if EDITED_LESIONS in case.inputs_sha256 or code in drawn:
        return Origin.EDITED
    looked_at = not case.confirmations.get(code, Confirmation.AUTOMATIC).is_open
    return Origin.EDITED if EDITED in case.inputs_sha256 and looked_at else found


def boxed_lesions(case: SegmentedCase) -> frozenset[int]:
    """Return the numbers of the lesions that were outlined in boxes that a reader drew."""
    return frozenset(box.lesion for box in case.settings.boxes if box.lesion is not None)


def corrected_lesions(case: SegmentedCase) -> frozenset[int]:
    """Return the numbers of the lesions whose voxels a person changed by hand."""
    steps = (step for one in case.corrections for step in one.steps)
    return frozenset(n for step in steps if step.kind not in WORDS_ALONE for n in step.lesions)


def segments_origin(case: SegmentedCase) -> Origin:
    """Return where a case's Couinaud segments came from."""
    source = case.division.source
    return Origin.COMPUTED if source is None else ORIGIN_OF_SOURCE[source]
