"""How well the shipped segment model does on the livers held back, beside a registered atlas.

Prints Dice by segment, errors of the shares of the liver, how often the verdict on a remnant of
30 % flips, how often the 90 % intervals hold the truth, which livers are called unlike the training
set, and the time of the segment step. With --groups, the same for livers whose whole group of alike
livers the estimating network never saw, with errors learned from the other groups: what to expect
of another hospital's livers. The folder is one of `remnant models train`, or takes the trainings.

    python benchmarks/couinaud.py --livers ../shared/data/couinaud
    python benchmarks/couinaud.py --livers ../shared/data/couinaud --no-atlas
    python benchmarks/couinaud.py --livers ../shared/data/couinaud --groups TRAINED
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import importlib.util
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from planning.hepatectomies.named_sets import BRISBANE_HEPATECTOMIES
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.uncertainty import ErrorModel, SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource, VolumetryReport
from segmentation.couinaud.shape_model import (
    MODEL,
    Calibration,
    ShapeDivider,
    divided_liver,
    read_calibration,
    shape_logits,
)
from segmentation.port import DividedLiver
from segmentation.training.cross_validate import networks_without_groups
from segmentation.training.damage import damaged
from segmentation.training.livers import AnnotatedLiver, find_livers, read_livers
from segmentation.training.plane_errors import (
    PlaneErrors,
    elsewhere_mm,
    estimated,
    plane_errors,
    scales_of,
    typical_spreads_mm,
)
from segmentation.training.produce import default_recipe, split_of
from segmentation.training.scores import (
    PARTS,
    LiverScore,
    mean_dice_of_present,
    mean_scores,
    plane_shift_mm,
    score,
)
from segmentation.training.training_recipe import Recipe, read_recipe
from volumetry.measure import measure
from volumetry.remnant import future_liver_remnant
from volumetry.uncertainty.error_models import GIVEN_MAPS, error_model
from volumetry.uncertainty.joint_draws import Spread, spread

MINIMUM = 0.3
NEAR = 0.1
TWO_SIDED_90 = 1.645
BIG_SHAPE = (512, 512, 300)
BIG_SPACING_MM = (0.7, 0.7, 1.0)
ROW = "{:<34}" + "{:>7}" * 9


@dataclass(frozen=True, slots=True)
class Remnant:
    """A remnant's estimated and true share of the liver, and the estimate's interval."""

    share: float
    true: float
    low: float
    high: float

    @property
    def held(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.true <= self.high


@dataclass(frozen=True, eq=False)
class Estimate:
    """One liver held back, its estimate, and the measured volumes of both maps."""

    liver: AnnotatedLiver
    divided: DividedLiver
    estimated: VolumetryReport
    annotated: VolumetryReport

    @cached_property
    def remnants(self) -> dict[str, Remnant]:
        """By the title of each hepatectomy that takes something away from both maps."""
        drawn = spread(self.estimated)
        reports = self.estimated, self.annotated
        return {
            candidate.title: _remnant(self, candidate.segments, drawn)
            for candidate in BRISBANE_HEPATECTOMIES
            if all(_any_voxel(report, candidate.segments) for report in reports)
        }


def main() -> None:
    """Print everything."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    recipe = read_recipe(default_recipe())
    paths = find_livers(arguments.livers, excluded=recipe.excluded_patients)
    split = split_of(list(paths), recipe)
    livers = {liver.patient: liver for liver in read_livers(paths)}
    if arguments.groups:
        print_groups(list(livers.values()), recipe, arguments.groups)
        return
    test = [livers[patient] for patient in split.test]
    print(f"{len(test)} livers held back: {', '.join(map(str, split.test))}\n")
    print_header()
    estimates = [estimate_of(liver) for liver in test]
    scores = [_score(e) for e in estimates]
    print_scores(f"{MODEL} (test)", scores)
    print_scores(f"{MODEL} (validation)", scores_of([livers[p] for p in split.validation]))
    if arguments.atlas:
        print_scores("registered atlas (test)", atlas_scores(livers, split.train, test))
    print_livers(scores)
    print_flips(estimates)
    print_coverage(estimates)
    print_planes(estimates)
    print_familiarity(estimates)
    print_time(test[0])


