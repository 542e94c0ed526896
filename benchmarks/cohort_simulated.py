"""Many simulated cases: what the scheduler costs for each, and whether the client's memory is flat.

``python -P benchmarks/cohort_simulated.py CASE [--cases 10000] [--workers 2] [--seconds-file FILE
--scale 0.001]`` takes the report of one case that a cohort made (``COHORT/cases/NAME``), and has
workers hand back its rows under as many names. A worker does nothing else, or sleeps for recorded
service times (``timings.json`` of ``benchmarks/cohort.py --keep``), scaled.

The scheduler, the store and the client are one process: its CPU time is that of all three.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from remnant.cohort.case_task import CaseResult
from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.manifest import ManifestRow
from remnant.cohort.outcome_file import read_outcome
from remnant.cohort.outcomes import CaseTask
from remnant.cohort.rows import rows_of
from remnant.cohort.runner import CohortOptions, run_cohort
from remnant.pipeline.folder import read_measured

SLEEP: Final = "x_sleep_s"
PAGES: Final = os.sysconf("SC_PAGE_SIZE")
SAMPLES: Final = 20
Sample = tuple[int, float, float]


@lru_cache(maxsize=1)
def known(folder: str) -> tuple[Any, Any]:
    """Return outcome and report of the case that all others are told to be."""
    outcome = read_outcome(Path(folder))
    if outcome is None:
        raise SystemExit(f"{folder} is no case of a cohort")
    return outcome, read_measured(Path(folder))


def simulated(task: CaseTask, folder: str) -> CaseResult:
    """Sleep, and hand back a case's rows under the task's name."""
    outcome, report = known(folder)
    time.sleep(float(task.row[SLEEP]))
    named = replace(outcome, case=task.case)
    cells = {name: text for name, text in task.row.items() if name != SLEEP}
    return CaseResult(outcome=named, rows=rows_of(named, cells, report))


def service_times(file: Path | None, scale: float) -> list[float]:
    """Return recorded seconds of cases, all stages added, scaled."""
    if file is None:
        return [0.0]
    total: defaultdict[str, float] = defaultdict(float)
    for row in json.loads(file.read_text("utf-8")):
        total[row["case"]] += row["seconds"]
    return [scale * seconds for seconds in total.values()]


@dataclass
class Watch:
    """Samples of the client: cases that are back, seconds, and memory in megabytes."""

    started: float
    samples: list[Sample]

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take a sample now and then."""
        if stage.startswith("cases") and (done == 0 or done % max(1, total // SAMPLES) == 0):
            self.samples.append((done, time.perf_counter() - self.started, memory_mb()))


def memory_mb() -> float:
    """Return the memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * PAGES / 1e6


def cpu_s() -> float:
    """Return the CPU time of this process, workers apart."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(asked: argparse.Namespace, folder: Path) -> None:
    """Run the cohort and print its figures."""
    seconds = service_times(asked.seconds_file, asked.scale)
    rows = [
        ManifestRow(
            f"sim-{n:06}", {"case": f"sim-{n:06}", "couinaud": "none", SLEEP: f"{s:.6f}"}, n
        )
        for n, s in enumerate(islice(cycle(seconds), asked.cases))
    ]
    work: Callable[[CaseTask], CaseResult] = partial(simulated, folder=str(asked.case.resolve()))
    watch, before = Watch(time.perf_counter(), []), cpu_s()
    options = CohortOptions(cluster=ClusterChoice(workers=asked.workers))
    run_cohort(rows, folder, options, watch, work=work)
    print_figures(watch.samples, cpu_s() - before, rows, asked.workers)
    size = sum(path.stat().st_size for path in (folder / "tables").rglob("*") if path.is_file())
    print(f"tables: {size / 1e6:.1f} MB, {size / len(rows):.0f} bytes a case")


def print_figures(samples: list[Sample], cpu: float, rows: list[ManifestRow], workers: int) -> None:
    """Print rate, overhead and memory."""
    (_, begun, _), (_, ended, _) = samples[0], samples[-1]
    asleep = sum(float(row.cells[SLEEP]) for row in rows) / workers
    each = (ended - begun - asleep) / len(rows)
    print(f"{len(rows)} cases in {ended - begun:.1f} s: {len(rows) / (ended - begun):.0f} a second")
    print(f"beside the work, for each case: {1000 * each:.2f} ms, of all workers together")
    print(f"CPU of client, scheduler and store: {1000 * cpu / len(rows):.2f} ms a case")
    print("memory of client, scheduler and store, in MB by the cases that are back:")
    print(", ".join(f"{done}: {memory:.0f}" for done, _, memory in samples))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Path)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds-file", type=Path)
    parser.add_argument("--scale", type=float, default=0.001)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(asked, Path(scratch) / "cohort")


if __name__ == "__main__":
    sys.exit(main())
