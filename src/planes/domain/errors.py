"""What can go wrong, in the words of the product.

    PlaneError
    ├── InvalidRequest        400  the request breaks a rule; `reasons` say which
    ├── NotAuthenticated      401  no usable credential
    ├── NotAllowed            403  a credential without the grant
    ├── NotFound              404  not there, or not for this caller: both look alike
    ├── Conflict              409  right request, wrong moment
    ├── Gone                  410  it was there, and was removed
    ├── TooLarge              413  more bytes than the route takes
    ├── Misdirected           421  a Host that is not ours
    ├── TooManyRequests       429  throttled
    ├── Unavailable           503  a part that is needed does not answer
    └── StorageFull           507  no room left

`planes.server.errors` maps each class to its status and body (Contract: 1.2).
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One broken rule: where (`key`, dotted path) and what. Never holds the rejected value."""

    key: str
    message: str


class PlaneError(Exception):
    """A refusal that the caller can read: a stable `code` and a sentence that says what to do."""

    def __init__(self, code: str, detail: str, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.reasons = reasons


class InvalidRequest(PlaneError):
    """The request breaks a rule."""


class NotAuthenticated(PlaneError):
    """No credential, or one that is unknown, expired, revoked or for somebody else."""


class NotAllowed(PlaneError):
    """The caller is known and may not do this."""


class NotFound(PlaneError):
    """The thing is not there, or the caller may not know that it is."""


class Conflict(PlaneError):
    """The state of things forbids it now."""


class Gone(PlaneError):
    """It was there, and was removed for good: the words say when and why."""


class TooLarge(PlaneError):
    """More bytes than this route takes."""


class Misdirected(PlaneError):
    """The request names a host that is not this server's."""


class TooManyRequests(PlaneError):
    """The caller has to wait."""


class Unavailable(PlaneError):
    """A part that is needed does not answer now; the same request may work later."""


class StorageFull(PlaneError):
    """The plane has no room left."""


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where a disk, or who writes on it, has no room left."""
