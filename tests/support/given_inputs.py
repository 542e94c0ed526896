"""Inputs that people have trouble with, made anew for the reference of inputs and its test.

Each maker writes one input into a folder and returns the command that a user would give, without
its output. The conditions are those of public reports on other programs; the files are synthetic.
"""

import gzip
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import SimpleITK as sitk  # noqa: N813
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy import ndimage

SHAPE = (56, 48, 40)
AFFINE = np.array([[2.5, 0, 0, -70.0], [0, 2.5, 0, -55.0], [0, 0, 2.5, -40.0], [0, 0, 0, 1]])
INDEX = np.stack(np.indices(SHAPE), axis=-1)


def _ball(centre: tuple[float, ...], radius: float) -> np.ndarray:
    return np.linalg.norm(INDEX - np.array(centre), axis=-1) <= radius


LIVER = np.linalg.norm((INDEX - np.array((28, 24, 20))) / np.array((24, 20, 16)), axis=-1) <= 1
FIRST, SECOND, THIRD = _ball((20, 22, 20), 5), _ball((38, 26, 22), 3.4), _ball((28, 34, 16), 3)
LESIONS = (FIRST + 2 * SECOND).astype(np.uint8)
VESSEL = LIVER & (np.abs(INDEX[..., 1] - 24) <= 1) & (np.abs(INDEX[..., 2] - 28) <= 1)

Maker = Callable[[Path], list[str]]


@dataclass(frozen=True)
class Given:
    """One input: its group and condition in words, and what writes it."""

    group: str
    condition: str
    maker: str
    make: Maker


MAKERS: list[Given] = []


