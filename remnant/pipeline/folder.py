"""A case on disk: one folder, written whole or not at all."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.findings import Finding
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.documents.lesion_table import segments_origin, write_lesions_csv
from remnant.documents.plan_table import write_plans_csv
from remnant.documents.report_document import REPORT
from remnant.documents.state_document import Fingerprint, SegmentationState
from remnant.io.atomic import digest_file, write_text
from remnant.io.nifti import write_image, write_labels
from remnant.io.placement import placement_of
from remnant.pipeline.case_files import (
    COUINAUD,
    COUINAUD_IV,
    EXOPHYTIC,
    LESION_TABLE,
    LESIONS,
    LESIONS_CORE,
    OUTCOME_JSON,
    OWN_FILES,
    PLAN_TABLE,
    PLANNED_FILES,
    PREVIEW,
    REPORT_HTML,
    REPORT_JSON,
    SCHEMES,
    STATE,
    STRUCTURES,
    UNFINISHED,
    VOLUME,
    is_case,
    require_case,
    require_measured,
)
from remnant.pipeline.descriptions import describe, describe_plan
from remnant.pipeline.dicom_results.private_folder import (
    carry_record,
    require_own_place,
    write_record,
)
from remnant.pipeline.fingerprints import edited_segmentation, fingerprint, is_edited
from remnant.pipeline.map_files import read_case_map, read_preview, write_companions
from remnant.pipeline.origins import ROLE_OF_EDITED
from remnant.pipeline.publishing import publish, settle, staged_beside
from remnant.pipeline.results import require_writable
from remnant.pipeline.segmented import CaseMaps, SegmentedCase
from remnant.pipeline.state import division_of, facts_of, read_state, write_state


def require_output_folder(folder: Path) -> None:
    """Raise unless a case can be written to ``folder``; called before the work, not after.

    Raises
    ------
    InputError
        The path is a file, lies in no existing folder, or is a folder of something else.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output {folder} is a file; name a folder that is new or holds a case")
    require_writable(folder)
    settle(folder)
    if folder.is_dir():
        own = {*OWN_FILES, UNFINISHED, OUTCOME_JSON}
        strangers = sorted(p.name for p in folder.iterdir() if p.name not in own)
        if strangers and not is_case(folder):
            raise InputError(
                f"output folder {folder} holds other files ({strangers[0]}, …); name a new folder"
            )
        require_own_place(folder)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredCase:
    """A case as it was read from its folder.

    Parameters
    ----------
    folder
        Where it lies.
    case
        The case with the maps as they are now.
    written
        The same maps with the facts that were written with the maps of then.
    edited
        Files of maps that another program has changed since: of other codes, not only saved anew.
    fingerprints
        Digests of the other maps, by their files.
    state_sha256
        Digest of the file of its facts as it was read.
    """

    folder: Path
    case: SegmentedCase
    written: SegmentedCase
    edited: tuple[str, ...]
    fingerprints: Mapping[str, Fingerprint]
    state_sha256: str


def require_as_read(stored: StoredCase, folder: Path) -> None:
    """Raise if a stored case that is about to be replaced was changed since it was read.

    Raises
    ------
    InputError
        Another command wrote it meanwhile.
    """
    there = folder / STATE
    if stored.folder.resolve() != folder.resolve() or not there.is_file():
        return
    if digest_file(there) != stored.state_sha256:
        raise InputError(
            f"{folder} was changed by another command meanwhile, and nothing was written; run this "
            f"again on the case as it is now"
        )


def write_segmented(case: SegmentedCase, folder: Path, *, stored: StoredCase | None = None) -> None:
    """Write a case's maps, preview and state, and the record of its images.

    Maps that are still the very ones of ``stored`` are copied byte by byte from its folder, as the
    record is.
    """
    fingerprints = {}
    known_volumes = {} if stored is None else volumes_of(stored.case)
    for name, volume in volumes_of(case).items():
        if volume is None:
            continue
        copied = volume is known_volumes.get(name)
        if stored is not None and copied and isinstance(volume, LabelMap):
            copied = edited_segmentation(stored.folder / name) is None
        if stored is not None and copied:
            shutil.copyfile(stored.folder / name, folder / name)
        elif isinstance(volume, LabelMap):
            write_labels(volume, folder / name)
        else:
            write_image(volume, folder / name)
        if isinstance(volume, LabelMap):
            known = stored.fingerprints.get(name) if stored is not None and copied else None
            fingerprints[name] = known or fingerprint(volume, folder / name)
            write_companions(volume, partial(describe, case, name), folder / name)
    write_state(case, folder / STATE, fingerprints=fingerprints)
    _write_record(case, folder, stored)


