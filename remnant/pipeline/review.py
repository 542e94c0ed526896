"""What a human says about automatic lesions, applied to the stored masks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.labels import INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segmented import SegmentedCase
from remnant.reporting.tables import read_confirmations
from segmentation.postprocess import Reconciled, label_lesions, reconcile_instances

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
    said = dict(case.confirmations)
    said.update(dict.fromkeys(review.confirmed, Confirmation.CONFIRMED))
    said.update(dict.fromkeys(review.rejected, Confirmation.REJECTED))
    if review.confirm_all:
        kept = (n for n in numbers if said.get(n) is not Confirmation.REJECTED)
        said.update(dict.fromkeys(kept, Confirmation.CONFIRMED))
    return with_confirmations(case, said)


def with_confirmations(
    case: SegmentedCase, confirmations: Mapping[int, Confirmation]
) -> SegmentedCase:
    """Return the case with these confirmations; rejected voxels become parenchyma."""
    if case.lesions is None:
        return replace(case, confirmations=dict(confirmations))
    rejected = [n for n, said in confirmations.items() if said is Confirmation.REJECTED]
    counted = (case.lesions.codes > 0) & ~np.isin(case.lesions.codes, rejected)
    codes = case.structures.codes.copy()
    codes[case.structures.codes == Structure.LESION] = Structure.PARENCHYMA
    codes[counted] = Structure.LESION
    structures = LabelMap(codes, case.structures.geometry, case.structures.scheme)
    return replace(case, structures=structures, confirmations=dict(confirmations))


def lesion_numbers(case: SegmentedCase) -> tuple[int, ...]:
    """Return the lesion numbers of a case in rising order.

    Raises
    ------
    InputError
        The case has no lesion map.
    """
    if case.lesions is None:
        raise InputError("this case has no lesion map to review; give one: --masks lesions=FILE")
    return tuple(sorted(present_codes(case.lesions.codes) - {0}))


def _require_numbers(named: frozenset[int], numbers: tuple[int, ...]) -> None:
    unknown = sorted(named - set(numbers))
    if unknown:
        listed = ", ".join(str(n) for n in numbers[:LARGEST_LISTED]) or "none"
        raise InputError(f"there is no lesion {unknown}; this case's lesions are {listed}")


def _with_edited(case: SegmentedCase, edited: Path) -> SegmentedCase:
    if edited.suffix.lower() == ".csv":
        said = read_confirmations(edited)
        _require_numbers(frozenset(said), lesion_numbers(case))
        return with_confirmations(case, {**case.confirmations, **said})
    return _with_edited_map(case, read_labels(edited, INSTANCE_SCHEME))


def _with_edited_map(case: SegmentedCase, edited: LabelMap) -> SegmentedCase:
    """Replace the lesions by a human's map: they count as confirmed."""
    case.structures.geometry.require_same_grid(
        edited.geometry, what="the edited lesion map", reference="the case"
    )
    reconciled = reconcile_edited(case, edited)
    fresh = replace(
        case, structures=reconciled.structures, lesions=reconciled.lesions, confirmations={}
    )
    replaced = {finding.id for finding in reconciled.quality}
    kept = tuple(f for f in case.quality if f.id not in replaced)
    said = dict.fromkeys(lesion_numbers(fresh), Confirmation.CONFIRMED)
    return replace(fresh, confirmations=said, quality=kept + reconciled.quality)


def reconcile_edited(case: SegmentedCase, edited: LabelMap) -> Reconciled:
    """Make an edited lesion map and the case's liver agree; a plain 0/1 map is split anew."""
    codes = edited.codes
    if int(codes.max()) == 1:
        codes = label_lesions(codes > 0).codes
    vessels = {
        code: case.structures.mask(code)
        for code in (Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS)
        if case.structures.mask(code).any()
    }
    liver = case.structures.mask()
    return reconcile_instances(liver, codes, edited.geometry, vessels=vessels)
