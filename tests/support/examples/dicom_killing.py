"""Results that are killed while they take their places: ``python -m examples.dicom_killing CASE``.

Each run is a process of its own that ends itself by SIGKILL, one change of the disk later each
time.
"""

import os
import shutil
import sys
from pathlib import Path

from examples.dicom_results import FakeMakers
from examples.killing import OPERATIONS, die, forked
from remnant.pipeline.dicom_results import making


def make_and_die(case, operation):
    """Make results; die before the so manieth change of the disk after most were written."""
    left = operation

    def counted(change):
        def before(*words, **options):
            nonlocal left
            left -= 1
            if left == 0:
                die()
            return change(*words, **options)

        return before

    def begin():
        for name in OPERATIONS:
            setattr(os, name, counted(getattr(os, name)))

    making.import_module = FakeMakers(at_end=begin)
    making.make_results(making.ResultsRequest(case=case))


def main(case):
    for operation in range(1, 200):
        place = case.parent / f"killed-{operation:03}" / "case"
        shutil.copytree(case, place)
        if forked(make_and_die, place, operation) == 0:
            return
    raise AssertionError("publishing never ends")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
