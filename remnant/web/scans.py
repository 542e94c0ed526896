"""The scans of cases, which the cases themselves do not keep: read where one is given again."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remnant.core.errors import RemnantError
from remnant.core.volumes import ImageVolume
from remnant.io.atomic import digest_files
from remnant.io.dicom_series import catalogue
from remnant.io.nifti_file import is_nifti_name
from remnant.io.volume_files import volume_digest
from remnant.pipeline.export_scan import scan_on
from remnant.web.open_cases import OpenCase, named_errors
from remnant.web.refusals import RefusedError, refused

MOST_BYTES: Final = 400 * 1024 * 1024
OTHER_VOLUMES: Final = (".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scan lies; ``series`` names it in a folder of several."""

    path: Path
    series: str | None = None


class Scans:
    """Finds and reads scans, and keeps those used last, as many as memory allows.

    Parameters
    ----------
    image
        The scan of the one case that is served.
    images
        Folder in which scans are found by the digests that the cases know.
    most_bytes
        Memory for scans; one is always kept.
    """

    def __init__(
        self, image: Path | None, images: Path | None, most_bytes: int = MOST_BYTES
    ) -> None:
        self.image, self.images, self.most_bytes = image, images, most_bytes
        self._places: dict[str, Place] | None = None
        self._kept: OrderedDict[tuple[str, str], ImageVolume] = OrderedDict()
        self._lock, self._finding, self._reading = (threading.Lock() for _ in range(3))

    def is_there(self, case: OpenCase) -> bool:
        """Tell whether the scan of a case was given."""
        return case.maps is not None and self.place(case) is not None

    def read_ahead(self, case: OpenCase) -> None:
        """Begin to read the scan of a case that somebody is about to look at."""
        if self.is_there(case):
            threading.Thread(target=self._tried, args=(case,), daemon=True).start()

    def _tried(self, case: OpenCase) -> None:
        with suppress(RefusedError):  # who asks for a slice is told
            self.get(case)

    def get(self, case: OpenCase) -> ImageVolume:
        """Return the scan of a case.

        Raises
        ------
        RefusedError
            It was not given, or another one was.
        """
        key = (case.id, _digest(case))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._reading:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            image = self._read(case)
            with self._lock:
                self._kept[key] = image
                while len(self._kept) > 1 and self._bytes() > self.most_bytes:
                    self._kept.popitem(last=False)
            return image

    def _bytes(self) -> int:
        return sum(image.voxels.nbytes for image in self._kept.values())

    def _read(self, case: OpenCase) -> ImageVolume:
        place = self.place(case)
        if place is None or case.state is None or case.maps is None:
            raise refused(
                404, "the scan of this case was not given",
                "start `remnant serve` with --image SCAN, or --images FOLDER",
            )  # fmt: skip
        with named_errors(case.folder, f"{place.path}", f"{place.path.parent}"):
            return scan_on(case.state, case.maps.grid, case.folder, place.path, series=place.series)

    def place(self, case: OpenCase) -> Place | None:
        """Return where the scan of a case lies, ``None`` where it was not given."""
        if self.image is not None:
            return Place(self.image)
        if self.images is None:
            return None
        with self._finding:
            if self._places is None:
                self._places = dict(found_in(self.images))
        return self._places.get(_digest(case))


def _digest(case: OpenCase) -> str:
    return "" if case.state is None else case.state.inputs_sha256.get("image", "")


def found_in(folder: Path) -> Iterator[tuple[str, Place]]:
    """Yield the scans below a folder with their digests: files, and series of DICOM."""
    for path in sorted(folder.rglob("*")):
        named = is_nifti_name(path) or path.name.lower().endswith(OTHER_VOLUMES)
        if not (named and path.is_file()):
            continue
        try:
            yield volume_digest(path), Place(path)
        except (RemnantError, OSError):
            continue
    try:
        listed = catalogue(folder)
    except (RemnantError, OSError):
        return
    for series in listed.series:
        files = tuple({plane.path for plane in series.slices})
        yield digest_files(files), Place(folder, f"{series.number}")
