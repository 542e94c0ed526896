"""A segmented case's facts to its file and back; its maps are written beside it."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from remnant.documents.state_document import STATE, Fingerprint, SegmentationState
from remnant.pipeline.segmented import SegmentedCase

NO_FINGERPRINTS: Final[Mapping[str, Fingerprint]] = MappingProxyType({})


def write_state(
    case: SegmentedCase, path: Path, *, fingerprints: Mapping[str, Fingerprint] = NO_FINGERPRINTS
) -> None:
    """Write a case's facts.

    ``fingerprints``, by the maps' file names, tell whether another program changes one later.
    """
    state = SegmentationState(
        **facts_of(case),
        lesions_known=case.lesions is not None,
        exophytic_known=case.exophytic is not None,
        segment_iv_known=case.segment_iv is not None,
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


def facts_of(owner: SegmentedCase | SegmentationState) -> dict[str, Any]:
    """Return what a case and its state have in common, by the names of the fields."""
    common = {f.name for f in fields(SegmentedCase)} & {f.name for f in fields(SegmentationState)}
    return {name: getattr(owner, name) for name in sorted(common)}
