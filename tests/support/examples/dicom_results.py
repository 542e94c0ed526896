"""A measured and planned case of a DICOM series that was made from a phantom, and its results."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from remnant.core.geometry import Geometry, Vector3
from remnant.core.patient import Patient
from remnant.core.volumes import ImageVolume
from remnant.io.dicom_results.heads import ResultSet
from remnant.io.dicom_results.source_record import record_of
from remnant.io.dicom_series import catalogue, choose
from remnant.io.source import load_study
from remnant.pipeline.dicom_results.result_source import ResultSource
from remnant.pipeline.folder import read_measured, read_stored
from remnant.pipeline.plan_maps import pictured_plans
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import run_study
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_segmenter import SteppedSegmenter
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom

HU_OFFSET = 1024
NAME, PATIENT_ID, ACCESSION, STUDY_UID = "Doe^Jane", "MRN-4711", "ACC-0815", "1.2.826.0.1.77"
SERIES_UID = f"{STUDY_UID}.2"
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))


def example_phantom(
    spacing_mm: Vector3 = (6.0, 6.5, 7.0), metastases: int = 3, scale: float = 1.0
) -> LiverPhantom:
    """Return a small phantom whose grid is one that a DICOM series gives back."""
    return liver_phantom(
        body_grid(spacing_mm=spacing_mm, scale=scale), metastases=metastases, seed=3, scale=scale
    )


def write_series(image: ImageVolume, folder: Path, **facts: Any) -> Path:
    """Write a CT as a DICOM series, the first plane last; ``facts`` are elements by keyword."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = np.clip(np.rint(image.voxels) + HU_OFFSET, 0, 4095).astype(np.uint16)
    count = stored.shape[2]
    for k in range(count):
        plane = _plane(image.geometry, k)
        plane.InstanceNumber = count - k
        _add_pixels(plane, stored[:, :, k].T)
        for name, value in facts.items():
            setattr(plane, name, value)
        plane.save_as(folder / f"im{count - k:04d}", enforce_file_format=True)
    return folder


def _plane(grid: Geometry, k: int) -> FileDataset:
    uid = f"{SERIES_UID}.{k + 1}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, uid
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, "1.2.3.4"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, uid
    ds.PatientName, ds.PatientID = NAME, PATIENT_ID
    ds.PatientBirthDate, ds.PatientSex = "19610203", "F"
    ds.StudyInstanceUID, ds.StudyID, ds.AccessionNumber = STUDY_UID, "S1", ACCESSION
    ds.StudyDate, ds.StudyTime, ds.ReferringPhysicianName = "20260102", "030405", "Roe^Richard"
    ds.Modality, ds.SeriesInstanceUID, ds.SeriesNumber = "CT", SERIES_UID, 2
    ds.SeriesDescription, ds.Manufacturer, ds.PatientPosition = (
        "Abdomen portal venous",
        "None",
        "HFS",
    )
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = f"{STUDY_UID}.9", ""
    ds.AcquisitionNumber, ds.KVP, ds.ImageType = 1, 120, ["ORIGINAL", "PRIMARY", "AXIAL"]
    affine_lps = np.diag((-1.0, -1.0, 1.0, 1.0)) @ grid.affine_ras
    turned = affine_lps[:3, :2] / np.linalg.norm(affine_lps[:3, :2], axis=0)
    ds.ImageOrientationPatient = [f"{part:.10f}" for part in turned.T.ravel()]
    ds.ImagePositionPatient = [f"{part:.8f}" for part in (affine_lps @ (0, 0, k, 1))[:3]]
    ds.PixelSpacing = [grid.spacing_mm[1], grid.spacing_mm[0]]
    ds.SliceThickness = grid.spacing_mm[2]
    return ds


def _add_pixels(ds: FileDataset, pixels: np.ndarray) -> None:
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, -HU_OFFSET, "HU"
    ds.PixelData = np.ascontiguousarray(pixels).tobytes()


def dicom_case(
    folder: Path, phantom: LiverPhantom | None = None, *, page: bool = False, **facts: Any
) -> Path:
    """Make ``folder/series`` and a measured and planned case of it in ``folder/case``."""
    known = phantom or example_phantom()
    series = write_series(known.image, folder / "series", **facts)
    grid = load_study(series).image.geometry
    run_study(
        SegmentRequest(source=series),
        measuring=MEASURING,
        output=folder / "case",
        segmenter=on_grid(known, grid),
        divider=FakeDivider.knowing(known),
        page=page,
    )
    return folder / "case"


def on_grid(phantom: LiverPhantom, grid: Geometry) -> SteppedSegmenter:
    """Return a segmenter that knows a phantom's maps on the very grid of a series of it."""
    maps = (phantom.structures, phantom.lesions)
    return SteppedSegmenter(*(replace(labels, geometry=grid) for labels in maps))


def result_source(case: Path) -> ResultSource:
    """Return what the results of `dicom_case` are made from."""
    series = case.parent / "series"
    stored = read_stored(case).case
    report = read_measured(case)
    record = record_of(
        choose(catalogue(series), wanted=None, name=""), stored.inputs_sha256["image"]
    )
    assert record is not None
    plan = report.planning.plans[0] if report.planning and report.planning.plans else None
    return ResultSource(
        folder=case,
        case=stored,
        report=report,
        record=record,
        plan=plan,
        plan_map=None if plan is None else pictured_plans(stored, report)[plan.id],
        results=ResultSet(
            digest="ab" * 32,
            made=datetime.fromisoformat(report.provenance.created_utc),
            software=report.provenance.software["remnant"],
        ),
    )
