"""Small random debulking problems and their answer by trying everything."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from math import ceil

import numpy as np
from scipy.sparse import csr_array

from examples.reports import EXAMPLE_ERRORS
from planning.hepatectomies.stranded import Segments
from planning.optimiser.problem import Problem, make_problem
from planning.optimiser.search import Demand
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import VolumetryReport
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom
from volumetry.liver_maps import LiverMaps, liver_maps
from volumetry.measure import measure
from volumetry.virtual_resection.atoms import Atoms

COARSE_MM = (5.7, 6.1, 6.6)
FEW_DRAWS = 200
NORMAL = Patient(height_cm=175.0, weight_kg=80.0, background=LiverBackground.NORMAL)
LIMITS = (None, 0, 1, 2)
SHARES = (0.0, 0.3, 0.7, 0.9, 1.0)
STAYS, WEDGE, ABLATED = range(3)
IN_MARGIN, IN_ZONE, LOCKED, MAY_BE_EXCISED, MAY_BE_ABLATED, STATED_INTACT = (
    0.35,
    0.3,
    0.3,
    0.8,
    0.7,
    0.6,
)
"""How often each of these is so."""


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What the best plan leaves undone: liver lost, tumour left, interventions."""

    lost: int
    residual: int
    interventions: int


def random_atoms(rng: np.random.Generator, *, most_lesions: int = 4) -> Atoms:
    """Make a liver of 3 to 13 atoms in 2 to 4 parts with up to ``most_lesions`` lesions."""
    lesions, atoms = int(rng.integers(0, most_lesions + 1)), int(rng.integers(3, 14))
    codes = rng.choice(9, size=int(rng.integers(2, 5)), replace=False)
    tumour = np.zeros((lesions, 9), dtype=np.int64)
    for row in tumour:
        row[rng.choice(codes, size=int(rng.integers(1, 3)))] = rng.integers(1, 30)
        row[rng.choice(codes)] += rng.integers(1, 4)
    ids = sorted(rng.choice(np.arange(1, 50), size=lesions, replace=False).tolist())
    return Atoms(
        lesion_ids=tuple(ids),
        voxel_ml=0.001,
        segment=rng.choice(codes, size=atoms).astype(np.int64),
        voxels=rng.integers(0, 20, size=atoms),
        resection=csr_array(rng.random((atoms, lesions)) < IN_MARGIN),
        ablation=csr_array(rng.random((atoms, lesions)) < IN_ZONE),
        lesion_voxels=tumour,
        ablation_zones=rng.integers(1, 3, size=lesions),
    )


def random_problem(rng: np.random.Generator, *, most_lesions: int = 4) -> Problem:
    """Make a problem with random limits, locks and lesions that may not be treated."""
    return random_case(rng, most_lesions=most_lesions)[0]


def random_case(
    rng: np.random.Generator, *, most_lesions: int = 4, atoms: Atoms | None = None
) -> tuple[Problem, PlanChoice]:
    """Make a random problem, of these atoms where they are given, and the choice behind it."""
    atoms = atoms or random_atoms(rng, most_lesions=most_lesions)
    keep = {CouinaudSegment(int(rng.integers(1, 9)))} if rng.random() < LOCKED else set()
    choice = PlanChoice(
        most_wedges=LIMITS[rng.integers(len(LIMITS))],
        most_ablations=LIMITS[rng.integers(len(LIMITS))],
        contiguous_segments=int(rng.integers(1, 3)),
        keep=frozenset(keep),
        vessels_intact=_some_sets(rng, atoms),
    )
    return make_problem(
        atoms,
        choice,
        wedge_allowed={one: bool(rng.random() < MAY_BE_EXCISED) for one in atoms.lesion_ids},
        ablation_allowed={one: bool(rng.random() < MAY_BE_ABLATED) for one in atoms.lesion_ids},
    ), choice


def _some_sets(rng: np.random.Generator, atoms: Atoms) -> tuple[Segments, ...]:
    """Draw sets of segments whose vessels a person found intact: few parts strand each other."""
    parts = [CouinaudSegment(int(code)) for code in np.unique(atoms.segment) if code]
    sets = chain.from_iterable(combinations(parts, n) for n in range(1, len(parts) + 1))
    return tuple(frozenset(one) for one in sets if rng.random() < STATED_INTACT)


