"""Structure sets (RTSTRUCT) made from masks by another program's outlines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from skimage.measure import find_contours

from remnant.core.geometry import Geometry
from remnant.io.frames import lps_from_ras

CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
FRAME = "1.2.9"


def contours_of(
    mask: NDArray[np.bool_], geometry: Geometry, axis: int = 2
) -> list[NDArray[np.float64]]:
    """Return the outlines of a mask, slice by slice, as corners in RAS mm."""
    return [
        geometry.ras_from_index(np.insert(outline[:-1], axis, k, axis=1))
        for k in range(mask.shape[axis])
        for outline in find_contours(np.take(mask, k, axis).astype(float), 0.5)
    ]


def contour(points_ras: NDArray[np.float64], kind: str = "CLOSED_PLANAR") -> Dataset:
    """Return one contour as DICOM holds it."""
    item = Dataset()
    item.ContourGeometricType = kind
    item.NumberOfContourPoints = len(points_ras)
    item.ContourData = [f"{x:.4f}" for x in lps_from_ras(points_ras).ravel()]
    return item


def roi(
    name: str, contours: Sequence[Any], *, code: tuple[str, str] | None = None
) -> tuple[str, list[Dataset], tuple[str, str] | None]:
    """Return a structure to be written: its name, its contours, its code."""
    return name, [c if isinstance(c, Dataset) else contour(c) for c in contours], code


def structure_set(
    path, *rois, frame=FRAME, series="1.2.3.1", images=(), study="1.2.3", change=None
):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CLASS, "1.2.3.88"
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, "1.2.3.4"
    made: Any = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = CLASS, "1.2.3.88"
    made.Modality, made.PatientName, made.StudyInstanceUID = "RTSTRUCT", "Doe^Jane", "1.2.3"
    made.StructureSetROISequence, made.ROIContourSequence = [], []
    made.RTROIObservationsSequence = []
    made.ReferencedFrameOfReferenceSequence = [_referenced(frame, series, images)]
    for number, (name, contours, code) in enumerate(rois, start=1):
        named, drawn, observed = Dataset(), Dataset(), Dataset()
        named.ROINumber, named.ROIName, named.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, contours
        observed.ReferencedROINumber = number
        if code is not None:
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = *code, "x"
            observed.RTROIIdentificationCodeSequence = [item]
        made.StructureSetROISequence.append(named)
        made.ROIContourSequence.append(drawn)
        made.RTROIObservationsSequence.append(observed)
    if change is not None:
        change(made)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def _referenced(frame: str, series: str, images: Sequence[str]) -> Dataset:
    item, study, listed = Dataset(), Dataset(), Dataset()
    item.FrameOfReferenceUID = frame
    listed.SeriesInstanceUID = series
    listed.ContourImageSequence = []
    for uid in images:
        image = Dataset()
        image.ReferencedSOPInstanceUID = uid
        listed.ContourImageSequence.append(image)
    study.RTReferencedSeriesSequence = [listed]
    item.RTReferencedStudySequence = [study]
    return item
