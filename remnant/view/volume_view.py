"""Volumes of the liver, the tumour and the segments, and what their uncertainty comes from."""

from dataclasses import dataclass

from remnant.core.quantity import Interval, Quantity
from remnant.core.volumetry_report import PartVolumes, SegmentVolumes, VolumetryReport
from remnant.view.certainty import Share, burden_classes, origin, origins, shares
from remnant.view.parts import Figure, figure
from remnant.view.segment_state import segments_state
from remnant.view.subject import Subject
from remnant.wording.language import message, say, say_many
from remnant.wording.numbers import ABSENT, ends, percent, plain, sentence
from remnant.wording.reasons import listed
from remnant.wording.volumes import CLASS_WORDS
from remnant.wording.words import SOURCE_NOTES

SURE = message("by measurement error alone: sure")


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure at the head of the page, with what its uncertainty comes from."""

    title: str
    figure: Figure
    shares: tuple[Share, ...]
    origin: str
    remarks: tuple[str, ...]
    of_lesions: bool = False
    of_body_size: bool = False
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Volumes:
    """The volumes of a case.

    ``classes`` are those that the tumour load may belong to, with the draws of 100 of each;
    ``load_class`` is the one of its value and ``within_scan`` tells whether it is only that of the
    part within the scan. ``formula`` is that of the standardised volume.
    """

    total: KeyFigure
    tumour: KeyFigure
    burden: KeyFigure
    functional: KeyFigure
    standardised: KeyFigure
    load_class: str
    within_scan: bool
    classes: tuple[tuple[str, str], ...]
    formula: str

    @property
    def figures(self) -> tuple[KeyFigure, ...]:
        """The key figures in the order of the page."""
        return (self.total, self.tumour, self.burden, self.functional, self.standardised)


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment, or a part of one: its volumes and its share of the liver."""

    name: str
    total: str
    total_range: str
    functional: str
    functional_range: str
    share: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class Segments:
    """The Couinaud segments; ``absent`` says why there are none."""

    absent: str
    state: str
    note: str
    unassigned: str
    rows: tuple[SegmentRow, ...]
    origin: str


def view_volumes(subject: Subject, counted: int) -> Volumes:
    """Return the key volumes; ``counted`` lesions belong to the tumour."""
    volumes = subject.case.volumetry
    standardised = volumes.standardised
    lesions = say_many("{number} lesion counted", "{number} lesions counted", counted)
    known = volumes.tumour_ml.value is not None
    formulas = filter(None, (standardised.formula, standardised.bsa_formula))
    classes = burden_classes(volumes)
    return Volumes(
        total=_key(say("Total liver volume"), volumes.tlv_ml, say("liver with tumour and vessels")),
        tumour=_key(
            say("Tumour volume"), volumes.tumour_ml, lesions if known else "", of_lesions=True
        ),
        burden=_key(
            say("Tumour burden"), volumes.burden_fraction, *_class_remarks(volumes, classes),
            of_lesions=True, fraction=True,
        ),
        functional=_key(
            say("Functional liver volume"), volumes.functional_tlv_ml, say("total minus tumour"),
            of_lesions=True,
        ),
        standardised=_key(
            say("Standardised volume"), standardised.stlv_ml,
            say("expected from body size, {formulas}", formulas=", ".join(formulas)),
            of_body_size=True, source=subject.cite(standardised.source),
        ),
        load_class=CLASS_WORDS[volumes.burden_class] if volumes.burden_class else "",
        within_scan=volumes.burden_fraction.indicative,
        classes=classes,
        formula=standardised.formula,
    )  # fmt: skip


def _key(
    title: str,
    quantity: Quantity,
    *remarks: str,
    fraction: bool = False,
    of_lesions: bool = False,
    of_body_size: bool = False,
    source: int | None = None,
) -> KeyFigure:
    return KeyFigure(
        title=title,
        figure=figure(quantity, "%" if fraction else "mL", fraction=fraction),
        shares=shares(quantity.interval),
        origin=origin(quantity.interval),
        remarks=tuple(filter(None, remarks)),
        of_lesions=of_lesions,
        of_body_size=of_body_size,
        source=source,
    )


def _class_remarks(
    volumes: VolumetryReport, classes: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    if volumes.burden_class is None:
        name = say("class: {absent}", absent=ABSENT)
    else:
        within = say(" within the scan or file") if volumes.burden_fraction.indicative else ""
        name = say(
            "class: {burden_class} of the liver{within}",
            burden_class=CLASS_WORDS[volumes.burden_class],
            within=within,
        )
    if len(classes) == 1:
        return name, say(SURE)
    counts = ", ".join(f"{count} {words}" for words, count in classes)
    return name, say(
        "of 100 draws of the measurement error: {counts}", counts=counts
    ) if classes else ""


def view_segments(subject: Subject) -> Segments:
    """Return the Couinaud segments, or why there are none."""
    volumes = subject.case.volumetry
    known = (volumes.segments or {}).values()
    absent = listed(volumes.segments_reasons) or say("The segments are not known.")
    source = volumes.segment_source
    return Segments(
        absent="" if volumes.segments is not None else absent,
        state=sentence(segments_state(volumes)),
        note="" if source is None else SOURCE_NOTES[source],
        unassigned=plain(volumes.unassigned_ml) if volumes.unassigned_ml else "",
        rows=_segment_rows(volumes),
        origin=origins(volume.functional_interval for volume in known),
    )


def _segment_rows(volumes: VolumetryReport) -> tuple[SegmentRow, ...]:
    rows: list[SegmentRow] = []
    whole = volumes.tlv_ml.value
    for segment, volume in sorted((volumes.segments or {}).items()):
        bound = "≥ " if volume.touches_edge else ""
        rows.append(
            _segment_row(
                segment.name, volume, bound, whole,
                ranges=(volume.total_interval, volume.functional_interval),
            )
        )  # fmt: skip
        if segment.name == "IV":
            parts = sorted((volumes.segment_iv or {}).items())
            rows += [_segment_row(p.name, v, bound, whole) for p, v in parts]
    return tuple(rows)


def _segment_row(
    name: str,
    volume: SegmentVolumes | PartVolumes,
    bound: str,
    whole: float | None,
    *,
    ranges: tuple[Interval | None, Interval | None] = (None, None),
) -> SegmentRow:
    total, functional = ("" if known is None else ends(known) for known in ranges)
    return SegmentRow(
        name=name,
        total=bound + plain(volume.total_ml),
        total_range=total,
        functional=bound + plain(volume.functional_ml),
        functional_range=functional,
        share=percent(volume.total_ml / whole) if whole else "",
        part=isinstance(volume, PartVolumes),
    )
