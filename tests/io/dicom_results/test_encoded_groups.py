"""Functional groups that are encoded beforehand are written as pydicom writes them."""

from io import BytesIO

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from remnant.io.dicom_results.encoded_groups import encode_groups


def item(**values):
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def image(frames):
    """Return an object with frames of (plane, segment), which share what they say of planes."""
    made = item(
        SOPClassUID=SegmentationStorage,
        SOPInstanceUID="1.2.3",
        PatientName="A^B",
        SpecificCharacterSet="ISO_IR 192",
        # its VR is settled only by PixelRepresentation
        PixelPaddingValue=3,
        PixelRepresentation=0,
    )
    sources = [
        item(
            ReferencedSOPInstanceUID=f"1.2.{k}",
            PurposeOfReferenceCodeSequence=[item(CodeValue="x")],
        )
        for k in range(4)
    ]
    made.PerFrameFunctionalGroupsSequence = [
        item(
            DerivationImageSequence=[item(SourceImageSequence=[sources[plane]])],
            FrameContentSequence=[item(DimensionIndexValues=[segment, plane + 1])],
            PlanePositionSequence=[item(ImagePositionPatient=[0.0, -1.5, float(plane)])],
            SegmentIdentificationSequence=[item(ReferencedSegmentNumber=segment)],
        )
        for plane, segment in frames
    ]
    made.file_meta = Dataset()
    made.ensure_file_meta()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def written(made):
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 300)), min_size=1, max_size=12))
def test_groups__are_written_byte_by_byte_as_before(frames):
    encoded = image(frames)
    encode_groups(encoded)

    assert written(image(frames)) == written(encoded)


def test_groups__are_read_from_the_dataset_as_before_and_written_again(tmp_path):
    made = image([(0, 1), (3, 2), (3, 300)])
    plain = written(made)
    encode_groups(made)

    assert (
        300
        == made.PerFrameFunctionalGroupsSequence[2]
        .SegmentIdentificationSequence[0]["ReferencedSegmentNumber"]
        .value
    )
    assert plain == written(made)
    (tmp_path / "seg.dcm").write_bytes(written(made))
    groups = dcmread(tmp_path / "seg.dcm").PerFrameFunctionalGroupsSequence
    places = [group.PlanePositionSequence[0].ImagePositionPatient[2] for group in groups]
    np.testing.assert_array_equal([0.0, 3.0, 3.0], places)
