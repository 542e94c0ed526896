"""Cases that were opened lately: read, cut to the liver and warm, as many as memory allows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planning.one_recipe import WarmCase, warmed
from remnant.core.boxes import Box
from remnant.core.case import CaseReport
from remnant.core.errors import RemnantError
from remnant.core.geometry import Geometry
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.volumes import LabelMap
from remnant.documents.state_document import SegmentationState
from remnant.io.map_boxes import read_box, read_filled_box
from remnant.io.placement import placed_on
from remnant.pipeline.case_files import COUINAUD, LESIONS, SCHEMES, STATE, STRUCTURES, is_case
from remnant.pipeline.folder import read_measured, require_as_measured
from remnant.pipeline.state import read_state
from remnant.web.attention import Attention
from remnant.web.library import Library, inside, revision_of, stamps
from remnant.web.refusals import RefusedError, bare_line, refused
from volumetry.liver_maps import LiverMaps, liver_maps
from volumetry.virtual_resection.warm_liver import zone_form

WANTED = "zone form"
"""Under this name `OpenCase.made` holds the form of the zones that were asked for last."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseMaps:
    """The maps of a case, cut to the box of its liver.

    ``grid`` is that of the whole study, ``box`` where the cut lies in it; the maps lie on grids of
    their own.
    """

    grid: Geometry
    box: Box
    structures: LabelMap
    lesions: LabelMap | None
    couinaud: LabelMap | None
    liver: LiverMaps

    @property
    def nbytes(self) -> int:
        """Memory of the maps."""
        known = (self.structures, self.lesions, self.couinaud)
        found = [labels.codes.nbytes for labels in known if labels is not None]
        return sum(found) + self.liver.liver.nbytes + self.liver.lesions.nbytes


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OpenCase:
    """One case as it was read, which never changes: a changed case is read anew.

    Parameters
    ----------
    id, folder, revision
        Its id, where it lies, and the state of it that was read.
    report
        What was measured and planned.
    state
        Its maps' facts; ``None`` where only a report is stored.
    maps
        Its maps; ``None`` where there are none.
    warm
        What recipes share; ``None`` without maps or segments.
    lock
        For work that one thread at a time does on the case.
    noting
        For what is only noted, so that no answer waits for such work.
    made
        What was made of it and is kept as long as it is open, such as surfaces.
    recipes
        The last ones that were asked for, by their keys.
    drawn
        The last plans that were drawn, by their keys.
    attention
        Of all cases that are open together.
    """

    id: str
    folder: Path
    revision: str
    report: CaseReport
    state: SegmentationState | None
    maps: CaseMaps | None
    warm: WarmCase | None
    lock: threading.RLock = field(default_factory=threading.RLock)
    noting: threading.Lock = field(default_factory=threading.Lock)
    made: dict[Any, Any] = field(default_factory=dict)
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    drawn: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    attention: Attention = field(default_factory=Attention)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        made = sum(len(one) for one in list(self.made.values()) if isinstance(one, bytes))
        warm = 0 if self.warm is None else self.warm.nbytes
        drawn = sum(one.nbytes for one in list(self.drawn.values()))
        return (0 if self.maps is None else self.maps.nbytes) + warm + made + drawn

    def keep(self, key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401  (whatever is made)
        """Return what was made under a key, or make it; one thread at a time makes something."""
        with self.lock:
            if key not in self.made:
                self.made[key] = make()
            return self.made[key]

    def private(self) -> tuple[str, ...]:
        """Return the words that no answer may hold."""
        return (f"{self.folder}", f"{self.folder.parent}")


class OpenCases:
    """Opens cases, and forgets those that were not used for longest."""

    def __init__(self, library: Library, most_bytes: int) -> None:
        self.library = library
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[object, OpenCase]] = OrderedDict()
        self._opening: dict[str, threading.Lock] = {}
        self._attention = Attention()

    def get(self, identifier: str) -> OpenCase:
        """Return a case as it is now.

        Raises
        ------
        RefusedError
            There is none, or it cannot be read; then it says why, and what to do.
        """
        folder = self.library.folder(identifier)
        with self._lock:
            opening = self._opening.setdefault(identifier, threading.Lock())
        with opening:
            now = stamps(folder)
            with self._lock:
                known = self._open.get(identifier)
                if known is not None and known[0] == now:
                    self._open.move_to_end(identifier)
                    self._forget()
                    return known[1]
            case = replace(read(identifier, folder, self.library.root), attention=self._attention)
            with self._lock:
                self._open[identifier] = (now, case)
                self._open.move_to_end(identifier)
                self._forget()
            threading.Thread(target=warm_up, args=(case,), daemon=True).start()
            return case

    def forget(self, identifier: str) -> None:
        """Forget a case, as after it was changed."""
        with self._lock:
            self._open.pop(identifier, None)

    def _forget(self) -> None:
        while len(self._open) > 1 and sum(c.nbytes for _, c in self._open.values()) > (
            self.most_bytes
        ):
            self._open.popitem(last=False)


