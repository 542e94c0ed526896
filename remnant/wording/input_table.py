"""Write the glossary's table of inputs: ``python -m remnant.wording.input_table``.

It stands in ``docs/glossary.md`` between two marks; a test compares it with the vocabulary.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Final

from planning.inputs import CLINICAL_INPUTS, INPUTS, PATIENT_INPUTS, Input, ValueSource
from remnant.core.clinical import LONGEST_NOTE

PAGE: Final = Path("docs/glossary.md")
BEGIN: Final = "<!-- inputs: made by `python -m remnant.wording.input_table`; do not edit -->"
END: Final = "<!-- end of inputs -->"
HEAD: Final = ("| input | name | values | option |", "|---|---|---|---|")
COMPUTED_HEAD: Final = ("| input | name | comes from |", "|---|---|---|")
FROM: Final = {
    ValueSource.PERSON: "facts that were told",
    ValueSource.SCAN: "the scan",
    ValueSource.PLAN: "the plans",
}


def values_of(told: Input) -> str:
    """Return the values that an input may have, in a few words.

    >>> values_of(INPUTS["ki67_percent"]), values_of(INPUTS["functional"])
    ('0 to 100 %', 'yes or no')
    """
    if told.type is tuple:
        return "numbers of lesions"
    if told.type is str:
        return f"at most {LONGEST_NOTE} characters"
    if issubclass(told.type, bool):
        return "yes or no"
    if issubclass(told.type, StrEnum):
        return ", ".join(f"`{member}`" for member in told.type)
    low, high = told.range or (0.0, 1.0)
    whole = "whole number, " if issubclass(told.type, int) else ""
    return f"{whole}{low:g} to {high:g} {told.unit}".rstrip()


def table() -> str:
    """Return the tables of what a person tells and of what is computed, as Markdown."""
    told = (*PATIENT_INPUTS, *CLINICAL_INPUTS)
    computed = (one for one in INPUTS.values() if one not in told)
    rows = (
        f"| {one.meaning} | `{one.name}` | {values_of(one)} | "
        f"{f'`{one.option}`' if one.option else ''} |"
        for one in told
    )
    others = (f"| {one.question} | `{one.name}` | {FROM[one.source]} |" for one in computed)
    return "\n".join((*HEAD, *rows, "", *COMPUTED_HEAD, *others))


def page_with_table(text: str) -> str:
    """Return the glossary with the table between its marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main(path: Path = PAGE) -> None:
    """Make the glossary's table anew; the page must have both marks."""
    path.write_text(page_with_table(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
