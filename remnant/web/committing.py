"""A draft committed in a process of its own: measuring and planning keeps nobody else waiting."""

from pathlib import Path

from remnant.core.errors import RemnantError
from remnant.core.progress import Progress
from remnant.core.volumes import ImageVolume
from remnant.pipeline.drafts.commit import Committed, Confirmed, committed
from remnant.pipeline.drafts.draft import begun, held_draft, require_draft
from remnant.pipeline.export_scan import scan_of
from remnant.pipeline.folder import read_case
from remnant.web.library import revision_of
from remnant.web.refusals import bare_line, refused
from remnant.web.requests import Json
from remnant.web.scans import Place


def commit_stored(
    progress: Progress, folder: str, name: str, confirm: Confirmed, place: Place | None
) -> Json:
    """Commit the draft that lies beside a case, and return the case's new revision.

    Raises
    ------
    RefusedError
        It cannot be committed; it says why, and names no path.
    """
    case = Path(folder)
    private = (folder, f"{case.parent}", *(() if place is None else (f"{place.path}",)))
    try:
        done = _committed(progress, case, name, confirm, place)
    except RemnantError as fault:
        raise refused(422, bare_line(f"{fault}", *private)) from fault
    return {"revision": revision_of(case), "version": done.correction.version}


def _committed(
    progress: Progress, case: Path, name: str, confirm: Confirmed, place: Place | None
) -> Committed:
    head = held_draft(case)
    draft = require_draft(None if head is None else begun(case, head.by), name)
    return committed(draft, confirm, image=_scan(case, place, progress), progress=progress)


def _scan(case: Path, place: Place | None, progress: Progress) -> ImageVolume | None:
    if place is None:
        return None
    return scan_of(
        read_case(case), case, place.path, modality=None, series=place.series, progress=progress
    )
