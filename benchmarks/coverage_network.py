"""Whether the intervals hold the truth for the networks' own errors, on the sample CT.

For each seed, synthetic metastases of known volume are planted in the sample CT, the networks look
for them, and the intervals of what they found are held against the truth. The liver is held
against the sample's reference label map. Slow: a network run for each seed.

    python benchmarks/coverage_network.py --seeds 8
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
from dataclasses import dataclass, replace

import numpy as np

from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.volumes import LabelMap, Modality
from remnant.core.volumetry_report import VolumetryReport
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import LIVER_LABEL, fetch_sample
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named
from segmentation.synthetic import Planted, plant_metastases
from volumetry.measure import measure
from volumetry.uncertainty.error_models import NETWORK_MAPS


@dataclass(frozen=True)
class Row:
    """One volume that a network measured, beside the truth."""

    what: str
    true_ml: float
    found: Quantity

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth; a missed lesion has none."""
        return self.found.interval is not None and self.true_ml in self.found.interval


def measured(structures: LabelMap, lesions: LabelMap | None) -> VolumetryReport:
    """Measure what the networks found, with the networks' error model."""
    return measure(
        structures,
        lesions,
        couinaud=None,
        patient=Patient(),
        whole_liver=True,
        error_model=NETWORK_MAPS,
    )


def planted_rows(report: VolumetryReport, lesions: LabelMap, planted: Planted) -> list[Row]:
    """Pair every planted metastasis with the found lesion that covers most of it."""
    found = {lesion.id: lesion.volume_ml for lesion in report.lesions}
    best = {}
    for number in planted.true_volumes_ml:
        inside = lesions.codes[planted.truth.codes == number]
        codes = np.bincount(inside[inside > 0], minlength=1)
        best[number] = int(codes.argmax()) if codes.any() else 0
    single = [n for n, code in best.items() if list(best.values()).count(code) == 1 or code == 0]
    rows = [
        Row("lesion", planted.true_volumes_ml[n], found.get(best[n], Quantity(0.0))) for n in single
    ]
    return [*rows, Row("tumour", sum(planted.true_volumes_ml.values()), report.tumour_ml)]


def main() -> None:
    """Print every row and the share of intervals that hold the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    sample = fetch_sample()
    image = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    reference = read_labels(sample.label_map, INSTANCE_SCHEME).mask(LIVER_LABEL)
    true_ml = float(np.count_nonzero(reference)) * image.geometry.voxel_volume_ml
    segmenter = engine_named(DEFAULT_ENGINE).segmenter()
    where = LabelMap(reference.astype(np.uint8), image.geometry, BINARY_SCHEME)
    rows = []
    for seed in range(1, arguments.seeds + 1):
        planted = plant_metastases(image, where, seed=seed)
        found = segmenter.segment(replace(image, voxels=planted.image.voxels))
        report = measured(found.structures, found.lesions)
        rows += planted_rows(report, found.lesions, planted)
        rows.append(Row("liver", true_ml, report.tlv_ml))
        print_rows(rows[-2:], seed)
    for what in ("liver", "tumour", "lesion"):
        print_summary(what, [row for row in rows if row.what == what])


def print_rows(rows: list[Row], seed: int) -> None:
    """Print the volumes of one seed."""
    for row in rows:
        span = row.found.interval
        ends = "none" if span is None else f"{span.low:.1f} to {span.high:.1f}"
        print(
            f"seed {seed}: {row.what} {row.true_ml:.1f} mL, found {row.found.value:.1f} ({ends})",
            flush=True,
        )


def print_summary(what: str, rows: list[Row]) -> None:
    """Print coverage, and how far the volumes are off on average."""
    held = sum(row.holds for row in rows)
    missed = sum(not row.found.value for row in rows)
    off = [row.found.value / row.true_ml for row in rows if row.found.value]
    print(
        f"| {what} | {len(rows)} | {missed} | {100 * (np.mean(off) - 1):+.0f} % | "
        f"{100 * held / len(rows):.0f} % |"
    )


if __name__ == "__main__":
    main()
