"""Drawn images as secondary captures, one frame each: for a PACS that shows nothing else."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.uid import SecondaryCaptureImageStorage

from remnant.core.errors import InputError
from remnant.io.dicom_results.encapsulated_report import new_object, source_instances
from remnant.io.dicom_results.heads import ResultKind, ResultSet
from remnant.io.dicom_results.source_record import SourceRecord

DESCRIPTION: Final = "remnant: key images (research use only)"
DERIVATION: Final = "Drawn from the images, with outlines and figures burned in"
OTHER: Final = "OT"
BODY_PART: Final = "LIVER"
NO: Final = "NO"
CHANNELS: Final = 3


def capture(
    pixels: NDArray[np.uint8],
    *,
    number: int,
    title: str,
    record: SourceRecord,
    results: ResultSet,
) -> FileDataset:
    """Return one drawn image as a DICOM object.

    Parameters
    ----------
    pixels
        RGB, shape ``(rows, columns, 3)``.
    number
        In its series, from 1.
    title
        What is seen.
    record
        The images that it was drawn from.
    results
        Identifiers and time.

    Returns
    -------
    pydicom.dataset.FileDataset
        Secondary Capture Image with its file meta information, uncompressed. It says that nothing
        burned in identifies the person: a pseudonym alone is.

    Raises
    ------
    InputError
        The pixels are no RGB image of 8 bits.
    """
    if pixels.ndim != CHANNELS or pixels.shape[2] != CHANNELS or pixels.dtype != np.uint8:
        raise InputError(
            f"a capture is RGB of shape (rows, columns, 3) and 8 bits, got {pixels.shape} of "
            f"{pixels.dtype}"
        )
    made = new_object(
        ResultKind.CAPTURES, SecondaryCaptureImageStorage, record, results, number=number
    )
    made.Modality = OTHER
    made.SeriesDescription = DESCRIPTION
    made.BodyPartExamined = BODY_PART
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = None
    made.ImageComments = title
    made.DerivationDescription = DERIVATION
    made.SourceImageSequence = list(source_instances(record))
    made.BurnedInAnnotation = made.RecognizableVisualFeatures = NO
    made.LossyImageCompression = "00"
    made.DateOfSecondaryCapture, made.TimeOfSecondaryCapture = made.ContentDate, made.ContentTime
    made.SamplesPerPixel, made.PhotometricInterpretation = CHANNELS, "RGB"
    made.PlanarConfiguration, made.PixelRepresentation = 0, 0
    made.Rows, made.Columns = pixels.shape[:2]
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = np.ascontiguousarray(pixels).tobytes()
    if len(made.PixelData) % 2:
        made.PixelData += b"\0"
    return made
