"""Accuracy of the KU Leuven engine on two real, published scans.

Whether the networks were trained on LiTS is not known: the lesion Dice may flatter them.
"""

import numpy as np
import pytest

from remnant.core.findings import Verdict
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import fetch_liver
from segmentation.engines.kul import KulSegmenter

pytestmark = pytest.mark.network


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.fixture(scope="module")
def lits(fetch):
    """LiTS case 117 in a box around its liver: image, liver and tumour."""
    sample = fetch(fetch_liver)
    scan = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    liver, tumour = (read_labels(path, BINARY_SCHEME) for path in (sample.liver, sample.tumour))
    return scan, liver, tumour.mask()


def test_lesions__lits_117_in_its_own_liver(kul, lits):
    image, liver, truth = lits
    result = KulSegmenter(device="cpu").segment_lesions(image, liver)
    assert dice(result.lesions.mask(), truth) >= 0.81
    assert {use.id for use in result.models} == {"kul-lesion"}
    assert Verdict.UNKNOWN not in {finding.verdict for finding in result.quality}
