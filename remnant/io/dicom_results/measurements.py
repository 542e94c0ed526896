"""Measurements as a structured report: TID 1500 in a Comprehensive 3D SR.

What is measured and said comes from the caller; here it gets its place in the templates. A number
that is absent has no content item: an empty one, which the standard has too, stops viewers. Its
reason stands as a comment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    Comprehensive3DSR,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    ImageContentItem,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    QualitativeEvaluation,
    ReferencedSegment,
    RelationshipTypeValues,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    UIDRefContentItem,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

from remnant.core.quantity import Interval, Quantity
from remnant.io.dicom_results.heads import (
    DEVICE_SERIAL_NUMBER,
    MANUFACTURER,
    MODEL_NAME,
    SERIES_NUMBERS,
    ResultKind,
    ResultSet,
    minted_uid,
)
from remnant.io.dicom_results.measurement_codes import (
    BOUNDS,
    BRITISH,
    COMMENT,
    EQUATION,
    INDICATIVE,
    LOWER_RANGE,
    MEASURES,
    MODALITIES,
    OTHER_PROCEDURE,
    PIXELS,
    PROCEDURES,
    RELATION,
    SCHEME,
    SCHEME_NAME,
    SOURCE_IMAGE,
    UPPER_RANGE,
    Measure,
    Term,
)
from remnant.io.dicom_results.references import (
    SegmentReference,
    content_time,
    evidence,
    state_creation,
    state_subject,
)
from remnant.io.dicom_results.source_record import UTF_8, SourceRecord

DESCRIPTION: Final = "remnant: measurements (research use only)"
NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("^=\\", " "))
"""They part the components of a person's name."""
NO_ORGANISATION: Final = "not stated"
LONGEST_NAME: Final = 64
FIGURES: Final = 6
Rel = RelationshipTypeValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A measure with its quantity in the unit of `MEASURES`.

    ``method`` stands in the place of the measure's own; ``equation`` is that of another quantity
    that it rests on.
    """

    measure: Measure
    quantity: Quantity
    method: Term | None = None
    equation: Term | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A coded answer to a question."""

    question: Term
    answer: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One measurement group.

    Parameters
    ----------
    name, uid
        What is tracked, for people and for programs.
    finding
        What it is.
    sites
        Where it is, the main one first.
    segment
        The voxels that were measured; ``None`` where no one segment holds them.
    numbers, answers, comments
        What was measured and said; numbers without a value are left out.
    """

    name: str
    uid: str
    finding: Term
    sites: tuple[Term, ...]
    segment: SegmentReference | None = None
    numbers: tuple[Number, ...] = ()
    answers: tuple[Answer, ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """That a named person answers for everything that a report says of its findings."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who and what made the content.

    Parameters
    ----------
    persons
        Everyone who drew or confirmed something, as typed.
    verification
        ``None`` while no one person confirmed all.
    parameters
        What the program was set to, one a line: networks and digests.
    networks
        Whether a network took part.
    """

    persons: tuple[str, ...]
    verification: Verification | None
    parameters: tuple[str, ...]
    networks: bool


def measurement_report(
    groups: Sequence[Group], *, origin: Origin, record: SourceRecord, results: ResultSet
) -> Dataset:
    """Return the structured report.

    Parameters
    ----------
    groups
        Measurement groups in order.
    origin
        Who and what made them.
    record
        The images that were measured.
    results
        Identifiers and time.

    Returns
    -------
    pydicom.Dataset
        Comprehensive 3D SR with its file meta information; the same input gives the same bytes.
    """
    images = evidence(record)
    content = MeasurementReport(
        observation_context=_observers(origin, results),
        procedure_reported=_procedure(record),
        imaging_measurements=[_group(group, origin, record, results) for group in groups],
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            coded(BRITISH)
        ),
    )
    content[0].ContentSequence.insert(-1, _library(images))
    made = content_time(results, record)
    document = Comprehensive3DSR(
        evidence=[*images, *_segmentations(groups, images[0])],
        content=content,
        series_instance_uid=results.series_uid(ResultKind.MEASUREMENTS),
        series_number=SERIES_NUMBERS[ResultKind.MEASUREMENTS],
        sop_instance_uid=results.object_uid(ResultKind.MEASUREMENTS),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=origin.verification is not None,
        series_description=DESCRIPTION,
        manufacturer_model_name=MODEL_NAME,
        software_versions=results.software,
        device_serial_number=DEVICE_SERIAL_NUMBER,
        content_date=made.date(),
        content_time=made.time(),
        series_date=made.date(),
        series_time=made.time(),
        specific_character_set=UTF_8,
        coding_schemes=[CodingSchemeIdentificationItem(designator=SCHEME, name=SCHEME_NAME)],
    )
    state_subject(document, record)
    state_creation(document, made)
    if origin.verification is not None:
        _verify(document, origin.verification, record)
    return document


def person_name(typed: str) -> str:
    """Return a name that a person typed as one that DICOM takes: all of it one component.

    >>> person_name("Dr. Ann Lee")
    'Dr. Ann Lee^'
    """
    return f"{typed.translate(NOT_IN_NAMES).strip()[: LONGEST_NAME - 1]}^"


def coded(term: Term) -> CodedConcept:
    """Return a term as highdicom takes it."""
    return CodedConcept(term.value, term.scheme, term.meaning)


def _verify(document: Dataset, verification: Verification, record: SourceRecord) -> None:
    observer = Dataset()
    observer.VerifyingObserverName = person_name(verification.name)
    organisation = record.dataset.get("InstitutionName")
    observer.VerifyingOrganization = str(organisation or NO_ORGANISATION)
    observer.VerificationDateTime = verification.at.strftime("%Y%m%d%H%M%S%z")
    observer.VerifyingObserverIdentificationCodeSequence = []
    document.VerifyingObserverSequence = [observer]
    document.VerificationFlag = "VERIFIED"


def _observers(origin: Origin, results: ResultSet) -> ObservationContext:
    device = ObserverContext(
        observer_type=CodedConcept.from_code(codes.DCM.Device),
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=minted_uid(MANUFACTURER, results.software),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=f"{MODEL_NAME} {results.software}",
            serial_number=DEVICE_SERIAL_NUMBER,
        ),
    )
    context = ObservationContext(observer_device_context=device)
    for name in origin.persons:
        context.extend(
            ObserverContext(
                observer_type=CodedConcept.from_code(codes.DCM.Person),
                observer_identifying_attributes=PersonObserverIdentifyingAttributes(
                    name=person_name(name)
                ),
            )
        )
    return context


def _procedure(record: SourceRecord) -> CodedConcept:
    modality = str(record.dataset.get("Modality") or "")
    return coded(PROCEDURES.get(modality, OTHER_PROCEDURE))


def _library(images: Sequence[Dataset]) -> ContainerContentItem:
    """Return the image library, TID 1600: what all images share is said once.

    highdicom's own says it of each image, which takes seconds for a series.
    """
    first = images[0]
    group = ContainerContentItem(codes.DCM.ImageLibraryGroup, relationship_type=Rel.CONTAINS)
    group.ContentSequence = ContentSequence([*_shared(first), *map(_library_entry, images)])
    library = ContainerContentItem(codes.DCM.ImageLibrary, relationship_type=Rel.CONTAINS)
    library.ContentSequence = ContentSequence([group])
    return library


def _shared(image: Dataset) -> Iterator[ContentItem]:
    if image.get("Modality") in MODALITIES:
        modality = MODALITIES[image.Modality]
        yield CodeContentItem(codes.DCM.Modality, coded(modality), Rel.HAS_ACQ_CONTEXT)
    if image.get("FrameOfReferenceUID"):
        yield UIDRefContentItem(
            codes.DCM.FrameOfReferenceUID, image.FrameOfReferenceUID, Rel.HAS_ACQ_CONTEXT
        )
    for name, value in (
        (codes.DCM.PixelDataRows, image.Rows),
        (codes.DCM.PixelDataColumns, image.Columns),
    ):
        yield NumContentItem(name, value, coded(PIXELS), relationship_type=Rel.HAS_ACQ_CONTEXT)


def _library_entry(image: Dataset) -> ImageContentItem:
    return ImageContentItem(
        name=coded(SOURCE_IMAGE),
        referenced_sop_class_uid=image.SOPClassUID,
        referenced_sop_instance_uid=image.SOPInstanceUID,
        relationship_type=Rel.CONTAINS,
    )


def _segmentations(groups: Sequence[Group], image: Dataset) -> Iterator[Dataset]:
    """Give the segmentation objects that groups refer to, as far as a reference needs them."""
    for segment in {group.segment.sop_instance_uid: group.segment for group in groups
                    if group.segment is not None}.values():  # fmt: skip
        known = Dataset()
        known.StudyInstanceUID = image.StudyInstanceUID
        known.SeriesInstanceUID = segment.series_uid
        known.SOPClassUID = segment.sop_class_uid
        known.SOPInstanceUID = segment.sop_instance_uid
        yield known


def _group(
    group: Group, origin: Origin, record: SourceRecord, results: ResultSet
) -> MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations:
    content = {
        "tracking_identifier": TrackingIdentifier(uid=group.uid, identifier=group.name),
        "finding_type": coded(group.finding),
        "finding_sites": [FindingSite(anatomic_location=coded(site)) for site in group.sites],
        "algorithm_id": AlgorithmIdentification(
            name=MODEL_NAME,
            version=results.software,
            parameters=origin.parameters or None,
            family=codes.DCM.ArtificialIntelligence if origin.networks else None,
        ),
        "measurements": [_number(one) for one in group.numbers if one.quantity.value is not None],
        "qualitative_evaluations": [
            QualitativeEvaluation(coded(one.question), coded(one.answer)) for one in group.answers
        ],
    }
    made = (
        MeasurementsAndQualitativeEvaluations(**content)
        if group.segment is None
        else VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=_segment(group.segment, record), **content
        )
    )
    for text in group.comments:
        made[0].ContentSequence.append(_text(text, Rel.CONTAINS))
    return made


def _segment(segment: SegmentReference, record: SourceRecord) -> ReferencedSegment:
    return ReferencedSegment(
        sop_class_uid=segment.sop_class_uid,
        sop_instance_uid=segment.sop_instance_uid,
        segment_number=segment.segment_number,
        source_series=SourceSeriesForSegmentation(str(record.dataset.SeriesInstanceUID)),
    )


def _number(number: Number) -> Measurement:
    measured = MEASURES[number.measure]
    value = _stored(number.quantity.value or 0.0)
    made = Measurement(
        name=coded(measured.name),
        value=value,
        unit=coded(measured.unit),
        method=coded(number.method or measured.method),
    )
    inner: ContentSequence = made[0].ContentSequence
    if number.equation is not None:
        inner.append(_code(EQUATION, number.equation, Rel.INFERRED_FROM))
    inner.extend(_ranges(value, number.quantity.interval, measured.unit))
    inner.extend(_relation(number.quantity))
    return made


def _stored(value: float) -> float:
    """Return a value with six figures: more would say what no mask knows."""
    return float(f"{value:.{FIGURES}g}")


def _ranges(value: float, interval: Interval | None, unit: Term) -> Iterator[NumContentItem]:
    """Give how far the ends of the interval lie from the value.

    None where the value lies beyond an end, and of an interval without width, which says only that
    no modelled error changes the value.
    """
    if interval is None or interval.low == interval.high:
        return
    if not interval.low <= value <= interval.high:
        return
    for term, size in ((UPPER_RANGE, interval.high - value), (LOWER_RANGE, value - interval.low)):
        yield NumContentItem(
            name=coded(term),
            value=_stored(size),
            unit=coded(unit),
            relationship_type=Rel.HAS_PROPERTIES,
        )


def _relation(quantity: Quantity) -> Iterator[ContentItem]:
    if quantity.indicative:
        yield _code(RELATION, INDICATIVE, Rel.HAS_PROPERTIES)
    elif quantity.bound is not None:
        yield _code(RELATION, BOUNDS[quantity.bound], Rel.HAS_PROPERTIES)


def _code(name: Term, value: Term, relation: RelationshipTypeValues) -> CodeContentItem:
    return CodeContentItem(name=coded(name), value=coded(value), relationship_type=relation)


def _text(text: str, relation: RelationshipTypeValues) -> TextContentItem:
    return TextContentItem(name=coded(COMMENT), value=text, relationship_type=relation)
