"""Targets and sources that speak DICOMweb."""

from pathlib import Path
from typing import Any, Final

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset

from remnant.pacs.heads import Head
from remnant.pacs.outcomes import STORED, Sent, SentKind, UnreachableError
from remnant.pacs.settings import SendingSettings, TlsFiles, WebPeer
from remnant.wording import pacs as words

CONFLICT: Final = 409
MAY_HAVE_ARRIVED: Final = (500, 502, 504)
BUSY: Final = (408, 429, 503)


def web_client(peer: WebPeer, tls: TlsFiles, timeout_s: float) -> DICOMwebClient:
    """Return a client that asks once: whoever calls knows whether to ask again."""
    session = requests.Session()
    if tls.authorities is not None:
        session.verify = str(tls.authorities)
    if tls.certificate is not None:
        session.cert = (str(tls.certificate), str(tls.key))
    client = DICOMwebClient(peer.url, session=session, timeout=timeout_s)
    client.set_http_retry_params(retry=False)
    return client


class WebChannel:
    """A DICOMweb server that takes objects (STOW-RS) and is asked for them (QIDO-RS).

    Parameters
    ----------
    settings
        With such a server as the target.
    """

    def __init__(self, settings: SendingSettings) -> None:
        assert isinstance(settings.target, WebPeer)  # noqa: S101
        self._client = web_client(settings.target, settings.tls, settings.timeout_s)

    def store(self, file: Path, head: Head) -> Sent:
        """Send an object.

        Raises
        ------
        UnreachableError
            The server cannot be reached.
        """
        try:
            answer = self._client.store_instances([dcmread(file)])
        except requests.HTTPError as fault:
            return _of_status(0 if fault.response is None else fault.response.status_code)
        except requests.ConnectTimeout as fault:
            raise UnreachableError(words.UNREACHABLE) from fault
        except requests.ConnectionError as fault:
            if "NewConnectionError" in repr(fault):
                raise UnreachableError(words.UNREACHABLE) from fault
            return Sent(kind=SentKind.UNSURE, reason=words.NO_ANSWER)
        except requests.RequestException:
            return Sent(kind=SentKind.UNSURE, reason=words.NO_ANSWER)
        if _is_among(answer.get("FailedSOPSequence"), head):
            return Sent(kind=SentKind.REFUSED, reason=words.REFUSED_WEB.format(status=CONFLICT))
        return STORED

    def holds(self, head: Head) -> bool | None:
        """Ask for an object by its identifiers."""
        try:
            found = self._client.search_for_instances(
                head.study_uid,
                head.series_uid,
                search_filters={"SOPInstanceUID": head.sop_instance_uid},
            )
        except requests.RequestException:
            return None
        return any(
            Dataset.from_json(one).get("SOPInstanceUID") == head.sop_instance_uid for one in found
        )


def _of_status(status: int) -> Sent:
    if status in BUSY:
        raise UnreachableError(words.UNREACHABLE)
    kind = SentKind.UNSURE if status in MAY_HAVE_ARRIVED else SentKind.REFUSED
    return Sent(kind=kind, reason=words.REFUSED_WEB.format(status=status))


def _is_among(failed: Any, head: Head) -> bool:  # noqa: ANN401  (a sequence, or nothing)
    return any(
        item.get("ReferencedSOPInstanceUID") == head.sop_instance_uid for item in failed or ()
    )
