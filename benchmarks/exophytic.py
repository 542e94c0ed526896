"""Tumours that hang out of the liver: what of them, and of the liver, each quality finds.

``python -P benchmarks/exophytic.py`` paints portal-phase contrast into the sample CT, plants one
tumour at a time with its centre on the liver's surface, half of it in the lung's base, the
abdominal wall or fat, and prints a row for each. The truth of the liver is the published label with
the tumour. The scan ends below the dome: of that nothing is shown here. ``--all`` plants both looks
and sizes at all places.
"""

import argparse
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.volumes import ImageVolume
from segmentation.engines.kul import KulSegmenter
from segmentation.lesions.shape import LesionShape, random_shape
from segmentation.overlap import dice
from segmentation.port import Segmentation
from segmentation.refining import RefiningSegmenter
from segmentation.resample import resample

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

IN_PLANE_MM: Final = 1.5
AIR_HU: Final = -1000.0
SAMPLES: Final = 3
LOOKS: Final[Mapping[str, tuple[float, float]]] = {"hypodense": (-55.0, 0.0), "rim": (-60.0, 70.0)}
"""Difference to the liver in HU, and of the rim to the rest."""
RIM_FRACTION: Final = 0.15
PLACES: Final[Mapping[str, tuple[float, float, float]]] = {
    "lung base": (0.6, -1.0, 30.0),
    "wall, right": (1.0, 0.2, 40.0),
    "wall, front": (0.3, 1.0, 50.0),
    "left tip": (-1.0, 0.3, 30.0),
    "under-surface": (-0.2, -1.0, 80.0),
}
"""Where the centre lies: mm below the scan's last slice (third), and on that slice the liver's
surface farthest out in a direction to the patient's right and front (first and second)."""
Choice = tuple[str, str, float]
CASES: Final[tuple[Choice, ...]] = (
    ("hypodense", "lung base", 45.0),
    ("rim", "left tip", 30.0),
    ("hypodense", "wall, right", 30.0),
)
"""Look, place and diameter in mm."""
ALL: Final[tuple[Choice, ...]] = tuple(product(LOOKS, PLACES, (30.0, 45.0)))


@dataclass(frozen=True, slots=True, eq=False)
class Exophytic:
    """A scan with a tumour that hangs out of the liver, and the truth of both."""

    name: str
    image: ImageVolume
    liver: Mask
    tumour: Mask


def portal_sample() -> tuple[ImageVolume, Mask]:
    """Return the sample CT with painted portal contrast on 1.5 mm pixels, and its liver."""
    variants = _neighbour("liver_variants")
    scan = variants.painted(variants.sample(), variants.PORTAL_HU)
    source = scan.grid
    steps = np.array([IN_PLANE_MM, IN_PLANE_MM, source.spacing_mm[2]])
    i, j, k = (int(n) for n in np.floor((np.array(source.shape) - 1) * source.spacing_mm / steps))
    affine = np.array(source.affine_ras)
    affine[:3, :3] = source.directions * steps
    grid = Geometry((i + 1, j + 1, k + 1), affine)
    hu = resample(scan.hu, source, grid, outside=AIR_HU)
    liver = resample(scan.liver, source, grid, outside=0.0) >= 0.5  # noqa: PLR2004
    image = replace(scan.image, voxels=np.rint(hu).astype(np.int16), geometry=grid)
    return image, liver


def _neighbour(name: str) -> ModuleType:
    """Return another benchmark."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise SystemExit(f"there is no benchmark {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def surface_point(liver: Mask, grid: Geometry, place: str) -> Floats:
    """Return a point of the liver's surface."""
    right, front, below_mm = PLACES[place]
    k = grid.shape[2] - 1 - round(below_mm / grid.spacing_mm[2])
    where = np.argwhere(liver[:, :, k])
    points = grid.ras_from_index(np.column_stack((where, np.full(len(where), k))))
    farthest: Floats = points[np.argmax(points @ (right, front, 0.0))]
    return farthest


def tissue(image: ImageVolume, liver: Mask) -> Floats:
    """Return liver tissue everywhere: the largest cube in the liver, repeated by mirroring."""
    padded = ndimage.distance_transform_edt(np.pad(liver, 1), sampling=image.geometry.spacing_mm)
    depth = padded[1:-1, 1:-1, 1:-1]
    middle = np.unravel_index(int(depth.argmax()), liver.shape)
    half = depth.max() / np.sqrt(3.0) / np.array(image.geometry.spacing_mm)
    cube = tuple(slice(int(m - h), int(m + h)) for m, h in zip(middle, half, strict=True))
    widths = [(side.start, n - side.stop) for side, n in zip(cube, liver.shape, strict=True)]
    whole: Floats = np.pad(image.voxels[cube].astype(np.float32), widths, mode="reflect")
    return whole


def filled(shape: LesionShape, grid: Geometry) -> tuple[Floats, Floats]:
    """Return the share of each voxel that a body fills, and that its rim fills."""
    centres = grid.ras_from_index(np.moveaxis(np.indices(grid.shape), 0, -1))
    away_mm = np.linalg.norm(centres - shape.centre_mm, axis=-1)
    near = away_mm <= shape.radius_mm + max(grid.spacing_mm)
    body, rim = np.zeros((2, *grid.shape), dtype=np.float32)
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5
    for offset in np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3):
        depth = shape.depth(centres[near] + offset * grid.spacing_mm)
        body[near] += (depth <= 1) / SAMPLES**3
        rim[near] += ((depth <= 1) & (depth > 1 - RIM_FRACTION)) / SAMPLES**3
    return body, rim


def planted(cases: Iterable[Choice]) -> Iterator[Exophytic]:
    """Yield the scan with one tumour after the other."""
    image, liver = portal_sample()
    grid, base = image.geometry, tissue(image, liver)
    for look, place, diameter in cases:
        shape = random_shape(diameter, np.random.default_rng(int(diameter)))
        body, rim = filled(shape.moved(surface_point(liver, grid, place)), grid)
        contrast, brighter = LOOKS[look]
        hu = (1 - body) * image.voxels + body * (base + contrast) + rim * brighter
        tumour = body >= 0.5  # noqa: PLR2004
        whole = replace(image, voxels=np.rint(hu).astype(np.int16))
        yield Exophytic(f"{look}, {place}, {diameter:g} mm", whole, liver | tumour, tumour)


def cells(found: Segmentation, case: Exophytic) -> tuple[str, ...]:
    """Return Dice of liver and lesions, and what of the tumour's volume was counted."""
    voxel_ml = case.image.geometry.voxel_volume_ml
    lesions = found.lesions.mask()
    beside = np.count_nonzero(lesions & ~case.tumour) * voxel_ml
    return (
        f"{dice(found.structures.mask(), case.liver):.3f}",
        f"{dice(lesions, case.tumour):.3f}",
        f"{np.count_nonzero(lesions & case.tumour) * voxel_ml:.0f}",
        f"{beside:.0f}",
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    cases = ALL if parser.parse_args().all else CASES
    print("| tumour | mL | fast: liver | lesion | mL found | mL beside "
          "| best: liver | lesion | mL found | mL beside |")  # fmt: skip
    print(f"|{'---|' * 10}")
    fast = KulSegmenter(device="cpu")
    best = RefiningSegmenter(fast)
    for case in planted(cases):
        true_ml = np.count_nonzero(case.tumour) * case.image.geometry.voxel_volume_ml
        both = (cells(engine.segment(case.image), case) for engine in (fast, best))
        shown = (case.name, f"{true_ml:.0f}", *(cell for row in both for cell in row))
        print(f"| {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
