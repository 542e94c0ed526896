"""``remnant cohort``: many cases from one manifest."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Group, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import (
    DeviceOption,
    EngineOption,
    Output,
    QualityOption,
    whole_number,
)
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.core.errors import InputError
from segmentation.engines.registry import DEFAULT_ENGINE

if TYPE_CHECKING:
    from remnant.cohort.outcomes import CaseOutcome, CaseStatus
    from remnant.cohort.runner import CohortRun

app = App(
    name="cohort",
    help="Many cases from one manifest: run them, and make tables and a summary of them.",
    help_formatter=page(
        "remnant cohort scan STUDIES -o manifest.csv",
        "remnant cohort run manifest.csv -o COHORT",
        "remnant cohort run manifest.csv -o COHORT --workers 4 --time-limit 60",
        "remnant cohort run manifest.csv -o COHORT --retry-failed",
        "remnant cohort summary COHORT",
    ),
)

OTHERS: Final = {
    "scan": ("cohort_scan:scan_command", "Write a manifest of the studies below a folder."),
    "collect": ("cohort_tables:collect", "Make the tables from case folders that are there."),
    "summary": ("cohort_summary:cohort_summary", "Write what the cases say together, as a page."),
    "export": ("cohort_tables:export", "Write the tables for spreadsheets."),
    "followup": ("cohort_followup:followup", "Follow patients who were scanned several times."),
}
for _order, (_name, (_place, _help)) in enumerate(OTHERS.items(), start=2):
    app.command(f"remnant.cli.{_place}", name=_name, help=_help, sort_key=_order)

CLUSTER_GROUP: Final = Group("Cluster", sort_key=10)
GPU_DEVICES: Final = frozenset(("cuda", "mps"))
UNITS: Final = {"GB": 10**9, "MB": 10**6}
MOST_TOLD: Final = 10
Number = Annotated[int, Parameter(converter=whole_number, group=CLUSTER_GROUP)]


@app.command(sort_key=1)
def run(
    manifest: Path,
    *,
    output: Output,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    quality: QualityOption = None,
    estimate_segments: bool = True,
    page: Annotated[bool, Parameter(negative="")] = False,
    time_limit: float = 180.0,
    retry_failed: Annotated[bool, Parameter(negative="")] = False,
    workers: Number | None = None,
    memory_per_worker: Annotated[str | None, Parameter(group=CLUSTER_GROUP)] = None,
    scheduler: Annotated[str | None, Parameter(group=CLUSTER_GROUP)] = None,
    most_attempts: Number = 2,
    recycle_after: Number = 100,
) -> Outcome:
    """Run all cases of a manifest; the same command goes on from whatever ended it.

    What is there and is made from the same files, settings, networks and algorithms is left alone.
    A case that cannot be worked off costs nothing but itself: it becomes a row of the tables.

    Parameters
    ----------
    manifest
        CSV or Parquet file with a row for each case: `case`, and `study` or masks, and facts.
    output
        Folder of the cohort: a folder for each case, and tables of all of them.
    estimate_segments
        Estimate the segments from the liver's shape. Where no map, branches or landmarks are
        given; without, they stay unknown.
    page
        Write `report.html` for each case too.
    time_limit
        Minutes that one case may take. A case that takes longer is ended and told as such.
    retry_failed
        Begin cases without a result anew, though nothing of them changed.
    workers
        Worker processes on this machine. Default: as many as cores and memory allow.
    memory_per_worker
        Memory of each worker, e.g. 4GB. A worker that takes more is ended. Default: an equal
        share, of at least 3 GB where networks run, else of 1 GB.
    scheduler
        Address of a Dask scheduler that is there already. Its workers must see all files under the
        same paths; in a network that you trust, since Dask runs what it is sent.
    most_attempts
        Workers that may die of a case before it is given up.
    recycle_after
        Cases after which a worker process is replaced by a fresh one. With 0 none is.
    """
    from remnant.cohort.clusters import ClusterChoice
    from remnant.cohort.packages import require_packages

    require_packages("distributed", "pyarrow")
    cluster = ClusterChoice(
        workers=workers,
        memory_bytes=bytes_of(memory_per_worker),
        scheduler=scheduler,
        gpu=device in GPU_DEVICES,
    )

    from remnant.cohort.manifest import read_manifest
    from remnant.cohort.runner import SECONDS_PER_MINUTE, CohortOptions, run_cohort

    options = CohortOptions(
        cluster=cluster,
        engine=engine,
        device=device,
        quality=quality,
        estimate_segments=estimate_segments,
        page=page,
        time_limit_s=time_limit * SECONDS_PER_MINUTE,
        most_attempts=most_attempts,
        retry_failed=retry_failed,
        recycle_after=recycle_after,
    )
    rows = read_manifest(manifest)
    with shown_progress() as progress:
        ran = run_cohort(rows, output, options, progress)
    print_run(ran, output)
    return told_outcome(document_of(ran, output), unusable=_unusable(ran))


def bytes_of(text: str | None) -> int | None:
    """Return an amount of memory in bytes; ``None`` for none given.

    >>> bytes_of("4GB"), bytes_of("1500 mb"), bytes_of("2.5")
    (4000000000, 1500000000, 2500000000)

    Raises
    ------
    InputError
        It cannot be read.
    """
    if text is None:
        return None
    number, unit = text.strip().upper(), "GB"
    for known in UNITS:
        if number.endswith(known):
            number, unit = number.removesuffix(known), known
    try:
        amount = float(number)
    except ValueError:
        amount = -1.0
    if not 0 < amount < float("inf"):
        raise InputError(
            f"--memory-per-worker got {text!r}; allowed are amounts such as 4GB, 1500MB"
        )
    return int(amount * UNITS[unit])


def print_run(ran: "CohortRun", folder: Path) -> None:
    """Print how many cases ended how, and the first of those that are not done."""
    total = sum(ran.counts.values())
    each = ", ".join(f"{n} {_words(status)}" for status, n in sorted(ran.counts.items()))
    print(f"{total} case(s): {each or 'none'}; {ran.fresh} of them worked off now.")
    for outcome in ran.troubles[:MOST_TOLD]:
        print(f"  {outcome.case}: {_told(outcome)}")
    others = sum(ran.counts.values()) - ran.counts.get(_done(), 0) - MOST_TOLD
    if others > 0:
        print(f"  and {others} more; the table `cases` has all of them")
    print(f"Tables are in {folder / 'tables'}. Next: remnant cohort summary {folder}")


def document_of(ran: "CohortRun", folder: Path) -> dict[str, object]:
    """Return what ``--json`` prints of a run."""
    return {
        "folder": str(folder),
        "cases": {status.value: n for status, n in sorted(ran.counts.items())},
        "worked_off_now": ran.fresh,
    }


def _unusable(ran: "CohortRun") -> str:
    if ran.is_usable:
        return ""
    others = sum(ran.counts.values()) - ran.counts.get(_done(), 0)
    return f"{others} case(s) have no usable result; the table `cases` says why"


def _told(outcome: "CaseOutcome") -> str:
    where = f" in {outcome.stage}" if outcome.stage else ""
    return f"{_words(outcome.status)}{where}" + (f": {outcome.error}" if outcome.error else "")


def _words(status: str) -> str:
    return status.replace("_", " ")


def _done() -> "CaseStatus":
    from remnant.cohort.outcomes import CaseStatus

    return CaseStatus.DONE
