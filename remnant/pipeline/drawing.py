"""A reader's boxes drawn in a case: what is outlined in them, put into its maps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.drawn_boxes import BoxedStructure, DrawnBox, ReaderBox
from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.lesions import Confirmation
from remnant.core.progress import Progress
from remnant.core.reasons import Cause
from remnant.core.volumes import LARGEST_CODE, ImageVolume, LabelMap
from remnant.pipeline.boxes import drawn_liver, today
from remnant.pipeline.confirm import require_name
from remnant.pipeline.correcting import CorrectRequest
from remnant.pipeline.made_from import IMAGE
from remnant.pipeline.origins import boxed_lesions
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.review import bare_liver, vessels_of, with_confirmations
from remnant.pipeline.segment import with_image
from remnant.pipeline.segmented import CaseMaps, SegmentedCase, maps_of, merged_findings
from segmentation.axial import AxialView
from segmentation.boxes.drawn_box import placed_box
from segmentation.boxes.outlining import (
    LEAST_CONTRAST_SD,
    LESION_RULES,
    LESIONS_IN_BOXES,
    LIVER_RULES,
    BoxOutline,
    contrast_sd,
    lesions_in_boxes,
    liver_box_findings,
    outlined,
)
from segmentation.boxes.promptable import SlicePrompter
from segmentation.boxes.propagation import Ending, StartBox
from segmentation.postprocess import Reconciled, reconcile, reconcile_instances

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint16]
Numbers = frozenset[int]

MOST_OF: Final = 0.5
"""Share of a lesion's voxels in a box, above which the box takes its place."""
NEAR_LIVER_MM: Final = 10.0
"""A lesion's box may lie so far beside the liver's map, which may leave a lesion out."""
MIRRORED: Final = (
    "with x and y of the other sign it would lie at the liver: boxes are in RAS, where x rises to "
    "the patient's right and y to the front, not in LPS"
)
OF_LIVER_NETWORKS: Final = frozenset(
    (
        "network_confidence",
        "network_windows_agree",
        "liver_networks_agree",
        "liver_ends_found",
        "liver_without_other_organs",
    )
)
"""Checks of how networks found the liver: they say nothing of one that was outlined in a box."""
ENDS: Final[Mapping[Ending, str]] = {
    Ending.SCAN: "the end of the scan",
    Ending.RANGE: "the end of the box",
    Ending.LENGTH: "as far as the box is wide",
    Ending.SHRUNK: "where it shrinks away",
    Ending.DOUBTED: "where the network doubts it",
    Ending.LOST: "where it moves elsewhere",
    Ending.GREW: "where it runs out",
}
"""Why an outline ends, in the words of a command's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A case with what was drawn in it so far, that in words, and the numbers of the lesions."""

    case: SegmentedCase
    changed: tuple[str, ...] = ()
    lesions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pencil:
    """Draws structures in a case from boxes on its scan.

    Parameters
    ----------
    image
        The scan.
    prompter
        Outlines boxes on its slices.
    request
        What the reader asks for.
    progress
        Told of slices.
    """

    image: ImageVolume
    prompter: SlicePrompter
    request: CorrectRequest
    progress: Progress

    def require_near_liver(self, case: SegmentedCase, box: ReaderBox) -> None:
        """Raise if a lesion's box lies far from the liver, with a guess at why.

        Raises
        ------
        InputError
            It lies outside the scan, or far from the liver.
        """
        mirrored = MIRRORED if self._is_mirrored(case, box) else None
        try:
            near = self._is_near(case, self._placed(box))
        except InputError as fault:
            raise InputError(f"{fault}; {mirrored}" if mirrored else f"{fault}") from fault
        if not near:
            raise InputError(
                f"the box {box} does not come within {NEAR_LIVER_MM:g} mm of the liver; "
                f"{mirrored or 'draw it around a lesion in or at the liver'}"
            )

    def with_liver(self, drawing: Drawing, box: ReaderBox) -> Drawing:
        """Outline the liver anew; lesions that do not touch it go with the old one.

        Raises
        ------
        InputError
            The box lies outside the scan or holds nothing, or lesions that somebody reviewed would
            go.
        """
        case = drawing.case
        found = outlined(self.prompter, self.image, box, LIVER_RULES, progress=self.progress)
        maps, noticed = _with_liver_mask(case, found.mask)
        gone = _gone(case.maps.lesions, maps.lesions)
        self._require_open(case, gone, box)
        checks = (*noticed, *liver_box_findings(found, maps.structures))
        kept = tuple(f for f in case.quality if f.id not in OF_LIVER_NETWORKS)
        record = drawn_liver(box, self._by)
        fresh = replace(
            case,
            maps=maps,
            quality=merged_findings(kept, checks),
            settings=replace(case.settings, boxes=(*case.settings.boxes, record)),
        )
        before_ml, after_ml = (
            _volume_ml(one.structures.mask(), one.structures) for one in (case.maps, maps)
        )
        words = f"liver outlined in the box: {before_ml:.0f} → {after_ml:.0f} mL, {_ends(found)}"
        lost = f"; lesion(s) {_listed(gone)} lay outside of it and are gone" if gone else ""
        return replace(
            drawing,
            case=self._seen(with_light(fresh, self.image), without=gone),
            changed=(*drawing.changed, f"{words}{lost}; lesions were not looked for anew"),
        )

    def with_lesion(self, drawing: Drawing, box: ReaderBox) -> Drawing:
        """Outline a lesion, and put it into the place of those that it replaces.

        Raises
        ------
        InputError
            The box lies outside the scan or holds nothing, what was outlined does not touch the
            liver, or it is not plain what may be replaced.
        """
        case = drawing.case
        found = outlined(self.prompter, self.image, box, LESION_RULES, progress=self.progress)
        placed = self._replaced(case, box, found.mask)
        number = min(placed, default=next_number(case))
        codes = _with_outline(case, found.mask, placed, number)
        fitted = reconcile_instances(
            bare_liver(case), codes, self.image.geometry, vessels=vessels_of(case),
            whole_components=True,
        )  # fmt: skip
        if number not in fitted.lesions.present():
            raise InputError(
                f"what was outlined in the box {box} does not touch the liver; draw it closer "
                f"around the lesion, or outline the liver by --liver-box"
            )
        fresh = replace(
            case,
            maps=_maps(case, fitted),
            quality=merged_findings(case.quality, fitted.quality),
            settings=self._recorded(case, box, placed, number),
        )
        fresh = self._seen(fresh, without=placed | _gone(case.maps.lesions, fitted.lesions))
        fresh = with_confirmations(fresh, {**fresh.confirmations, number: Confirmation.CONFIRMED})
        alike = self._is_alike(fresh, fitted.lesions, number)
        fresh = replace(fresh, quality=_noted(fresh, number, alike=alike))
        told = _told(fitted.lesions, found, placed, number, alike=alike)
        return Drawing(
            case=fresh,
            changed=(*drawing.changed, told),
            lesions=(*drawing.lesions, number),
        )

    @property
    def _by(self) -> str | None:
        return None if self.request.by is None else require_name(self.request.by, option="--by")

    def _placed(self, box: ReaderBox) -> StartBox:
        return placed_box(box, self.image.geometry, self.prompter.grid)

    def _is_near(self, case: SegmentedCase, start: StartBox) -> bool:
        """Tell whether a box comes close to the liver; of a rectangle on one slice that alone."""
        reach = (NEAR_LIVER_MM / step for step in self.prompter.grid.spacing_mm)
        low, high = start.lowest, start.highest
        if start.is_flat:
            low = high = start.slice_index
        sides = (
            (start.rectangle.i_low, start.rectangle.i_high),
            (
                start.rectangle.j_low,
                start.rectangle.j_high,
            ),
        )
        near = tuple(
            _span(a, b, beside) for (a, b), beside in zip((*sides, (low, high)), reach, strict=True)
        )
        structures = case.maps.structures
        return bool(AxialView(structures.geometry).seen(structures.codes)[near].any())

    def _is_mirrored(self, case: SegmentedCase, box: ReaderBox) -> bool:
        """Tell whether a box would lie at the liver if it was written in LPS."""
        (x0, y0, z0), (x1, y1, z1) = box.low, box.high
        mirrored = replace(box, low=(-x1, -y1, z0), high=(-x0, -y0, z1))
        try:
            return self._is_near(case, self._placed(mirrored))
        except InputError:
            return False

    def _replaced(self, case: SegmentedCase, box: ReaderBox, outline: Mask) -> Numbers:
        """Return the numbers of the lesions that a new one takes the place of."""
        if case.maps.lesions is None:
            return frozenset()
        if self.request.replace is not None:
            return self.request.replace
        codes = case.maps.lesions.codes
        within = _counts(codes[outline | self._column(box, outline)])
        sizes = _counts(codes)
        inside = frozenset(n for n, count in within.items() if count > MOST_OF * sizes[n])
        self._require_plain(case, inside, box)
        return inside

    def _require_plain(self, case: SegmentedCase, inside: Numbers, box: ReaderBox) -> None:
        """Raise if words of a human would go that nobody asked about."""
        said = {n: case.confirmations.get(n) for n in sorted(inside)}
        rejected = [n for n, word in said.items() if word is Confirmation.REJECTED]
        confirmed = [n for n, word in said.items() if word is Confirmation.CONFIRMED]
        if not rejected and len(confirmed) < 2:  # noqa: PLR2004  (one stays confirmed)
            return
        was = "rejected" if rejected else "confirmed one by one"
        every = ",".join(map(str, sorted(inside)))
        raise InputError(
            f"lesion(s) {_listed(rejected or confirmed)}, {was} before, lie in the box {box}: "
            f"nothing was changed; say whose place it takes, --replace {every} or --replace none"
        )

    def _column(self, box: ReaderBox, outline: Mask) -> Mask:
        """Return the reader's rectangle on all slices that an outline was followed to."""
        rectangle = self._placed(box).rectangle
        column = np.zeros_like(outline)
        view = AxialView(self.image.geometry)
        slices = view.seen(outline).any(axis=(0, 1))
        view.seen(column)[
            _span(rectangle.i_low, rectangle.i_high),
            _span(rectangle.j_low, rectangle.j_high),
            slices,
        ] = True
        return column

    def _recorded(self, case: SegmentedCase, box: ReaderBox, placed: Numbers, number: int) -> Any:  # noqa: ANN401
        drawn = DrawnBox(
            structure=BoxedStructure.LESION,
            lesion=number,
            box=box,
            replaced=tuple(sorted(placed)),
            by=self._by,
            date=today(),
        )
        return replace(case.settings, boxes=(*case.settings.boxes, drawn))

    def _seen(self, case: SegmentedCase, *, without: Numbers) -> SegmentedCase:
        """Return a case whose lesions are measured in the scan, some of those before gone."""
        words = {n: word for n, word in case.confirmations.items() if n not in without}
        fresh = replace(case, phases={n: p for n, p in case.phases.items() if n not in without})
        if IMAGE in case.inputs_sha256:
            fresh = with_image(fresh, self.image)
        return with_confirmations(fresh, words)

    def _is_alike(self, case: SegmentedCase, lesions: LabelMap, number: int) -> bool:
        """Tell whether a drawn lesion differs little from the liver around it."""
        liver = (case.maps.structures.codes > 0) & (lesions.codes == 0)
        found = contrast_sd(self.image, lesions.codes == number, liver)
        return found is not None and found < LEAST_CONTRAST_SD

    def _require_open(self, case: SegmentedCase, gone: Numbers, box: ReaderBox) -> None:
        """Raise if lesions go that somebody confirmed or rejected, unless that is asked for."""
        said = [n for n in gone if n in case.confirmations and not case.confirmations[n].is_open]
        if said and not self.request.overwrite:
            raise InputError(
                f"lesion(s) {_listed(said)}, reviewed before, lie outside what was outlined in the "
                f"box {box}: nothing was changed; if that is meant, add --overwrite"
            )


