"""What a scan's contrast phase looks like once its liver is known, beside what was said of it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from remnant.core.findings import Finding
from remnant.core.volumes import LabelMap
from remnant.io.phase_evidence import phase_findings
from remnant.pipeline.segmented import SegmentedCase, merged_findings
from segmentation.seen.phase import seen_phases

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy


def seen_findings(loaded: "LoadedStudy", liver: LabelMap) -> tuple[Finding, ...]:
    """Return the checks of the contrast phase with the image's look; empty where it shows none.

    The look names no phase: the study keeps the one that was said, or none.
    """
    seen = seen_phases(loaded.image, liver)
    return phase_findings(replace(loaded.phase, seen=seen)) if seen else ()


def with_seen_phase(case: SegmentedCase, loaded: "LoadedStudy") -> SegmentedCase:
    """Return a case whose checks of the contrast phase heed what its scan looks like."""
    checks = seen_findings(loaded, case.maps.structures)
    return replace(case, quality=merged_findings(case.quality, checks)) if checks else case
