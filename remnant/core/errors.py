"""Every error that remnant raises on purpose.

::

    RemnantError
    ├── InputError(ValueError)            what the user gave cannot be used
    │   ├── UnreadableFileError           missing, truncated, or not of the kind expected
    │   ├── UnsupportedSeriesError        a DICOM series or grid that would be measured wrongly
    │   ├── GeometryMismatchError         two grids that must be the same are not
    │   ├── UnknownLabelError             a voxel code that no label defines
    │   ├── EmptyStructureError           a structure that must have voxels has none
    │   ├── ImplausibleValueError         a patient fact or setting outside its range
    │   └── ManifestError                 rows or cells of a cohort's manifest, each named
    ├── MissingMetadataError(LookupError) a fact that is needed and absent
    ├── ModelUnavailableError             weights are not installed
    ├── ModelIntegrityError               weights are not the ones that were published
    ├── SegmentationFailedError           a network found nothing that could be its organ
    ├── ClusterLostError                  the scheduler of a cohort cannot be reached, or is gone
    └── InconsistentPlanError             a plan was counted twice with different results

Messages say what was got, what is allowed and what to do, in one line. The command line prints
that line and ends with a code of `remnant.cli.exit_codes`. An infeasible plan or a failed quality
check is a result, not an error.
"""

from typing import Final

MOST_LETTERS: Final = 240


class RemnantError(Exception):
    """Root of all errors raised on purpose."""


class InputError(RemnantError, ValueError):
    """What the user gave cannot be used."""


class UnreadableFileError(InputError):
    """A file is missing, truncated, or not of the kind expected."""


class UnsupportedSeriesError(InputError):
    """A series or grid that would be measured wrongly, refused by name of the fault."""


class GeometryMismatchError(InputError):
    """Two grids that must be the same are not."""


class UnknownLabelError(InputError):
    """A voxel holds a code that no label defines."""


class EmptyStructureError(InputError):
    """A structure that must have voxels has none."""


class ImplausibleValueError(InputError):
    """A patient fact or a setting lies outside its allowed range."""


class ManifestError(InputError):
    """Rows or cells of a cohort's manifest cannot be used; each is named.

    Parameters
    ----------
    heading
        How many faults which file has.
    faults
        The first of them in words, a line each.
    """

    def __init__(self, heading: str, faults: tuple[str, ...]) -> None:
        super().__init__(heading, faults)
        self.heading = heading
        self.faults = faults

    def __str__(self) -> str:
        return f"{self.heading}: {'; '.join(self.faults)}"


class MissingMetadataError(RemnantError, LookupError):
    """A fact that is needed is absent."""


class ModelUnavailableError(RemnantError):
    """Model weights are not installed and could not be fetched."""


class ModelIntegrityError(RemnantError):
    """Model weights are not the ones that were published."""


class SegmentationFailedError(RemnantError):
    """A network found nothing that could be the organ it looks for."""


class ClusterLostError(RemnantError):
    """The scheduler that a cohort runs on cannot be reached, was lost, or runs another program."""


class InconsistentPlanError(RemnantError, RuntimeError):
    """A plan was counted twice, independently, and the counts differ: a fault of this program."""


def one_line(text: str, *, most: int = MOST_LETTERS) -> str:
    """Return the words of an error without line breaks, cut to a length for messages."""
    return " ".join(text.split())[:most]
