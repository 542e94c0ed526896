"""Pictures of the report: three planes with outlines, in radiological convention."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.geometry import Vector3
from remnant.core.labels import INSTANCE_SCHEME, CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.pictures.border_cuts import border_cuts, draw_segments
from remnant.pictures.drawing import (
    DOTS_PER_INCH,
    Fill,
    Picture,
    Sketch,
    Words,
    as_picture,
    draw_letters,
    draw_scale,
    inked,
)
from remnant.pictures.palette import LESION_COLOUR, LIVER_COLOUR, REJECTED_COLOUR
from remnant.pictures.planes import (
    LabelSample,
    Plane,
    View,
    plane_through,
    sample_image,
    sample_labels,
)
from remnant.wording.language import message, say, spoken

PIXEL_MM: Final = 0.8
MARGIN_MM: Final = 18.0
MOST_NUMBERED: Final = 30
BACKDROP: Final = 0.13
LESION_ALPHA: Final = 0.45
STAMP: Final = message("segments\nestimated:\nreview")
VIEW_TITLES: Final[Mapping[View, str]] = spoken(
    {View.AXIAL: "Axial", View.CORONAL: "Coronal", View.SAGITTAL: "Sagittal"}
)
STAMP_STEP: Final = 8.0
LINE_STYLES: Final[Mapping[Confirmation, str]] = {
    Confirmation.AUTOMATIC: "dashed",
    Confirmation.GIVEN: "dashed",
    Confirmation.CONFIRMED: "solid",
    Confirmation.REJECTED: "dotted",
}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is drawn: label maps cropped to the liver, the lesions' facts and the backdrop.

    Borders of ``segments_need_review`` are dashed, and the picture says it.
    """

    structures: LabelMap
    lesion_codes: LabelMap
    couinaud: LabelMap | None
    preview: ImageVolume | None
    lesions: Mapping[int, Lesion]
    low_ras_mm: NDArray[np.float64]
    high_ras_mm: NDArray[np.float64]
    centre_ras_mm: Vector3
    centred_on: int | None = field(default=None)
    segments_need_review: bool = field(default=False)

    def plane(self, view: View) -> Plane:
        """Return the plane of a view through the scene's centre."""
        return plane_through(
            self.centre_ras_mm,
            view=view,
            low_ras_mm=self.low_ras_mm,
            high_ras_mm=self.high_ras_mm,
            pixel_mm=PIXEL_MM,
        )


def make_scene(
    lesions: tuple[Lesion, ...],
    *,
    structures: LabelMap,
    lesion_codes: LabelMap | None,
    couinaud: LabelMap | None,
    preview: ImageVolume | None,
    segments_need_review: bool = False,
) -> Scene:
    """Crop everything to the liver and choose the centre: the largest counted lesion's, or none's.

    Raises
    ------
    EmptyStructureError
        The structures hold no liver voxel.
    """
    box = bounding_box(structures.codes, what="the liver mask")
    liver = _cropped(structures, box)
    low, high = _world_box(liver)
    largest = largest_lesion(lesions)
    centre = _liver_centre(liver) if largest is None else largest.centroid_ras_mm
    return Scene(
        structures=liver,
        lesion_codes=_no_lesions(liver) if lesion_codes is None else _cropped(lesion_codes, box),
        couinaud=None if couinaud is None else _cropped(couinaud, box),
        preview=preview,
        lesions={lesion.id: lesion for lesion in lesions},
        low_ras_mm=low,
        high_ras_mm=high,
        centre_ras_mm=centre,
        centred_on=None if largest is None else largest.id,
        segments_need_review=segments_need_review,
    )


def _no_lesions(liver: LabelMap) -> LabelMap:
    codes = np.zeros(liver.geometry.shape, dtype=np.uint8)
    return LabelMap(codes, liver.geometry, INSTANCE_SCHEME)


def largest_lesion(lesions: tuple[Lesion, ...]) -> Lesion | None:
    """Return the largest lesion that counts, ``None`` when there is none."""
    counted = [lesion for lesion in lesions if lesion.counts]
    return max(counted, key=lambda lesion: lesion.volume_ml.value or 0.0, default=None)


def draw_planes(scene: Scene) -> Iterator[Picture]:
    """Draw the axial, the coronal and the sagittal picture through the scene's centre."""
    for view in View:
        yield draw_plane(scene, view)


def draw_borders(scene: Scene) -> Iterator[Picture]:
    """Draw planes in which the segments' borders are seen well; none without segments."""
    for cut in () if scene.couinaud is None else border_cuts(scene.couinaud):
        moved = replace(scene, centre_ras_mm=cut.centre_ras_mm)
        yield draw_plane(moved, cut.view, title=cut.title)


