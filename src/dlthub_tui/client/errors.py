"""What can go wrong between the app and a plane, each with what to do next.

ClientError
├── NotReachable        no connection, or it broke
│   ├── UnknownAuthority  a certificate that nobody known here has signed
│   └── ProxyFailed       the proxy that the environment names does not lead there
├── TimedOut            no answer in time
├── Refused             the plane answered and says no
│   ├── BrokenRule      400
│   ├── NotSignedIn     401
│   ├── NotAllowed      403
│   ├── NotFound        404
│   ├── Conflict        409
│   ├── Gone            410
│   ├── TooLarge        413
│   ├── TooMany         429
│   └── PlaneFailed     5xx
│       └── NothingBehind   what stands before the plane reaches none
├── UnexpectedAnswer    an answer this version does not understand
├── WrongOrigin         a request that would carry the session elsewhere
├── UnsafeAddress       plain http beyond loopback
│   └── NoAddress       no address at all
├── NoControlPlane      something else answers at the address
├── SentOn              an answer that names another address
├── PinMismatch         a data plane that is not the one seen before
├── ClocksDiffer        a data plane whose clock is not this machine's
└── PinsDamaged         nobody knows which ones were seen before
"""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = "is not in the form that it must have"


class ClientError(Exception):
    """`what` happened, and what the user `can` do next. Both are sentences for the screen."""

    def __init__(self, what: str, can: str = "Press {link.retry} to ask again.") -> None:
        super().__init__(what)
        self.what = what
        self.can = can

    @property
    def sentence(self) -> str:
        """Both as one line. What a plane says of a field ends without a stop."""
        stop = "" if self.what.endswith((".", "?", "!")) else "."
        return f"{self.what}{stop} {self.can}".strip()


class NotReachable(ClientError):
    """Nothing answers at the address."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"No answer from {address} ({why}).", "Press {link.retry} to try again.")
        self.address = address


class UnknownAuthority(NotReachable):
    """The other side has a certificate whose signer is not known here."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.can = "If you know who signed it: start again with SSL_CERT_FILE naming that authority's file."


class ProxyFailed(NotReachable):
    """The environment names a proxy for the address, by which there is no way there. It may not be its host's fault."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.can = "HTTPS_PROXY and ALL_PROXY name the proxy; hosts that NO_PROXY names are asked without it."


class TimedOut(ClientError):
    """The plane did not answer in time. `was_sent`: it has the request, and may do what that asks for."""

    def __init__(self, address: str, *, was_sent: bool = False) -> None:
        super().__init__(f"{address} did not answer in time.", "Press {link.retry} to try again.")
        self.address = address
        self.was_sent = was_sent


class Refused(ClientError):
    """The plane answered and says no.

    `reasons` are its field reasons, `keys` the fields they name; `code` is its stable name for the refusal.
    """

    next_step = "Press {link.retry} to ask again."

    def __init__(
        self,
        status: int,
        detail: str,
        code: str | None = None,
        reasons: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
    ) -> None:
        said = detail or f"The plane answered {status}."
        super().__init__(" ".join((said, *reasons)), self.next_step)
        self.status = status
        self.detail = said
        self.code = code
        self.reasons = reasons
        self.keys = keys


class BrokenRule(Refused):
    """What was asked for cannot be had like this; the same once more is refused once more."""

    next_step = ""


class NotSignedIn(Refused):
    """The session ended or was never there."""

    next_step = "Sign in to go on."


class NotAllowed(Refused):
    """The role does not allow it."""

    next_step = "Ask an owner of the workspace."


class NotFound(Refused):
    """It is not there, or not for you."""

    next_step = "Press {nav.back} to go back."


class Conflict(Refused):
    """Something else is in the way; nothing changed."""

    next_step = "Nothing changed."


class Gone(Refused):
    """It was there and was removed, as logs of old runs are."""

    next_step = "Its facts are above."


class TooLarge(Refused):
    """The plane does not take that much."""

    next_step = "Nothing changed. Leave large files out by .gitignore."


class TooMany(Refused):
    """Too many tries."""

    next_step = "Wait a minute, then try again."


class PlaneFailed(Refused):
    """The plane failed; its own log says more."""

    next_step = "Press {link.retry} to ask again; the plane's log says more."


class NothingBehind(PlaneFailed):
    """A proxy in front of the plane answered in its place."""

    next_step = "Press {link.retry} to ask again."


class UnexpectedAnswer(ClientError):
    """An answer this version does not understand."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The plane answered something unknown: {what}.", "Is it a newer version?")


class WrongOrigin(ClientError):
    """A request that would carry the session to another origin."""

    def __init__(self, origin: str, other: str) -> None:
        super().__init__(f"This session belongs to {origin}, not to {other}. Nothing was sent.", "")


