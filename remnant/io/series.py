"""A stack of DICOM planes that may be a volume: what its header says, what speaks against it."""

from dataclasses import dataclass, field

from remnant.core.geometry import Vector3
from remnant.core.mr import UNKNOWN_SEQUENCE, MrSequence
from remnant.core.volumes import Modality, Phase
from remnant.io.anonymising.vocabulary import described
from remnant.io.body_regions import is_elsewhere
from remnant.io.dicom_phase import contrast_delay_s, phase_from_delay, phase_from_text
from remnant.io.dicom_slices import Slice
from remnant.io.dicom_stack import Stack
from remnant.io.image_quality import spacing_along_normal_mm
from remnant.io.phase_evidence import PhaseEvidence

PLAUSIBLE_SLICES = 10
A_MASK = "a mask, not a scan: give it with --masks"
PROJECTIONS = frozenset(("PROJECTION IMAGE", "MIP", "MINIP", "MIN_IP", "MAX_IP"))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Series:
    """One stack of planes that may be a volume.

    Parameters
    ----------
    number
        Its place in the list, from 1: what ``--series`` takes.
    uid
        Its SeriesInstanceUID, minted where the file's was emptied.
    slices
        Planes in no order, copies too.
    stack
        The planes in order on their grid; ``None`` when ``fault`` says why there is none.
    fault
        Why the series cannot be measured; ``None`` when it can.
    apart
        What tells it from the other stacks of its series, in words; ``""`` where it is alone.
    runs_mm
        Distances of slices along the series, where this stack ends because they change; else empty.
    mr
        What kind of MR image it is; unknown of CT and where nothing says so.
    mask_codes
        Codes of a mask that is stored as if it were a scan; empty of a scan.
    """

    number: int
    uid: str
    slices: tuple[Slice, ...] = field(repr=False)
    stack: Stack | None
    fault: str | None
    apart: str = ""
    runs_mm: tuple[float, ...] = ()
    mr: MrSequence = UNKNOWN_SEQUENCE
    mask_codes: frozenset[int] = frozenset()

    @property
    def modality(self) -> Modality:
        """CT or MR."""
        return self.slices[0].modality

    @property
    def description(self) -> str:
        """Series description."""
        return self.slices[0].description

    @property
    def sequence(self) -> str:
        """What kind of MR image it is, in words; ``""`` of CT and where nothing says so."""
        return self.mr.name

    @property
    def phase_evidence(self) -> PhaseEvidence:
        """What the header says of the contrast phase: its description, and its times."""
        tags = self.slices[len(self.slices) // 2].tags
        delay_s = contrast_delay_s(tags)
        timed = Phase.UNKNOWN
        if delay_s is not None:
            timed = phase_from_delay(delay_s, modality=self.modality, agent=tags.contrast_agent)
        # of MR, words name phases that they do not of CT, such as "20 min" and "pre"
        described = self.mr.phase
        if described is Phase.UNKNOWN:
            described = phase_from_text(self.description)
        return PhaseEvidence(described=described, timed=timed, delay_s=delay_s)

    @property
    def phase(self) -> Phase:
        """Contrast phase, where the description or the times name one."""
        return self.phase_evidence.phase

    @property
    def against(self) -> str | None:
        """Why this series is not taken unasked; ``None`` for a plausible liver scan."""
        if self.fault is not None or self.stack is None:
            return self.fault
        if self.mask_codes:
            return A_MASK
        runs = " and ".join(f"{distance:.2f}" for distance in self.runs_mm)
        doubts = {
            "a projection, not a volume": bool(PROJECTIONS & set(self.slices[0].image_type)),
            f"cut where the distance of slices changes ({runs} mm in one series)": bool(runs),
            f"fewer than {PLAUSIBLE_SLICES} slices": len(self.stack.slices) < PLAUSIBLE_SLICES,
            "by its header of another part of the body": self._is_elsewhere,
        }
        return next((doubt for doubt, holds in doubts.items() if holds), None)

    @property
    def spacing_mm(self) -> Vector3 | None:
        """Distance of neighbouring columns, rows and slices, these along their normal.

        ``None`` where there is no grid.
        """
        return None if self.stack is None else spacing_along_normal_mm(self.stack.geometry)

    def describe(self) -> str:
        """Return in one line number, modality, slices, spacing, kind and what sets it apart.

        Of its description the words that are known to say nothing about a person: the line stands
        in errors, and these in logs and outcomes.
        """
        spacing = "spacing unknown"
        if self.spacing_mm is not None:
            spacing = " x ".join(f"{s:.3g}" for s in self.spacing_mm) + " mm"
        words = described(self.description)
        quoted = f"'{words}'" if words else ""
        told = (self.sequence, quoted, self.apart)
        facts = (f"{self.modality.upper()}", f"{len(self.slices)} slices", spacing, *told)
        against = f" [{self.against}]" if self.against else ""
        return f"{self.number}: {', '.join(fact for fact in facts if fact)}{against}"

    @property
    def _is_elsewhere(self) -> bool:
        first = self.slices[0]
        return is_elsewhere(f"{first.description} {first.tags.protocol}", first.tags.body_part)
