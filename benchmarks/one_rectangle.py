"""How good a lesion or a liver is that is outlined from one rectangle, and how much its place does.

A reader is played by the truth: the rectangle around each structure on the axial slice where it is
largest, moved and widened by some millimetres. Of the sample CT the planted metastases and the
liver, of the sample MR the liver (both livers against another network's label), and the tumours of
LiTS case 117. Whether the network was trained on LiTS is not known.

``python -P benchmarks/one_rectangle.py [--only NAME ...] [--scratch FOLDER]`` (``-P``: a script
beside it has the name of a package). With a scratch folder slices are looked at once for all calls.
"""

import argparse
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cc3d
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from models.cache import cache_folder
from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.reading import ReadingChoice
from remnant.io.source import load_study
from remnant.pipeline.samples import (
    ARCHIVE,
    LIVER_LABEL,
    REFERENCE_FILES,
    fetch_liver,
    fetch_sample,
)
from segmentation.boxes.outlining import LESION_RULES, LIVER_RULES, outlined
from segmentation.boxes.promptable import SlicePrompter, medsam_prompter
from segmentation.boxes.propagation import FollowingRules
from segmentation.overlap import dice
from segmentation.synthetic import plant_metastases

Mask = NDArray[np.bool_]
MR_LABEL = "example_seg_mr.nii.gz"
SMALLEST_ML = 1.0
LARGEST_SHARE = 0.5
"""Of the tumour: a mass of many confluent lesions is none that one rectangle is drawn around."""
JITTERS = ((0, 0, 0), (2, 0, 0), (-2, 2, 0), (4, -4, 0), (0, 0, 2), (0, 0, 4))
"""Shift to the right and to the front, and widening on each side, in mm."""


@dataclass(frozen=True)
class Truth:
    """An image, and the structures in it."""

    name: str
    image: ImageVolume
    structures: list[Mask]
    rules: FollowingRules


def planted() -> Truth:
    """Return the sample CT with planted metastases."""
    image, liver = sample_ct()
    made = plant_metastases(image, liver, seed=11)
    masks = [made.truth.codes == n for n in sorted(made.truth.present() - {0})]
    return Truth("planted metastases, 3 mm", made.image, masks, LESION_RULES)


def tumours() -> Truth:
    """Return LiTS 117 and its tumours of `SMALLEST_ML` or more, the largest mass left out."""
    files = fetch_liver()
    image = load_study(files.ct).image
    parts = cc3d.connected_components(np.asarray(nib.load(files.tumour).dataobj) > 0)
    sizes = np.bincount(parts.ravel())[1:]
    fewest, most = SMALLEST_ML / image.geometry.voxel_volume_ml, LARGEST_SHARE * sizes.sum()
    kept = [n for n, size in enumerate(sizes, start=1) if fewest <= size <= most]
    return Truth("LiTS 117, tumours", image, [parts == n for n in kept], LESION_RULES)


def ct_liver() -> Truth:
    """Return the liver of the sample CT."""
    image, liver = sample_ct()
    return Truth("liver, unenhanced CT", image, [liver.mask()], LIVER_RULES)


def mr_liver() -> Truth:
    """Return the liver of the sample MR, as another network outlined it."""
    image = load_study(fetch_sample().mr, choice=ReadingChoice(modality=Modality.MR)).image
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / MR_LABEL
        with tarfile.open(cache_folder() / "downloads" / ARCHIVE) as archive:
            packed = archive.extractfile(f"{REFERENCE_FILES}/{MR_LABEL}")
            place.write_bytes(packed.read() if packed else b"")
        label = np.asarray(nib.load(place).dataobj) == LIVER_LABEL
    return Truth("liver, MR of 60 mm", image, [label], LIVER_RULES)


def sample_ct() -> tuple[ImageVolume, LabelMap]:
    """Return the sample CT and its liver."""
    sample = fetch_sample()
    image = load_study(sample.ct).image
    codes = (np.asarray(nib.load(sample.label_map).dataobj) == LIVER_LABEL).astype(np.uint8)
    return image, LabelMap(codes, image.geometry, BINARY_SCHEME)


CASES: dict[str, Callable[[], Truth]] = {
    "mr": mr_liver, "planted": planted, "liver": ct_liver, "tumours": tumours,
}  # fmt: skip


def drawn(mask: Mask, image: ImageVolume, jitter: tuple[int, int, int]) -> ReaderBox:
    """Return the rectangle around a structure on its largest slice, on a grid of upright axes."""
    right, front, wider = jitter
    k = int(mask.sum(axis=(0, 1)).argmax())
    there = np.argwhere(mask[:, :, k])
    half = np.array([0.5, 0.5])
    corners = [np.append(there.min(axis=0) - half, k), np.append(there.max(axis=0) + half, k)]
    ends = image.geometry.ras_from_index(corners)
    low = ends.min(axis=0) + np.array([right - wider, front - wider, 0])
    high = ends.max(axis=0) + np.array([right + wider, front + wider, 0])
    z = float(ends[0, 2])
    return ReaderBox(
        low=(float(low[0]), float(low[1]), z), high=(float(high[0]), float(high[1]), z)
    )


def rows(truth: Truth, prompter: SlicePrompter) -> Iterator[str]:
    """Yield a line of a table for each jitter: Dice of all together, mean, least, volume."""
    voxel_ml = truth.image.geometry.voxel_volume_ml
    every = np.any(truth.structures, axis=0)
    for jitter in JITTERS:
        found = []
        for mask in truth.structures:
            try:
                box = drawn(mask, truth.image, jitter)
                found.append(outlined(prompter, truth.image, box, truth.rules).mask)
            except InputError:
                found.append(np.zeros_like(mask))
        each = [dice(one, mask) for one, mask in zip(found, truth.structures, strict=True)]
        union = np.any(found, axis=0)
        yield (
            f"| {truth.name} ({len(each)}) | {jitter[0]:+d}, {jitter[1]:+d} | {jitter[2]:+d} | "
            f"{dice(union, every):.3f} | {np.mean(each):.3f} | {min(each):.3f} | "
            f"{np.count_nonzero(union) * voxel_ml:.0f} / {np.count_nonzero(every) * voxel_ml:.0f} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Dice of what one rectangle gives.")
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--scratch", type=Path)
    asked = parser.parse_args()
    print("| structure | moved by mm | wider by mm | Dice | mean | least | mL, found / true |")
    print("|---|---|---|---:|---:|---:|---:|")
    for name in asked.only:
        truth = CASES[name]()
        with ExitStack() as stack:
            prompter = stack.enter_context(medsam_prompter(truth.image, scratch=asked.scratch))
            for row in rows(truth, prompter):
                print(row, flush=True)


if __name__ == "__main__":
    main()
