"""Tables of names and colours, read as ITK-SNAP and 3D Slicer describe them."""

import re

from remnant.core.map_description import MapDescription, NamedLabel, Origin
from remnant.io.label_tables import write_colour_table, write_itksnap_labels

MAP = MapDescription(
    map="lesions",
    title="Lesions",
    labels=(
        NamedLabel(code=3, name="lesion 3", colour="#ff8000", origin=Origin.GIVEN),
        NamedLabel(code=257, name="lesion 257 (rejected)", colour="#b8b8b8", origin=Origin.GIVEN),
    ),
)
# IDX -R- -G- -B- -A- VIS MSH LABEL
ITKSNAP = re.compile(r'^\s*(\d+)((?:\s+\d+){3})\s+([\d.]+)\s+([01])\s+([01])\s+"([^"]*)"$')


def test_itksnap__index_colour_opacity_and_name(tmp_path):
    write_itksnap_labels(MAP, tmp_path / "x.label")
    lines = (tmp_path / "x.label").read_text("utf-8").splitlines()
    rows = [ITKSNAP.match(line).groups() for line in lines if not line.startswith("#")]

    assert [("0", "0"), ("3", "1"), ("257", "1")] == [(row[0], row[2]) for row in rows]
    assert ["Clear Label", "lesion 3", "lesion 257 (rejected)"] == [row[5] for row in rows]
    assert [255, 128, 0] == [int(part) for part in rows[1][1].split()]


def test_colour_table__six_words_a_line(tmp_path):
    write_colour_table(MAP, tmp_path / "x.ctbl")
    lines = (tmp_path / "x.ctbl").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]

    assert {6} == {len(row) for row in rows}
    assert ["3", "lesion_3", "255", "128", "0", "255"] == rows[1]
    assert ["0", "Background", "0", "0", "0", "0"] == rows[0]
