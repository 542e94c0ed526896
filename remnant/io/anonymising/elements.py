"""One data set without what names a person, at every depth."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence

from remnant.io.anonymising.identities import Identities, Subject, told_values
from remnant.io.anonymising.rules import NUMBERS, Rules, Treatment
from remnant.io.anonymising.vocabulary import (
    KERNEL,
    STANDARD_CODES,
    described,
    is_code_word,
    of_agent,
    of_maker,
)

LARGEST_NUMBER: Final = 10**6
"""Of a count or a measured figure: longer numbers may be somebody's."""
MOST_NUMBERS: Final = 64
NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
TIME: Final = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
OLDEST_YEARS: Final = 89
"""Older ones are written as 90: the Safe Harbor rule of HIPAA, 45 CFR 164.514(b)(2)(i)(C)."""
AGE: Final = re.compile(r"(\d{3})([DWMY])")
SEXES: Final = frozenset("MFO")
SHORT_NUMBER: Final = 3
LONGEST_MEANING: Final = 64
PLACEHOLDER: Final = "anonymised"
"""Where an object has to say something: its equipment, and what made a segment."""
SOME_SEGMENT: Final = "segment"


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans the data sets of one patient.

    Parameters
    ----------
    identities
        Makes what stands for identifiers and unknown words.
    subject
        The patient.
    rules
        What becomes of elements.
    """

    identities: Identities
    subject: Subject
    rules: Rules

    def cleaned(self, dataset: Dataset) -> Dataset:
        """Return a new data set with what is kept; the one given stays as it is.

        Parameters
        ----------
        dataset
            Any data set, also an item of a sequence.
        """
        clean = Dataset()
        for element in dataset:
            treatment = self.rules.treatment(element.tag, element.VR)
            if treatment is not Treatment.REMOVE:
                kept = self._treated(element, treatment)
                if kept is not None:
                    clean.add(kept)
        return clean

    def _treated(self, element: DataElement, treatment: Treatment) -> DataElement | None:
        if treatment is Treatment.KEEP:
            return element
        if treatment is Treatment.EMPTY:
            return DataElement(element.tag, element.VR, "")
        if treatment is Treatment.SEQUENCE:
            return self._sequence(element)
        if element.VR in NUMBERS:
            return element if _is_plain(element) else None
        return self._texts(element, treatment)

    def _sequence(self, element: DataElement) -> DataElement | None:
        if not isinstance(element.value, Sequence):
            return None
        items = [self._item(item) for item in element.value]
        known = [item for item in items if item is not None]
        # of codes the unknown ones go; what counts frames or segments keeps all its items
        return DataElement(element.tag, "SQ", Sequence(known))

    def _item(self, item: Dataset) -> Dataset | None:
        return _known_code(item) if "CodeMeaning" in item else self.cleaned(item)

    def _texts(self, element: DataElement, treatment: Treatment) -> DataElement | None:
        clean = self._cleaners()[treatment]
        texts = [clean(text) for text in told_values(element.value)]
        if not any(texts):
            return None
        return DataElement(element.tag, element.VR, texts if len(texts) > 1 else texts[0])

    def _cleaners(self) -> Mapping[Treatment, Callable[[str], str]]:
        shifted = self.subject.shifted
        return {
            Treatment.UID: self.identities.uid,
            Treatment.DATE: shifted,
            Treatment.TIME: _time,
            Treatment.DATE_TIME: lambda text: _date_time(text, shifted),
            Treatment.CODE: self._code,
            Treatment.DESCRIPTION: described,
            Treatment.AGENT: of_agent,
            Treatment.MAKER: lambda text: of_maker(text) or PLACEHOLDER,
            Treatment.PLACEHOLDER: lambda _: PLACEHOLDER,
            Treatment.LABEL: lambda text: described(text) or SOME_SEGMENT,
            Treatment.KERNEL: lambda text: text if KERNEL.fullmatch(text) else self._code(text),
            Treatment.AGE: _age,
            Treatment.SEX: lambda text: text if text in SEXES else "",
            Treatment.NUMBER: lambda text: text if _is_small(text) else "",
        }

    def _code(self, text: str) -> str:
        is_short_number = text.isdecimal() and text.isascii() and len(text) <= SHORT_NUMBER
        return text if is_short_number or is_code_word(text) else self.identities.code(text)


def _is_plain(element: DataElement) -> bool:
    value: Any = element.value
    several = value if element.VM > 1 else (value,)
    if element.VR in ("DS", "IS"):
        return all(_is_small(text) for text in told_values(value))
    if element.VR in ("AT", "FD", "FL") or value is None:
        return len(several) <= MOST_NUMBERS
    return len(several) <= MOST_NUMBERS and all(abs(n) < LARGEST_NUMBER for n in several)


def _is_small(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None and abs(float(text)) < LARGEST_NUMBER


def _time(text: str) -> str:
    return text if TIME.fullmatch(text) else ""


def _date_time(text: str, shifted: Callable[[str], str]) -> str:
    day, clock = shifted(text[:8]), re.split(r"[+-]", text[8:], maxsplit=1)[0]
    return f"{day}{_time(clock)}" if day else ""


def _age(text: str) -> str:
    found = AGE.fullmatch(text)
    if found is None:
        return ""
    is_old = found[2] == "Y" and int(found[1]) > OLDEST_YEARS
    return f"{OLDEST_YEARS + 1:03d}Y" if is_old else text


def _known_code(item: Dataset) -> Dataset | None:
    """Return a code of a public dictionary with the dictionary's own words; else nothing."""
    scheme, value = str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeValue", ""))
    meaning = _meanings().get((scheme, value))
    if meaning is None:
        return None
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


@lru_cache(maxsize=1)
def _meanings() -> Mapping[tuple[str, str], str]:
    from pydicom.sr._concepts_dict import concepts
    from pydicom.sr._snomed_dict import mapping

    known = {
        (scheme, value): meaning[:LONGEST_MEANING]
        for scheme in STANDARD_CODES
        for codes in concepts.get(scheme, {}).values()
        for value, (meaning, _) in codes.items()
    }
    older = (("SRT", value, known.get(("SCT", new))) for value, new in mapping["SRT"].items())
    return known | {(scheme, value): words for scheme, value, words in older if words}
