"""Files made by hand: DICOM by pydicom, NIfTI by nibabel, and the published sample study."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
)

from remnant.pipeline.samples import Sample

CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage}


@dataclass
class Phantom:
    """A DICOM series to be written: stored numbers and every fact of its header.

    ``pixels`` has shape (slices, rows, columns); positions and directions are LPS as in DICOM.
    """

    pixels: np.ndarray
    modality: str = "CT"
    series: str = "1.2.3.1"
    study: str = "1.2.3"
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0)
    origin: tuple[float, float, float] = (-20.0, -30.0, 40.0)
    step: tuple[float, float, float] = (0.0, 0.0, 3.0)
    spacing: tuple[float, float] = (0.9, 0.7)  # of rows, of columns
    slope: float = 1
    intercept: float = -1024
    extra: dict[str, Any] = field(default_factory=dict)
    meta_sop: bool = True

    def plane(self, k: int, **changes: Any) -> FileDataset:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CLASSES[self.modality]
        meta.MediaStorageSOPInstanceUID = f"{self.series}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.ImplementationClassUID = "1.2.3.4"
        ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        ds.SOPClassUID, ds.SOPInstanceUID = CLASSES[self.modality], f"{self.series}.{k + 1}"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = self.study, self.series
        ds.FrameOfReferenceUID = "1.2.9"
        ds.Modality, ds.PatientName, ds.PatientID = self.modality, "Doe^Jane", "MRN-4711"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.ImagePositionPatient = [
            float(o + k * s) for o, s in zip(self.origin, self.step, strict=True)
        ]
        ds.ImageOrientationPatient = list(self.orientation)
        ds.PixelSpacing = list(self.spacing)
        ds.SliceThickness = 99
        ds.SpacingBetweenSlices = 77
        ds.InstanceNumber = len(self.pixels) - k
        ds.RescaleSlope, ds.RescaleIntercept = self.slope, self.intercept
        _add_pixels(ds, self.pixels[k])
        for name, value in {**self.extra, **changes}.items():
            setattr(ds, name, value)
        return ds

    def write(self, folder: Path, *, prefix: str = "im", skip: tuple[int, ...] = ()) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for k in range(len(self.pixels)):
            if k not in skip:
                self.plane(k).save_as(
                    folder / f"{prefix}{(k * 7) % 101:03d}", enforce_file_format=True
                )
        return folder


def _add_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelData = pixels.tobytes()


def stored_pixels(slices: int = 12, rows: int = 8, columns: int = 9, seed: int = 0) -> np.ndarray:
    """Air, fat and soft tissue as stored numbers (HU + 1024), every slice different."""
    rng = np.random.default_rng(seed)
    hu = rng.choice([-1000, -90, 40, 60, 70], size=(slices, rows, columns))
    return (hu + rng.integers(-9, 9, hu.shape) + 1024).astype(np.uint16)


@pytest.fixture(name="phantom")
def phantom_fixture() -> Callable[..., Phantom]:
    """Make a CT series of 12 slices, 8 rows and 9 columns, any fact changed by keyword."""
    return lambda **facts: Phantom(**{"pixels": stored_pixels(), **facts})


@pytest.fixture(name="make_phantom", scope="session")
def make_phantom_fixture() -> Callable[..., Phantom]:
    """Do as `phantom` does, for fixtures that live longer than one test."""
    return lambda **facts: Phantom(**{"pixels": stored_pixels(), **facts})


@pytest.fixture(name="make_pixels")
def make_pixels_fixture() -> Callable[..., np.ndarray]:
    return stored_pixels


@pytest.fixture(name="enhanced")
def enhanced_fixture() -> Callable[..., FileDataset]:
    """Make an Enhanced CT object: one file, frames in reverse order."""
    return _enhanced


def _enhanced(pixels: np.ndarray, *, step: float = 3.0) -> FileDataset:
    ds = Phantom(pixels).plane(0)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope",
                 "RescaleIntercept"):  # fmt: skip
        delattr(ds, name)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    ds.NumberOfFrames = len(pixels)
    _add_pixels(ds, pixels)
    shared = Dataset()
    shared.PixelMeasuresSequence = _item(PixelSpacing=[0.9, 0.7])
    shared.PlaneOrientationSequence = _item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared.PixelValueTransformationSequence = _item(RescaleSlope=1, RescaleIntercept=-1024)
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    heights = [40.0 - step * k for k in range(len(pixels))]
    ds.PerFrameFunctionalGroupsSequence = Sequence([_frame(z) for z in heights])
    return ds


def _frame(z: float) -> Dataset:
    frame = Dataset()
    frame.PlanePositionSequence = _item(ImagePositionPatient=[-20.0, -30.0, z])
    return frame


def _item(**facts: Any) -> Sequence:
    item = Dataset()
    for name, value in facts.items():
        setattr(item, name, value)
    return Sequence([item])


@pytest.fixture(name="nifti")
def nifti_fixture(tmp_path: Path) -> Callable[..., Path]:
    """Write an array by nibabel alone, codes of sform and qform as told."""

    def write(
        array,
        affine_ras=None,
        *,
        name="x.nii.gz",
        sform=1,
        qform=1,
        sform_affine=None,
        edit=None,
        kind=nibabel.Nifti1Image,
    ):
        affine_ras = np.diag((2.0, 2.5, 3.0, 1.0)) if affine_ras is None else np.array(affine_ras)
        file = kind(array, affine_ras, dtype=array.dtype)
        sform_affine = affine_ras if sform_affine is None else sform_affine
        file.set_sform(sform_affine if sform else None, code=sform)
        file.set_qform(affine_ras if qform else None, code=qform, update_affine=not sform)
        if edit is not None:
            edit(file.header)
        nibabel.save(file, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture(name="sample", scope="session")
def sample_fixture(published: Sample) -> Path:
    """Folder of the published sample study."""
    return published.ct.parent


@pytest.fixture(name="pydicom_files", scope="session")
def pydicom_files_fixture() -> Path:
    return Path(pydicom.__file__).parent / "data" / "test_files"