def draw_plane(
    scene: Scene,
    view: View,
    *,
    title: str | None = None,
    dots_per_inch: int = DOTS_PER_INCH,
) -> Picture:
    """Draw one plane: backdrop, segments, liver and lesion outlines, letters and a scale bar."""
    plane = scene.plane(view)
    outside = sample_labels(scene.structures.codes, scene.structures.geometry, plane)
    inside = sample_labels(scene.lesion_codes.codes, scene.lesion_codes.geometry, plane)
    grey = backdrop(scene, plane, outside.share())
    sketch, lesions = Sketch(plane, grey), Sketch(plane, grey)
    shown = draw_lesions(lesions, inside, scene.lesions, filled=scene.preview is None)
    free = (inside.nearest == 0) & ~lesions.written()
    segments = _draw_segments(sketch, scene, free=free)
    sketch.outline(outside.share(), LIVER_COLOUR, width=1.3)
    sketch.lay(lesions)
    draw_letters(sketch, view)
    draw_scale(sketch)
    named = view_title(view) if title is None else title
    image = inked(sketch, dots_per_inch=dots_per_inch)
    return as_picture(image, title=named, alt=_alt(named, view, shown, segments))


def _draw_segments(
    sketch: Sketch, scene: Scene, *, free: NDArray[np.bool_]
) -> list[CouinaudSegment]:
    if scene.couinaud is None:
        return []
    sample = sample_labels(scene.couinaud.codes, scene.couinaud.geometry, sketch.plane)
    draw_stamp(sketch, scene)
    style = "dashed" if scene.segments_need_review else "solid"
    return draw_segments(sketch, sample, free=free, style=style)


def _cropped(labels: LabelMap, box: Box) -> LabelMap:
    return LabelMap(labels.codes[box], box_geometry(labels.geometry, box), labels.scheme)


def _world_box(liver: LabelMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    surface = _corner_voxels(liver)
    margin = MARGIN_MM
    return surface.min(axis=0) - margin, surface.max(axis=0) + margin


def _corner_voxels(liver: LabelMap) -> NDArray[np.float64]:
    """First and last liver voxel of every row along the first axis, in RAS mm."""
    mask = liver.codes > 0
    j, k = np.nonzero(mask.any(axis=0))
    first = mask.argmax(axis=0)[j, k]
    last = mask.shape[0] - 1 - mask[::-1].argmax(axis=0)[j, k]
    rows = [np.stack((end, j, k), axis=-1) for end in (first, last)]
    return liver.geometry.ras_from_index(np.concatenate(rows))


def _liver_centre(liver: LabelMap) -> Vector3:
    mean_index = ndimage.center_of_mass(liver.codes > 0)
    x, y, z = (float(value) for value in liver.geometry.ras_from_index(mean_index))
    return (x, y, z)


def view_title(view: View) -> str:
    """Name a standard plane."""
    return VIEW_TITLES[view]


def _stamp(scene: Scene) -> list[str]:
    return say(STAMP).split("\n") if scene.segments_need_review else []


def draw_stamp(sketch: Sketch, scene: Scene) -> None:
    """Write on the picture that its segments need review, where they do."""
    for line, text in enumerate(_stamp(scene), start=1):
        words = Words(6.0, STAMP_STEP * line, text, "white", 7.0, from_left=True)
        sketch.words.append(words)


def backdrop(scene: Scene, plane: Plane, liver: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image in grey, [0, 1], or the liver's share where there is no image."""
    if scene.preview is None:
        return np.float32(BACKDROP) + np.float32(0.3) * liver
    return sample_image(scene.preview, plane) / np.float32(255.0)


def draw_lesions(
    sketch: Sketch, sample: LabelSample, lesions: Mapping[int, Lesion], *, filled: bool
) -> list[int]:
    """Outline the lesions and number the largest ones; return the ids that are cut."""
    areas = np.bincount(sample.nearest.ravel())
    windows = sample.windows()
    for rank, code in enumerate(sorted(windows, key=lambda code: -areas[code])):
        window = windows[code]
        state = _confirmation(lesions, code)
        colour = REJECTED_COLOUR if state is Confirmation.REJECTED else LESION_COLOUR
        share, corner = window.share(code), window.corner
        if filled:
            sketch.fills.append(Fill(share, corner, colour, LESION_ALPHA))
        sketch.outline(share, colour, width=1.5, style=LINE_STYLES[state], corner=corner)
        if rank < MOST_NUMBERED:
            _number(sketch, window, code, colour)
    return sorted(windows)


def _number(sketch: Sketch, window: LabelSample, code: int, colour: str) -> None:
    rows, columns = np.nonzero(window.nearest == code)
    corner = int((columns - rows).argmax())
    x, y = window.corner[1] + columns[corner] + 7.0, window.corner[0] + rows[corner] - 7.0
    sketch.write(x, y, str(code), colour=colour, size=10.0)


def _confirmation(lesions: Mapping[int, Lesion], code: int) -> Confirmation:
    lesion = lesions.get(code)
    return Confirmation.AUTOMATIC if lesion is None else lesion.confirmation


def _alt(title: str, view: View, shown: list[int], segments: list[CouinaudSegment]) -> str:
    letters: Any = view.letters
    cut = ", ".join(str(code) for code in shown[:MOST_NUMBERED]) or say("none")
    numerals = ", ".join(segment.name for segment in segments)
    seen = say(" Segments in this plane: {numerals}.", numerals=numerals) if numerals else ""
    return say(
        "{title}: picture of the liver, {left} on the left and {right} on the right. "
        "Lesions in this plane: {cut}.{seen}",
        title=title,
        left=letters["left"],
        right=letters["right"],
        cut=cut,
        seen=seen,
    )
