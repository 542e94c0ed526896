"""One object without identifiers: what stays, what goes, and what becomes of the rest."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import (
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    generate_uid,
)

from remnant.io.anonymising.identities import Identities
from remnant.io.anonymising.kinds import Doubt, Refusal
from remnant.io.anonymising.objects import ExportChoice, clean_object
from remnant.io.pseudonym import KEY_VARIABLE, pseudonym

OTHER_KEY = "another key, long enough"


def test_clean__same_key_gives_the_same_names_and_another_key_others(
    phantom, clean, read, monkeypatch
):
    plane = phantom().plane(0)
    first, again = clean(plane), clean(plane)
    monkeypatch.setenv(KEY_VARIABLE, OTHER_KEY)
    other = clean(plane)

    assert first.content == again.content
    assert first.patient != other.patient
    assert read(first).StudyInstanceUID != read(other).StudyInstanceUID


def test_clean__the_case_has_the_pseudonym_that_the_study_itself_gets(phantom, clean):
    assert pseudonym("MRN-4711", "1.2.3") == clean(phantom().plane(0)).case


def test_clean__two_studies_of_a_patient_are_one_patients(phantom, clean, read):
    first, second = clean(phantom().plane(0)), clean(phantom(study="1.2.4").plane(0))

    assert first.patient == second.patient == read(first).PatientID
    assert first.case != second.case
    assert first.patient != clean(phantom().plane(0, PatientID="MRN-1")).patient


def test_clean__references_still_name_the_objects_that_they_name(phantom, clean, read):
    source = phantom()
    item = Dataset()
    item.ReferencedSOPClassUID = source.plane(3).SOPClassUID
    item.ReferencedSOPInstanceUID = source.plane(3).SOPInstanceUID
    for name in ("ReferencedImageSequence", "SourceImageSequence"):
        derived = read(clean(source.plane(5, **{name: Sequence([item])})))
        target = read(clean(source.plane(3)))

        assert target.SOPInstanceUID == getattr(derived, name)[0].ReferencedSOPInstanceUID
        assert target.SOPClassUID == getattr(derived, name)[0].ReferencedSOPClassUID
        assert target.file_meta.MediaStorageSOPInstanceUID == target.SOPInstanceUID


def test_clean__several_identifiers_of_one_element_are_each_replaced(phantom, clean, read):
    events = ["1.2.77.1", "1.2.77.2"]
    found = read(clean(phantom().plane(0, IrradiationEventUID=events)))

    assert 2 == len({*found.IrradiationEventUID} - {*events})


def test_clean__dates_keep_their_intervals_and_times_stay(phantom, clean, read):
    def told(study, acquired):
        plane = phantom().plane(
            0, StudyDate=study, AcquisitionDateTime=f"{acquired}120102.5+0100", StudyTime="115900"
        )
        return read(clean(plane))

    first, later = told("20240228", "20240301"), told("20250228", "20250228")
    days = [pydicom.valuerep.DA(text) for text in (first.StudyDate, later.StudyDate)]

    assert 366 == (days[1] - days[0]).days
    assert first.StudyDate != "20240228"
    assert 2 == (pydicom.valuerep.DA(first.AcquisitionDateTime[:8]) - days[0]).days
    assert first.AcquisitionDateTime[8:] == "120102.5"
    assert first.StudyTime == "115900"
    assert first.LongitudinalTemporalInformationModified == "MODIFIED"


def test_clean__says_what_was_done(phantom, clean, read):
    plain = read(clean(phantom().plane(0)))
    kept = read(clean(phantom().plane(0), keep_characteristics=True))
    values = [
        [item.CodeValue for item in one.DeidentificationMethodCodeSequence] for one in (plain, kept)
    ]

    assert values == [["113100", "113105", "113107"], ["113100", "113105", "113107", "113108"]]
    assert plain.PatientIdentityRemoved == "YES"


@pytest.mark.parametrize(
    ("age", "expected"), [("089Y", "089Y"), ("090Y", "090Y"), ("097Y", "090Y"), ("011M", "011M")]
)
def test_clean__keeps_characteristics_where_asked(phantom, clean, read, age, expected):
    facts = {"PatientAge": age, "PatientSex": "F", "PatientSize": 1.7, "PatientWeight": 71.5}
    plane = phantom().plane(0, **facts, PatientBirthDate="19470312", EthnicGroup="x")
    kept, plain = read(clean(plane, keep_characteristics=True)), read(clean(plane))

    assert kept.PatientAge == expected
    assert ("F", 1.7, 71.5) == (kept.PatientSex, kept.PatientSize, kept.PatientWeight)
    assert kept.PatientBirthDate == plain.PatientBirthDate == ""
    assert "EthnicGroup" not in kept
    assert plain.PatientSex == ""
    assert not {"PatientAge", "PatientSize", "PatientWeight"} & set(plain.dir())


@pytest.mark.parametrize(("born", "age"), [("19470312", "078Y"), ("19200101", "090Y")])
def test_clean__age_follows_from_dates_where_the_header_says_none(phantom, clean, read, born, age):
    plane = phantom().plane(0, PatientBirthDate=born, StudyDate="20260311")

    assert age == read(clean(plane, keep_characteristics=True)).PatientAge
    assert "PatientAge" not in read(clean(plane))


def test_clean__descriptions_keep_known_words_alone(phantom, clean, read):
    plane = phantom().plane(
        0,
        SeriesDescription="Doe portal VENOUS 1.5 mm",
        ConvolutionKernel="B30f",
        ContrastBolusAgent="IMERON 400 Doe",
        Manufacturer="SIEMENS Doe",
        ImageType=["ORIGINAL", "PRIMARY", "DOE_JANE"],
        StudyDescription="liver of Doe",
    )
    found = read(clean(plane))

    assert found.SeriesDescription == "portal VENOUS 1.5 mm"
    assert found.ConvolutionKernel == "B30f"
    assert found.ContrastBolusAgent == "imeron"
    assert found.Manufacturer == "SIEMENS"
    assert found.ImageType[:2] == ["ORIGINAL", "PRIMARY"]
    assert found.ImageType[2].startswith("X")
    assert "StudyDescription" not in found


def test_clean__unknown_codes_go_and_known_ones_have_the_dictionarys_words(phantom, clean, read):
    def code(value, meaning):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
        return item

    items = [code("10200004", "Liver of Doe"), code("98765431", "Doe")]
    found = read(clean(phantom().plane(0, AnatomicRegionSequence=Sequence(items))))

    meanings = [item.CodeMeaning for item in found.AnatomicRegionSequence]

    assert ["Liver structure (body structure)"] == meanings


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": SecondaryCaptureImageStorage}, Refusal.CAPTURE),
        ({"SOPClassUID": EncapsulatedPDFStorage}, Refusal.DOCUMENT),
        ({"SOPClassUID": EnhancedSRStorage}, Refusal.STRUCTURED_REPORT),
        ({"SOPClassUID": GrayscaleSoftcopyPresentationStateStorage}, Refusal.PRESENTATION),
        ({"SOPClassUID": RTStructureSetStorage}, Refusal.RADIOTHERAPY),
        ({"SOPClassUID": UltrasoundImageStorage}, Refusal.OTHER_KIND),
        ({"BurnedInAnnotation": "YES"}, Refusal.BURNED_IN),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, Refusal.LOCALISER),
        ({"SamplesPerPixel": 3, "Rows": 2}, Refusal.COLOUR),
    ],
)
def test_clean__leaves_out_what_cannot_be_cleaned(phantom, clean, changes, reason):
    plane = phantom().plane(0, **changes)
    taken = reason in {Refusal.CAPTURE, Refusal.BURNED_IN, Refusal.LOCALISER, Refusal.COLOUR}
    asked = clean(plane, with_captures=True)

    assert reason is clean(plane)
    assert (Doubt.CAPTURES in asked.doubts) if taken else asked is reason


def test_clean__leaves_out_overlays_in_unused_bits_and_drops_others(phantom, clean, read):
    plane = phantom().plane(0)
    plane.add_new(0x60000010, "US", 8)
    assert Refusal.EMBEDDED_OVERLAY is clean(plane)

    plane.add_new(0x60003000, "OW", b"Doe^Jane")
    assert not [element for element in read(clean(plane)) if element.tag.group == 0x6000]


def test_clean__an_identifier_within_the_pixels_is_found(phantom, clean):
    plane = phantom().plane(0)
    plane.PixelData = b"MRN-4711" + plane.PixelData[8:]

    assert Refusal.IDENTIFIER_LEFT is clean(plane)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"BodyPartExamined": "HEAD"}, {Doubt.HEAD}),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, {Doubt.DERIVED}),
        ({"ImageType": ["DERIVED", "SECONDARY"], "BurnedInAnnotation": "NO"}, set()),
        ({"BodyPartExamined": "ABDOMEN"}, set()),
    ],
)
def test_clean__says_what_has_to_be_looked_at(phantom, clean, changes, expected):
    assert expected == clean(phantom().plane(0, **changes)).doubts


def test_clean__a_damaged_file_is_left_out_without_a_word_of_it(phantom, clean, tmp_path):
    whole = tmp_path / "whole.dcm"
    phantom().plane(0).save_as(whole, enforce_file_format=True)
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole.read_bytes()[:-40])
    text = tmp_path / "notes.txt"
    text.write_text("Doe^Jane")

    assert Refusal.DAMAGED is clean_object(cut, Identities(), ExportChoice())
    assert Refusal.NOT_DICOM is clean_object(text, Identities(), ExportChoice())


def test_clean__a_hospital_named_like_a_maker_costs_no_image(phantom, clean, read):
    plane = phantom().plane(0, Manufacturer="TOSHIBA", InstitutionName="TOSHIBA")

    assert "TOSHIBA" == read(clean(plane)).Manufacturer


def test_clean__segmentations_keep_voxels_and_what_they_refer_to(phantom, clean, read):
    images = [phantom().plane(k) for k in range(3)]
    seg = segmentation(images)
    found = read(clean(seg))
    told = found.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    segment = found.SegmentSequence[0]

    assert [read(clean(image)).SOPInstanceUID for image in images] == [
        item.ReferencedSOPInstanceUID for item in told
    ]
    assert seg.PixelData == found.PixelData
    assert ("segment", "anonymised") == (segment.SegmentLabel, segment.SegmentAlgorithmName)
    assert segment.TrackingID.startswith("X")
    assert segment.TrackingUID != "1.2.3.99"
    assert "10200004" == segment.SegmentedPropertyTypeCodeSequence[0].CodeValue
    assert "ContentCreatorName" not in found


def segmentation(images):
    """A segmentation whose label, algorithm and tracking name somebody."""
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription

    for image in images:
        image.PatientBirthDate = image.PatientSex = image.StudyDate = image.StudyTime = ""
        image.StudyID = image.AccessionNumber = image.ReferringPhysicianName = ""
    algorithm = AlgorithmIdentificationSequence("Net of Doe", codes.DCM.ArtificialIntelligence, "1")
    described = SegmentDescription(
        1, "Doe", codes.SCT.Organ, codes.SCT.Liver, "AUTOMATIC", algorithm, "1.2.3.99", "Doe 1"
    )
    mask = np.zeros((len(images), images[0].Rows, images[0].Columns), np.uint8)
    mask[1, 2:5, 3:6] = 1
    return Segmentation(
        images, mask, "BINARY", [described], generate_uid(), 5, generate_uid(), 1, "Maker", "Model",
        "1", "SN-4711", content_creator_name="Doe^Jane", omit_empty_frames=False,
    )  # fmt: skip
