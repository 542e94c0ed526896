"""Whom a node talks to, and how it works; valid from construction on."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError

MOST_PORT: Final = 65535
LONGEST_AE_TITLE: Final = 16
PEER: Final = re.compile(r"(?P<ae>[^@\\]+)@(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\[\]]+):(?P<port>\d+)")
WEB: Final = ("http://", "https://")
MIB: Final = 1024**2
GIB: Final = 1024**3
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomPeer:
    """An application of another program that is spoken to by DICOM's own protocol.

    Parameters
    ----------
    ae_title
        Its application entity title.
    host, port
        Where it listens.
    """

    ae_title: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPeer:
    """A server that is spoken to by DICOMweb.

    Parameters
    ----------
    url
        Its root, as ``https://pacs.example.org/dicom-web``.
    """

    url: str


Peer = DicomPeer | WebPeer


def peer_of(text: str, *, option: str) -> Peer:
    """Read ``AE_TITLE@HOST:PORT`` or the web address of a DICOMweb server.

    Parameters
    ----------
    text
        What was given.
    option
        The option that gave it.

    Raises
    ------
    InputError
        It is neither.

    Examples
    --------
    >>> peer_of("ORTHANC@127.0.0.1:4242", option="--to")
    DicomPeer(ae_title='ORTHANC', host='127.0.0.1', port=4242)
    >>> peer_of("http://127.0.0.1:8042/dicom-web/", option="--to")
    WebPeer(url='http://127.0.0.1:8042/dicom-web')
    """
    if text.startswith(WEB):
        return WebPeer(url=text.rstrip("/"))
    found = PEER.fullmatch(text.strip())
    if found is None or not 0 < int(found["port"]) <= MOST_PORT:
        raise InputError(
            f"{option} got {text!r}; allowed are AE_TITLE@HOST:PORT, as ORTHANC@127.0.0.1:4242, "
            "and the address of a DICOMweb server, as https://pacs.example.org/dicom-web"
        )
    return DicomPeer(
        ae_title=require_ae_title(found["ae"], option=option),
        host=found["host"].strip("[]"),
        port=int(found["port"]),
    )


def require_ae_title(text: str, *, option: str) -> str:
    """Return an application entity title without the spaces around it.

    Raises
    ------
    InputError
        It is none: empty, longer than 16 characters, or with others than printable ASCII.
    """
    title = text.strip()
    printable = title.isascii() and title.isprintable() and "\\" not in title
    if not (title and printable and len(title) <= LONGEST_AE_TITLE):
        raise InputError(
            f"{option} got the AE title {text!r}; allowed are 1 to {LONGEST_AE_TITLE} printable "
            "ASCII characters without a backslash"
        )
    return title


def network_of(text: str, *, option: str) -> Network:
    """Read an address, or a network such as ``10.1.0.0/16``.

    Raises
    ------
    InputError
        It is neither.
    """
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise InputError(
            f"{option} got {text!r}; allowed are addresses and networks, as 10.1.2.3, 10.1.0.0/16"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Files for TLS; none of them is plain DICOM.

    Parameters
    ----------
    certificate, key
        Own certificate chain and its private key, in PEM; both or neither.
    authorities
        Certificates that others are held to, in PEM. A listener with it takes only those who show
        a certificate.
    """

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None

    def __post_init__(self) -> None:
        """Hold the files to what goes together.

        Raises
        ------
        InputError
            Only one of certificate and key is given, or a file is missing.
        """
        if (self.certificate is None) != (self.key is None):
            raise InputError("--tls-cert and --tls-key go together; give both or neither")
        for file in (self.certificate, self.key, self.authorities):
            if file is not None and not file.is_file():
                raise InputError(f"{file} is no file; TLS needs certificates and keys in PEM")

    @property
    def is_used(self) -> bool:
        """Whether anything is encrypted."""
        return self.certificate is not None or self.authorities is not None


NO_TLS: Final = TlsFiles()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingLimits:
    """What senders may do, whoever they are.

    Parameters
    ----------
    most_object_bytes
        Largest object; a larger one is read past, not kept, and refused.
    least_free_bytes
        With less free on the disk of the spool nothing more is taken.
    most_associations
        Associations at once.
    most_pdu_bytes
        Largest piece of an object that is offered and taken.
    timeout_s
        Longest silence, and longest time for one piece.
    """

    most_object_bytes: int = GIB
    least_free_bytes: int = 2 * GIB
    most_associations: int = 8
    most_pdu_bytes: int = MIB
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivingSettings:
    """Where a listener listens, and to whom.

    Parameters
    ----------
    ae_title
        Its own title; others must call it by that.
    host, port
        Where; port 0 picks a free one.
    allowed_titles
        Titles of those who may send.
    allowed_networks
        Addresses of those who may.
    quiet_s
        A study is complete when nothing of it came for so long.
    on_release
        A study is complete as soon as its sender ends the association, too.
    """

    ae_title: str = "REMNANT"
    host: str = "127.0.0.1"
    port: int = 11112
    allowed_titles: tuple[str, ...] = ()
    allowed_networks: tuple[Network, ...] = ()
    quiet_s: float = 60.0
    on_release: bool = False
    tls: TlsFiles = NO_TLS
    limits: ReceivingLimits = ReceivingLimits()

    def allows(self, host: str) -> bool:
        """Whether an address may connect.

        Parameters
        ----------
        host
            An IP address; one of IPv4 written as one of IPv6 is the former.
        """
        address = ip_address(host.partition("%")[0])
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self.allowed_networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSettings:
    """How studies are worked off.

    Parameters
    ----------
    commands
        Programs that make results of a study, one after the other; ``{study}`` and ``{case}``
        stand for the folders of its objects and of its case. Results are ``{case}/dicom/*.dcm``.
    workers
        Studies at once.
    most_attempts
        How often a study is tried before it is parked.
    retry_s
        Seconds before the second attempt, then twice as many each time.
    time_limit_s
        Longest time of one program.
    """

    commands: tuple[tuple[str, ...], ...]
    workers: int = 1
    most_attempts: int = 3
    retry_s: float = 60.0
    time_limit_s: float = 3 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingSettings:
    """How objects are sent.

    Parameters
    ----------
    ae_title
        Own title.
    target
        To whom; ``None`` keeps results in the spool.
    most_refusals
        How often an object that the target refuses is tried.
    retry_s
        Seconds before the next try, twice as many each time, up to ``longest_retry_s``.
    settle_s
        Seconds that an object in doubt is left alone before the target is asked for it.
    timeout_s
        Longest wait for an answer.
    """

    ae_title: str = "REMNANT"
    target: Peer | None = None
    most_refusals: int = 5
    retry_s: float = 5.0
    longest_retry_s: float = 600.0
    settle_s: float = 2.0
    timeout_s: float = 30.0
    tls: TlsFiles = NO_TLS

    def wait_s(self, attempts: int) -> float:
        """Return the seconds before the next try after so many."""
        # 2**16 is beyond every longest wait
        return min(self.longest_retry_s, self.retry_s * 2.0 ** min(max(0, attempts - 1), 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """All that a listener needs.

    Parameters
    ----------
    spool
        Folder for everything that it keeps.
    metrics_port
        Port of figures and health on this machine alone; 0 picks one, ``None`` serves none.
    keep_days
        Days that objects of finished studies stay on disk.
    """

    spool: Path
    receiving: ReceivingSettings
    working: WorkSettings
    sending: SendingSettings
    metrics_port: int | None = None
    keep_days: float = 7.0
