"""How often the 90 % intervals hold the truth, on phantoms whose truth is known.

Two tables. The first makes the errors that the intervals assume (surfaces and planes displaced by
the model's own standard deviations, on real shapes, then voxelised): it tests the propagation.
The second makes an error that the model does not have: maps drawn on 1 mm voxels and resampled to
slices of 5 mm; with real livers, where a folder of Couinaud label maps is named.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --phantoms 600 --livers ../shared/data/couinaud
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.uncertainty import ErrorModel
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import VolumetryReport
from volumetry.measure import measure
from volumetry.remnant import debulked_fraction, future_liver_remnant
from volumetry.uncertainty.error_models import GIVEN_MAPS
from volumetry.uncertainty.joint_draws import spread

GRID_ALONE = replace(
    GIVEN_MAPS,
    liver_boundary_mm=0.0,
    lesion_boundary_mm=0.0,
    segment_border_mm=0.0,
    formula_residual_fraction=0.0,
)
LESION_GAP_MM = 3.0
NEAR_MM = 3.0
"""Displacements of the liver's surface are looked up only this close to it: five of their SDs."""
MINIMUM = 0.3
"""FLR / functional TLV that the forecasts are about."""

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]

PATIENT = Patient(height_cm=172, weight_kg=74)
RIGHT = frozenset(CouinaudSegment(n) for n in (5, 6, 7, 8))
EXTENDED_RIGHT = RIGHT | {CouinaudSegment.IV}
FIELD_WAVES = 64
TRUTH_SPACING_MM = 2.0
"""Of the grid that gives the true remnants: it is off by less than 0.3 mL; lesions are exact."""
FINE_MM = 1.0
SEED = 20_261_122
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Phantom:
    """An ellipsoid divided by planes, with balls in it; centre at the origin, RAS mm."""

    axes_mm: Points
    planes: dict[str, tuple[Points, float]]
    centres_mm: Points
    radii_mm: Points


@dataclass(frozen=True)
class Errors:
    """One draw of the model's errors."""

    liver_mm: Callable[[Points], Points]
    lesions_mm: Points
    planes_mm: dict[str, float]


def random_phantom(rng: np.random.Generator) -> Phantom:
    """Return a liver of about 0.9 to 2.2 L with one to ten lesions wholly inside."""
    axes = rng.uniform((72, 58, 50), (98, 80, 68))
    offsets = {
        "main": rng.uniform(-0.35, 0.1) * axes[0],
        "umbilical": rng.uniform(-0.62, -0.45) * axes[0],
        "right": rng.uniform(0.25, 0.45) * axes[0],
        "right_transverse": rng.uniform(-0.2, 0.2) * axes[2],
        "left_transverse": rng.uniform(-0.2, 0.2) * axes[2],
    }
    planes = {
        name: (_tilted(2 if "transverse" in name else 0, rng), offset)
        for name, offset in offsets.items()
    }
    centres, radii = _lesions(axes, rng)
    return Phantom(axes, planes, centres, radii)


def _tilted(axis: int, rng: np.random.Generator) -> Points:
    normal = rng.normal(0.0, 0.15, 3)
    normal[axis] = 1.0
    tilted: Points = normal / np.linalg.norm(normal)
    return tilted


def _lesions(axes: Points, rng: np.random.Generator) -> tuple[Points, Points]:
    centres: list[Points] = []
    radii: list[float] = []
    for _ in range(rng.integers(1, 11)):
        radius = float(np.exp(rng.uniform(np.log(4.0), np.log(20.0))))
        direction = rng.normal(size=3)
        direction *= rng.uniform() ** (1 / 3) / np.linalg.norm(direction)
        centre = direction * (axes - radius - 2.0)
        gaps = [
            np.linalg.norm(centre - c) - radius - r for c, r in zip(centres, radii, strict=True)
        ]
        if min(gaps, default=np.inf) > LESION_GAP_MM:
            centres.append(centre)
            radii.append(radius)
    return np.array(centres), np.array(radii)


def random_errors(phantom: Phantom, model: ErrorModel, rng: np.random.Generator) -> Errors:
    """Draw errors: a smooth random field on the liver, shared and own shifts elsewhere."""
    common, shared = rng.normal(), rng.normal()
    local = np.sqrt(1.0 - model.liver_common_share)
    waves = _random_field(np.sqrt(model.liver_patch_mm2 / (2 * np.pi)), rng)

    def liver_mm(points: Points) -> Points:
        together = np.sqrt(model.liver_common_share) * common
        displaced: Points = model.liver_boundary_mm * (together + local * waves(points))
        return displaced

    own = rng.normal(size=len(phantom.radii_mm))
    share = model.lesion_common_share
    lesions_mm = model.lesion_boundary_mm * (np.sqrt(share) * shared + np.sqrt(1.0 - share) * own)
    planes = {name: float(rng.normal(0.0, model.segment_border_mm)) for name in phantom.planes}
    return Errors(liver_mm, lesions_mm, planes)


