"""Which failed quality checks say that a result is not to be used as it is.

Few on purpose: they are those after which no figure of the case means anything. All others ask for
a look and stand in the report.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from remnant.core.findings import Finding, Verdict

GATES: Final[Mapping[str, str]] = {
    "liver_volume_plausible": "the liver that the network found has a volume that no liver has",
    "quality_light": "shape, image or networks speak against the liver: it is probably wrong",
    "burden_plausible": "the lesions fill the liver: their map holds something else",
    "body_orientation": "the body lies otherwise than the file says: sides may be exchanged",
    "liver_alignment": "the two livers of a comparison could not be laid on each other",
}
"""Names of the checks, each with what its failure says."""


class Checked(Protocol):
    """What was checked: a case's maps or report, or a comparison."""

    @property
    def quality(self) -> tuple[Finding, ...]:
        """Every check of it."""


def failed_gates(checked: Checked) -> tuple[Finding, ...]:
    """Return the gates that something did not pass."""
    return tuple(
        one for one in checked.quality if one.id in GATES and one.verdict is Verdict.NOT_MET
    )