def given(group: str, condition: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a maker; ``options`` are passed to it."""

    def register(make: Callable[..., list[str]]) -> Callable[..., list[str]]:
        MAKERS.append(
            Given(group, condition, make.__name__, lambda folder: make(folder, **options))
        )
        return make

    return register


def nifti(array: np.ndarray, path: Path, affine: np.ndarray = AFFINE, *, q: int = 1) -> Path:
    image = nibabel.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, q)
    image.set_sform(affine, 1)
    nibabel.save(image, path)
    return path


def _liver(folder: Path) -> Path:
    return nifti(LIVER.astype(np.uint8), folder / "liver.nii.gz")


def _measured(folder: Path, lesions: Path, *more: str) -> list[str]:
    return ["measure", "--liver", str(_liver(folder)), "--lesions", str(lesions), *more]


MAPS = "Lesion maps"


@given(MAPS, "one code for each lesion", codes=LESIONS)
@given(MAPS, "one code for all lesions", codes=(LESIONS > 0) * 1)
@given(MAPS, "0 and 255", codes=(LESIONS > 0) * 255)
@given(MAPS, "two codes, each of several separate lesions", codes=FIRST + SECOND * 1 + THIRD * 2)
@given(MAPS, "a rim and its core", codes=FIRST + _ball((20, 22, 20), 3) * 1)
@given(MAPS, "vessels 1, tumour 2", codes=VESSEL + 2 * (FIRST & ~VESSEL))
@given(MAPS, "vessels 1, tumour 2, with --lesion-codes 2", codes=VESSEL + 2 * (FIRST & ~VESSEL),
       more=("--lesion-codes", "2"))  # fmt: skip
@given(MAPS, "liver 1, tumour 2, given as lesions", codes=LIVER + (LESIONS > 0) * 1)
@given(MAPS, "nothing but zeros", codes=LESIONS * 0)
@given(MAPS, "negative numbers", codes=-LESIONS.astype(np.int16))
def _codes(folder: Path, *, codes: np.ndarray, more: tuple[str, ...] = ()) -> list[str]:
    kind = np.int16 if codes.min() < 0 else np.uint8
    return _measured(folder, nifti(codes.astype(kind), folder / "lesions.nii.gz"), *more)


def _blurred() -> np.ndarray:
    return ndimage.gaussian_filter((LESIONS > 0).astype(np.float32), 1.5)


@given(MAPS, "a probability map", values=_blurred)
@given(MAPS, "a probability map with --threshold 0.5", values=_blurred, more=("--threshold", "0.5"))
@given(MAPS, "0 and 255 moved by half a voxel, interpolated",
       values=lambda: np.rint(ndimage.shift((LESIONS > 0) * 255.0, 0.5, order=1)))  # fmt: skip
@given(MAPS, "0 and 255 with values from 252 on, as JPEG leaves them",
       values=lambda: (LESIONS > 0) * (255.0 - INDEX.sum(axis=-1) % 4))  # fmt: skip
@given(MAPS, "codes 1 to 6, interpolated",
       values=lambda: np.rint(ndimage.shift(sum(
           n * _ball((14 + 5 * n, 24, 20), 2.5) for n in range(1, 7)).astype(float), 0.4, order=1))
       )  # fmt: skip
@given(
    MAPS, "whole numbers but for rounding", values=lambda: LESIONS + 0.001 * np.sin(INDEX[..., 0])
)
@given(MAPS, "not-a-number in the map", values=lambda: np.where(FIRST, np.nan, 0.0))
def _values(
    folder: Path, *, values: Callable[[], np.ndarray], more: tuple[str, ...] = ()
) -> list[str]:
    array = values()
    kind = np.uint8 if np.isfinite(array).all() and (array == np.rint(array)).all() else np.float32
    return _measured(folder, nifti(array.astype(kind), folder / "lesions.nii.gz"), *more)


LIVERS = "Liver maps"


@given(LIVERS, "without its tumours", gap=0)
@given(LIVERS, "without its tumours and one voxel around them", gap=1)
def _parenchyma(folder: Path, *, gap: int) -> list[str]:
    tumour = LESIONS > 0
    hole = ndimage.binary_dilation(tumour, iterations=gap) if gap else tumour
    liver = nifti((LIVER & ~hole).astype(np.uint8), folder / "liver.nii.gz")
    lesions = nifti(LESIONS, folder / "lesions.nii.gz")
    return ["measure", "--liver", str(liver), "--lesions", str(lesions)]


@given(LIVERS, "a file cropped to the liver")
@given(LIVERS, "a file cropped to the liver, with --whole-liver", more=("--whole-liver",))
def _cropped(folder: Path, *, more: tuple[str, ...] = ()) -> list[str]:
    low, high = np.argwhere(LIVER).min(axis=0), np.argwhere(LIVER).max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    affine = AFFINE.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    return ["measure", "--liver", str(nifti(LIVER[box].astype(np.uint8), folder / "l.nii", affine)),
            *more]  # fmt: skip


@given(LIVERS, "an empty liver")
def _empty(folder: Path) -> list[str]:
    return ["measure", "--liver", str(nifti(LIVER.astype(np.uint8) * 0, folder / "liver.nii.gz"))]


GRIDS = "Grids and headers"


def _header(folder: Path, change: Callable[[Any], None]) -> Path:
    image = nibabel.Nifti1Image(LIVER.astype(np.uint8), AFFINE)
    image.header.set_xyzt_units("mm")
    change(image)
    path = folder / "liver.nii"
    nibabel.save(image, path)
    return path


def _patched(path: Path, offset: int, value: bytes) -> Path:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(value)] = value
    path.write_bytes(bytes(content))
    return path


PIXDIM_PLACE, QFORM_CODE_PLACE, SFORM_CODE_PLACE, UNITS_PLACE = 80, 252, 254, 123


def _floats(*numbers: float) -> bytes:
    return np.array(numbers, dtype="<f4").tobytes()


@given(GRIDS, "voxel sizes in pixdim other than in the sform, no qform",
       place=PIXDIM_PLACE, value=_floats(2.5, 2.5, 1.25))  # fmt: skip
@given(GRIDS, "the same, with --geometry-from pixdim", place=PIXDIM_PLACE,
       value=_floats(2.5, 2.5, 1.25), more=("--geometry-from", "pixdim"))  # fmt: skip
@given(GRIDS, "a negative voxel size", place=PIXDIM_PLACE, value=_floats(-2.5, 2.5, 2.5))
@given(GRIDS, "a voxel size of zero", place=PIXDIM_PLACE, value=_floats(0.0, 2.5, 2.5))
@given(
    GRIDS, "units of micrometres on numbers that are millimetres", place=UNITS_PLACE, value=b"\x03"
)
@given(GRIDS, "neither qform nor sform", place=SFORM_CODE_PLACE, value=b"\0\0")
@given(GRIDS, "qform and sform that disagree", qform=True)
@given(GRIDS, "an identity matrix: the voxel sizes were lost", identity=True)
def _contradicting(
    folder: Path, *, place: int | None = None, value: bytes = b"", qform: bool = False,
    identity: bool = False, more: tuple[str, ...] = (),
) -> list[str]:  # fmt: skip
    def change(image: Any) -> None:
        image.set_sform(np.eye(4) if identity else AFFINE, 1)
        moved = AFFINE.copy()
        moved[0, 3] += 30
        image.set_qform(moved if qform else None, int(qform))
        if identity:
            image.header["pixdim"][1:4] = 1

    path = _header(folder, change)
    if place is not None:
        _patched(path, place, value)
    return ["measure", "--liver", str(path), *more]


@given(GRIDS, "two grids that differ by rounding (2.5 mm against 2.4996 mm)", scale=0.99984)
@given(GRIDS, "two grids half a voxel apart", shift=1.25)
@given(GRIDS, "a lesion map stored mirrored and with its axes in another order", turned=True)
def _two_grids(
    folder: Path, *, scale: float = 1.0, shift: float = 0.0, turned: bool = False
) -> list[str]:
    affine = AFFINE.copy()
    affine[:3, :3] *= scale
    affine[:3, 3] += shift
    path = folder / "lesions.nii.gz"
    if turned:
        image = nibabel.Nifti1Image(LESIONS, AFFINE)
        image = image.as_reoriented(np.array([[2, 1], [0, -1], [1, 1]]))
        nifti(np.asarray(image.dataobj), path, image.affine, q=0)
    else:
        nifti(LESIONS, path, affine)
    return _measured(folder, path)


FORMATS = "File formats"


def _itk(path: Path, array: np.ndarray = LESIONS) -> Path:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing((2.5, 2.5, 2.5))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    image.SetOrigin((70.0, 55.0, -40.0))
    sitk.WriteImage(image, str(path))
    return path


@given(FORMATS, "NRRD", name="lesions.nrrd")
@given(FORMATS, "NRRD with its voxels beside it (.nhdr)", name="lesions.nhdr")
@given(FORMATS, "MetaImage (.mha)", name="lesions.mha")
@given(FORMATS, "MetaImage with its voxels beside it (.mhd)", name="lesions.mhd")
def _by_itk(folder: Path, *, name: str) -> list[str]:
    return _measured(folder, _itk(folder / name))


@given(FORMATS, ".nii that is gzip", packed=True)
@given(FORMATS, ".nii.gz that is not gzip", packed=False)
def _misnamed(folder: Path, *, packed: bool) -> list[str]:
    plain = nifti(LESIONS, folder / "plain.nii")
    path = folder / ("lesions.nii" if packed else "lesions.nii.gz")
    content = plain.read_bytes()
    path.write_bytes(gzip.compress(content) if packed else content)
    return _measured(folder, path)


@given(FORMATS, "Analyze 7.5 (.hdr and .img)")
def _analyze(folder: Path) -> list[str]:
    nibabel.save(nibabel.AnalyzeImage(LESIONS.astype(np.int16), AFFINE), folder / "lesions.img")
    return _measured(folder, folder / "lesions.img")


@given(FORMATS, "a truncated .nii.gz", keep=0.5)
@given(FORMATS, "an empty file", keep=0.0)
def _truncated(folder: Path, *, keep: float) -> list[str]:
    path = nifti(LESIONS, folder / "lesions.nii.gz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return _measured(folder, path)


@given(FORMATS, "a path with a comma, spaces and umlauts")
def _odd_path(folder: Path) -> list[str]:
    place = folder / "Müller, Hans (1)"
    place.mkdir()
    return _measured(place, nifti(LESIONS, place / "lesions.nii.gz"))


SCANS = "DICOM series"
SLICES, ROWS, COLUMNS = 24, 40, 48


def _body() -> np.ndarray:
    """Return HU of a body in air, with fat and soft tissue, every slice a little different."""
    rng = np.random.default_rng(7)
    k, j, i = np.indices((SLICES, ROWS, COLUMNS))
    far = np.hypot((i - COLUMNS / 2) / (COLUMNS / 2), (j - ROWS / 2) / (ROWS / 2))
    tissue = np.select([far < 0.62, far < 0.78], [55.0, -100.0], -1000.0)
    spine = np.hypot(i - COLUMNS / 2, j - ROWS * 0.75) < 3
    noise = rng.normal(0, 8, tissue.shape)
    return np.rint(np.where(spine, 400.0, tissue) + noise + k % 3).clip(-1024, 3071)


HU = _body()
FRAME = "FrameOfReferenceUID"


def plane(k: int, hu: np.ndarray, uids: dict[str, str], **changes: Any) -> Dataset:
    """Return one CT image of the body, as a plain scanner writes it."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[uids["series"], str(k)])
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.PatientID, ds.PatientName, ds.Modality = "P1", "X^Y", "CT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uids["study"], uids["series"]
    ds.FrameOfReferenceUID = uids["frame"]
    ds.SeriesNumber, ds.InstanceNumber, ds.AcquisitionNumber = 3, k + 1, 1
    ds.SeriesDescription, ds.ConvolutionKernel = "Abdomen portal venous", "B30f"
    ds.ImageType, ds.KVP, ds.SliceThickness = ["ORIGINAL", "PRIMARY", "AXIAL"], "120", "5"
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-180.0, -150.0, 5.0 * k]
    ds.PixelSpacing = [7.5, 7.5]
    ds.Rows, ds.Columns, ds.SamplesPerPixel = *hu.shape, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.RescaleSlope, ds.RescaleIntercept = "1", "-1024"
    ds.PixelData = (hu + 1024).astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    for name, value in changes.items():
        setattr(ds, name, value)
    return ds


