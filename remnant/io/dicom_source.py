"""Where the facts of one DICOM plane stand: in its own group, the shared group or the object."""

from dataclasses import dataclass
from typing import Any

from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class Source:
    """One plane of an object: ``shared`` and ``own`` are its functional groups, if it has any."""

    dataset: Dataset
    shared: Dataset | None
    own: Dataset | None

    def get(self, group: str | None, name: str) -> Any:  # noqa: ANN401  (any DICOM value)
        """Return attribute ``name`` of functional group ``group``, or of the object itself."""
        for place in (self.own, self.shared):
            items = None if place is None or group is None else place.get(group)
            if items and name in items[0]:
                return items[0].get(name)
        return self.dataset.get(name)

    def places(self) -> tuple[Dataset, ...]:
        """Return where something of this plane may stand, the nearest first."""
        return tuple(place for place in (self.own, self.shared, self.dataset) if place is not None)
