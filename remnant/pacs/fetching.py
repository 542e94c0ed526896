"""Studies from a PACS into a folder: all of what was asked for, or nothing."""

import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as StudyRootGet
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as StudyRootMove

from remnant.core.errors import InputError, RemnantError, UnreadableFileError
from remnant.pacs.bounded import BoundedServer
from remnant.pacs.contexts import FETCHED_SYNTAXES, IMAGES, STORED_CLASSES, SYNTAXES, pairs
from remnant.pacs.heads import read_head
from remnant.pacs.logs import silence_libraries
from remnant.pacs.sending import PENDING, SUCCESS, node
from remnant.pacs.settings import (
    NO_TLS,
    DicomPeer,
    Peer,
    ReceivingLimits,
    ReceivingSettings,
    SendingSettings,
    TlsFiles,
    WebPeer,
)
from remnant.pacs.spool import name_of
from remnant.pacs.tls import client_context, server_context

NOT_UNDERSTOOD: Final = 0xC000
POLL_S: Final = 0.1


class Way(StrEnum):
    """How objects come."""

    GET = "get"
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for.

    Parameters
    ----------
    study_uid, accession, patient_id
        Which study, by one or more of them; it has to be one.
    modalities
        Series of these alone.
    """

    study_uid: str = field(default="", repr=False)
    accession: str = field(default="", repr=False)
    patient_id: str = field(default="", repr=False)
    modalities: tuple[str, ...] = ("CT", "MR")

    def __post_init__(self) -> None:
        """Require something to look for.

        Raises
        ------
        InputError
            Nothing is named, or it stands for several.
        """
        named = (self.study_uid, self.accession, self.patient_id)
        if not any(named) or any("*" in text or "?" in text for text in named):
            raise InputError(
                "name one study: --study UID, --accession NUMBER or --patient-id ID, without * or ?"
            )

    @property
    def filters(self) -> dict[str, str]:
        """What the study is looked for by, by keyword."""
        told = {
            "StudyInstanceUID": self.study_uid,
            "AccessionNumber": self.accession,
            "PatientID": self.patient_id,
        }
        return {name: text for name, text in told.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """From whom, and how.

    Parameters
    ----------
    source
        Whom to ask.
    ae_title
        Own title.
    way
        By C-GET, or by C-MOVE to an own receiver.
    host, port
        Where that receiver listens; the source has to know it under ``ae_title``.
    """

    source: Peer
    ae_title: str = "REMNANT"
    way: Way = Way.GET
    host: str = "127.0.0.1"
    port: int = 11113
    timeout_s: float = 60.0
    tls: TlsFiles = NO_TLS


class FetchFailedError(RemnantError):
    """A PACS could not be reached, or did not give what was asked for."""


def fetch(wanted: Wanted, output: Path, settings: FetchSettings) -> dict[str, int]:
    """Fetch the series of one study into a folder.

    Parameters
    ----------
    wanted
        Which.
    output
        The folder; it must not exist, or be empty.
    settings
        From whom.

    Returns
    -------
    dict
        Objects of each series: pseudonyms are not needed, series are numbered from 1.

    Raises
    ------
    InputError
        The folder holds something, or there is no such study, or several.
    FetchFailedError
        The PACS cannot be reached, or did not give all.
    """
    silence_libraries()
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} holds something already; name a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    staging = output.with_name(f".{secrets.token_hex(4)}.{output.name}")
    staging.mkdir(mode=0o700)
    try:
        take = _from_web if isinstance(settings.source, WebPeer) else _from_dicom
        counts = take(wanted, staging, settings)
        if output.exists():
            output.rmdir()
        staging.replace(output)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return counts


def _one_study(found: list[str]) -> str:
    if len(found) != 1:
        told = "several studies" if found else "no study"
        raise InputError(f"the PACS knows {told} of that kind; name one, best by --study UID")
    return found[0]


def _require_series(found: list[str], wanted: Wanted) -> list[str]:
    if not found:
        raise InputError(
            f"the study has no series of {', '.join(wanted.modalities)}; name others by --modality"
        )
    return found


def _from_web(wanted: Wanted, folder: Path, settings: FetchSettings) -> dict[str, int]:
    import requests

    try:
        return _series_from_web(wanted, folder, settings)
    except requests.RequestException as fault:
        raise FetchFailedError(
            f"the DICOMweb server did not answer as it should ({type(fault).__name__}); is the "
            "address right, as https://pacs.example.org/dicom-web?"
        ) from None


def _series_from_web(wanted: Wanted, folder: Path, settings: FetchSettings) -> dict[str, int]:
    from remnant.pacs.dicomweb import web_client

    assert isinstance(settings.source, WebPeer)  # noqa: S101
    client = web_client(settings.source, settings.tls, settings.timeout_s)
    studies = client.search_for_studies(search_filters=wanted.filters)
    study = _one_study([str(Dataset.from_json(one).StudyInstanceUID) for one in studies])
    described = [Dataset.from_json(one) for one in client.search_for_series(study)]
    series = [str(d.SeriesInstanceUID) for d in described if d.Modality in wanted.modalities]
    counts: dict[str, int] = {}
    there = list(dict.fromkeys(series))
    for number, uid in enumerate(_require_series(there, wanted), start=1):
        counts[f"{number}"] = 0
        # as it is stored: the server need not decode anything
        for each in client.iter_series(study, uid, media_types=(("application/dicom", "*"),)):
            path = folder / name_of(str(each.SOPInstanceUID))
            each.save_as(path, enforce_file_format=True)
            path.chmod(0o600)
            counts[f"{number}"] += 1
    return counts


def _from_dicom(wanted: Wanted, folder: Path, settings: FetchSettings) -> dict[str, int]:
    taker = _Taker(folder)
    with _received_in(folder), _associated(settings, taker) as association:
        study = _one_study(_found(association, "STUDY", wanted.filters, "StudyInstanceUID"))
        series = [
            uid
            for modality in wanted.modalities
            for uid in _found(
                association, "SERIES", {"StudyInstanceUID": study, "Modality": modality},
                "SeriesInstanceUID",
            )
        ]  # fmt: skip
        counts = {}
        # a PACS that does not know the key may name a series once for each kind
        there = list(dict.fromkeys(series))
        for number, uid in enumerate(_require_series(there, wanted), start=1):
            before = taker.taken
            _retrieve(association, study, uid, settings)
            counts[f"{number}"] = taker.taken - before
    if taker.failed:
        raise FetchFailedError(f"{taker.failed} object(s) that came could not be kept")
    return counts


@contextmanager
def _received_in(folder: Path) -> Iterator[None]:
    """Let objects come in pieces, to a folder beside."""
    incoming = folder / "incoming"
    incoming.mkdir(mode=0o700)
    before = tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET
    tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET = str(incoming), True
    try:
        yield
    finally:
        tempfile.tempdir, _config.STORE_RECV_CHUNKED_DATASET = before
        shutil.rmtree(incoming, ignore_errors=True)


class _Taker:
    """Keeps objects that come.

    Parameters
    ----------
    folder
        Where.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.taken = self.failed = 0

    def take(self, event: evt.Event) -> int:
        """Keep one."""
        path = Path(event.dataset_path)
        try:
            head = read_head(path)
            path.replace(self._folder / name_of(head.sop_instance_uid))
        except (UnreadableFileError, OSError):
            self.failed += 1
            return NOT_UNDERSTOOD
        finally:
            file = event.request._dataset_file  # noqa: SLF001
            if file is not None:
                file.close()
            path.unlink(missing_ok=True)
        self.taken += 1
        return SUCCESS


