"""Headers whose voxels lie in a file of their own, as in ``.nhdr`` and ``.mhd``."""

from pathlib import Path

from remnant.core.errors import UnreadableFileError
from remnant.io.faults import require_file
from remnant.io.printing import printable


def detached_file(header: Path, name: str) -> Path:
    """Return the file of voxels that a header names.

    Only one plain name in the header's own folder is followed: a header comes from outside, and
    must not make the program read whatever it likes.

    Raises
    ------
    UnreadableFileError
        The name has folders in it or stands for several files, or the file is missing, empty, no
        file, the header itself, or a link that leads out of the folder.
    """
    shown = printable(name)
    several = name.upper() == "LIST" or name.upper().startswith("LIST ")
    if not name or several or {"/", "\\", "\0", "%"} & set(name):
        raise UnreadableFileError(
            f"{header} says that its voxels are in {shown or 'no file'}; allowed is the name of "
            f"one file in the same folder: save it again as one file (.nrrd, .mha or .nii.gz)"
        )
    data = header.parent / name
    require_file(data)
    folder = header.resolve().parent
    if data.resolve().parent not in {folder, header.parent.resolve()} or data.samefile(header):
        raise UnreadableFileError(
            f"{header} says that its voxels are in {shown}, which leads out of its folder or to "
            f"itself; put the file beside its header"
        )
    return data
