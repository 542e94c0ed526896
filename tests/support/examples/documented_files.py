"""Files under the names that the how-tos use for what a reader has."""

import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.io.frames import lps_from_ras
from remnant.io.nifti import write_image, write_labels
from remnant.testing.phantoms import LiverPhantom, liver_phantom

BODY = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")
LITS_TUMOUR = 2
ROLES = {"liver": "liver", "lesions": "lesions", "couinaud": "segments"}
CASES = ("CASE", "OUT", "A", "B")
"""Measured cases that are there from the start, unless a page makes them itself."""


def lay_out(phantom: LiverPhantom, folder: Path, scripts: Path) -> None:
    """Write a study of two phases, its maps in every form, and two measured cases."""
    write_series = runpy.run_path(str(scripts / "phantom.py"))["write_series"]
    for name, phases in (("CT", (3,)), ("FOLDER", (3,)), ("STUDY", (3, 4))):
        (folder / name).mkdir()
        for number in phases:
            described = {3: "portal venous", 4: "arterial"}[number]
            write_series(phantom.image, folder / name, number, described)
    for name in ("CT", "a", "PATH"):
        write_image(phantom.image, folder / f"{name}.nii.gz")
    (folder / "PATH.nii.gz").rename(folder / "PATH")
    other = liver_phantom(phantom.geometry, metastases=4, seed=8, noise_hu=0.0)
    write_image(other.image, folder / "b.nii.gz")
    for place, drawn in (("", phantom), ("first", phantom), ("second", other)):
        _write_maps(drawn, folder / place)
    write_labels(phantom.lesions, folder / "edited.nii.gz")
    _write_coded(phantom, folder)
    _write_slicer(phantom, folder)
    for case in CASES:
        place = "second" if case == "B" else "first"
        maps = (f"--{role}={place}/{name}.nii.gz" for role, name in ROLES.items())
        words = (*maps, "--confirm-lesions", "all", "-o", case, *BODY)
        assert run_command(["measure", *words]) == 0


def _write_maps(phantom: LiverPhantom, folder: Path) -> None:
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "segments": phantom.couinaud}
    folder.mkdir(exist_ok=True)
    for name, labels in maps.items():
        write_labels(labels, folder / f"{name}.nii.gz")


def _write_coded(phantom: LiverPhantom, folder: Path) -> None:
    codes = np.where(phantom.lesions.codes > 0, LITS_TUMOUR, phantom.liver_mask.codes)
    coded = LabelMap(codes.astype(np.uint8), phantom.geometry, INSTANCE_SCHEME)
    for name in ("segmentation-12", "predictions/a", "truths/a", "predictions/b", "truths/b"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_labels(coded, folder / f"{name}.nii.gz")
    (folder / "segments").mkdir()
    for segment in CouinaudSegment:
        codes = (phantom.couinaud.codes == segment).astype(np.uint8)
        one = LabelMap(codes, phantom.geometry, INSTANCE_SCHEME)
        write_labels(one, folder / "segments" / f"liver_segment_{segment.value}.nii.gz")


def _write_slicer(phantom: LiverPhantom, folder: Path) -> None:
    segments = {segment.name: segment.value for segment in CouinaudSegment}
    couinaud = phantom.couinaud.codes
    for name in ("segments.seg.nrrd", "corrected.seg.nrrd"):
        write_seg_nrrd(folder / name, phantom.geometry, [(couinaud, segments)])
    numbers = range(1, int(phantom.lesions.codes.max()) + 1)
    lesions = [(phantom.lesions.codes, {f"lesion {n}": n for n in numbers})]
    write_seg_nrrd(folder / "lesions.seg.nrrd", phantom.geometry, lesions)
    layers = [
        (phantom.liver_mask.codes, {"liver": 1}),
        ((phantom.lesions.codes > 0).astype(np.uint8), {"tumor": 1}),
        (couinaud, segments),
    ]
    write_seg_nrrd(folder / "all.seg.nrrd", phantom.geometry, layers)


def write_seg_nrrd(
    path: Path, grid: Geometry, layers: Sequence[tuple[NDArray[np.uint8], Mapping[str, int]]]
) -> None:
    """Write a segmentation as 3D Slicer does: layers of codes, and a name for each code."""
    directions = [_point(lps_from_ras(axis)) for axis in grid.affine_ras[:3, :3].T]
    several = len(layers) > 1
    sizes = [len(layers), *grid.shape] if several else grid.shape
    lines = [
        "NRRD0004", "type: unsigned char", "encoding: raw", "endian: little",
        f"dimension: {len(sizes)}", "space: left-posterior-superior",
        f"kinds: {'list ' * several}domain domain domain", f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {'none ' * several}{' '.join(directions)}",
        f"space origin: {_point(lps_from_ras(grid.affine_ras[:3, 3]))}",
    ]  # fmt: skip
    named = [
        (n, code, layer) for layer, (_, names) in enumerate(layers) for n, code in names.items()
    ]
    for number, (name, code, layer) in enumerate(named):
        key = f"Segment{number}_"
        lines += [f"{key}ID:={name}", f"{key}Name:={name}", f"{key}LabelValue:={code}",
                  f"{key}Layer:={layer}"]  # fmt: skip
    stacked = np.stack([codes.astype(np.uint8) for codes, _ in layers])
    voxels = stacked if several else stacked[0]
    text = "\n".join((*lines, "", ""))
    path.write_bytes(text.encode("ascii") + voxels.tobytes(order="F"))


def _point(values: NDArray[np.float64]) -> str:
    return f"({','.join(f'{value:.6f}' for value in values)})"