def many_atoms(rng: np.random.Generator, *, lesions: int, atoms: int, over: float) -> Atoms:
    """Make a liver of four segments and many atoms, each under about ``over`` margins and zones."""
    codes = np.array([4, 5, 7, 8])
    tumour = np.zeros((lesions, 9), dtype=np.int64)
    tumour[np.arange(lesions), rng.choice(codes, size=lesions)] = rng.integers(5, 90, size=lesions)
    margin = rng.random((atoms, lesions)) < over / lesions
    return Atoms(
        lesion_ids=tuple(range(1, lesions + 1)),
        voxel_ml=0.01,
        segment=rng.choice(codes, size=atoms).astype(np.int64),
        voxels=rng.integers(1, 200, size=atoms),
        resection=csr_array(margin),
        ablation=csr_array(margin ^ (rng.random((atoms, lesions)) < over / lesions / 3)),
        lesion_voxels=tumour,
        ablation_zones=rng.integers(1, 3, size=lesions),
    )


HAND_ALLOWED = {1: True, 2: True}


def hand_problem(
    choice: PlanChoice,
    *,
    wedge_allowed: Mapping[int, bool] = HAND_ALLOWED,
    ablation_allowed: Mapping[int, bool] = HAND_ALLOWED,
) -> Problem:
    """Make a problem to be solved by hand; a voxel is 1 mL.

    Segment V holds 130 voxels, 30 of them in the margin of lesion 1 (60 voxels of tumour); VI holds
    200; VII holds 100, of them 20 in the margin of lesion 2 (40 voxels). Zones are the margins.
    V borders on VI, and VI on VII.
    """
    tumour = np.zeros((2, 9), dtype=np.int64)
    tumour[0, 5], tumour[1, 7] = 60, 40
    margins = csr_array(np.array([[1, 0], [0, 0], [0, 0], [0, 1], [0, 0]], dtype=bool))
    atoms = Atoms(
        lesion_ids=(1, 2),
        voxel_ml=1.0,
        segment=np.array([5, 5, 6, 7, 7]),
        voxels=np.array([30, 100, 200, 20, 80]),
        resection=margins,
        ablation=margins,
        lesion_voxels=tumour,
        ablation_zones=np.array([1, 1]),
    )
    return make_problem(
        atoms, choice, wedge_allowed=wedge_allowed, ablation_allowed=ablation_allowed
    )


def random_demand(rng: np.random.Generator, problem: Problem) -> Demand:
    """Ask for a share of the tumour, perhaps with few interventions."""
    share = SHARES[rng.integers(len(SHARES))]
    interventions = (None, 0, 1, 2, 3)[rng.integers(5)]
    return Demand(
        debulked=ceil(share * problem.all_tumour - 1e-9),
        interventions=interventions,
    )


def every_answer(problem: Problem) -> Iterator[tuple[Recipe, Answer]]:
    """Yield every recipe that keeps the limits, and what it leaves, counted with plain sets."""
    for segments in problem.segment_sets:
        for fates in product((STAYS, WEDGE, ABLATED), repeat=len(problem.atoms.lesion_ids)):
            answer = _answer(problem, segments, fates)
            if answer is not None:
                yield _recipe(problem, segments, fates), answer


def best_by_trying(problem: Problem, demand: Demand) -> Answer | None:
    """Return the best answer to a demand by trying every recipe; ``None`` where none fits."""
    fitting = (
        answer
        for _, answer in every_answer(problem)
        if problem.all_tumour - answer.residual >= demand.debulked
        and (demand.interventions is None or answer.interventions <= demand.interventions)
    )
    return min(fitting, default=None)


def coarse_phantom(metastases: int | Sequence[Ellipsoid] = 5, *, seed: int = 1) -> LiverPhantom:
    """Make a liver on a coarse grid, planned within a second or two."""
    return liver_phantom(body_grid(spacing_mm=COARSE_MM), metastases=metastases, seed=seed)


