"""Pictures of a plan: what would stay, be removed, be excised and be ablated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from remnant.core.debulking import DebulkingPlan, Fate
from remnant.core.geometry import Vector3
from remnant.core.volumes import LabelMap
from remnant.pictures.border_cuts import FRONT_AXIS, richest_mm, thinned
from remnant.pictures.drawing import (
    Fill,
    Picture,
    Sketch,
    as_picture,
    draw_letters,
    draw_scale,
    inked,
)
from remnant.pictures.figures import Scene, backdrop, draw_lesions, draw_stamp, view_title
from remnant.pictures.palette import LIVER_COLOUR
from remnant.pictures.planes import LabelSample, View, sample_labels
from remnant.pictures.surface_pictures import (
    Solid,
    draw_view,
    lesion_colour,
)
from remnant.wording.language import say
from volumetry.virtual_resection.resection import ABLATED, LESION_STAYS, REMOVED, STAYS, WEDGED

FILL_ALPHA: Final = 0.38
STAYS_ALPHA: Final = 0.14
UP_AXIS: Final = 2
NEAR_MM: Final = 1.5
STROKES: Final = "M3 12 L8 2 M8 12 L13 2 M13 12 L18 2"
CROSSES: Final = "M3 12 L9 2 M9 12 L15 2 M3 2 L9 12 M9 2 L15 12"
DOTS: Final = "M5 5h1 M10 5h1 M15 5h1 M7 9h1 M12 9h1"
PLAN_DOTS_PER_INCH: Final = 110


@dataclass(frozen=True, slots=True)
class PlanLook:
    """How one code of a plan map is drawn: words, colour, and lines that tell it without colour.

    ``hatch`` is what `remnant.pictures.drawing` lays over it, ``lines`` the same as an SVG path for
    the key, 18 × 12 pixels, ``lines_width`` wide.
    """

    words: str
    colour: str
    hatch: str = ""
    lines: str = ""
    lines_width: float = 1.0

    @property
    def said(self) -> str:
        """The words in the current language."""
        return say(self.words)


PLAN_LOOKS: Final[Mapping[int, PlanLook]] = {
    STAYS: PlanLook("would stay", "#44bb99"),
    REMOVED: PlanLook("would be removed with segments", "#ee6677", "///", STROKES),
    WEDGED: PlanLook("would be excised with its margin", "#ddcc77", "xxx", CROSSES),
    ABLATED: PlanLook("would be ablated with its margin", "#66aaff", "...", DOTS, 1.6),
    LESION_STAYS: PlanLook("lesion that would stay", "#ffffff"),
}
FATE_CODES: Final[Mapping[Fate, int]] = {
    Fate.WITH_SEGMENTS: REMOVED,
    Fate.WEDGE: WEDGED,
    Fate.ABLATED: ABLATED,
    Fate.CUT: LESION_STAYS,
    Fate.STAYS: LESION_STAYS,
}
TREATED: Final = (REMOVED, WEDGED, ABLATED, LESION_STAYS)
PLAN_VIEWS: Final = (View.AXIAL, View.CORONAL)


def draw_plans(
    scene: Scene, solid: Solid, plans: Sequence[DebulkingPlan], maps: Mapping[str, LabelMap]
) -> dict[str, tuple[Picture, ...]]:
    """Draw two planes and one surface of every plan that has a map, by the plan's id.

    ``solid`` are the scene's surfaces; ``maps`` lie on any grid, their codes are those of
    `PLAN_LOOKS`.
    """
    return {
        plan.id: (
            *draw_plan_planes(scene, maps[plan.id]),
            draw_plan_surface(scene, solid, plan, maps[plan.id]),
        )
        for plan in plans
        if plan.id in maps
    }


def draw_plan_planes(
    scene: Scene, plan_map: LabelMap, *, dots_per_inch: int = PLAN_DOTS_PER_INCH
) -> Iterator[Picture]:
    """Draw the axial and the coronal plane in which most of what is treated is seen."""
    centre = plan_centre(scene, plan_map)
    for view in PLAN_VIEWS:
        moved = replace(scene, centre_ras_mm=centre)
        yield _draw_plane(moved, plan_map, view, dots_per_inch=dots_per_inch)


def plan_centre(scene: Scene, plan_map: LabelMap) -> Vector3:
    """Return where the planes cross.

    The axial slab shows most of what is not left as it is; the coronal one most of the codes that
    the axial one misses, or of all where it misses none.
    """
    points, codes = thinned(plan_map, TREATED)
    if not len(codes):
        return scene.centre_ras_mm
    x, _, z = (richest_mm(points[:, axis], codes) for axis in range(3))
    seen = codes[np.abs(points[:, UP_AXIS] - z) <= NEAR_MM]
    missed = ~np.isin(codes, seen)
    left = missed if missed.any() else np.ones_like(missed)
    return (x, richest_mm(points[left, FRONT_AXIS], codes[left]), z)


def _draw_plane(scene: Scene, plan_map: LabelMap, view: View, *, dots_per_inch: int) -> Picture:
    plane = scene.plane(view)
    outside = sample_labels(scene.structures.codes, scene.structures.geometry, plane)
    inside = sample_labels(scene.lesion_codes.codes, scene.lesion_codes.geometry, plane)
    sketch = Sketch(plane, backdrop(scene, plane, outside.share()))
    seen = _tint(sketch, sample_labels(plan_map.codes, plan_map.geometry, plane))
    sketch.outline(outside.share(), LIVER_COLOUR, width=1.2)
    draw_lesions(sketch, inside, scene.lesions, filled=False)
    draw_stamp(sketch, scene)
    draw_letters(sketch, view)
    draw_scale(sketch)
    title = view_title(view)
    words = ", ".join(PLAN_LOOKS[code].said for code in seen) or say("no liver")
    alt = say("{title} picture of the plan. It shows: {words}.", title=title, words=words)
    return as_picture(inked(sketch, dots_per_inch=dots_per_inch), title=title, alt=alt)


def _tint(sketch: Sketch, sample: LabelSample) -> list[int]:
    """Fill every code with its colour and lines; return the codes that are seen."""
    windows = sample.windows()
    seen = [code for code in windows if code in PLAN_LOOKS]
    for code in seen:
        look, share, corner = PLAN_LOOKS[code], windows[code].share(code), windows[code].corner
        alpha = STAYS_ALPHA if code == STAYS else FILL_ALPHA
        sketch.fills.append(Fill(share, corner, look.colour, alpha))
        if look.hatch:
            sketch.fills.append(Fill(share, corner, look.colour, hatch=look.hatch))
        if code != STAYS:
            sketch.outline(share, look.colour, width=1.1, corner=corner)
    return seen


def draw_plan_surface(
    scene: Scene, solid: Solid, plan: DebulkingPlan, plan_map: LabelMap
) -> Picture:
    """Draw the liver from the front, in the colours of what becomes of it and of its lesions."""
    sight = solid.sights[0]
    colours = {code: look.colour for code, look in PLAN_LOOKS.items()}
    lesions = [fate_colour(scene, plan, int(mesh.name)) for mesh in solid.lesions]
    picture = draw_view(sight, sight.liver.colours_below(plan_map, colours), lesions)
    alt = say(
        "Liver surface from the front, coloured by the plan, with {number} lesion(s) inside.",
        number=len(lesions),
    )
    return replace(picture, alt=alt)


def fate_colour(scene: Scene, plan: DebulkingPlan, lesion_id: int) -> str:
    """Return the colour of what becomes of a lesion; rejected ones are grey."""
    fate = plan.result.fates.get(lesion_id, Fate.STAYS)
    return lesion_colour(scene, lesion_id, PLAN_LOOKS[FATE_CODES[fate]].colour)
