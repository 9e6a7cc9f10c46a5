"""What the gateway shows itself: an app that starts, has ended, is not for this visitor, or has no page.

One document without a script; the page of a starting app asks for itself again every second.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Scope, Send

from planes.data_plane.services.runs.endings import CANCELLED, why_ended
from planes.domain.errors import NotAuthenticated, PlaneError
from planes.server.errors import error_response, render_error
from planes.server.page_document import Ways, page
from planes.server.page_parts import link
from planes.server.page_parts import status as said
from planes.storage.types import Row

_SIGN_IN = "Open it from your terminal: press o on the job in dlthub-tui, or run dlthub serve with the job's name."


def starting(scope: Scope, name: str) -> Response:
    """The app does not answer yet."""
    text = f"{name} is starting. This page opens it as soon as it answers."
    if not wants_page(scope):
        return error_response(503, "app_starting", text, headers={"retry-after": "1"})
    return _page("Starting…", text, status=503, reloads=True)


def ended(scope: Scope, run: Row | None = None, page_of_run: str = "") -> Response:
    """There is no such app, or its run is over: what became of it, where the visitor may know."""
    if run is None or run["outcome"] is None:
        text, more = "This app is not running. Start its job again to open it.", ""
    else:
        why = why_ended(run)
        became = "was cancelled" if run["outcome"] == CANCELLED else run["outcome"]
        ending = f"its run {run['number']} {became}{': ' * bool(why)}{why}"
        text = f"{run['job_ref']} is not running: {ending}. Start its job again to open it."
        more = f"<p>{link(page_of_run, 'What it said until then')}</p>"
    if not wants_page(scope):
        return error_response(404, "app_not_running", text)
    return _page("Not running", text, status=404, more=more)


def refused(scope: Scope, error: PlaneError) -> Response:
    """The visitor may not see it."""
    answer = render_error(error)
    if not wants_page(scope):
        return answer
    if isinstance(error, NotAuthenticated):
        return _page("Sign in to open this app", f"{error.detail} {_SIGN_IN}", status=answer.status_code)
    return _page("That did not work", error.detail, status=answer.status_code)


class UnlessMissing:
    """Passes an app's answer on, unless it is that there is nothing there: `is_missing`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_missing = False

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.is_missing = message["status"] == HTTPStatus.NOT_FOUND
        if not self.is_missing:
            await self._send(message)


def tools(origin: str, name: str) -> Response:
    """A server of tools has no page of its own; a browser that was led to it is told who it is for."""
    text = (
        f"{name} runs. It serves tools to MCP clients, which reach it at {origin}/mcp unless the job says otherwise, "
        "with a token of this workspace as `Authorization: Bearer …`."
    )
    return _page("Tools for MCP clients", text, status=200)


def wants_page(scope: Scope) -> bool:
    """Whether a person looks at the answer."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope.get("method") in {"GET", "HEAD"} and b"text/html" in accepted


def _page(title: str, text: str, *, status: int, reloads: bool = False, more: str = "") -> HTMLResponse:
    return page(title, said(text) + more, status=status, ways=Ways(has_forms=False, reloads=reloads))