def next_number(case: SegmentedCase) -> int:
    """Return a number that no lesion of a case has, nor had as far as is known.

    Raises
    ------
    InputError
        There is none left.
    """
    there = frozenset() if case.maps.lesions is None else case.maps.lesions.present()
    drawn = (n for box in case.settings.boxes for n in (box.lesion or 0, *box.replaced))
    corrected = (n for one in case.corrections for n in one.lesions)
    number = max((*there, *case.confirmations, *drawn, *corrected), default=0) + 1
    if number > LARGEST_CODE:
        raise InputError(f"lesion {number} is more than the {LARGEST_CODE} that can be numbered")
    return number


def _with_liver_mask(case: SegmentedCase, liver: Mask) -> tuple[CaseMaps, tuple[Finding, ...]]:
    """Return a case's maps with another liver, and what was done to make them agree."""
    grid, vessels = case.maps.structures.geometry, vessels_of(case)
    if case.maps.lesions is None:
        none = np.zeros(grid.shape, dtype=bool, order="F")
        fitted = reconcile(liver, none, grid, vessels=vessels)
        return replace(_maps(case, fitted), lesions=None), ()
    codes = case.maps.lesions.codes
    fitted = reconcile_instances(liver, codes, grid, vessels=vessels, whole_components=True)
    return _maps(case, fitted), fitted.quality


