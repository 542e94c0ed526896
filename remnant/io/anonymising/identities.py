"""Who and what an object belongs to, under names that only the holder of the key can find again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from pydicom.uid import UID_dictionary

from remnant.io.pseudonym import PREFIX, KeyedDigests, pseudonym

PATIENT_PREFIX: Final = "patient-"
UID_PREFIX: Final = "2.25."
UID_BYTES: Final = 16
LEAST_DAYS, MOST_DAYS = 31, 3650
"""By how many days a patient's dates are put back."""
CODE_DIGITS: Final = 6
DATE_SIGNS: Final = 8


@dataclass(frozen=True, slots=True)
class Subject:
    """One patient as an export names him.

    Parameters
    ----------
    name
        ``patient-`` and 16 hexadecimal digits; the same wherever the same key is.
    days
        By how many days his dates are put back.
    """

    name: str
    days: int

    def shifted(self, text: str) -> str:
        """Return a DICOM date that many days earlier, ``""`` where it is no date.

        >>> Subject("patient-1", 31).shifted("20260201")
        '20260101'
        """
        try:
            day = date.fromisoformat(text) if len(text) == DATE_SIGNS and text.isdecimal() else None
            return "" if day is None else (day - timedelta(self.days)).strftime("%Y%m%d")
        except (ValueError, OverflowError):
            return ""


class Identities:
    """Makes the names of an export from the identifiers of its source.

    Raises
    ------
    InputError
        The key cannot be kept or used, see `remnant.io.pseudonym.pseudonym`.
    """

    def __init__(self) -> None:
        self._days = KeyedDigests("anonymise: days")
        self._uids = KeyedDigests("anonymise: uid")
        self._words = KeyedDigests("anonymise: word")
        self.uid = lru_cache(maxsize=1 << 17)(self._uid)

    def subject(self, patient_id: str, study_uid: str) -> Subject:
        """Return the patient of an object; where his identifier is empty, the patient of a study.

        Parameters
        ----------
        patient_id, study_uid
            As the object has them; either may be empty.
        """
        whose = (patient_id, "") if patient_id else ("", study_uid)
        digits = pseudonym("patient", *whose).removeprefix(PREFIX)
        number = int.from_bytes(self._days.digest(*whose), "big")
        return Subject(PATIENT_PREFIX + digits, LEAST_DAYS + number % (MOST_DAYS - LEAST_DAYS + 1))

    def case(self, patient_id: str, study_uid: str) -> str:
        """Return the pseudonym that the case of a study gets where the study itself is measured."""
        return pseudonym(patient_id, study_uid) if study_uid else pseudonym("no study", patient_id)

    def _uid(self, given: str) -> str:
        """Return what stands for a unique identifier; those that DICOM itself defines stay."""
        if not given or given in UID_dictionary:
            return given
        number = int.from_bytes(self._uids.digest(given)[:UID_BYTES], "big")
        return f"{UID_PREFIX}{number}"

    def code(self, word: str) -> str:
        """Return what stands for a word that may be anything: other words have other codes."""
        return f"X{self._words.digest(word).hex()[:CODE_DIGITS].upper()}"


def told_values(value: object) -> Iterator[str]:
    """Yield the texts of an element with one value or several, stripped, the empty ones left out.

    >>> list(told_values(["A ", "", "B"]))
    ['A', 'B']
    """
    several = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
    for one in value if several else (value,):  # type: ignore[attr-defined]
        text = "" if one is None else f"{one}".strip().strip("\0")
        if text:
            yield text