UIDS = {name: generate_uid(entropy_srcs=[name]) for name in ("study", "series", "frame")}
Edit = Callable[[Dataset, int], object]


def series(
    folder: Path, edit: Edit = lambda ds, k: None, *, hu: np.ndarray = HU, start: int = 0
) -> Path:
    """Write a series; a plane whose edit returns False is left out."""
    folder.mkdir(exist_ok=True)
    for k in range(len(hu)):
        ds = plane(k, hu[k], UIDS)
        if edit(ds, k) is not False:
            ds.save_as(folder / f"im{start + k:03d}.dcm", enforce_file_format=True)
    return folder


def _scan(path: Path) -> list[str]:
    return ["scan", str(path)]


def _second(ds: Dataset, k: int, **changes: Any) -> None:
    ds.SOPInstanceUID = generate_uid(entropy_srcs=["second", str(k)])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    for name, value in changes.items():
        setattr(ds, name, value)


def _shifted(ds: Dataset, mm: float) -> None:
    x, y, z = ds.ImagePositionPatient
    ds.ImagePositionPatient = [x, y, float(z) + mm]


def _sharper(k: int) -> bytes:
    return (HU[k] + 1024 + k % 2 * 5).astype("<u2").tobytes()


@given(SCANS, "as a scanner writes it", edit=lambda ds, k: None)
@given(SCANS, "a slice missing within", edit=lambda ds, k: k != 9)
@given(SCANS, "four slices at the end without position",
       edit=lambda ds, k: delattr(ds, "ImagePositionPatient") if k > 19 else None)  # fmt: skip
