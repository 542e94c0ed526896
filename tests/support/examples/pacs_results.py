"""Small DICOM objects, and what stands in for the pipeline.

``python -m examples.pacs_results STUDY CASE`` writes results of a study.
"""

import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from remnant.io.dicom_results.heads import minted_uid

RESULTS = 3
PATIENT = "Planted^Person"
PATIENT_ID = "PLANTED-ID-7"


def ct_slice(study, number, *, side=8, patient=PATIENT):
    """Return a small slice of a study."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = minted_uid("slice", study, f"{number}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.Modality, ds.PatientName, ds.PatientID = "CT", patient, PATIENT_ID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, minted_uid("series", study)
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.StudyID = ""
    ds.InstanceNumber, ds.SeriesNumber = number, 1
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = np.full((side, side), number, np.uint16).tobytes()
    return ds


def write_results(study, case):
    """Write results whose identifiers follow from the study's objects, as the real ones do."""
    objects = sorted(study.glob("*.dcm"))
    first = dcmread(objects[0], stop_before_pixels=True)
    uids = sorted(str(dcmread(o, stop_before_pixels=True).SOPInstanceUID) for o in objects)
    folder = case / "dicom"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, RESULTS + 1):
        ds = ct_slice(str(first.StudyInstanceUID), number)
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
        ds.SOPInstanceUID = minted_uid("result", f"{number}", *uids)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.SeriesInstanceUID = minted_uid("results", *uids)
        ds.Modality, ds.ConversionType = "OT", "SYN"
        ds.save_as(folder / f"result_{number}.dcm", enforce_file_format=True)


if __name__ == "__main__":
    write_results(Path(sys.argv[1]), Path(sys.argv[2]))
