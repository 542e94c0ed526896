"""What a measured volume says where lesions are unknown."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.patient import Patient
from remnant.core.quantity import Bound
from remnant.core.reasons import Cause, causes_of
from remnant.core.volumes import LabelMap
from volumetry.measure import measure


@pytest.mark.parametrize("cut", [False, True])
def test_functional_volume__without_a_lesion_map_names_what_is_unknown(cut):
    codes = np.zeros((9, 10, 11), np.uint8)
    codes[0 if cut else 2 : 6, 2:7, 2:8] = 1
    liver = LabelMap(codes, Geometry(codes.shape, np.diag([2.0, 2.0, 2.0, 1.0])), BINARY_SCHEME)
    found = measure(liver, None, couinaud=None, patient=Patient()).functional_tlv_ml
    assert causes_of(found.reasons) == (Cause.LESIONS_UNKNOWN, Cause.LIVER_CUT)[: 1 + cut]
    assert found.bound is (None if cut else Bound.UPPER)
    assert found.indicative == cut
