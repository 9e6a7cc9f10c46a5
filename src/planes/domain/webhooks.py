"""Who may call a webhook: a bearer, a signature of Standard Webhooks, or one as GitHub makes it. Pure; constant time.

Standard Webhooks: HMAC-SHA256 over `ID.TIMESTAMP.BODY`, base64, behind `v1,`; a secret `whsec_…` is base64. GitHub:
`sha256=` and the hex of HMAC-SHA256 over the body, keyed with the secret's text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

MOST_BODY_BYTES = 1024 * 1024
MOST_CALLS_A_MINUTE = 120
MOST_WAITING = 1_000
REPLAY_SECONDS = 300
"""A signed call may be as much older or newer than now; within that each id is taken once."""

KEPT_CALLS = 1_000
KEPT_DAYS = 30
PREFIX = "whsec_"

_KEPT_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp")
_MOST_SIGNATURES = 5
_MOST_HEADERS = 40
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret, and the one before it until then."""

    present: str = field(repr=False)
    before: str | None = field(default=None, repr=False)
    before_until: datetime | None = None

    def good_at(self, now: datetime) -> list[str]:
        """Those that open the webhook."""
        is_kept = self.before is not None and self.before_until is not None and now < self.before_until
        return [self.present, *([self.before] if is_kept and self.before else [])]


def is_bearer(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether the caller shows a secret itself."""
    kind, _, shown = headers.get("authorization", "").partition(" ")
    matches = [hmac.compare_digest(shown.strip().encode(), secret.encode()) for secret in secrets]
    return kind.lower() == "bearer" and any(matches)


def is_signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether this very body was signed with a secret, now."""
    if "webhook-signature" in headers:
        # both, always, so that the time tells nothing
        return all([_is_standard(headers, body, secrets), not _standard_fault(headers, now)])
    given = headers.get("x-hub-signature-256", "")
    made = [f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}" for secret in secrets]
    # all of them are compared, so that the time tells nothing
    matches = [hmac.compare_digest(given.encode(), each.encode()) for each in made]
    return any(matches)


def fault_of(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str:
    """Why a call that a secret has signed is refused all the same, for its sender; empty for everybody else."""
    is_ours = "webhook-signature" in headers and _is_standard(headers, body, secrets)
    return _standard_fault(headers, now) if is_ours else ""


def may_be_signed(headers: Mapping[str, str]) -> bool:
    """Whether there is a signature at all, so that the body is worth reading."""
    return "webhook-signature" in headers or "x-hub-signature-256" in headers


def repeats_of(headers: Mapping[str, str], fallback: str, *, is_bearer: bool) -> str:
    """The same for a call that is sent again, `fallback` where nothing tells.

    Who shows the secret says by an id which call it is. Of a signed call only what is signed counts: whoever has seen
    one of GitHub's may send it again under any delivery id.
    """
    names = ("webhook-id", "x-github-delivery", "idempotency-key") if is_bearer else ("x-hub-signature-256",)
    if not is_bearer and "webhook-signature" in headers:
        names = ("webhook-id",)
    for name in names:
        if headers.get(name):
            return hashlib.sha256(f"{name}:{headers[name]}".encode()).hexdigest()
    return hashlib.sha256(fallback.encode()).hexdigest()


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What a job is told of the request: no credential, no signature, no cookie."""
    kept = {
        name: value
        for name, value in headers.items()
        if (name in _KEPT_HEADERS or name.startswith("x-")) and "signature" not in name and "token" not in name
        and "secret" not in name and "auth" not in name and not name.startswith("x-forwarded") and len(value) <= 1024
    }  # fmt: skip
    return dict(sorted(kept.items())[:_MOST_HEADERS])


def _is_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> bool:
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    made = [b"v1," + base64.b64encode(hmac.digest(_key_of(secret), signed, "sha256")) for secret in secrets]
    given = headers["webhook-signature"].split()[:_MOST_SIGNATURES]
    matches = [hmac.compare_digest(each.encode(), expected) for each in given for expected in made]
    return any(matches)


def _standard_fault(headers: Mapping[str, str], now: datetime) -> str:
    call_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    # What is signed is divided by dots: with one in the id, parts of the body could be taken for the id and the time.
    if not call_id or "." in call_id:
        return "its webhook-id is missing or holds a dot"
    if not (at.isascii() and at.isdecimal()) or len(at) > _MOST_DIGITS:
        return "its webhook-timestamp is no number of seconds since 1970"
    seconds = int(at) - int(now.timestamp())
    if abs(seconds) > REPLAY_SECONDS:
        side = "behind" if seconds < 0 else "ahead of"
        return (
            f"its webhook-timestamp is {abs(seconds)} s {side} this region's clock, and {REPLAY_SECONDS} are allowed: "
            "sign each try anew, and see that both clocks are right"
        )
    return ""


def _key_of(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()
