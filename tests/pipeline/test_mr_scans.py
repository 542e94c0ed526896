"""What is done with MR alone, from the request to the case's checks."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.mr import UNKNOWN_SEQUENCE, BiasCorrection, MrKind, MrSequence
from remnant.core.progress import silent
from remnant.core.provenance import ModelUse
from remnant.core.study import Study
from remnant.core.volumes import Phase
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.io.source import LoadedStudy
from remnant.pipeline.divide import require_redivision
from remnant.pipeline.mr_scans import bias_corrected, with_mr_checks
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segment import case_from_image, segment_case
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.mr import PaintedMr, body_tissues, mr_image
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.wording.findings import text_of

NETWORK = ModelUse(id="a-network", version="1", weights_sha256="0" * 64)
PORTAL = MrSequence(kind=MrKind.T1, phase=Phase.PORTAL)


@pytest.fixture(name="phantom", scope="module")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(5.0, 5.0, 6.0)), metastases=1)


@pytest.fixture(name="painted", scope="module")
def painted_fixture(phantom):
    tissues = body_tissues(phantom.structures)
    return {
        kind: mr_image(tissues, phantom.geometry, kind)
        for kind in (PaintedMr.T1_PORTAL, PaintedMr.T2)
    }


@pytest.fixture(name="checked")
def checked_fixture(phantom):
    """Return the case's checks of MR by their id."""

    def checks(image, mr=UNKNOWN_SEQUENCE, *, models=(NETWORK,)):
        grid = image.geometry
        study = Study(
            pseudonym="case-1", source="dicom", modality=image.modality, phase=image.phase,
            shape=grid.shape, spacing_mm=grid.spacing_mm, orientation="RAS",
        )  # fmt: skip
        loaded = LoadedStudy(image=image, study=study, input_sha256="0", quality=(), mr=mr)
        case = case_from_image(loaded, segmenter=FakeSegmenter.knowing(phantom))
        found = with_mr_checks(replace(case, models=models), loaded)
        return {one.id: one for one in found.quality if "mr_" in one.id}

    return checks


def test_networks_maps_of_mr__are_not_validated(checked, painted):
    found = checked(painted[PaintedMr.T1_PORTAL], PORTAL)["mr_not_validated"]
    assert found.verdict is Verdict.NOT_MET
    text = text_of(found)
    assert text.startswith("Not validated on MR: on images painted as MR")
    assert "tried on 1 real scan of 60 mm" in text


def test_given_maps_of_mr__need_no_network_to_be_valid(checked, painted):
    assert set(checked(painted[PaintedMr.T1_PORTAL], PORTAL, models=())) == {"mr_sequence"}


def test_ct__has_no_check_of_mr(checked, phantom):
    assert checked(phantom.image) == {}


@pytest.mark.parametrize(
    ("image", "header", "verdict", "words"),
    [
        (
            PaintedMr.T1_PORTAL,
            PORTAL,
            Verdict.MET,
            "By its header the MR is T1 portal; it looks like T1",
        ),
        (
            PaintedMr.T1_PORTAL,
            UNKNOWN_SEQUENCE,
            Verdict.UNKNOWN,
            "does not say which sequence the MR is; it looks like",
        ),
        (PaintedMr.T2, PORTAL, Verdict.NOT_MET, "looks like T2, which is uncertain. Look whether"),
        (PaintedMr.T2, MrSequence(kind=MrKind.T2), Verdict.MET, "By its header the MR is T2"),
        (
            PaintedMr.T2,
            MrSequence(kind=MrKind.DWI, b_value="800"),
            Verdict.NOT_MET,
            "By its header the MR is DWI b 800",
        ),
    ],
)
def test_sequence__by_header_and_look(checked, painted, image, header, verdict, words):
    found = checked(painted[image], header)["mr_sequence"]
    assert found.verdict is verdict
    assert words in text_of(found)


@pytest.fixture(name="request_of")
def request_fixture(painted, tmp_path):
    def request(correction, image=painted[PaintedMr.T1_PORTAL]):
        path = tmp_path / "scan.nii.gz"
        write_image(image, path)
        reading = ReadingChoice(modality=image.modality)
        return SegmentRequest(source=path, reading=reading, bias_correction=correction)

    return request


class Remembering(FakeSegmenter):
    """Segmenter that remembers the grey values that it was given."""

    seen: list = []  # noqa: RUF012  (of the class, for the frozen parent)

    def segment(self, image, *, progress=silent):
        self.seen.append(image.voxels)
        return super().segment(image, progress=progress)


def test_segment_case__networks_see_the_corrected_image(phantom, request_of):
    Remembering.seen.clear()
    segmenter = Remembering.knowing(phantom)
    plain = segment_case(request_of(BiasCorrection.NONE), segmenter=segmenter)
    even = segment_case(request_of(BiasCorrection.N4), segmenter=segmenter)

    assert [voxels.dtype for voxels in Remembering.seen] == [np.int16, np.float32]
    assert plain.settings.bias_correction is None
    assert even.settings.bias_correction == "n4"
    said = {one.id: text_of(one) for one in even.quality}
    assert "evened out (N4)" in said["bias_corrected"]
    assert "bias_corrected" not in {one.id for one in plain.quality}
    assert plain.inputs_sha256 == even.inputs_sha256


def test_segment_case__a_ct_has_no_bias_field(phantom, request_of):
    with pytest.raises(InputError, match="--bias-correction n4: this scan is CT"):
        segment_case(
            request_of(BiasCorrection.N4, phantom.image), segmenter=FakeSegmenter.knowing(phantom)
        )


def test_segment_case__label_maps_alone_have_no_bias_field(phantom, tmp_path):
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    request = SegmentRequest(
        masks={"liver": tmp_path / "liver.nii.gz"}, bias_correction=BiasCorrection.N4
    )
    with pytest.raises(InputError, match="only label maps were given; give the MR too"):
        segment_case(request, segmenter=FakeSegmenter.knowing(phantom))


def test_stored_case__is_not_read_again():
    request = SegmentRequest(bias_correction=BiasCorrection.N4)
    with pytest.raises(InputError, match="is a stored case"):
        require_redivision("CASE", request)


def test_bias_corrected__not_asked_for_is_the_same_study():
    loaded = object()
    assert bias_corrected(loaded, BiasCorrection.NONE, silent) is loaded
