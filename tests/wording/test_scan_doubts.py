"""Every doubt about a file has words."""

from remnant.cohort.scan_names import Doubt
from remnant.wording.scan_doubts import DOUBT_WORDS


def test_words__are_there_for_every_doubt_and_no_other():
    assert {doubt.value for doubt in Doubt} == set(DOUBT_WORDS)
    assert all(words and words == words.strip().rstrip(".") for words in DOUBT_WORDS.values())