def measured(
    structures: LabelMap,
    lesions: LabelMap,
    couinaud: LabelMap,
    *,
    confirmations: Mapping[int, Confirmation] | None = None,
) -> tuple[VolumetryReport, LiverMaps]:
    """Measure label maps in a person of normal liver, with few draws, and cut them for plans."""
    report = measure(
        structures,
        lesions,
        couinaud=couinaud,
        patient=NORMAL,
        confirmations=confirmations,
        error_model=replace(EXAMPLE_ERRORS, draws=FEW_DRAWS),
    )
    return report, liver_maps(structures, lesions, couinaud)


def front_by_trying(problem: Problem, targets: Sequence[float]) -> frozenset[Answer]:
    """Return the answers of the front at some targets by trying every recipe.

    For each target and number of interventions the best of all.
    """
    tried = [answer for _, answer in every_answer(problem)]
    return frozenset(answer for target in targets for answer in _at(problem, target, tried))


def _at(problem: Problem, target: float, tried: Sequence[Answer]) -> Iterator[Answer]:
    need = ceil(target * problem.all_tumour - 1e-6)
    reaching = [answer for answer in tried if problem.all_tumour - answer.residual >= need]
    for most in {answer.interventions for answer in reaching}:
        yield min(answer for answer in reaching if answer.interventions <= most)


def with_limits(
    problem: Problem, *, most_wedges: int | None, most_ablations: int | None
) -> Problem:
    """Return a problem with other limits."""
    return replace(problem, most_wedges=most_wedges, most_ablations=most_ablations)


def _recipe(problem: Problem, segments: Segments, fates: tuple[int, ...]) -> Recipe:
    chosen = tuple(zip(problem.atoms.lesion_ids, fates, strict=True))
    return Recipe(
        segments=tuple(sorted(segments)),
        wedges=tuple(one for one, fate in chosen if fate == WEDGE),
        ablations=tuple(one for one, fate in chosen if fate == ABLATED),
    )


def _answer(problem: Problem, segments: Segments, fates: tuple[int, ...]) -> Answer | None:
    """Count one recipe; ``None`` where it breaks a limit."""
    removed = {int(s) for s in segments}
    resected, ablated, wedges, zones = set[int](), set[int](), 0, 0
    for lesion, fate in enumerate(fates):
        kind = _treated(problem, lesion, fate, removed)
        if kind is None:
            return None
        wedges += fate == WEDGE
        zones += int(problem.atoms.ablation_zones[lesion]) * (fate == ABLATED)
        (resected if kind == WEDGE else ablated).update({lesion} if kind != STAYS else set())
    if _above(wedges, problem.most_wedges) or _above(zones, problem.most_ablations):
        return None
    debulked = sum(int(problem.tumour[lesion]) for lesion in resected | ablated)
    return Answer(
        lost=_lost(problem, removed, resected, ablated),
        residual=problem.all_tumour - debulked,
        interventions=bool(removed) + wedges + zones,
    )


def _treated(problem: Problem, lesion: int, fate: int, removed: set[int]) -> int | None:
    """Return whether a lesion stays, is resected or ablated; ``None`` where it may not be."""
    tumour = problem.atoms.lesion_voxels[lesion]
    core = {code for code in range(9) if tumour[code] and 100 * tumour[code] >= tumour.sum()}
    if core <= removed:
        return WEDGE if fate == STAYS else None
    if core & removed:
        inside = sum(int(tumour[code]) for code in removed)
        may = bool(problem.wedge_allowed[lesion]) or 2 * inside >= tumour.sum()
        return WEDGE if fate == WEDGE and may else None
    allowed = (True, problem.wedge_allowed[lesion], problem.ablation_allowed[lesion])
    return fate if allowed[fate] else None


def _lost(problem: Problem, removed: set[int], resected: set[int], ablated: set[int]) -> int:
    atoms, lost = problem.atoms, 0
    margins, zones = atoms.resection.toarray(), atoms.ablation.toarray()
    for atom, (code, size) in enumerate(zip(atoms.segment, atoms.voxels, strict=True)):
        in_margin = any(margins[atom, lesion] for lesion in resected)
        in_zone = any(zones[atom, lesion] for lesion in ablated)
        if code and (code in removed or in_margin or in_zone):
            lost += int(size)
    return lost


def _above(number: int, most: int | None) -> bool:
    return most is not None and number > most
