"""How near outlines of lesions come to the truth, with and without refining them.

``python -P benchmarks/lesion_borders.py`` plants metastases of five looks in the sample CT, at
slices of 1, 3 and 5 mm, and takes LiTS 117 with its own liver; it prints a row for each.
``--kinds`` and ``--slices`` choose some, ``--seeds`` says how many times they are planted.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import LIVER_LABEL, fetch_liver, fetch_sample
from segmentation.engines.device import chosen_device
from segmentation.engines.kul import find_lesions
from segmentation.lesion_borders import refined_lesions
from segmentation.promptable import medsam_prompter
from segmentation.resample import resample
from segmentation.synthetic import plant_metastases

IN_PLANE_MM = 1.5
HALF = 0.5
DEVICE = chosen_device("cpu")
DIAMETERS_MM = (34.0, 24.0, 16.0, 12.0, 8.0)
LOOKS: Mapping[str, Mapping[str, float]] = {
    "hypodense": {"contrast_hu": -60.0},
    "enhancing rim": {"contrast_hu": -60.0, "rim_hu": 90.0},
    "halo": {"contrast_hu": -70.0, "rim_hu": 40.0, "rim_fraction": 0.35},
    "calcified": {"contrast_hu": -50.0, "centre_hu": 250.0},
    "hypervascular": {"contrast_hu": 60.0},
}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An image, its liver and its lesions."""

    name: str
    image: ImageVolume
    liver: np.ndarray
    lesions: np.ndarray


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the overlap of two masks."""
    return float(2 * np.count_nonzero(found & truth) / (found.sum() + truth.sum()))


def sample_at(slice_mm: float) -> tuple[ImageVolume, np.ndarray]:
    """Return the sample CT and its liver on slices of a thickness."""
    sample = fetch_sample()
    image = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    liver = read_labels(sample.label_map, INSTANCE_SCHEME).mask(LIVER_LABEL)
    source = image.geometry
    steps = np.array([IN_PLANE_MM, IN_PLANE_MM, slice_mm])
    sizes = np.floor((np.array(source.shape) - 1) * source.spacing_mm / steps).astype(int) + 1
    affine = np.array(source.affine_ras)
    affine[:3, :3] = source.directions * steps
    grid = Geometry((int(sizes[0]), int(sizes[1]), int(sizes[2])), affine)
    voxels = resample(image.voxels, source, grid, outside=-1000.0).astype(np.int16)
    there = resample(liver, source, grid, outside=0.0) > HALF
    return replace(image, voxels=voxels, geometry=grid), there


def planted(kinds: list[str], slices: list[float], seeds: int) -> Iterator[Case]:
    """Yield the sample CT with planted metastases."""
    for slice_mm in slices:
        image, liver = sample_at(slice_mm)
        where = LabelMap(liver.astype(np.uint8), image.geometry, BINARY_SCHEME)
        for kind in kinds:
            for seed in range(1, seeds + 1):
                made = plant_metastases(
                    image, where, seed=seed, diameters_mm=DIAMETERS_MM, **LOOKS[kind]
                )
                name = f"{kind}, {slice_mm:g} mm"
                yield Case(name, made.image, liver, made.truth.mask())


def lits() -> Case:
    """Return LiTS 117 with its own liver."""
    sample = fetch_liver()
    image = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    liver, tumour = (
        read_labels(path, BINARY_SCHEME).mask() for path in (sample.liver, sample.tumour)
    )
    return Case("LiTS 117", image, liver, tumour)


def row(case: Case) -> str:
    """Return what is found in a case, refined or not, as a row of a table."""
    grid = case.image.geometry
    core = find_lesions(case.image, case.liver, device=DEVICE) & case.liver
    started, cpu = time.perf_counter(), time.process_time()
    with medsam_prompter(case.image, device=DEVICE) as prompter:
        refined = refined_lesions(core, case.liver, grid, prompter)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    core_ml, refined_ml, true_ml = (
        np.count_nonzero(mask) * grid.voxel_volume_ml for mask in (core, refined, case.lesions)
    )
    return (
        f"| {case.name} | {dice(core, case.lesions):.3f} | {dice(refined, case.lesions):.3f} | "
        f"{core_ml:.0f} | {refined_ml:.0f} | {true_ml:.0f} | {seconds:.0f} ({cpu:.0f} CPU) |"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", choices=LOOKS, default=list(LOOKS))
    parser.add_argument("--slices", nargs="*", type=float, default=[1.0, 3.0, 5.0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--without-lits", action="store_true")
    arguments = parser.parse_args()
    print("| lesions | Dice, core | refined | mL, core | refined | true | seconds to refine |")
    print("|---|---|---|---|---|---|---|")
    if not arguments.without_lits:
        print(row(lits()), flush=True)
    for case in planted(arguments.kinds, arguments.slices, arguments.seeds):
        print(row(case), flush=True)


if __name__ == "__main__":
    main()
