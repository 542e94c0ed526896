"""One small picture of a case, to look at hundreds of them: an axial slice with outlines."""

import io
from typing import Final

import numpy as np
from PIL import Image

from remnant.core.geometry import DIMENSIONS
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.pictures.border_cuts import draw_segments
from remnant.pictures.drawing import Sketch, inked
from remnant.pictures.figures import backdrop, make_scene
from remnant.pictures.palette import LESION_COLOUR, LIVER_COLOUR, rgb
from remnant.pictures.planes import View, plane_through, sample_labels
from remnant.pictures.points import places_ras

PIXEL_MM: Final = 1.5
DOTS_PER_INCH: Final = 54
LIVER_POINTS: Final = 1.4
LESION_POINTS: Final = 1.8
WIDEST: Final = (240, 200)
LARGEST_BYTES: Final = 10_000
GREYS: Final = (64, 40, 24, 12)
SHADES: Final = (1.0, 0.75, 0.5)
SMALLER: Final = 0.8
WHITE: Final = 255


def draw_thumbnail(
    *, structures: LabelMap, couinaud: LabelMap | None, preview: ImageVolume | None
) -> bytes:
    """Draw the axial slice with most tumour, or the middle of the liver where there is none.

    Parameters
    ----------
    structures, couinaud
        Maps on one grid. Rejected lesions, which ``structures`` calls parenchyma, are not drawn.
    preview
        Image that it lies on; without it the liver is grey.

    Returns
    -------
    bytes
        PNG of at most 10 kB and 240 × 200 pixels: outlines of liver, lesions and segments.

    Raises
    ------
    EmptyStructureError
        The structures hold no liver.
    """
    scene = make_scene(
        (), structures=structures, lesion_codes=None, couinaud=couinaud, preview=preview
    )
    x, y, middle_mm = scene.centre_ras_mm
    height_mm = tumour_height_mm(scene.structures)
    plane = plane_through(
        (x, y, middle_mm if height_mm is None else height_mm),
        view=View.AXIAL,
        low_ras_mm=scene.low_ras_mm,
        high_ras_mm=scene.high_ras_mm,
        pixel_mm=PIXEL_MM,
    )
    seen = sample_labels(scene.structures.codes, scene.structures.geometry, plane)
    sketch = Sketch(plane, backdrop(scene, plane, seen.share()))
    if scene.couinaud is not None:
        segments = sample_labels(scene.couinaud.codes, scene.couinaud.geometry, plane)
        draw_segments(sketch, segments, free=segments.nearest > 0, style="solid")
        for tints in (sketch.fills, sketch.words):
            tints.clear()
    sketch.outline(seen.share(), LIVER_COLOUR, width=LIVER_POINTS)
    sketch.outline(seen.share(Structure.LESION), LESION_COLOUR, width=LESION_POINTS)
    return small_png(inked(sketch, dots_per_inch=DOTS_PER_INCH))


def tumour_height_mm(structures: LabelMap) -> float | None:
    """Return the height (RAS mm) at which most tumour lies; ``None`` without tumour."""
    index = np.argwhere(structures.codes == Structure.LESION)
    if not len(index):
        return None
    heights = places_ras(structures.geometry, index)[:, DIMENSIONS - 1]
    thick_mm = max(structures.geometry.spacing_mm)
    slabs = np.floor((heights - heights.min()) / thick_mm + 0.5).astype(np.intp)
    return float(heights[slabs == np.bincount(slabs).argmax()].mean())


def small_png(image: Image.Image) -> bytes:
    """Return an image as PNG of at most `LARGEST_BYTES`: of as many colours as these allow."""
    small = image.copy()
    small.thumbnail(WIDEST, Image.Resampling.LANCZOS)
    while True:
        for greys in GREYS:
            content = _png(small.quantize(palette=_palette(greys), dither=Image.Dither.NONE))
            if len(content) <= LARGEST_BYTES:
                return content
        small = small.resize((round(small.width * SMALLER), round(small.height * SMALLER)))


def _palette(greys: int) -> Image.Image:
    """Return so many greys and shades of the outlines' colours, as Pillow takes them.

    Colours that are chosen by how often they occur leave the thin outlines grey.
    """
    lines = [
        tuple(round(WHITE * shade * part) for part in rgb(colour))
        for colour in (LIVER_COLOUR, LESION_COLOUR)
        for shade in SHADES
    ]
    colours = [(grey,) * 3 for grey in np.linspace(0, WHITE, greys).astype(int).tolist()] + lines
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in colours for part in colour])
    return palette


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
