"""Texts of planning taken apart where the parts are not data yet; this module goes with them."""

import re
from typing import Final

from remnant.core.debulking import TargetOutcome
from remnant.wording.numbers import sentence

HEADING: Final = re.compile(
    r"^\d+(?:\.\d+)? % of the tumour: (?:within reach by |undecided\. )?(?=\S)"
)


def answer(target: TargetOutcome) -> str:
    """Write the answer to a target without what its heading says already."""
    return sentence(HEADING.sub("", target.text, count=1))
