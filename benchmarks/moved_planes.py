"""What moving the segment model's planes to hepatic veins is worth.

    python benchmarks/moved_planes.py --livers ../shared/data/couinaud
        --vessels ../shared/data/couinaud_vessels

*By eye*: middle and right hepatic veins of annotated vessel maps, picked from pictures of the
vessels alone. *Planted*: veins along the annotated planes of livers that the network was not
trained on, seen over a part of their length, with errors. Each with the network's planes as they
are, and displaced so that they are off as far as it is said of them. *LiTS 117*: the whole chain,
with the vessels that its scan shows.
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import edt
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.graph import route_through_array

from models.networks.couinaud_shape import FRAME_MM, FRAME_SHAPE, frame_points, sampled
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_image, read_labels
from remnant.pipeline.samples import fetch_liver
from remnant.wording.findings import text_of
from segmentation.couinaud.moved_planes import (
    VARYING_SHARE,
    VEIN_OF,
    Stems,
    alike,
    plane_border,
)
from segmentation.couinaud.shape_model import (
    ShapeDivider,
    divided_liver,
    load_shape_network,
    plane_sds_mm,
    read_calibration,
    shape_logits,
)
from segmentation.couinaud.sides import SIDES
from segmentation.port import PLANES_MOVED
from segmentation.training.livers import AnnotatedLiver, find_livers, read_livers
from segmentation.training.produce import default_recipe, split_of
from segmentation.training.scores import PARTS, plane_shift_mm, score
from segmentation.training.training_recipe import read_recipe
from segmentation.vessels.found import search_vessels
from segmentation.vessels.names import named_stems

Points = NDArray[np.float64]
Known = Sequence[tuple[AnnotatedLiver, torch.Tensor]]
TWO_SIDED_90 = 1.645
RIGHT_HEMILIVER = list(PARTS).index("right hemiliver")
OWN_MM = {SegmentPlane.MAIN: 7.7, SegmentPlane.RIGHT: 7.1}
"""How far the network's planes are off on the validation livers, root mean square."""
FADES_MM = 40.0
LITS_MM = (-13.87 - 127 * 1.374, -3.61 - 127 * 1.358, 0.57)
"""Where the scan of LiTS 117 has the origin of its known segments, see tests of the samples."""
ROW = "{:<52} {:>4} {:>6} {:>14} {:>9} {:>5} {:>5} {:>9} {:>5} {:>5}"
HEAD = ("", "n", "Dice", "right half, pt", "main, mm", "held", "sd", "right, mm", "held", "sd")
PICKED: dict[int, dict[SegmentPlane, tuple[tuple[int, int], ...]]] = {
    10: {
        SegmentPlane.MAIN: ((42, 38), (60, 49), (73, 55)),
        SegmentPlane.RIGHT: ((45, 34), (58, 29), (72, 26)),
    },
    48: {
        SegmentPlane.MAIN: ((28, 43), (45, 45), (60, 46)),
        SegmentPlane.RIGHT: ((31, 37), (45, 31), (56, 27)),
    },
    52: {
        SegmentPlane.MAIN: ((28, 37), (36, 41), (45, 46)),
        SegmentPlane.RIGHT: ((29, 34), (35, 28), (45, 25)),
    },
    64: {SegmentPlane.RIGHT: ((40, 31), (50, 28))},
    73: {
        SegmentPlane.MAIN: ((34, 41), (45, 47), (55, 53)),
        SegmentPlane.RIGHT: ((36, 31), (48, 32), (60, 33)),
    },
    81: {SegmentPlane.MAIN: ((44, 32), (53, 40), (60, 47))},
    92: {
        SegmentPlane.MAIN: ((38, 36), (47, 40), (58, 46)),
        SegmentPlane.RIGHT: ((45, 30), (55, 27), (63, 25)),
    },
    98: {SegmentPlane.RIGHT: ((45, 27), (50, 27), (66, 28))},
    103: {
        SegmentPlane.MAIN: ((32, 46), (42, 45), (50, 46), (58, 52)),
        SegmentPlane.RIGHT: ((42, 35), (52, 28), (60, 21)),
    },
}
"""Columns of the vessel maps that a vein's highest voxels pass, seen from above."""


