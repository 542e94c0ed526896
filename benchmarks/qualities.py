"""Seconds, memory and Dice of ``remnant run --quality fast`` and ``best``, side by side.

``python -P benchmarks/qualities.py`` resamples the sample CT to 512×512×129 (``--slices`` for
others), plants metastases in it, and runs both qualities as whole processes, one after the other,
``--rounds`` times. Fetching and resampling are not timed. Run it on a quiet machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from models.registry import list_models, pull
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image, read_labels, write_image
from remnant.io.reading import ReadingChoice
from remnant.pipeline.folder import read_case
from remnant.pipeline.samples import LIVER_LABEL, fetch_sample
from segmentation.engines.registry import Quality
from segmentation.synthetic import plant_metastases

DIAMETERS_MM = (34.0, 26.0, 22.0, 18.0, 16.0, 16.0, 14.0, 14.0, 14.0, 12.0, 12.0, 12.0, 12.0)
BYTES_PER_KIB, BYTES_PER_GB = 1024, 1e9


def scan_of(slices: int) -> tuple[ImageVolume, np.ndarray]:
    """Return the sample CT on 512×512 voxels a slice with planted metastases, and these."""
    sample = fetch_sample()
    image = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    liver = read_labels(sample.label_map, INSTANCE_SCHEME).mask(LIVER_LABEL)
    shape = (512, 512, slices)
    zoom = np.array(shape) / np.array(image.geometry.shape)
    affine = np.array(image.geometry.affine_ras)
    affine[:3, :3] /= zoom
    affine[:3, 3] = image.geometry.ras_from_index(0.5 / zoom - 0.5)
    grid = Geometry(shape, affine)
    fine = ndimage.zoom(
        image.voxels.astype(np.float32), zoom, order=1, grid_mode=True, mode="nearest"
    )
    there = ndimage.zoom(liver.astype(np.uint8), zoom, order=0, grid_mode=True, mode="nearest")
    whole = replace(image, voxels=np.rint(fine).astype(np.int16), geometry=grid)
    made = plant_metastases(
        whole, LabelMap(there, grid, BINARY_SCHEME), seed=1, diameters_mm=DIAMETERS_MM
    )
    return made.image, made.truth.mask()


def timed(scan: Path, output: Path, quality: Quality) -> tuple[float, float, float]:
    """Run the command in a fresh process; return wall and CPU seconds, and the peak in GB."""
    command = [sys.executable, "-m", "remnant", "run", str(scan), "-o", str(output)]
    command += ["--modality", "ct", "--quality", quality.value]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"remnant run --quality {quality.value} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss * BYTES_PER_KIB / BYTES_PER_GB


def main() -> None:
    """Print a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="*", default=[129])
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    for info in list_models():
        pull(info.id)
    print("| slices | quality | wall s | CPU s | peak GB | lesion Dice | slices with lesions |")
    print("|---|---|---|---|---|---|---|")
    for slices in arguments.slices:
        image, truth = scan_of(slices)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "ct.nii.gz"
            write_image(image, path)
            for _ in range(arguments.rounds):
                for quality in Quality:
                    print(row(path, truth, quality), flush=True)


def row(scan: Path, truth: np.ndarray, quality: Quality) -> str:
    """Run one quality and return its row."""
    output = scan.parent / f"{quality.value}-{time.monotonic_ns()}"
    wall, cpu, peak = timed(scan, output, quality)
    maps = read_case(output).maps
    found = maps.lesions.mask() if maps.lesions is not None else np.zeros_like(truth)
    dice = 2 * np.count_nonzero(found & truth) / (found.sum() + truth.sum())
    core = maps.lesions_core.mask() if maps.lesions_core is not None else found
    seen = int(core.any(axis=(0, 1)).sum())
    shown = f"{truth.shape[2]} | {quality.value} | {wall:.1f} | {cpu:.1f}"
    return f"| {shown} | {peak:.2f} | {dice:.3f} | {seen} |"


if __name__ == "__main__":
    main()
