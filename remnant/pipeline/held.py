"""What an output folder holds already, and what of it a command would drop.

Nothing that a human said or told goes without being asked for: another scan, other settings,
confirmations, corrections, facts and limits are refused by name. What the same inputs made before
may be made again, and it is said what it replaces.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from remnant.core.clinical import NOTHING_SAID
from remnant.core.errors import InputError, RemnantError
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.uncertainty import NO_CHOICE
from remnant.core.volumetry_report import SegmentsConfirmation
from remnant.documents.state_document import MadeFrom, SegmentationState
from remnant.pipeline.case_files import (
    OWN_FILES,
    PLAN_MAPS,
    REPORT_HTML,
    REPORT_JSON,
    STATE,
    is_case,
)
from remnant.pipeline.division import ROLES
from remnant.pipeline.facts import KnownCase, known_case
from remnant.pipeline.folder import edited_files, read_measured
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.publishing import settle
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.review import EDITED
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state

DIGEST_DIGITS: Final = 8
MOST_NAMES: Final = 6
NOBODY: Final = Patient()
DEFAULT_MEASURING: Final = MeasureRequest(patient=NOBODY)


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
    planned
        Whether there is a plan.
    written
        When it was measured, or segmented where it was not measured yet.
    """

    folder: Path
    state: SegmentationState
    edited: tuple[str, ...]
    known: KnownCase
    files: tuple[str, ...]
    planned: bool
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
        parts = [*_inputs(self.state.inputs_sha256), *_results(self), *_counted(self.corrections)]
        name = self.state.study.pseudonym
        return f"{name} of {self.written:%Y-%m-%d %H:%M} UTC ({', '.join(parts)})"


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
        What it is measured and planned with; ``None`` where it will not be measured.
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
        raise InputError(f"{folder} holds what cannot be read: {fault}; {ask}") from fault
    if held is None or overwrite:
        return held
    reasons = tuple(_losses(held, coming))
    if reasons:
        goes_on = f"`remnant run {folder}` goes on with it; " if held.corrections else ""
        raise InputError(f"{folder} holds {held}, {'; '.join(reasons)}; {goes_on}{ask}")
    return held


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
        raise InputError(f"files such as {files[-1]} and no {STATE} of a case beside them")
    state = read_state(folder / STATE)
    written, planned = _measured(folder)
    return Held(
        folder=folder,
        state=state,
        edited=edited_files(folder, state),
        known=known_case(folder),
        files=files,
        planned=planned,
        written=written,
    )


def held_files(folder: Path) -> tuple[str, ...]:
    """Return the names of the files in a folder that are named as remnant names them."""
    return tuple(name for name in OWN_FILES if (folder / name).is_file())


def is_same(held: Held, coming: Coming) -> bool:
    """Tell whether the maps there are just those that would be made."""
    return held.is_as_made and held.state.made_from == coming.made_from


def same_place(one: Path, other: Path) -> bool:
    """Tell whether two paths are of one folder."""
    return one.resolve() == other.resolve()


def _measured(folder: Path) -> tuple[datetime, bool]:
    """Return when a case was measured, else segmented, and whether it has a plan."""
    if not (folder / REPORT_JSON).is_file():
        return datetime.fromtimestamp((folder / STATE).stat().st_mtime, tz=UTC), False
    report = read_measured(folder)
    made = datetime.fromisoformat(report.provenance.created_utc)
    return made.astimezone(UTC), report.planning is not None


def _losses(held: Held, coming: Coming) -> Iterator[str]:
    if not _same_inputs(held, coming):
        yield "made from other inputs"
        return
    if not _same_settings(held, coming):
        yield "made with other settings"
    if not held.is_as_made and (lost := held.corrections - coming.corrections):
        yield f"of which {', '.join(_counted(lost))} would be lost"
    if coming.measuring is not None:
        dropped = dropped_facts(held.known, coming.measuring, coming.planning)
        if dropped:
            more = f" and {len(dropped) - MOST_NAMES} more" if len(dropped) > MOST_NAMES else ""
            named = ", ".join(name.replace("_", " ") for name in dropped[:MOST_NAMES])
            yield f"of which these facts or limits are not given again: {named}{more}"


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
    if made is None or not made.revised:
        return
    if owner.settings.whole_liver:
        yield "whole liver vouched for"
    yield from (f"{name} edited" for name in made.edited)
    for role in ROLES.values():
        if role in inputs and inputs[role] != made.inputs.get(role):
            yield f"segments by {role} {inputs[role][:DIGEST_DIGITS]}"


def _counted(corrections: frozenset[str]) -> Iterator[str]:
    """Write corrections, lesions by their number alone."""
    words = Counter(c.rpartition(" ")[2] for c in corrections if c.startswith("lesion "))
    for word, count in sorted(words.items()):
        yield f"{count} lesion{'' if count == 1 else 's'} {word}"
    yield from sorted(c for c in corrections if not c.startswith("lesion "))


def _inputs(inputs: Mapping[str, str]) -> Iterator[str]:
    """Write the digests of scan and maps; those of corrections are told as such."""
    shown = [role for role in inputs if role != EDITED]
    for role in shown[:MOST_NAMES]:
        yield f"{role} {inputs[role][:DIGEST_DIGITS]}"


def _results(held: Held) -> Iterator[str]:
    if REPORT_JSON not in held.files:
        yield "segmented"
        return
    yield "measured and planned" if held.planned else "measured"
    if maps := sum(name in PLAN_MAPS for name in held.files):
        yield f"{maps} map{'' if maps == 1 else 's'} of plans"
    if REPORT_HTML in held.files:
        yield "page"


def dropped_facts(
    known: KnownCase, measuring: MeasureRequest, planning: PlanRequest
) -> tuple[str, ...]:
    """Name the facts and choices of an earlier run that are neither given again nor replaced."""
    before, after = known.measuring, measuring
    pairs: tuple[tuple[Any, Any, Any], ...] = (
        (before.patient, after.patient, NOBODY),
        (before.errors, after.errors, NO_CHOICE),
        (known.planning.facts, planning.facts, NOTHING_SAID),
        (known.planning.choice, planning.choice, DEFAULT_CHOICE),
    )
    names = [name for old, new, default in pairs for name in _dropped(old, new, default)]
    for name in ("formula", "bsa_formula"):
        default = getattr(DEFAULT_MEASURING, name)
        if getattr(before, name) != default and getattr(after, name) == default:
            names.append(name)
    if set(known.planning.custom) - set(planning.custom):
        names.append("resect")
    return tuple(names)


def _dropped(old: object, new: object, default: Any) -> Iterator[str]:  # noqa: ANN401
    for field in fields(default):
        usual = getattr(default, field.name)
        if getattr(old, field.name) != usual and getattr(new, field.name) == usual:
            yield field.name
