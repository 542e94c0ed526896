"""All that decides what a case's maps are, known before any network runs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

from remnant.documents.state_document import MadeFrom
from remnant.io.atomic import digest_file, digest_files
from remnant.io.file_kinds import SINGLE_VOLUMES, kind_of
from remnant.io.volume_files import volume_digest
from remnant.pipeline.division import LANDMARKS
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.reviewing import EDITED
from remnant.pipeline.segmented import SegmentedCase
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.port import KnowsModels

IMAGE = "image"


def made_from(
    request: SegmentRequest, *engines: object, images: Mapping[str, str] | None = None
) -> MadeFrom:
    """Return what decides the maps of a request.

    Parameters
    ----------
    request
        What was asked.
    engines
        What finds liver, lesions and segments; ``None`` among them is left out.
    images
        Digests of the images by role, where they are known; else their files are looked up.

    Raises
    ------
    InputError
        A file is missing, or the study's series cannot be chosen.
    """
    files = {role: content_digest(path) for role, path in _files(request).items()}
    return MadeFrom(
        inputs={**(image_digests(request) if images is None else images), **files},
        settings_sha256=_settings_digest(request),
        engines=tuple(sorted(engine_name(engine) for engine in engines if engine is not None)),
        algorithm=ALGORITHM_VERSION,
    )


def image_digests(request: SegmentRequest) -> dict[str, str]:
    """Return the digests of the images that a request would read, by role; no voxel is read."""
    from remnant.io.source import study_digests

    if request.source is None:
        return {}
    names = () if request.phases is None else request.phases.all_from
    found = study_digests(request.source, names, choice=request.reading)
    roles = (IMAGE, *(f"{IMAGE}_{name}" for name in names[1:]))
    return dict(zip(roles, found, strict=True))


def images_of(case: SegmentedCase) -> dict[str, str]:
    """Return the digests of the images that a case was made from, by role."""
    return {role: d for role, d in case.inputs_sha256.items() if role.partition("_")[0] == IMAGE}


def content_digest(path: Path) -> str:
    """Return the digest of a file, with those that it names, or of all files of a folder."""
    if path.is_dir():
        return digest_files(tuple(sorted(one for one in path.rglob("*") if one.is_file())))
    is_volume = path.is_file() and kind_of(path) in SINGLE_VOLUMES
    return volume_digest(path) if is_volume else digest_file(path)


def _files(request: SegmentRequest) -> dict[str, Path]:
    others = {LANDMARKS: request.landmarks, EDITED: request.review.edited}
    return {**request.masks, **{role: path for role, path in others.items() if path is not None}}


def _settings_digest(request: SegmentRequest) -> str:
    """Return the digest of all fields of a request that are no files, nor permissions."""
    left_out = {"source", "masks", "landmarks", "review", "overwrite", "keep_record"}
    said = {f.name: getattr(request, f.name) for f in fields(request) if f.name not in left_out}
    said["reading"] = asdict(request.reading)
    said["phases"] = None if request.phases is None else asdict(request.phases)
    if request.liver_box is None:  # as before there were boxes, whose digests are stored
        del said["liver_box"]
    else:
        said["liver_box"] = asdict(request.liver_box)
    said["review"] = {**asdict(request.review), "edited": None}
    text = json.dumps(said, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(values: Iterable[int]) -> list[int]:
    return sorted(values)


def engine_name(engine: object) -> str:
    """Return an engine's name, and its networks by the digests of their weights."""
    kind = type(engine)
    used = engine.models if isinstance(engine, KnowsModels) else ()
    networks = (f"{one.id} {one.version} {one.weights_sha256}" for one in used)
    return ", ".join((f"{kind.__module__}.{kind.__qualname__}", *networks))
