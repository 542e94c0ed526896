"""How exports are opened, in words."""

from collections.abc import Mapping
from typing import Final

SURFACES_NOTE: Final = (
    "Surfaces are for display only, not for measurement: they are smoothed. Volumes stand in "
    "report.json, which takes them from voxels."
)
HOW_TO_OPEN: Final[Mapping[str, str]] = {
    "slicer": (
        "3D Slicer: File > Add Data > Choose Directory to Add, or drop the .seg.nrrd files on the "
        "window. Names, colours and terminology come with them; the .ctbl files are colour tables "
        "for the NIfTI maps of the case."
    ),
    "itksnap": (
        "ITK-SNAP: open the scan as main image, then `Segmentation > Open Segmentation` with a map "
        "and `Segmentation > Import Label Descriptions` with the .label file of the same name; or "
        "`itksnap -g SCAN -s structures.nii.gz -l structures.label`."
    ),
    "nnunet": (
        "nnU-Net: move the folder into nnUNet_raw, then `nnUNetv2_plan_and_preprocess -d NUMBER "
        "--verify_dataset_integrity`."
    ),
    "stl": (
        "One surface a file, binary STL in LPS mm as each header says (3D Slicer heeds it). "
        + SURFACES_NOTE
    ),
    "glb": (
        "One view a file, for any viewer of glTF 2.0: liver.glb, couinaud.glb and one for each "
        "plan that was drawn; head up, front to the reader. " + SURFACES_NOTE
    ),
    "dicom": (
        "Send the files with `remnant pacs send` or any other DICOM sender. They name the patient, "
        "as the images do: only their owner can read them."
    ),
}
"""By what the export is for."""
