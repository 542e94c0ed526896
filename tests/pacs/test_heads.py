"""What a node reads of objects, whoever made them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.pacs_results import ct_slice
from remnant.core.errors import UnreadableFileError
from remnant.io.dicom_results.heads import minted_uid
from remnant.pacs.heads import read_head


def test_head__tells_what_an_object_is(tmp_path):
    ds = ct_slice("1.2.3", 4)
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)

    head = read_head(tmp_path / "a.dcm")

    assert ds.SOPInstanceUID == head.sop_instance_uid
    assert ("1.2.3", ds.SeriesInstanceUID) == (head.study_uid, head.series_uid)
    assert ds.SOPInstanceUID not in repr(head)


@pytest.mark.parametrize("name", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID"])
@pytest.mark.parametrize("value", ["", "1.2/../3", "x" * 10, "1..2"])
def test_head__without_a_valid_identifier_is_refused(tmp_path, name, value):
    ds = ct_slice(minted_uid("study"), 4)
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    whole = (tmp_path / "a.dcm").read_bytes()
    old = str(ds[name].value).encode()
    start = whole.rindex(old)
    padded = value.encode()[: len(old)].ljust(len(old), b"\0")
    (tmp_path / "a.dcm").write_bytes(whole[:start] + padded + whole[start + len(old) :])

    with pytest.raises(UnreadableFileError):
        read_head(tmp_path / "a.dcm")


@given(data=st.binary(max_size=400), cut=st.integers(0, 900))
def test_head__of_damaged_files_is_refused_or_read_whole(tmp_path_factory, data, cut):
    folder = tmp_path_factory.mktemp("damaged")
    ct_slice("1.2.3", 4).save_as(folder / "a.dcm", enforce_file_format=True)
    whole = (folder / "a.dcm").read_bytes()
    (folder / "a.dcm").write_bytes(whole[:cut] + data)

    try:
        head = read_head(folder / "a.dcm")
    except UnreadableFileError:
        return
    assert head.study_uid
    assert head.sop_instance_uid
