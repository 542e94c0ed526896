"""The maps of a case as DICOM segmentations: anatomy, lesions, plan."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.labels import STRUCTURE_SCHEME, VESSELS, Structure
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.map_description import MapDescription, NamedLabel
from remnant.core.volumes import LabelMap
from remnant.io.dicom_results.heads import ResultKind
from remnant.io.dicom_results.references import tracking_id, tracking_uid
from remnant.pictures.palette import LIVER_COLOUR
from remnant.pipeline.case_files import COUINAUD, LESIONS, STRUCTURES
from remnant.pipeline.descriptions import describe, describe_plan
from remnant.pipeline.dicom_results.result_source import ResultSource
from remnant.wording import dicom

if TYPE_CHECKING:
    from remnant.io.dicom_results.segmentation import Content, Segment

SHORT_TITLES: Final = {
    ResultKind.SEG_ANATOMY: "LIVER_ANATOMY",
    ResultKind.SEG_LESIONS: "LIVER_LESIONS",
    ResultKind.SEG_PLAN: "LIVER_PLAN",
}
TITLES: Final = {
    ResultKind.SEG_ANATOMY: dicom.ANATOMY_TITLE,
    ResultKind.SEG_LESIONS: dicom.SEG_LESIONS_TITLE,
    ResultKind.SEG_PLAN: dicom.PLAN_TITLE,
}
LIVER_CODES: Final = frozenset(int(label.code) for label in STRUCTURE_SCHEME.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Segments of one map, which do not overlap, and the codes that each of them has there."""

    segments: "tuple[Segment, ...]"
    codes: NDArray[Any]
    of_segment: tuple[Collection[int], ...]


def segmentations(source: ResultSource, *, labelmap: bool) -> Iterator[tuple[ResultKind, Any]]:
    """Make the segmentations of a case.

    Parameters
    ----------
    source
        The case with the record of its images.
    labelmap
        Whether as LABELMAP, which holds each voxel once, instead of BINARY: there the liver is
        the union of the segments of its object, and vessels are left out.

    Yields
    ------
    tuple
        Kind, and the object with its ``save_as``. Nothing where there is nothing to mark: no
        lesion that counts, or no plan. Rejected lesions are left out.

    Raises
    ------
    UnsupportedSeriesError
        The header of the images cannot be carried over.
    """
    # late: highdicom takes half a second to load
    from remnant.io.dicom_results.segmentation import segmentation

    for content in _contents(source, labelmap=labelmap):
        made = segmentation(source.record, source.results, content, labelmap=labelmap)
        if made is not None:
            yield content.kind, made


def _contents(source: ResultSource, *, labelmap: bool) -> "Iterator[Content]":
    anatomy = _flat_anatomy(source) if labelmap else _anatomy(source)
    yield _content(source, ResultKind.SEG_ANATOMY, anatomy)
    lesions = source.case.maps.lesions
    if lesions is not None and source.report.volumetry.counted_lesions:
        yield _content(source, ResultKind.SEG_LESIONS, [_lesions(source, lesions)])
    if source.plan_map is not None:
        yield _content(source, ResultKind.SEG_PLAN, [_plan(source.plan_map)])


def _content(source: ResultSource, kind: ResultKind, groups: Sequence[_Group]) -> "Content":
    from remnant.io.dicom_results.segmentation import Content, Layer

    layers, before = [], 0
    for group in groups:
        numbered = enumerate(group.of_segment, start=before + 1)
        numbers = {code: number for number, codes in numbered for code in codes}
        layers.append(Layer(codes=group.codes, numbers=numbers))
        before += len(group.segments)
    return Content(
        kind=kind,
        title=TITLES[kind],
        short_title=SHORT_TITLES[kind],
        segments=tuple(segment for group in groups for segment in group.segments),
        layers=tuple(layers),
        parameters={model.id: model.version for model in source.case.models},
    )


def _anatomy(source: ResultSource) -> list[_Group]:
    """Return the liver as a whole, its segments and its vessels, which overlap."""
    structures, couinaud = source.case.maps.structures, source.case.division.couinaud
    known = describe(source.case, STRUCTURES, ())
    groups = [_liver(known, structures.codes, name=dicom.WHOLE)]
    if couinaud is not None:
        groups.append(_divided(source, couinaud))
    vessels = sorted(structures.present() & VESSELS)
    if vessels:
        groups.append(_group(_described(known, vessels), structures.codes))
    return groups


def _flat_anatomy(source: ResultSource) -> list[_Group]:
    """Return the segments, and what of the liver is in none; the whole liver without segments."""
    structures, couinaud = source.case.maps.structures, source.case.division.couinaud
    known = describe(source.case, STRUCTURES, ())
    if couinaud is None:
        return [_liver(known, structures.codes, name=dicom.WHOLE)]
    rest = np.where(couinaud.codes == 0, structures.codes, 0)
    outside = [_liver(known, rest, name=dicom.REST)] if rest.any() else []
    return [_divided(source, couinaud), *outside]


def _liver(known: MapDescription, codes: NDArray[Any], *, name: str) -> _Group:
    parenchyma = next(x for x in known.labels if x.code == Structure.PARENCHYMA)
    label = replace(parenchyma, name=name, colour=LIVER_COLOUR)
    return _Group((_segment(label, known),), codes, (LIVER_CODES,))


def _divided(source: ResultSource, couinaud: LabelMap) -> _Group:
    """Return the segments as they are measured: what lies outside the liver is in none."""
    structures = source.case.maps.structures
    codes = np.where(structures.codes > 0, couinaud.codes, 0)
    known = describe(source.case, COUINAUD, ())
    remark = dicom.ESTIMATED if source.report.volumetry.segments_need_review else ""
    return _group(_described(known, sorted(couinaud.present() - {0}), remark=remark), codes)


def _plan(plan_map: LabelMap) -> _Group:
    segments = _described(describe_plan(), sorted(plan_map.present() - {0}))
    return _group(segments, plan_map.codes)


def _described(
    known: MapDescription, codes: Sequence[int], *, remark: str = ""
) -> "tuple[Segment, ...]":
    labels = {label.code: label for label in known.labels}
    return tuple(_segment(labels[code], known, remark=remark) for code in codes)


def _segment(label: NamedLabel, known: MapDescription, *, remark: str = "") -> "Segment":
    from remnant.io.dicom_results.segmentation import Segment

    return Segment(label=label, map=known.map, name=label.name, remark=remark)


def _group(segments: "tuple[Segment, ...]", codes: NDArray[Any]) -> _Group:
    return _Group(segments, codes, tuple((segment.label.code,) for segment in segments))


def _lesions(source: ResultSource, lesions: LabelMap) -> _Group:
    """Return the lesions that count, in the order of their numbers: the report refers to it."""
    counted = {lesion.id: lesion for lesion in source.report.volumetry.counted_lesions}
    known = describe(source.case, LESIONS, sorted(counted))
    segments = tuple(
        _lesion(source, segment, counted[segment.label.code])
        for segment in _described(known, sorted(counted))
    )
    return _group(segments, lesions.codes)


def _lesion(source: ResultSource, segment: "Segment", lesion: Lesion) -> "Segment":
    from remnant.io.dicom_results.segmentation import Tracking

    name = tracking_id(lesion.id)
    unread = lesion.confirmation is Confirmation.AUTOMATIC
    return replace(
        segment,
        name=name + dicom.UNCONFIRMED * unread,
        remark=dicom.REMARKS[lesion.confirmation],
        tracking=Tracking(id=name, uid=tracking_uid(source.record, source.origin, lesion.id)),
    )