@given(SCANS, "four slices at the end with another pixel spacing",
       edit=lambda ds, k: setattr(ds, "PixelSpacing", [7.4, 7.4]) if k > 19 else None)  # fmt: skip
@given(SCANS, "four slices at the end in another frame of reference",
       edit=lambda ds, k: setattr(ds, FRAME, "1.9") if k > 19 else None)  # fmt: skip
@given(SCANS, "positions rounded to 0.1 mm",
       edit=lambda ds, k: _shifted(ds, 0.1 * (k % 2)))  # fmt: skip
@given(SCANS, "slices of 5 mm, then of 10 mm", edit=lambda ds, k: k < 12 or k % 2 == 0)
@given(SCANS, "an image without pixels at the end",
       edit=lambda ds, k: delattr(ds, "PixelData") if k == 23 else None)  # fmt: skip
@given(SCANS, "without rescale slope and intercept, in Hounsfield units all the same",
       edit=lambda ds, k: _without_rescale(ds, k, offset=0))  # fmt: skip
@given(SCANS, "without rescale slope and intercept, stored numbers",
       edit=lambda ds, k: _without_rescale(ds, k, offset=1024))  # fmt: skip
@given(SCANS, "the same, with --intensity-offset -1024",
       edit=lambda ds, k: _without_rescale(ds, k, offset=1024),
       more=("--intensity-offset", "-1024"))  # fmt: skip
@given(SCANS, "a padding value that tissue has too (55 HU)",
       edit=lambda ds, k: ds.add_new(0x00280120, "US", 1079))  # fmt: skip
