"""How often the interval of a plan's remnant holds the truth, and how wide margins come out.

Random ellipsoid livers with balls are digitised on turned grids with slices of 1 to 5 mm, their
lesions drawn too large or too small as the error model assumes; every second lesion is excised,
every other ablated. ``python benchmarks/plan_coverage.py --livers 345``
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
from typing import Final

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.uncertainty import ErrorModel
from remnant.core.volumes import LabelMap
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball, Ellipsoid, digitise, voxel_centres
from volumetry.liver_maps import liver_maps
from volumetry.measure import measure
from volumetry.virtual_resection.atoms import build_atoms
from volumetry.virtual_resection.resection import virtual_resection

MARGIN_MM: Final = 5.0
GAP_MM: Final = 4.0
TRIES: Final = 200
PERSON: Final = Patient(weight_kg=70, height_cm=170)
LESION_SD_MM: Final = 1.0
ERRORS: Final = ErrorModel(
    origin="benchmark",
    liver_boundary_mm=0.0,
    liver_common_share=0.5,
    liver_patch_mm2=2500.0,
    segment_border_mm=0.0,
    formula_residual_fraction=0.0,
    lesion_boundary_mm=LESION_SD_MM,
    lesion_common_share=0.5,
    draws=1000,
)
SLICES_MM: Final = ((1, 2), (2, 3), (3, 4), (4, 5))


def drawn_balls(rng: np.random.Generator, half_axes_mm: tuple[float, float, float]) -> list[Ball]:
    """Draw up to eight balls that lie apart in an ellipsoid."""
    wanted, balls = int(rng.integers(1, 9)), list[Ball]()
    for _ in range(TRIES):
        direction = rng.normal(size=3)
        place = direction * rng.uniform() ** (1 / 3) / np.linalg.norm(direction) * 0.9
        centre = tuple((place * half_axes_mm).tolist())
        ball = Ball((centre[0], centre[1], centre[2]), float(rng.uniform(5, 16)))
        if len(balls) < wanted and all(_apart(ball, other) for other in balls):
            balls.append(ball)
    return balls


def _apart(one: Ball, other: Ball) -> bool:
    distance = float(np.linalg.norm(np.subtract(one.centre_mm, other.centre_mm)))
    return distance > one.radius_mm + other.radius_mm + GAP_MM


def scan_grid(rng: np.random.Generator, liver: Ellipsoid) -> tuple[Geometry, float]:
    """Draw a turned grid around a liver; also its slice thickness in mm."""
    slice_mm, pixel_mm = float(rng.uniform(1, 5)), float(rng.uniform(0.7, 1.5))
    grid = grid_around(
        liver.box_mm,
        spacing_mm=(pixel_mm, pixel_mm, slice_mm),
        directions=np.linalg.qr(rng.normal(size=(3, 3)))[0],
        margin_mm=6.0,
        offset_voxels=tuple(rng.random(3)),
    )
    return grid, slice_mm


def one_liver(seed: int) -> tuple[bool, float, float, float, float]:
    """Return: interval holds, slice mm, true and measured margin mL, FLR too large by mL."""
    rng = np.random.default_rng(seed)
    half_axes = (75.0 * float(rng.uniform(0.8, 1.1)), 55.0, 50.0)
    liver = Ellipsoid((0.0, 0.0, 0.0), half_axes)
    balls = drawn_balls(rng, half_axes)
    fine = grid_around(liver.box_mm, spacing_mm=(1.0, 1.0, 1.0), margin_mm=2.0)
    inside = digitise(liver, fine)
    taken = np.any([digitise(ball.grown(MARGIN_MM), fine) for ball in balls], axis=0)
    tumour = np.any([digitise(ball, fine) for ball in balls], axis=0)
    true_flr = float((inside & ~taken).sum()) * fine.voxel_volume_ml
    true_margin = float((inside & taken & ~tumour).sum()) * fine.voxel_volume_ml
    grid, slice_mm = scan_grid(rng, liver)
    common = rng.normal()
    lesions = np.zeros(grid.shape, dtype=np.uint16)
    for code, ball in enumerate(balls, start=1):
        off_mm = LESION_SD_MM * np.sqrt(0.5) * (common + rng.normal())
        lesions[digitise(ball.grown(float(off_mm)), grid)] = code
    codes = np.where(voxel_centres(grid)[..., 0] > 0, 2, 5).astype(np.uint8)
    maps = (
        LabelMap(digitise(liver, grid).astype(np.uint8), grid, BINARY_SCHEME),
        LabelMap(lesions, grid, INSTANCE_SCHEME),
        LabelMap(codes, grid, COUINAUD_SCHEME),
    )
    report = measure(maps[0], maps[1], couinaud=maps[2], patient=PERSON, error_model=ERRORS)
    ids = tuple(lesion.id for lesion in report.lesions)
    choice = PlanChoice(resection_margin_mm=MARGIN_MM, ablation_margin_mm=MARGIN_MM)
    zones = build_atoms(liver_maps(*maps), lesion_ids=ids, choice=choice)
    recipe = Recipe(wedges=ids[::2], ablations=ids[1::2])
    done = virtual_resection(report, patient=PERSON, atoms=zones.atoms, recipe=recipe)
    flr_ml, interval = done.remnant.flr_ml.value or 0.0, done.remnant.flr_ml.interval
    holds = interval is not None and true_flr in interval
    return holds, slice_mm, true_margin, done.margin_ml, flr_ml - true_flr


def main() -> None:
    """Print coverage and bias by slice thickness."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--livers", type=int, default=345)
    found = np.array([one_liver(seed) for seed in range(parser.parse_args().livers)])
    print(f"{len(found)} livers, held {100 * found[:, 0].mean():.1f} %")
    print("| slices mm | livers | held % | margin measured / true | FLR too large by mL |")
    print("|---|---:|---:|---:|---:|")
    for low, high in SLICES_MM:
        some = found[(found[:, 1] >= low) & (found[:, 1] < high)]
        share = some[:, 3].sum() / some[:, 2].sum()
        print(f"| {low} to {high} | {len(some)} | {100 * some[:, 0].mean():.0f} | "
              f"{share:.2f} | {some[:, 4].mean():.1f} |")  # fmt: skip


if __name__ == "__main__":
    main()
