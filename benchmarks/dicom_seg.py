"""Segmentations in DICOM, created and saved, beside highdicom given one mask for each segment.

A liver of 512 x 512 x 300 voxels is divided into 11 parts that do not overlap. Each round runs, as
whole processes and in turn,

- labelmap: this package's LABELMAP of the 11 parts, its runs packed;
- binary: its BINARY of the same map;
- overlapping: its BINARY of the liver as a whole and the 11 parts;
- highdicom: ``highdicom.seg.Segmentation`` of an array with an axis of the 12 segments.

Printed are the medians of creating and saving, of the whole process with its start, of its memory,
and the size of the file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SHAPE = (512, 512, 300)
PARTS = 11
AIMS_S = {"labelmap": 2.0, "binary": 2.5}
MAPS = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from pydicom import Dataset
from remnant.core.map_description import NamedLabel, Origin
from remnant.io.dicom_results.heads import ResultKind, ResultSet
from remnant.io.dicom_results.segmentation import Content, Layer, Segment, segmentation
from remnant.io.dicom_results.source_record import SourcePlane, SourceRecord, source_images
shape, parts, path = json.loads(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
i, j, k = np.ogrid[: shape[0], : shape[1], : shape[2]]
centre = [side / 2 for side in shape]
ball = sum(((x - c) / (0.3 * 2 * c)) ** 2 for x, c in zip((i, j, k), centre)) < 1
sector = (parts * (np.arctan2(j - centre[1], i - centre[0]) / (2 * np.pi) + 0.5)).astype(np.uint8)
codes = np.asfortranarray(np.where(ball, 1 + np.minimum(sector, parts - 1), 0).astype(np.uint8))
header = Dataset()
for name, value in {
    "PatientName": "A^B", "PatientID": "1", "PatientBirthDate": "", "PatientSex": "",
    "StudyInstanceUID": "1.2.3", "StudyID": "", "StudyDate": "", "StudyTime": "",
    "AccessionNumber": "", "ReferringPhysicianName": "", "SeriesInstanceUID": "1.2.3.1",
    "FrameOfReferenceUID": "1.2.9", "Modality": "CT", "SliceThickness": "1",
}.items():
    setattr(header, name, value)
record = SourceRecord(
    version=1, image_sha256="0" * 64, header=header.to_json_dict(),
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2", columns=shape[0], rows=shape[1],
    row_direction_lps=(1.0, 0.0, 0.0), column_direction_lps=(0.0, 1.0, 0.0),
    pixel_spacing_mm=(0.8, 0.8),
    planes=tuple(
        SourcePlane(
            sop_instance_uid=f"1.2.3.1.{n}", frame=None, position_lps_mm=(0.0, 0.0, float(n))
        )
        for n in range(shape[2])
    ),
)
"""
OWN = """
results = ResultSet(digest="0", made=datetime(2026, 1, 1, tzinfo=UTC), software="0.1")
labels = [
    NamedLabel(code=n, name=f"part {n}", colour="#77aadd", origin=Origin.AUTOMATIC,
               snomed="10200004")
    for n in range(1, parts + 2)
]
whole = {n: 1 for n in range(1, parts + 1)}
LAYERS
content = Content(
    kind=ResultKind.SEG_ANATOMY, title="t", short_title="T", layers=layers, parameters={},
    segments=tuple(
        Segment(label=label, map="m", name=label.name)
        for label in labels[: parts + len(layers) - 1]
    ),
)
start = time.perf_counter()
segmentation(record, results, content, labelmap=LABELMAP).save_as(path)
"""
FLAT = "layers = (Layer(codes=codes, numbers={n: n for n in whole}),)"
BOTH = (
    "layers = (Layer(codes=codes, numbers=whole), "
    "Layer(codes=codes, numbers={n: n + 1 for n in whole}))"
)
HIGHDICOM = """
import highdicom as hd
liver = hd.sr.CodedConcept("10200004", "SCT", "Liver")
segments = [
    hd.seg.SegmentDescription(n, f"part {n}", liver, liver, "MANUAL") for n in range(1, parts + 2)
]
images = source_images(record)
start = time.perf_counter()
masks = np.stack([codes.T > 0, *(codes.T == n for n in range(1, parts + 1))], axis=-1)
hd.seg.Segmentation(
    images, masks, "BINARY", segments, "1.2.3.9", 9, "1.2.3.9.1", 1, "m", "m", "1", "1"
).save_as(path)
"""
END = """
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, time.process_time(), peak, path.stat().st_size / 1e6]))
"""
PROGRAMS = {
    "labelmap": MAPS + OWN.replace("LAYERS", FLAT).replace("LABELMAP", "True") + END,
    "binary": MAPS + OWN.replace("LAYERS", FLAT).replace("LABELMAP", "False") + END,
    "overlapping": MAPS + OWN.replace("LAYERS", BOTH).replace("LABELMAP", "False") + END,
    "highdicom": MAPS + HIGHDICOM + END,
}
COLUMNS = ("created and saved s", "CPU s of the process", "peak MB", "file MB")


def main() -> None:
    """Run all in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="64 x 64 x 30 voxels")
    parser.add_argument("--only", choices=PROGRAMS, action="append")
    chosen = parser.parse_args()
    shape = (64, 64, 30) if chosen.small else SHAPE
    names = chosen.only or list(PROGRAMS)
    rounds = [{name: measured(name, shape) for name in names} for _ in range(chosen.repeats)]
    print(f"{'':12}" + "".join(f"{column:>22}" for column in COLUMNS))
    for name in names:
        middle = [median(one[name][n] for one in rounds) for n in range(len(COLUMNS))]
        fastest = min(one[name][0] for one in rounds)
        aim = f"  aimed at {AIMS_S[name]} s" if name in AIMS_S else ""
        print(f"{name:12}" + "".join(f"{x:22.2f}" for x in middle) + f"  least {fastest:.2f}{aim}")


def measured(name: str, shape: tuple[int, int, int]) -> list[float]:
    """Run one program and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seg.dcm"
        command = [sys.executable, "-c", PROGRAMS[name], json.dumps(shape), str(PARTS), str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
