"""KUL's networks on MR: phantoms with real organs at the contrasts of MR, and the sample MR.

``nice python -P benchmarks/mr.py`` paints the organs of the sample CT (shapes of another network's
label map, another patient's never) as T1 portal, T1 hepatobiliary, T1 without contrast, in phase,
T2, diffusion-weighted and ADC images, see `remnant.testing.mr`, and prints for each how well the
liver is found: with the published scaling of intensities, with that by robust percentiles, and
after N4. What the sequence looks like, by the liver and what lies around it, is printed beside it.
Whether the networks were trained on images like these is not known; real MR has motion, distortion
and textures that the phantoms lack, so that a good figure here promises nothing on a patient.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import cc3d
import nibabel
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import segmentation
from remnant.core.errors import SegmentationFailedError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.mr import BiasCorrection
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import LIVER_LABEL, Sample, fetch_sample
from remnant.testing.mr import PaintedMr, Tissue, mr_image
from segmentation.engines import kul
from segmentation.preprocess import HALF_RANGE, MR_KEPT_FRACTION, normalised_field
from segmentation.resample import Floats
from segmentation.seen.mr_figures import FILE
from segmentation.seen.mr_intensities import without_bias
from segmentation.seen.sequence import seen_sequences

Mask = NDArray[np.bool_]
AIR_HU, FAT_HU, BONE_HU = -300.0, -30.0, 150.0
BODY_HU: Final = -200.0
BIAS: Final = 2.5
"""Sensitivity of the phantoms' coils, highest to lowest."""
ORGANS: Final[Mapping[Tissue, tuple[range, ...]]] = {
    Tissue.SPLEEN: (range(1, 2),),
    Tissue.KIDNEY: (range(2, 4),),
    Tissue.FLUID: (range(4, 5), range(21, 22), range(23, 25), range(79, 80)),
    Tissue.LIVER: (range(LIVER_LABEL, LIVER_LABEL + 1),),
    Tissue.BOWEL: (range(6, 7), range(15, 16), range(18, 21)),
    Tissue.PANCREAS: (range(7, 8),),
    Tissue.BLOOD: (range(51, 69),),
    Tissue.MARROW: (range(25, 51), range(69, 79), range(92, 118)),
    Tissue.MUSCLE: (range(80, 90),),
}
"""Classes of the sample's label map by tissue."""


def sample_tissues(sample: Sample) -> tuple[NDArray[np.uint8], Geometry]:
    """Return the tissue of every voxel of the sample CT, by its label map and Hounsfield units."""
    ct = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    labels = class_map(sample.label_map)
    hu = ct.voxels
    core = ndimage.binary_opening(hu > BODY_HU, iterations=2)
    body = cc3d.largest_k(core, k=1, connectivity=6) > 0
    body = np.stack([ndimage.binary_fill_holes(body[:, :, k]) for k in range(body.shape[2])], -1)
    tissues = np.zeros(hu.shape, dtype=np.uint8)
    for low, tissue in ((-np.inf, Tissue.LUNG), (AIR_HU, Tissue.FAT), (FAT_HU, Tissue.MUSCLE),
                        (BONE_HU, Tissue.MARROW)):  # fmt: skip
        tissues[body & (hu > low)] = tissue
    for tissue, ranges in ORGANS.items():
        organ = np.isin(labels, [code for codes in ranges for code in codes])
        tissues[organ & (hu > AIR_HU)] = tissue
    return tissues, ct.geometry


def class_map(path: Path) -> NDArray[Any]:
    """Return the classes of a label map, which are more than this program has names for."""
    return np.asarray(nibabel.load(path).dataobj).astype(np.int16)


def published(coarse: Floats, _modality: Modality) -> Floats:
    """Scale an MR as the network's authors do: from its lowest to its highest value."""
    inside = np.isfinite(coarse)
    low, high = float(coarse[inside].min()), float(coarse[inside].max())
    top = low + MR_KEPT_FRACTION * (high - low)
    scaled = (np.clip(coarse, low, top) - low) / max(top - low, 1e-6) - HALF_RANGE
    return np.where(inside, scaled, 0.0).astype(np.float32)


def n4(image: ImageVolume) -> ImageVolume:
    """Return an image without its bias field."""
    return without_bias(image, BiasCorrection.N4).image


Prepared = tuple[Callable[[ImageVolume], ImageVolume], Callable[[Floats, Modality], Floats]]
PREPARATIONS: Final[Mapping[str, Prepared]] = {
    "published": (lambda image: image, published),
    "percentiles": (lambda image: image, normalised_field),
    "N4, percentiles": (n4, normalised_field),
}
DEFAULT: Final = "percentiles"
TUMOUR_RADII_MM: Final = (10.0, 8.0, 12.0)
TUMOUR_KINDS: Final = (PaintedMr.T1_PORTAL, PaintedMr.T1_HEPATOBILIARY)
SLAB_MM: Final = 60.0
"""Height of the sample MR."""


def liver_dice(image: ImageVolume, liver: Mask, preparation: str) -> float:
    """Return the Dice of the liver that is found, 0 where none is."""
    prepare, scale = PREPARATIONS[preparation]
    with patch.object(kul, "normalised_field", scale):
        try:
            found = kul.find_liver(prepare(image), device="cpu")
        except SegmentationFailedError:
            return 0.0
    mask = kul.thresholded(found.probability, found.grid, image.geometry)
    return float(2 * np.count_nonzero(mask & liver) / (mask.sum() + liver.sum()))


