"""One study from disk, whatever its format."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.mr import UNKNOWN_SEQUENCE, MrSequence
from remnant.core.progress import Progress, silent
from remnant.core.study import Study
from remnant.core.volumes import ImageVolume, Modality, Phase
from remnant.io.archive import unpacked
from remnant.io.atomic import digest_files
from remnant.io.body_orientation import body_findings
from remnant.io.dicom_pixels import padding_left
from remnant.io.dicom_results.source_record import SourceRecord, obstacle_of, record_of
from remnant.io.dicom_series import (
    Catalogue,
    catalogue,
    choose,
    is_mixed,
    plausible_series,
    read_series_voxels,
)
from remnant.io.file_kinds import SINGLE_VOLUMES, FileKind, kind_of, unread_kind
from remnant.io.image_quality import image_findings
from remnant.io.image_reference import NO_REFERENCE, ImageReference
from remnant.io.nifti import read_image_with_notes
from remnant.io.nifti_file import is_nifti_name
from remnant.io.phase_evidence import NO_PHASE_EVIDENCE, PhaseEvidence
from remnant.io.pseudonym import pseudonym
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.io.scan_values import settle_intensities
from remnant.io.series import Series
from remnant.io.series_choice import choice_finding
from remnant.io.series_quality import series_findings
from remnant.io.volume_files import volume_digest


@dataclass(frozen=True, slots=True, eq=False)
class LoadedStudy:
    """An image, whose it is by pseudonym, and what was noticed about it.

    ``input_sha256`` is the digest of the file, or of the sorted digests of a series' files.
    ``origin`` names the images by their identifiers, for maps drawn on them to be checked.
    ``record`` is what results in DICOM have to know of them, identifiers among it; ``None`` where
    nothing can refer to them.
    ``phase`` is what speaks for the contrast phase, the image's look apart; ``mr`` the kind of MR
    image by its header.
    """

    image: ImageVolume
    study: Study
    input_sha256: str
    quality: tuple[Finding, ...]
    origin: ImageReference = NO_REFERENCE
    phase: PhaseEvidence = NO_PHASE_EVIDENCE
    mr: MrSequence = UNKNOWN_SEQUENCE
    record: SourceRecord | None = field(default=None, repr=False)


def load_study(
    path: Path,
    *,
    choice: ReadingChoice = AS_FILES_SAY,
    progress: Progress = silent,
) -> LoadedStudy:
    """Read a NIfTI, NRRD or MetaImage file, a DICOM folder, file or DICOMDIR, or a zip of those.

    Parameters
    ----------
    path
        File or folder.
    choice
        What the user says of it: the modality where the values of a NIfTI image do not prove CT,
        the series where a folder holds several, and so on.
    progress
        Receives how far reading is.

    Raises
    ------
    UnreadableFileError
        Missing, truncated, or of no kind that is read.
    UnsupportedSeriesError
        A series or grid that would be measured wrongly, or several candidates.
    InputError
        The modality is unknown or contradicted.
    """
    with unpacked(path) as place:
        return _load(place, choice=choice, progress=progress)


def _load(path: Path, *, choice: ReadingChoice, progress: Progress) -> LoadedStudy:
    if path.is_dir():
        return _load_dicom(path, choice=choice, progress=progress)
    kind = kind_of(path)
    if kind in SINGLE_VOLUMES:
        return _load_file(path, choice=choice, progress=progress)
    if kind is FileKind.DICOM:
        return _load_dicom(path, choice=choice, progress=progress)
    raise unread_kind(path)


def _load_file(path: Path, *, choice: ReadingChoice, progress: Progress) -> LoadedStudy:
    if choice.series is not None:
        raise InputError(f"--series {choice.series}: {path} is one image and holds no series")
    progress("reading image", 0, 1)
    image, noticed = read_image_with_notes(path, choice=choice)
    digest = volume_digest(path)
    progress("reading image", 1, 1)
    evidence = PhaseEvidence(told=image.phase)
    return LoadedStudy(
        image=image,
        study=_study(image, source=kind_of(path).value, name=pseudonym(digest)),
        input_sha256=digest,
        quality=(
            *image_findings(image.geometry, evidence),
            *noticed,
            *body_findings(image),
        ),
        phase=evidence,
    )


def _load_dicom(path: Path, *, choice: ReadingChoice, progress: Progress) -> LoadedStudy:
    listed = catalogue(path, progress=progress)
    if not listed.series:
        _hint_at_nifti(path)
    chosen = choose(listed, wanted=choice.series, name=str(path), phase=choice.phase)
    asked = choice.series is not None or choice.phase is not None
    return _loaded(listed, chosen, asked=asked, choice=choice, progress=progress)


def load_phases(
    path: Path,
    named: Sequence[str],
    *,
    choice: ReadingChoice = AS_FILES_SAY,
    progress: Progress = silent,
) -> Iterator[LoadedStudy]:
    """Read several series of one DICOM study, one after the other, so that one is held at a time.

    Parameters
    ----------
    path
        Folder of the study.
    named
        Contrast phases as `Phase` writes them, or series numbers, each once.
    choice
        What the user says of all.
    progress
        Receives how far reading is.

    Yields
    ------
    LoadedStudy
        In the order of the names. All are found before the first is read.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, InputError
        As `load_study`; no series says that it is of a phase; two names are of one series; the
        series are of several patients or studies.
    """
    if not path.is_dir():
        raise InputError(f"--liver-from needs the folder of a DICOM study, got {path}")
    listed = catalogue(path, progress=progress)
    chosen = [_named_series(listed, name, path) for name in named]
    for first, second in combinations(range(len(chosen)), 2):
        if chosen[first] is chosen[second]:
            raise InputError(
                f"{named[first]} and {named[second]} are both series {chosen[first].number} of "
                f"{path}; name each series once"
            )
    if is_mixed(plane for series in chosen for plane in series.slices):
        raise UnsupportedSeriesError(
            f"the series named are of several patients or studies in {path}; name those of one"
        )
    for series in chosen:
        yield _loaded(listed, series, asked=True, choice=choice, progress=progress)


def _named_series(listed: Catalogue, name: str, path: Path) -> Series:
    if name.isdecimal():
        return choose(listed, wanted=name, name=str(path))
    phase = Phase(name)
    found = choose(listed, wanted=None, name=str(path), phase=phase)
    if found.phase is not phase:
        raise UnsupportedSeriesError(
            f"no series of {path} says that it is of the {name} phase; name it by its number as "
            f"`remnant inspect` lists it"
        )
    return found


def _loaded(
    listed: Catalogue, chosen: Series, *, asked: bool, choice: ReadingChoice, progress: Progress
) -> LoadedStudy:
    _require_modality(chosen, choice.modality)
    evidence = replace(chosen.phase_evidence, told=choice.phase or Phase.UNKNOWN)
    voxels = read_series_voxels(chosen, progress=progress)
    # neither the digest nor the checks of the image use all cores
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(_digest, chosen)
        image, noticed = _dicom_image(chosen, voxels, choice, evidence.phase)
        of_body = body_findings(image)
    name = _dicom_pseudonym(chosen, digest.result())
    return LoadedStudy(
        image=image,
        study=_study(image, source="dicom", name=name),
        input_sha256=digest.result(),
        quality=(
            *image_findings(image.geometry, evidence),
            choice_finding(chosen, plausible_series(listed), asked=asked),
            *noticed,
            *of_body,
            *series_findings(listed, chosen),
        ),
        origin=_origin(chosen),
        phase=evidence,
        mr=chosen.mr,
        record=_record(chosen, digest.result()),
    )


def _record(series: Series, digest: str) -> SourceRecord | None:
    # results alone need it: what was read is measured without it, too
    with suppress(UnreadableFileError, UnsupportedSeriesError):
        return record_of(series, digest)
    return None


def source_records(
    path: Path, image_sha256: str, *, progress: Progress = silent
) -> tuple[SourceRecord, ...]:
    """Return the records of the series of a study whose files have a digest; no voxel is read.

    There are several where one file holds several series.

    Raises
    ------
    UnreadableFileError
        The path does not exist, or an image is damaged.
    UnsupportedSeriesError
        There is no such series, or nothing can refer to its images.
    """
    with unpacked(path) as place:
        series = catalogue(place, progress=progress).series
        found = [one for one in series if one.stack is not None and _digest(one) == image_sha256]
        if not found:
            raise UnsupportedSeriesError(
                f"none of the {len(series)} DICOM series in {path} is the image with sha256 "
                f"{image_sha256[:12]}"
            )
        if obstacles := [why for one in found if (why := obstacle_of(one)) is not None]:
            raise UnsupportedSeriesError(
                f"no result in DICOM can refer to the images in {path}: they {obstacles[0]}"
            )
        records = tuple(record_of(one, image_sha256) for one in found)
        if known := tuple(record for record in records if record is not None):
            return known
        raise UnsupportedSeriesError(
            f"no result in DICOM can refer to the images in {path}: they name no series, or are "
            f"many objects with frames"
        )


def _digest(series: Series) -> str:
    return digest_files(tuple({plane.path for plane in series.slices}))


def _hint_at_nifti(path: Path) -> None:
    images = sorted(file.name for file in path.glob("*") if is_nifti_name(file))
    if images:
        raise UnreadableFileError(
            f"{path} holds no DICOM series but {len(images)} NIfTI file(s), {images[0]} first; "
            f"give the file itself"
        )


def _require_modality(series: Series, modality: Modality | None) -> None:
    if modality is not None and modality is not series.modality:
        raise InputError(
            f"--modality {modality}: series {series.number} says it is {series.modality.upper()}; "
            f"leave the option out"
        )


def _dicom_image(
    series: Series, voxels: NDArray[Any], choice: ReadingChoice, phase: Phase
) -> tuple[ImageVolume, tuple[Finding, ...]]:
    if series.stack is None:
        raise UnreadableFileError(f"series {series.number}: {series.fault}")
    slices = series.stack.slices
    left = padding_left(voxels, slices)
    settled = settle_intensities(
        voxels,
        stated=series.modality,
        name=f"series {series.number}",
        offset_hu=choice.intensity_offset_hu,
        rescale_stated=all(plane.rescale_stated for plane in slices),
    )
    image = ImageVolume(settled.voxels, series.stack.geometry, settled.modality, phase=phase)
    kept = quality_finding("padding_inside_body", passed=None, value=left)
    return image, (*settled.findings, *((kept,) if left else ()))


def _dicom_pseudonym(series: Series, digest: str) -> str:
    first = series.slices[0]
    # "ANONYMOUS" with an emptied study UID would be the same for many people
    return pseudonym(first.patient_id, first.study_uid) if first.study_uid else pseudonym(digest)


def _origin(series: Series) -> ImageReference:
    images = frozenset(plane.sop_uid for plane in series.slices) - {""}
    # where those were emptied the series' identifier was emptied too, and minted anew
    if not images:
        return NO_REFERENCE
    return ImageReference(series.slices[0].study_uid, frozenset((series.uid,)), images)


def _study(image: ImageVolume, *, source: str, name: str) -> Study:
    geometry = image.geometry
    return Study(
        pseudonym=name,
        source=source,
        modality=image.modality,
        phase=image.phase,
        shape=geometry.shape,
        spacing_mm=geometry.spacing_mm,
        orientation="".join(geometry.axcodes),
    )


def study_digests(
    path: Path, named: Sequence[str] = (), *, choice: ReadingChoice = AS_FILES_SAY
) -> tuple[str, ...]:
    """Return the digests of the images that would be read, in their order; no voxel is.

    ``named`` are those of `load_phases`; without them it is the one image of `load_study`.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError, InputError
        As these.
    """
    with unpacked(path) as place:
        if not place.is_dir() and kind_of(place) in SINGLE_VOLUMES:
            return (volume_digest(place),)
        listed = catalogue(place)
        if named:
            chosen = [_named_series(listed, name, place) for name in named]
        else:
            chosen = [choose(listed, wanted=choice.series, name=str(path), phase=choice.phase)]
        return tuple(_digest(series) for series in chosen)
