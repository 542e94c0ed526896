"""Which images a scan consists of, or a segmentation was drawn on, by their identifiers."""

from dataclasses import dataclass, field
from typing import Final

from remnant.core.errors import GeometryMismatchError
from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, reason


@dataclass(frozen=True, slots=True)
class ImageReference:
    """Identifiers of images; they never leave `remnant.io`, and are in no text of this object.

    Parameters
    ----------
    study_uid
        Of the examination; ``""`` where it is not known.
    series_uids, sop_uids
        Of the series, and of single images; empty where none is known.
    """

    study_uid: str = field(default="", repr=False)
    series_uids: frozenset[str] = field(default=frozenset(), repr=False)
    sop_uids: frozenset[str] = field(default=frozenset(), repr=False)

    def shares_images(self, other: "ImageReference") -> bool:
        """Tell whether a series or an image is in both."""
        return bool(self.series_uids & other.series_uids or self.sop_uids & other.sop_uids)

    @property
    def names_images(self) -> bool:
        """Whether any series or image is named."""
        return bool(self.series_uids or self.sop_uids)


NO_REFERENCE: Final = ImageReference()


def reference_findings(
    drawn_on: ImageReference, scan: ImageReference, *, role: str
) -> tuple[Finding, ...]:
    """Check that a map was drawn on the scan with which it is given.

    Parameters
    ----------
    drawn_on
        Images that the map's file names.
    scan
        Images of the scan.
    role
        The map's role, for messages.

    Returns
    -------
    tuple of Finding
        Empty where the map names the scan's series or images, or where either side names none;
        else one that says that another series of this examination is named.

    Raises
    ------
    GeometryMismatchError
        The map names images of another examination.
    """
    if not (drawn_on.names_images and scan.names_images) or drawn_on.shares_images(scan):
        return ()
    studies = {drawn_on.study_uid, scan.study_uid} - {""}
    if len(studies) > 1:
        raise GeometryMismatchError(
            f"the {role} file was drawn on images of another examination than the scan (by the "
            f"identifiers in both); give the map of this scan, or the scan of this map"
        )
    about = (reason(Cause.OF_FILE, role),)
    return (quality_finding("masks_of_other_series", passed=False, reasons=about),)
