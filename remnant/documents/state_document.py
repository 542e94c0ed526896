"""``segmentation.json``: what the segment stage knows beside its maps, for the stages after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from remnant.core.corrections import Correction
from remnant.core.findings import Finding
from remnant.core.lesions import Confirmation, IntensityStatistics, PlantedLesion
from remnant.core.provenance import ModelUse
from remnant.core.reasons import Reason
from remnant.core.settings import DEFAULT_SEGMENTATION, SegmentationSettings
from remnant.core.study import Study
from remnant.core.uncertainty import SegmentPlane
from remnant.core.vessels import VesselRoots
from remnant.core.volumes import Phase
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.documents.codec import Codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Digests (sha256) of a map's file and of what it says.

    A program that saves a map anew changes its file, by another compression or header, but not
    what it says: only the latter is a change of the map.
    """

    file: str
    codes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFrom:
    """All that decides what the maps of a case are: the same again gives the same maps.

    Parameters
    ----------
    inputs
        Digest of each input by its role.
    settings_sha256
        Digest of how the inputs were to be read and used, the words of a human included.
    engines
        What found liver, lesions and segments, with the digests of its networks.
    algorithm
        `segmentation.algorithm.ALGORITHM_VERSION` of then.
    revised
        Whether a later command changed the lesions, the segments or what a human said of them.
    edited
        Files of maps that a human changed where they lay, and a later command took over.
    """

    inputs: Mapping[str, str]
    settings_sha256: str
    engines: tuple[str, ...] = ()
    algorithm: int
    revised: bool = False
    edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationState:
    """Facts of a segmented case; its maps are files beside it.

    Parameters
    ----------
    lesions_known, exophytic_known, lesions_core_known, segment_iv_known
        Which of the maps there are; that of the segments is there where ``segment_source`` is.
    maps_sha256
        Digests of the maps by their file names: they tell whether another program changed one.

    All other fields are those of `remnant.pipeline.segmented.SegmentedCase`.
    """

    study: Study
    lesions_known: bool
    exophytic_known: bool = False
    lesions_core_known: bool = False
    segment_iv_known: bool = False
    segment_source: SegmentSource | None = None
    segments_reasons: tuple[Reason, ...] = ()
    segments_confirmation: SegmentsConfirmation | None = None
    segment_plane_mm: Mapping[SegmentPlane, float] | None = None
    segment_models: tuple[str, ...] = ()
    segment_findings: tuple[str, ...] = ()
    confirmations: Mapping[int, Confirmation] = field(default_factory=dict)
    intensities: Mapping[int, IntensityStatistics] = field(default_factory=dict)
    phases: Mapping[int, tuple[Phase, ...]] = field(default_factory=dict)
    vessel_roots: VesselRoots | None = None
    quality: tuple[Finding, ...] = ()
    models: tuple[ModelUse, ...] = ()
    device: str | None = None
    inputs_sha256: Mapping[str, str] = field(default_factory=dict)
    settings: SegmentationSettings = DEFAULT_SEGMENTATION
    seed: int | None = None
    planted: tuple[PlantedLesion, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    made_from: MadeFrom | None = None
    maps_sha256: Mapping[str, Fingerprint] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverState:
    """A liver that an engine found, kept until its lesions are found too; its map lies beside it.

    ``map_sha256`` is the digest of the map's file, the other fields are those of
    `segmentation.port.Segmentation`.
    """

    map_sha256: str
    quality: tuple[Finding, ...] = ()
    models: tuple[ModelUse, ...] = ()
    device: str | None = None


LIVER: Final = Codec(
    LiverState,
    name="kept liver",
    version="1.0",
    advice="delete it, it is found anew",
)
STATE: Final = Codec(
    SegmentationState,
    name="segmentation.json",
    version="2.0",
    advice="run the case again from its scan, or measure it again from its masks, to a new folder",
)
