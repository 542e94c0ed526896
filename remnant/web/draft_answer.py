"""A draft as the page gets it after each step: quick figures, from counted voxels."""

import numpy as np

from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
from remnant.pictures.palette import SEGMENT_COLOURS
from remnant.pipeline.drafts.draft import Done, Draft
from remnant.pipeline.drafts.figures import QuickFigures, QuickLesion, quick_figures
from remnant.web.case_answer import LEAST_SHOWN, lesion_entry
from remnant.web.figures import Figure, percents, volume
from remnant.web.open_cases import OpenCase
from remnant.web.requests import Json
from remnant.wording.corrections import ON_COMMIT
from remnant.wording.numbers import plain
from remnant.wording.words import CONFIRMATION_WORDS
from segmentation.edits.patch import MapName

MEASURED = ("longest", "to_surface", "to_portal_vein", "to_hepatic_veins")
UNKNOWN: Figure = {
    "value": None, "low": None, "high": None, "written": "–", "interval": "", "reason": ON_COMMIT,
}  # fmt: skip


def draft_answer(case: OpenCase, draft: Draft, done: Done | None = None) -> Json:
    """Return a draft as it stands, and what the last step did."""
    figures = quick_figures(draft)
    head = draft.head
    return {
        "draft": head.draft,
        "by": head.by,
        "since": head.since,
        "revision": case.revision,
        "step": head.standing,
        "kept": head.kept,
        "lesions": _lesions(case, draft, figures),
        "burden": percents(Quantity(figures.burden_fraction)),
        "liver_ml": volume(Quantity(figures.liver_ml)),
        "tumour_ml": volume(Quantity(figures.tumour_ml)),
        "segments": _segments(figures),
        "what": "" if done is None else done.told.what,
        "changed_voxels": 0 if done is None else done.changed_voxels,
        "box": None
        if done is None or done.box is None
        else [[side.start for side in done.box], [side.stop - 1 for side in done.box]],
    }


def _segments(figures: QuickFigures) -> list[Json]:
    return [
        {
            "code": int(segment),
            "name": segment.name,
            "volume": volume(Quantity(known)),
            "colour": SEGMENT_COLOURS[segment],
        }
        for segment, known in (figures.segments_ml or {}).items()
    ]


def _lesions(case: OpenCase, draft: Draft, figures: QuickFigures) -> list[Json]:
    measured = {one.id: one for one in case.report.volumetry.lesions}
    drawn = {n for step in draft.standing if step.told.changed_voxels for n in step.told.lesions}
    return [
        {
            **(_drawn(draft, one) if one.id in drawn or one.id not in measured
               else lesion_entry(measured[one.id])),
            "state": one.confirmation.value,
            "counted": one.counts,
            "confirmation": CONFIRMATION_WORDS[one.confirmation],
            "drawn": one.id in drawn,
        }
        for one in figures.lesions
    ]  # fmt: skip


def _drawn(draft: Draft, lesion: QuickLesion) -> Json:
    """Return a lesion that is not measured yet."""
    segment = "/".join(s.name for s in _segments_of(draft, lesion.id))
    return {
        "id": lesion.id,
        "centre_ras_mm": list(lesion.centroid_ras_mm),
        "volume": volume(Quantity(lesion.volume_ml)),
        "segment": segment,
        "phases": [],
        "short": f"{segment or 'outside the segments'}: {plain(lesion.volume_ml)} mL",
        **dict.fromkeys(MEASURED, UNKNOWN),
    }


def _segments_of(draft: Draft, number: int) -> list[CouinaudSegment]:
    """Return the segments that a lesion lies in, that with most of it first."""
    couinaud = draft.sheet.maps.get(MapName.COUINAUD)
    if couinaud is None:
        return []
    tally = draft.sheet.tallies[number]
    here = draft.sheet.maps[MapName.LESIONS][tally.box] == number
    counts = np.bincount(couinaud[tally.box][here], minlength=len(CouinaudSegment) + 1)
    main = [s for s in CouinaudSegment if counts[s] >= LEAST_SHOWN * tally.voxels]
    return sorted(main, key=lambda s: -int(counts[s]))
