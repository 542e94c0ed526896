"""Time and memory of every volume, beside the libraries one would use instead.

Run it on a quiet machine: ``python benchmarks/volumetry.py`` (``--small`` for a quick try). It
draws two synthetic cases (a liver with segments, vessels and lesions that do not touch), and then
measures, each in a fresh process, in turn, three times:

- reading the three label maps from ``.nii.gz``;
- this package, from the binary lesion mask to the remnants of all resections: components, every
  figure of every lesion, segments, intervals, probabilities;
- SimpleITK: components (fully connected) and their shape statistics with Feret diameter; and the
  same with shape statistics of the liver and its segments;
- scikit-image: components and a table of volume, centroid, box, Feret diameter and major axis;
- PyRadiomics: volume by voxels and by mesh, and largest diameter, where it is installed.

Everything runs in one thread, so that CPU time is the work done, whatever else the machine does.
Files are read, and libraries imported, before the clock starts. Memory is the peak above what the
process held when its inputs were read.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
)
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels, write_labels

Codes = NDArray[np.uint8]

REPEATS = 3
ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)  # fmt: skip
CLEAR_PEAK = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
OURS, READING, SHAPES, RADIOMICS = "remnant", "read .nii.gz", "SimpleITK, lesions", "PyRadiomics"
MODULES = {
    READING: ("remnant.io.nifti",),
    OURS: ("remnant.io.nifti", "scipy.ndimage", "scipy.spatial", "segmentation.postprocess",
           "volumetry.measure", "planning.planner"),
    SHAPES: ("SimpleITK",),
    "SimpleITK, lesions, liver, segments": ("SimpleITK",),
    "scikit-image, lesions": ("skimage.measure", "remnant.io.nifti"),
    RADIOMICS: ("radiomics", "SimpleITK"),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A synthetic case: grid, liver size and how many lesions of which radii."""

    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    liver_scale: float
    lesions: int
    radii_mm: tuple[float, float]


CASES = (
    Case("512x512x300, 100 lesions", (512, 512, 300), (0.75, 0.75, 1.0), 0.87, 100, (3.0, 14.0)),
    Case("512x512x1000, 1000 lesions", (512, 512, 1000), (0.75, 0.75, 0.5), 1.07, 1000, (2.0, 8.0)),
)
SMALL = (
    Case("128x128x75, 20 lesions", (128, 128, 75), (3.0, 3.0, 4.0), 0.87, 20, (6.0, 14.0)),
    Case("128x128x250, 60 lesions", (128, 128, 250), (3.0, 3.0, 2.0), 1.07, 60, (5.0, 12.0)),
)

# -- drawing ---------------------------------------------------------------------------------------

LOBES_MM = (((-25.0, 0.0, 0.0), (85.0, 75.0, 80.0)), ((45.0, 25.0, 20.0), (75.0, 45.0, 45.0)))
"""Centre and semi-axes of the right and the left lobe, from the middle of the grid, in RAS mm."""
VESSELS_MM = ((3, (-10.0, -10.0, -5.0), 5.0, (1, 0)), (4, (-15.0, -5.0, 30.0), 4.0, (1, 2)))
"""Code, a point, the radius and the axes of cylinders."""


