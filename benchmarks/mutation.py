"""Mutation testing of ``volumetry``: change the code in one place, see whether a test fails.

``pip install cosmic-ray`` (no dependency of this project), then
``python benchmarks/mutation.py --output FOLDER [MODULE ...]``. It works on a copy of the tree, one
mutant at a time, each against the tests of its own module, and takes seconds for each mutant: hours
for all. A run that was stopped goes on where it stood when the same folder is named again and the
sources did not change. ``docs/explanation/mutation_testing.md`` explains what survived.
"""

import argparse
import ast
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "remnant",
    "volumetry",
    "segmentation",
    "planning",
    "models",
    "tests",
    "docs",
    "benchmarks",
)
COPIED_FILES = ("pyproject.toml", "README.md")

TESTS: Mapping[str, tuple[str, ...]] = {
    "agreement": ("agreement",),
    "agreement_cohort": ("agreement_cohort",),
    "agreement_lesions": ("agreement_lesions",),
    "agreement_regions": ("agreement_regions", "agreement"),
    "body": ("standardised", "body_surface"),
    "body_surface": ("body_surface", "standardised", "formula_page"),
    "borders": ("borders",),
    "burden": ("burden",),
    "calipers": ("calipers",),
    "checks": ("checks", "measure"),
    "distances": ("distances",),
    "error_models": ("error_models",),
    "change": ("change", "growth", "lesion_changes"),
    "growth": ("growth",),
    "intensity": ("intensity",),
    "lesion_changes": ("lesion_changes",),
    "lesions": ("lesions", "measure"),
    "liver_maps": ("liver_maps", "measure"),
    "matching": ("matching",),
    "measure": ("measure", "measure_properties"),
    "overlap": ("overlap",),
    "propagation": ("propagation",),
    "remnant": ("remnant", "propagation"),
    "standardised": ("standardised",),
    "surface_elements": ("agreement", "surface_elements"),
    "surfaces": ("surfaces",),
    "uncertainty": ("uncertainty",),
    "volume_formulas": ("standardised", "formula_page"),
}
"""Tests of each module, by the middle of ``tests/volumetry/test_<middle>[_details].py``."""

OPERATORS = re.compile(
    r"core/(?:ReplaceBinaryOperator_(?:Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul"
    r"|BitOr_BitAnd|BitAnd_BitOr|BitXor_BitOr|LShift_RShift|RShift_LShift)"
    r"|ReplaceComparisonOperator_(?:Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE"
    r"|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is)"
    r"|ReplaceUnaryOperator_Delete_\w+|AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue"
    r"|ReplaceAndWithOr|ReplaceOrWithAnd|ReplaceBreakWithContinue|ReplaceContinueWithBreak"
    r"|NumberReplacer|RemoveDecorator|ZeroIterationForLoop)"
)
"""One replacement and one opposite of each operator; all others say the same again."""

SLOWEST_S = 600.0
SAMPLE_ALL = 1_000_000
SAMPLE_SEED = 0

Place = tuple[int, int]
"""Line and column, as Python counts them."""
Span = tuple[Place, Place]


class Mutation(Protocol):
    """What is read of one of cosmic-ray's mutations."""

    module_path: Path
    operator_name: str
    start_pos: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant that no test noticed."""

    module: str
    line: int
    operator: str
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one module's mutants; ``survivors`` are listed one by one.

    ``possible`` is how many there are, ``mutants`` how many were tried.
    """

    module: str
    tests: tuple[str, ...]
    possible: int
    mutants: int
    killed: int
    seconds: float
    survivors: tuple[Survivor, ...]


