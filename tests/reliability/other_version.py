"""The way between a region and its control plane, one of which is of another version.

A proxy in a thread of its own that says in both directions what another version would: members that nobody knows, or
none of those that were not there from the first. A region signs what it says, so what was changed is signed again, by
the proxy's key, which the region is enrolled with.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from planes.data_plane.link import POLL_TIMEOUT_SECONDS
from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call
from planes.wire import link as wire
from planes.wire.deployments import ConfigurationResponse, RecordedDeployment

# By the word that stands in the address: what is asked and what is answered.
BODIES: dict[str, tuple[type[BaseModel], type[BaseModel] | None]] = {
    "-enrol": (wire.EnrolRequest, wire.EnrolResponse),
    "-poll": (wire.PollRequest, wire.PollResponse),
    "-issue-token": (wire.RunTokenRequest, wire.RunTokenResponse),
    "status": (wire.StatusReport, None),
    "deployments": (wire.DeploymentReport, RecordedDeployment),
    "configurations": (wire.ConfigurationReport, ConfigurationResponse),
    "pipeline-runs": (wire.PipelineRunReport, None),
}
Change = Callable[[type[BaseModel], dict[str, Any]], dict[str, Any]]


def of_tomorrow(_model: type[BaseModel], said: dict[str, Any]) -> dict[str, Any]:
    """With what a later version would add."""
    return {**said, "of_tomorrow": [{"a": 1}], "also_new": None}


def of_yesterday(model: type[BaseModel], said: dict[str, Any]) -> dict[str, Any]:
    """Without all that came since the first version, or that may be left out."""
    return {name: value for name, value in said.items() if model.model_fields[name].is_required()}


def changed(model: type[BaseModel], said: dict[str, Any], change: Change) -> dict[str, Any]:
    """What the other version would have said instead, in it and in what it holds."""
    inner = {name: _changed(getattr(parsed, name), said[name], change) for name, parsed in _parsed(model, said)}
    return change(model, {**said, **inner})


def _parsed(model: type[BaseModel], said: dict[str, Any]) -> list[tuple[str, BaseModel]]:
    parsed = model.model_validate_json(json.dumps(said))
    return [(name, parsed) for name in said if name in model.model_fields]


def _changed(parsed: Any, said: Any, change: Change) -> Any:
    if isinstance(parsed, BaseModel):
        return changed(type(parsed), said, change)
    if isinstance(parsed, list):
        return [_changed(*pair, change) for pair in zip(parsed, said, strict=True)]
    return said


@dataclass
class OtherVersion:
    """`url` stands for the control plane's address. `passed` counts what was changed, by its address' word."""

    url: str
    change: Change
    target_port: int = 0
    key: SigningKey = field(default_factory=SigningKey.generate)
    passed: Counter[str] = field(default_factory=Counter[str])
    refused: list[str] = field(default_factory=list[str])

    async def pass_on(self, request: Request) -> Response:
        """One call, as the other version says it; its answer likewise."""
        body, path = await request.body(), request.url.path
        word = next((part for part in reversed(path.split("/")) if part in BODIES), None)
        headers = {"content-type": "application/json"}
        if word is not None:
            said = json.loads(body)
            if "public_key" in said:
                said["public_key"] = self.key.public.text
            body = json.dumps(changed(BODIES[word][0], said, self.change)).encode()
            self.passed[word] += 1
        if "authorization" in request.headers:
            proof = sign_call(self.key, "eu1", request.method, path, body, datetime.now(UTC))
            headers["authorization"] = f"Bearer {proof}"
        async with httpx.AsyncClient(trust_env=False, timeout=POLL_TIMEOUT_SECONDS) as client:
            url = f"http://127.0.0.1:{self.target_port}{path}"
            answer = await client.request(request.method, url, content=body, headers=headers)
        content = answer.content
        if answer.status_code >= 300:
            self.refused.append(f"{request.method} {path}: {answer.status_code} {answer.text}")
        elif word is not None and (model := BODIES[word][1]) is not None:
            content = json.dumps(changed(model, answer.json(), self.change)).encode()
        return Response(content, answer.status_code, media_type=answer.headers.get("content-type"))


@contextmanager
def other_version(change: Change) -> Generator[OtherVersion]:
    """A way to a control plane whose port is told as `target_port`."""
    stopping, listener = Stopping(), listen_tcp("127.0.0.1", 0)
    way = OtherVersion(f"http://127.0.0.1:{listener.getsockname()[1]}", change)
    app = Starlette(routes=[Route("/{path:path}", way.pass_on, methods=["POST", "PUT"])])
    server = AppServer(app, [listener], stopping)
    with start_blocking_portal() as portal:
        serving = portal.start_task_soon(server.serve)
        try:
            yield way
        finally:
            portal.call(server.stop)
            serving.result(240)
            listener.close()
