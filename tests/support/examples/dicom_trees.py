"""DICOM files with nothing but what tells to which study they belong."""

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SegmentationStorage


def write_dicom(path: Path, *, study: str, patient: str = "", made: str = "", **told: Any) -> Path:
    """Write one file of a study; ``told`` are further elements by keyword."""
    meta = FileMetaDataset()
    kind = SegmentationStorage if told.get("Modality") == "SEG" else CTImageStorage
    meta.MediaStorageSOPClassUID = kind
    series = f"{study or '1.9'}.1"
    meta.MediaStorageSOPInstanceUID = f"{series}.{crc32(path.name.encode('utf-8'))}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "1.2.3.4"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.PatientName, ds.PatientID, ds.StudyDate = "CT", "Doe^Jane", patient, made
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.Rows = ds.Columns = 2
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = np.zeros((2, 2), np.uint16).tobytes()
    for name, value in told.items():
        setattr(ds, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


def write_study(folder: Path, *, study: str, files: int = 2, **told: Any) -> Path:
    """Write a study of one series into a folder."""
    for number in range(files):
        write_dicom(folder / f"im{number}", study=study, **told)
    return folder
