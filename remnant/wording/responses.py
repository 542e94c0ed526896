"""Words of responses and of what is noted beside them."""

from collections.abc import Iterable, Mapping
from typing import Final

from remnant.core.response import Response, ResponseNote

SCOPE: Final = "liver only"
"""Stands beside every response: it is none of the whole body."""
RESPONSE_WORDS: Final[Mapping[Response, str]] = {
    Response.COMPLETE: "complete response",
    Response.PARTIAL: "partial response",
    Response.STABLE: "stable disease",
    Response.PROGRESSIVE: "progressive disease",
    Response.NEITHER: "neither complete response nor progression",
    Response.NOT_EVALUABLE: "not evaluable",
}
NOTE_WORDS: Final[Mapping[ResponseNote, str]] = {
    ResponseNote.NOT_MEASURED: "the case was not measured, or a quality gate failed",
    ResponseNote.NO_TIME_POINT: "nothing says when it was scanned",
    ResponseNote.LESIONS_UNKNOWN: "no lesion map",
    ResponseNote.NOT_COMPARED: "it could not be compared with an earlier case",
    ResponseNote.BEFORE_BASELINE: "scanned before the baseline",
    ResponseNote.NO_BASELINE: "no scan shows the whole liver and its lesions",
    ResponseNote.LIVER_NOT_WHOLE: "the scan or file cuts the liver",
    ResponseNote.NO_LESION_AT_BASELINE: "no lesion at the baseline",
    ResponseNote.TARGET_OUTSIDE: "a target lesion lies beyond the scan",
    ResponseNote.TARGET_REJECTED: "a reader rejected a target lesion",
    ResponseNote.UNCONFIRMED: "lesions not confirmed by a reader",
    ResponseNote.NEW_UNCONFIRMED: "new lesions not confirmed by a reader",
    ResponseNote.ABSENCE_UNCONFIRMED: "a lesion was not found, which no reader confirmed",
    ResponseNote.WITHIN_ERROR: "measurement errors could turn the class round",
    ResponseNote.TARGET_CUT: "the scan cuts a target lesion",
    ResponseNote.TARGET_SMALL: "the class rests on a target lesion of less than 5 mm",
    ResponseNote.TARGET_MIXED: "a target lesion cannot be told from another one",
    ResponseNote.LIVERS_MISALIGNED: "the livers lie badly on each other",
    ResponseNote.OTHER_SCAN: "the scans differ in modality or contrast phase",
    ResponseNote.ORDERED_BY_NAME: "ordered by the names of the time points",
    ResponseNote.REAPPEARED: "a target lesion that was gone is there again",
    ResponseNote.NO_TARGET: "no lesion of the baseline was large enough for a target",
    ResponseNote.TARGET_SPLIT: "a target lesion split: diameters of its parts added",
    ResponseNote.TARGETS_MERGED: "target lesions merged: counted once",
    ResponseNote.NON_TARGETS_LEFT: "target lesions gone, others left",
    ResponseNote.PARTIAL_GOES_ON: "a confirmed partial response goes on until progression",
}


def notes_text(notes: Iterable[ResponseNote]) -> str:
    """Return notes in words, one after the other."""
    return "; ".join(NOTE_WORDS[note] for note in notes)
