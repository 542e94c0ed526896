"""Folders with one NIfTI file for each structure, as TotalSegmentator writes them.

Its tasks ``liver_segments`` and ``liver_segments_mr`` write ``liver_segment_1.nii.gz`` to
``liver_segment_8.nii.gz``, or one file with the codes 1 to 8 (its option ``--ml``): in both, number
n is Couinaud segment n. Source: TotalSegmentator's class map (``totalsegmentator/
map_to_binary.py``) and its README, which names them Couinaud segments.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, CouinaudSegment
from remnant.io.grid_rounding import rounding_findings
from remnant.io.named_segments import NamedSegments, Piece
from remnant.io.nifti import read_labels
from remnant.io.nifti_file import open_nifti
from remnant.io.placement import placed_on, rounding_on
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.io.roles import Part
from remnant.io.segment_terms import SegmentLabel

ENDINGS = (".nii.gz", ".nii")
FILES: Mapping[Part, tuple[str, ...]] = MappingProxyType(
    {
        Part.COUINAUD: tuple(f"liver_segment_{int(segment)}" for segment in CouinaudSegment),
        Part.LIVER: ("liver",),
        Part.LESIONS: ("liver_lesions", "liver_tumor"),
        Part.VESSELS: ("liver_vessels",),
    }
)
"""Names of the files of each role, without their ending."""


def files_of_role(folder: Path, part: Part) -> tuple[Path, ...]:
    """Return the files of a folder that hold a role, none of what is no folder.

    Raises
    ------
    InputError
        A structure stands there twice, packed and unpacked; or two tasks wrote a map of the role.
    """
    found = []
    for name in FILES.get(part, ()):
        files = [file for end in ENDINGS if (file := folder / f"{name}{end}").is_file()]
        if len(files) > 1:
            raise InputError(f"{folder} holds {name} twice, as .nii.gz and as .nii; keep one")
        found += files
    if part is not Part.COUINAUD and len(found) > 1:
        raise InputError(
            f"{folder} holds several {part} maps ({', '.join(file.name for file in found)}); give "
            f"the file of one"
        )
    return tuple(found)


def read_segment_files(
    files: Sequence[Path], choice: ReadingChoice = AS_FILES_SAY
) -> NamedSegments:
    """Read one binary map per structure; all are brought to the grid of the first.

    Parameters
    ----------
    files
        At least one; each names its structure.
    choice
        What the user says of the files.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError, InputError
        As for one NIfTI label map; or the files lie on different grids.
    UnknownLabelError
        A file holds other codes than 0 and 1.
    """
    names = [_structure(file) for file in files]
    first = read_labels(files[0], BINARY_SCHEME, choice=choice)

    def pieces(wanted: Collection[int]) -> Iterator[Piece]:
        for number in wanted:
            path = files[number]
            labels = placed_on(
                first.geometry,
                read_labels(path, BINARY_SCHEME, choice=choice),
                what=f"{path.name}",
                on=f"{names[0]}",
            )
            for k in range(first.geometry.shape[2]):
                yield number, k, labels.codes[:, :, k] > 0

    labels = tuple(SegmentLabel(number=n, names=(name,)) for n, name in enumerate(names))
    return NamedSegments(
        geometry=first.geometry,
        labels=labels,
        pieces=pieces,
        quality=_rounding(files, first.geometry, choice),
    )


def _rounding(
    files: Sequence[Path], geometry: Geometry, choice: ReadingChoice
) -> tuple[Finding, ...]:
    """Note the file whose grid lies farthest from that of the first, by their headers."""
    on = files[0].name
    roundings = [
        rounding_on(geometry, open_nifti(file, choice=choice).geometry, what=file.name, on=on)
        for file in files
    ]
    return rounding_findings("masks", max(roundings, key=lambda found: found.offset_mm))


def _structure(file: Path) -> str:
    """Return the name of a structure: that of its file without the ending."""
    ending = next(end for end in ENDINGS if file.name.endswith(end))
    return file.name[: -len(ending)]
