"""Why something below a folder of studies was not taken into a manifest, in words."""

from collections.abc import Mapping
from typing import Final

DOUBT_WORDS: Final[Mapping[str, str]] = {
    "unknown_mask": "masks whose names say no role; name them in a column yourself",
    "other_organ": "files that are called after another organ",
    "bytes": "files with voxels of one byte: masks, though their names do not say so",
    "several_scans": "scans of one case; keep one, or name one in the column study",
    "several_masks": "masks of one role for one case; name one in its column",
    "no_scan": "masks of no certain scan",
    "unnamed": "files whose names say neither scan nor mask, beside those of a case",
    "derived_image": "images that were made from others",
    "source_data": "folders of a BIDS layout that hold none of its images",
    "mixed_studies": "studies that lie in one folder with others; part them",
    "spread_study": "studies without a folder of their own; move each into one",
    "no_study_uid": "DICOM files that do not say which study they are of",
    "no_images": "DICOM studies without CT or MR",
    "dicom_mask": "DICOM segmentations; `remnant inspect` says what they hold, then name them",
    "case_of_remnant": "results of remnant; `remnant cohort collect` makes tables of them",
    "linked_folder": "links to folders, which are not followed",
    "unreadable_folder": "folders that cannot be opened",
    "odd_name": "names with spaces around them or with signs that cannot be printed; rename them",
    "other_file": "other files",
}
"""By the value of `remnant.cohort.scan_names.Doubt`."""
