"""What a reader corrects in a case by boxes; light to import, for the command line."""

from dataclasses import dataclass
from pathlib import Path

from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.volumes import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectRequest:
    """A reader's boxes in a case.

    Parameters
    ----------
    image
        The scan of the case, which the case itself does not keep.
    lesion_boxes
        Each adds a lesion, or takes the place of some.
    liver_box
        The liver is outlined anew in it; ``None`` leaves it as it is.
    replace
        Numbers of the lesions whose place the one lesion box takes; empty for none, ``None`` for
        those that lie in the box for the most part.
    by
        Who drew the boxes; ``None`` where nobody is named.
    overwrite
        Whether what humans said before may go.
    modality, series
        How the scan was made, and which of a study's series it is, where that is not plain.
    """

    image: Path
    lesion_boxes: tuple[ReaderBox, ...] = ()
    liver_box: ReaderBox | None = None
    replace: frozenset[int] | None = None
    by: str | None = None
    overwrite: bool = False
    modality: Modality | None = None
    series: str | None = None


def require_sensible(request: CorrectRequest) -> None:
    """Raise unless a request draws something, and says plainly what.

    Raises
    ------
    InputError
        It has no box, or names lesions to replace for several boxes or for none.
    """
    if request.liver_box is None and not request.lesion_boxes:
        raise InputError(
            "nothing to correct: draw a box with --lesion-box x0,y0,z0,x1,y1,z1, or --liver-box"
        )
    if request.replace is not None and len(request.lesion_boxes) != 1:
        raise InputError(
            f"--replace is for one --lesion-box, got {len(request.lesion_boxes)}; correct one "
            f"lesion after the other"
        )