def print_groups(livers: Sequence[AnnotatedLiver], recipe: Recipe, folder: Path) -> None:
    """Print how well livers of groups that were left out are divided, and whether errors hold."""
    networks = list(networks_without_groups(livers, recipe, folder=folder))
    known = read_calibration()
    errors = [
        plane_errors(estimated(network, known.temperature, liver), group=group)
        for group, (network, unseen) in enumerate(networks, start=1)
        for liver in unseen
    ]
    everything = []
    print_header()
    for group, (network, unseen) in enumerate(networks, start=1):
        used = _without_group(known, errors, group)
        found = [_estimate_by(network, liver, used) for liver in unseen]
        print_scores(f"group {group} left out, {len(found)} livers", [_score(e) for e in found])
        everything.append(found)
    estimates = [e for found in everything for e in found]
    print_scores(f"all {len(estimates)}", [_score(e) for e in estimates])
    for group, found in enumerate(everything, start=1):
        print(f"\n90 % intervals in group {group}: {_held(found):.1%} held")
    print_flips(estimates)
    print_coverage(estimates)
    print_planes(estimates)


def _without_group(known: Calibration, errors: Sequence[PlaneErrors], group: int) -> Calibration:
    """Return a calibration that nothing annotated in a group took part in."""
    others = elsewhere_mm([e for e in errors if e.group != group])
    scale = scales_of(others, typical_spreads_mm([e for e in errors if e.group == group]))
    scales = {SegmentPlane[name.upper()]: value for name, value in scale.items()}
    return replace(
        known,
        plane_scale=scales,
        unfamiliar_plane_scale=scales,
        lost_plane_scale=scales,
        hopeless=0.0,
    )


def _estimate_by(network: nn.Module, liver: AnnotatedLiver, known: Calibration) -> Estimate:
    logits = shape_logits(network, liver.shape)
    return measured(liver, divided_liver(logits, liver.shape, liver.annotated, known))


def _score(e: Estimate) -> LiverScore:
    return score(e.liver.patient, e.divided.couinaud.codes, e.liver.annotated.codes)


def estimate_of(liver: AnnotatedLiver) -> Estimate:
    """Divide a liver as the product does and measure both maps."""
    return measured(liver, ShapeDivider(device="cpu").divide(liver.annotated))


def measured(liver: AnnotatedLiver, divided: DividedLiver) -> Estimate:
    """Measure an estimated map and the annotated one."""
    borders_alone = replace(
        error_model(
            networks=False,
            segment_source=SegmentSource.MODEL,
            segment_plane_mm=divided.segment_plane_mm,
        ),
        liver_boundary_mm=0.0,
        lesion_boundary_mm=0.0,
    )
    return Estimate(
        liver,
        divided,
        volumes(divided.couinaud, borders_alone, SegmentSource.MODEL),
        volumes(liver.annotated, GIVEN_MAPS, SegmentSource.GIVEN),
    )


def volumes(couinaud: LabelMap, model: ErrorModel, source: SegmentSource) -> VolumetryReport:
    """Measure a map of a liver without lesions."""
    none = np.zeros(couinaud.codes.shape, np.uint8, order="F")
    return measure(
        LabelMap((couinaud.codes > 0).astype(np.uint8), couinaud.geometry, STRUCTURE_SCHEME),
        LabelMap(none, couinaud.geometry, BINARY_SCHEME),
        couinaud=couinaud,
        patient=Patient(),
        segment_source=source,
        whole_liver=True,
        error_model=model,
    )


def scores_of(livers: Sequence[AnnotatedLiver]) -> list[LiverScore]:
    """Score the product's own divider."""
    divider = ShapeDivider(device="cpu")
    return [
        score(v.patient, divider.divide(v.annotated).couinaud.codes, v.annotated.codes)
        for v in livers
    ]


def atlas_scores(
    livers: dict[int, AnnotatedLiver], train: Sequence[int], test: Sequence[AnnotatedLiver]
) -> list[LiverScore]:
    """Score the registered atlas."""
    atlas = _neighbour("couinaud_atlas")
    known = atlas.atlas_of([livers[patient] for patient in train])
    return [score(v.patient, atlas.divide_by_atlas(v, known), v.annotated.codes) for v in test]


