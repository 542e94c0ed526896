"""Plans that people save: one file each in the case's folder, never overwritten.

They stay when the case is measured or planned anew, and say what they were computed on: a plan
whose maps have changed since is shown as stale.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from remnant.pipeline.case_files import SURGEON_PLANS
from remnant.web.open_cases import OpenCase, named_errors
from remnant.web.refusals import changed_meanwhile, refused
from remnant.web.requests import (
    ASKED,
    Json,
    asked_of,
    recipe_document,
    recipe_of,
    require_fields,
    text,
)
from remnant.web.what_if import plan_document, warm_of

SCHEMA_VERSION: Final = "1.0"
DIGITS: Final = 4
MOST_PLANS: Final = 10**DIGITS - 1
MOST_FILE_BYTES: Final = 1024 * 1024
PREFIX: Final = "saved-"
BASIS_DIGITS: Final = 32


def basis_of(case: OpenCase) -> str:
    """Return a digest of what figures rest on: the maps' voxels, and which lesions count."""
    state = case.state
    maps = {} if state is None else {n: one.codes for n, one in state.maps_sha256.items()}
    counted = [lesion.id for lesion in case.report.volumetry.counted_lesions]
    words = json.dumps([sorted(maps.items()), counted])
    return hashlib.sha256(words.encode()).hexdigest()[:BASIS_DIGITS]


def saved_plans(case: OpenCase) -> list[Json]:
    """Return the plans that were saved, the oldest first; ``stale`` where the maps changed.

    A file that is no plan is passed over: it is not this program's.
    """
    folder, basis = case.folder / SURGEON_PLANS, basis_of(case)
    if not folder.is_dir() or folder.is_symlink():
        return []
    found = (_read(path) for path in sorted(folder.glob("[0-9]*.json")))
    return [{**plan, "stale": plan.get("basis") != basis} for plan in found if plan is not None]


def _read(path: Path) -> Json | None:
    try:
        if path.is_symlink() or path.stat().st_size > MOST_FILE_BYTES:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        return None
    return {**found, "id": f"{PREFIX}{path.stem}"}


def save_plan(case: OpenCase, given: Mapping[str, Any], revision: str | None) -> Json:
    """Save a plan with its figures of now, beside all others of the case.

    Parameters
    ----------
    case
        The case as it is now.
    given
        Name, who saves it, recipe, and what differs from the case.
    revision
        State of the case that the plan was made on.

    Raises
    ------
    RefusedError
        The case is another one meanwhile, something is missing, or the folder cannot be written.
    """
    require_fields(given, "name", "by", "note", "recipe", "revision", *ASKED)
    if revision is None:
        raise refused(428, "it is not said which state of the case this is", "send If-Match")
    if revision != case.revision:
        raise changed_meanwhile(case.revision)
    name, by = text(given, "name"), text(given, "by")
    note = text(given, "note", most=2000) if given.get("note") else ""
    recipe, warm = recipe_of(given.get("recipe")), warm_of(case)
    with named_errors(case.folder):
        from planning.one_recipe import judge_recipe

        asked = asked_of(case, warm, given)
        plan = judge_recipe(warm, asked.case, recipe)
    document = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "version": 1 + sum(one["name"] == name for one in saved_plans(case)),
        "by": by,
        "note": note,
        "saved_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "pseudonym": case.report.study.pseudonym,
        "basis": basis_of(case),
        "revision": case.revision,
        "software": dict(case.report.provenance.software),
        "recipe": recipe_document(plan.recipe),
        "asked": {field: given[field] for field in ASKED if field in given},
        "plan": plan_document(plan, asked),
    }
    with case.lock:
        return {**document, "id": f"{PREFIX}{_write(case.folder, document)}", "stale": False}


def _write(folder: Path, document: Json) -> str:
    """Write a document under the next free number; never over another one."""
    place = folder / SURGEON_PLANS
    content = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    try:
        place.mkdir(exist_ok=True)
        if place.is_symlink():
            raise refused(422, "the folder of the plans is a link", "put a folder in its place")
        temporary = place / f".{secrets.token_hex(8)}.json"
        try:
            _synced(temporary, content)
            return _named(place, temporary)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        words = f"the plan cannot be saved: {fault.strerror or 'the disk refuses it'}"
        raise refused(422, words, "mend the case's folder and save it again") from fault


def _synced(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _named(place: Path, temporary: Path) -> str:
    """Give a written file the first number that no other has, whoever else writes there."""
    there = [int(path.stem) for path in place.glob("[0-9]*.json") if path.stem.isdecimal()]
    for number in range(max(there, default=0) + 1, MOST_PLANS + 1):
        name = f"{number:0{DIGITS}d}"
        with suppress(FileExistsError):
            os.link(temporary, place / f"{name}.json")
            return name
    raise refused(422, f"the case holds {MOST_PLANS} plans", "move some of them elsewhere")
