"""What a case was before it was corrected where it lies: a case itself, kept beside it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError
from remnant.pipeline.case_files import EARLIER, LABEL_MAPS, PREVIEW, REPORT_JSON, STATE
from remnant.pipeline.dicom_results.private_folder import carry_record
from remnant.pipeline.publishing import listed

KEPT: Final = (*LABEL_MAPS, PREVIEW, STATE, REPORT_JSON)
"""Enough to measure and plan it again; what else a case holds is made from these. The record of its
images is kept, too."""


@contextmanager
def kept_earlier(folder: Path) -> Iterator[Path]:
    """Keep a case as it is for as long as what follows succeeds; give the folder it is kept in.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    place = folder / EARLIER
    numbers = [int(p.name) for p in place.glob("*") if p.name.isdecimal()]
    kept = place / str(max(numbers, default=0) + 1)
    try:
        try:
            kept.mkdir(parents=True)
            for name in listed(folder, KEPT):
                shutil.copy2(folder / name, kept / name)
            carry_record(folder, kept)
        except OSError as fault:
            raise InputError(f"{kept} cannot be written: {fault.strerror or fault}") from fault
        yield kept
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        with suppress(OSError):  # others are kept there
            place.rmdir()
        raise
