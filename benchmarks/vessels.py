"""How well vessels are found, parted and named: grown trees, annotated vessels, LiTS 117, and off.

    python benchmarks/vessels.py ../shared/data [--livers 6] [--seed 1]
    python benchmarks/vessels.py ../shared/data --names 005 030 060 [--seed 1]

Trees are grown into real liver shapes (`remnant.testing.grown_vessels`) and painted at several
contrasts and noises; the 17 annotated vessel maps are painted as they are, portal and hepatic veins
together, so that only finding is scored and not parting. Nothing here is a truth of a real scan.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    Structure,
)
from remnant.core.vessels import NamedVessel, VesselName
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.io.nifti import read_image, read_labels
from remnant.pipeline.samples import LIVER_LABEL, fetch_liver, fetch_sample
from remnant.testing.grown_vessels import GrownVessels
from remnant.testing.portal_phase import Levels, PaintedScan, painted_scan
from segmentation.resample import resample
from segmentation.vessels.computed import computed_vessels, direction_of
from segmentation.vessels.found import VesselSearch, search_vessels
from segmentation.vessels.names import stem_lines
from segmentation.vessels.rooted import rooted_trees, roots_of
from segmentation.vessels.trees import Tree
from segmentation.vessels.tubes import find_tubes

SPACING_MM = (1.0, 1.0, 2.5)
NEAR_MM = 2.5
TRUE_WITHIN_MM = 5.0
HALF, PAINTED = 0.5, 0.3
LEVELS = {
    "portal +60, hepatic +50 HU, noise 15": Levels(),
    "portal +40, hepatic +30 HU, noise 15": Levels(portal_hu=150.0, hepatic_hu=140.0),
    "portal +60, hepatic +50 HU, noise 25": Levels(noise_hu=25.0),
    "portal +80, hepatic +10 HU, noise 15": Levels(portal_hu=190.0, hepatic_hu=120.0),
    "none, noise 15": Levels(portal_hu=110.0, hepatic_hu=110.0),
}
ROW = "{:<40} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6}"
Mask = NDArray[np.bool_]


def main() -> None:
    """Print the tables."""
    options = _options()
    if options.names:
        for number in options.names:
            _print_names(number, options.data / "couinaud" / f"lits_{number}.nii.gz", options.seed)
        return
    livers = sorted((options.data / "couinaud").glob("lits_*.nii.gz"))
    livers = [path for path in livers if "117" not in path.name]
    chosen = livers[:: max(1, len(livers) // options.livers)][: options.livers]
    print(ROW.format("grown trees", "found", "true", "parted", "assigned", "conf", "CPU s"))
    for name, levels in LEVELS.items():
        for path in chosen:
            _print_grown(f"{name} {path.stem[5:8]}", path, levels, options.seed)
    print(
        ROW.format(
            "annotated vessels, painted +50 HU", "found", "true", "", "assigned", "conf", "CPU s"
        )
    )
    for path in sorted((options.data / "couinaud_vessels").glob("*.nii.gz")):
        _print_annotated(path, options.data / "couinaud")
    _print_real()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--livers", type=int, default=6)
    parser.add_argument("--names", nargs="*", metavar="LIVER", help="names of branches alone")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _print_grown(name: str, path: Path, levels: Levels, seed: int) -> None:
    couinaud = read_labels(path, COUINAUD_SCHEME)
    scan = painted_scan(
        couinaud.codes, couinaud.geometry, spacing_mm=SPACING_MM, levels=levels, seed=seed
    )
    search, seconds = _timed(replace(scan.image, phase=Phase.PORTAL), scan.liver)
    if search.found is None:
        print(f"{name:<40} off: {search.finding.reasons[0].cause.value}", flush=True)
        return
    true, trees = _truth(search, scan), search.found.parted.trees
    found = trees > 0
    both = (trees >= Tree.PORTAL) & (true > 0)
    parted = float((trees == true)[both].mean())
    _print_row(name, search, (found, true > 0), f"{parted:.3f}", seconds)


def _print_names(name: str, path: Path, seed: int) -> None:
    """Print each branch that is named or could have been, with what it is and its measures."""
    couinaud = read_labels(path, COUINAUD_SCHEME)
    scan = painted_scan(
        couinaud.codes, couinaud.geometry, spacing_mm=SPACING_MM, levels=Levels(), seed=seed
    )
    search = search_vessels(replace(scan.image, phase=Phase.PORTAL), scan.liver)
    if search.found is None:
        print(f"{name:<8} off: {search.finding.reasons[0].cause.value}", flush=True)
        return
    started = time.process_time()
    rooted = rooted_trees(search.found.structures, roots_of(search.found))
    lines = stem_lines(rooted)
    measured = {one.name: one for one in computed_vessels(rooted, scan.couinaud).named}
    seconds = time.process_time() - started
    for branch in VesselName:
        if branch in lines:
            known = branch in measured
            told = _judged(branch, lines[branch], scan.grown, measured.get(branch))
            print(f"{name:<8} {branch.value:<28} {told}{'' if known else ' (dropped by segments)'}")
        elif branch in scan.grown.stems:
            print(f"{name:<8} {branch.value:<28} unnamed")
    print(f"{name:<8} CPU {seconds:.1f} s", flush=True)


def _judged(
    branch: VesselName,
    line: NDArray[np.float64],
    grown: GrownVessels,
    measured: NamedVessel | None,
) -> str:
    """Say what a named branch truly is, and how far its measures are off."""
    courses = {**grown.branches, VesselName.PORTAL_TRUNK: grown.trunk}
    owners = [owner for owner, course in courses.items() for _ in course.points_mm]
    points = np.concatenate([course.points_mm for course in courses.values()])
    radii = np.concatenate([course.radii_mm for course in courses.values()])
    away, nearest = cKDTree(points).query(line)
    near = [owners[n] for n, mm in zip(nearest, away, strict=True) if mm <= TRUE_WITHIN_MM]
    truly = max(set(near), key=near.count) if near else None
    if truly is not branch:
        return f"wrong {'nothing' if truly is None else truly.value}"
    if measured is None or branch not in grown.stems:
        return "right"
    off_mm = measured.diameter_mm - 2 * float(np.median(radii[nearest]))
    true = np.array(direction_of(grown.stems[branch].points_mm))
    cosine = float(true @ np.array(measured.direction_ras))
    turned = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    sure = measured.confidence
    return f"right  diameter {off_mm:+.1f} mm  direction {turned:3.0f} degrees  {sure:.2f}"


def _truth(search: VesselSearch, scan: PaintedScan) -> NDArray[np.uint8]:
    """Return the nearest painted tree of each voxel of the working grid, 0 where none is near."""
    assert search.found is not None  # noqa: S101
    grid = search.found.scene.grid
    true = np.zeros(grid.shape, dtype=np.uint8)
    nearest = np.full(grid.shape, NEAR_MM)
    for tree in (Tree.PORTAL, Tree.HEPATIC):
        share = resample(scan.vessels.codes == tree, scan.vessels.geometry, grid, outside=0.0)
        away = ndimage.distance_transform_edt(share < PAINTED, sampling=grid.spacing_mm)
        true[away < nearest] = tree
        nearest = np.minimum(away, nearest)
    return true


def _print_annotated(path: Path, livers: Path) -> None:
    couinaud = read_labels(livers / path.name.replace("_vessels", ""), COUINAUD_SCHEME)
    vessels = read_labels(path, BINARY_SCHEME)
    scan, true = _painted(couinaud, vessels)
    liver = LabelMap((couinaud.codes > 0).astype(np.uint8), couinaud.geometry, STRUCTURE_SCHEME)
    codes = resample(liver.codes, liver.geometry, scan.geometry, outside=0.0) >= HALF
    plain = LabelMap(codes.astype(np.uint8), scan.geometry, STRUCTURE_SCHEME)
    from segmentation.vessels.lumen import vessel_mask
    from segmentation.vessels.scene import scene_of

    started = time.process_time()
    scene = scene_of(scan, plain)
    found = vessel_mask(scene, find_tubes(scene))
    seconds = time.process_time() - started
    on_grid = resample(true, scan.geometry, scene.grid, outside=0.0) >= HALF
    within, right = _rates(found, on_grid)
    print(ROW.format(path.stem[5:8], f"{within:.3f}", f"{right:.3f}", "", "", "", f"{seconds:.1f}"))


def _painted(couinaud: LabelMap, vessels: LabelMap) -> tuple[ImageVolume, NDArray[np.float32]]:
    """Paint the annotated vessels on a finer grid; their 2.5 mm steps are smoothed away."""
    coarse = couinaud.geometry
    steps = np.array(SPACING_MM) / np.array(coarse.spacing_mm)
    sizes = [int(n / step) for n, step in zip(coarse.shape, steps, strict=True)]
    matrix = coarse.affine_ras @ np.diag((*steps, 1.0))
    grid = Geometry((sizes[0], sizes[1], sizes[2]), matrix)
    soft = ndimage.gaussian_filter(vessels.codes.astype(np.float32), 0.5)
    share = np.clip(2 * resample(soft, coarse, grid, outside=0.0), 0.0, 1.0)
    liver = resample(couinaud.codes > 0, coarse, grid, outside=0.0) >= HALF
    noise = np.random.default_rng(0).normal(scale=15.0, size=grid.shape)
    voxels = np.where(liver, 110.0 + 50.0 * share, -90.0) + noise
    image = ImageVolume(np.rint(voxels).astype(np.int16), grid, Modality.CT, phase=Phase.PORTAL)
    return image, share.astype(np.float32)


def _print_real() -> None:
    print(ROW.format("scans", "portal", "hepatic", "neither", "contrast", "conf", "CPU s"))
    for name, image, structures in _scans():
        search, seconds = _timed(image, structures)
        (why,) = search.finding.reasons
        if search.found is None:
            print(f"{name:<40} off: {why.cause.value} {why.names or why.amounts}")
        else:
            figures = [f"{x:.1f}" for x in why.amounts[:4]]
            print(ROW.format(name, *figures, f"{why.amounts[5]:.2f}", f"{seconds:.1f}"))


def _scans() -> Iterator[tuple[str, ImageVolume, LabelMap]]:
    liver = fetch_liver()
    image = read_image(liver.ct)
    codes = read_labels(liver.liver, BINARY_SCHEME).codes.astype(np.uint8)
    codes[read_labels(liver.tumour, BINARY_SCHEME).codes > 0] = Structure.LESION
    yield "LiTS 117", image, LabelMap(codes, image.geometry, STRUCTURE_SCHEME)
    sample = fetch_sample()
    image = read_image(sample.ct)
    codes = _sample_liver(sample.label_map)
    structures = LabelMap(codes, image.geometry, STRUCTURE_SCHEME)
    yield "sample CT, unenhanced", image, structures
    yield "the same, called portal", replace(image, phase=Phase.PORTAL), structures


def _sample_liver(path: Path) -> NDArray[np.uint8]:
    liver: NDArray[np.uint8] = (read_labels(path, INSTANCE_SCHEME).codes == LIVER_LABEL).astype(
        np.uint8
    )
    return liver


def _timed(image: ImageVolume, structures: LabelMap) -> tuple[VesselSearch, float]:
    started = time.process_time()
    search = search_vessels(image, structures)
    return search, time.process_time() - started


def _print_row(
    name: str, search: VesselSearch, masks: tuple[Mask, Mask], parted: str, seconds: float
) -> None:
    amounts = search.finding.reasons[0].amounts
    assigned = 1 - amounts[2] / sum(amounts[:3])
    found, right = _rates(*masks)
    figures: list[Any] = [f"{found:.3f}", f"{right:.3f}", parted, f"{assigned:.3f}"]
    print(ROW.format(name, *figures, f"{amounts[5]:.2f}", f"{seconds:.1f}"), flush=True)


def _rates(found: Mask, true: Mask) -> tuple[float, float]:
    """Return the share of true voxels near found ones, and of found ones near true ones."""
    around = np.ones((3, 3, 3), dtype=bool)
    near_found, near_true = (ndimage.binary_dilation(mask, around) for mask in (found, true))
    return float(near_found[true].mean()), float(near_true[found].mean())


if __name__ == "__main__":
    main()