class UnsafeAddress(ClientError):
    """Plain http beyond loopback."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is plain http and not on this machine. Nothing was sent.", "Use https.")


class NoAddress(UnsafeAddress):
    """Neither https nor http, or no host."""

    def __init__(self, address: str) -> None:
        ClientError.__init__(
            self,
            f'"{address}" is no address of a control plane. Nothing was sent.',
            "It begins with https://, or with http:// on this machine.",
        )


class NoControlPlane(ClientError):
    """Something answers at the address that is no control plane."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"What answers at {address} is no control plane. Nobody was signed in.",
            "Regions have addresses of their own; dlthub-tui doctor, on its machine, says which is whose.",
        )


class SentOn(ClientError):
    """An answer that names another address, which is not followed: the session is for this one."""

    def __init__(self, address: str, other: str) -> None:
        if other == address:
            where, can = (
                "another page of its own, as a sign-in in front of it does",
                "Ask its operator for a way past it.",
            )
        else:
            where, can = other, "Give that address, if it is the one you mean."
        super().__init__(f"{address} sends on to {where}. Nothing was sent there.", can)


class PinMismatch(ClientError):
    """A data plane whose identity is not the one seen before."""

    def __init__(self, dataplane_id: str, why: str, can: str = "Ask its operator.") -> None:
        super().__init__(f"This is not the {dataplane_id} seen before: {why}. Nothing was sent.", can)
        self.dataplane_id = dataplane_id


class ClocksDiffer(ClientError):
    """A data plane's answer to this very question had run out when it came: one of the two clocks is wrong."""

    def __init__(self, dataplane_id: str, ahead: timedelta) -> None:
        super().__init__(
            f"This machine's clock is {_span(ahead)} ahead of {dataplane_id}'s: one of the two is wrong. "
            "Nothing was sent.",
            "Set this machine's by a time server; if it is right, ask the region's operator to set theirs.",
        )
        self.dataplane_id = dataplane_id


def _span(lasting: timedelta) -> str:
    minutes = round(lasting.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{lasting.days:,} days"


class PinsDamaged(ClientError):
    """What is known of data planes cannot be read, so none can be recognised."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The file that says which data planes were seen before is damaged: {path}. Nothing was sent.",
            "Restore it, or remove it and compare the six words of each region with its operator again.",
        )


CLASS_OF_STATUS: dict[int, type[Refused]] = {
    400: BrokenRule, 401: NotSignedIn, 403: NotAllowed, 404: NotFound, 409: Conflict, 410: Gone, 413: TooLarge,
    429: TooMany,
}  # fmt: skip


# What no owner of a workspace can give, and what the plane's own words say already.
_CAN = {
    "sign_in_required": "Sign in by a code.", "administrator_only": "Ask who administers it.", "too_many_tries": "",
    "too_many_streams": "", "too_many_searches": "", "too_many_tests": "Wait an hour, then try again.",
}  # fmt: skip


def refusal(status: int, body: object) -> Refused:
    """The error of an answer's status and error body (Contract: 1.2)."""
    fields: dict[object, object] = body if isinstance(body, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON
    detail, code = fields.get("detail"), fields.get("code")
    cls = CLASS_OF_STATUS.get(status, PlaneFailed if status >= 500 else Refused)
    named = _reasons(fields)
    reasons = tuple(f"{key}: {message}" if key else message for key, message in named)
    keys = tuple(key for key, _message in named if key)
    said = detail if isinstance(detail, str) else ""
    found = cls(status, said, code if isinstance(code, str) else None, reasons, keys)
    found.can = _CAN.get(found.code or "", found.can)
    return found


def in_words(reason: str) -> str:
    """What a rule for programs says to people: a pattern says nothing to them."""
    said = re.sub(r"\b(Input|String|Value|List) should ", "must ", reason, count=1)
    return re.sub(r"must match pattern .*", _FORM, said, flags=re.DOTALL)


def _reasons(fields: dict[object, object]) -> list[tuple[str, str]]:
    """Each with the field that it names, where it names one."""
    extra = fields.get("extra")
    if isinstance(extra, dict):
        extra = extra.get("reasons")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    if not isinstance(extra, list):
        return []
    found: list[tuple[str, str]] = []
    for item in extra:  # pyright: ignore[reportUnknownVariableType] - JSON
        if isinstance(item, str):
            found.append(("", item))
        elif isinstance(item, dict):
            message = item.get("message") or item.get("detail")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
            key = item.get("key")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
            if isinstance(message, str):
                found.append((key if isinstance(key, str) else "", message))
    return found
