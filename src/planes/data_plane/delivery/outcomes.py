"""What became of one try to deliver. Never the receiver's own words: they may hold anything."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

from planes.certificates import find_tls_error


class Verdict(StrEnum):
    """Whether to go on."""

    DELIVERED = "delivered"
    AGAIN = "again"
    """It may work later."""
    REFUSED = "refused"
    """It will not work however often it is tried."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` is a word of ours, `status` the receiver's number (HTTP or SMTP), if it gave one."""

    verdict: Verdict
    code: str
    status: int | None = None


DELIVERED = Outcome(Verdict.DELIVERED, "delivered")


def code_of_tls(error: BaseException) -> str | None:
    """The word for what is wrong with the encryption, where that is what broke."""
    found = find_tls_error(error)
    if found is None:
        return None
    return "certificate" if isinstance(found, ssl.SSLCertVerificationError) else "tls"