def main() -> None:
    """Mutate the modules that were named, or all, and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("modules", nargs="*", metavar="MODULE", help="default: all")
    arguments.add_argument("--output", type=Path, required=True, help="folder for the results")
    arguments.add_argument("--at-most", type=int, default=SAMPLE_ALL, help="mutants of a module")
    given = arguments.parse_args()
    modules = given.modules or sorted(p.stem for p in (ROOT / "volumetry").glob("[a-z]*.py"))
    unknown = sorted(set(modules) - set(TESTS))
    if unknown:
        sys.exit(f"no tests are named for {', '.join(unknown)}; add them to TESTS")
    given.output.mkdir(parents=True, exist_ok=True)
    for module in modules:
        outcome = mutated(module, given.output.resolve(), at_most=given.at_most)
        path = given.output / f"{module}.json"
        path.write_text(json.dumps(asdict(outcome), indent=1) + "\n", encoding="utf-8")
        print(row(outcome), flush=True)


def row(outcome: Outcome) -> str:
    """Write a row of the table: module, mutants, tried, killed, survived, seconds."""
    survived = outcome.mutants - outcome.killed
    return (
        f"| {outcome.module} | {outcome.possible} | {outcome.mutants} | {outcome.killed} "
        f"| {survived} "
        f"| {outcome.seconds:.0f} |"
    )


def mutated(module: str, output: Path, *, at_most: int) -> Outcome:
    """Make every mutant of one module, or a random sample, and run its tests on each."""
    tree, tests = copied_tree(output / "tree"), tests_of(module)
    if not tests:
        sys.exit(f"{module} has no tests of its own in tests/volumetry")
    environment = isolated(tree)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    begun = time.perf_counter()
    subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)
    baseline_s = time.perf_counter() - begun
    session = output / f"{module}-{fingerprint(module, tests, at_most)}.sqlite"
    configuration = output / f"{module}.toml"
    configuration.write_text(settings(module, command, baseline_s), encoding="utf-8")
    if not session.exists():
        cosmic_ray("init", configuration, session, tree=tree, environment=environment)
        possible = skip_useless(session, tree, at_most=at_most)
        session.with_suffix(".possible").write_text(str(possible), encoding="utf-8")
    begun = time.perf_counter()
    cosmic_ray("exec", configuration, session, tree=tree, environment=environment)
    seconds = time.perf_counter() - begun
    return read_outcome(module, tests, session, tree=tree, seconds=seconds)


def copied_tree(tree: Path) -> Path:
    """Copy what the tests need; mutants must never touch the sources themselves."""
    shutil.rmtree(tree, ignore_errors=True)
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, tree / name)
    return tree


def isolated(tree: Path) -> dict[str, str]:
    """Return an environment in which the copy is imported, with the same examples every time."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "HYPOTHESIS_PROFILE": "ci"}
    environment.setdefault("REMNANT_SHARED", str(ROOT.parent / "shared"))
    code = "import volumetry; print(volumetry.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree.parent,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    if not Path(found.stdout.strip()).is_relative_to(tree):
        sys.exit(f"the tests would import {found.stdout.strip()}, not the copy in {tree}")
    return environment


def tests_of(module: str) -> tuple[str, ...]:
    """Return the module's test files, relative to the root."""
    folder = ROOT / "tests" / "volumetry"
    names = [f"test_{name}{end}.py" for name in TESTS[module] for end in ("", "_details")]
    return tuple(f"tests/volumetry/{name}" for name in names if (folder / name).is_file())


def fingerprint(module: str, tests: tuple[str, ...], at_most: int) -> str:
    """Tell a session from one of other sources, tests or size."""
    digest = hashlib.sha256((ROOT / "volumetry" / f"{module}.py").read_bytes())
    for test in tests:
        digest.update((ROOT / test).read_bytes())
    digest.update(str(at_most).encode())
    return digest.hexdigest()[:12]


def settings(module: str, command: list[str], baseline_s: float) -> str:
    """Write cosmic-ray's configuration; a mutant that hangs counts as killed."""
    return (
        f'[cosmic-ray]\nmodule-path = "volumetry/{module}.py"\n'
        f"timeout = {min(SLOWEST_S, 6.0 + 4.0 * baseline_s):.1f}\nexcluded-modules = []\n"
        f"test-command = {json.dumps(' '.join(command))}\n\n"
        f'[cosmic-ray.distributor]\nname = "local"\n'
    )


