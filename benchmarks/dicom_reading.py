"""Reading a DICOM series beside decoding the same files with pydicom alone.

A series of 300 slices of 512 x 512 is written into a scratch folder. Each round runs, as whole
processes and in turn,

- pydicom: ``dcmread`` and ``pixel_array`` of every file, stacked; stored numbers, no grid;
- values: this package's grid and values in Hounsfield units, planes sorted and checked by position;
- study: all of `load_study`: the values, the digest of the files, and the checks of the image.

Printed are the medians, from after the imports to the last voxel, and the ratios to pydicom.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SHAPE = (300, 512, 512)
TOUCHED = """
import numpy
# on a virtual machine the first touch of memory may cost more than all the reading
numpy.ones(1 << 27)
"""
PYDICOM = """
import json, sys, time
from pathlib import Path
import numpy as np
from pydicom import dcmread
import pydicom.pixels
start = time.perf_counter(), time.process_time()
planes = [dcmread(path).pixel_array for path in sorted(Path(sys.argv[1]).iterdir())]
stored = np.stack(planes)
print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]))
"""
VALUES = """
import json, sys, time
from pathlib import Path
from remnant.io.dicom_series import catalogue, choose, read_series_voxels
start = time.perf_counter(), time.process_time()
listed = catalogue(Path(sys.argv[1]))
voxels = read_series_voxels(choose(listed, wanted=None, name="the series"))
print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]))
"""
STUDY = """
import json, sys, time
from pathlib import Path
from remnant.io.source import load_study
start = time.perf_counter(), time.process_time()
voxels = load_study(Path(sys.argv[1])).image.voxels
print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]))
"""
PROGRAMS = {"pydicom": PYDICOM, "values": VALUES, "study": STUDY}
FAT_RADIUS, TISSUE_RADIUS = 0.42, 0.35


def write_series(folder: Path, shape: tuple[int, int, int], syntax: str) -> None:
    """Write a CT of air, fat and soft tissue with noise, ``shape`` slices, rows and columns."""
    import numpy as np
    from pydicom import Dataset
    from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

    random = np.random.default_rng(0)
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    distance = np.hypot(rows / shape[1] - 0.5, columns / shape[2] - 0.5)
    body = np.select([distance < TISSUE_RADIUS, distance < FAT_RADIUS], [60, -90], -1000)
    for k in range(shape[0]):
        stored = (body + random.normal(1024, 12, body.shape)).clip(0, 4095).astype(np.uint16)
        plane = _described(Dataset(), k, stored.shape)
        plane.PixelData = stored.tobytes()
        plane.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        if syntax != "raw":
            uid = {"rle": RLELossless, "jpeg-ls": JPEGLSLossless}[syntax]
            plane.compress(uid, generate_instance_uid=False)
        plane.save_as(folder / f"{k:04d}.dcm", enforce_file_format=True)


def _described(plane, k, size):  # noqa: ANN001, ANN202  (pydicom has no types)
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import CTImageStorage

    plane.file_meta = FileMetaDataset()
    plane.SOPClassUID = plane.file_meta.MediaStorageSOPClassUID = CTImageStorage
    plane.SOPInstanceUID = plane.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{k + 1}"
    facts = {
        "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3", "FrameOfReferenceUID": "1.2.4",
        "Modality": "CT", "PatientID": "benchmark", "SeriesDescription": "portal venous",
        "InstanceNumber": k + 1, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "ImagePositionPatient": [-190.0, -190.0, float(k)],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [0.75, 0.75],
        "SliceThickness": 1, "KVP": 120, "RescaleSlope": 1, "RescaleIntercept": -1024,
        "Rows": size[0], "Columns": size[1], "SamplesPerPixel": 1, "BitsAllocated": 16,
        "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME2",
    }  # fmt: skip
    for name, value in facts.items():
        setattr(plane, name, value)
    return plane


def measured(folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and processor seconds of each program and round; the first round is dropped."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds + 1):
        for name, program in PROGRAMS.items():
            done = subprocess.run(
                [sys.executable, "-c", TOUCHED + program, str(folder)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            wall, processor = json.loads(done.stdout)
            seconds[name].append((wall, processor))
    return {name: found[1:] for name, found in seconds.items()}


def main() -> None:
    """Write the series, read it in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="30 slices, to try it")
    parser.add_argument("--syntax", choices=("raw", "rle", "jpeg-ls"), default="raw")
    given = parser.parse_args()
    shape = (30, *SHAPE[1:]) if given.small else SHAPE
    with tempfile.TemporaryDirectory() as name:
        write_series(Path(name), shape, given.syntax)
        seconds = measured(Path(name), given.rounds)
    print(f"{shape[1]}x{shape[2]}x{shape[0]}, {given.syntax}, {given.rounds} rounds")
    for name, found in seconds.items():
        wall, processor = (median(one[n] for one in found) for n in (0, 1))
        print(f"{name:8} {wall:5.2f} s wall {processor:5.2f} s processor {_ratios(seconds, name)}")


def _ratios(seconds: dict[str, list[tuple[float, float]]], name: str) -> str:
    pairs = zip(seconds["pydicom"], seconds[name], strict=True)
    ratios = [own[0] / other[0] for other, own in pairs]
    return f"ratio {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


if __name__ == "__main__":
    main()
