"""How near outlines of lesions come to the truth, with and without refining them.

``python -P benchmarks/lesion_borders.py`` plants metastases of five looks in the sample CT, at
slices of 1, 3 and 5 mm, and takes LiTS 117 with its own liver; it prints a row for each.
``--kinds`` and ``--slices`` choose some, ``--seeds`` says how many times they are planted.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from unittest import mock

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import LIVER_LABEL, fetch_liver, fetch_sample
from segmentation.axial import AxialView
from segmentation.boxes.promptable import medsam_prompter
from segmentation.engines.device import chosen_device
from segmentation.engines.kul import find_lesions
from segmentation.lesions import borders as lesion_borders
from segmentation.lesions.borders import refined_lesions
from segmentation.overlap import dice
from segmentation.resample import resample
from segmentation.synthetic import LesionLook, plant_metastases

IN_PLANE_MM = 1.5
HALF = 0.5
SHOWN, LEAST_SHOWN_MM2 = 6, 100.0
COLOURS = {"truth": "#35b779", "core": "#56b4e9", "refined": "#e69f00"}
COLUMNS = (
    "lesions", "Dice: core", "+ outlines", "+ ends", "every slice looked at", "mL: core",
    "refined", "true", "CPU s to refine",
)  # fmt: skip
DEVICE = chosen_device("cpu")
DIAMETERS_MM = (34.0, 24.0, 16.0, 12.0, 8.0)
LOOKS: Mapping[str, LesionLook] = {
    "hypodense": LesionLook(contrast_hu=-60.0),
    "enhancing rim": LesionLook(contrast_hu=-60.0, rim_hu=90.0),
    "halo": LesionLook(contrast_hu=-70.0, rim_hu=40.0, rim_fraction=0.35),
    "calcified": LesionLook(contrast_hu=-50.0, centre_hu=250.0),
    "hypervascular": LesionLook(contrast_hu=60.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An image, its liver and its lesions."""

    name: str
    image: ImageVolume
    liver: np.ndarray
    lesions: np.ndarray


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
                    image, where, seed=seed, diameters_mm=DIAMETERS_MM, look=LOOKS[kind]
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


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A case's lesions after each step, on its own grid, and the seconds that refining took."""

    case: Case
    core: np.ndarray
    outlined: np.ndarray
    refined: np.ndarray
    every_slice: np.ndarray | None
    cpu_s: float

    def row(self) -> str:
        """Return a row of the table."""
        grid, truth = self.case.image.geometry, self.case.lesions
        every = "" if self.every_slice is None else f"{dice(self.every_slice, truth):.3f}"
        overlaps = (f"{dice(mask, truth):.3f}" for mask in (self.core, self.outlined, self.refined))
        volumes = (
            f"{np.count_nonzero(mask) * grid.voxel_volume_ml:.0f}"
            for mask in (self.core, self.refined, truth)
        )
        cells = (self.case.name, *overlaps, every, *volumes, f"{self.cpu_s:.0f}")
        return f"| {' | '.join(cells)} |"


def steps(case: Case) -> Steps:
    """Find a case's lesions and refine them."""
    grid = case.image.geometry
    core = find_lesions(case.image, case.liver, device=DEVICE) & case.liver
    with medsam_prompter(case.image, device=DEVICE) as prompter:
        started = time.process_time()
        refined = refined_lesions(case.image, core, case.liver, prompter)
        cpu_s = time.process_time() - started
        outlined = refined_lesions(case.image, core, case.liver, prompter, with_ends=False)
        every = None
        if grid.spacing_mm[grid.axial_axis] < lesion_borders.THINNEST_ALL_MM:
            with mock.patch.object(lesion_borders, "THINNEST_ALL_MM", 0.0):
                every = refined_lesions(case.image, core, case.liver, prompter)
    return Steps(case, core, outlined, refined, every, cpu_s)


def worst_slice(found: Steps) -> tuple[float, int]:
    """Return the lowest Dice of a slice with a lesion of some size, and which slice that is."""
    view = AxialView(found.case.image.geometry)
    refined, truth = view.seen(found.refined), view.seen(found.case.lesions)
    step_i, step_j, _ = view.grid.spacing_mm
    areas_mm2 = truth.sum(axis=(0, 1)) * step_i * step_j
    large = np.flatnonzero(areas_mm2 >= LEAST_SHOWN_MM2)
    return min((dice(refined[:, :, k], truth[:, :, k]), int(k)) for k in large)


def draw_gallery(found: list[Steps], path: Path) -> None:
    """Draw the worst slice of each of the worst cases: truth, core and refined outline."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    worst = sorted(found, key=lambda one: worst_slice(one)[0])[:SHOWN]
    figure, axes = plt.subplots(2, SHOWN // 2, figsize=(12, 7.6), squeeze=False)
    for axis, one in zip(axes.ravel(), worst, strict=False):
        overlap, k = worst_slice(one)
        view = AxialView(one.case.image.geometry)
        liver = np.argwhere(view.seen(one.case.liver)[:, :, k])
        (i, j), (stop_i, stop_j) = liver.min(axis=0), liver.max(axis=0) + 1
        part = (slice(i, stop_i), slice(j, stop_j), k)
        axis.imshow(
            view.seen(one.case.image.voxels)[part][::-1].T,
            cmap="gray", vmin=-60, vmax=180, origin="lower",
        )  # fmt: skip
        for mask, colour in zip(
            (one.case.lesions, one.core, one.refined), COLOURS.values(), strict=True
        ):
            shown = view.seen(mask)[part][::-1].T
            if shown.any():
                axis.contour(shown, [0.5], colors=colour, linewidths=1.2)
        axis.set_title(f"{one.case.name}: Dice {overlap:.2f} in this slice", fontsize=9)
    for axis in axes.ravel():
        axis.axis("off")
    handles = [Line2D([], [], color=colour, label=name) for name, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, dpi=90)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", choices=LOOKS, default=list(LOOKS))
    parser.add_argument("--slices", nargs="*", type=float, default=[1.0, 3.0, 5.0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--without-lits", action="store_true")
    parser.add_argument("--gallery", type=Path, help="picture of the worst slices")
    arguments = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    found = []
    cases = planted(arguments.kinds, arguments.slices, arguments.seeds)
    for case in cases if arguments.without_lits else chain([lits()], cases):
        found.append(steps(case))
        print(found[-1].row(), flush=True)
    if arguments.gallery is not None:
        draw_gallery(found, arguments.gallery)


if __name__ == "__main__":
    main()
