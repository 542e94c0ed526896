"""Objects on their way to a target, one by one, each with what became of it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from pydicom.dataset import Dataset
from pynetdicom import AE, _config
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind

from remnant.core.errors import InputError, UnreadableFileError
from remnant.pacs.contexts import pairs
from remnant.pacs.heads import Head, read_head
from remnant.pacs.logs import silence_libraries
from remnant.pacs.outcomes import STORED, Sent, SentKind, UnreachableError
from remnant.pacs.settings import DicomPeer, SendingSettings
from remnant.pacs.tls import client_context
from remnant.wording import pacs as words

SUCCESS: Final = 0x0000
WARNINGS: Final = range(0xB000, 0xC000)
PENDING: Final = (0xFF00, 0xFF01)
MOST_CONTEXTS: Final = 127
MOST_PDU_BYTES: Final = 256 * 1024


class Channel(Protocol):
    """A connection that is open."""

    def store(self, file: Path, head: Head) -> Sent:
        """Send an object."""

    def holds(self, head: Head) -> bool | None:
        """Whether the target has an object; ``None`` where it does not say."""


@contextmanager
def open_channel(settings: SendingSettings, heads: Iterable[Head]) -> Iterator[Channel]:
    """Connect to the target.

    Parameters
    ----------
    settings
        With a target.
    heads
        What is to be sent.

    Raises
    ------
    UnreachableError
        It cannot be reached, or refuses.
    """
    silence_libraries()
    if isinstance(settings.target, DicomPeer):
        with _associated(settings, settings.target, heads) as channel:
            yield channel
    else:
        from remnant.pacs.dicomweb import WebChannel

        yield WebChannel(settings)


@contextmanager
def _associated(
    settings: SendingSettings, target: DicomPeer, heads: Iterable[Head]
) -> Iterator[Channel]:
    _config.STORE_SEND_CHUNKED_DATASET = True
    kinds = pairs((head.sop_class_uid, head.transfer_syntax_uid) for head in heads)
    wanted = [*kinds[:MOST_CONTEXTS], build_context(StudyRootFind)]
    application = node(settings)
    context = client_context(settings.tls)
    association = application.associate(
        target.host,
        target.port,
        wanted,
        ae_title=target.ae_title,
        max_pdu=MOST_PDU_BYTES,
        tls_args=None if context is None else (context, target.host),
    )
    if not association.is_established:
        raise UnreachableError(words.UNREACHABLE)
    try:
        yield _DicomChannel(association)
    finally:
        if association.is_established:
            association.release()


def node(settings: SendingSettings) -> AE:
    """Return an application that calls others."""
    application = AE(ae_title=settings.ae_title)
    application.connection_timeout = settings.timeout_s
    application.acse_timeout = settings.timeout_s
    application.dimse_timeout = settings.timeout_s
    application.network_timeout = settings.timeout_s
    return application


class _DicomChannel:
    """An association.

    Parameters
    ----------
    association
        Established.
    """

    def __init__(self, association: Any) -> None:  # noqa: ANN401  (pynetdicom has no types)
        self._association = association

    def store(self, file: Path, head: Head) -> Sent:
        """Send an object as its file has it."""
        del head
        if not self._association.is_established:
            raise UnreachableError(words.UNREACHABLE)
        try:
            answer = self._association.send_c_store(file)
        except ValueError:
            return Sent(kind=SentKind.REFUSED, reason=words.NO_CONTEXT)
        except (OSError, RuntimeError):
            return Sent(kind=SentKind.UNSURE, reason=words.NO_ANSWER)
        return _told(answer)

    def holds(self, head: Head) -> bool | None:
        """Ask for an object by its identifiers."""
        asked = Dataset()
        asked.QueryRetrieveLevel = "IMAGE"
        asked.StudyInstanceUID = head.study_uid
        asked.SeriesInstanceUID = head.series_uid
        asked.SOPInstanceUID = head.sop_instance_uid
        try:
            answers = list(self._association.send_c_find(asked, StudyRootFind))
        except (ValueError, RuntimeError):
            return None
        found = [one for status, one in answers if status.get("Status") in PENDING and one]
        if any(one.get("SOPInstanceUID") == head.sop_instance_uid for one in found):
            return True
        is_whole = bool(answers) and answers[-1][0].get("Status") == SUCCESS
        return False if is_whole else None


def _told(answer: Dataset) -> Sent:
    status = answer.get("Status")
    if status is None:
        return Sent(kind=SentKind.UNSURE, reason=words.NO_ANSWER)
    if status == SUCCESS or status in WARNINGS:
        return STORED
    return Sent(kind=SentKind.REFUSED, reason=words.REFUSED.format(status=status))


def files_below(paths: Iterable[Path]) -> list[Path]:
    """Return files, and all files below folders, in order.

    Raises
    ------
    InputError
        One does not exist, or there is none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} does not exist; name DICOM files or folders of them")
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if not found:
        raise InputError("there is no file in what was named; name DICOM files or folders of them")
    return found


def send_files(
    files: Iterable[Path],
    settings: SendingSettings,
    *,
    tries: int = 3,
    pause: Callable[[float], None] = time.sleep,
) -> dict[Path, Sent]:
    """Send files; what does not arrive is tried again, later each time.

    What may have arrived, though nobody answered, is asked for before it is sent again.

    Parameters
    ----------
    files
        DICOM files.
    settings
        To whom, and how long to wait.
    tries
        How often at most.
    pause
        Waits so many seconds.

    Returns
    -------
    dict
        What became of each file.
    """
    outcomes: dict[Path, Sent] = {}
    heads: dict[Path, Head] = {}
    for file in files:
        try:
            heads[file] = read_head(file)
            outcomes[file] = Sent(kind=SentKind.UNREACHED, reason=words.UNREACHABLE)
        except (UnreadableFileError, OSError):
            outcomes[file] = Sent(kind=SentKind.REFUSED, reason=words.UNREADABLE)
    for attempt in range(1, tries + 1):
        left = {f: h for f, h in heads.items() if outcomes[f].kind is not SentKind.STORED}
        if left:
            _try_all(left, outcomes, settings)
        if all(outcomes[file].kind is SentKind.STORED for file in heads) or attempt == tries:
            break
        pause(settings.wait_s(attempt))
    return outcomes


def _try_all(
    left: Mapping[Path, Head], outcomes: dict[Path, Sent], settings: SendingSettings
) -> None:
    try:
        with open_channel(settings, left.values()) as channel:
            for file, head in left.items():
                unsure = outcomes[file].kind is SentKind.UNSURE
                if unsure and channel.holds(head):
                    outcomes[file] = Sent(kind=SentKind.STORED, reason=words.THERE)
                else:
                    outcomes[file] = channel.store(file, head)
    except UnreachableError:
        return
