"""``report.html``: one file that a surgeon can read, print and keep, without anything outside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from remnant.core.case import CaseReport
from remnant.core.errors import GeometryMismatchError
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.pictures.drawing import Picture
from remnant.pictures.figures import draw_borders, draw_planes, make_scene
from remnant.pictures.palette import (
    BARE_LIVER_COLOUR,
    BORDER_COLOUR,
    LESION_COLOUR,
    LIVER_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
)
from remnant.pictures.plan_pictures import PLAN_LOOKS, draw_plans
from remnant.pictures.surface_pictures import draw_surfaces, solid_of
from remnant.view.case_view import view_case
from remnant.view.plan_view import pictured

NO_MAPS: Final[Mapping[str, LabelMap]] = MappingProxyType({})
COLOURS: Final[Mapping[str, str]] = {
    "liver": LIVER_COLOUR,
    "border": BORDER_COLOUR,
    "lesion": LESION_COLOUR,
    "rejected": REJECTED_COLOUR,
    "bare": BARE_LIVER_COLOUR,
}
SECTIONS: Final = (
    "impression",
    "contraindications",
    "key",
    "plans",
    "distribution",
    "sources",
    "hepatectomies",
    "warnings",
    "pictures",
    "lesions",
    "vessels",
    "resections",
    "findings",
    "method",
)
"""The sections of the page in their order; each is a template of this name."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is drawn of a case.

    ``centred_on`` is the lesion that the planes go through, ``None`` for the liver's centre;
    ``of_plans`` are the pictures of plans by the plan's id.
    """

    planes: tuple[Picture, ...] = ()
    borders: tuple[Picture, ...] = ()
    surfaces: tuple[Picture, ...] = ()
    centred_on: int | None = None
    of_plans: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)


NOTHING_DRAWN: Final = Pictures()


def render_html(
    case: CaseReport,
    *,
    structures: LabelMap,
    lesions: LabelMap | None,
    couinaud: LabelMap | None,
    preview: ImageVolume | None,
    plan_maps: Mapping[str, LabelMap] = NO_MAPS,
) -> str:
    """Render the report as one self-contained HTML page.

    Parameters
    ----------
    case
        What the page says. Absent values show as a dash with their reason, never as 0.
    structures, lesions, couinaud
        Maps on one grid that the pictures are drawn from; any grid, mirrored and oblique too.
        ``lesions`` is ``None`` when lesions are not known.
    preview
        Image of :func:`remnant.pictures.preview.make_preview` on its own grid; without it the
        masks are drawn filled.
    plan_maps
        Map of each plan by its id, with the codes 1 stays, 2 removed with segments, 3 excised, 4
        ablated, 5 lesion that stays. Only those of `remnant.view.plan_view.pictured` are drawn; a
        plan without a map has no picture.

    Returns
    -------
    str
        HTML with inlined pictures; nothing is loaded from anywhere.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    EmptyStructureError
        The structures hold no liver.
    """
    for labels in (lesions, couinaud, *plan_maps.values()):
        if labels is not None and not structures.geometry.same_grid(labels.geometry):
            raise GeometryMismatchError(
                f"the {labels.scheme.name} map {labels.geometry.shape} is not on the grid of the "
                f"structures {structures.geometry.shape}; resample it to them"
            )
    scene = make_scene(
        case.volumetry.lesions,
        structures=structures,
        lesion_codes=lesions,
        couinaud=couinaud,
        preview=preview,
        segments_need_review=case.volumetry.segments_need_review,
    )
    planning, solid = case.planning, solid_of(scene)
    drawn = Pictures(
        planes=tuple(draw_planes(scene)),
        borders=tuple(draw_borders(scene)),
        surfaces=tuple(draw_surfaces(scene, solid)),
        centred_on=scene.centred_on,
        of_plans={}
        if planning is None
        else draw_plans(scene, solid, pictured(planning), plan_maps),
    )
    return render_page(case, drawn)


def render_page(case: CaseReport, pictures: Pictures = NOTHING_DRAWN) -> str:
    """Render the page around pictures that are already drawn; there may be none."""
    page = environment().get_template("report.html.j2")
    return page.render(view=view_case(case), pictures=pictures)


@cache
def environment() -> Environment:
    """Return what renders the templates of this package."""
    made = Environment(
        loader=PackageLoader("remnant.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "sections": SECTIONS,
        "colours": COLOURS,
        "segment_colours": SEGMENT_COLOURS,
        "plan_looks": PLAN_LOOKS,
    }
    return made
