"""The one table from error class to HTTP answer, and the handlers that apply it (Contract: 1.2, Security: 9).

Every error answers `{status_code, code, detail, extra}`. Validation errors carry where and which rule, never the
rejected input.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from planes.domain import errors
from planes.storage.errors import AlreadyThere, StorageError

_log = structlog.get_logger("planes.server")

STATUS: dict[type[errors.PlaneError], int] = {
    errors.InvalidRequest: 400,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.Misdirected: 421,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

_CODES = {
    400: "bad_request", 401: "not_authenticated", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
    413: "too_large", 415: "unsupported_media_type",
}  # fmt: skip

_NOT_SAID_TO_BE_JSON = "Send it as JSON, with the header Content-Type: application/json"


def error_response(
    status: int, code: str | None, detail: str, extra: Any = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The error body of every service."""
    body = {"status_code": status, "code": code, "detail": detail, "extra": extra}
    return JSONResponse(body, status_code=status, headers=headers)


def render_error(error: errors.PlaneError) -> JSONResponse:
    """The answer for one of our own errors."""
    status = next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)
    if status == 413 and error.code == "too_large":
        # The client knows exactly this body of an upload (Contract: D.9).
        return JSONResponse({"status_code": 413, "detail": "Request Entity Too Large"}, status_code=413)
    extra = [{"key": reason.key, "message": reason.message} for reason in error.reasons] or None
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return error_response(status, error.code, error.detail, extra, headers)


def validation_reasons(raw: Sequence[Any]) -> list[dict[str, str]]:
    """Location and rule of each validation error; never `input` or `ctx`, which hold what was rejected."""
    return [
        {"key": ".".join(str(part) for part in error["loc"] if part != "body") or "body", "message": str(error["msg"])}
        for error in raw
    ]


def _methods_of(request: Request, but: str | None = None) -> set[str]:
    """The methods of every route at this path; the router names those of the first one only.

    Where a route is for this very word (`/-issue-upload`), it is no id to the routes that take one there.
    `but` leaves out a template. What is left when a bad id was asked for are the methods of a verb (`/-cancel`), which
    the router took for an id because it was asked by another method.
    """
    path: str = request.scope["path"]
    at_path: dict[str, set[str]] = {}
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and route.path != but and _pattern(route.path).match(path):
            at_path.setdefault(route.path, set()).update(route.methods or ())
    word = path.rpartition("/")[2]
    of_word = [methods for template, methods in at_path.items() if template.rpartition("/")[2] == word]
    return set[str]().union(*(of_word or at_path.values()))


@lru_cache(maxsize=1000)
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


def install_error_handlers(app: FastAPI) -> None:
    """Makes every failure of the app answer with the error body."""

    async def on_plane_error(_request: Request, exc: Exception) -> Response:
        assert isinstance(exc, errors.PlaneError)
        return render_error(exc)

    async def on_validation_error(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)
        if any(error["loc"][0] == "path" for error in exc.errors()):
            methods = _methods_of(request, but=getattr(request.scope.get("route"), "path", None))
            if methods:
                allow = {"Allow": ", ".join(sorted(methods))}
                return error_response(405, _CODES[405], "Method Not Allowed", headers=allow)
        detail = "The request breaks a rule."
        if isinstance(exc.body, bytes):  # which is what the framework leaves of a body that does not say it is JSON
            return error_response(400, "invalid_request", detail, [{"key": "body", "message": _NOT_SAID_TO_BE_JSON}])
        return error_response(400, "invalid_request", detail, validation_reasons(exc.errors()))

    async def on_http_error(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        if exc.status_code == 413:
            return render_error(errors.TooLarge("too_large", ""))
        detail = HTTPStatus(exc.status_code).phrase
        headers = dict(exc.headers or {})
        if exc.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods_of(request)))
        return error_response(exc.status_code, _CODES.get(exc.status_code), detail, headers=headers)

    async def on_storage_error(request: Request, exc: Exception) -> Response:
        if isinstance(exc, AlreadyThere):  # a route that does not expect it is what is wrong
            return await on_crash(request, exc)
        route = getattr(request.scope.get("route"), "path", "?")
        _log.error("storage failed", method=request.method, route=route, exc_info=exc)
        detail = (
            "The storage of this plane does not answer as it should. Try again later. "
            "If it goes on: whoever runs the platform finds the cause in its service log."
        )
        return error_response(503, "storage_unavailable", detail)

    async def on_system_error(_request: Request, exc: Exception) -> Response:
        """A disk that is full is nobody's defect, wherever it is met: also before a storage has it."""
        assert isinstance(exc, OSError)
        if exc.errno in errors.NO_ROOM:
            return render_error(errors.StorageFull("storage_full", "The plane has no room left."))
        raise exc

    async def on_crash(request: Request, exc: Exception) -> Response:
        route = getattr(request.scope.get("route"), "path", "?")
        _log.error("request failed", method=request.method, route=route, exc_info=exc)
        return error_response(500, "internal_error", "The server failed. Its log says more.")

    app.add_exception_handler(errors.PlaneError, on_plane_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(StorageError, on_storage_error)
    app.add_exception_handler(OSError, on_system_error)
    app.add_exception_handler(Exception, on_crash)
