"""Encryption by choice: TLS 1.2 or later, others held to named authorities."""

import ssl

from remnant.core.errors import InputError
from remnant.pacs.settings import TlsFiles


def server_context(files: TlsFiles) -> ssl.SSLContext | None:
    """Return what a listener encrypts with; ``None`` for none.

    Raises
    ------
    InputError
        It has authorities and no certificate of its own, or a file cannot be used.
    """
    if not files.is_used:
        return None
    if files.certificate is None:
        raise InputError("a listener with TLS needs --tls-cert and --tls-key of its own")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if files.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return _loaded(context, files)


def client_context(files: TlsFiles) -> ssl.SSLContext | None:
    """Return what a sender encrypts with; ``None`` for none.

    Others are held to the authorities, by default the system's, and to the name of their host.

    Raises
    ------
    InputError
        A file cannot be used.
    """
    if not files.is_used:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if files.authorities is None:
        context.load_default_certs()
    return _loaded(context, files)


def _loaded(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
        if files.authorities is not None:
            context.load_verify_locations(files.authorities)
    except (ssl.SSLError, OSError) as fault:
        raise InputError(
            f"a file for TLS cannot be used ({fault.strerror or 'not PEM'}); give certificate, "
            "unencrypted key and authorities in PEM"
        ) from None
    return context
