"""What a person did to the maps of a case, in words: the lines of its audit trail."""

from collections.abc import Iterable, Mapping
from typing import Final

from remnant.core.corrections import Correction, CorrectionKind

KINDS: Final[Mapping[CorrectionKind, str]] = {
    CorrectionKind.PAINT_LESION: "{lesions} painted",
    CorrectionKind.ERASE_LESION: "{lesions} erased in part",
    CorrectionKind.PAINT_LIVER: "liver painted",
    CorrectionKind.ERASE_LIVER: "liver erased",
    CorrectionKind.GROW: "{lesions} grown to the border in the scan",
    CorrectionKind.BOX: "{lesions} outlined in a box",
    CorrectionKind.SPLIT: "{lesions} parted",
    CorrectionKind.MERGE: "{lesions} merged",
    CorrectionKind.DELETE: "{lesions} deleted",
    CorrectionKind.CONFIRM: "{lesions} confirmed",
    CorrectionKind.REJECT: "{lesions} rejected",
    CorrectionKind.UNSET: "{lesions} neither confirmed nor rejected any more",
    CorrectionKind.MOVE_PLANE: "{plane} plane between segments moved",
}
NO_CORRECTION: Final = "Nobody corrected this case by hand."
ON_COMMIT: Final = "measured when the correction is committed"
"""Why a figure of a lesion that was drawn is not there yet."""


def step_words(
    kind: CorrectionKind,
    lesions: Iterable[int],
    *,
    voxels: int,
    volume_ml: float,
    plane: str = "",
) -> str:
    """Say what was done, and how much it changed.

    >>> step_words(CorrectionKind.PAINT_LESION, (3,), voxels=40, volume_ml=1.25)
    'lesion 3 painted: 40 voxels (1.25 mL) changed'
    """
    named = listed_lesions(lesions)
    what = KINDS[kind].format(lesions=named, plane=plane)
    if not voxels:
        return what
    return f"{what}: {voxels} voxel{'s' * (voxels != 1)} ({volume_ml:.2f} mL) changed"


def listed_lesions(lesions: Iterable[int]) -> str:
    """Name lesions by their numbers.

    >>> listed_lesions((2, 1))
    'lesions 1, 2'
    """
    numbers = sorted(lesions)
    return f"lesion{'s' * (len(numbers) != 1)} {', '.join(map(str, numbers))}"


def confirmed_words(parts: Iterable[str], by: str) -> str:
    """Say what a person confirmed as a whole.

    >>> confirmed_words(("liver", "lesions"), "A. Reader")
    'liver and lesions confirmed by A. Reader'
    """
    return f"{' and '.join(parts)} confirmed by {by}"


def version_lines(correction: Correction) -> list[str]:
    """Write one version of a case: who made it and when, and what was done, a line each."""
    steps = [f"  {words}" for words in what_was_done(correction)]
    return [f"{correction.version}  {correction.at}  {correction.by}", *steps]


def what_was_done(correction: Correction) -> list[str]:
    """Return what was done for a version, each by its author where that is another person."""
    words = [
        step.what if step.by == correction.by else f"{step.what} ({step.by})"
        for step in correction.steps
    ]
    if correction.confirmed:
        words.append(confirmed_words(correction.confirmed, correction.by))
    return words
