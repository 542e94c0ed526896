"""What a command gives to divide a liver by, read from its files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.landmarks import Landmarks
from remnant.core.volumetry_report import SegmentSource
from remnant.io.atomic import digest_file
from remnant.io.landmarks import read_landmarks
from remnant.io.masks import GivenMap, Masks, Part, read_masks, read_segment_map
from remnant.pipeline.confirm import require_name
from remnant.pipeline.division import BRANCHES, COUINAUD, LANDMARKS
from remnant.pipeline.requests import SegmentRequest

NEEDS_LANDMARKS: Final = (
    "--split-iv needs --landmarks in the same command, or a scan that shows the portal vein: the "
    "level of its bifurcation parts IVa from IVb"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSegments:
    """What a command says about the segments; ``None`` where nothing was given.

    Parameters
    ----------
    couinaud, branches
        Maps to divide it by, on grids of their own.
    landmarks, landmarks_sha256
        Points, and the digest of their file.
    whole_liver
        Whether the maps hold the whole liver, see `SegmentRequest`.
    split_iv
        Whether segment IV is divided into IVa and IVb, by the landmarks or what the scan shows.
    scanned
        Whether a scan is at hand, which may show the level that parts IVa from IVb.
    confirmed_by
        Who confirms the segments.
    """

    couinaud: GivenMap | None = None
    branches: GivenMap | None = None
    landmarks: Landmarks | None = None
    landmarks_sha256: str | None = None
    whole_liver: bool | None = None
    split_iv: bool = False
    scanned: bool = False
    confirmed_by: str | None = None

    @property
    def sources(self) -> tuple[SegmentSource, ...]:
        """What was given to divide a liver by, the best first."""
        given = {
            SegmentSource.GIVEN: self.couinaud,
            SegmentSource.TERRITORIES: self.branches,
            SegmentSource.LANDMARKS: self.landmarks,
        }
        return tuple(source for source in SegmentSource if given.get(source) is not None)

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests of what was given to divide a liver by, by role."""
        digests = {
            COUINAUD: None if self.couinaud is None else self.couinaud.sha256,
            BRANCHES: None if self.branches is None else self.branches.sha256,
            LANDMARKS: self.landmarks_sha256,
        }
        return {role: digest for role, digest in digests.items() if digest is not None}


NOTHING_GIVEN: Final = GivenSegments()


def read_given(
    request: SegmentRequest,
    *,
    liver_known: bool = False,
    reference: Geometry | None = None,
    scanned: bool = False,
) -> tuple[Masks | None, GivenSegments]:
    """Read the masks that a request names, and what it gives to divide a liver by.

    Parameters
    ----------
    request
        What was asked.
    liver_known
        Whether the liver is that of a scan or of a stored case: then a Couinaud map, or labelled
        branches, are enough by themselves, and imply no liver: there are no masks.
    reference
        Grid of the scan or of the case, on which contours are filled; ``None`` without.
    scanned
        Whether a scan is at hand, or the vessels of one.

    Raises
    ------
    InputError
        A file cannot be used, segment IV is to be divided without landmarks and scan, or the name
        of who confirms cannot be used.
    """
    if request.split_iv and request.landmarks is None and not scanned:
        raise InputError(NEEDS_LANDMARKS)
    if request.confirm_segments is not None:
        require_name(request.confirm_segments)
    points = request.landmarks
    given = GivenSegments(
        landmarks=None if points is None else read_landmarks(points),
        landmarks_sha256=None if points is None else digest_file(points),
        whole_liver=request.whole_liver,
        split_iv=request.split_iv,
        scanned=scanned,
        confirmed_by=request.confirm_segments,
    )
    if liver_known and set(request.masks) <= {COUINAUD, BRANCHES}:
        maps = {
            role: read_segment_map(
                request.masks[role], Part(role), choice=request.reading, reference=reference
            )
            for role in request.masks
        }
        return None, replace(given, couinaud=maps.get(COUINAUD), branches=maps.get(BRANCHES))
    if not request.masks:
        return None, given
    masks, divided = read_masks(
        request.masks, preset=request.preset, choice=request.reading, reference=reference
    )
    couinaud, branches = divided.get(Part.COUINAUD), divided.get(Part.BRANCHES)
    return masks, replace(given, couinaud=couinaud, branches=branches)
