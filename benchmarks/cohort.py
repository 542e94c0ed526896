"""Throughput of a cohort on one machine: workers beside one worker, one worker beside the stages.

``python -P benchmarks/cohort.py [--cases 111] [--rounds 1] [--keep FOLDER]`` takes real livers with
Couinaud segments from the shared study data (``REMNANT_SHARED``), plants metastases in each, writes
liver, lesions and segments as masks, and then measures and plans all of them

- in one process, one after the other, by `remnant.pipeline.run.run_study` after one that warms up;
- as a cohort with one worker, and with two; start-up is told apart;
- as the same cohort again, of which nothing is left to do.

All use one thread for each process, write the same files, and no page.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.manifest import read_manifest, requests_of
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.runner import CohortOptions, run_cohort
from remnant.cohort.table_files import read_table
from remnant.core.errors import InputError
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_labels, write_labels
from remnant.pipeline.late_divider import LateDivider
from remnant.pipeline.run import run_study
from segmentation.synthetic import plant_metastases

HERE: Final = Path(__file__).parent
DIAMETERS_MM: Final = (
    (12.0, 18.0), (9.0, 14.0, 25.0), (8.0, 10.0, 12.0, 15.0, 30.0), (22.0,),
    (7.0, 8.0, 9.0, 11.0, 13.0, 16.0, 20.0),
)  # fmt: skip
"""Lesions of a case, by turns; where there is no room, the next case's."""
LIVER_HU: Final = 110.0
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


def draw(source: Path, number: int, folder: Path) -> dict[str, str]:
    """Write the masks of a case with planted lesions; return its row of the manifest."""
    couinaud = read_labels(source, COUINAUD_SCHEME)
    grid = couinaud.geometry
    voxels = np.where(couinaud.mask(), np.float32(LIVER_HU), np.float32(0.0))
    image = ImageVolume(voxels, grid, Modality.CT)
    lesions = planted(image, couinaud, number)
    liver = LabelMap(couinaud.mask().astype(np.uint8), grid, BINARY_SCHEME)
    maps = {"liver": liver, "lesions": lesions, "couinaud": couinaud}
    place = folder / f"case-{number:03}"
    place.mkdir(parents=True)
    for name, labels in maps.items():
        write_labels(labels, place / f"{name}.nii.gz")
    paths = {name: str(place / f"{name}.nii.gz") for name in maps}
    body = {"height_cm": str(160 + number % 30), "weight_kg": str(60 + number % 35)}
    return {"case": f"case-{number:03}", **paths, **body}


def planted(image: ImageVolume, liver: LabelMap, number: int) -> LabelMap:
    """Return the lesions of a case; fewer where there is no room for its own."""
    for turn in range(len(DIAMETERS_MM)):
        diameters = DIAMETERS_MM[(number + turn) % len(DIAMETERS_MM)]
        try:
            return plant_metastases(image, liver, seed=number, diameters_mm=diameters).truth
        except InputError:
            continue
    raise SystemExit(f"no lesion fits into liver {number}")


def draw_all(count: int, folder: Path) -> Path:
    """Draw as many cases as asked for, and write their manifest."""
    shared = Path(os.environ.get("REMNANT_SHARED", HERE.parents[1] / "shared"))
    sources = sorted((shared / "data" / "couinaud").glob("lits_*.nii.gz"))[:count]
    if len(sources) < count:
        raise SystemExit(f"{len(sources)} livers are in {shared}/data/couinaud; set REMNANT_SHARED")
    rows = [draw(source, number, folder / "masks") for number, source in enumerate(sources)]
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


def stages(manifest: Path, output: Path) -> float:
    """Run all cases in this process, after one that warms up; return the seconds of each."""
    rows = read_manifest(manifest)
    divider = LateDivider("cpu")

    def one(cells: Mapping[str, str], place: Path) -> None:
        asked = requests_of(cells)
        run_study(
            asked.segment, measuring=asked.measuring, planning=asked.planning, output=place,
            segmenter=Nobody(), divider=divider, page=False,
        )  # fmt: skip

    one(rows[0].cells, output / "warm")
    start = time.perf_counter()
    for row in rows:
        one(row.cells, output / row.case)
    return (time.perf_counter() - start) / len(rows)


class Nobody:
    """Stands for a segmenter where there is no scan."""

    def segment(self, *_: object, **__: object) -> None:
        """Never called."""
        raise AssertionError


def stages_apart(manifest: Path, output: Path) -> float:
    """Run `stages` in a process of its own, in one thread."""
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    environment["PYTHONPATH"] = os.pathsep.join(
        (str(HERE.parent), os.environ.get("PYTHONPATH", ""))
    )
    command = [sys.executable, "-P", __file__, "--stages", str(manifest), str(output)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def cohort(manifest: Path, output: Path, workers: int) -> tuple[float, float]:
    """Run a cohort; return the seconds of all of it, and those after its first case began."""
    rows, marks = read_manifest(manifest), []

    def heard(stage: str, done: int, total: int) -> None:
        if stage.startswith("cases") and (done, total) == (0, len(rows)):
            marks.append(time.perf_counter())

    start = time.perf_counter()
    options = CohortOptions(cluster=ClusterChoice(workers=workers))
    ran = run_cohort(rows, output, options, heard)
    end = time.perf_counter()
    if set(ran.counts) != {CaseStatus.DONE} or ran.counts.get(CaseStatus.DONE) != len(rows):
        raise SystemExit(f"not all cases are done: {dict(ran.counts)} {ran.troubles[:3]}")
    return end - start, end - (marks[0] if marks else start)


def one_round(manifest: Path, folder: Path) -> dict[str, float]:
    """Run everything once; return the figures by name."""
    count = len(read_manifest(manifest))
    in_process = stages_apart(manifest, folder / "stages")
    one, one_at_work = cohort(manifest, folder / "one", 1)
    two, two_at_work = cohort(manifest, folder / "two", 2)
    again, _ = cohort(manifest, folder / "two", 2)
    return {
        "stages in one process, s a case": in_process,
        "1 worker, s a case": one / count,
        "1 worker without start-up, s a case": one_at_work / count,
        "2 workers, s a case": two / count,
        "2 workers without start-up, s a case": two_at_work / count,
        "start-up with 2 workers, s": two - two_at_work,
        "throughput of 2 workers / 1 worker": one / two,
        "the same without start-up": one_at_work / two_at_work,
        "cost of a case, 1 worker / stages": one / count / in_process,
        "the same without start-up ": one_at_work / count / in_process,
        "again with nothing to do, ms a case": 1000 * again / count,
        "size of the tables, kB a case": size_of(folder / "two" / "tables") / count / 1000,
    }


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def print_figures(rounds: Sequence[Mapping[str, float]]) -> None:
    """Print the median and the range of each figure."""
    print("| what | median | range |\n|---|---:|---|")
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        low, high = min(values), max(values)
        print(f"| {name.strip()} | {statistics.median(values):.3g} | {low:.3g}–{high:.3g} |")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=111)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--stages", nargs=2, type=Path)
    asked = parser.parse_args()
    if asked.stages:
        print(stages(*asked.stages))
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = asked.keep or Path(scratch)
        manifest = draw_all(asked.cases, place)
        found = [one_round(manifest, place / f"round-{n}") for n in range(asked.rounds)]
        seconds = read_table(place / "round-0" / "one", "timings").to_pylist()
        (place / "timings.json").write_text(json.dumps(seconds, default=str), encoding="utf-8")
    print_figures(found)


if __name__ == "__main__":
    main()
