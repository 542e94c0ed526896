"""Results of a measured case as DICOM objects: a whole set of them, or the set that was there."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import remnant
from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.errors import InputError, RemnantError, UnreadableFileError
from remnant.core.progress import Progress, silent
from remnant.io.atomic import digest_file
from remnant.io.dicom_results.heads import ResultKind, ResultSet
from remnant.io.faults import quiet
from remnant.io.private_files import private_file, private_folder
from remnant.pipeline.case_files import (
    DICOM,
    REPORT_JSON,
    SOURCE_RECORD,
    STATE,
    require_case,
)
from remnant.pipeline.dicom_results.private_folder import (
    ALL_RESULTS,
    read_record,
    require_own_place,
    result_name,
    result_names,
    write_record,
)
from remnant.pipeline.export import Exported
from remnant.pipeline.exporting import ExportRequest, Target
from remnant.pipeline.folder import read_measured, read_stored, require_as_measured
from remnant.pipeline.held import same_place
from remnant.pipeline.plan_maps import drawn_plan
from remnant.pipeline.publishing import publish, settle, staged_beside
from remnant.pipeline.results import require_results_folder, require_writable
from remnant.pipeline.segmented import SegmentedCase
from remnant.view.header_view import alerts_of
from remnant.wording.dicom import care_words
from remnant.wording.exports import HOW_TO_OPEN
from remnant.wording.language import ENGLISH, in_language

if TYPE_CHECKING:
    from remnant.io.dicom_results.source_record import SourceRecord
    from remnant.pipeline.dicom_results.result_source import ResultSource

MAKERS: Final[Mapping[str, tuple[str, ...]]] = {
    "segmentations": ("labelmap",),
    "measurements": ("labelmap",),
    "report": ("left_out",),
    "captures": (),
}
"""Modules beside this one, each with a function of its name, and what each is told beside the case;
they follow in this order."""
SPOKEN: Final = "report"
"""The one of them that people read as a text, in their language."""
ENCODERS: Final = ("highdicom", "pydicom", "weasyprint", "matplotlib", "pillow")
"""Packages whose versions may change the bytes of an object."""
STEP: Final = "making results"
IMAGE: Final = "image"
MOST_NAMES: Final = 8


class Saved(Protocol):
    """An object that writes itself into a file."""

    def save_as(self, file: IO[bytes], /, *, enforce_file_format: bool) -> None:
        """Write it as a DICOM file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsRequest:
    """What results to make.

    Parameters
    ----------
    case
        Folder of the measured case.
    output
        Where they go; ``None`` for the case's own folder of results.
    plan
        Id of the plan that goes into them; ``None`` for the first in rank.
    source
        Folder of the images, where the case keeps no record of them; ``None`` for its record.
    labelmap
        Whether segmentations are label maps instead of one bit map for each segment.
    language
        Of the report; all else is in English.
    """

    case: Path
    output: Path | None = None
    plan: str | None = None
    source: Path | None = None
    labelmap: bool = False
    language: str = ENGLISH

    @property
    def own_place(self) -> bool:
        """Whether the results go where the case itself keeps them."""
        return self.output is None or same_place(self.output, self.case / DICOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was written where, how many results it replaced, and what could not be made.

    ``care`` says what is to be read with care in them; empty for nothing.
    """

    folder: Path
    files: tuple[str, ...]
    replaced: int
    left_out: tuple[str, ...] = ()
    care: str = ""


@dataclass(frozen=True, slots=True)
class _State:
    """The files of a case that decide its results, by their digests."""

    folder: Path
    digests: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path) -> "_State":
        return cls(folder, {name: digest_file(folder / name) for name in (STATE, REPORT_JSON)})

    def require_still(self) -> None:
        try:
            is_same = self == _State.of(self.folder)
        except UnreadableFileError:
            is_same = False
        if not is_same:
            raise InputError(
                f"{self.folder} was changed by another command meanwhile, and nothing was written; "
                f"run this again on the case as it is now"
            )


def make_results(request: ResultsRequest, *, progress: Progress = silent) -> Results:
    """Write the results of a measured case as DICOM objects: all of them, or none.

    The same case gives the same objects, byte by byte. Results of before go.

    Raises
    ------
    InputError
        The case was made from no DICOM images or has no such plan; the images given are others;
        a map was changed since the case was measured; the output folder holds anything else, or
        another command changed the case meanwhile.
    UnreadableFileError
        The folder holds no measured case, or a file of it is damaged.
    """
    _require_place(request)
    require_case(request.case)
    report = read_measured(request.case)
    require_as_measured(request.case, report)
    state = _State.of(request.case)
    progress(STEP, 0, len(MAKERS) + 1)
    source = _source(request, report, state, progress)
    left_out: list[str] = []
    told = {"labelmap": request.labelmap, "left_out": left_out.append}
    # what libraries say of values quotes them
    with quiet(), _published(request, source.record, state) as staging:
        files = tuple(_write(source, told, staging, progress, language=request.language))
        replaced = len(_earlier(request))
    progress(STEP, len(MAKERS) + 1, len(MAKERS) + 1)
    folder = request.case / DICOM if request.output is None else request.output
    return Results(
        folder=folder,
        files=files,
        replaced=replaced,
        left_out=tuple(left_out),
        care=care_words(alert.words for alert in alerts_of(report)),
    )


def export_results(request: ExportRequest, *, progress: Progress = silent) -> Exported:
    """Write the results of one case as DICOM objects, see `make_results`."""
    asked = ResultsRequest(
        case=request.cases[0],
        output=request.output,
        plan=request.plan,
        source=request.source,
        labelmap=request.labelmap,
        language=request.language,
    )
    made = make_results(asked, progress=progress)
    return Exported(
        folder=made.folder,
        files=made.files,
        opening=HOW_TO_OPEN[Target.DICOM],
        replaced=f"{made.replaced} earlier results" if made.replaced else None,
        left_out=made.left_out,
        care=made.care,
    )


def _require_place(request: ResultsRequest) -> None:
    settle(request.case)
    if request.own_place or request.output is None:
        require_own_place(request.case)
        require_writable(request.case / DICOM)
    else:
        require_results_folder(request.output, ALL_RESULTS)


def _earlier(request: ResultsRequest) -> tuple[str, ...]:
    if request.own_place or request.output is None:
        return result_names(request.case)
    return tuple(path.name for path in request.output.iterdir())


def _source(
    request: ResultsRequest, report: CaseReport, state: _State, progress: Progress
) -> "ResultSource":
    from remnant.pipeline.dicom_results.result_source import ResultSource

    case = read_stored(request.case).case
    record = _record(request, case, progress)
    plan = _plan(report, request)
    return ResultSource(
        folder=request.case,
        case=case,
        report=report,
        record=record,
        plan=plan,
        plan_map=None if plan is None else drawn_plan(case, report, plan),
        results=ResultSet(
            digest=_digest(state, record, plan, request),
            made=_made(request.case, report),
            software=remnant.__version__,
        ),
    )


def _digest(
    state: _State, record: "SourceRecord", plan: DebulkingPlan | None, request: ResultsRequest
) -> str:
    """Return the digest of all that decides what results are made."""
    from remnant.io.dicom_results.record_file import encode_record

    told = (
        *(f"{name} {digest}" for name, digest in sorted(state.digests.items())),
        f"{SOURCE_RECORD} {hashlib.sha256(encode_record(record)).hexdigest()}",
        "no plan" if plan is None else plan.id,
        "labelmap" if request.labelmap else "binary",
        request.language,
        remnant.__version__,
        *(f"{name} {_version(name)}" for name in ENCODERS),
    )
    return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _made(folder: Path, report: CaseReport) -> datetime:
    told = report.provenance.created_utc
    try:
        made = datetime.fromisoformat(told)
    except ValueError:
        made = None
    if made is None or made.tzinfo is None:
        raise InputError(
            f"{folder / REPORT_JSON} says {told[:40]!r} for the time when the case was measured; "
            f"run `remnant run {folder}`, which measures it anew"
        )
    return made


def _plan(report: CaseReport, request: ResultsRequest) -> DebulkingPlan | None:
    plans = () if report.planning is None else report.planning.plans
    if request.plan is None:
        return plans[0] if plans else None
    for plan in plans:
        if plan.id == request.plan:
            return plan
    some = [plan.id for plan in plans[:MOST_NAMES]]
    there = ", ".join([*some, "…"] if len(plans) > MOST_NAMES else some) or "none"
    raise InputError(f"--plan {request.plan}: {request.case} has no such plan; it has {there}")


def _record(request: ResultsRequest, case: SegmentedCase, progress: Progress) -> "SourceRecord":
    from remnant.io.dicom_results.record_file import require_of_case

    folder, image_sha256 = request.case, case.inputs_sha256.get(IMAGE)
    grid = case.maps.structures.geometry
    if image_sha256 is None:
        raise InputError(
            f"{folder} was made from label maps alone, and results in DICOM refer to the images; "
            f"run `remnant run` on the images with these maps"
        )
    if request.source is not None:
        return _found(request.source, folder, image_sha256, case, progress)
    record = read_record(folder)
    if record is None:
        raise InputError(_without_record(folder, case))
    try:
        require_of_case(record, image_sha256, grid)
    except RemnantError as fault:
        raise type(fault)(
            f"{folder / DICOM / SOURCE_RECORD} does not belong to this case: {fault}; give the "
            f"folder of its images with --source"
        ) from fault
    return record


def _without_record(folder: Path, case: SegmentedCase) -> str:
    if case.study.source != DICOM:
        return (
            f"{folder} was made from a file ({case.study.source}), and results in DICOM refer to "
            f"DICOM images; run `remnant run` on the images as DICOM"
        )
    return (
        f"{folder} keeps no record of its images: an earlier version or a cohort made it, or "
        f"they carry no identifiers of their own; give the folder of the images with --source"
    )


def _found(
    source: Path, folder: Path, image_sha256: str, case: SegmentedCase, progress: Progress
) -> "SourceRecord":
    """Return the record of images that are given again."""
    from remnant.io.dicom_results.record_file import require_of_case
    from remnant.io.source import source_records

    grid = case.maps.structures.geometry
    try:
        records = source_records(source, image_sha256, progress=progress)
        if len(records) > 1:
            raise InputError(f"it holds {len(records)} series in one file")
        require_of_case(records[0], image_sha256, grid)
    except RemnantError as fault:
        raise type(fault)(f"--source {source} does not go with {folder}: {fault}") from fault
    return records[0]


@contextmanager
def _published(request: ResultsRequest, record: "SourceRecord", state: _State) -> Iterator[Path]:
    """Give a folder that nobody else can enter, whose files appear together, or not at all."""
    if request.own_place or request.output is None:
        place = request.case / DICOM
        with staged_beside(place, place=place) as staging:
            write_record(record, staging)
            yield staging / DICOM
            publish(staging, request.case, (DICOM,), require=partial(_require, request, state))
        return
    output = request.output
    with _made_private(output), staged_beside(output) as staging:
        yield staging
        publish(staging, output, ALL_RESULTS, require=partial(_require, request, state))


def _require(request: ResultsRequest, state: _State) -> None:
    state.require_still()
    if request.own_place or request.output is None:
        require_own_place(request.case)
    elif strangers := {path.name for path in request.output.iterdir()} - {*ALL_RESULTS}:
        raise InputError(f"{request.output} holds other files ({min(strangers)}, …)")


@contextmanager
def _made_private(folder: Path) -> Iterator[None]:
    """Close a folder to others, and remove it again where it is new and the block fails."""
    is_new = not folder.exists()
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    try:
        private_folder(folder)
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    try:
        yield
    except BaseException:
        if is_new:
            folder.rmdir()
        raise


def _write(
    source: "ResultSource",
    told: Mapping[str, object],
    folder: Path,
    progress: Progress,
    *,
    language: str,
) -> Iterator[str]:
    for number, maker in enumerate(MAKERS, start=1):
        progress(STEP, number, len(MAKERS) + 1)
        with in_language(language if maker == SPOKEN else ENGLISH):
            objects = tuple(_made_by(maker, source, told))
        for kind, count, made in objects:
            name = result_name(kind, count)
            with private_file(folder / name) as file:
                made.save_as(file, enforce_file_format=True)
            yield name


def _made_by(
    name: str, source: "ResultSource", told: Mapping[str, object]
) -> Iterator[tuple[ResultKind, int, Saved]]:
    # late: they bring the libraries of DICOM and of pictures
    make: Any = getattr(import_module(f"{__package__}.{name}"), name)
    for kind, *number, made in make(source, **{option: told[option] for option in MAKERS[name]}):
        yield kind, (number[0] if number else 1), made
