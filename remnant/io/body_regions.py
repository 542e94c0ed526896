"""The part of the body that words of a header name, in the languages that scanners speak."""

import re

ABDOMEN, CHEST, ELSEWHERE = "abdomen", "chest", "elsewhere"


def compiled_words(text: str) -> re.Pattern[str]:
    """Compile words of a description: whole ones, whatever they are joined by."""
    return re.compile(rf"(?<![a-zà-ÿ])(?:{text})(?![a-zà-ÿ])")


_ABDOMEN = compiled_words(
    r"liver|leber|foie|h[ée]pat\w*|hep|h[ií]gado|fegato|abd\w*|oberbauch|bauch|addome|cap|tap|"
    r"chest\W?abd\w*|trunk|rumpf|whole ?body|pancreas|pankreas|upper ?abd\w*"
)
_CHEST = compiled_words(
    r"chest|thora\w*|lung\w*|poumon\w*|t[óo]rax|torace|heart|cardiac|herz|coeur"
)
_ELSEWHERE = compiled_words(
    r"head|brain|sch[äa]del|kopf|cr[âa]ne|t[êe]te|neck|hals|cou|sinus\w*|orbit\w*|knee|knie|genou|"
    r"foot|fu(?:ß|ss)|hand|wrist|ankle|elbow|shoulder|schulter|hip|h[üu]fte|leg|arm|femur|breast|"
    r"c ?spine|cervical|extremity|jaw|skull"
)


def region(text: str) -> str:
    """Return ``abdomen``, ``chest``, ``elsewhere`` or ``""`` for words of a body part."""
    lowered = text.lower().replace("_", " ")
    every = {ABDOMEN: _ABDOMEN, CHEST: _CHEST, ELSEWHERE: _ELSEWHERE}
    return next((name for name, pattern in every.items() if pattern.search(lowered)), "")


def is_elsewhere(described: str, body_part: str) -> bool:
    """Tell whether all that is said of the body part is that it is not the trunk.

    Parameters
    ----------
    described
        Descriptions of series and protocol.
    body_part
        What BodyPartExamined holds.
    """
    said = (region(described), region(body_part))
    return ELSEWHERE in said and set(said) <= {ELSEWHERE, ""}
