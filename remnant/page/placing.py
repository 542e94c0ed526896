"""Where each picture stands: none is shown twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from remnant.pictures.drawing import Picture
from remnant.view.case_view import CaseView

STORY_MM: Final = 44.0
LESIONS_MM: Final = 60.0
PLAN_MM: Final = 58.0
APPENDIX_MM: Final = 60.0
PAGE_MM: Final = 186.0
"""Width of what is printed on A4, as `print.css.j2` sets the margins."""
GAP_MM: Final = 2.0
PLANES: Final = 2


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is drawn of a case.

    ``centred_on`` is the lesion that the planes go through, ``None`` for the liver's centre;
    ``of_plans`` are the pictures of plans by the plan's id: axial, coronal and the surface.
    """

    planes: tuple[Picture, ...] = ()
    borders: tuple[Picture, ...] = ()
    surfaces: tuple[Picture, ...] = ()
    centred_on: int | None = None
    of_plans: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Pictures beside each other, in print at most so high, in mm."""

    pictures: tuple[Picture, ...] = ()
    high_mm: float = APPENDIX_MM

    @property
    def columns(self) -> str:
        """Widths of the columns, so that all pictures are of one height."""
        return " ".join(f"{picture.ratio}fr" for picture in self.pictures)

    @property
    def printed_mm(self) -> str:
        """Height at which they fill the printed page's width, at most what they may have."""
        wide = sum(float(picture.ratio) for picture in self.pictures)
        room_mm = PAGE_MM - GAP_MM * (len(self.pictures) - 1)
        return f"{min(self.high_mm, room_mm / wide):.1f}"


@dataclass(frozen=True, slots=True)
class Placed:
    """The pictures of each part of the report; ``story_of_plan`` where one shows the first plan."""

    story: Row
    story_of_plan: bool
    lesions: Row
    plan: Row
    borders: Row
    of_plans: Mapping[str, Row]


def placed(pictures: Pictures, view: CaseView) -> Placed:
    """Place the pictures: planes and the first plan's surface first, each picture once."""
    first = (
        ""
        if view.planned is None or view.planned.plans.first is None
        else (view.planned.plans.first.row.id)
    )
    of_first = pictures.of_plans.get(first, ())
    solid = of_first[PLANES:] or pictures.surfaces[:1]
    surfaces = pictures.surfaces if of_first else pictures.surfaces[1:]
    others = {name: drawn for name, drawn in pictures.of_plans.items() if name != first}
    return Placed(
        story=Row((*pictures.planes[:PLANES], *solid), STORY_MM),
        story_of_plan=bool(of_first),
        lesions=Row((*pictures.planes[PLANES:], *surfaces), LESIONS_MM),
        plan=Row(of_first[:PLANES], PLAN_MM),
        borders=Row(pictures.borders),
        of_plans=_rows(others.items()),
    )


def _rows(drawn: Iterable[tuple[str, tuple[Picture, ...]]]) -> dict[str, Row]:
    return {name: Row(pictures) for name, pictures in drawn}
