"""Seconds and peak memory of each stage, on the sample CT resampled to 512×512×224.

Run it on a quiet machine: ``python benchmarks/whole_run.py``. It fetches the sample and the models
when they are not in the cache (not timed), resamples the scan (not timed), walks through the stages
in one process, and at last runs the command ``remnant run`` as a user would, from a fresh process.
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy import ndimage

from models.registry import list_models, pull
from remnant.core.geometry import Geometry
from remnant.core.patient import Patient
from remnant.core.volumes import ImageVolume, Modality
from remnant.io.landmarks import read_landmarks
from remnant.io.nifti import read_image, write_image
from remnant.io.reading import ReadingChoice
from remnant.io.source import load_study
from remnant.page.html import render_html
from remnant.pipeline.divide import with_segments
from remnant.pipeline.folder import write_measured, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import page_maps
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.samples import fetch_sample
from remnant.pipeline.segment import case_from_image
from remnant.pipeline.segment_sources import GivenSegments
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

SHAPE = (512, 512, 224)
CLEAR_PEAK = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def resampled(image: ImageVolume, shape: tuple[int, int, int]) -> ImageVolume:
    """Return the image on a finer grid over the same field of view, as int16 HU."""
    zoom = np.array(shape) / np.array(image.geometry.shape)
    voxels = ndimage.zoom(image.voxels.astype(np.float32), zoom, order=1, grid_mode=True,
                          mode="nearest")  # fmt: skip
    fine = np.array(image.geometry.affine_ras)
    fine[:3, :3] = image.geometry.affine_ras[:3, :3] / zoom
    fine[:3, 3] = image.geometry.ras_from_index((0.5 / zoom) - 0.5)
    return ImageVolume(np.rint(voxels).astype(np.int16), Geometry(shape, fine), Modality.CT)


def peak_gb() -> float:
    """Return the peak resident memory since it was last cleared, in GB (10^9 bytes)."""
    if STATUS.exists():
        line = next(x for x in STATUS.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


@contextmanager
def stage(name: str, rows: list[tuple[str, float, float, float]]) -> Iterator[None]:
    """Time a stage and note its own peak memory."""
    if CLEAR_PEAK.exists():
        CLEAR_PEAK.write_text("5")
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    row = (name, time.perf_counter() - wall, time.process_time() - cpu, peak_gb())
    rows.append(row)
    print(f"{name:<28}{row[1]:>9.2f}{row[2]:>9.2f}{row[3]:>9.2f}", flush=True)


def in_process(scan: Path, landmarks: Path, output: Path) -> None:
    """Walk through the stages in this process and print a line for each."""
    rows: list[tuple[str, float, float, float]] = []
    print(f"{'stage':<28}{'wall s':>9}{'cpu s':>9}{'peak GB':>9}")
    with stage("read the scan", rows):
        loaded = load_study(scan, choice=ReadingChoice(modality=Modality.CT))
    with stage("segment liver and lesions", rows):
        case = case_from_image(loaded, segmenter=engine_named(DEFAULT_ENGINE).segmenter())
    with stage("Couinaud planes", rows):
        given = GivenSegments(masks=None, landmarks=read_landmarks(landmarks))
        case = with_segments(case, given)
    with stage("measure", rows):
        patient = Patient(height_cm=170.0, weight_kg=70.0, body_size_assumed=True)
        measured = measure_case(case, MeasureRequest(patient=patient))
    with stage("plan", rows):
        report = plan_case(measured)
    with stage("write maps", rows):
        write_segmented(case, output)
        write_measured(report, output)
    with stage("draw report.html", rows):
        render_html(report, **page_maps(case, report))
    print(f"{'sum':<28}{sum(r[1] for r in rows):>9.2f}{sum(r[2] for r in rows):>9.2f}"
          f"{max(r[3] for r in rows):>9.2f}")  # fmt: skip
    print(f"liver {report.volumetry.tlv_ml.value:.0f} ml")


def as_a_user(scan: Path, landmarks: Path, output: Path) -> None:
    """Run the command in a fresh process and print its wall time, CPU time and peak memory."""
    command = [sys.executable, "-m", "remnant", "run", str(scan), "-o", str(output)]
    command += ["--modality", "ct", "--landmarks", str(landmarks)]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall, peak = time.perf_counter() - start, after.ru_maxrss * 1024 / 1e9
    print(f"{'remnant run, fresh process':<28}{wall:>9.2f}{cpu:>9.2f}{peak:>9.2f}")


def main() -> None:
    """Fetch, resample, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=SHAPE, metavar=("I", "J", "K"))
    i, j, k = parser.parse_args().shape
    for info in list_models():
        pull(info.id)
    sample = fetch_sample()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        image = resampled(
            read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT)), (i, j, k)
        )
        write_image(image, folder / "ct.nii.gz")
        print(f"{i}x{j}x{k} voxels of {'x'.join(f'{s:.2f}' for s in image.geometry.spacing_mm)} mm")
        del image
        as_a_user(folder / "ct.nii.gz", sample.landmarks, folder / "fresh")
        (folder / "stages").mkdir()
        in_process(folder / "ct.nii.gz", sample.landmarks, folder / "stages")


if __name__ == "__main__":
    main()