def read(identifier: str, folder: Path, root: Path) -> OpenCase:
    """Read a case and warm it.

    Raises
    ------
    RefusedError
        It cannot be read.
    """
    for name, *_ in stamps(folder):
        inside(root, folder / name)
    with named_errors(folder):
        revision = revision_of(folder)
        report = read_measured(folder)
        require_as_measured(folder, report)
        state = read_state(folder / STATE) if is_case(folder) else None
        maps = None if state is None else _maps(folder, state)
        usable = maps is not None and report.volumetry.segments is not None
        warm = warmed(report.volumetry, maps.liver) if usable and maps is not None else None
    return OpenCase(
        id=identifier, folder=folder, revision=revision, report=report, state=state, maps=maps,
        warm=warm,
    )  # fmt: skip


def warm_up(case: OpenCase) -> None:
    """Find the margins and zones of the case's own choice before somebody asks for them."""
    planning = case.report.settings.planning
    choice = DEFAULT_CHOICE if planning is None else planning.choice
    if case.warm is not None:
        case.warm.liver.warm(choice, still_wanted=case.attention.give_way)
        case.warm.liver.reach_out(still_wanted=case.attention.give_way)


def warm_for(case: OpenCase, warm: WarmCase, choice: PlanChoice) -> None:
    """Find in the background what lesions take under the choice that was asked for last."""
    form = (choice.resection_margin_mm, zone_form(choice))
    with case.noting:
        if case.made.get(WANTED) == form:
            return
        case.made[WANTED] = form

    def still_wanted() -> bool:
        return case.attention.give_way() and case.made.get(WANTED) == form

    def work() -> None:
        warm.liver.warm(choice, still_wanted=still_wanted)

    threading.Thread(target=work, daemon=True).start()


@contextmanager
def named_errors(folder: Path, *private: str) -> Iterator[None]:
    """Give what this program refuses as a refusal without the names of folders."""
    try:
        yield
    except RefusedError:
        raise
    except RemnantError as fault:
        words = bare_line(f"{fault}", f"{folder}", f"{folder.parent}", *private)
        raise refused(422, words) from fault
    except OSError as fault:
        words = f"the case cannot be read: {fault.strerror or 'the disk refuses it'}"
        raise refused(422, words, "mend its folder and load the page again") from fault


def _maps(folder: Path, state: SegmentationState) -> CaseMaps:
    from remnant.io.nifti_file import open_nifti
    from remnant.io.reading import AS_WRITTEN

    grid = open_nifti(folder / STRUCTURES, choice=AS_WRITTEN).geometry
    structures, box = read_filled_box(folder / STRUCTURES, SCHEMES[STRUCTURES], what="the liver")

    def other(name: str) -> LabelMap:
        there = read_box(folder / name, SCHEMES[name], box)
        return placed_on(structures.geometry, there, what=name, on=STRUCTURES)

    lesions = other(LESIONS) if state.lesions_known else None
    couinaud = other(COUINAUD) if state.segment_source is not None else None
    return CaseMaps(
        grid=grid, box=box, structures=structures, lesions=lesions, couinaud=couinaud,
        liver=liver_maps(structures, lesions, couinaud),
    )  # fmt: skip