def _maps(case: SegmentedCase, fitted: Reconciled) -> CaseMaps:
    """Return new maps; what was first marked of the lesions stays."""
    return replace(maps_of(fitted), lesions_core=case.maps.lesions_core)


def _with_outline(case: SegmentedCase, outline: Mask, placed: Numbers, number: int) -> Codes:
    """Return the lesion map with an outline; confirmed lesions beside it keep their voxels."""
    if case.maps.lesions is None:
        codes = np.zeros(outline.shape, dtype=np.uint16, order="F")
    else:
        codes = np.array(case.maps.lesions.codes, dtype=np.uint16, order="K")
    codes[np.isin(codes, sorted(placed))] = 0
    kept = {n for n, word in case.confirmations.items() if word is Confirmation.CONFIRMED}
    codes[outline & ~np.isin(codes, sorted(kept - placed))] = number
    return codes


def _noted(case: SegmentedCase, number: int, *, alike: bool) -> tuple[Finding, ...]:
    """Return a case's checks with that on the lesions that were drawn in boxes."""
    there = frozenset() if case.maps.lesions is None else case.maps.lesions.present()
    before = {
        int(name)
        for finding in case.quality
        if finding.id == LESIONS_IN_BOXES
        for why in finding.reasons
        if why.cause is Cause.LIKE_SURROUNDINGS
        for name in why.names
    }
    like = (before - {number}) | ({number} if alike else set())
    note = lesions_in_boxes(sorted(boxed_lesions(case) & there), sorted(like & there))
    return merged_findings(case.quality, (note,))


