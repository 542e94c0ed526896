"""Maps that name the images they were drawn on, against the scan they are given with."""

import pytest

from remnant.core.errors import GeometryMismatchError
from remnant.io.image_reference import NO_REFERENCE, ImageReference, reference_findings


def reference(study="1.1", series=("1.1.1",), images=("1.1.1.1", "1.1.1.2")):
    return ImageReference(study, frozenset(series), frozenset(images))


SCAN = reference()


@pytest.mark.parametrize(
    "drawn_on",
    [
        SCAN,
        NO_REFERENCE,
        reference(series=(), images=("1.1.1.2",)),
        reference(images=()),
        reference(study="7", series=(), images=("1.1.1.2",)),  # the images themselves decide
    ],
)
def test_reference_findings__silent_where_images_are_shared_or_unknown(drawn_on):
    assert reference_findings(drawn_on, SCAN, role="liver") == ()
    assert reference_findings(drawn_on, NO_REFERENCE, role="liver") == ()


@pytest.mark.parametrize("study", ["1.1", ""])
def test_reference_findings__another_series_is_said(study):
    drawn_on = reference(study, ("1.1.9",), ("1.1.9.1",))
    (found,) = reference_findings(drawn_on, SCAN, role="lesions")
    assert ("masks_of_other_series", "not_met") == (found.id, found.verdict)


def test_reference_findings__another_examination_is_refused_without_its_identifiers():
    drawn_on = reference("9.9", ("9.9.1",), ("9.9.1.1",))
    with pytest.raises(GeometryMismatchError, match="lesions file was drawn on") as caught:
        reference_findings(drawn_on, SCAN, role="lesions")
    assert "9.9" not in str(caught.value)
    assert "9.9" not in repr(drawn_on)