def phantoms(
    sample: Sample, kinds: tuple[PaintedMr, ...]
) -> Iterator[tuple[str, ImageVolume, Mask]]:
    """Yield the sample's organs painted as each sequence, and their liver."""
    tissues, grid = sample_tissues(sample)
    liver = tissues == Tissue.LIVER
    for kind in kinds:
        yield kind.value, mr_image(tissues, grid, kind, bias=BIAS), liver


def slabs(sample: Sample) -> Iterator[tuple[str, ImageVolume, Mask]]:
    """Yield phantoms as high as the sample MR, about the middle of the liver."""
    for name, image, liver in phantoms(sample, (PaintedMr.T1_PORTAL, PaintedMr.T1_IN_PHASE)):
        spacing_mm = image.geometry.spacing_mm[2]
        height = round(SLAB_MM / spacing_mm)
        middle = int(np.median(np.nonzero(liver)[2]))
        part = slice(middle - height // 2, middle - height // 2 + height)
        shape = (*image.geometry.shape[:2], height)
        grid = image.geometry.cropped((0, 0, part.start), shape)
        cut = ImageVolume(image.voxels[:, :, part], grid, Modality.MR, phase=image.phase)
        yield f"{name}, {SLAB_MM:.0f} mm of it", cut, liver[:, :, part]


def real(sample: Sample) -> tuple[str, ImageVolume, Mask]:
    """Return the sample MR and the liver of another network's label map."""
    image = read_image(sample.mr, choice=ReadingChoice(modality=Modality.MR))
    return "sample MR", image, class_map(sample.mr_label_map) == LIVER_LABEL


def row(name: str, image: ImageVolume, liver: Mask) -> dict[str, float]:
    """Print and return the Dice by each preparation, and print what the image looks like."""
    known = LabelMap(liver.astype(np.uint8), image.geometry, BINARY_SCHEME)
    look = " or ".join(one.name for one in seen_sequences(image, known)) or "nothing plainly"
    found = {one: liver_dice(image, liver, one) for one in PREPARATIONS}
    print(f"| {name} | {' | '.join(f'{d:.3f}' for d in found.values())} | {look} |", flush=True)
    return found


def with_tumours(tissues: NDArray[np.uint8], grid: Geometry) -> tuple[NDArray[np.uint8], Mask]:
    """Return tissues with balls of tumour deep in the liver, and where these are."""
    drawn = np.random.default_rng(1)
    liver = tissues == Tissue.LIVER
    deep_mm = ndimage.distance_transform_edt(liver, sampling=grid.spacing_mm)
    places = np.argwhere(deep_mm > max(TUMOUR_RADII_MM))
    tumour = np.zeros_like(liver)
    for radius_mm in TUMOUR_RADII_MM:
        centre = places[drawn.integers(len(places))]
        away = (np.moveaxis(np.indices(liver.shape), 0, -1) - centre) * grid.spacing_mm
        tumour |= liver & (np.linalg.norm(away, axis=-1) < radius_mm)
    return np.where(tumour, np.uint8(Tissue.TUMOUR), tissues), tumour


def lesion_rows(sample: Sample) -> dict[str, float]:
    """Print and return the Dice of the lesions, the liver given a voxel too large."""
    tissues, grid = sample_tissues(sample)
    liver = ndimage.binary_dilation(tissues == Tissue.LIVER)
    planted, tumour = with_tumours(tissues, grid)
    dice = {}
    print("| image | lesions' Dice | found mL | true mL |")
    print("| --- | ---: | ---: | ---: |")
    for kind in TUMOUR_KINDS:
        mask = kul.find_lesions(mr_image(planted, grid, kind), liver, device="cpu") & liver
        both = np.count_nonzero(mask & tumour)
        dice[kind.value] = float(2 * both / (mask.sum() + tumour.sum()))
        found_ml, true_ml = (np.count_nonzero(one) * grid.voxel_volume_ml for one in (mask, tumour))
        print(f"| {kind} | {dice[kind.value]:.3f} | {found_ml:.1f} | {true_ml:.1f} |", flush=True)
    return dice


def liver_rows(sample: Sample, kinds: tuple[PaintedMr, ...]) -> dict[str, object]:
    """Print the liver's table; return the figures of the default preparation."""
    print(f"| image | {' | '.join(PREPARATIONS)} | looks like |")
    print(f"| --- | {'---: | ' * len(PREPARATIONS)}--- |")
    painted = {
        name: row(name, image, liver)[DEFAULT] for name, image, liver in phantoms(sample, kinds)
    }
    for slab in slabs(sample):
        row(*slab)
    name, image, liver = real(sample)
    return {
        "painted": {kind: round(dice, 3) for kind, dice in painted.items()},
        "real_mm": [image.geometry.shape[2] * image.geometry.spacing_mm[2]],
        "real": [round(row(name, image, liver)[DEFAULT], 3)],
    }


def main() -> None:
    """Print the tables, and write the figures that reports cite."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="+", choices=[kind.value for kind in PaintedMr])
    asked.add_argument("--skip-liver", action="store_true", help="lesions alone")
    asked.add_argument("--write", action="store_true", help="keep the figures that reports cite")
    chosen = asked.parse_args()
    sample = fetch_sample()
    kinds = tuple(kind for kind in PaintedMr if chosen.only is None or kind in chosen.only)
    figures = {} if chosen.skip_liver else liver_rows(sample, kinds)
    figures["lesions"] = {kind: round(dice, 3) for kind, dice in lesion_rows(sample).items()}
    if chosen.write:
        path = Path(segmentation.__file__).parent / FILE
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**known, **figures}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
