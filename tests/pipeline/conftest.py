"""A phantom case, segmented by a segmenter that knows the answer."""

from pathlib import Path

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.volumes import Modality
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import segment_case
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom


@pytest.fixture(scope="module", autouse=True)
def _coarse(coarse_pictures):
    """Draw pictures with few pixels in every test of the pipeline."""


@pytest.fixture(scope="session", name="phantom")
def phantom_fixture() -> LiverPhantom:
    grid = body_grid()
    # what NIfTI can hold, so that a case on disk equals the case in memory to the last digit
    stored = Geometry(grid.shape, np.float32(grid.affine_ras))
    return liver_phantom(stored, metastases=4, seed=3)


@pytest.fixture(scope="session", name="small")
def small_fixture() -> LiverPhantom:
    grid = body_grid(spacing_mm=(5.0, 5.5, 6.0))
    stored = Geometry(grid.shape, np.float32(grid.affine_ras))
    return liver_phantom(stored, metastases=2, seed=3)


@pytest.fixture(scope="session", name="scan")
def scan_fixture(phantom: LiverPhantom, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    write_image(phantom.image, path)
    return path


@pytest.fixture(scope="session", name="mask_files")
def mask_files_fixture(phantom: LiverPhantom, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("masks")
    maps = {
        "liver": phantom.liver_mask,
        "lesions": phantom.lesions,
        "couinaud": phantom.couinaud,
    }
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    return {role: folder / f"{role}.nii.gz" for role in maps}


@pytest.fixture(name="segmenter")
def segmenter_fixture(phantom: LiverPhantom) -> FakeSegmenter:
    return FakeSegmenter.knowing(phantom)


@pytest.fixture(name="request_with_segments")
def request_fixture(scan: Path, mask_files: dict[str, Path]) -> SegmentRequest:
    couinaud = {"couinaud": mask_files["couinaud"]}
    return SegmentRequest(source=scan, reading=ReadingChoice(modality=Modality.CT), masks=couinaud)


@pytest.fixture(name="case")
def case_fixture(request_with_segments, segmenter):
    return segment_case(request_with_segments, segmenter=segmenter)
