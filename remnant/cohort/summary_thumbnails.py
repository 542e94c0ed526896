"""Small pictures of a cohort's cases, made from the maps in their folders."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from remnant.core.errors import RemnantError
from remnant.core.progress import Progress, silent
from remnant.io.map_boxes import read_box, read_filled_box
from remnant.io.placement import placed_on
from remnant.pictures.thumbnail import draw_thumbnail
from remnant.pipeline.case_files import (
    COUINAUD,
    SCHEMES,
    STATE,
    STRUCTURES,
    is_case,
    require_case,
)
from remnant.pipeline.map_files import read_preview
from remnant.pipeline.publishing import settle
from remnant.pipeline.state import read_state

MOST_THREADS: Final = 4
"""Each holds the maps of one case."""
STAGE: Final = "drawing cases"


def thumbnail(case_folder: Path) -> bytes:
    """Draw the small picture of a stored case.

    Parameters
    ----------
    case_folder
        Folder of the case; only its maps and its preview are read, and no more of them is held than
        the liver's box.

    Returns
    -------
    bytes
        PNG of at most 10 kB, see `remnant.pictures.thumbnail.draw_thumbnail`.

    Raises
    ------
    UnreadableFileError
        The folder is no case, or a map is missing or damaged.
    GeometryMismatchError
        The maps do not lie on one grid.
    EmptyStructureError
        They hold no liver.
    """
    settle(case_folder)
    require_case(case_folder)
    state = read_state(case_folder / STATE)
    liver, box = read_filled_box(
        case_folder / STRUCTURES, SCHEMES[STRUCTURES], what="the liver mask"
    )
    couinaud = None
    if state.segment_source is not None:
        found = read_box(case_folder / COUINAUD, SCHEMES[COUINAUD], box)
        couinaud = placed_on(liver.geometry, found, what=COUINAUD, on=STRUCTURES)
    return draw_thumbnail(structures=liver, couinaud=couinaud, preview=read_preview(case_folder))


def thumbnails(
    case_folders: Sequence[Path], *, progress: Progress = silent
) -> Iterator[tuple[Path, bytes | RemnantError | None]]:
    """Draw the pictures of several cases at a time, and give them in their order.

    ``None`` for a folder without maps, the error of one whose maps cannot be drawn.
    """
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        drawn = zip(case_folders, pool.map(_drawn, case_folders), strict=True)
        for number, one in enumerate(drawn, start=1):
            progress(STAGE, number, len(case_folders))
            yield one


def _drawn(case_folder: Path) -> bytes | RemnantError | None:
    if not is_case(case_folder):
        return None
    try:
        return thumbnail(case_folder)
    except RemnantError as error:
        return error
