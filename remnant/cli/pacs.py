"""``remnant pacs``: studies from a PACS, results back to it."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import App, Group, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Output, whole_number
from remnant.cli.outcome import Outcome, told_outcome
from remnant.core.errors import InputError
from remnant.core.extras import require_extra

if TYPE_CHECKING:
    from remnant.pacs.settings import ListenSettings, ReceivingSettings, TlsFiles

app = App(
    name="pacs",
    help="Studies from a PACS, results back to it: fetch, send, or listen for studies.",
    help_formatter=page(
        "remnant pacs fetch --source ORTHANC@127.0.0.1:4242 --study UID -o STUDY",
        "remnant pacs send CASE/dicom --to ORTHANC@127.0.0.1:4242",
        "remnant pacs listen SPOOL --allow-ae CT1 --allow-peer 10.1.2.3 --host 10.1.2.9 "
        "--send-to PACS@10.1.2.4:104",
        "remnant pacs status SPOOL",
    ),
)
TLS_GROUP: Final = Group("TLS", sort_key=20)
LIMIT_GROUP: Final = Group("Limits", sort_key=15)
MOST_PORT: Final = 65535
MIB: Final = 1024**2
GIB: Final = 1024**3
MINUTE_S: Final = 60.0
Number = Annotated[int, Parameter(converter=whole_number)]
OwnTitle = Annotated[str, Parameter(help="Own AE title.")]
Names = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


@Parameter(name="*", group=TLS_GROUP)
@dataclass(frozen=True, kw_only=True)
class TlsOptions:
    """Encryption, by choice."""

    tls_cert: Path | None = None
    """Own certificate chain, PEM."""
    tls_key: Path | None = None
    """Its private key, PEM."""
    tls_ca: Path | None = None
    """Certificates that others are held to, PEM. A listener with it takes only those who show a
    certificate."""

    def files(self) -> "TlsFiles":
        """Make the domain type."""
        from remnant.pacs.settings import TlsFiles

        return TlsFiles(certificate=self.tls_cert, key=self.tls_key, authorities=self.tls_ca)


@Parameter(name="*", group=LIMIT_GROUP)
@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """What senders may do, and what is kept."""

    most_object_mib: Number = 1024
    """Largest object, in MiB; larger ones are refused."""
    least_free_gib: float = 2.0
    """With less free on the disk nothing more is taken, in GiB."""
    most_associations: Number = 8
    """Associations at once."""
    keep_days: float = 7.0
    """Days that finished studies stay in the spool."""


NO_TLS: Final = TlsOptions()
USUAL_LIMITS: Final = LimitOptions()


@app.command(sort_key=1)
def fetch(
    *,
    source: str,
    output: Output,
    study: str = "",
    accession: str = "",
    patient_id: str = "",
    modality: Names = ("CT", "MR"),
    by: Literal["get", "move"] = "get",
    ae_title: OwnTitle = "REMNANT",
    listen_host: str = "127.0.0.1",
    listen_port: Number = 11113,
    tls: TlsOptions = NO_TLS,
) -> Outcome:
    """Fetch the series of one study into a folder; all of them, or nothing.

    Parameters
    ----------
    source
        From whom: AE_TITLE@HOST:PORT, or the address of a DICOMweb server.
    output
        Folder to write; new or empty.
    study
        Study Instance UID.
    accession
        Accession number.
    patient_id
        Patient ID.
    modality
        Series of these alone; may be repeated. Default: CT and MR.
    by
        C-GET, or C-MOVE to a receiver of this command's own.
    listen_host
        Address of that receiver.
    listen_port
        Its port; the PACS has to know both under the own AE title.
    """
    _require_packages()
    from remnant.pacs.fetching import FetchSettings, Wanted, Way
    from remnant.pacs.fetching import fetch as fetched
    from remnant.pacs.settings import peer_of, require_ae_title

    wanted = Wanted(
        study_uid=study, accession=accession, patient_id=patient_id, modalities=modality
    )
    settings = FetchSettings(
        source=peer_of(source, option="--source"),
        ae_title=require_ae_title(ae_title, option="--ae-title"),
        way=Way(by),
        host=listen_host,
        port=_port(listen_port, "--listen-port"),
        tls=tls.files(),
    )
    counts = fetched(wanted, output, settings)
    total = sum(counts.values())
    print(f"{_counted(total)} of {len(counts)} series: in {output}")
    print(f"Next: remnant inspect {output}")
    return told_outcome({"folder": str(output), "series": len(counts), "objects": total})


@app.command(sort_key=2)
def send(
    *files: Path,
    to: str,
    ae_title: OwnTitle = "REMNANT",
    tries: Number = 3,
    tls: TlsOptions = NO_TLS,
) -> Outcome:
    """Send DICOM files; each is reported, what does not arrive is tried again.

    Parameters
    ----------
    files
        DICOM files, or folders of them.
    to
        To whom: AE_TITLE@HOST:PORT, or the address of a DICOMweb server.
    tries
        How often each is tried, with growing pauses.
    """
    _require_packages()
    from remnant.pacs.outcomes import SentKind
    from remnant.pacs.sending import files_below, send_files
    from remnant.pacs.settings import SendingSettings, peer_of, require_ae_title

    if tries < 1:
        raise InputError(f"--tries got {tries}; allowed are 1 and more")
    settings = SendingSettings(
        ae_title=require_ae_title(ae_title, option="--ae-title"),
        target=peer_of(to, option="--to"),
        tls=tls.files(),
        retry_s=2.0,
    )
    outcomes = send_files(files_below(files), settings, tries=tries)
    for file, sent in outcomes.items():
        print(f"{file}: {sent.reason}")
    lost = [file for file, sent in outcomes.items() if sent.kind is not SentKind.STORED]
    print(f"{len(outcomes) - len(lost)} of {_counted(len(outcomes))} stored")
    told = [{"file": str(f), "state": s.kind.value, "why": s.reason} for f, s in outcomes.items()]
    unusable = f"{_counted(len(lost))} did not arrive; the lines above say why" if lost else ""
    return told_outcome({"objects": told}, unusable=unusable)


@app.command(sort_key=3)
def listen(
    spool: Path,
    *,
    allow_ae: Names,
    allow_peer: Names = ("127.0.0.1", "::1"),
    ae_title: OwnTitle = "REMNANT",
    host: str = "127.0.0.1",
    port: Number = 11112,
    send_to: str | None = None,
    quiet: Annotated[float, Parameter(name="--quiet-seconds")] = 60.0,
    on_release: Annotated[bool, Parameter(negative="")] = False,
    workers: Number = 1,
    run_options: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    time_limit: float = 180.0,
    metrics_port: Number | None = None,
    limits: LimitOptions = USUAL_LIMITS,
    tls: TlsOptions = NO_TLS,
) -> None:
    """Take studies, run them, and send the results; until Ctrl-C or SIGTERM.

    Parameters
    ----------
    spool
        Folder for all that is kept; it holds identifiers, so nobody else may read it. The same
        command goes on from whatever ended it.
    allow_ae
        AE titles of those who may send; may be repeated.
    allow_peer
        Their addresses or networks, e.g. 10.1.2.3 or 10.1.0.0/16; may be repeated. Default: this
        machine.
    host
        Address to listen on.
    port
        Port to listen on; 0 picks a free one.
    send_to
        Where results go: AE_TITLE@HOST:PORT or a DICOMweb address. Without it they stay in the
        spool.
    quiet
        A study is complete when nothing of it came for so many seconds.
    on_release
        A study is complete, too, when its sender ends the association.
    workers
        Studies that are worked off at once.
    run_options
        Options for `remnant run`, e.g. "--quality fast".
    time_limit
        Minutes that one program may take.
    metrics_port
        Port of /metrics (Prometheus) and /health on this machine.
    """
    _require_packages()
    import signal
    import threading

    from remnant.pacs.listening import Listener
    from remnant.pacs.settings import ListenSettings, SendingSettings, WorkSettings, peer_of

    _require_limits(limits, workers, time_limit)
    receiving = _receiving(
        allow_ae, allow_peer, title=ae_title, there=(host, port), limits=limits, tls=tls.files()
    )
    settings = ListenSettings(
        spool=spool,
        receiving=_complete_when(receiving, quiet, on_release=on_release),
        working=WorkSettings(
            commands=commands_of(run_options), workers=workers, time_limit_s=time_limit * MINUTE_S
        ),
        sending=SendingSettings(
            ae_title=receiving.ae_title,
            target=None if send_to is None else peer_of(send_to, option="--send-to"),
            tls=receiving.tls,
        ),
        metrics_port=None if metrics_port is None else _port(metrics_port, "--metrics-port"),
        keep_days=limits.keep_days,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Listener(settings) as listener:
        print(_where(settings, listener.receiver.port, listener.metrics_port), file=sys.stderr)
        stop.wait()
    print("The listener has ended; the same command goes on.")


@app.command(sort_key=4)
def status(
    spool: Path, *, retry_failed: Annotated[bool, Parameter(negative="")] = False
) -> Outcome:
    """List the studies of a listener's spool, by pseudonym.

    Parameters
    ----------
    spool
        Folder of the listener; it may be running.
    retry_failed
        Begin anew with studies that were parked.
    """
    import time

    from remnant.pacs.queue import StudyQueue
    from remnant.pacs.spool import QUEUE

    if not (spool / QUEUE).is_file():
        raise InputError(f"{spool} is no spool of `remnant pacs listen`; name its folder")
    queue = StudyQueue(spool / QUEUE)
    try:
        again = queue.retry_failed(time.time()) if retry_failed else 0
        lines = queue.lines()
    finally:
        queue.close()
    for line in lines:
        told = f"{_counted(line.objects)}, revision {line.revision}, attempt {line.attempts}"
        why = f": {line.reason}" if line.reason else ""
        print(f"{line.key}  {line.state:<9}  {told}{why}")
    anew = f"; {again} begun anew" if retry_failed else ""
    print(f"{_counted(len(lines), 'study', 'studies')}{anew}")
    studies = [
        {"study": one.key, "state": one.state.value, "objects": one.objects,
         "revision": one.revision, "attempts": one.attempts, "reason": one.reason}
        for one in lines
    ]  # fmt: skip
    return told_outcome({"studies": studies})


def commands_of(run_options: str) -> tuple[tuple[str, ...], ...]:
    """Return the programs that make results of a study.

    >>> [command[3:] for command in commands_of("--quality fast")]
    [('run', '{study}', '-o', '{case}', '--quality', 'fast'), ('export', '{case}', '--to', 'dicom')]

    Raises
    ------
    InputError
        The options cannot be taken apart, or hold braces.
    """
    try:
        options = shlex.split(run_options)
    except ValueError as fault:
        raise InputError(f"--run-options cannot be taken apart: {fault}") from None
    if {"{", "}"} & set(run_options):
        raise InputError("--run-options holds { or }; allowed are options of `remnant run`")
    remnant = (sys.executable, "-m", "remnant")
    run = (*remnant, "run", "{study}", "-o", "{case}", *options)
    return run, (*remnant, "export", "{case}", "--to", "dicom")


def _counted(number: int, one: str = "object", several: str = "objects") -> str:
    return f"{number} {one if number == 1 else several}"


def _require_limits(limits: LimitOptions, workers: int, time_limit: float) -> None:
    wholes = {
        "--workers": workers,
        "--most-object-mib": limits.most_object_mib,
        "--most-associations": limits.most_associations,
    }
    for option, number in wholes.items():
        if number < 1:
            raise InputError(f"{option} got {number}; allowed are 1 and more")
    for option, size in {"--time-limit": time_limit, "--keep-days": limits.keep_days}.items():
        if not 0 < size < float("inf"):
            raise InputError(f"{option} got {size:g}; allowed are numbers above 0")
    if not 0 <= limits.least_free_gib < float("inf"):
        raise InputError(f"--least-free-gib got {limits.least_free_gib:g}; allowed are 0 and more")


def _receiving(
    titles: tuple[str, ...],
    peers: tuple[str, ...],
    *,
    title: str,
    there: tuple[str, int],
    limits: LimitOptions,
    tls: "TlsFiles",
) -> "ReceivingSettings":
    from remnant.pacs.settings import (
        ReceivingLimits,
        ReceivingSettings,
        network_of,
        require_ae_title,
    )

    return ReceivingSettings(
        ae_title=require_ae_title(title, option="--ae-title"),
        host=there[0],
        port=_port(there[1], "--port"),
        allowed_titles=tuple(require_ae_title(one, option="--allow-ae") for one in titles),
        allowed_networks=tuple(network_of(one, option="--allow-peer") for one in peers),
        tls=tls,
        limits=ReceivingLimits(
            most_object_bytes=limits.most_object_mib * MIB,
            least_free_bytes=int(limits.least_free_gib * GIB),
            most_associations=limits.most_associations,
        ),
    )


def _complete_when(
    receiving: "ReceivingSettings", quiet_s: float, *, on_release: bool
) -> "ReceivingSettings":
    from dataclasses import replace

    if not 0 < quiet_s < float("inf"):
        raise InputError(f"--quiet-seconds got {quiet_s}; allowed are seconds above 0")
    return replace(receiving, quiet_s=quiet_s, on_release=on_release)


def _where(settings: "ListenSettings", port: int, metrics_port: int | None) -> str:
    receiving = settings.receiving
    lines = [f"Listening as {receiving.ae_title} on {receiving.host}:{port}."]
    if metrics_port is not None:
        lines.append(f"Figures: http://127.0.0.1:{metrics_port}/metrics, /health.")
    return "\n".join([*lines, "Ctrl-C ends it. Research use only."])


def _port(port: int, option: str) -> int:
    if not 0 <= port <= MOST_PORT:
        raise InputError(f"{option} got {port}; allowed are 0 to {MOST_PORT}")
    return port


def _require_packages() -> None:
    require_extra(
        "pacs", "a node of the PACS needs", "pynetdicom", "dicomweb_client", "prometheus_client"
    )
