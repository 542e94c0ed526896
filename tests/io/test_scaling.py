"""Stored numbers into values: exact, and in the smallest type."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from remnant.core.errors import InputError
from remnant.io.scaling import scaled

WHOLE = st.sampled_from([np.uint8, np.int8, np.int16, ">i2", np.uint16, np.int32, ">u4", np.uint64])


@given(
    WHOLE.flatmap(lambda kind: hnp.arrays(kind, (3, 4, 5))),
    st.integers(-9, 9).filter(bool),
    st.integers(-5000, 5000),
)
def test_scaled__whole_numbers_equal_python_arithmetic(raw, slope, intercept):
    values = scaled(raw, slope=slope, intercept=intercept, name="x")
    expected = [int(v) * slope + intercept for v in raw.ravel()]
    low, high = min(expected), max(expected)
    if low >= -(2**31) and high < 2**31:
        assert expected == [int(v) for v in values.ravel()]
        kind = np.int16 if low >= -(2**15) and high < 2**15 else np.int32
        assert values.dtype == kind
    else:
        assert values.dtype == np.float32
        np.testing.assert_allclose(values.ravel(), np.array(expected, float), rtol=1e-6)


@given(
    hnp.arrays(
        st.sampled_from([np.float32, ">f8"]), (2, 3, 4), elements=st.floats(-1e4, 1e4, width=32)
    )
)
def test_scaled__real_numbers_stay_or_become_whole_when_all_are(raw):
    values = scaled(raw, slope=1.0, intercept=0.0, name="x")
    np.testing.assert_array_equal(raw.astype(np.float32), values.astype(np.float32))
    assert (values.dtype.kind == "i") == bool((raw == np.rint(raw)).all())
    assert values.dtype.isnative


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e300])
def test_scaled__not_finite(broken):
    raw = np.zeros((2, 3, 4))
    raw[1, 1, 1:3] = broken
    with pytest.raises(InputError, match="2 values that are not finite"):
        scaled(raw, slope=1.0, intercept=0.0, name="x")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_scaled__codes_stay_as_they_are_stored(dtype):
    raw = np.arange(24, dtype=dtype).reshape((2, 3, 4), order="F")

    assert raw is scaled(raw, slope=1.0, intercept=0.0, name="x", as_codes=True)
    for slope, intercept in ((2.0, 0.0), (1.0, -1.0)):
        values = scaled(raw, slope=slope, intercept=intercept, name="x", as_codes=True)
        np.testing.assert_array_equal(raw.astype(float) * slope + intercept, values)
        assert np.int16 == values.dtype
