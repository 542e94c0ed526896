"""What named hepatectomies would cut of vessels computed from trees grown into real livers.

    python -P benchmarks/vessel_cuts.py ../shared/data [--livers 000 005 010 075] [--seed 1]

The hepatectomies of Brisbane 2000 are anatomical, so that a loss of inflow or outflow is likely a
false one: grown trees heed no border of segments, nor does the segment map know of them.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

from planning.hepatectomies.named_sets import BRISBANE_HEPATECTOMIES
from planning.hepatectomies.stranded import ALL_SEGMENTS
from planning.vessel_cuts import cuts_of
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.vessel_cuts import Flow, VesselCuts
from remnant.core.vessels import ComputedVessels
from remnant.core.volumes import Phase
from remnant.io.nifti import read_labels
from remnant.testing.portal_phase import Levels, painted_scan
from segmentation.vessels.computed import computed_vessels
from segmentation.vessels.found import search_vessels
from segmentation.vessels.rooted import rooted_trees, roots_of

SPACING_MM = (1.0, 1.0, 2.5)


def main() -> None:
    """Print a row for each hepatectomy that cuts anything, and the sums."""
    options = _options()
    sums: Counter[str] = Counter()
    for liver in options.livers:
        vessels = _vessels(options.data / "couinaud" / f"lits_{liver}.nii.gz", options.seed)
        for one in BRISBANE_HEPATECTOMIES:
            cuts = cuts_of(one.segments, ALL_SEGMENTS - one.segments, vessels)
            told = _told(cuts)
            sums.update(["hepatectomies", *told])
            if told:
                named = ", ".join(divided.name.value for divided in cuts.divided)
                print(f"{liver} {one.name:<40} {', '.join(told)} ({named})", flush=True)
    print(", ".join(f"{name}: {count}" for name, count in sums.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--livers", nargs="*", default=["000", "005", "010", "075"])
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _vessels(path: Path, seed: int) -> ComputedVessels:
    couinaud = read_labels(path, COUINAUD_SCHEME)
    scan = painted_scan(
        couinaud.codes, couinaud.geometry, spacing_mm=SPACING_MM, levels=Levels(), seed=seed
    )
    search = search_vessels(replace(scan.image, phase=Phase.PORTAL), scan.liver)
    if search.found is None:
        raise SystemExit(f"{path.name}: no vessels, {search.finding.reasons[0].cause.value}")
    rooted = rooted_trees(search.found.structures, roots_of(search.found))
    return computed_vessels(rooted, scan.couinaud)


def _told(cuts: VesselCuts) -> list[str]:
    told = {
        "inflow lost": cuts.inflow is Flow.LOST,
        "outflow lost": cuts.outflow is Flow.LOST,
        "a named stem divided": bool(cuts.divided),
    }
    return [name for name, holds in told.items() if holds]


if __name__ == "__main__":
    main()
