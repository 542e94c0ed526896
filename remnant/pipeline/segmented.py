"""What the segment stage hands on: one case's maps and what is known about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from remnant.core.corrections import Correction
from remnant.core.findings import Finding
from remnant.core.lesions import Confirmation, IntensityStatistics, PlantedLesion
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Reason
from remnant.core.settings import DEFAULT_SEGMENTATION, SegmentationSettings
from remnant.core.study import Study
from remnant.core.uncertainty import SegmentPlane
from remnant.core.vessels import VesselRoots
from remnant.core.volumes import ImageVolume, LabelMap, Phase
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.documents.state_document import MadeFrom

if TYPE_CHECKING:
    from remnant.io.dicom_results.source_record import SourceRecord
    from segmentation.port import Segmentation
    from segmentation.postprocess import Reconciled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseMaps:
    """Liver and lesions of a case, on one grid.

    Parameters
    ----------
    structures
        Codes of ``STRUCTURE_SCHEME``.
    lesions
        Lesion instances, rejected ones included; ``None`` when no lesion map was given: then the
        tumour is unknown, not absent.
    exophytic
        Voxels that count as liver only because a lesion outside the liver mask covers them;
        ``None`` when there are none.
    lesions_core
        What a first network marked of the lesions, where their outlines were refined afterwards;
        ``None`` where they were not.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    """

    structures: LabelMap
    lesions: LabelMap | None
    exophytic: LabelMap | None = None
    lesions_core: LabelMap | None = None

    def __post_init__(self) -> None:
        others = {
            "lesion": self.lesions,
            "exophytic": self.exophytic,
            "core": self.lesions_core,
        }
        for what, labels in others.items():
            if labels is not None:
                self.structures.geometry.require_same_grid(
                    labels.geometry, what=f"the {what} map", reference="the structures map"
                )


def maps_of(found: "Segmentation | Reconciled") -> CaseMaps:
    """Return the maps of what an engine found, or of masks that agree."""
    return CaseMaps(structures=found.structures, lesions=found.lesions, exophytic=found.exophytic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """The Couinaud segments of a case, and all that comes and goes with them.

    Parameters
    ----------
    couinaud, source, reasons
        Couinaud segments and where they came from; ``None`` with the reasons without segments.
    confirmation
        Who confirmed the segments and when; ``None`` while nobody did.
    plane_mm
        How far each plane between segments may be off, where their source says so, else ``None``.
    segment_iv
        Codes of ``SEGMENT_IV_SCHEME`` in segment IV; ``None`` unless the parts were asked for.
    models, findings
        Which of the case's models (by id) divided the liver, and which of its quality findings (by
        id) are about its division: they go when it is divided anew.
    """

    couinaud: LabelMap | None = None
    source: SegmentSource | None = None
    reasons: tuple[Reason, ...] = ()
    confirmation: SegmentsConfirmation | None = None
    plane_mm: Mapping[SegmentPlane, float] | None = None
    segment_iv: LabelMap | None = None
    models: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


UNDIVIDED: Final = Division()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedCase:
    """One case on the source grid.

    Parameters
    ----------
    study
        What was segmented.
    maps
        Its liver and lesions.
    division
        Its Couinaud segments.
    confirmations
        What a human said about each lesion; lesions left out are automatic, or given.
    intensities
        Of the scan in each lesion; lesions left out have none: there was no scan, or a human drew
        them after it was read.
    phases
        Contrast phases that each lesion was seen in, where several images were looked at; lesions
        left out have none.
    vessel_roots
        Where the trees of the structures map begin; ``None`` where it has none, or they are not
        known: then their branches have no names.
    preview
        Small windowed image around the liver for the report's pictures; ``None`` without image.
    quality
        Checks made so far.
    models, device
        Networks that ran and where; empty and ``None`` when the masks were given.
    inputs_sha256
        Digest of each input by role.
    settings
        What it was made of and how it was divided.
    seed
        Seed of the planted metastases; ``None`` outside the demo.
    planted
        The demo's synthetic metastases; empty for every real case.
    seconds
        Wall time by stage.
    made_from
        What decided the maps, so that they can be taken up; ``None`` where nobody kept it.
    corrections
        Audit trail of what persons drew in it by hand, each version that came of it.
    source_record
        What results in DICOM have to know of the images, identifiers among it, of a case that was
        made from them just now; ``None`` of a stored case, whose record stays in its file.
    """

    study: Study
    maps: CaseMaps
    division: Division = UNDIVIDED
    confirmations: Mapping[int, Confirmation] = field(default_factory=dict)
    intensities: Mapping[int, IntensityStatistics] = field(default_factory=dict)
    phases: Mapping[int, tuple[Phase, ...]] = field(default_factory=dict)
    vessel_roots: VesselRoots | None = None
    preview: ImageVolume | None = None
    quality: tuple[Finding, ...] = ()
    models: tuple[ModelUse, ...] = ()
    device: str | None = None
    inputs_sha256: Mapping[str, str] = field(default_factory=dict)
    settings: SegmentationSettings = DEFAULT_SEGMENTATION
    seed: int | None = None
    planted: tuple[PlantedLesion, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    made_from: MadeFrom | None = None
    corrections: tuple[Correction, ...] = ()
    source_record: "SourceRecord | None" = field(default=None, repr=False)


def merged_findings(
    earlier: tuple[Finding, ...], later: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return both, a later check in place of an earlier one of the same name."""
    replaced = {finding.id for finding in later}
    return tuple(finding for finding in earlier if finding.id not in replaced) + later