def cosmic_ray(
    verb: str, configuration: Path, session: Path, *, tree: Path, environment: Mapping[str, str]
) -> None:
    """Run one of cosmic-ray's commands in the copy."""
    code = "from cosmic_ray.cli import main; main()"
    command = [sys.executable, "-c", code, verb, str(configuration), str(session)]
    subprocess.run(command, cwd=tree, env=dict(environment), check=True)


def skip_useless(session: Path, tree: Path, *, at_most: int) -> int:
    """Skip mutants that say nothing, and of the others those beyond a random sample.

    Other replacements of the same operator; annotations; the options of decorators; the star that
    parts parameters. Returns how many there are that say something.
    """
    from cosmic_ray.work_db import WorkDB, use_db
    from cosmic_ray.work_item import WorkerOutcome, WorkResult

    with use_db(str(session), WorkDB.Mode.open) as database:
        pending = [(item.job_id, item.mutations[0]) for item in database.pending_work_items]
        useless = {job for job, mutation in pending if is_useless(mutation, tree)}
        worth = sorted(
            (
                (mutation.start_pos, mutation.operator_name, mutation.occurrence, job)
                for job, mutation in pending
                if job not in useless
            )
        )
        chosen = random.Random(SAMPLE_SEED).sample(worth, min(at_most, len(worth)))  # noqa: S311
        left_out = useless | {job for *_, job in set(worth) - set(chosen)}
        database.set_multiple_results(left_out, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    return len(worth)


def is_useless(mutation: Mutation, tree: Path) -> bool:
    """Tell whether a mutant says nothing: see `skip_useless`."""
    if not OPERATORS.fullmatch(mutation.operator_name):
        return True
    idle, heads = spans(tree / mutation.module_path)
    parted = heads if mutation.operator_name.endswith("_Mul_Div") else ()
    return any(first <= mutation.start_pos < last for first, last in (*idle, *parted))


@cache
def spans(path: Path) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return where annotations and decorators stand, and where the heads of functions.

    In a head the star is no multiplication: it parts the parameters.
    """
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    parts: list[ast.expr] = []
    for node in nodes:
        parts += filter(None, (getattr(node, "annotation", None), getattr(node, "returns", None)))
        parts += getattr(node, "decorator_list", ())
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef))
    heads = tuple((start(f), start(f.body[0])) for f in functions)
    return tuple((start(part), end(part)) for part in parts), heads


def start(node: ast.expr | ast.stmt) -> Place:
    """Return where a node starts."""
    return node.lineno, node.col_offset


def end(node: ast.expr) -> Place:
    """Return where a node ends."""
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def read_outcome(
    module: str, tests: tuple[str, ...], session: Path, *, tree: Path, seconds: float
) -> Outcome:
    """Count a session's results."""
    from cosmic_ray.work_db import WorkDB, use_db
    from cosmic_ray.work_item import TestOutcome, WorkerOutcome

    with use_db(str(session), WorkDB.Mode.open) as database:
        done = [
            (item.mutations[0], result)
            for item, result in database.completed_work_items
            if result.worker_outcome is not WorkerOutcome.SKIPPED
            and not is_useless(item.mutations[0], tree)
        ]
    survivors = [
        Survivor(
            module=module,
            line=mutation.start_pos[0],
            operator=mutation.operator_name.removeprefix("core/"),
            diff=result.diff or "",
        )
        for mutation, result in done
        if result.test_outcome is TestOutcome.SURVIVED
    ]
    return Outcome(
        module=module,
        tests=tests,
        possible=int(session.with_suffix(".possible").read_text(encoding="utf-8")),
        mutants=len(done),
        killed=len(done) - len(survivors),
        seconds=seconds,
        survivors=tuple(sorted(survivors, key=lambda s: (s.line, s.operator))),
    )


if __name__ == "__main__":
    main()
