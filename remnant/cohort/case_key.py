"""When a case is the same as before: by the content of its files, or by one look at them."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remnant.cohort.manifest import CaseRequests
from remnant.cohort.outcomes import CaseTask
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.core.settings import PlanningSettings, Settings
from remnant.documents.codec import Codec
from remnant.documents.report_document import CHOSEN
from remnant.documents.state_document import MadeFrom
from remnant.io.volume_files import files_of
from remnant.pipeline.made_from import content_digest, made_from
from segmentation.algorithm import ALGORITHM_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that decides what comes of a case.

    Parameters
    ----------
    made_from
        What decides its maps.
    patient, clinical, settings
        What they are measured and planned with.
    draw_maps
        Whether the plans are drawn as maps.
    references
        Digests of the references by role.
    """

    made_from: MadeFrom
    patient: Patient
    clinical: ClinicalFacts
    settings: Settings
    draw_maps: bool = False
    references: Mapping[str, str] = field(default_factory=dict)


ASKED: Final = Codec(Asked, name="key of a case", version="1", advice="run it", complete=CHOSEN)


def case_key(asked: CaseRequests, *engines: object) -> str:
    """Return the digest of all that decides a case's result.

    These are the contents of its inputs, the networks of the ``engines``, what it is segmented,
    measured and planned with, and the version of the algorithms.

    Raises
    ------
    InputError
        A file is missing, or the study's series cannot be chosen.
    """
    planning = asked.planning
    whole = Asked(
        made_from=made_from(asked.segment, *engines),
        patient=asked.measuring.patient,
        clinical=planning.facts,
        settings=Settings(
            measuring=asked.measuring.settings,
            planning=PlanningSettings(choice=planning.choice, custom=planning.custom),
        ),
        draw_maps=planning.draw_maps,
        references={role: content_digest(path) for role, path in asked.references.items()},
    )
    return _digest(ASKED.encode(whole))


def glance_of(task: CaseTask) -> str:
    """Return the digest of what a look at a case's row and files tells, without reading them.

    Two that are equal are of the same row, settings and networks, and of files of the same sizes,
    and times of content and entry, to the nanosecond. Empty where a look does not tell, since
    something is missing or cannot be read.
    """
    try:
        seen = {name: list(_looked_at(value)) for name, value in sorted(task.row.items())}
    except (OSError, InputError):
        return ""
    said = (task.engine, task.estimate_segments, task.page, ALGORITHM_VERSION, _networks())
    return _digest([dict(task.row), said, seen])


def _networks() -> list[str]:
    """Return the digests of all networks that this program knows."""
    from models.registry import list_models

    return [f"{info.id} {info.version} {info.weights_sha256}" for info in list_models()]


def _looked_at(value: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, size and times of each file that a cell names; nothing where it names none."""
    if not Path(value).is_absolute():
        return
    for path in _files(Path(value)):
        found = path.stat()
        yield str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _files(path: Path) -> Iterator[Path]:
    """Yield a file with the one that holds its voxels, or all files of a folder."""
    if not path.is_dir():
        yield from files_of(path)
        return
    for place, folders, names in os.walk(path, onerror=_raise, followlinks=True):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def _raise(fault: OSError) -> None:
    raise fault


def _digest(plain: object) -> str:
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
