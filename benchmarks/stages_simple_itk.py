"""Lesions, segments and shares as a plain SimpleITK script does them: the peer of `measure`.

``python benchmarks/stages_simple_itk.py FOLDER OUT.csv`` reads ``liver``, ``lesions`` and
``couinaud`` (``.nii.gz``) of a folder and writes one row for each lesion.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813  (its usual name)

SEGMENTS = range(1, 9)


def main(folder: Path, table: Path) -> None:
    """Measure and write the table."""
    liver, mask, couinaud = (
        sitk.ReadImage(str(folder / f"{name}.nii.gz")) for name in ("liver", "lesions", "couinaud")
    )
    fully_connected = True
    lesions = sitk.ConnectedComponent(mask > 0, fully_connected)
    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.ComputeFeretDiameterOn()
    shapes.Execute(lesions)
    whole = sitk.LabelShapeStatisticsImageFilter()
    whole.Execute(liver > 0)
    segments = sitk.LabelShapeStatisticsImageFilter()
    segments.Execute(couinaud)
    codes = sitk.GetArrayViewFromImage(lesions)
    inside = codes > 0
    pairs = codes[inside] * 9 + sitk.GetArrayViewFromImage(couinaud)[inside]
    shared = np.bincount(pairs, minlength=9 * (len(shapes.GetLabels()) + 1)).reshape(-1, 9)
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["lesion", "volume_ml", "feret_mm", *(f"share_{n}" for n in SEGMENTS)])
        for n in shapes.GetLabels():
            shares = shared[n, 1:] / shared[n].sum()
            volume_ml = shapes.GetPhysicalSize(n) / 1000
            writer.writerow([n, volume_ml, shapes.GetFeretDiameter(n), *shares])
        writer.writerow(["liver", whole.GetPhysicalSize(1) / 1000])
        for n in segments.GetLabels():
            writer.writerow([f"segment {n}", segments.GetPhysicalSize(n) / 1000])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
