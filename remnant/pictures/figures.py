"""Pictures of the report: three planes with outlines, in radiological convention."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

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
    HALF,
    Picture,
    as_png,
    canvas,
    draw_letters,
    draw_scale,
    outline,
    write,
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXEL_MM: Final = 0.8
MARGIN_MM: Final = 18.0
MOST_NUMBERED: Final = 30
BACKDROP: Final = 0.13
LESION_ALPHA: Final = 0.45
STAMP: Final = ("segments", "estimated:", "review")
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


def draw_plane(scene: Scene, view: View, *, title: str | None = None) -> Picture:
    """Draw one plane: backdrop, segments, liver and lesion outlines, letters and a scale bar."""
    plane = scene.plane(view)
    figure, axes = canvas(plane)
    outside = sample_labels(scene.structures.codes, scene.structures.geometry, plane)
    draw_backdrop(axes, scene, plane)
    inside = sample_labels(scene.lesion_codes.codes, scene.lesion_codes.geometry, plane)
    segments = _draw_segments(axes, scene, plane, free=inside.nearest() == 0)
    outline(axes, outside.share(), LIVER_COLOUR, width=1.3)
    shown = draw_lesions(axes, inside, scene.lesions, filled=scene.preview is None)
    draw_letters(axes, view)
    draw_scale(axes, plane)
    named = view.name.capitalize() if title is None else title
    uri, width, height = as_png(figure)
    return Picture(named, uri, width, height, _alt(named, view, shown, segments))


def _draw_segments(
    axes: "Axes", scene: Scene, plane: Plane, *, free: NDArray[np.bool_]
) -> list[CouinaudSegment]:
    if scene.couinaud is None:
        return []
    sample = sample_labels(scene.couinaud.codes, scene.couinaud.geometry, plane)
    draw_stamp(axes, scene)
    style = "dashed" if scene.segments_need_review else "solid"
    return draw_segments(axes, sample, free=free, style=style)


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


def draw_stamp(axes: "Axes", scene: Scene) -> None:
    """Write on the picture that its segments need review, where they do."""
    for line, words in enumerate(STAMP if scene.segments_need_review else (), start=1):
        write(axes, 6.0, STAMP_STEP * line, words, colour="white", size=7.0, side="left")


def draw_backdrop(axes: "Axes", scene: Scene, plane: Plane) -> None:
    """Draw the image in grey, or the liver's mask where there is none."""
    if scene.preview is None:
        liver = sample_labels(scene.structures.codes, scene.structures.geometry, plane).share()
        grey = BACKDROP + 0.3 * liver
    else:
        grey = sample_image(scene.preview, plane) / np.float32(255.0)
    axes.imshow(grey, cmap="gray", vmin=0.0, vmax=1.0, interpolation="bilinear", aspect="auto")


def draw_lesions(
    axes: "Axes", sample: LabelSample, lesions: Mapping[int, Lesion], *, filled: bool
) -> list[int]:
    """Outline the lesions and number the largest ones; return the ids that are cut."""
    nearest = sample.nearest()
    areas = {code: int((nearest == code).sum()) for code in sample.present()}
    ranked = sorted(areas, key=lambda code: -areas[code])
    for rank, code in enumerate(ranked):
        state = _confirmation(lesions, code)
        colour = REJECTED_COLOUR if state is Confirmation.REJECTED else LESION_COLOUR
        share = sample.share(code)
        if filled:
            axes.contourf(share, levels=(HALF, 2.0), colors=[colour], alpha=LESION_ALPHA)
        outline(axes, share, colour, width=1.5, style=LINE_STYLES[state])
        if rank < MOST_NUMBERED:
            _number(axes, nearest == code, code, colour)
    return sorted(areas)


def _number(axes: "Axes", mask: NDArray[np.bool_], code: int, colour: str) -> None:
    rows, columns = np.nonzero(mask)
    corner = int((columns - rows).argmax())
    write(axes, columns[corner] + 7.0, rows[corner] - 7.0, str(code), colour=colour, size=10.0)


def _confirmation(lesions: Mapping[int, Lesion], code: int) -> Confirmation:
    lesion = lesions.get(code)
    return Confirmation.AUTOMATIC if lesion is None else lesion.confirmation


def _alt(title: str, view: View, shown: list[int], segments: list[CouinaudSegment]) -> str:
    letters: Any = view.letters
    cut = ", ".join(str(code) for code in shown[:MOST_NUMBERED]) or "none"
    numerals = ", ".join(segment.name for segment in segments)
    seen = f" Segments in this plane: {numerals}." if numerals else ""
    return (
        f"{title}: picture of the liver, {letters['left']} on the left and {letters['right']} on "
        f"the right. Lesions in this plane: {cut}.{seen}"
    )
