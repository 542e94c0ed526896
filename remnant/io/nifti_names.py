"""Names that a NIfTI label map carries for its codes, in the header extension that some write.

TotalSegmentator's ``--ml`` output and Connectome Workbench have an XML ``LabelTable`` there. The
table is found by its form alone and never parsed as XML: it comes from outside.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from remnant.io.faults import quiet, reading
from remnant.io.nifti_file import WHAT, open_nifti, stored_head
from remnant.io.reading import AS_FILES_SAY, ReadingChoice

LARGEST_TABLE_BYTES = 1024 * 1024
MOST_NAMES = 2000
_LABEL = re.compile(
    rb"<Label\s[^<>]{0,300}?\bKey=\"(\d{1,5})\"[^<>]{0,300}>\s{0,20}(?:<!\[CDATA\[)?([^<\]]{1,100})"
)


def label_names(path: Path, *, choice: ReadingChoice = AS_FILES_SAY) -> Mapping[int, str]:
    """Return the name of each code that the header names; empty where it names none.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, GeometryMismatchError
        As `remnant.io.nifti_file.open_nifti`.
    """
    opened = open_nifti(path, choice=choice)
    with quiet(), reading(path, what=WHAT):
        head = stored_head(path, min(opened.offset, LARGEST_TABLE_BYTES))
    found = _LABEL.findall(head)[:MOST_NAMES]
    return {int(key): name.decode("utf-8", errors="replace").strip() for key, name in found}