@dataclass(frozen=True, slots=True)
class Result:
    """How far one division of a liver is off."""

    dice: float
    right_points: float
    shifts_mm: dict[SegmentPlane, float]
    sds_mm: dict[SegmentPlane, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """How a vein is planted."""

    seen: float
    point_mm: float
    place_mm: float = 0.0
    course_mm: float = 0.0


PLANTINGS = {
    "seen wholly, points 1.5 mm off": Planting(seen=1.0, point_mm=1.5),
    "30 % seen, points 3 mm off": Planting(seen=0.3, point_mm=3.0),
    "seen wholly, vein beside the plane": Planting(seen=1.0, point_mm=1.5, place_mm=3, course_mm=4),
    "50 % seen, vein beside the plane": Planting(seen=0.5, point_mm=1.5, place_mm=3, course_mm=4),
}


def main() -> None:
    """Print the tables."""
    options = _options()
    recipe = read_recipe(default_recipe())
    paths = find_livers(options.livers, excluded=recipe.excluded_patients)
    split = split_of(list(paths), recipe)
    network = load_shape_network("cpu")
    for name, starts in (("validation", (True, False)), ("test", (True,))):
        livers = read_livers({p: paths[p] for p in getattr(split, name)})
        known = [(liver, shape_logits(network, liver.shape)) for liver in livers]
        print(f"\nplanted, {name} livers\n{ROW.format(*HEAD)}", flush=True)
        for displaced in starts:
            _print_planted(known, displaced=displaced)
    livers = read_livers({p: paths[p] for p in PICKED})
    stems = {liver.patient: picked_stems(liver, options.vessels) for liver in livers}
    print(f"\nby eye, {', '.join(map(str, PICKED))}\n{ROW.format(*HEAD)}")
    known = [(liver, shape_logits(network, liver.shape)) for liver in livers]
    for displaced in (True, False):
        _print_picked(known, stems, displaced=displaced)
    _print_lits(options.livers / "lits_117.nii.gz")


def _print_lits(drawn_file: Path) -> None:
    sample = fetch_liver()
    image = read_image(sample.ct)
    codes = read_labels(sample.liver, BINARY_SCHEME).codes.astype(np.uint8)
    codes[read_labels(sample.tumour, BINARY_SCHEME).codes > 0] = Structure.LESION
    liver = LabelMap(codes, image.geometry, STRUCTURE_SCHEME)
    found = search_vessels(image, liver).found
    stems = None if found is None else named_stems(found)
    drawn = read_labels(drawn_file, COUINAUD_SCHEME)
    index = image.geometry.ras_from_index(np.stack(np.indices(codes.shape), axis=-1))
    places = np.rint((index - LITS_MM) / drawn.geometry.spacing_mm).astype(int)
    within = ((places >= 0) & (places < drawn.geometry.shape)).all(axis=-1)
    true = np.zeros(codes.shape, dtype=np.uint8)
    true[within] = drawn.codes[tuple(places[within].T)]
    for name, seen in (("nothing seen", None), ("its vessels", stems)):
        divided = ShapeDivider(device="cpu").divide(liver, stems=seen)
        both = (divided.couinaud.codes > 0) & (true > 0)
        marks = score(117, np.where(both, divided.couinaud.codes, 0), np.where(both, true, 0))
        told = [text_of(f) for f in divided.quality if f.id == PLANES_MOVED]
        print(f"LiTS 117, {name}: Dice {np.mean(marks.dice):.3f}", *told)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--livers", type=Path, required=True)
    parser.add_argument("--vessels", type=Path, required=True)
    return parser.parse_args()


def _print_planted(known: Known, *, displaced: bool) -> None:
    start = "planes displaced" if displaced else "planes as they are"
    cases = [
        (liver, displaced_logits(values, liver, seed=liver.patient) if displaced else values)
        for liver, values in known
    ]
    _print_row(f"{start}: nothing seen", [_result(*case) for case in cases])
    for name, planting in PLANTINGS.items():
        found = [
            _result(liver, values, planted_stems(liver, planting, seed=1000 + liver.patient))
            for liver, values in cases
        ]
        _print_row(f"{start}: {name}", found)


def _print_picked(known: Known, stems: dict[int, Stems], *, displaced: bool) -> None:
    before, after = [], []
    for liver, values in known:
        for seed in range(2 if displaced else 1):
            logits = displaced_logits(values, liver, seed=seed) if displaced else values
            before.append(_result(liver, logits))
            after.append(_result(liver, logits, stems[liver.patient]))
    start = "planes displaced" if displaced else "planes as they are"
    _print_row(f"{start}: nothing seen", before)
    _print_row(f"{start}: veins picked", after)


def _print_row(name: str, results: Sequence[Result]) -> None:
    figures = [
        f"{np.mean([r.dice for r in results]):.3f}",
        f"{np.mean([abs(r.right_points) for r in results]):.2f}",
    ]
    for plane in VEIN_OF:
        shifts = np.array([r.shifts_mm[plane] for r in results])
        sds = np.array([r.sds_mm[plane] for r in results])
        held = float((np.abs(shifts) <= TWO_SIDED_90 * sds).mean())
        rms = [float(np.sqrt((x**2).mean())) for x in (shifts, sds)]
        figures += [f"{rms[0]:.1f}", f"{held:.0%}", f"{rms[1]:.1f}"]
    print(ROW.format(name, len(results), *figures), flush=True)


def _result(liver: AnnotatedLiver, logits: torch.Tensor, stems: Stems | None = None) -> Result:
    divided = divided_liver(logits, liver.shape, liver.annotated, read_calibration(), stems=stems)
    found, true = divided.couinaud.codes, liver.annotated.codes
    scores = score(liver.patient, found, true)
    shifts = {p: plane_shift_mm(found, true, p, 2.5) or 0.0 for p in VEIN_OF}
    sds = divided.segment_plane_mm or {}
    return Result(
        float(np.mean(scores.dice)), 100 * scores.share_errors[RIGHT_HEMILIVER], shifts, dict(sds)
    )


def displaced_logits(logits: torch.Tensor, liver: AnnotatedLiver, *, seed: int) -> torch.Tensor:
    """Displace main and right plane so that they are off by what is said of them."""
    rng = np.random.default_rng(seed)
    known = read_calibration()
    sds = plane_sds_mm((logits / known.temperature).softmax(0), liver.shape, known.plane_scale)
    for plane in VEIN_OF:
        sd = max(0.0, sds[plane] ** 2 - OWN_MM[plane] ** 2) ** 0.5
        logits = _displaced(logits, liver, plane, sd, rng)
    return logits


def _displaced(
    logits: torch.Tensor,
    liver: AnnotatedLiver,
    plane: SegmentPlane,
    sd_mm: float,
    rng: np.random.Generator,
) -> torch.Tensor:
    border = plane_border(logits.numpy(), liver.shape, plane)
    assert border is not None  # noqa: S101
    points = frame_points().numpy().astype(np.float64) * liver.shape.scale
    heights, nearest = border.height_mm(points)
    few = np.random.default_rng(0).choice(len(border.points_mm), 300)
    nodes = border.points_mm[few]
    inner = alike(nodes, nodes, VARYING_SHARE[plane])
    drawn = rng.multivariate_normal(np.zeros(len(few)), inner) / float(inner.mean()) ** 0.5
    spread = alike(border.points_mm, nodes, VARYING_SHARE[plane])
    unit = spread @ np.linalg.solve(inner + 1e-3 * np.eye(len(few)), drawn)
    shift = sd_mm / border.folds * unit
    fade = np.exp(-((heights / FADES_MM) ** 2))
    away = (shift[nearest] * fade)[..., None] * border.normals[nearest]
    index = (points - away) / liver.shape.scale / FRAME_MM + (np.array(FRAME_SHAPE) - 1) / 2
    return sampled(logits, torch.from_numpy(index).float())


def planted_stems(liver: AnnotatedLiver, planting: Planting, *, seed: int) -> Stems:
    """Return veins along the annotated planes, from behind and above to in front and below."""
    rng = np.random.default_rng(seed)
    return {
        vein: planted_vein(annotated_border(liver, plane), planting, rng)
        for plane, vein in VEIN_OF.items()
    }


def annotated_border(liver: AnnotatedLiver, plane: SegmentPlane) -> Points:
    """Return places between the annotated sides of a plane, and normals to them, RAS mm."""
    one, other = (
        np.isin(liver.codes, side) & (liver.shape.distance_mm > 0) for side in SIDES[plane]
    )
    both = one | other
    soft = ndimage.gaussian_filter(np.where(both, one - 0.5, 0.0), 1.5)
    slope = np.stack(np.gradient(soft), axis=-1)
    found = []
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        low = np.argwhere(both & np.roll(both, -1, axis) & (one != np.roll(one, -1, axis)))
        normal = slope[tuple(low.T)]
        found.append(np.column_stack((liver.shape.grid.ras_from_index(low + step / 2), normal)))
    return np.concatenate(found)


def planted_vein(border: Points, planting: Planting, rng: np.random.Generator) -> Points:
    """Return a vein on a border, seen from its mouth on, with errors across it."""
    places, normals = border[:, :3], border[:, 3:]
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    start = places[(places @ (0.0, -1.0, 1.0)).argmax()]
    far = np.linalg.norm(places - start, axis=1)
    outer = np.flatnonzero(far > 0.75 * far.max())
    end = places[rng.choice(outer)]
    line = start + np.linspace(0, planting.seen, 60)[:, None] * (end - start)
    nearest = cKDTree(places).query(line)[1]
    course = ndimage.gaussian_filter1d(places[nearest], 3, axis=0, mode="nearest")
    along = np.linalg.norm(course - course[0], axis=1)
    alike = np.exp(-(((along[:, None] - along) / 25.0) ** 2) / 2) + 1e-6 * np.eye(len(along))
    beside = planting.place_mm * rng.normal() + planting.course_mm * rng.multivariate_normal(
        np.zeros(len(along)), alike
    )
    across = beside[:, None] * normals[nearest]
    points: Points = course + across + planting.point_mm * rng.normal(size=course.shape)
    return points


def picked_stems(liver: AnnotatedLiver, folder: Path) -> Stems:
    """Return the veins of one liver that were picked by eye, along its vessels."""
    patient = liver.patient
    vessels = read_labels(folder / f"lits_{patient:03d}_vessels.nii.gz", BINARY_SCHEME).codes > 0
    cost = np.where(vessels, 1 / (0.3 + edt.edt(np.ascontiguousarray(vessels))), 6.0)
    highest = np.where(vessels, np.arange(vessels.shape[2]), -1).max(axis=2)
    stems = {}
    for plane, columns in PICKED[patient].items():
        seeds = [_seed(highest, x, y) for x, y in columns]
        ways = [route_through_array(cost, a, b)[0] for a, b in pairwise(seeds)]
        course = np.concatenate(ways).astype(np.float64)
        smooth = ndimage.uniform_filter1d(course, 5, axis=0, mode="nearest")
        stems[VEIN_OF[plane]] = liver.annotated.geometry.ras_from_index(smooth)
    return stems


def _seed(highest: NDArray[Any], x: int, y: int) -> tuple[int, int, int]:
    near = highest[x - 2 : x + 3, y - 2 : y + 3]
    i, j = np.unravel_index(int(near.argmax()), near.shape)
    return x - 2 + int(i), y - 2 + int(j), int(near.max())


if __name__ == "__main__":
    main()
