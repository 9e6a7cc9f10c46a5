"""What names and descriptions may hold before they are stored (Security: 2, 14). Refusals say where, never what."""

from __future__ import annotations

import re

from planes.domain.errors import InvalidRequest, Reason
from planes.scrub import find_hits, refused_in_name
from planes.wire.workspaces import MAXIMUM_NAME

MAXIMUM_DESCRIPTION = 4096
_EMAIL = re.compile(r"[^@\s\"'<>()\[\]\\,;:]{1,64}@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*")


def checked_name(text: str, key: str = "name") -> str:
    """The name without white space around it.

    Raises: InvalidRequest.
    """
    name = text.strip()
    if not name:
        raise _refused(key, "must not be empty")
    _check(name, key, MAXIMUM_NAME)
    return name


def checked_description(text: str | None) -> str | None:
    """The description; None and nothing but white space both mean none.

    Raises: InvalidRequest.
    """
    if text is None or not text.strip():
        return None
    for line in text.strip().splitlines():
        _check(line, "description", MAXIMUM_DESCRIPTION)
    _check_secrets(text, "description")  # as a whole: a key block has many lines
    if len(text.strip()) > MAXIMUM_DESCRIPTION:
        raise _refused("description", f"must be at most {MAXIMUM_DESCRIPTION} characters")
    return "\n".join(text.strip().splitlines())


def checked_email(text: str) -> str:
    """The address in lower case, without white space around it.

    Raises: InvalidRequest.
    """
    email = text.strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None or refused_in_name(email) is not None:
        raise _refused("email", "must be an e-mail address")
    return email


def _check(text: str, key: str, maximum: int) -> None:
    if len(text) > maximum:
        raise _refused(key, f"must be at most {maximum} characters")
    why = refused_in_name(text)
    if why is not None:
        raise _refused(key, f"must not hold a {why}")
    _check_secrets(text, key)


def _check_secrets(text: str, key: str) -> None:
    if any(hit.kind != "name" for hit in find_hits(text)):
        raise _refused(key, "looks like it holds a secret; names are stored outside the region")


def _refused(key: str, message: str) -> InvalidRequest:
    return InvalidRequest("invalid_request", "The request breaks a rule.", (Reason(key=key, message=message),))