def draw(case: Case, folder: Path) -> None:
    """Write ``liver``, ``lesions`` and ``couinaud`` of a case to a folder."""
    affine_ras = np.diag((*case.spacing_mm, 1.0))
    affine_ras[:3, 3] = [-n * mm / 2 for n, mm in zip(case.shape, case.spacing_mm, strict=True)]
    grid = Geometry(case.shape, affine_ras)
    x, y, z = (
        (affine_ras[a, 3] + case.spacing_mm[a] * np.arange(case.shape[a])).reshape(
            [-1 if b == a else 1 for b in range(3)]
        )
        for a in range(3)
    )
    liver = np.zeros(case.shape, np.uint8, order="F")
    for centre, semi in LOBES_MM:
        parts = [((axis - case.liver_scale * c) / (case.liver_scale * s)) ** 2
                 for axis, c, s in zip((x, y, z), centre, semi, strict=True)]  # fmt: skip
        for k in range(case.shape[2]):
            liver[:, :, k] |= parts[0][:, :, 0] + parts[1][:, :, 0] + parts[2][0, 0, k] <= 1
    lesions = draw_lesions(case, liver)
    for code, point, radius, axes in VESSELS_MM:
        for along in axes:
            across = [a for a in range(3) if a != along]
            square = sum(((x, y, z)[a] - point[a]) ** 2 for a in across)
            where = np.broadcast_to(square <= radius**2, case.shape)
            liver[where & (liver > 0) & (lesions == 0)] = code
    segments = 1 + (x > 0) * 4 + (z > 0) * 2 + (y > 0)
    couinaud = np.asarray(segments * (liver > 0), np.uint8, order="F")
    write_labels(LabelMap(liver, grid, STRUCTURE_SCHEME), folder / "liver.nii.gz")
    write_labels(LabelMap(lesions, grid, BINARY_SCHEME), folder / "lesions.nii.gz")
    write_labels(LabelMap(couinaud, grid, COUINAUD_SCHEME), folder / "couinaud.nii.gz")


def draw_lesions(case: Case, liver: Codes) -> Codes:
    """Draw ellipsoids within the liver that do not touch, the largest first."""
    rng = np.random.default_rng(20261122)
    lesions = np.zeros(case.shape, np.uint8, order="F")
    low, high = np.log(case.radii_mm)
    spacing = np.array(case.spacing_mm)
    box = np.argwhere(liver[::8, ::8, ::8]) * 8
    for radius in np.sort(np.exp(rng.uniform(low, high, case.lesions)))[::-1]:
        semi = radius * rng.uniform(0.75, 1.3, 3)
        reach = np.ceil(semi / spacing).astype(int) + 2
        ticks = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
        inside = sum((t * mm / s) ** 2 for t, mm, s in zip(ticks, spacing, semi, strict=True)) <= 1
        while True:
            centre = rng.choice(box) + rng.integers(0, 8, 3)
            near = tuple(slice(c - n, c + n + 1) for c, n in zip(centre, reach, strict=True))
            if not lesions[near].any() and liver[near][inside].all():
                lesions[near] |= inside
                break
    return lesions


# -- workers, each in its own process --------------------------------------------------------------


def read_maps(folder: Path) -> tuple[LabelMap, LabelMap, LabelMap]:
    """Read the liver, the binary lesion mask and the segments."""
    return (
        read_labels(folder / "liver.nii.gz", STRUCTURE_SCHEME),
        read_labels(folder / "lesions.nii.gz", BINARY_SCHEME),
        read_labels(folder / "couinaud.nii.gz", COUINAUD_SCHEME),
    )


def reading(folder: Path) -> Callable[[], dict[str, float]]:
    """Read all three maps."""

    def work() -> dict[str, float]:
        liver, _, _ = read_maps(folder)
        return {"voxels": float(liver.codes.size)}

    return work


def this_package(folder: Path) -> Callable[[], dict[str, float]]:
    """Measure everything and plan, from the binary lesion mask."""
    from planning.case import Case
    from planning.planner import plan
    from segmentation.postprocess import label_lesions
    from volumetry.measure import measure

    liver, mask, couinaud = read_maps(folder)
    patient = Patient(height_cm=171.0, weight_kg=73.0)

    def work() -> dict[str, float]:
        labelled = label_lesions(mask.codes)
        lesions = LabelMap(labelled.codes, mask.geometry, INSTANCE_SCHEME)
        report = measure(liver, lesions, couinaud=couinaud, patient=patient)
        planned = plan(Case(report=report, patient=patient))
        return {
            "lesions": len(report.lesions),
            "liver_ml": report.tlv_ml.value or 0.0,
            "tumour_ml": report.tumour_ml.value or 0.0,
            "feret_mm": sum(lesion.feret_3d_mm for lesion in report.lesions),
            "resections": len(planned.resections),
        }

    return work