def _write_record(case: SegmentedCase, folder: Path, stored: StoredCase | None) -> None:
    if case.source_record is not None:
        write_record(case.source_record, folder)
    elif stored is not None:
        carry_record(stored.folder, folder)


def volumes_of(case: SegmentedCase) -> Mapping[str, LabelMap | ImageVolume | None]:
    """Return a case's maps and images by the names of their files; ``None`` for those it lacks."""
    return {
        STRUCTURES: case.maps.structures,
        LESIONS: case.maps.lesions,
        EXOPHYTIC: case.maps.exophytic,
        LESIONS_CORE: case.maps.lesions_core,
        COUINAUD: case.division.couinaud,
        COUINAUD_IV: case.division.segment_iv,
        PREVIEW: case.preview,
    }


def write_measured(report: CaseReport, folder: Path) -> None:
    """Write ``report.json`` and ``lesions.csv``, and ``plans.csv`` of a case that was planned."""
    REPORT.write(report, folder / REPORT_JSON)
    if report.planning is not None:
        write_plans_csv(report.planning.plans, folder / PLAN_TABLE)
    write_lesions_csv(
        report.volumetry.lesions,
        folder / LESION_TABLE,
        modality=report.study.modality,
        segments_from=segments_origin(report.volumetry),
    )


def write_plan_maps(drawn: Iterable[tuple[str, LabelMap]], folder: Path) -> None:
    """Write the maps of plans, each with the plan's id."""
    for name, labels in drawn:
        path = folder / f"{name}{VOLUME}"
        write_labels(labels, path)
        write_companions(labels, lambda _: describe_plan(), path)


def replace_measured(
    report: CaseReport, folder: Path, *, drawn: Iterable[tuple[str, LabelMap]] = ()
) -> None:
    """Write a stored case's new report, and the maps of its plans.

    What was made from the old report goes: the page, the maps and the results in DICOM. After an
    error the folder is as it was before.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    settle(folder)
    with staged_beside(folder / REPORT_JSON, place=folder) as staging:
        write_measured(report, staging)
        write_plan_maps(drawn, staging)
        carry_record(folder, staging)
        publish(staging, folder, PLANNED_FILES, require=partial(require_own_place, folder))


def add_page(text: str, folder: Path) -> None:
    """Write the page of a case that is there.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    with staged_beside(folder / REPORT_HTML, place=folder) as staging:
        write_text(staging / REPORT_HTML, text)
        publish(staging, folder, (REPORT_HTML,))


def read_case(folder: Path) -> SegmentedCase:
    """Read a case as its maps are now, see `read_stored`."""
    return read_stored(folder).case


def read_stored(folder: Path) -> StoredCase:
    """Read the maps and the state that `write_segmented` wrote.

    A Couinaud map in which another program has changed a voxel since then counts as given.

    Raises
    ------
    UnreadableFileError
        The folder is no case, or a file of it is missing or damaged.
    GeometryMismatchError
        The maps no longer lie on one grid.
    """
    settle(folder)
    require_case(folder)
    state_sha256 = digest_file(folder / STATE)
    written, known = _read_written(folder)
    maps = {n: labels for n, labels in volumes_of(written).items() if isinstance(labels, LabelMap)}
    edited = _edited(folder, known, maps.__getitem__)
    files = {name: edited_segmentation(folder / name) or folder / name for name in edited}
    case = written
    if COUINAUD in edited:
        # Late: dividing reads every kind of mask, and most readers of a case divide nothing.
        from remnant.pipeline.divide import with_edited_segments

        case = with_edited_segments(written, digest_file(files[COUINAUD]))
    roles = {
        ROLE_OF_EDITED[name]: digest_file(files[name]) for name in ROLE_OF_EDITED if name in files
    }
    case = replace(case, inputs_sha256={**case.inputs_sha256, **roles})
    if STRUCTURES in edited:
        from remnant.pipeline.quality_light import with_light

        case = with_light(case)
    return StoredCase(
        folder=folder,
        case=case,
        written=written,
        edited=edited,
        fingerprints={name: known[name] for name in known if name not in edited},
        state_sha256=state_sha256,
    )


