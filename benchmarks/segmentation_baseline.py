"""What the networks find in the sample scan, to be held against what they found before.

``python -P benchmarks/segmentation_baseline.py DEMO`` writes ``baselines/segmentation_sample.json``
from the case ``DEMO/as-it-is`` that ``remnant demo -o DEMO`` made. A test holds every later demo
against it. A new baseline needs a written reason and a higher
`segmentation.algorithm.ALGORITHM_VERSION`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from remnant.core.labels import CouinaudSegment
from remnant.pipeline.demo import AS_IS
from remnant.pipeline.folder import read_case

BASELINE = Path(__file__).parent / "baselines" / "segmentation_sample.json"
WITHIN = {"liver": 0.005, "lesions": 0.05, "segment": 0.03}
"""Shares by which counts may differ from one processor and library to another."""


def counts(folder: Path) -> Mapping[str, int]:
    """Count the voxels of each structure of a case."""
    case = read_case(folder)
    codes = {} if case.division.couinaud is None else case.division.couinaud.codes
    segments = {
        f"segment {segment.name}": int(np.count_nonzero(codes == segment))
        for segment in CouinaudSegment
    }
    lesions = 0 if case.maps.lesions is None else int(np.count_nonzero(case.maps.lesions.codes))
    liver = int(np.count_nonzero(case.maps.structures.codes))
    return {"liver": liver, "lesions": lesions, **segments}


def differences(found: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    """Name what differs by more than it may."""
    return [
        f"{name}: {found.get(name)} voxels, {count} before"
        for name, count in known.items()
        if abs(found.get(name, 0) - count) > WITHIN[name.partition(" ")[0]] * count
    ]


if __name__ == "__main__":
    written = counts(Path(sys.argv[1]) / AS_IS)
    BASELINE.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