@given(
    SCANS,
    "turned front to back under the same header",
    edit=lambda ds, k: setattr(ds, "PixelData", (HU[k, ::-1] + 1024).astype("<u2").tobytes()),
)
@given(
    SCANS,
    "a mask of 0 and 255 stored as a CT",
    edit=lambda ds, k: setattr(ds, "PixelData", ((HU[k] > 0) * 255).astype("<u2").tobytes()),
)
@given(SCANS, "a PET series",
       edit=lambda ds, k: setattr(ds, "Modality", "PT"))  # fmt: skip
def _edited(folder: Path, *, edit: Edit, more: tuple[str, ...] = ()) -> list[str]:
    return [*_scan(series(folder / "study", edit)), *more]


def _without_rescale(ds: Dataset, k: int, *, offset: int) -> None:
    del ds.RescaleSlope, ds.RescaleIntercept
    ds.PixelRepresentation = 1
    ds.PixelData = (HU[k] + offset).astype("<i2").tobytes()


@given(
    SCANS,
    "two kernels at one place under one series UID",
    edit=lambda ds, k: _second(ds, k, ConvolutionKernel="B70f", PixelData=_sharper(k)),
)
@given(SCANS, "a second reconstruction between the slices of the first",
       edit=lambda ds, k: (_second(ds, k, AcquisitionNumber=2), _shifted(ds, 2.5))[0])  # fmt: skip
@given(SCANS, "two acquisitions that overlap",
       edit=lambda ds, k: (_second(ds, k, AcquisitionNumber=2), _shifted(ds, 60.0))[0])  # fmt: skip
@given(SCANS, "every image twice",
       edit=lambda ds, k: None)  # fmt: skip
def _two_stacks(folder: Path, *, edit: Edit) -> list[str]:
    series(folder / "study")
    return _scan(series(folder / "study", edit, start=500))


@given(SCANS, "without preamble and meta header")
def _bare(folder: Path) -> list[str]:
    path = series(folder / "study")
    for file in path.iterdir():
        ds = pydicom.dcmread(file)
        ds.file_meta = FileMetaDataset()
        ds.preamble = None
        pydicom.dcmwrite(file, ds, implicit_vr=True, little_endian=True, enforce_file_format=False)
    return _scan(path)


@given(SCANS, "in a zip file")
def _zipped(folder: Path) -> list[str]:
    path = series(folder / "study")
    with zipfile.ZipFile(folder / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.iterdir()):
            archive.write(file, file.name)
    shutil.rmtree(path)
    return _scan(folder / "study.zip")


@given(SCANS, "behind a link that leaves the folder given")
def _linked(folder: Path) -> list[str]:
    series(folder / "elsewhere")
    (folder / "study").mkdir()
    (folder / "study" / "link").symlink_to(folder / "elsewhere", target_is_directory=True)
    return _scan(folder / "study")


@given(SCANS, "an empty folder")
def _nothing(folder: Path) -> list[str]:
    (folder / "study").mkdir()
    return _scan(folder / "study")


OTHER_SCANS = "Other scans"


@given(OTHER_SCANS, "a CT as NIfTI", values=lambda: HU)
@given(OTHER_SCANS, "stored CT numbers (HU + 1024)", values=lambda: HU + 1024)
@given(OTHER_SCANS, "stored CT numbers with --intensity-offset -1024", values=lambda: HU + 1024,
       more=("--intensity-offset", "-1024"))  # fmt: skip
@given(OTHER_SCANS, "scaled to 0–1", values=lambda: (HU + 1024) / 4095)
@given(OTHER_SCANS, "a display window as bytes",
       values=lambda: np.rint(np.clip((HU + 160) / 400 * 255, 0, 255)))  # fmt: skip
def _image(
    folder: Path, *, values: Callable[[], np.ndarray], more: tuple[str, ...] = ()
) -> list[str]:
    affine = np.diag((-7.5, -7.5, 5.0, 1.0))
    affine[:3, 3] = (180.0, 150.0, 0.0)
    array = np.ascontiguousarray(values().transpose(2, 1, 0))
    whole = bool((array == np.rint(array)).all())
    path = nifti(array.astype(np.int16 if whole else np.float32), folder / "scan.nii.gz", affine)
    return ["scan", str(path), *more]


def inputs() -> Iterator[Given]:
    """Yield every input in the order of this file: decorators register from the last up."""
    for _, stacked in groupby(MAKERS, key=lambda one: one.maker):
        yield from reversed(list(stacked))
