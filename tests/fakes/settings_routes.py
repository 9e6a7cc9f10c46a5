"""What the terminal's fake installation answers about a workspace's settings."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import NOW, stamp

Routes = list[tuple[str, str, Callable[[Request], Coroutine[Any, Any, Response]]]]
ANSWERS: dict[str, dict[str, Any]] = {
    "default-role": {"role": "viewer"},
    "retention": {"keep_versions": 100},
    "scrub-settings": {
        "pii": ["email"], "patterns": [{"name": "customer", "pattern": "CU-[0-9]{6}"}], "allowed": [],
        "known_pii": ["email", "phone"], "version": 3, "updated_at": stamp(NOW), "updated_by": "ana@orchard.example",
    },
}  # fmt: skip


def settings_routes(own_workspace: str) -> Routes:
    """(method, path, handler) of what the settings screen asks."""

    def answered(name: str) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(_request: Request) -> Response:
            return JSONResponse(ANSWERS[name])

        return answer

    return [("GET", f"{own_workspace}/{name}", answered(name)) for name in ANSWERS]
