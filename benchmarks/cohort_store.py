"""Size, seconds and peak memory of a cohort's tables, for many simulated cases.

``python benchmarks/cohort_store.py`` plans one phantom, and gives its rows to the store under as
many names as asked for, every number a little different, as far as the numbers of lesions, plans
and findings that are asked for. Then it runs every case again: in the same order, and shuffled.
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.cohort.rows import Rows, rows_of
from remnant.cohort.store import Store
from remnant.cohort.table_files import part_files, read_table, stored_cases
from remnant.cohort.tables import TABLES
from remnant.core.case import CaseReport
from remnant.core.geometry import Geometry
from remnant.core.patient import Patient
from remnant.io.nifti import write_labels
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import case_maps
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.testing.phantoms import body_grid, liver_phantom

NUMBERED = {"lesions": "lesion", "plans": "plan", "findings": "place"}
"""Tables that are made as long as asked for, with the column that tells their rows apart."""
KB, MB = 1e3, 1e6
STATUS = Path("/proc/self/status")


def planned_phantom(folder: Path) -> CaseReport:
    """Return the report of a phantom with ten lesions."""
    grid = body_grid(spacing_mm=(5.0, 5.5, 6.0))
    phantom = liver_phantom(
        Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=10, seed=3
    )
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    case = case_from_masks(SegmentRequest(masks={role: folder / f"{role}.nii.gz" for role in maps}))
    patient = Patient(height_cm=175.0, weight_kg=80.0)
    return plan_case(measure_case(case, MeasureRequest(patient=patient)), maps=case_maps(case))


def simulated(rows: Rows, case: str, lengths: Mapping[str, int], chance: random.Random) -> Rows:
    """Return rows of another case: numbers differ by some percent, ids are numbered anew."""
    made = {}
    for name, found in rows.items():
        length = lengths.get(name) or len(found)
        several = [
            {
                column: cell * chance.uniform(0.9, 1.1) if type(cell) is float else cell
                for column, cell in row.items()
            }
            | {"case": case}
            for row in islice(cycle(found), length)
        ]
        if name in NUMBERED and lengths.get(name):
            for number, row in enumerate(several, start=1):
                row[NUMBERED[name]] = f"plan_{number}" if name == "plans" else number
        made[name] = tuple(several)
    return made


def memory_mb(line: str) -> float:
    """Return a figure of this process's memory in MB."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
    found = next(text for text in STATUS.read_text().splitlines() if text.startswith(line))
    return int(found.split()[1]) * 1024 / MB


def fill(cohort: Path, rows: Rows, names: list[str], lengths: Mapping[str, int]) -> None:
    """Add the cases and print, at each tenth of them, time in the store and memory."""
    chance, inside = random.Random(1), 0.0  # noqa: S311  (a simulation)
    longest = 0.0
    with Store(cohort) as store:
        for number, case in enumerate(names, start=1):
            made = simulated(rows, case, lengths, chance)
            outcome = CaseOutcome(case=case, key=f"{number:064x}", status=CaseStatus.DONE)
            began = time.perf_counter()
            store.add(outcome, made)
            took = time.perf_counter() - began
            inside, longest = inside + took, max(longest, took)
            if number % max(1, len(names) // 10) == 0:
                print(
                    f"{number:>9} cases{inside:>9.1f} s in the store"
                    f"{memory_mb('VmRSS'):>8.0f} MB{memory_mb('VmHWM'):>8.0f} MB peak",
                    flush=True,
                )
        began = time.perf_counter()
    inside += time.perf_counter() - began
    print(f"{inside / len(names) * 1e3:.1f} ms a case, longest flush {longest:.2f} s")


def sizes(cohort: Path, cases: int) -> Iterator[str]:
    """Give a line for each table: rows, files, size."""
    total, files = 0.0, 0
    for name in TABLES:
        parts = part_files(cohort, name)
        size = sum(path.stat().st_size for path in parts)
        total, files = total + size, files + len(parts)
        rows = read_table(cohort, name, (TABLES[name].key[0],)).num_rows
        yield f"{name:<12}{rows:>10} rows{len(parts):>5} files{size / MB:>9.1f} MB"
    yield f"{'all':<12}{files:>20} files{total / MB:>9.1f} MB, {total / cases / KB:.1f} kB a case"


def main() -> None:
    """Simulate, fill, replace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--lesions", type=int, default=10)
    parser.add_argument("--plans", type=int, default=20)
    parser.add_argument("--findings", type=int, default=200, help="0 for as many as there are")
    parser.add_argument("--again", action="store_true", help="also run every case again")
    asked = parser.parse_args()
    lengths = {"lesions": asked.lesions, "plans": asked.plans, "findings": asked.findings}
    with tempfile.TemporaryDirectory() as scratch:
        cohort = Path(scratch) / "cohort"
        cohort.mkdir()
        outcome = CaseOutcome(
            case="phantom",
            key="",
            status=CaseStatus.DONE,
            seconds={"read": 0.5, "measure": 1.0, "plan": 2.0, "publish": 0.1},
        )
        rows = rows_of(outcome, {"patient": "p"}, planned_phantom(Path(scratch)))
        print({name: len(found) for name, found in rows.items()})
        names = [f"case-{number:07}" for number in range(asked.cases)]
        print("new:")
        fill(cohort, rows, names, lengths)
        print("\n".join(sizes(cohort, asked.cases)))
        began = time.perf_counter()
        stored = stored_cases(cohort)
        print(f"how each of {len(stored)} cases ended: {time.perf_counter() - began:.2f} s")
        if asked.again:
            print("again, in order:")
            fill(cohort, rows, names, lengths)
            print("again, shuffled:")
            random.Random(2).shuffle(names)  # noqa: S311
            fill(cohort, rows, names, lengths)
            print("\n".join(sizes(cohort, asked.cases)))


if __name__ == "__main__":
    main()