def _random_field(length_mm: float, rng: np.random.Generator) -> Callable[[Points], Points]:
    """Gaussian field of unit variance whose correlation falls as exp(-d² / 2 length²)."""
    waves = rng.normal(0.0, 1.0 / length_mm, (FIELD_WAVES, 3))
    phases = rng.uniform(0.0, 2 * np.pi, FIELD_WAVES)

    def value(points: Points) -> Points:
        field: Points = np.sqrt(2.0 / FIELD_WAVES) * np.cos(points @ waves.T + phases).sum(axis=1)
        return field

    return value


def random_grid(phantom: Phantom, rng: np.random.Generator, margin_mm: float = 8.0) -> Geometry:
    """Return a slightly oblique grid around the phantom, slices of 1 to 5 mm."""
    spacing = np.array((*[rng.uniform(0.8, 1.5)] * 2, rng.choice((1.0, 2.5, 5.0))))
    turn, _ = np.linalg.qr(np.eye(3) + rng.normal(0.0, 0.08, (3, 3)))
    return _grid(phantom, turn * spacing, margin_mm, rng.uniform(size=3))


def plain_grid(phantom: Phantom, spacing_mm: tuple[float, float, float]) -> Geometry:
    """Return an upright grid around the phantom."""
    return _grid(phantom, np.diag(spacing_mm), 8.0, np.zeros(3))


def _grid(phantom: Phantom, edges: Points, margin_mm: float, offset: Points) -> Geometry:
    corners = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T
    index = (corners * (phantom.axes_mm + margin_mm)) @ np.linalg.inv(edges).T
    low = np.floor(index.min(axis=0)) + offset - 1.0
    shape = np.ceil(index.max(axis=0) - low).astype(int) + 2
    affine_ras = np.eye(4)
    affine_ras[:3, :3], affine_ras[:3, 3] = edges, edges @ low
    return Geometry((int(shape[0]), int(shape[1]), int(shape[2])), affine_ras)


def draw_maps(
    phantom: Phantom, grid: Geometry, errors: Errors | None = None
) -> tuple[Mask, NDArray[np.uint16], Codes]:
    """Voxelise liver, lesions and segments, with the boundaries displaced by ``errors``."""
    points = grid.ras_from_index(np.indices(grid.shape).reshape(3, -1).T)
    level = np.linalg.norm(points / phantom.axes_mm, axis=1)
    slope = np.linalg.norm(points / phantom.axes_mm**2, axis=1)
    depth_mm = (level - 1.0) * level / np.maximum(slope, 1e-12)
    inside = depth_mm <= 0.0
    if errors is not None:
        near = np.abs(depth_mm) < NEAR_MM
        inside[near] = depth_mm[near] <= errors.liver_mm(points[near])
    lesions = np.zeros(len(points), np.uint16)
    for number, (centre, radius) in enumerate(
        zip(phantom.centres_mm, phantom.radii_mm, strict=True), start=1
    ):
        moved = radius if errors is None else radius + errors.lesions_mm[number - 1]
        lesions[((points - centre) ** 2).sum(axis=1) <= max(moved, 0.0) ** 2] = number
    segments = _segments(phantom, points, errors) * inside
    shape = grid.shape
    return (
        inside.reshape(shape), (lesions * inside).reshape(shape), segments.reshape(shape)
    )  # fmt: skip


def _segments(phantom: Phantom, points: Points, errors: Errors | None) -> Codes:
    beyond = {}
    for name, (normal, offset) in phantom.planes.items():
        shift = 0.0 if errors is None else errors.planes_mm[name]
        beyond[name] = points @ normal > offset + shift
    left = np.where(
        beyond["umbilical"], CouinaudSegment.IV, np.where(beyond["left_transverse"], 2, 3)
    )
    posterior = np.where(beyond["right_transverse"], 7, 6)
    anterior = np.where(beyond["right_transverse"], 8, 5)
    right = np.where(beyond["right"], posterior, anterior)
    return np.where(beyond["main"], right, left).astype(np.uint8)


def measured(
    maps: tuple[Mask, NDArray[np.uint16], Codes], grid: Geometry, model: ErrorModel
) -> VolumetryReport:
    """Measure maps."""
    liver, lesions, segments = maps
    return measure(
        LabelMap(liver.astype(np.uint8), grid, BINARY_SCHEME),
        LabelMap(lesions, grid, INSTANCE_SCHEME),
        couinaud=LabelMap(segments, grid, COUINAUD_SCHEME),
        patient=PATIENT,
        error_model=model,
    )


