"""CPU time, wall time and memory of the stages as whole processes, beside plain scripts.

``python benchmarks/stages.py`` (``--small``: the tiny case alone) draws two synthetic cases as
``benchmarks/volumetry.py`` does (a liver with vessels, segments, and lesions that do not touch;
the maps in ``.nii.gz``), and then runs, in turn, each as a user would: start-up, reading and
writing included.

- ``remnant measure`` of three masks (liver, lesions, Couinaud map), ``remnant plan`` and ``remnant
  report`` of what it wrote; and ``remnant measure`` with one code for each lesion;
- ``benchmarks/stages_simple_itk.py`` and ``stages_scikit_image.py``: components, Feret diameter,
  volumes of liver and segments, and each lesion's shares by segment, into a table;
- ``remnant measure`` of a file that is not there, and ``remnant --version``: what an error and
  nothing at all cost.

Ratios are medians of the ratios of each round, so that what else the machine does counts for both
sides. CPU time is that of all threads.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
MEASURE, PLAN, REPORT = "remnant measure", "remnant plan", "remnant report"
NUMBERED = "remnant measure, lesions numbered"
SIMPLE_ITK, SCIKIT_IMAGE = "SimpleITK script", "scikit-image script"
WRONG, NOTHING = "remnant measure, no such file", "remnant --version"
AIMS: Final = (
    (MEASURE, SIMPLE_ITK, 1.5),
    (MEASURE, SCIKIT_IMAGE, 0.5),
)
NAMES: Final = ("111x88x63, 8 lesions", "512x512x300, 100 lesions")


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def drawing() -> Any:  # noqa: ANN401  (a module)
    """Load the script that draws cases; its name is also a package's."""
    spec = importlib.util.spec_from_file_location("drawing", HERE / "volumetry.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(HERE / "volumetry.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawing"] = module
    spec.loader.exec_module(module)
    return module


def cases(module: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the cases by the order of their names."""
    tiny = module.Case(NAMES[0], (111, 88, 63), (3.4, 4.3, 4.7), 0.87, 8, (6.0, 14.0))
    return (tiny, module.CASES[0])


def draw_case(number: int, maps: Path) -> None:
    """Draw masks of a case, and its lesions numbered too.

    This is a process of its own: what one holds counts as the peak of those that it starts.
    """
    import numpy as np
    from scipy.ndimage import label

    from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
    from remnant.core.volumes import LabelMap
    from remnant.io.nifti import read_labels, write_labels

    module = drawing()
    maps.mkdir(parents=True, exist_ok=True)
    module.draw(cases(module)[number], maps)
    liver = read_labels(maps / "liver.nii.gz", STRUCTURE_SCHEME)
    mask = LabelMap(liver.mask().astype(np.uint8), liver.geometry, BINARY_SCHEME)
    write_labels(mask, maps / "liver.nii.gz")
    lesions = read_labels(maps / "lesions.nii.gz", BINARY_SCHEME)
    numbers = label(lesions.codes, np.ones((3, 3, 3)))[0].astype(np.uint16)
    write_labels(LabelMap(numbers, liver.geometry, INSTANCE_SCHEME), maps / "numbered.nii.gz")


def commands(maps: Path, scratch: Path) -> dict[str, tuple[list[str], int]]:
    """Return every command and the exit code that it must give; later ones need earlier ones."""
    remnant = [sys.executable, "-P", "-m", "remnant"]
    given = [f"--{name}={maps / f'{name}.nii.gz'}" for name in ("liver", "lesions", "couinaud")]
    numbered = [given[0], given[1].replace("lesions.nii", "numbered.nii"), given[2]]
    wrong = [given[0].replace("liver.nii", "none.nii"), *given[1:]]
    case, table = str(scratch / "case"), str(scratch / "table.csv")
    body = ["--height-cm", "171", "--weight-kg", "73"]
    script = [sys.executable, "-P"]
    return {
        MEASURE: ([*remnant, "measure", *given, "-o", case, *body], 0),
        SIMPLE_ITK: ([*script, str(HERE / "stages_simple_itk.py"), str(maps), table], 0),
        SCIKIT_IMAGE: ([*script, str(HERE / "stages_scikit_image.py"), str(maps), table], 0),
        NUMBERED: ([*remnant, "measure", *numbered, "-o", f"{case}-numbered", *body], 0),
        PLAN: ([*remnant, "plan", case], 0),
        REPORT: ([*remnant, "report", case], 0),
        WRONG: ([*remnant, "measure", *wrong, "-o", f"{case}-none"], 2),
        NOTHING: ([*remnant, "--version"], 0),
    }


def settings() -> dict[str, str]:
    """Return the environment, in which modules are compiled once as where they were installed."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "PYTHONPATH": os.pathsep.join((str(HERE.parent), os.environ.get("PYTHONPATH", "")))
    }


def cost(command: Sequence[str], *, code: int) -> Cost:
    """Run a command as a process of its own and return what it took."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=settings())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - start
        if process.returncode != code:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {said.read().decode()[-2000:]}")
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def rounds(maps: Path, repeats: int, chosen: Sequence[str]) -> dict[str, list[Cost]]:
    """Run every command in turn, several times; the first round, that fills caches, is left out."""
    costs: dict[str, list[Cost]] = {}
    for number in range(repeats + 1):
        with tempfile.TemporaryDirectory() as scratch:
            for name, (command, code) in commands(maps, Path(scratch)).items():
                if chosen and name not in chosen:
                    continue
                one = cost(command, code=code)
                if number:
                    costs.setdefault(name, []).append(one)
    return costs


def print_table(name: str, costs: Mapping[str, list[Cost]]) -> None:
    """Print a line for each command, and the ratios that are aimed at."""
    print(f"**{name}**\n\n| what | CPU s | range | wall s | peak MB |\n|---|---:|---|---:|---:|")
    for what, found in costs.items():
        cpu_s = [one.cpu_s for one in found]
        wall_s = statistics.median(one.wall_s for one in found)
        peak_mb = statistics.median(one.peak_mb for one in found)
        print(f"| {what} | {statistics.median(cpu_s):.2f} | {min(cpu_s):.2f}–{max(cpu_s):.2f} "
              f"| {wall_s:.2f} | {peak_mb:.0f} |")  # fmt: skip
    print()
    for ours, theirs, aim in AIMS:
        if ours in costs and theirs in costs:
            ratios = [a.cpu_s / b.cpu_s for a, b in zip(costs[ours], costs[theirs], strict=True)]
            print(f"{ours} / {theirs}: {statistics.median(ratios):.2f} "
                  f"({min(ratios):.2f}–{max(ratios):.2f}), aim {aim:g}")  # fmt: skip
    print(flush=True)


def main() -> None:
    """Draw the cases, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the tiny case alone")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", action="append", default=[], help="only these rows")
    parser.add_argument("--keep", type=Path, help="draw into this folder and keep it")
    parser.add_argument("--draw", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.draw is not None:
        draw_case(given.draw, given.keep)
        return
    for number, name in enumerate(NAMES[:1] if given.small else NAMES):
        with tempfile.TemporaryDirectory() as scratch:
            maps = (given.keep or Path(scratch)) / name.split(",")[0]
            if not (maps / "numbered.nii.gz").exists():
                draw = [sys.executable, "-P", __file__, "--draw", str(number), "--keep", str(maps)]
                subprocess.run(draw, check=True, env=settings())
            print_table(name, rounds(maps, given.repeats, given.only))


if __name__ == "__main__":
    main()
