"""Boxes that readers drew in a case, and the engines that outline what lies in them."""

from datetime import UTC, datetime

from remnant.core.drawn_boxes import BoxedStructure, DrawnBox, ReaderBox
from remnant.core.errors import InputError
from segmentation.port import PromptedSegmenter


def drawn_liver(box: ReaderBox, by: str | None = None) -> DrawnBox:
    """Return the record of a box that the liver was outlined in today (UTC)."""
    return DrawnBox(structure=BoxedStructure.LIVER, lesion=None, box=box, by=by, date=today())


def today() -> str:
    """Return today's date (UTC), as ``2026-11-29``."""
    return datetime.now(tz=UTC).date().isoformat()


def require_prompted(engine: object) -> PromptedSegmenter:
    """Return an engine that outlines boxes.

    Raises
    ------
    InputError
        It cannot.
    """
    if not isinstance(engine, PromptedSegmenter):
        raise InputError("this engine outlines no boxes; leave --engine out, or give maps")
    return engine