def components(mask: Any) -> Any:  # noqa: ANN401  (SimpleITK has no types)
    """Label a SimpleITK mask by components of 26 neighbours."""
    import SimpleITK as sitk  # noqa: N813  (its usual name)

    fully_connected = True
    return sitk.ConnectedComponent(mask, fully_connected)


def simple_itk(folder: Path, *, everything: bool) -> Callable[[], dict[str, float]]:
    """Label lesions and measure their shapes; with ``everything`` the liver and segments too."""
    import SimpleITK as sitk  # noqa: N813

    liver, mask, couinaud = (
        sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("liver", "lesions", "couinaud")
    )

    def shapes(labels: Any, *, feret: bool) -> Any:  # noqa: ANN401  (SimpleITK has no types)
        found = sitk.LabelShapeStatisticsImageFilter()
        found.SetComputeFeretDiameter(feret)
        found.Execute(labels)
        return found

    def work() -> dict[str, float]:
        lesions = shapes(components(mask), feret=True)
        codes = lesions.GetLabels()
        found = {
            "lesions": len(codes),
            "tumour_ml": sum(lesions.GetPhysicalSize(n) for n in codes) / 1000,
            "feret_mm": sum(lesions.GetFeretDiameter(n) for n in codes),
        }
        if everything:
            whole = shapes(liver > 0, feret=False)
            shapes(couinaud, feret=False)
            found["liver_ml"] = whole.GetPhysicalSize(1) / 1000
        return found

    return work


def scikit_image(folder: Path) -> Callable[[], dict[str, float]]:
    """Label lesions and make a table of their properties."""
    from skimage.measure import label, regionprops_table

    _, mask, _ = read_maps(folder)
    properties = ("label", "area", "centroid", "bbox", "feret_diameter_max", "axis_major_length")

    def work() -> dict[str, float]:
        codes = label(mask.codes, connectivity=3)
        table = regionprops_table(codes, properties=properties, spacing=mask.geometry.spacing_mm)
        return {
            "lesions": len(table["label"]),
            "tumour_ml": float(table["area"].sum()) / 1000,
            "feret_mm": float(table["feret_diameter_max"].sum()),
        }

    return work


def py_radiomics(folder: Path) -> Callable[[], dict[str, float]]:
    """Measure each lesion's volumes and diameter."""
    import SimpleITK as sitk  # noqa: N813
    from radiomics.shape import RadiomicsShape

    mask = sitk.ReadImage(str(folder / "lesions.nii.gz"))

    def work() -> dict[str, float]:
        codes = components(mask)
        shapes = sitk.LabelShapeStatisticsImageFilter()
        shapes.Execute(codes)
        found = {"lesions": len(shapes.GetLabels()), "tumour_ml": 0.0, "feret_mm": 0.0}
        for n in shapes.GetLabels():
            box = shapes.GetBoundingBox(n)
            part = sitk.RegionOfInterest(codes, box[3:], box[:3]) == n
            one = RadiomicsShape(part, part, label=1)
            one.enableFeatureByName("MeshVolume")
            one.enableFeatureByName("VoxelVolume")
            one.enableFeatureByName("Maximum3DDiameter")
            figures = one.execute()
            found["tumour_ml"] += float(figures["VoxelVolume"]) / 1000
            found["feret_mm"] += float(figures["Maximum3DDiameter"])
        return found

    return work


WORKERS: dict[str, Callable[[Path], Callable[[], dict[str, float]]]] = {
    READING: reading,
    OURS: this_package,
    SHAPES: lambda folder: simple_itk(folder, everything=False),
    "SimpleITK, lesions, liver, segments": lambda folder: simple_itk(folder, everything=True),
    "scikit-image, lesions": scikit_image,
    RADIOMICS: py_radiomics,
}


