"""No identifier gets through, wherever it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.planted import dictionary_tags, nest, plant, plant_private, planted
from remnant.io.anonymising.identities import Identities
from remnant.io.anonymising.objects import CleanObject, ExportChoice, clean_object

TAGS = list(dictionary_tags())
SEQUENCES = [
    "ReferencedImageSequence", "SourceImageSequence", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "FrameContentSequence", "RequestAttributesSequence",
    "DerivationImageSequence", "SegmentSequence", "ContributingEquipmentSequence",
    "OriginalAttributesSequence", "ReferencedSeriesSequence",
]  # fmt: skip
MARKER, DIGITS = "ZQX7MARK9", "98765431"


@pytest.fixture(name="write", scope="module")
def write_fixture(make_phantom, tmp_path_factory):
    """Write a CT slice that is changed first, and clean it."""
    path = tmp_path_factory.mktemp("planted") / "im.dcm"

    def written(change, **choice):
        dataset = make_phantom(meta_sop=True).plane(0)
        change(dataset)
        dataset.save_as(path, enforce_file_format=True)
        return path.read_bytes(), clean_object(path, Identities(), ExportChoice(**choice))

    return written


def holds(content, marker, digits):
    return marker.encode("ascii") in content or digits.encode("ascii") in content


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("keep", [False, True])
def test_clean__lets_no_marker_through_from_any_element_of_the_dictionary(write, keep):
    def change(dataset):
        plant(dataset, TAGS, MARKER, DIGITS)
        nest(dataset, planted(TAGS, MARKER, DIGITS), ["FrameContentSequence", "SegmentSequence"])
        plant_private(dataset, MARKER, DIGITS)
        dataset.preamble = (MARKER.encode("ascii") * 20)[:128]
        dataset.file_meta.SourceApplicationEntityTitle = MARKER
        dataset.file_meta.PrivateInformationCreatorUID = f"1.2.{DIGITS}"
        dataset.file_meta.PrivateInformation = f"{MARKER}0".encode("ascii")

    before, found = write(change, keep_characteristics=keep)

    assert before.count(MARKER.encode("ascii")) > 3000
    assert before.count(DIGITS.encode("ascii")) > 1000
    assert isinstance(found, CleanObject)
    assert not holds(found.content, MARKER, DIGITS)
    assert MARKER not in repr(found)


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(data=st.data())
def test_clean__lets_no_marker_through_from_any_depth(write, data):
    marker = data.draw(st.from_regex(r"[A-Z]{4}[0-9]{2}[A-Z]{3,6}", fullmatch=True))
    digits = data.draw(st.from_regex(r"[1-9][0-9]{7}", fullmatch=True))
    tags = data.draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=12))
    depth = data.draw(st.lists(st.sampled_from(SEQUENCES), min_size=1, max_size=4))

    def change(dataset):
        nest(dataset, planted(tags, marker, digits), depth)
        item = planted([], marker, digits)
        plant_private(item, marker, digits)
        nest(dataset, item, ["StudiesContainingOtherReferencedInstancesSequence"])

    before, found = write(change)

    assert holds(before, marker, digits)
    assert isinstance(found, CleanObject)
    assert not holds(found.content, marker, digits)