def require_as_measured(folder: Path, report: CaseReport | None = None) -> None:
    """Raise if another program has changed a map of a case since the case was measured.

    Its report's figures are those of the maps before.

    Raises
    ------
    InputError
        One was changed, or ``report`` is of another case than the maps.
    UnreadableFileError
        A map is missing.
    """
    settle(folder)
    if not is_case(folder):
        return
    state = read_state(folder / STATE)
    if report is not None and (of := report.study.pseudonym) != state.study.pseudonym:
        raise InputError(
            f"{folder} holds the report of {of} and the maps of {state.study.pseudonym}; run "
            f"`remnant run {folder}`, which measures these maps anew"
        )
    edited = edited_files(folder, state)
    if edited:
        raise InputError(
            f"{folder}: {', '.join(edited)} changed after the case was measured, and its report "
            f"holds the figures from before; run `remnant run {folder}`, which measures it anew"
        )


def edited_files(folder: Path, state: SegmentationState) -> tuple[str, ...]:
    """Return the files of a case's maps that another program has changed since they were written.

    Raises
    ------
    UnreadableFileError
        A map is missing or damaged.
    """
    known = {name: digests for name, digests in state.maps_sha256.items() if name in SCHEMES}
    return _edited(folder, known, lambda name: read_case_map(folder / name, known[name]))


def _edited(
    folder: Path, known: Mapping[str, Fingerprint], labels_of: Callable[[str], LabelMap]
) -> tuple[str, ...]:
    return tuple(
        name
        for name, digests in known.items()
        if is_edited(digests, folder / name, partial(labels_of, name))
    )


def _read_written(folder: Path) -> tuple[SegmentedCase, Mapping[str, Fingerprint]]:
    """Read the maps as they are, the facts as they were written, and the maps' digests of then."""
    from remnant.pipeline.segmented import merged_findings

    state = read_state(folder / STATE)
    there = {
        LESIONS: state.lesions_known,
        EXOPHYTIC: state.exophytic_known,
        LESIONS_CORE: state.lesions_core_known,
        COUINAUD: state.segment_source is not None,
        COUINAUD_IV: state.segment_iv_known,
    }
    digests = state.maps_sha256
    structures = read_case_map(folder / STRUCTURES, digests.get(STRUCTURES))
    maps = {name: read_case_map(folder / name, digests.get(name)) for name in there if there[name]}
    maps, noticed = _on_grid_of(structures, maps)
    known = {n: d for n, d in state.maps_sha256.items() if n in {STRUCTURES, *maps}}
    case = SegmentedCase(
        maps=CaseMaps(
            structures=structures,
            lesions=maps.get(LESIONS),
            exophytic=maps.get(EXOPHYTIC),
            lesions_core=maps.get(LESIONS_CORE),
        ),
        division=division_of(state, maps.get(COUINAUD), maps.get(COUINAUD_IV)),
        preview=read_preview(folder),
        **facts_of(state),
    )
    return replace(case, quality=merged_findings(case.quality, noticed)), known


def _on_grid_of(
    structures: LabelMap, maps: Mapping[str, LabelMap]
) -> tuple[dict[str, LabelMap], tuple[Finding, ...]]:
    """Return maps on one grid: a program that edited one may have rounded its numbers."""
    placed = {
        name: placement_of(structures.geometry, labels, "masks", what=name, on=STRUCTURES)
        for name, labels in maps.items()
    }
    noticed = tuple(f for _, found in placed.values() for f in found)
    return {name: labels for name, (labels, _) in placed.items()}, noticed


def read_measured(folder: Path) -> CaseReport:
    """Read ``report.json`` of a case folder.

    Raises
    ------
    UnreadableFileError
        There is none: the case was not measured.
    """
    settle(folder)
    require_measured(folder)
    return REPORT.read(folder / REPORT_JSON)


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """Give a staging folder whose files appear in ``folder`` together, or not at all.

    Files of an earlier run that the new one does not write are removed, so that no old report
    stands beside new masks. After an error ``folder`` is as it was before.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    require_output_folder(folder)
    with staged_beside(folder) as staging:
        yield staging
        publish(staging, folder, OWN_FILES, require=partial(require_own_place, folder))
