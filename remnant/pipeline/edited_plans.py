"""Maps of plans that another program changed since they were drawn.

They are results, which no command reads back; but what a human drew in them is not thrown away.
"""

from pathlib import Path

from remnant.core.errors import InputError
from remnant.io.nifti import read_own_labels
from remnant.io.own_segmentation import read_own_segmentation
from remnant.io.placement import placed_on
from remnant.pipeline.case_files import PLAN_MAPS, SEGMENTATION, VOLUME, beside
from remnant.pipeline.fingerprints import codes_digest, edited_segmentation
from remnant.pipeline.publishing import listed
from volumetry.virtual_resection.resection import PLAN_SCHEME


def require_plans_as_drawn(folder: Path) -> None:
    """Raise where the next plan would take the place of maps that another program changed.

    Raises
    ------
    InputError
        It would.
    """
    edited = edited_plans(folder)
    if edited:
        raise InputError(
            f"{folder / edited[0]} was changed since the plan was drawn, and would be lost; move "
            f"it to another folder"
        )


def edited_plans(folder: Path) -> tuple[str, ...]:
    """Return the files of a case's plan maps that another program changed."""
    maps = (name for name in listed(folder, PLAN_MAPS) if name.endswith(VOLUME))
    return tuple(edited for name in maps if (edited := _edited(folder / name)) is not None)


def _edited(path: Path) -> str | None:
    segmentation = edited_segmentation(path)
    if segmentation is not None:
        return segmentation.name
    twin = path.with_name(beside(path.name, SEGMENTATION))
    # a map is written before what stands beside it: only one that was saved again is younger
    younger = twin.exists() and path.stat().st_mtime_ns > twin.stat().st_mtime_ns
    return path.name if younger and _differ(path, twin) else None


def _differ(path: Path, twin: Path) -> bool:
    labels = read_own_labels(path, PLAN_SCHEME)
    drawn = placed_on(labels.geometry, read_own_segmentation(twin, PLAN_SCHEME))
    return codes_digest(labels) != codes_digest(drawn)