@contextmanager
def _associated(settings: FetchSettings, taker: _Taker) -> Iterator[Any]:
    source = settings.source
    assert isinstance(source, DicomPeer)  # noqa: S101
    sending = SendingSettings(
        ae_title=settings.ae_title, target=source, timeout_s=settings.timeout_s, tls=settings.tls
    )
    context = client_context(settings.tls)
    contexts, roles = _offered(settings.way)
    with _receiver(settings, source, taker):
        association = node(sending).associate(
            source.host, source.port, contexts,
            ae_title=source.ae_title, ext_neg=roles,
            evt_handlers=[(evt.EVT_C_STORE, taker.take)],
            tls_args=None if context is None else (context, source.host),
        )  # fmt: skip
        if not association.is_established:
            raise FetchFailedError(
                f"{source.ae_title}@{source.host}:{source.port} cannot be reached, or refuses "
                f"the association; does it know {settings.ae_title}?"
            )
        try:
            yield association
        finally:
            if association.is_established:
                association.release()


def _offered(way: Way) -> tuple[list[Any], list[SCP_SCU_RoleSelectionNegotiation]]:
    if way is Way.MOVE:
        return [build_context(StudyRootFind), build_context(StudyRootMove)], []
    kinds = pairs((str(kind), str(syntax)) for kind in IMAGES for syntax in FETCHED_SYNTAXES)
    questions = [build_context(StudyRootFind), build_context(StudyRootGet)]
    return questions + kinds, [build_role(str(kind), scp_role=True) for kind in IMAGES]