def figures(report: VolumetryReport) -> dict[str, Quantity]:
    """Return the volumes and ratios whose intervals are tried."""
    drawn = spread(report)
    found = {
        "TLV": report.tlv_ml,
        "functional TLV": report.functional_tlv_ml,
        "tumour volume": report.tumour_ml,
        "tumour load": report.burden_fraction,
    }
    for name, removed in (("right", RIGHT), ("extended right", EXTENDED_RIGHT)):
        left = future_liver_remnant(report, patient=PATIENT, removed=removed, drawn=drawn)
        found |= {
            f"FLR, {name} hepatectomy": left.flr_ml,
            f"FLR / functional TLV, {name}": left.flr_measured_fraction,
            f"sFLR, {name}": left.sflr,
            f"FLR / body weight, {name}": left.flr_body_weight_percent,
            f"debulked share, {name}": debulked_fraction(report, removed=removed, drawn=drawn),
        }
    return found


def size_class(diameter_mm: float) -> str:
    """Name a lesion's size class."""
    limits = ((10.0, "lesion under 10 mm"), (20.0, "lesion of 10 to 20 mm"))
    return next((name for limit, name in limits if diameter_mm < limit), "lesion over 20 mm")


@dataclass
class Tally:
    """Hits of intervals by figure, and predicted probabilities beside what was true."""

    hits: dict[str, list[bool]]
    forecasts: list[tuple[float, bool]]

    def note(self, name: str, quantity: Quantity, truth: float | None) -> None:
        """Count whether a quantity's interval holds the truth; what was not found does not."""
        span = quantity.interval
        if truth and quantity.value is not None and (span is None or span.sds):
            self.hits[name].append(span is not None and truth in span)


def note_case(
    tally: Tally,
    found: VolumetryReport,
    true: VolumetryReport,
    phantom: Phantom | None,
    factor: float,
) -> None:
    """Hold one measured case against the truth; ``factor`` is the true body-size volume's."""
    true_figures = figures(true)
    for name, quantity in figures(found).items():
        truth = true_figures[name].value
        if truth is not None and name.startswith("sFLR"):
            truth /= factor
        tally.note(name, quantity, truth)
        probability = quantity.probability(MINIMUM, inclusive=True)
        if name.startswith("FLR / functional") and probability is not None and truth is not None:
            tally.forecasts.append((probability, truth >= MINIMUM))
    volumes = {lesion.id: lesion.volume_ml for lesion in found.lesions}
    for number, radius in enumerate(() if phantom is None else phantom.radii_mm, start=1):
        truth = 4 / 3 * np.pi * radius**3 / 1e3
        tally.note(size_class(2 * radius), volumes.get(number, Quantity(0.0)), truth)


def exact_lesions(report: VolumetryReport, phantom: Phantom) -> VolumetryReport:
    """Put the exact volumes of liver and lesions in a report of the undisturbed phantom."""
    liver_ml = 4 / 3 * np.pi * float(np.prod(phantom.axes_mm)) / 1e3
    tumour_ml = float((4 / 3 * np.pi * phantom.radii_mm**3).sum()) / 1e3
    return replace(
        report,
        tlv_ml=Quantity(liver_ml),
        functional_tlv_ml=Quantity(liver_ml - tumour_ml),
        tumour_ml=Quantity(tumour_ml),
        burden_fraction=Quantity(tumour_ml / liver_ml),
    )


def model_errors(count: int, model: ErrorModel) -> Tally:
    """Make the errors that the model assumes."""
    tally = Tally(defaultdict(list), [])
    for number in progress(count, "phantoms with the model's errors"):
        rng = np.random.default_rng([SEED, number])
        phantom = random_phantom(rng)
        exact = plain_grid(phantom, (TRUTH_SPACING_MM,) * 3)
        true = measured(draw_maps(phantom, exact), exact, model)
        grid, errors = random_grid(phantom, rng), random_errors(phantom, model, rng)
        found = measured(draw_maps(phantom, grid, errors), grid, model)
        factor = np.exp(model.formula_residual_fraction * rng.normal())
        note_case(tally, found, exact_lesions(true, phantom), phantom, factor)
    return tally


def resampling_errors(count: int, model: ErrorModel) -> Tally:
    """Draw perfect maps on 1 mm voxels and resample them to slices of 5 mm."""
    tally = Tally(defaultdict(list), [])
    for number in progress(count, "phantoms resampled to 5 mm"):
        rng = np.random.default_rng([SEED, 1, number])
        phantom = random_phantom(rng)
        exact = plain_grid(phantom, (FINE_MM,) * 3)
        maps = draw_maps(phantom, exact)
        true = measured(maps, exact, model)
        thick, grid = resampled(maps, exact, 5)
        note_case(tally, measured(thick, grid, model), true, phantom, 1.0)
    return tally


