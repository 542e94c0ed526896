"""Reasons: a closed set of causes, never texts."""

import pytest

from remnant.core.reasons import Cause, reason, reasons_of


def test_reasons_of__a_text_is_no_reason():
    one = reason(Cause.NO_LESION)
    assert (one,) == reasons_of(one) == reasons_of([one])
    assert () == reasons_of(None)
    with pytest.raises(TypeError, match="a cause, not a text: 'no map'"):
        reasons_of("no map")