def _told(
    lesions: LabelMap, found: BoxOutline, placed: Numbers, number: int, *, alike: bool
) -> str:
    """Say what was drawn."""
    others = f" in the place of lesion(s) {_listed(placed)}" if placed else ""
    volume_ml = _volume_ml(lesions.codes == number, lesions)
    doubt = "; it looks like the liver around it: is there a lesion?" if alike else ""
    return f"lesion {number} drawn{others}: {volume_ml:.1f} mL, {_ends(found)}{doubt}"


def _ends(found: BoxOutline) -> str:
    """Say how far an outline was followed."""
    below, above = ENDS[found.below], ENDS[found.above]
    if below == above:
        return f"followed up and down to {below}"
    return f"followed down to {below} and up to {above}"


def _gone(before: LabelMap | None, after: LabelMap | None) -> Numbers:
    """Return the numbers of lesions that a map does not hold any more."""
    there = frozenset() if after is None else after.present()
    return frozenset() if before is None else before.present() - there - {0}


def _counts(codes: NDArray[Any]) -> dict[int, int]:
    """Return how many voxels each lesion has."""
    counts = np.bincount(codes[codes > 0])
    return {int(n): int(counts[n]) for n in np.flatnonzero(counts)}


def _volume_ml(mask: Mask, labels: LabelMap) -> float:
    grid: Geometry = labels.geometry
    return int(np.count_nonzero(mask)) * grid.voxel_volume_ml


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _span(low: float, high: float, beside: float = 0.0) -> slice:
    """Return the indices from one place to another, and some beside them."""
    return slice(max(0, int(np.floor(low - beside))), max(0, int(np.ceil(high + beside)) + 1))
