"""Write a synthetic patient for the tutorials: ``phantom.py FOLDER [SEED]``.

The body is made of ellipsoids and cylinders with the CT numbers of organs; its liver has eight
Couinaud segments and seven metastases, drawn by the seed. Into the folder go ``dicom`` (a CT
series), ``CT.nii.gz`` (the same scan), the maps ``liver.nii.gz``, ``lesions.nii.gz`` and
``segments.nii.gz``, and ``landmarks.json``. It is no patient's, and no figure of it says anything
about one.
"""
# ruff: noqa: INP001  # a script that is read and run, not imported

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from remnant.core.volumes import ImageVolume
from remnant.io.frames import lps_from_ras
from remnant.io.nifti import write_image, write_labels
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom

SPACING_MM = (3.0, 3.2, 4.0)
METASTASES = 7
INTERCEPT_HU = -1024


def main(folder: str, seed: str = "7") -> None:
    """Make the patient and write all files."""
    grid = body_grid(spacing_mm=SPACING_MM)
    phantom = liver_phantom(grid, metastases=METASTASES, seed=int(seed), noise_hu=0.0)
    target = Path(folder)
    (target / "dicom").mkdir(parents=True, exist_ok=True)
    write_series(phantom.image, target / "dicom", patient=seed)
    write_maps(phantom, target)
    sys.stdout.write(
        f"A liver of {phantom.tlv_ml:.0f} mL with {METASTASES} metastases of "
        f"{phantom.tumour_ml:.1f} mL together is in {folder}\n"
    )


def write_maps(phantom: LiverPhantom, folder: Path) -> None:
    """Write the scan, its three maps and the landmarks."""
    write_image(phantom.image, folder / "CT.nii.gz")
    write_labels(phantom.liver_mask, folder / "liver.nii.gz")
    write_labels(phantom.lesions, folder / "lesions.nii.gz")
    write_labels(phantom.couinaud, folder / "segments.nii.gz")
    points = {name: point for name, point in asdict(phantom.landmarks).items() if point}
    text = json.dumps({"frame": "RAS mm", "points": points}, indent=1)
    (folder / "landmarks.json").write_text(text + "\n", encoding="utf-8")


def write_series(
    image: ImageVolume,
    folder: Path,
    number: int = 3,
    description: str = "portal venous",
    *,
    patient: str = "7",
) -> None:
    """Write a scan as a DICOM series, one file for each slice; each patient has UIDs of its own."""
    study, series, frame = (
        generate_uid(entropy_srcs=[patient, name])
        for name in ("study", f"series {number}", "frame")
    )
    upright = image.voxels[::-1, ::-1]  # DICOM counts to the left and to the back
    for k, plane in enumerate(np.moveaxis(upright, 2, 0)):
        ds = header(image, k, series)
        ds.PatientName, ds.PatientID = "Phantom^Liver", f"PHANTOM-{patient}"
        ds.SeriesDescription, ds.SeriesNumber, ds.InstanceNumber = description, number, k + 1
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.PixelData = np.round(plane.T - INTERCEPT_HU).astype(np.uint16).tobytes()
        ds.save_as(folder / f"{number}-{k:03d}.dcm", enforce_file_format=True)


def header(image: ImageVolume, k: int, series: str) -> Dataset:
    """Return what a CT slice says about itself, its pixels apart."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(k)])
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.Modality = "CT"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    grid = image.geometry
    columns, rows, _ = grid.shape
    last = grid.affine_ras @ (columns - 1, rows - 1, k, 1)
    ds.ImagePositionPatient = [f"{x:.6f}" for x in lps_from_ras(last[:3])]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing = [grid.spacing_mm[1], grid.spacing_mm[0]]
    ds.SliceThickness = grid.spacing_mm[2]
    ds.Columns, ds.Rows = columns, rows
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, INTERCEPT_HU, "HU"
    return ds


if __name__ == "__main__":
    main(*sys.argv[1:])
