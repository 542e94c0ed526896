"""Texts of planning taken apart where the parts are not data yet; this module goes with them."""

import re
from typing import Final

from remnant.core.debulking import TargetOutcome
from remnant.wording.numbers import sentence

HEADING: Final = re.compile(
    r"^\d+(?:\.\d+)? % of the tumour: (?:within reach by |undecided\. )?(?=\S)"
)
REVIEW: Final = " Segments estimated from liver shape: review."


def answer(target: TargetOutcome) -> str:
    """Write the answer to a target without what its heading says already."""
    return sentence(HEADING.sub("", target.text, count=1))


def without_review(text: str) -> str:
    """Drop the mark from a finding's text where the page shows it beside the text."""
    return text.removesuffix(REVIEW)


def beyond(text: str) -> str:
    """Return what a check on the source of the segments says beyond its first sentence."""
    return text.partition(". ")[2]
