"""Cases of a cohort that go wrong where a test asks for it, and a client that can be killed.

``python -m examples.cohort_faults FOLDER COHORT [SCHEDULER]`` runs the rows of ``FOLDER/rows.json``
in a process of its own.
"""

import json
import os
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path

from remnant.cohort.case_task import Made, make_case, work_case
from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.manifest import ManifestRow
from remnant.cohort.runner import CohortOptions, run_cohort
from remnant.pipeline.folder import read_measured

LOG, PIDS, TEMPLATE, ROWS = "runs.log", "pids.log", "template", "rows.json"
OPTIONS = CohortOptions(cluster=ClusterChoice(workers=2), time_limit_s=8.0)
MEGABYTE = 1 << 20


def began(folder: Path) -> list[str]:
    """Return the names of the cases that were begun, once for each time."""
    return (folder / LOG).read_text("utf-8").split()


def make(task, asked, *, folder: str):
    """Do what the case's name says: die, eat memory, never end; else be done at once."""
    with (Path(folder) / LOG).open("a", encoding="utf-8") as log:
        log.write(f"{task.case}\n")
    with (Path(folder) / PIDS).open("a", encoding="utf-8") as log:
        log.write(f"{os.getpid()}\n")
    deed = task.case.partition("-")[0]
    if deed == "real":
        return make_case(task, asked)
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "once" and began(Path(folder)).count(task.case) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "bug":
        raise ZeroDivisionError(f"{next(iter(asked.segment.masks.values()))} is nothing")
    held = []
    while deed in {"eat", "endless"}:
        held += [bytes(os.urandom(MEGABYTE)) * 64] if deed == "eat" else []
        time.sleep(0.01)
    time.sleep(0.25 if deed == "slow" else 0.0)
    shutil.copytree(Path(folder) / TEMPLATE, task.folder, dirs_exist_ok=True)
    return Made(report=read_measured(Path(task.folder)))


def faulty_work(folder: Path, recycle_after: int = 0):
    return partial(work_case, make=partial(make, folder=str(folder)), recycle_after=recycle_after)


def main(folder: str, cohort: str, scheduler: str | None = None) -> None:
    # whoever runs the tests in the background has interruptions ignored, which is inherited
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rows = [
        ManifestRow(case=cells["case"], cells=cells, line=2)
        for cells in json.loads((Path(folder) / ROWS).read_text("utf-8"))
    ]
    cluster = ClusterChoice(workers=None if scheduler else 2, scheduler=scheduler)
    run_cohort(
        rows,
        Path(cohort),
        CohortOptions(cluster=cluster, time_limit_s=60.0),
        work=faulty_work(Path(folder)),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
