"""Surgeons' recipes and sets of segments as one line of text."""

from collections.abc import Iterable

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.recipe import Recipe

RECIPE_EXAMPLE = "VI,VII; wedge 3; ablate 5,7"
NOTHING = "none"
LARGEST_LESION = 65535


def parse_segments(text: str, *, what: str) -> tuple[CouinaudSegment, ...]:
    """Read Couinaud segments such as ``VI,VII`` or ``6,7``, in order; ``what`` names their place.

    Raises
    ------
    InputError
        Something is not a segment I to VIII, or there is none.
    """
    words = [part.strip() for part in text.split(",") if part.strip()]
    if not words:
        raise InputError(f"{what} names no segment; allowed are Couinaud segments, e.g. VI,VII")
    return tuple(sorted({_segment(word, what=what) for word in words}))


def _segment(word: str, *, what: str) -> CouinaudSegment:
    if word.isdecimal() and int(word[:3]) in set(CouinaudSegment):
        return CouinaudSegment(int(word[:3]))
    if word.upper() in CouinaudSegment.__members__:
        return CouinaudSegment[word.upper()]
    raise InputError(
        f"{what} got {word[:40]!r}; allowed are Couinaud segments I to VIII (or 1 to 8)"
    )


def parse_recipe(text: str, *, what: str) -> Recipe:
    """Read a recipe: segments, then ``wedge`` and ``ablate`` with lesion numbers, by semicolons.

    Raises
    ------
    InputError
        A part cannot be read or is there twice, a lesion is both excised and ablated, or nothing
        is done.
    """
    parts: dict[str, str] = {}
    for part in (part.strip() for part in text.split(";") if part.strip()):
        kind, rest = _kind(part)
        if kind in parts:
            raise InputError(f"{what} has the part {kind!r} twice in {text[:60]!r}; join them")
        parts[kind] = rest
    if not parts:
        raise InputError(f"{what} got {text[:60]!r}; allowed is e.g. {RECIPE_EXAMPLE!r}")
    segments = parts.get("segments")
    wedges, ablations = (_lesions(parts.get(kind), what) for kind in ("wedge", "ablate"))
    both = sorted({*wedges} & {*ablations})
    if both:
        raise InputError(f"{what} both excises and ablates lesion {both[0]}; keep one of them")
    return Recipe(
        segments=() if segments is None else parse_segments(segments, what=what),
        wedges=wedges,
        ablations=ablations,
    )


def _kind(part: str) -> tuple[str, str]:
    word, _, rest = part.partition(" ")
    return (word.lower(), rest) if word.lower() in ("wedge", "ablate") else ("segments", part)


def _lesions(text: str | None, what: str) -> tuple[int, ...]:
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not all(_is_lesion(word) for word in words):
        raise InputError(
            f"{what} got {text[:40]!r} as lesions; allowed are lesion numbers, e.g. "
            f"{RECIPE_EXAMPLE!r}"
        )
    return tuple(sorted({int(word) for word in words}))


def _is_lesion(word: str) -> bool:
    digits = word.isascii() and word.isdecimal() and len(word) <= len(str(LARGEST_LESION))
    return digits and 0 < int(word) <= LARGEST_LESION


def segments_text(segments: Iterable[CouinaudSegment]) -> str:
    """Write segments as ``VI,VII``; the empty text for none."""
    return ",".join(segment.name for segment in sorted(segments))


def recipe_text(recipe: Recipe) -> str:
    """Write a recipe so that `parse_recipe` reads it again; ``none`` where nothing is done."""
    lesions = (("wedge", recipe.wedges), ("ablate", recipe.ablations))
    named = [f"{kind} {','.join(map(str, numbers))}" for kind, numbers in lesions if numbers]
    steps = (segments_text(recipe.segments), *named)
    return "; ".join(step for step in steps if step) or NOTHING