@contextmanager
def _receiver(settings: FetchSettings, source: DicomPeer, taker: _Taker) -> Iterator[None]:
    """Listen for what a C-MOVE brings; nothing for a C-GET."""
    if settings.way is not Way.MOVE:
        yield
        return
    application = AE(ae_title=settings.ae_title)
    for kind in STORED_CLASSES:
        application.add_supported_context(kind, list(SYNTAXES))
    application.require_called_aet = True
    application.require_calling_aet = [source.ae_title]
    server = _bound(application, settings, source, taker)
    application._servers.append(server)  # noqa: SLF001
    threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()


def _bound(
    application: AE, settings: FetchSettings, source: DicomPeer, taker: _Taker
) -> BoundedServer:
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(source.host, None)}
        server: BoundedServer = application.make_server(
            (settings.host, settings.port),
            evt_handlers=[(evt.EVT_C_STORE, taker.take)],
            ssl_context=server_context(settings.tls),
            server_class=BoundedServer,
            settings=ReceivingSettings(
                allowed_networks=tuple(ip_network(address) for address in sorted(addresses)),
                limits=ReceivingLimits(timeout_s=settings.timeout_s),
            ),
            has_room=lambda: True,
            told=lambda *_, **__: None,
        )
    except OSError as fault:
        raise InputError(
            f"{settings.host}:{settings.port} cannot be listened on: {fault.strerror}; name "
            "another --listen-host or --listen-port"
        ) from fault
    return server


def _found(association: Any, level: str, filters: dict[str, str], key: str) -> list[str]:  # noqa: ANN401
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    setattr(asked, key, "")
    for name, text in filters.items():
        setattr(asked, name, text)
    answers = list(association.send_c_find(asked, StudyRootFind))
    if not answers or answers[-1][0].get("Status") != SUCCESS:
        raise FetchFailedError("the PACS did not answer the search (C-FIND)")
    found = [one for status, one in answers if status.Status in PENDING and one is not None]
    return sorted({str(one.get(key)) for one in found if one.get(key)})


def _retrieve(association: Any, study: str, series: str, settings: FetchSettings) -> None:  # noqa: ANN401
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID, asked.SeriesInstanceUID = study, series
    if settings.way is Way.MOVE:
        answers = association.send_c_move(asked, settings.ae_title, StudyRootMove)
    else:
        answers = association.send_c_get(asked, StudyRootGet)
    last = Dataset()
    for status, _ in answers:
        last = status
    if last.get("Status") != SUCCESS:
        failed = last.get("NumberOfFailedSuboperations", "unknown")
        told = f"0x{last.Status:04X}" if "Status" in last else "none"
        raise FetchFailedError(
            f"the PACS did not give all objects (status {told}, failed: {failed}); "
            "nothing was kept; try --by move"
        )
