"""A case's maps on its scan, turned and scrolled in a notebook."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from remnant.core.extras import require_extra
from remnant.core.labels import CouinaudSegment
from remnant.pictures.palette import LESION_COLOUR, SEGMENT_COLOURS, rgb
from remnant.wording.notebook import lesion_name

if TYPE_CHECKING:
    from ipyniivue import NiiVue

SEGMENT_OPACITY: Final = 0.35
LESION_OPACITY: Final = 0.7
MOST: Final = 255


def viewer(
    image: Path, *, couinaud: Path | None, lesions: Path | None, lesion_ids: Sequence[int]
) -> "NiiVue":
    """Return a widget with three planes and a rendering, the patient's right on the left.

    Parameters
    ----------
    image
        Scan or preview, NIfTI.
    couinaud, lesions
        Label maps that lie over it; ``None`` where there is none.
    lesion_ids
        Codes in the map of lesions.

    Raises
    ------
    InputError
        The extra ``notebook`` is not installed.
    """
    require_extra("notebook", "the viewer needs", "ipyniivue")
    from ipyniivue import NiiVue, SliceType

    overlays: list[tuple[dict[str, Any], dict[str, Any]]] = []
    if couinaud is not None:
        colours = {segment.value: SEGMENT_COLOURS[segment] for segment in CouinaudSegment}
        names = {segment.value: segment.name for segment in CouinaudSegment}
        overlays.append((_placed(couinaud, SEGMENT_OPACITY), _colours(colours, names)))
    if lesions is not None and lesion_ids:
        names = {number: lesion_name(number) for number in lesion_ids}
        colours = dict.fromkeys(lesion_ids, LESION_COLOUR)
        overlays.append((_placed(lesions, LESION_OPACITY), _colours(colours, names)))
    widget = NiiVue(height=480, slice_type=SliceType.MULTIPLANAR, is_radiological_convention=True)
    widget.load_volumes([{"path": str(image), "colormap": "gray"}, *(one for one, _ in overlays)])
    for volume, (_, table) in zip(widget.volumes[1:], overlays, strict=True):
        volume.set_colormap_label(table)
    return widget


def _placed(path: Path, opacity: float) -> dict[str, Any]:
    return {"path": str(path), "opacity": opacity}


def _colours(colours: Mapping[int, str], names: Mapping[int, str]) -> dict[str, Any]:
    """Return a colour for every code up to the largest: others would take that of the last."""
    codes = range(max(colours) + 1)
    parts = [rgb(colours.get(code, "#000000")) for code in codes]
    red, green, blue = ([float(round(part[n] * MOST)) for part in parts] for n in range(3))
    return {
        "R": red, "G": green, "B": blue,
        "A": [float(MOST) if code in colours else 0.0 for code in codes],
        "I": [float(code) for code in codes],
        "labels": [names.get(code, "") for code in codes],
    }  # fmt: skip
