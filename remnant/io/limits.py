"""How much an untrusted file may ask for, before anything is allocated."""

LARGEST_VOXEL_COUNT = 1_200_000_000
"""Voxels of one volume: a 1024 x 1024 scan of 1100 slices; 2.4 GB as int16."""

LARGEST_PLANE_SIDE = 8192
"""Rows or columns of one DICOM plane."""

LARGEST_HEADER_BYTES = 16 * 1024 * 1024
"""Header and extensions of one NIfTI or NRRD file."""

LARGEST_TRAILER_BYTES = 1024 * 1024
"""What may follow the voxels of a NIfTI file."""

LARGEST_DEFLATE_RATIO = 1032
"""Most that deflate can shrink data: a header that promises more than this is lying."""

LARGEST_FILE_COUNT = 50_000
"""Files looked at in one folder."""

LARGEST_FILE_BYTES = 4 * 1024**3
"""One DICOM file."""

LARGEST_JSON_BYTES = 4 * 1024 * 1024
"""One landmarks file."""

LARGEST_SEG_FRAMES = 100_000
"""Frames of one DICOM segmentation: planes times segments."""

SMALLEST_SPACING_MM = 0.05
LARGEST_SPACING_MM = 25.0
"""Voxel sizes outside this range are a wrong unit or a broken header."""

LARGEST_DICOM_HEADER_BYTES = 64 * 1024 * 1024
"""What stands before the pixels of one DICOM file; multi-frame objects describe every frame."""

LARGEST_INFLATED_BYTES = 1024**3
"""One deflated DICOM file when inflated: it is held in memory."""

LARGEST_FRAME_COUNT = 100_000
"""Frames of one DICOM file."""

LARGEST_ARCHIVE_BYTES = 16 * 1024**3
"""All files of one zip file when unpacked."""

LARGEST_ARCHIVE_RATIO = 200
"""All files of one zip file by the file itself; scans shrink to a half or a fifth."""

DEEPEST_ARCHIVE_FOLDER = 32
"""Folders in each other in a zip file."""
