"""Names and colours of a label map's codes for ITK-SNAP and for 3D Slicer."""

from pathlib import Path
from typing import Final

from remnant.core.map_description import MapDescription
from remnant.io.atomic import write_text

OPAQUE: Final = 255


def write_itksnap_labels(description: MapDescription, path: Path) -> None:
    """Write a label description file of ITK-SNAP (Segmentation > Import Label Descriptions).

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    head = (
        "################################################",
        "# ITK-SnAP Label Description File",
        "# File format:",
        "# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL",
        "################################################",
        '    0     0    0    0        0  0  0    "Clear Label"',
    )
    rows = (
        f"{label.code:5d} {label.rgb[0]:5d} {label.rgb[1]:4d} {label.rgb[2]:4d}        1  1  1"
        f'    "{label.name}"'
        for label in description.labels
    )
    write_text(path, "\n".join((*head, *rows, "")))


def write_colour_table(description: MapDescription, path: Path) -> None:
    """Write a colour table of 3D Slicer: code, name without blanks, red, green, blue, opacity.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    head = (f"# Color table file {path.name}", f"# {len(description.labels) + 1} values")
    rows = (
        f"{label.code} {label.name.replace(' ', '_')} {' '.join(map(str, label.rgb))} {OPAQUE}"
        for label in description.labels
    )
    write_text(path, "\n".join((*head, "0 Background 0 0 0 0", *rows, "")))
