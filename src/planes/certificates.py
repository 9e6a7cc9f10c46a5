"""Whom TLS trusts, in one way for every call that leaves a process of the platform or of the terminal app."""

from __future__ import annotations

import ssl
from functools import cache

import httpx

# Of OpenSSL: self-signed (18), self-signed in its chain (19), its issuer is not there (20), nor the first one's (21).
_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})


def trusted() -> ssl.SSLContext:
    """The authorities that come with the HTTP client, and the system's own. To read them takes some milliseconds.

    OpenSSL reads `SSL_CERT_FILE` and `SSL_CERT_DIR` in place of the system's.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@cache
def nobody() -> ssl.SSLContext:
    """Trusts no certificate, and reads none (6 ms): for connections without any."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def find_tls_error(error: BaseException) -> ssl.SSLError | None:
    """What is wrong with the encryption, where that is what broke: the libraries wrap it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def words_of(error: ssl.SSLError) -> str:
    """What is wrong, for people: OpenSSL's own few words, without anything of the other side."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
    return "it does not speak TLS as asked"


def is_of_unknown_authority(error: ssl.SSLError) -> bool:
    """Whether the certificate may be right, but nobody whom TLS trusts here has signed it."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _UNKNOWN_AUTHORITY
