"""What a human says about automatic lesions, applied to the stored masks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box
from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.io.atomic import digest_file
from remnant.io.grid_doubts import header_findings
from remnant.io.lesion_confirmations import read_confirmations
from remnant.io.nifti import read_labels_with_notes
from remnant.io.own_segmentation import holds_own_lesions, read_own_segmentation
from remnant.io.placement import placement_of
from remnant.io.reading import AS_WRITTEN
from remnant.pipeline.reviewing import CONFIRMATIONS, EDITED, LesionReview
from remnant.pipeline.segmented import SegmentedCase, maps_of, merged_findings
from segmentation.postprocess import Reconciled, reconcile, reconcile_instances

LARGEST_LISTED = 20


def apply_review(case: SegmentedCase, review: LesionReview) -> SegmentedCase:
    """Return the case with the review applied; masks of rejected lesions are kept.

    Raises
    ------
    InputError
        A number names no lesion, one is both rejected and confirmed, or there is no lesion map.
    """
    if review.is_empty:
        return case
    if review.edited is not None:
        case = _with_edited(case, review.edited)
    numbers = lesion_numbers(case)
    _require_numbers(review.rejected | review.confirmed, numbers)
    if both := review.rejected & review.confirmed:
        raise InputError(f"lesion(s) {sorted(both)} are both rejected and confirmed; choose one")
    reviewed = dict(case.confirmations)
    reviewed.update(dict.fromkeys(review.confirmed, Confirmation.CONFIRMED))
    reviewed.update(dict.fromkeys(review.rejected, Confirmation.REJECTED))
    if review.confirm_all:
        kept = (n for n in numbers if reviewed.get(n) is not Confirmation.REJECTED)
        reviewed.update(dict.fromkeys(kept, Confirmation.CONFIRMED))
    return with_confirmations(case, reviewed)


def with_confirmations(
    case: SegmentedCase, confirmations: Mapping[int, Confirmation]
) -> SegmentedCase:
    """Return the case with these confirmations.

    Voxels of rejected lesions become parenchyma; those that were liver only because they were
    lesion (``case.maps.exophytic``) leave the liver, and come back with their lesion.
    """
    reviewed = dict(confirmations)
    if case.maps.lesions is None or not (seen := case.maps.lesions.mask()).any():
        return replace(case, confirmations=reviewed)
    box = bounding_box(seen, what="the lesion map")
    lesion = case.maps.lesions.codes[box]
    counts = np.ones(int(lesion.max()) + 1, dtype=np.bool_)
    counts[
        [0, *(n for n in reviewed if reviewed[n] is Confirmation.REJECTED and n < counts.size)]
    ] = False
    codes = case.maps.structures.codes.copy(order="K")
    near = codes[box]
    near[near == Structure.LESION] = Structure.PARENCHYMA
    if case.maps.exophytic is not None:
        near[case.maps.exophytic.codes[box] > 0] = Structure.BACKGROUND
    near[counts[lesion]] = Structure.LESION
    structures = LabelMap(codes, case.maps.structures.geometry, case.maps.structures.scheme)
    maps = replace(case.maps, structures=structures)
    return replace(case, maps=maps, confirmations=reviewed)


def lesion_numbers(case: SegmentedCase) -> tuple[int, ...]:
    """Return the lesion numbers of a case in rising order.

    Raises
    ------
    InputError
        The case has no lesion map.
    """
    if case.maps.lesions is None:
        raise InputError("this case has no lesion map to review; give one: --masks lesions=FILE")
    return tuple(sorted(case.maps.lesions.present() - {0}))


def _require_numbers(named: frozenset[int], numbers: tuple[int, ...]) -> None:
    unknown = sorted(named - set(numbers))
    if unknown:
        listed = ", ".join(str(n) for n in numbers[:LARGEST_LISTED]) or "none"
        raise InputError(f"there is no lesion {unknown}; this case's lesions are {listed}")


def _with_edited(case: SegmentedCase, edited: Path) -> SegmentedCase:
    is_table = edited.suffix.lower() == ".csv"
    role = CONFIRMATIONS if is_table else EDITED
    case = replace(case, inputs_sha256={**case.inputs_sha256, role: digest_file(edited)})
    if is_table:
        reviewed = read_confirmations(edited)
        _require_numbers(frozenset(reviewed), lesion_numbers(case))
        return with_confirmations(case, {**case.confirmations, **reviewed})
    # that it lies on the case's grid bears out whichever statement says so
    labels, oddities = (
        (read_own_segmentation(edited, INSTANCE_SCHEME), ())
        if holds_own_lesions(edited)
        else read_labels_with_notes(edited, INSTANCE_SCHEME, choice=AS_WRITTEN)
    )
    grid, what = case.maps.structures.geometry, "the edited lesion map"
    placed, rounding = placement_of(grid, labels, EDITED, what=what, on="the case")
    noticed = (*header_findings(EDITED, oddities), *rounding)
    case = replace(case, quality=merged_findings(case.quality, noticed))
    return _with_edited_map(case, placed)


def _with_edited_map(case: SegmentedCase, edited: LabelMap) -> SegmentedCase:
    """Replace the lesions by a human's map.

    A lesion that the human left as it was keeps the word, the intensities and the phases that it
    had. All others count as confirmed, and these are unknown: the scan is not read again.
    """
    untouched = _untouched(case, edited)
    reconciled = reconcile_edited(case, edited)
    maps = replace(maps_of(reconciled), lesions_core=case.maps.lesions_core)
    fresh = replace(case, maps=maps, confirmations={})
    reviewed = dict.fromkeys(set(lesion_numbers(fresh)) - untouched, Confirmation.CONFIRMED)
    reviewed |= {n: word for n, word in case.confirmations.items() if n in untouched}
    kept = {n: known for n, known in case.intensities.items() if n in untouched}
    phases = {n: seen for n, seen in case.phases.items() if n in untouched}
    lost = set(lesion_numbers(fresh)) - set(kept) if case.intensities else set()
    checks = reconciled.quality + (_lost_intensities(len(lost)) if lost else ())
    quality = merged_findings(case.quality, checks)
    fresh = replace(fresh, intensities=kept, phases=phases, quality=quality)
    return with_confirmations(fresh, reviewed)


def _lost_intensities(count: int) -> tuple[Finding]:
    return (quality_finding("lesion_intensities", passed=None, value=float(count)),)


def reconcile_edited(case: SegmentedCase, edited: LabelMap) -> Reconciled:
    """Make an edited lesion map and the case's liver agree.

    A map of one code (0/1, 0/255) is split into its components, unless that code is a lesion of
    the case and marks just its voxels. The liver is the one that was there without lesions.
    """
    vessels, liver = vessels_of(case), bare_liver(case)
    numbers = edited.present() - {0}
    if len(numbers) == 1 and not numbers & _untouched(case, edited):
        lesions, grid = edited.mask(), edited.geometry
        return reconcile(liver, lesions, grid, vessels=vessels, whole_components=True)
    return reconcile_instances(
        liver, edited.codes, edited.geometry, vessels=vessels, whole_components=True
    )


def vessels_of(case: SegmentedCase) -> dict[Structure, NDArray[np.bool_]]:
    """Return the masks of the vessels that a case knows."""
    there = case.maps.structures.present()
    return {
        code: case.maps.structures.codes == code
        for code in (Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS)
        if code in there
    }


def bare_liver(case: SegmentedCase) -> NDArray[np.bool_]:
    """Return the liver without what it holds only because a lesion lies there."""
    liver = case.maps.structures.mask()
    if case.maps.exophytic is not None:
        liver &= ~case.maps.exophytic.mask()
    return liver


def _untouched(case: SegmentedCase, edited: LabelMap) -> frozenset[int]:
    """Return the numbers that mark exactly the same voxels in the case and in an edited map."""
    if case.maps.lesions is None:
        return frozenset()
    differs = case.maps.lesions.codes != edited.codes
    there = edited.present() & case.maps.lesions.present()
    if not differs.any():
        return there - {0}
    changed = present_codes(case.maps.lesions.codes[differs]) | present_codes(edited.codes[differs])
    return there - changed - {0}
