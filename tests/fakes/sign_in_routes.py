"""Who waits to sign in, and who approves it: by a code, or on a page that sends the browser back."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.fakes.installation_rows import error, identifier

_OWN, _SESSIONS = "/own/v1/sign-ins", "/auth/v1/sessions"
BROWSER_CODE = "code-of-the-browser"


def sign_in_routes(installation: Any) -> list[tuple[str, str, Any]]:
    """(method, path, handler) of pending sign-ins, and of signing in by a browser.

    What was asked for a browser stands in `installation.asked_by_browser`.
    """

    async def list_sign_ins(_request: Request) -> Response:
        return JSONResponse({"items": installation.sign_ins})

    async def inspect(request: Request) -> Response:
        if not installation.sign_ins or not await _is_known(request):
            return error(404, "unknown_code", "No sign-in waits with this code.")
        return JSONResponse(installation.sign_ins[0])

    async def approve(request: Request) -> Response:
        if not await _is_known(request):
            return error(400, "unknown_code", "No sign-in waits with this code.")
        installation.sign_ins.clear()
        installation.device_approved = True
        return JSONResponse({"id": identifier("sign-in"), "state": "approved", "email": installation.owner})

    async def refuse(request: Request) -> Response:
        refused = request.path_params["id"]
        installation.sign_ins = [item for item in installation.sign_ins if item["id"] != refused]
        return JSONResponse({"id": refused, "state": "refused", "email": None})

    async def ask_for_browser(request: Request) -> Response:
        installation.asked_by_browser = await request.json()
        return JSONResponse({"authorization_url": f"{installation.url}/authorize?request=1"})

    async def redeem(request: Request) -> Response:
        body = await request.json()
        digest = base64.urlsafe_b64encode(hashlib.sha256(body["code_verifier"].encode()).digest()).rstrip(b"=")
        if (body["code"], digest.decode()) != (BROWSER_CODE, installation.asked_by_browser["code_challenge"]):
            return error(400, "invalid_grant", "The code is unknown.")
        return installation.session()

    return [
        ("GET", _OWN, list_sign_ins),
        ("POST", f"{_OWN}/-inspect", inspect),
        ("POST", f"{_OWN}/-approve", approve),
        ("POST", f"{_OWN}/{{id}}/-refuse", refuse),
        ("POST", f"{_SESSIONS}/-issue-authorization-url", ask_for_browser),
        ("POST", f"{_SESSIONS}/-redeem-authorization-code", redeem),
    ]


async def _is_known(request: Request) -> bool:
    return (await request.json())["user_code"].replace("-", "") == "KPTRWXMB"
