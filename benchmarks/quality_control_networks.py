"""Runs the liver network on the real scans spoilt in every way, and keeps what it finds.

Each result is one file in the folder; what is there is not run again. `quality_control.py` reads
them. About half a minute a scan on one core.

    python benchmarks/quality_control_networks.py --results FOLDER
"""

# ruff: noqa: E402
import sys

sys.path[:] = [p for p in sys.path if not p.endswith("benchmarks")]  # volumetry.py hides a package

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from remnant.core.errors import SegmentationFailedError
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.io.nifti import read_image, read_labels
from remnant.pipeline.samples import LIVER_LABEL, fetch_liver, fetch_sample
from remnant.testing.spoilt_scans import SPOILING_SEED, TrueScan, spoilers, with_values
from segmentation.engines.findings import dice_of
from segmentation.engines.kul import find_liver, thresholded
from segmentation.resample import resample
from segmentation.upright import upright_grid

CONTRASTS: dict[str, dict[int, float]] = {
    # HU added to what the sample's labels name: liver, spleen, kidneys, aorta, cava, portal vein
    "unenhanced": {},
    "portal": {5: 60, 1: 75, 2: 140, 3: 140, 52: 110, 63: 90, 64: 120, 8: 60, 9: 60, 51: 90},
    "arterial": {5: 12, 1: 70, 2: 110, 3: 110, 52: 240, 63: 15, 64: 25, 8: 150, 9: 150, 51: 200},
}
SMOOTH_VOXELS = 0.6


def real_scans() -> Iterator[tuple[str, TrueScan]]:
    """Yield the real scans by name, on grids along RAS."""
    from scipy import ndimage

    sample = fetch_sample()
    image, labels = read_image(sample.ct), read_labels(sample.label_map, INSTANCE_SCHEME)
    liver = LabelMap((labels.codes == LIVER_LABEL).astype(np.uint8), image.geometry, BINARY_SCHEME)
    for contrast, added in CONTRASTS.items():
        raised = np.zeros(image.geometry.shape, np.float32)
        for code, hu in added.items():
            raised[labels.codes == code] = hu
        values = image.voxels + ndimage.gaussian_filter(raised, SMOOTH_VOXELS)
        phase = Phase[contrast.upper()]
        yield contrast, with_values(TrueScan(replace(image, phase=phase), liver), values)
    yield "lits", _lits()


def _lits() -> TrueScan:
    """Return the liver with tumour on a grid along RAS of its own voxels."""
    files = fetch_liver()
    image, liver = read_image(files.ct), read_labels(files.liver, BINARY_SCHEME)
    grid = upright_grid(image.geometry, image.geometry.spacing_mm)
    values = resample(image.voxels, image.geometry, grid, outside=-1000.0)
    mask = resample(liver.mask(), liver.geometry, grid, outside=0.0) > 1 / 2
    turned = ImageVolume(values, grid, Modality.CT, phase=Phase.PORTAL)
    return with_values(
        TrueScan(turned, LabelMap(mask.astype(np.uint8), grid, BINARY_SCHEME)), values
    )


def file_name(scan: str, kind: str, how: str) -> str:
    """Return the name of a result's file."""
    return f"{scan}, {kind}, {how}.npz"


def found_in(scan: TrueScan) -> dict[str, Any]:
    """Run the network; an empty mask where it finds nothing."""
    try:
        found = find_liver(scan.image, device="cpu")
    except SegmentationFailedError as none:
        return {"refused": str(none)}
    mask = thresholded(found.probability, found.grid, scan.image.geometry)
    return {
        "mask": np.packbits(mask),
        "confidence": found.confidence,
        "windows_agreement": found.windows_agreement,
        "dice": dice_of(mask, scan.liver.mask()),
    }


def main() -> None:
    """Run what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    folder: Path = parser.parse_args().results
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [
        (name, kind, how, scan, spoil)
        for name, scan in real_scans()
        for kind, how, spoil in spoilers()
    ]
    for place in np.random.default_rng(0).permutation(len(waiting)):
        name, kind, how, scan, spoil = waiting[place]
        file = folder / file_name(name, kind, how)
        if file.exists():
            continue
        found = found_in(spoil(scan, np.random.default_rng(SPOILING_SEED)))
        np.savez_compressed(file.with_suffix(".tmp.npz"), **found)
        file.with_suffix(".tmp.npz").rename(file)
        print(
            file.stem,
            found.get("dice"),
            found.get("confidence"),
            found.get("windows_agreement"),
            flush=True,
        )


if __name__ == "__main__":
    main()