def print_header() -> None:
    """Print the head of the table of scores."""
    print("Dice by segment")
    print(ROW.format("", *(s.name for s in CouinaudSegment), "mean"))


def print_scores(name: str, scores: Sequence[LiverScore]) -> None:
    """Print Dice and share errors of one method."""
    dice, errors = mean_scores(scores)
    print(ROW.format(name, *(f"{x:.3f}" for x in dice), f"{dice.mean():.3f}"))
    told = ", ".join(f"{part} {100 * x:.1f}" for part, x in zip(PARTS, errors, strict=True))
    print(f"    mean error of the share of the liver, points: {told}")


def print_livers(scores: Sequence[LiverScore]) -> None:
    """Print each liver's mean Dice, the worst first."""
    means = sorted((float(np.mean(s.dice)), s.patient) for s in scores)
    print("\nMean Dice by liver, worst first: " + ", ".join(f"{p}: {m:.2f}" for m, p in means))


def print_flips(estimates: Sequence[Estimate]) -> None:
    """Print how often a remnant's verdict at 30 % is another than with the annotated segments."""
    print(f"\nRemnant of at least {MINIMUM:.0%}: verdict flips, mean error in points")
    flips, near = np.zeros((2, len(BRISBANE_HEPATECTOMIES), len(estimates)), dtype=bool)
    for row, candidate in enumerate(BRISBANE_HEPATECTOMIES):
        found = [e.remnants[candidate.title] for e in estimates]
        flips[row] = [(one.share >= MINIMUM) != (one.true >= MINIMUM) for one in found]
        near[row] = [abs(one.true - MINIMUM) < NEAR for one in found]
        error = np.mean([abs(one.share - one.true) for one in found])
        print(
            f"    {candidate.title:<44} {flips[row].sum():>2} of {len(found)}   {100 * error:4.1f}"
        )
    print(f"    {'all':<44} {flips.sum()} of {flips.size} ({flips.mean():.1%})")
    print(
        f"    of those within {NEAR:.0%} of the minimum: {flips[near].sum()} of {near.sum()} "
        f"({flips[near].mean():.1%})"
    )
    print(f"    livers with at least one flip: {flips.any(axis=0).sum()} of {flips.shape[1]}")


def _remnant(estimate: Estimate, removed: frozenset[CouinaudSegment], drawn: Spread) -> Remnant:
    found, true = (
        future_liver_remnant(report, patient=Patient(), removed=removed, drawn=draws)
        for report, draws in ((estimate.estimated, drawn), (estimate.annotated, None))
    )
    share, interval = found.flr_measured_fraction, found.flr_measured_fraction.interval
    if share.value is None or interval is None or true.flr_measured_fraction.value is None:
        raise SystemExit("a share of a whole liver is absent")
    return Remnant(share.value, true.flr_measured_fraction.value, interval.low, interval.high)


def print_coverage(estimates: Sequence[Estimate]) -> None:
    """Print how often the 90 % interval of a remnant's share holds the annotated share."""
    print("\n90 % intervals from the borders' errors alone: held, mean half-width in points")
    held = total = 0
    for candidate in BRISBANE_HEPATECTOMIES:
        rows = [e.remnants[candidate.title] for e in estimates]
        inside = sum(row.held for row in rows)
        half = np.mean([(row.high - row.low) / 2 for row in rows])
        held, total = held + inside, total + len(rows)
        print(f"    {candidate.title:<44} {inside:>2} of {len(rows)}   {100 * half:4.1f}")
    print(f"    {'all':<44} {held} of {total} ({held / total:.1%})")


def print_planes(estimates: Sequence[Estimate]) -> None:
    """Print each plane's displacement beside the standard deviation that it was given."""
    print("\nPlanes: root mean square of the displacement, mean stated deviation (mm), within 90 %")
    for plane in SegmentPlane:
        stated, found = [], []
        for e in estimates:
            codes = (e.divided.couinaud.codes, e.liver.annotated.codes)
            shift = plane_shift_mm(*codes, plane, e.liver.annotated.geometry.spacing_mm[0])
            if shift is not None:
                found.append(shift)
                stated.append(e.divided.segment_plane_mm[plane])
        inside = np.abs(found) <= TWO_SIDED_90 * np.array(stated)
        print(
            f"    {plane.name.lower():<44} {np.sqrt(np.mean(np.square(found))):4.1f} "
            f"{np.mean(stated):5.1f}   {inside.sum()} of {len(inside)}"
        )


