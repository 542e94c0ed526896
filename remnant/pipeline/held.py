"""What an output folder holds already, and what of it a command would drop.

Nothing that a human said or told goes without being asked for: another scan, other settings,
confirmations, corrections, facts and limits are refused by name. What the same inputs made before
may be made again, and it is said what it replaces.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError, RemnantError
from remnant.core.volumetry_report import SegmentsConfirmation
from remnant.documents.state_document import MadeFrom, SegmentationState
from remnant.pipeline.case_files import (
    OWN_FILES,
    PLAN_MAPS,
    PLAN_TABLE,
    REPORT_HTML,
    REPORT_JSON,
    STATE,
    VOLUME,
    is_case,
)
from remnant.pipeline.division import ROLES
from remnant.pipeline.edited_plans import edited_plans
from remnant.pipeline.facts import KnownCase, known_case
from remnant.pipeline.folder import edited_files, read_measured
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.publishing import listed, settle
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.reviewing import EDITED
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state
from remnant.pipeline.told import DEFAULT_MEASURING, replaced_words, told_otherwise

DIGEST_DIGITS: Final = 8
MOST_NAMES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A case that lies in a folder.

    Parameters
    ----------
    folder
        Where it lies.
    state
        Its facts.
    edited
        Files of maps that another program has changed since.
    known
        What it was measured and planned with.
    files
        Names of the files there that are remnant's.
    written
        When it was measured, or segmented where it was not measured yet.
    """

    folder: Path
    state: SegmentationState
    edited: tuple[str, ...]
    known: KnownCase
    files: tuple[str, ...]
    written: datetime

    @property
    def corrections(self) -> frozenset[str]:
        """What humans said of it or changed in it."""
        state = self.state
        said = _said(state, state.segments_confirmation)
        return frozenset((*said, *(f"{name} edited" for name in self.edited)))

    @property
    def is_as_made(self) -> bool:
        """Whether it is what one command made, and nobody changed it since."""
        made = self.state.made_from
        return made is not None and not made.revised and not self.edited

    def __str__(self) -> str:
        facts = (*_inputs(self.state.inputs_sha256), *_counted(self.corrections))
        when = f"{_results(self)} {self.written:%Y-%m-%d %H:%M} UTC"
        return f"{self.state.study.pseudonym} ({when}; {', '.join(facts)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a command is about to write.

    Parameters
    ----------
    made_from
        What decides its maps; ``None`` where it is not kept.
    case
        Its maps, where they are there already.
    measuring, planning
        What it is measured and planned with; ``None`` where it is not measured now: what the same
        maps were measured with then stays.
    """

    made_from: MadeFrom | None
    case: SegmentedCase | None = None
    measuring: MeasureRequest | None = None
    planning: PlanRequest = DEFAULT_PLAN

    @property
    def corrections(self) -> frozenset[str]:
        """What humans said of it; nothing where it is still to be made."""
        case = self.case
        return frozenset(() if case is None else _said(case, case.division.confirmation))


def require_replaceable(
    folder: Path, coming: Coming, *, overwrite: bool, option: str | None = "--overwrite"
) -> Held | None:
    """Return the case that a folder holds and that may be replaced; ``None`` where there is none.

    Parameters
    ----------
    folder
        Where it would be written.
    coming
        What would be written.
    overwrite
        Whether the user asked for it to be replaced, whatever it is.
    option
        How the user asks for it; ``None`` where that cannot be.

    Raises
    ------
    InputError
        The folder holds another case, or what a human said would be dropped.
    """
    ask = "name another folder" + (f", or add {option} to replace it" if option else "")
    try:
        held = held_by(folder)
    except RemnantError as fault:
        if overwrite:
            return None
        raise InputError(f"{folder}: {fault}; {ask}") from fault
    if held is None or overwrite:
        return held
    reasons = tuple(_losses(held, coming))
    if reasons:
        same = _same_inputs(held, coming)
        goes_on = f"go on from it by `remnant run {folder}`, " if same and option else ""
        raise InputError(f"{folder} holds {held}; {'; '.join(reasons)}; {goes_on}{ask}")
    return held


def require_nothing_said(folder: Path) -> None:
    """Raise if a folder holds a case of which a human said something; called before the work.

    Raises
    ------
    InputError
        It does, or what it holds is no case that can be read.
    """
    try:
        held = held_by(folder)
    except RemnantError as fault:
        raise InputError(f"{folder}: {fault}; name another folder") from fault
    if held is not None and held.corrections:
        raise InputError(f"{folder} holds {held}, which would be lost; name another folder")


def held_by(folder: Path) -> Held | None:
    """Return the case that a folder holds; ``None`` where it holds no file of remnant's.

    Raises
    ------
    InputError
        It holds files that are named as remnant names them and are no case, or a damaged case.
    """
    settle(folder)
    files = held_files(folder)
    if not files:
        return None
    if not is_case(folder):
        raise InputError(f"it holds {files[-1]}, which is of no case of this program")
    state = read_state(folder / STATE)
    return Held(
        folder=folder,
        state=state,
        edited=edited_files(folder, state),
        known=known_case(folder),
        files=files,
        written=_written(folder),
    )


def held_files(folder: Path) -> tuple[str, ...]:
    """Return the names of the files in a folder that are named as remnant names them."""
    return tuple(name for name in listed(folder, OWN_FILES) if (folder / name).is_file())


def is_same(held: Held, coming: Coming) -> bool:
    """Tell whether the maps there are just those that would be made."""
    return held.is_as_made and held.state.made_from == coming.made_from


def same_place(one: Path, other: Path) -> bool:
    """Tell whether two paths are of one folder."""
    return one.resolve() == other.resolve()


def _written(folder: Path) -> datetime:
    """Return when a case was measured, else segmented."""
    if not (folder / REPORT_JSON).is_file():
        return datetime.fromtimestamp((folder / STATE).stat().st_mtime, tz=UTC)
    made = read_measured(folder).provenance.created_utc
    try:
        return datetime.fromisoformat(made).astimezone(UTC)
    except ValueError as fault:
        raise InputError(f"its {REPORT_JSON} says {made[:40]!r} for the time of day") from fault


def _losses(held: Held, coming: Coming) -> Iterator[str]:
    if not _same_inputs(held, coming):
        yield "it was made from other inputs"
        return
    if not _same_settings(held, coming):
        yield "it was made with other settings"
    lost = frozenset() if held.is_as_made else held.corrections - coming.corrections
    kept = coming.measuring is None and is_same(held, coming)
    dropped = () if kept else _dropped_facts(held.known, coming)
    edits = () if kept else tuple(f"edits of {name}" for name in edited_plans(held.folder))
    if lost or dropped or edits:
        more = [f"{len(dropped) - MOST_NAMES} more"] * (len(dropped) > MOST_NAMES)
        named = (*_counted(lost), *edits, *dropped[:MOST_NAMES], *more)
        yield f"this would drop {', '.join(named)}"


def _same_inputs(held: Held, coming: Coming) -> bool:
    there, here = held.state.made_from, coming.made_from
    if there is not None and here is not None:
        return dict(there.inputs) == dict(here.inputs)
    case = coming.case
    return case is not None and dict(held.state.inputs_sha256) == dict(case.inputs_sha256)


def _same_settings(held: Held, coming: Coming) -> bool:
    there, here = held.state.made_from, coming.made_from
    if there is not None and here is not None:
        return there.settings_sha256 == here.settings_sha256
    return coming.case is not None and held.state.settings == coming.case.settings


def _said(
    owner: SegmentedCase | SegmentationState, segments: SegmentsConfirmation | None
) -> Iterator[str]:
    """Name what humans said of a case, and what later commands changed in it."""
    made, inputs = owner.made_from, owner.inputs_sha256
    for number, word in owner.confirmations.items():
        yield f"lesion {number} {word}"
    if segments is not None:
        yield f"segments confirmed by {segments.name}"
    if EDITED in inputs:
        yield f"lesions edited {inputs[EDITED][:DIGEST_DIGITS]}"
    yield from (f"correction {one.version} by {one.by}" for one in owner.corrections)
    if made is None or not made.revised:
        return
    if owner.settings.whole_liver:
        yield "whole liver vouched for"
    yield from (f"{name} edited" for name in made.edited)
    yield from (f"box around {box.subject} drawn on {box.date}" for box in owner.settings.boxes)
    for role in ROLES.values():
        if role in inputs and inputs[role] != made.inputs.get(role):
            yield f"segments by {role} {inputs[role][:DIGEST_DIGITS]}"


def _counted(corrections: frozenset[str]) -> Iterator[str]:
    """Write corrections, lesions by their number alone."""
    words = Counter(c.rpartition(" ")[2] for c in corrections if c.startswith("lesion "))
    for word, count in sorted(words.items()):
        yield f"{count} lesion(s) {word}"
    yield from sorted(c for c in corrections if not c.startswith("lesion "))


def _inputs(inputs: Mapping[str, str]) -> Iterator[str]:
    """Write the digests of scan and maps; those of corrections are told as such."""
    shown = [role for role in inputs if role != EDITED]
    for role in shown[:MOST_NAMES]:
        yield f"{role} {inputs[role][:DIGEST_DIGITS]}"


def _results(held: Held) -> str:
    if REPORT_JSON not in held.files:
        return "segmented"
    return "measured and planned" if PLAN_TABLE in held.files else "measured"


def earlier_plan(folder: Path) -> str | None:
    """Name the plan that a folder holds, its maps and its page; ``None`` where there is none."""
    files = held_files(folder)
    if PLAN_TABLE not in files:
        return None
    maps = sum(name in PLAN_MAPS and name.endswith(VOLUME) for name in files)
    more = (*([f"its {maps} map(s)"] * bool(maps)), *([REPORT_HTML] * (REPORT_HTML in files)))
    return "".join(("the earlier plan", *(f" and {one}" for one in more)))


def told_anew(held: Held, coming: Coming) -> tuple[str, ...]:
    """Say which facts and choices of a case are replaced by others, or dropped."""
    if coming.measuring is None:
        return ()
    later = KnownCase(measuring=coming.measuring, planning=coming.planning)
    return replaced_words(told_otherwise(held.known, later))


def _dropped_facts(known: KnownCase, coming: Coming) -> tuple[str, ...]:
    """Name the facts and choices of an earlier run that are neither given again nor replaced."""
    later = KnownCase(measuring=coming.measuring or DEFAULT_MEASURING, planning=coming.planning)
    return tuple(told.name for told in told_otherwise(known, later) if told.dropped)
