"""The log of a run as a page of the region's own origin: what web links of the control plane lead to (Security: 11).

    swap code ──► cookie for this one run's page ──► lines, as they come

The page names no other origin; viewers see masks without names, as on every log route.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planes.data_plane.api.authentication import services_of
from planes.data_plane.api.gateway import pages
from planes.data_plane.api.own_lines import lines_for
from planes.data_plane.services.app_visits import COOKIE_SECONDS
from planes.domain.errors import NotAuthenticated, PlaneError
from planes.domain.identifiers import is_uuid
from planes.tokens.claims import Claims

router = APIRouter(prefix="/w", include_in_schema=False)
COOKIE = "planes_log"
_LINES = 2000
_SCRIPT_PATH = "/w/-log.js"
_SCRIPT = """
const shown = document.querySelector("#log"), said = document.querySelector("#said");
const most = 20000;
let next = -2000, waits = 300;
async function look() {
  try {
    const answer = await fetch(`${location.pathname}/-lines?from_line=${next}`, {redirect: "error"});
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status === 200) {
      const log = await answer.json();
      const follows = innerHeight + scrollY >= document.body.scrollHeight - 40;
      for (const line of log.lines) {
        const row = document.createElement("div");
        row.className = line.source;
        row.textContent = line.content || " ";
        shown.append(row);
        next = line.line_num + 1;
      }
      while (shown.childElementCount > most) shown.firstElementChild.remove();
      if (next < 0 && log.total === 0) next = -2000;
      const whole = log.is_sealed && next >= log.total;
      said.textContent = whole ? `${log.total} lines, complete` : `${log.total} lines so far`;
      if (log.lines.length && follows) scrollTo(0, document.body.scrollHeight);
      if (whole) return;
      waits = log.lines.length ? 300 : Math.min(waits * 1.5, 3000);
    }
  } catch {
    waits = 5000;
  }
  setTimeout(look, waits);
}
look();
"""
Part = Annotated[str, Path(max_length=64)]


@router.get("/-log.js")
async def log_script() -> Response:
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(_SCRIPT, media_type="text/javascript", headers=headers)


@router.get("/{workspace_id}/runs/{run_id}")
async def show_log(
    request: Request, workspace_id: Part, run_id: Part, swap: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    try:
        if swap:
            return await _let_in(request, workspace_id, run_id, swap)
        _visitor(request, workspace_id, run_id)
    except PlaneError as exc:
        return pages.refused(request.scope, exc)
    return _page(run_id)


@router.get("/{workspace_id}/runs/{run_id}/-lines")
async def get_lines(
    request: Request,
    workspace_id: Part,
    run_id: Part,
    from_line: Annotated[int, Query(ge=-(2**53), le=2**53)] = -_LINES,
) -> Response:
    claims = _visitor(request, workspace_id, run_id)
    return await lines_for(request, workspace_id, run_id, claims, (from_line, _LINES))


def _visitor(request: Request, workspace_id: str, run_id: str) -> Claims:
    """Raises: NotAuthenticated."""
    claims = services_of(request).app_visits.of_cookie(request.cookies.get(COOKIE, ""), _key(run_id))
    if claims.workspace_id != workspace_id:
        raise NotAuthenticated("not_signed_in", "You are not signed in to this page.")
    return claims


async def _let_in(request: Request, workspace_id: str, run_id: str, swap: str) -> Response:
    if not (is_uuid(workspace_id) and is_uuid(run_id)):
        raise NotAuthenticated("not_signed_in", "You are not signed in to this page.")
    services = services_of(request)
    claims = await services.app_visits.redeem_swap_code(swap, workspace_id, None)
    path = f"/w/{workspace_id}/runs/{run_id}"
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    answer = RedirectResponse(path, status_code=303, headers=headers)
    cookie = services.app_visits.cookie_of(claims, _key(run_id))
    secure = services.parts.public_url.startswith("https:")
    answer.set_cookie(
        COOKIE, cookie, max_age=COOKIE_SECONDS, path=path, secure=secure, httponly=True, samesite="strict"
    )
    return answer


def _key(run_id: str) -> str:
    """No cookie of an app opens a log, and none of a log an app."""
    return f"log/{run_id}"


def _page(run_id: str) -> HTMLResponse:
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log · dlthub-tui</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<script src="{_SCRIPT_PATH}" defer></script></head><body><main><h1>Log of run {escape(run_id)}</h1>'
        '<p id="said" role="status">Loading…</p><pre id="log" role="log" tabindex="0" aria-label="Log"></pre>'
        "<noscript><p>This page needs its one script. Read the log in a terminal: dlthub job logs</p></noscript>"
        "</main></body></html>"
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(document, headers=headers)
