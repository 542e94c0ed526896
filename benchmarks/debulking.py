"""How long planning takes: atoms, optimum for each target, and a whole plan.

Usage::

    python benchmarks/debulking.py                  # 300 lesions, 10 mm margins, proven optima
    python benchmarks/debulking.py --livers FOLDER  # whole planning of annotated livers
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from planning.ablation import ablation_refusal, wedge_refusal
from planning.case import Case
from planning.optimiser.front import demanded
from planning.optimiser.problem import Problem, make_problem, only_unassessed
from planning.optimiser.search import Demand, best_plan, start_search
from planning.planner import plan
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import VolumetryReport
from remnant.io.nifti import read_labels
from remnant.testing.phantoms import body_grid, liver_phantom
from volumetry.liver_maps import LiverMaps, liver_maps
from volumetry.measure import measure
from volumetry.virtual_resection.atoms import build_atoms

SEED: Final = 20_260_101
TARGETS: Final = (0.7, 0.8, 0.9, 1.0)
MEDIAN_RADIUS_MM: Final = 5.0
RADIUS_SPREAD: Final = 0.5
TRIES: Final = 500
PERSON: Final = Patient(height_cm=170, weight_kg=70, background=LiverBackground.NORMAL)
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """Return a result with the wall and processor seconds that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def planted(codes: NDArray[np.uint8], spacing_mm: float, lesions: int) -> NDArray[np.uint16]:
    """Plant balls of log-normal size that do not touch each other, the largest first."""
    rng = np.random.default_rng(SEED)
    radii = np.sort(np.exp(rng.normal(np.log(MEDIAN_RADIUS_MM), RADIUS_SPREAD, lesions)))[::-1]
    inside, found = np.argwhere(codes > 0), np.zeros(codes.shape, dtype=np.uint16)
    for code, radius_mm in enumerate(radii, start=1):
        for _ in range(TRIES):
            centre = inside[rng.integers(len(inside))]
            reach = int(np.ceil(radius_mm / spacing_mm)) + 1
            box = tuple(slice(max(c - reach, 0), c + reach + 1) for c in centre)
            grid = np.indices(found[box].shape).T + [s.start for s in box]
            distance_mm = np.linalg.norm((grid - centre) * spacing_mm, axis=-1).T
            ball = radius_mm >= distance_mm
            if not found[box][ball].any() and (codes[box][ball] > 0).all():
                found[box][ball] = code
                break
    return found


def measured(couinaud: LabelMap, lesions: NDArray[np.uint16]) -> tuple[VolumetryReport, LiverMaps]:
    """Measure a liver with planted lesions."""
    liver = np.where(lesions > 0, Structure.LESION, Structure.PARENCHYMA) * (couinaud.codes > 0)
    structures = LabelMap(liver.astype(np.uint8), couinaud.geometry, STRUCTURE_SCHEME)
    found = LabelMap(lesions, couinaud.geometry, INSTANCE_SCHEME)
    report = measure(structures, found, couinaud=couinaud, patient=PERSON, whole_liver=True)
    return report, liver_maps(structures, found, couinaud)


def problem_of(report: VolumetryReport, maps: LiverMaps, choice: PlanChoice) -> Problem:
    """Build the atoms and the debulking problem of a case."""
    lesions = [lesion for lesion in report.lesions if lesion.counts]
    ids = tuple(lesion.id for lesion in lesions)
    return make_problem(
        build_atoms(maps, lesion_ids=ids, choice=choice).atoms,
        choice,
        wedge_allowed={one.id: wedge_refusal(one, choice) is None for one in lesions},
        ablation_allowed={
            one.id: ablation_refusal(one, known={}, choice=choice) is None for one in lesions
        },
    )


def hundreds_of_lesions(lesions: int, spacing_mm: float, margin_mm: float) -> None:
    """Print what atoms and optima of a liver with hundreds of lesions take."""
    grid = body_grid(spacing_mm=(spacing_mm, spacing_mm, spacing_mm))
    couinaud = liver_phantom(grid, metastases=0, noise_hu=0.0).couinaud
    (report, maps), wall, _ = timed(
        lambda: measured(couinaud, planted(couinaud.codes, spacing_mm, lesions))
    )
    print(f"{len(report.lesions)} lesions, {spacing_mm:g} mm voxels, measured in {wall:.1f} s")
    choice = PlanChoice(resection_margin_mm=margin_mm, ablation_margin_mm=margin_mm)
    problem, wall, cpu = timed(lambda: problem_of(report, maps, choice))
    print(f"{len(problem.atoms.voxels)} atoms, {problem.margin.nnz + problem.zone.nnz} entries: "
          f"{wall:.2f} s wall, {cpu:.2f} s processor")  # fmt: skip
    print("| target | sets | plan | FLR mL | proven | wall s | processor s |")
    print("|---|---|---|---:|---|---:|---:|")
    for named in (True, False):
        for target in TARGETS:
            need = demanded(problem.all_tumour, target)
            sets = problem if named else only_unassessed(problem)
            search = start_search(sets, seconds=120.0)
            demand = Demand(debulked=need)
            best, wall, cpu = timed(lambda: best_plan(search, demand))  # noqa: B023  (called at once)
            said = "none" if best.recipe is None else _words(best.recipe)
            left = 0.0 if best.counted is None else best.counted.flr * problem.atoms.voxel_ml
            kind = "named" if named else "others"
            print(f"| {100 * target:.0f} % | {kind} | {said} | {left:.0f} | {best.proven} | "
                  f"{wall:.2f} | {cpu:.2f} |", flush=True)  # fmt: skip


def _words(recipe: Recipe) -> str:
    names = ", ".join(s.name for s in recipe.segments) or "no segment"
    return f"{names}; {len(recipe.wedges)} wedges; {len(recipe.ablations)} ablations"


def whole_plans(folder: Path, lesions: int, number: int) -> None:
    """Print what whole planning of annotated livers with planted lesions takes."""
    print("| liver | lesions | plans | wall s | processor s |")
    print("|---|---:|---:|---:|---:|")
    for path in sorted(folder.glob("*.nii.gz"))[:number]:
        couinaud = read_labels(path, COUINAUD_SCHEME)
        spacing_mm = float(couinaud.geometry.spacing_mm[0])
        report, maps = measured(couinaud, planted(couinaud.codes, spacing_mm, lesions))
        planned, wall, cpu = timed(lambda: plan(Case(report=report, patient=PERSON, maps=maps)))  # noqa: B023  (called at once)
        print(f"| {path.name.split('.')[0]} | {len(report.lesions)} | {len(planned.plans)} | "
              f"{wall:.2f} | {cpu:.2f} |", flush=True)  # fmt: skip


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--lesions", type=int, default=None, help="default 300, or 20 in livers")
    parser.add_argument("--spacing-mm", type=float, default=2.0)
    parser.add_argument("--margin-mm", type=float, default=10.0)
    parser.add_argument("--livers", type=Path, default=None, help="folder of Couinaud maps")
    parser.add_argument("--number", type=int, default=10, help="how many of them")
    given = parser.parse_args()
    if given.livers is None:
        hundreds_of_lesions(given.lesions or 300, given.spacing_mm, given.margin_mm)
    else:
        whole_plans(given.livers, given.lesions or 20, given.number)


if __name__ == "__main__":
    main()