def print_familiarity(estimates: Sequence[Estimate]) -> None:
    """Print how many livers are called unlike the training set, whole and damaged."""
    print("\nCalled unlike the training livers")
    print(f"    {'':<46} unlike, segments left out    Dice, 90 % intervals of remnants held")
    groups = {"whole livers": list(estimates)}
    for estimate in estimates:
        for name, left in damaged(estimate.liver).items():
            groups.setdefault(name, []).append(estimate_of(left))
    for name, found in groups.items():
        told = "; ".join(
            f"{word} {_dice(part):.2f}, {_held(part):.0%}"
            for word, part in (
                ("called unlike", [e for e in found if _unlike(e.divided)]),
                ("not called", [e for e in found if not _unlike(e.divided)]),
            )
            if part
        )
        unlike = sum(_unlike(e.divided) for e in found)
        left_out = sum(e.divided.unusable is not None for e in found)
        print(f"    {name:<46} {unlike:>2} of {len(found)}, {left_out:>2} left out    {told}")


def _dice(estimates: Sequence[Estimate]) -> float:
    """Return the mean Dice over the segments that are there."""
    values = []
    for e in estimates:
        annotated = e.liver.annotated.codes
        scored = score(e.liver.patient, e.divided.couinaud.codes, annotated)
        values.append(mean_dice_of_present(scored, annotated))
    return float(np.mean(values))


def _held(estimates: Sequence[Estimate]) -> float:
    """Return how often the interval of a hepatectomy's remnant holds the annotated share."""
    return float(np.mean([row.held for e in estimates for row in e.remnants.values()]))


def _divide(liver: LabelMap) -> DividedLiver:
    return ShapeDivider(device="cpu").divide(liver)


def _unlike(divided: DividedLiver) -> bool:
    finding = next(f for f in divided.quality if f.id == "couinaud_shape_familiar")
    return finding.verdict is Verdict.NOT_MET


def _any_voxel(report: VolumetryReport, removed: frozenset[CouinaudSegment]) -> bool:
    return any((report.segments or {})[segment].total_ml > 0 for segment in removed)


def print_time(liver: AnnotatedLiver) -> None:
    """Print how long the segment step takes on a 512×512×300 scan."""
    big = on_big_grid(liver.annotated)
    _divide(big)
    started = time.perf_counter()
    _divide(big)
    seconds = time.perf_counter() - started
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    voxels = int(np.count_nonzero(big.codes)) / 1e6
    print(
        f"\nSegment step on {'x'.join(map(str, BIG_SHAPE))}, {voxels:.1f} million liver voxels, "
        f"{torch.get_num_threads()} threads: {seconds:.1f} s (peak {peak_gb:.1f} GB)"
    )


def on_big_grid(annotated: LabelMap) -> LabelMap:
    """Return the liver on a fine grid around it."""
    centre = annotated.geometry.ras_from_index(np.array(annotated.geometry.shape) / 2)
    affine_ras = np.diag((*BIG_SPACING_MM, 1.0))
    affine_ras[:3, 3] = centre - np.array(BIG_SPACING_MM) * np.array(BIG_SHAPE) / 2
    matrix = np.linalg.inv(annotated.geometry.affine_ras) @ affine_ras
    liver: NDArray[np.uint8] = ndimage.affine_transform(
        (annotated.codes > 0).astype(np.uint8), matrix[:3, :3], matrix[:3, 3], BIG_SHAPE, order=0
    )
    return LabelMap(np.asfortranarray(liver), Geometry(BIG_SHAPE, affine_ras), BINARY_SCHEME)


def _neighbour(name: str) -> ModuleType:
    """Import a script that lies beside this one, without its folder on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise SystemExit(f"{name}.py is missing beside this script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--livers", type=Path, required=True, help="folder of Couinaud maps")
    parser.add_argument("--atlas", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--groups", type=Path, help="folder of the groups' trainings")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
