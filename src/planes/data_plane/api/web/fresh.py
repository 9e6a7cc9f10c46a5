"""Pages that a script asks for again and again: what has not changed is answered 304, neither read nor audited."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request
from starlette.responses import Response

from planes.server.page_document import Ways, page

LIVE = ("/w/-live.js",)


def tag_of(*facts: object) -> str:
    """Changes with any of these facts, which decide what the page shows."""
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


async def fresh_page(
    request: Request, tag: str, title: str, body: Callable[[], Awaitable[str]], scripts: Sequence[str] = LIVE
) -> Response:
    """The page, unless whoever asks has the one of this tag."""
    headers = {"etag": tag, "cache-control": "no-store"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer = page(title, await body(), is_wide=True, ways=Ways(scripts=scripts, has_forms=False))
    answer.headers["etag"] = tag
    return answer
