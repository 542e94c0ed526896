"""``remnant cohort followup``: patients who were scanned several times."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from remnant.cli.compare import resected_segments
from remnant.cli.outcome import Outcome
from remnant.cli.progress import shown_progress

if TYPE_CHECKING:
    from remnant.cohort.followup import FollowUp


def followup(cohort: Path, *, resect: str | None = None, workers: int = 1) -> Outcome:
    """Follow patients who were scanned several times: lesions, changes, RECIST 1.1 of the liver.

    Parameters
    ----------
    cohort
        Folder of the cohort. Its manifest names patients and time points.
    resect
        The resection whose remnant is followed: segments such as V,VI,VII,VIII, or a name such as
        right_hemihepatectomy.
    workers
        Processes that compare cases.
    """
    from remnant.cohort.followup import follow_up
    from remnant.cohort.layout import TABLES
    from remnant.terminal.followup_summary import print_followup

    removed = None if resect is None else resected_segments(resect)
    with shown_progress() as progress:
        found = follow_up(cohort, removed=removed, workers=workers, progress=progress)
    print_followup(counts_of(found), found.responses, found.faults, cohort / TABLES)
    return Outcome(document=lambda: document_of(found))


def counts_of(found: "FollowUp") -> dict[str, int]:
    """Return what is printed of the counts, those of nothing left out."""
    counts = {
        "patients": found.subjects,
        "of them with several cases": found.several,
        "cases": found.time_points,
        "comparisons made": found.compared,
        "comparisons taken up": found.reused,
        "provisional responses: a reader has still to speak": found.provisional,
        "cases without a patient, not followed": found.without_subject,
    }
    return {what: count for what, count in counts.items() if count}


def document_of(found: "FollowUp") -> str:
    """Return the same as JSON."""
    faults = [
        {"cases": [*dict.fromkeys(cases)], "error": error} for cases, error in found.faults.items()
    ]
    return json.dumps(asdict(found) | {"faults": faults}) + "\n"
