"""Lesions, segments and shares as a plain scikit-image script does them: a peer of `measure`.

``python benchmarks/stages_scikit_image.py FOLDER OUT.csv`` reads ``liver``, ``lesions`` and
``couinaud`` (``.nii.gz``) of a folder and writes one row for each lesion.
"""

import csv
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from skimage.measure import label, regionprops_table

PROPERTIES = ("label", "area", "centroid", "bbox", "feret_diameter_max", "axis_major_length")


def main(folder: Path, table: Path) -> None:
    """Measure and write the table."""
    images = [nib.load(folder / f"{name}.nii.gz") for name in ("liver", "lesions", "couinaud")]
    liver, mask, couinaud = (np.asarray(image.dataobj) for image in images)
    spacing_mm = images[0].header.get_zooms()
    voxel_ml = float(np.prod(spacing_mm)) / 1000
    lesions = label(mask > 0, connectivity=3)
    found = regionprops_table(lesions, properties=PROPERTIES, spacing=spacing_mm)
    inside = lesions > 0
    pairs = lesions[inside] * 9 + couinaud[inside]
    shared = np.bincount(pairs, minlength=9 * (len(found["label"]) + 1)).reshape(-1, 9)[1:]
    shares = shared[:, 1:] / shared.sum(axis=1, keepdims=True)
    segments = np.bincount(couinaud.ravel(), minlength=9)
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*found, *(f"share_{n}" for n in range(1, 9))])
        writer.writerows(np.column_stack([*found.values(), shares]))
        writer.writerow(["liver", np.count_nonzero(liver) * voxel_ml])
        writer.writerows([f"segment {n}", segments[n] * voxel_ml] for n in range(1, 9))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
