"""Manifests of many cases: scanning the folder, reading and checking CSV and Parquet.

A folder for each case with three files (``ct``, ``liver``, ``lesions``) is made, and DICOM files of
some studies, all almost empty: what is measured is the work on names, headers, cells and rows, not
that on voxels. Each program runs in a fresh process; printed are wall seconds, microseconds a case
or file, and the growth of memory from after the imports to the peak.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

FILES = ("ct.nii.gz", "liver.nii.gz", "lesions.nii.gz")
A_STUDY = 200
"""DICOM files."""
BEGIN = """
import json, resource, sys, time
from pathlib import Path
from remnant.cohort.manifest import read_manifest, write_manifest
from remnant.cohort.scanning import scan_folder
import pyarrow.parquet
source, target = map(Path, sys.argv[1:])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.perf_counter()
"""
END = """
print(json.dumps([time.perf_counter() - start, peak() - before, count]))
"""
READ = "rows = read_manifest(source); count = len(rows)"
WRITE = """
rows = read_manifest(source)
before, start = peak(), time.perf_counter()
write_manifest(rows, target); count = len(rows)
"""
SCAN = "found = scan_folder(source); count = len(found.rows); assert not found.doubted"


def make_cases(folder: Path, count: int) -> Path:
    """Write a folder for each case, and a manifest with facts that differ from row to row."""
    rng = random.Random(1)  # noqa: S311  (facts of nobody)
    manifest = folder / "made.csv"
    with manifest.open("w", encoding="utf-8") as text:
        text.write(
            "case,patient,time_point,study,liver,lesions,height_cm,weight_kg,sex,age,background,"
            "ki67_percent,functional,x_site\n"
        )
        for number in range(count):
            place = folder / "cases" / f"P{number:07d}"
            place.mkdir(parents=True)
            for name in FILES:
                (place / name).touch()
            paths = ",".join(f"cases/{place.name}/{name}" for name in FILES)
            facts = (
                f"{rng.uniform(150, 200):.1f},{rng.uniform(50, 120):.1f},male,"
                f"{rng.randint(20, 90)},normal,{rng.randint(0, 20)},yes,A"
            )
            text.write(f"c{number},P{number // 3},day_{number % 3 * 90},{paths},{facts}\n")
    return manifest


def make_dicom(folder: Path, studies: int) -> None:
    """Write studies of `A_STUDY` files with small pixels."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    for number in range(studies):
        place = folder / f"S{number}"
        place.mkdir(parents=True)
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CTImageStorage, "1.2.3", "CT"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.{number + 1}", f"1.{number + 1}.1"
        ds.PatientID, ds.StudyDate = f"P{number // 2}", f"202401{number % 28 + 1:02d}"
        ds.SeriesDescription, ds.StudyDescription = "portal venous", "abdomen"
        ds.Rows = ds.Columns = 128
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
        ds.PixelData = np.zeros((128, 128), np.uint16).tobytes()
        ds.save_as(place / "0", enforce_file_format=True)
        content = (place / "0").read_bytes()
        for file in range(1, A_STUDY):
            (place / str(file)).write_bytes(content)


def measured(program: str, source: Path, target: Path) -> tuple[float, float, int]:
    """Run one program in a fresh process: seconds, growth in MiB, and how many it counted."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program + END, str(source), str(target)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, growth, count = json.loads(done.stdout)
    return float(seconds), float(growth), int(count)


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--studies", type=int, default=50)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = make_cases(folder, given.cases)
        make_dicom(folder / "dicom", given.studies)
        parquet = folder / "made.parquet"
        for title, program, source, each in (
            ("read and check CSV", READ, made, 1),
            ("write Parquet", WRITE, made, 1),
            ("read and check Parquet", READ, parquet, 1),
            ("scan folders of files", SCAN, folder / "cases", 1),
            (f"scan DICOM, {A_STUDY} files a study", SCAN, folder / "dicom", A_STUDY),
        ):
            seconds, growth, count = measured(program, source, parquet)
            print(
                f"{title:<34} {count:>7} cases {seconds:8.2f} s "
                f"{1e6 * seconds / (count * each):8.1f} us each {growth:7.0f} MiB"
            )


if __name__ == "__main__":
    main()
