"""The report as an Encapsulated PDF, and what it shares with other objects that are no images.

highdicom has no class for it: the modules are those of PS3.3, A.45.1 (patient, general study,
encapsulated document series, general equipment, SC equipment, encapsulated document, SOP common).
"""

from collections.abc import Iterator
from typing import Final

from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from remnant.io.dicom_results.heads import (
    DEVICE_SERIAL_NUMBER,
    MANUFACTURER,
    MODEL_NAME,
    SERIES_NUMBERS,
    ResultKind,
    ResultSet,
)
from remnant.io.dicom_results.measurement_codes import REPORT_TITLE
from remnant.io.dicom_results.references import content_time, state_creation, state_subject
from remnant.io.dicom_results.source_record import UTF_8, SourceRecord

IMPLEMENTATION: Final = "2.25.309412385790340529846518236207531944122"
IMPLEMENTATION_NAME: Final = "REMNANT"
WORKSTATION: Final = "WSD"
PDF: Final = "application/pdf"
DESCRIPTION: Final = "remnant: report as PDF (research use only)"
DOCUMENT: Final = "DOC"
NO: Final = "NO"
PREAMBLE: Final = b"\0" * 128


def encapsulated_pdf(
    pdf: bytes, *, title: str, record: SourceRecord, results: ResultSet
) -> FileDataset:
    """Return a PDF as a DICOM object.

    Parameters
    ----------
    pdf
        The document, as it comes out again.
    title
        Of the document.
    record
        The images that it reports on.
    results
        Identifiers and time.

    Returns
    -------
    pydicom.dataset.FileDataset
        Encapsulated PDF with its file meta information. It says that nothing burned in identifies
        the person: a report names a pseudonym alone.
    """
    document = new_object(ResultKind.REPORT, EncapsulatedPDFStorage, record, results)
    document.Modality = DOCUMENT
    document.SeriesDescription = DESCRIPTION
    document.AcquisitionDateTime = record.dataset.get("AcquisitionDateTime")
    document.BurnedInAnnotation = NO
    document.SourceInstanceSequence = list(source_instances(record))
    document.DocumentTitle = title
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator = REPORT_TITLE.value, REPORT_TITLE.scheme
    concept.CodeMeaning = REPORT_TITLE.meaning
    document.ConceptNameCodeSequence = [concept]
    document.MIMETypeOfEncapsulatedDocument = PDF
    document.EncapsulatedDocumentLength = len(pdf)
    # a value has an even length
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return document


def new_object(
    kind: ResultKind,
    sop_class_uid: str,
    record: SourceRecord,
    results: ResultSet,
    *,
    number: int = 1,
) -> FileDataset:
    """Return an object with all but its own modules: subject, series, equipment, SOP common."""
    uid = results.object_uid(kind, number)
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class_uid, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    made = FileDataset("", {}, file_meta=meta, preamble=PREAMBLE)
    made.SpecificCharacterSet = UTF_8
    made.SOPClassUID, made.SOPInstanceUID = sop_class_uid, uid
    state_subject(made, record)
    made.SeriesInstanceUID = results.series_uid(kind)
    made.SeriesNumber = SERIES_NUMBERS[kind]
    made.InstanceNumber = number
    _state_equipment(made, results)
    _state_time(made, record, results)
    return made


def _state_equipment(made: Dataset, results: ResultSet) -> None:
    made.ConversionType = WORKSTATION
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    made.DeviceSerialNumber, made.SoftwareVersions = DEVICE_SERIAL_NUMBER, results.software
    made.SecondaryCaptureDeviceManufacturer = MANUFACTURER
    made.SecondaryCaptureDeviceManufacturerModelName = MODEL_NAME
    made.SecondaryCaptureDeviceSoftwareVersions = results.software


def _state_time(made: Dataset, record: SourceRecord, results: ResultSet) -> None:
    at = content_time(results, record)
    made.SeriesDate = made.ContentDate = at.strftime("%Y%m%d")
    made.SeriesTime = made.ContentTime = at.strftime("%H%M%S")
    state_creation(made, at)


def source_instances(record: SourceRecord) -> Iterator[Dataset]:
    """Give references to the images of a record, each once."""
    for uid in dict.fromkeys(plane.sop_instance_uid for plane in record.planes):
        image = Dataset()
        image.ReferencedSOPClassUID = record.sop_class_uid
        image.ReferencedSOPInstanceUID = uid
        yield image
