"""What is done with MR alone: its bias field, its sequence, and that nothing is validated on it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.mr import BiasCorrection, MrKind, MrSequence
from remnant.core.progress import Progress
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap, Modality
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import SegmentedCase
from segmentation.seen.mr_figures import extremes, mr_figures
from segmentation.seen.mr_intensities import without_bias
from segmentation.seen.sequence import seen_sequences

if TYPE_CHECKING:
    from remnant.io.source import LoadedStudy

OUTLINED_KINDS = (None, MrKind.T1, MrKind.T2)
"""Kinds that show a liver's outline as it is."""


def bias_corrected(
    loaded: "LoadedStudy", correction: BiasCorrection, progress: Progress
) -> "LoadedStudy":
    """Return a study whose image has no bias field, where that was asked for.

    Raises
    ------
    InputError
        It was, and the image is a CT or too small.
    """
    if correction is BiasCorrection.NONE:
        return loaded
    progress("evening out the bias field", 0, 1)
    found = without_bias(loaded.image, correction)
    progress("evening out the bias field", 1, 1)
    told = quality_finding("bias_corrected", passed=True, value=found.ratio)
    return replace(loaded, image=found.image, quality=(*loaded.quality, told))


def require_nothing_to_correct(request: SegmentRequest) -> None:
    """Raise where the bias field of no scan was to be evened out.

    Raises
    ------
    InputError
        It was.
    """
    if request.bias_correction is not BiasCorrection.NONE:
        raise InputError(
            f"--bias-correction {request.bias_correction} evens out an MR, and only label maps "
            f"were given; give the MR too, or leave the option out"
        )


def with_mr_checks(case: SegmentedCase, loaded: "LoadedStudy") -> SegmentedCase:
    """Return a case with what has to be said of MR; a CT's comes back as it is."""
    if loaded.image.modality is not Modality.MR:
        return case
    checks = (sequence_finding(loaded, case.maps.structures), *_not_validated(case))
    return replace(case, quality=(*case.quality, *checks))


def sequence_finding(loaded: "LoadedStudy", liver: LabelMap) -> Finding:
    """Say what kind of MR image was segmented, by its header and by its look.

    ``mr_sequence`` is met where the header names a kind that shows the outline of a liver and the
    look leaves room for it, not met where either speaks against it, unknown where the header is
    silent.
    """
    seen = seen_sequences(loaded.image, liver)
    kind = loaded.mr.kind
    odd = kind not in OUTLINED_KINDS or contradicts(loaded.mr, seen)
    named = (reason(Cause.MR_NAMED, loaded.mr.name),) if loaded.mr.name else ()
    looks = (reason(Cause.MR_SEEN, *(one.name for one in seen)),) if seen else ()
    passed = False if odd else True if kind is not None else None
    return quality_finding("mr_sequence", passed=passed, reasons=(*named, *looks))


def contradicts(named: MrSequence, seen: tuple[MrSequence, ...]) -> bool:
    """Tell whether what an image looks like leaves no room for the kind that its header names."""
    return bool(seen) and named.kind is not None and named.kind not in {one.kind for one in seen}


def _not_validated(case: SegmentedCase) -> tuple[Finding, ...]:
    """Say of networks' maps that nobody validated them on MR, with what was measured."""
    if not case.models:
        return ()
    known = mr_figures()
    painted, lesions = (
        reason(cause, *(dice[name] for name in extremes(dice)), *extremes(dice))
        for cause, dice in (
            (Cause.MR_PAINTED, known.painted),
            (Cause.MR_PAINTED_LESIONS, known.lesions),
        )
    )
    real = reason(Cause.MR_REAL, len(known.real), known.real_found, max(known.real_mm))
    return (quality_finding("mr_not_validated", passed=False, reasons=(painted, lesions, real)),)
