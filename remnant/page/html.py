"""``report.html``: one file that a surgeon can read, print and keep, without anything outside."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from remnant.core.case import CaseReport
from remnant.core.errors import GeometryMismatchError
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.page.contents import contents
from remnant.page.placing import Pictures, placed
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
from remnant.wording.language import language, translated, translated_many
from remnant.wording.numbers import sentence
from remnant.wording.reasons import marked_apart
from remnant.wording.report_parts import PART_TITLES

NO_MAPS: Final[Mapping[str, LabelMap]] = MappingProxyType({})
COLOURS: Final[Mapping[str, str]] = {
    "liver": LIVER_COLOUR,
    "border": BORDER_COLOUR,
    "lesion": LESION_COLOUR,
    "rejected": REJECTED_COLOUR,
    "bare": BARE_LIVER_COLOUR,
}
FRONT: Final = ("sheet_story", "sheet_lesions", "sheet_plans", "sheet_sources")
"""What a board reads, in its order; each is a template of this name."""
SECTIONS: Final = (
    "warnings",
    "key",
    "distribution",
    "borders",
    "lesion_details",
    "segments",
    "vessels",
    "plan_details",
    "source_lists",
    "hepatectomies",
    "resections",
    "findings",
    "method",
    "operator",
)
"""The sections of the appendix in their order; each is a template of this name."""
TAGS: Final[Mapping[str, str]] = {"en": "en-GB"}
"""What a page says of its language where that is more than the language's code."""
PRINT_FONTS: Final = '"Remnant Sans", "DejaVu Sans", "Liberation Sans", sans-serif'


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
    """Render the report as one self-contained HTML page, in the current language.

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
    with marked_apart():
        view = view_case(case)
    return page.render(
        view=view,
        pictures=pictures,
        placed=placed(pictures, view),
        contents=contents(view, borders=bool(pictures.borders)),
        titles=PART_TITLES,
        language=TAGS.get(language(), language()),
    )


@cache
def environment() -> Environment:
    """Return what renders the templates of this package."""
    made = Environment(
        loader=PackageLoader("remnant.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=("jinja2.ext.i18n",),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        translated,
        translated_many,
        newstyle=True,
        pgettext=lambda context, text: translated(text, context),
    )
    made.filters |= {"css_string": css_string, "said": translated, "sentence": sentence}
    made.globals |= {
        "front_sections": FRONT,
        "sections": SECTIONS,
        "print_fonts": Markup(PRINT_FONTS),  # noqa: S704  # a constant of this module
        "colours": COLOURS,
        "segment_colours": SEGMENT_COLOURS,
        "plan_looks": PLAN_LOOKS,
    }
    return made


def css_string(words: str) -> Markup:
    r"""Return words as a string of a style sheet, every sign that is no letter or digit escaped.

    >>> print(css_string('a"b'))
    "a\000022b"
    """
    escaped = (c if c.isalnum() and c.isascii() else f"\\{ord(c):06x}" for c in words)
    return Markup('"' + "".join(escaped) + '"')  # noqa: S704  # nothing is left to be escaped
