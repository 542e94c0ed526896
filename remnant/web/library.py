"""The cases in the folder that is served: where they lie, and how each is listed."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from remnant.core.case import CaseReport
from remnant.core.errors import RemnantError
from remnant.core.quality_light import QUALITY_LIGHT, Light, light_among
from remnant.io.pseudonym import pseudonym
from remnant.pipeline.case_files import OUTCOME_JSON, REPORT_JSON, STATE, is_case
from remnant.pipeline.folder import edited_files, read_measured
from remnant.pipeline.publishing import settle
from remnant.pipeline.state import read_state
from remnant.web.figures import percents, volume
from remnant.web.refusals import bare_line, unknown_case

DEEPEST: Final = 3
"""A cohort's cases lie two folders below it."""
SCAN_SECONDS: Final = 2.0
REVISION_DIGITS: Final = 20
COLOURS: Final[Mapping[Light, str]] = {
    Light.GREEN: "green",
    Light.AMBER: "yellow",
    Light.RED: "red",
}
STATUS_WORDS: Final[Mapping[str, str]] = {
    "to_confirm": "to confirm",
    "confirmed": "confirmed",
    "failed": "failed",
}
Row = dict[str, Any]


def revision_of(folder: Path) -> str:
    """Return what changes with every change of a case: a digest of its report and state."""
    digest = hashlib.sha256()
    for name in (STATE, REPORT_JSON):
        file = folder / name
        content = file.read_bytes() if file.is_file() else b""
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:REVISION_DIGITS]


def stamps(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return what tells cheaply that a file of a folder is another than before."""
    with os.scandir(folder) as entries:
        found = [(e.name, e.stat()) for e in entries if e.is_file() and not e.name.startswith(".")]
    return tuple(sorted((name, s.st_mtime_ns, s.st_size, s.st_ino) for name, s in found))


@dataclass(frozen=True, slots=True)
class _Listed:
    stamps: tuple[tuple[str, int, int, int], ...]
    row: Row


class Library:
    """The cases below one folder, found anew where they change.

    Parameters
    ----------
    root
        A case's folder, or one that holds such folders.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._lock = threading.Lock()
        self._scanned = -SCAN_SECONDS
        self._folders: dict[str, Path] = {}
        self._rows: dict[str, _Listed] = {}

    def folders(self) -> Mapping[str, Path]:
        """Return the folders of all cases by their ids."""
        with self._lock:
            if time.monotonic() - self._scanned >= SCAN_SECONDS:
                self._folders = {id_of(folder): folder for folder in _cases(self.root, self.root)}
                self._scanned = time.monotonic()
            return dict(self._folders)

    def folder(self, identifier: str) -> Path:
        """Return the folder of a case.

        Raises
        ------
        RefusedError
            There is none of that id, or it leads out of the folder that is served.
        """
        folder = self.folders().get(identifier)
        if folder is None or not folder.is_dir():
            raise unknown_case()
        inside(self.root, folder)
        settle(folder)
        return folder

    def rows(self) -> list[Row]:
        """Return how each case is listed, the latest first."""
        rows = [self._row(name, folder) for name, folder in self.folders().items()]
        return sorted(rows, key=lambda row: (row["changed_at"], row["name"]), reverse=True)

    def _row(self, identifier: str, folder: Path) -> Row:
        now = stamps(folder)
        known = self._rows.get(identifier)
        if known is None or known.stamps != now:
            known = _Listed(now, {"id": identifier, **listed(folder)})
            self._rows[identifier] = known
        return known.row


def searched_words(row: Row) -> str:
    """Return the words of a row in which a search looks, in small letters."""
    fields = ("name", "pseudonym", "modality", "phase", "reason", "status")
    words = " ".join(f"{row.get(name) or ''}" for name in fields)
    return f"{words} {STATUS_WORDS[row['status']]}".lower()


def id_of(folder: Path) -> str:
    """Return a case's id: a keyed hash of where it lies, which says nothing of it."""
    return pseudonym("review page", f"{folder}")


def inside(root: Path, path: Path) -> Path:
    """Return a path, resolved, that lies inside a folder.

    Raises
    ------
    RefusedError
        It leads out of it, as by a symbolic link.
    """
    found = path.resolve()
    if found != root and root not in found.parents:
        raise unknown_case()
    return found


def _cases(root: Path, folder: Path, depth: int = 0) -> Iterator[Path]:
    if _is_listed(folder):
        yield folder
        return
    if depth >= DEEPEST:
        return
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".")
        if path.is_dir() and not hidden and root in path.resolve().parents:
            yield from _cases(root, path.resolve(), depth + 1)


def _is_listed(folder: Path) -> bool:
    files = (folder / REPORT_JSON, folder / OUTCOME_JSON)
    return is_case(folder) or any(file.is_file() for file in files)


def listed(folder: Path) -> Row:
    """Return what the list of cases says of one."""
    changed = max((stamp[1] for stamp in stamps(folder)), default=0) / 1e9
    head = {"name": folder.name, "changed_at": _when(changed)}
    try:
        report = read_measured(folder)
        edited = edited_files(folder, read_state(folder / STATE)) if is_case(folder) else ()
    except (RemnantError, OSError) as fault:
        return {**head, **_failed(bare_line(f"{fault}", f"{folder}"))}
    if edited:
        files = ", ".join(edited)
        return {**head, **_row_of(report), **_stale(files)}
    return {**head, **_row_of(report)}


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _failed(reason: str) -> Row:
    empty = dict.fromkeys(("modality", "phase", "lesions", "tlv", "burden", "light"))
    return {**empty, "status": "failed", "reason": reason}


def _stale(files: str) -> Row:
    return {
        "status": "failed",
        "reason": f"{files} changed after the case was measured; run `remnant run` on it again",
    }


def _row_of(report: CaseReport) -> Row:
    study, volumes = report.study, report.volumetry
    light = light_among((*report.quality, *volumes.quality))
    return {
        "pseudonym": study.pseudonym,
        "status": status_of(report),
        "modality": None if study.modality is None else study.modality.value,
        "phase": study.phase.value,
        "lesions": None if volumes.tumour_ml.value is None else len(volumes.counted_lesions),
        "tlv": volume(volumes.tlv_ml),
        "burden": percents(volumes.burden_fraction),
        "light": None if light is None else COLOURS[light],
        "reason": _light_words(report) if light in (Light.AMBER, Light.RED) else "",
    }


def status_of(report: CaseReport) -> str:
    """Tell whether a human confirmed all that counts in a case."""
    volumes = report.volumetry
    open_ = any(lesion.confirmation.is_open for lesion in volumes.counted_lesions)
    return "to_confirm" if open_ or volumes.segments_need_review else "confirmed"


def _light_words(report: CaseReport) -> str:
    from remnant.wording.findings import text_of

    found = (c for c in (*report.quality, *report.volumetry.quality) if c.id == QUALITY_LIGHT)
    return next(map(text_of, found), "")
