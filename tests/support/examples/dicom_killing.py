"""Results that are killed while they take their places: ``python -m examples.dicom_killing CASE``.

Each run is a process of its own that ends itself by SIGKILL, one change of the disk later each
time.
"""

import shutil
import sys
from pathlib import Path

from examples.dicom_results import FakeMakers
from examples.killing import die_before, forked
from remnant.pipeline.dicom_results import making


def make_and_die(case, operation):
    """Make results; die before the so manieth change of the disk after most were written."""
    making.import_module = FakeMakers(at_end=lambda: die_before(operation))
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
