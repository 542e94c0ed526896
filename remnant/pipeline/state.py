"""A segmented case's facts to its file and back; its maps are written beside it."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from remnant.core.volumes import LabelMap
from remnant.documents.state_document import STATE, Fingerprint, SegmentationState
from remnant.pipeline.segmented import Division, SegmentedCase

OF_DIVISION: Final[Mapping[str, str]] = {
    "segment_source": "source",
    "segments_reasons": "reasons",
    "segments_confirmation": "confirmation",
    "segment_plane_mm": "plane_mm",
    "segment_models": "models",
    "segment_findings": "findings",
}
"""Facts of a case's division by their names in its file."""
NO_FINGERPRINTS: Final[Mapping[str, Fingerprint]] = MappingProxyType({})


def write_state(
    case: SegmentedCase, path: Path, *, fingerprints: Mapping[str, Fingerprint] = NO_FINGERPRINTS
) -> None:
    """Write a case's facts.

    ``fingerprints``, by the maps' file names, tell whether another program changes one later.
    """
    state = SegmentationState(
        **facts_of(case),
        **{name: getattr(case.division, fact) for name, fact in OF_DIVISION.items()},
        lesions_known=case.maps.lesions is not None,
        exophytic_known=case.maps.exophytic is not None,
        lesions_core_known=case.maps.lesions_core is not None,
        segment_iv_known=case.division.segment_iv is not None,
        maps_sha256=fingerprints,
    )
    STATE.write(state, path)


def read_state(path: Path) -> SegmentationState:
    """Read a case's facts.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, or not JSON.
    InputError
        It is JSON but not a state of this version.
    """
    return STATE.read(path)


def division_of(
    state: SegmentationState, couinaud: LabelMap | None, segment_iv: LabelMap | None
) -> Division:
    """Return the segments of a case from its facts and their maps."""
    facts: dict[str, Any] = {fact: getattr(state, name) for name, fact in OF_DIVISION.items()}
    return Division(couinaud=couinaud, segment_iv=segment_iv, **facts)


def facts_of(owner: SegmentedCase | SegmentationState) -> dict[str, Any]:
    """Return what a case and its state have in common, by the names of the fields."""
    common = {f.name for f in fields(SegmentedCase)} & {f.name for f in fields(SegmentationState)}
    return {name: getattr(owner, name) for name in sorted(common)}
