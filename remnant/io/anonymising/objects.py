"""One DICOM file, and the file that an export has in its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.anonymising.elements import Cleaner
from remnant.io.anonymising.identities import Identities, told_values
from remnant.io.anonymising.kinds import ASKED_FOR, Doubt, Refusal, doubts, refusal
from remnant.io.anonymising.rules import Rules
from remnant.io.anonymising.vocabulary import is_known_word
from remnant.io.dicom_header import is_dicom_file
from remnant.io.dicom_object import read_object
from remnant.io.dicom_slices import series_uid_of, sop_class, sop_uid_of
from remnant.io.faults import is_foreign, quiet

METHOD: Final = "DICOM PS3.15 Basic Profile; unknown words coded or left out"
IDENTIFYING: Final = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName",
    "PatientMotherBirthName", "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers",
    "MedicalRecordLocator", "MilitaryRank", "AccessionNumber", "AdmissionID",
    "ReferringPhysicianName", "PhysiciansOfRecord", "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy", "OperatorsName", "RequestingPhysician", "InstitutionName",
    "InstitutionAddress", "DeviceSerialNumber", "StudyInstanceUID", "SeriesInstanceUID",
    "SOPInstanceUID", "FrameOfReferenceUID",
)  # fmt: skip
"""Whose values are looked for in what is written."""
REQUIRED: Final = (
    "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID",
    "AccessionNumber", "Manufacturer", "PositionReferenceIndicator",
)  # fmt: skip
"""What DICOM wants to be there, empty where it is not known."""
SHORTEST_WORD, SHORTEST_NUMBER = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChoice:
    """What the user asked for.

    Parameters
    ----------
    keep_characteristics
        Whether sex, age, size and weight stay.
    with_captures
        Whether objects are taken in whose pixels there may be text.
    """

    keep_characteristics: bool = False
    with_captures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanObject:
    """A file without identifiers.

    Parameters
    ----------
    patient, case
        Pseudonyms of the patient, and that which a case of this study gets.
    series
        What stands for the identifier of the series.
    content
        The whole file.
    doubts
        What has to be looked at.
    """

    patient: str
    case: str
    series: str
    content: bytes = field(repr=False)
    doubts: frozenset[Doubt] = frozenset()


def clean_object(path: Path, identities: Identities, choice: ExportChoice) -> CleanObject | Refusal:
    """Return what an export has in the place of a file, or why it has nothing.

    Parameters
    ----------
    path
        The file; it is only read.
    identities
        Makes what stands for identifiers.
    choice
        What the user asked for.
    """
    try:
        with quiet():
            if not is_dicom_file(path):
                return Refusal.NOT_DICOM
            return _clean(read_object(path), identities, choice)
    except (UnsupportedSeriesError, MemoryError):
        return Refusal.TOO_LARGE
    except UnreadableFileError:
        return Refusal.DAMAGED
    except Exception as fault:
        # its words may quote a value; it is left out, and the reason counted
        if not is_foreign(fault):
            raise
        return Refusal.DAMAGED


def _clean(
    dataset: FileDataset, identities: Identities, choice: ExportChoice
) -> CleanObject | Refusal:
    why = refusal(dataset)
    if why is not None and not (choice.with_captures and why in ASKED_FOR):
        return why
    patient_id, study_uid = (
        str(dataset.get(name) or "") for name in ("PatientID", "StudyInstanceUID")
    )
    subject = identities.subject(patient_id, study_uid)
    rules = Rules(keep_characteristics=choice.keep_characteristics)
    clean = Cleaner(identities, subject, rules).cleaned(dataset)
    clean.PatientName = clean.PatientID = subject.name
    if choice.keep_characteristics:
        _add_age(clean, dataset)
    for name in REQUIRED:
        if name not in clean:
            setattr(clean, name, "")
    _say_how(clean, choice)
    content = _written(clean, dataset, identities)
    if any(word.search(content) for word in _identifiers(dataset)):
        return Refusal.IDENTIFIER_LEFT
    return CleanObject(
        patient=subject.name,
        case=identities.case(patient_id, study_uid),
        series=identities.uid(series_uid_of(dataset)),
        content=content,
        doubts=doubts(dataset) | ({Doubt.CAPTURES} if why is not None else set()),
    )


def _add_age(clean: Dataset, dataset: Dataset) -> None:
    """Say the age that the dates of birth and study give, where the header does not."""
    born, made = (str(dataset.get(name) or "") for name in ("PatientBirthDate", "StudyDate"))
    if clean.get("PatientAge") or not all(re.fullmatch(r"\d{8}", day) for day in (born, made)):
        return
    years = int(made[:4]) - int(born[:4]) - (made[4:] < born[4:])
    if years >= 0:
        clean.PatientAge = f"{min(years, 90):03d}Y"


def _say_how(clean: Dataset, choice: ExportChoice) -> None:
    done = [
        codes.DCM.BasicApplicationConfidentialityProfile,
        codes.DCM.CleanDescriptorsOption,
        codes.DCM.RetainLongitudinalTemporalInformationModifiedDatesOption,
    ]
    if choice.keep_characteristics:
        done.append(codes.DCM.RetainPatientCharacteristicsOption)
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.DeidentificationMethodCodeSequence = Sequence([_item(code) for code in done])
    clean.LongitudinalTemporalInformationModified = "MODIFIED"


def _item(code: object) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator  # type: ignore[attr-defined]
    item.CodeMeaning = code.meaning  # type: ignore[attr-defined]
    return item


def _written(clean: Dataset, dataset: FileDataset, identities: Identities) -> bytes:
    """Return the file in the source's own encoding, with a meta header made anew."""
    clean.SOPClassUID = sop_class(dataset)
    clean.SOPInstanceUID = identities.uid(sop_uid_of(dataset)) or identities.uid("no object")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = clean.SOPClassUID
    meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    clean.file_meta = meta
    stream = BytesIO()
    dcmwrite(stream, clean, enforce_file_format=True)
    return stream.getvalue()


def _identifiers(dataset: Dataset) -> Iterator[re.Pattern[bytes]]:
    """Yield what finds the identifiers of an object in bytes; short ones are words of anything."""
    texts = {text for name in IDENTIFYING for text in told_values(dataset.get(name))}
    parts = {part for text in texts for part in re.split(r"[\^= ]+", text)}
    for text in (one for one in texts | parts if not is_known_word(one)):
        is_number = re.fullmatch(r"[\d.]+", text) is not None
        if len(text) >= (SHORTEST_NUMBER if is_number else SHORTEST_WORD):
            for encoded in {text.encode("utf-8"), text.encode("latin-1", "ignore")} - {b""}:
                edge = rb"[\d.]" if is_number else rb"[A-Za-z]"
                yield re.compile(
                    rb"(?<!" + edge + rb")" + re.escape(encoded) + rb"(?!" + edge + rb")"
                )