def memory_bytes(line: str) -> int:
    """Read a line of the process's status, such as VmRSS or VmHWM."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = next(x for x in STATUS.read_text().splitlines() if x.startswith(line))
    return int(found.split()[1]) * 1024


def run_worker(name: str, folder: Path) -> dict[str, Any]:
    """Run one measurement in this process."""
    for module in MODULES[name]:
        __import__(module)
    work = WORKERS[name](folder)
    before = memory_bytes("VmRSS")
    if CLEAR_PEAK.exists():
        CLEAR_PEAK.write_text("5")
    wall, cpu = time.perf_counter(), time.process_time()
    answers = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = max(0, memory_bytes("VmHWM") - before)
    return {"wall_s": wall, "cpu_s": cpu, "peak_bytes": peak, "answers": answers}


# -- the table -------------------------------------------------------------------------------------


def fresh(*arguments: str) -> str:
    """Run this script again in a fresh process, without its folder among the places of modules.

    The script has the name of a package that it measures.
    """
    command = [sys.executable, "-P", __file__, *arguments]
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    ).stdout


def measured(case: Case, folder: Path, *, small: bool) -> dict[str, dict[str, Any]]:
    """Run all measurements of a case in turn, and return the median of each figure."""
    names = [n for n in WORKERS if all(find_spec(m.split(".")[0]) for m in MODULES[n])]
    missing = sorted(set(WORKERS) - set(names))
    print(f"not installed, left out: {', '.join(missing)}\n" if missing else "", end="")
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for repeat in range(REPEATS):
        for name in names if repeat % 2 == 0 else reversed(names):
            flags = ["--small"] if small else []
            runs[name].append(json.loads(fresh("--worker", name, "--folder", str(folder), *flags)))
    voxels = case.shape[0] * case.shape[1] * case.shape[2]
    figures = ("wall_s", "cpu_s", "peak_bytes")
    return {
        name: {f: statistics.median(run[f] for run in found) for f in figures}
        | {"answers": found[0]["answers"], "voxels": voxels}
        for name, found in runs.items()
    }


def print_table(case: Case, rows: dict[str, dict[str, Any]]) -> None:
    """Print a case's rows, each beside this package."""
    ours = rows[OURS]
    print(f"{case.name}, {' x '.join(f'{mm:g}' for mm in case.spacing_mm)} mm")
    print("| what | wall s | CPU s | remnant's CPU / this | ns a voxel | peak, bytes a voxel |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, row in rows.items():
        print(
            f"| {name} | {row['wall_s']:.2f} | {row['cpu_s']:.2f} "
            f"| {ours['cpu_s'] / row['cpu_s']:.2f} | {1e9 * row['cpu_s'] / row['voxels']:.1f} "
            f"| {row['peak_bytes'] / row['voxels']:.2f} |"
        )
    for name, row in rows.items():
        found = ", ".join(f"{key} {value:.6g}" for key, value in row["answers"].items())
        print(f"  {name}: {found}")
    print(flush=True)


def main() -> None:
    """Draw the cases, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="two small cases, for a quick try")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--draw", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    cases = SMALL if given.small else CASES
    if given.worker:
        print(json.dumps(run_worker(given.worker, given.folder)))
    elif given.draw is not None:
        draw(cases[given.draw], given.folder)
    else:
        compare(cases, small=given.small)


def compare(cases: tuple[Case, ...], *, small: bool) -> None:
    """Measure every case and compare the cost of a voxel between them."""
    print(f"{os.cpu_count()} cores, median of {REPEATS} runs in fresh processes\n", flush=True)
    costs = []
    for number, case in enumerate(cases):
        with tempfile.TemporaryDirectory() as scratch:
            flags = ["--small"] if small else []
            fresh("--draw", str(number), "--folder", scratch, *flags)
            rows = measured(case, Path(scratch), small=small)
        print_table(case, rows)
        costs.append(rows[OURS]["cpu_s"] / rows[OURS]["voxels"])
    print(f"remnant's CPU time a voxel, second case / first case: {costs[1] / costs[0]:.2f}")


if __name__ == "__main__":
    main()