def liver_errors(folder: Path, model: ErrorModel) -> Tally:
    """Resample real segment maps of 2.5 mm to slices of 5 mm."""
    from remnant.io.nifti import read_labels

    tally = Tally(defaultdict(list), [])
    files = sorted(folder.glob("*.nii.gz"))
    for number in progress(len(files), "real livers resampled to 5 mm"):
        labels = read_labels(files[number], COUINAUD_SCHEME)
        grid = labels.geometry
        empty = np.zeros(grid.shape, np.uint16)
        maps = (labels.mask(), empty, labels.codes.astype(np.uint8))
        thick, coarse = resampled(maps, grid, 2)
        pairs = [measured(padded(m), around(g), model) for m, g in ((thick, coarse), (maps, grid))]
        note_case(tally, pairs[0], pairs[1], None, 1.0)
    return tally


def resampled(
    maps: tuple[Mask, NDArray[np.uint16], Codes], grid: Geometry, factor: int
) -> tuple[tuple[Mask, NDArray[np.uint16], Codes], Geometry]:
    """Join ``factor`` slices along the last axis: each voxel takes the code most of them have."""
    count = grid.shape[2] // factor
    joined = [_majority(m[..., : count * factor], factor) for m in maps]
    affine_ras = np.array(grid.affine_ras)
    affine_ras[:3, 3] += affine_ras[:3, 2] * (factor - 1) / 2
    affine_ras[:3, 2] *= factor
    shape = (grid.shape[0], grid.shape[1], count)
    liver, lesions, segments = joined
    return (liver > 0, lesions.astype(np.uint16), segments.astype(np.uint8)), Geometry(
        shape, affine_ras
    )


def _majority(codes: NDArray[np.generic], factor: int) -> NDArray[np.int64]:
    """Take the code that most slices of a group have; of equals the middle-most one."""
    parts = np.stack([codes[..., n::factor].astype(np.int64) for n in range(factor)])
    votes = (parts[:, None] == parts[None]).sum(axis=1)
    votes = votes * factor - np.abs(np.arange(factor) - factor // 2)[:, None, None, None]
    return np.take_along_axis(parts, votes.argmax(axis=0)[None], axis=0)[0]


def padded(
    maps: tuple[Mask, NDArray[np.uint16], Codes],
) -> tuple[Mask, NDArray[np.uint16], Codes]:
    """Put background around: the maps were cropped to the liver."""
    liver, lesions, segments = (np.pad(m, 1) for m in maps)
    return liver, lesions, segments


def around(grid: Geometry) -> Geometry:
    """Return the grid with one more voxel on each side."""
    i, j, k = (n + 2 for n in grid.shape)
    return grid.cropped((-1, -1, -1), (i, j, k))


def progress(count: int, what: str) -> Iterator[int]:
    """Count up, saying so on standard error."""
    for number in range(count):
        print(f"\r{what}: {number + 1}/{count}", end="", file=sys.stderr)
        yield number
    print(file=sys.stderr)


def print_table(title: str, tally: Tally) -> None:
    """Print coverage by figure, and how often forecasts came true."""
    print(f"\n{title}\n\n| figure | intervals | hold the truth |\n|---|---:|---:|")
    for name, hits in tally.hits.items():
        share, error = np.mean(hits), np.sqrt(0.09 / len(hits))
        print(f"| {name} | {len(hits)} | {100 * share:.1f} % (± {100 * error:.1f}) |")
    if not tally.forecasts:
        return
    print("\n| P(FLR >= 30 % of functional TLV) said | cases | came true |\n|---|---:|---:|")
    said, true = (np.array(column) for column in zip(*tally.forecasts, strict=True))
    for low, high in pairwise(BINS):
        some = (said >= low) & ((said < high) | (high == 1.0))
        if some.any():
            print(f"| {low:.1f} to {high:.1f} | {some.sum()} | {100 * true[some].mean():.0f} % |")


def main() -> None:
    """Run both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=600)
    parser.add_argument("--resampled", type=int, default=200, help="phantoms of the second table")
    parser.add_argument("--livers", type=Path, help="folder of Couinaud label maps")
    arguments = parser.parse_args()
    if arguments.phantoms:
        print_table("Errors that the model makes", model_errors(arguments.phantoms, GIVEN_MAPS))
    for words, model in (("", GIVEN_MAPS), (", the grid's own part alone", GRID_ALONE)):
        print_table(
            f"Slices of 5 mm, phantoms{words}", resampling_errors(arguments.resampled, model)
        )
        if arguments.livers is not None:
            livers = liver_errors(arguments.livers, model)
            print_table(f"Slices of 5 mm, real livers{words}", livers)


if __name__ == "__main__":
    main()
