"""The figures that reports on MR cite are those that the benchmark measures and the page prints."""

import re

from remnant.testing.mr import PaintedMr
from segmentation.seen.mr_figures import extremes, mr_figures


def test_figures__are_of_every_painted_sequence():
    known = mr_figures()
    assert set(known.painted) == {kind.value for kind in PaintedMr}
    assert set(known.lesions) <= set(known.painted)
    every = (*known.painted.values(), *known.lesions.values(), *known.real)
    assert all(0.0 <= dice <= 1.0 for dice in every)
    assert len(known.real) == len(known.real_mm) >= known.real_found


def test_figures__stand_in_the_documentation(repository):
    page = (repository / "docs" / "reference" / "benchmarks.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| ([^|]+) \| [\d.]+ \| ([\d.]+) \| [\d.]+ \| [\w ]+ \|$", page, re.MULTILINE)
    )
    assert {kind: float(rows[kind]) for kind in mr_figures().painted} == mr_figures().painted


def test_extremes__of_one_are_that_one():
    assert extremes({"T1": 0.5}) == ("T1", "T1")
