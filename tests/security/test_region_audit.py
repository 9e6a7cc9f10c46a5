"""Every route of a region that shows or takes its data writes who, what, when and with which token (Design: 9)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.leaks.asking import ask, ask_until
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region
from tests.security.role_matrix import REGION_ROUTES

from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TRACE = Path(__file__).parents[1] / "integration/planes/data_plane/traces/succeeded.json"
JOB = """
import os, urllib.request
print("key is", os.environ["WAREHOUSE_KEY"])
for kind in ("trace", "job_result"):
    body = open("sent/" + kind, "rb").read()
    request = urllib.request.Request(os.environ["RUNTIME__DLTHUB_DSN"] + "/" + kind, body, method="PUT")
    urllib.request.urlopen(request).close()
"""
# They hold nothing of anybody: a key's public half, a script, a page without its lines, yes or no.
WITHOUT_DATA = {
    "GET /own/v1/organizations/{organization_id}/presence",
    "GET /.well-known/data-plane", "GET /w/-log.js", "GET /w/-live.js", "GET /w/{workspace_id}/runs/{run_id}",
}  # fmt: skip
# The visits of apps are in tests/integration/planes/data_plane/api/test_gateway.py.
OF_APPS = {
    "GET /apps/{workspace_id}/{job_id}", "GET /public/{secret}",
    "POST /own/v1/workspaces/{workspace_id}/job-runs/{run_id}/-open-app",
}  # fmt: skip
# The run reported while it lived: looked at below.
OF_RUNS = {"PUT /beacon/{secret}/{kind}"}
# They read through the services of the telemetry routes, as the visitor (tests/integration/.../test_web_pages.py).
OF_PAGES = {
    "GET /w/{workspace_id}/pipelines/{name}", "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}",
    "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}/-trace",
}  # fmt: skip
ACTIONS = {
    "files": "files_listed", "variables": "variables_", "logs": "log_read", "log-stream": "log_streamed",
    "lines": "log_read", "-search": "log_read", "-new": "log_read", "-compare": "log_read", "-first": "log_read",
    "-download": "log_read", "-lines": "log_read", "watermark": "telemetry_read", "stats": "telemetry_read",
    "pipeline-runs": "telemetry_read", "{pipeline_run_id}": "telemetry_read", "trace": "telemetry_read",
    "-trace": "telemetry_read", "{name}": "telemetry_read",
    "result": "result_read", "result-trace": "result_read", "hits": "hits_read", "events": "hits_read",
    "-by-run": "hits_read", "residency": "holdings_read",
    "environments": "environments_read", "{key}": "environment_removed",
    "leaks": "leaks_read", "{leak_id}": "leaks_read", "rescrubs": "rescrub", "{rescrub_id}": "rescrubs_read",
    "scrub-settings": "scrub_settings_", "audit-entries": "audit_read", "-upload": "_uploaded",
    "audit-chain": "audit_read",
    "alerts": "alert", "{alert_id}": "alert", "-test": "alert_tested", "alert-deliveries": "alerts_read",
    "mail-server": "mail_server_", "webhooks": "webhook", "calls": "webhooks_read", "-rotate": "webhook_rotated",
    "{webhook_id}": "webhook_",
}  # fmt: skip

ALERT = {"name": "x", "triggers": ["job-run-failure"], "channel": "mail", "addresses": ["a@b.example"]}
SERVER = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "a@b.example"}


@dataclass(kw_only=True)
class Filled:
    """A region with something of every kind, and the ids of it."""

    place: RunningRegion
    ids: dict[str, str]
    used: list[str] = field(default_factory=list[str])

    async def entries(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.get("/audit-entries", limit=1000, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def get(self, rest: str, role: str = "owner", **query: Any) -> httpx.Response:
        region = self.place.region
        path = f"/own/v1/workspaces/{region.workspace_id}{rest}"
        return await region.client.get(path, params=query, headers=region.headers(role=role))

    async def ask(self, route: str) -> tuple[httpx.Response, str]:
        """The answer, and the id of the token that it was asked with."""
        method, template = route.split(" ")
        region, token_id = self.place.region, new_id()
        headers = region.headers(role="owner", token_id=token_id)
        rest: dict[str, Any] = {}
        ids = {**self.ids, "workspace_id": region.workspace_id}
        if "alert" in template or template.endswith("/mail-server"):
            ids["alert_id"] = await self._alert_and_server()
            rest["json"] = SERVER if template.endswith("/mail-server") else ALERT
            rest["json"] = None if method in {"GET", "DELETE"} else rest["json"]
        elif "webhook" in template:
            ids["webhook_id"], secret = await self._webhook()
            rest["json"] = {"job_id": new_id()} if template.endswith("/webhooks") and method == "POST" else None
            rest["json"] = {} if template.endswith("-rotate") else rest["json"]
            if template == "/webhooks/{webhook_id}":
                headers, token_id = {"authorization": f"Bearer {secret}"}, "-"
        elif template.endswith("-upload"):
            kind = "deployment" if "deployments" in template else "configuration"
            ids[f"{kind}_id"] = new_id()
            token = region.control.upload_token(
                region.organization_id, region.workspace_id, kind, ids[f"{kind}_id"], token_id=token_id
            )
            headers = {"authorization": f"Bearer {token}"}
            content = {"job.py": b"pass\n"} if kind == "deployment" else {"prod.config.toml": b"a = 1\n"}
            rest["files"] = {"file": ("a.tar.gz", pack(content), "application/x-tar")}
            if kind == "deployment":
                rest["files"]["requirements_file"] = ("requirements.json", REQUIREMENTS, "application/json")
        elif method == "PATCH":
            rest["json"] = {"profile": None, "upserts": [{"name": "OTHER", "type": "plain", "value": "x"}]}
        elif method == "PUT":
            rest["json"] = {"pii": [], "patterns": [], "allowed": []}
        elif method == "POST":
            rest["json"] = {}
        elif template.startswith("/w/"):
            headers = await self._browser()
            token_id = jwt.decode(headers["cookie"].partition("=")[2], options={"verify_signature": False})["jti"]
        else:
            rest["params"] = {"text": "key", "at": "2026-01-01T00:00:00Z"}
            rest["params"] |= dict.fromkeys(("against", "run_id"), ids["run_id"])
        answer = await region.client.request(method, _filled(template, ids), headers=headers, **rest)
        return answer, token_id

    async def _webhook(self) -> tuple[str, str]:
        """The id and the secret of a new webhook."""
        region = self.place.region
        path = f"/own/v1/workspaces/{region.workspace_id}/webhooks"
        added = await region.client.post(path, json={"job_id": new_id()}, headers=region.headers(role="owner"))
        assert added.status_code == 201, added.text
        return added.json()["id"], added.json()["secret"]

    async def _alert_and_server(self) -> str:
        """The id of a new alert, in a workspace that has a mail server."""
        region = self.place.region
        path = f"/own/v1/workspaces/{region.workspace_id}"
        await region.client.put(f"{path}/mail-server", json=SERVER, headers=region.headers(role="owner"))
        added = await region.client.post(f"{path}/alerts", json=ALERT, headers=region.headers(role="owner"))
        assert added.status_code == 201, added.text
        return added.json()["id"]

    async def _browser(self) -> Mapping[str, str]:
        region = self.place.region
        code = region.control.swap_code(region.organization_id, region.workspace_id, role="owner")
        path = f"/w/{region.workspace_id}/runs/{self.ids['run_id']}"
        answer = await region.client.get(path, params={"swap": code})
        assert answer.status_code == 303, answer.text
        return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def _filled(template: str, ids: Mapping[str, str]) -> str:
    for name, value in ids.items():
        template = template.replace(f"{{{name}}}", value)
    assert "{" not in template, template
    return template


@pytest.fixture
async def filled() -> AsyncGenerator[Filled]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(
            folder / "eu1", control, alert_destinations="127.0.0.1:9"
        ) as place:  # fmt: skip
            yield await _fill(place)


async def _fill(place: RunningRegion) -> Filled:
    await place.set_variables(secret=True, WAREHOUSE_KEY="s3cr3t-of-the-warehouse")
    result = {"type": "table", "engine_version": 1, "job_ref": "jobs.job", "result": {}}
    sent = {"sent/trace": TRACE.read_bytes(), "sent/job_result": json.dumps(result).encode()}
    deployment = await place.deploy({"job.py": JOB.encode(), **sent})
    configuration = await place.configure()
    lease, outcome = await place.run("", deployment_id=deployment, configuration_id=configuration)
    assert outcome == "completed", await place.lines(lease, None)
    leaks = await ask_until(place, f"/job-runs/{lease.run_id}/leaks", lambda answer: answer["items"])
    region = place.region
    asked = await region.client.post(
        f"/own/v1/workspaces/{region.workspace_id}/rescrubs", json={}, headers=region.headers(role="owner")
    )
    runs = await region.client.get(
        f"/telemetry/v1/workspaces/{region.workspace_id}/pipeline-runs", headers=region.headers(role="owner")
    )
    ids = {
        "run_id": lease.run_id, "deployment_id": deployment, "configuration_id": configuration,
        "leak_id": leaks["items"][0]["id"], "rescrub_id": asked.json()["id"],
        "key": (await ask(place, "/environments"))["items"][0]["key"],
        "pipeline_run_id": runs.json()["items"][0]["id"], "name": runs.json()["items"][0]["pipeline_name"],
    }  # fmt: skip
    return Filled(place=place, ids=ids)


async def test_every_route_writes_who_did_what_with_which_token(filled: Filled) -> None:
    missing: dict[str, Any] = {}
    for route in sorted(set(REGION_ROUTES) - WITHOUT_DATA - OF_APPS - OF_RUNS - OF_PAGES):
        answer, token_id = await filled.ask(route)
        assert answer.status_code < 300, (route, answer.status_code, answer.text)
        action = ACTIONS[route.rpartition("/")[2]]
        found = [entry for entry in await filled.entries(token_id=token_id) if action in entry["action"]]
        if not found:
            missing[route] = await filled.entries(token_id=token_id)

    assert missing == {}
    reported = await filled.entries(action="telemetry_reported")
    assert {entry["details"]["kind"] for entry in reported} == {"trace", "job_result"}
    assert {entry["actor"] for entry in reported} == {f"run:{filled.ids['run_id']}"}
    assert (await filled.place.region.plane.services.audit.verify()).broken_at is None


async def test_the_log_is_read_by_time_person_and_kind_in_pages(filled: Filled) -> None:
    whole = await filled.entries()
    middle = whole[len(whole) // 2]
    person = {entry["actor"] for entry in whole if entry["action"] == "variables_changed"}
    assert len(person) == 1

    numbers = [entry["number"] for entry in whole]
    assert numbers == sorted(numbers, reverse=True)
    before = await filled.entries(until=middle["at"])
    after = await filled.entries(since=middle["at"], until="2100-01-01T00:00:00Z")
    assert all(entry["at"] < middle["at"] for entry in before)
    assert {entry["number"] for entry in before + after} >= set(numbers)
    of_person = await filled.entries(person=person.pop(), action=["variables_changed", "deployment_uploaded"])
    assert {entry["action"] for entry in of_person} >= {"variables_changed"}
    assert [entry["object_id"] for entry in await filled.entries(object_id=filled.ids["run_id"], action="run_started")]

    # Reading adds entries in front: pages go on where they were.
    seen: list[int] = []
    cursor = None
    while True:
        query = {"limit": 4, **({"cursor": cursor} if cursor else {})}
        page = (await filled.get("/audit-entries", **query)).json()
        seen += [entry["number"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))


async def test_only_owners_of_the_workspace_read_its_log(filled: Filled) -> None:
    region = filled.place.region
    path = f"/own/v1/workspaces/{region.workspace_id}/audit-entries"
    stranger = region.control.data_token(region.organization_id, new_id(), role="owner")

    elsewhere = await region.client.get(path, headers={"authorization": f"Bearer {stranger}"})

    assert elsewhere.status_code == 404
    for bad in ({"since": "2026-01-01T00:00:00"}, {"action": "nothing"}, {"person": "a\x00"}, {"cursor": "x"}):
        assert (await filled.get("/audit-entries", **bad)).status_code == 400


async def test_a_log_that_cannot_be_written_stops_changes_and_nothing_else(filled: Filled) -> None:
    """Security-relevant changes are refused and not made; reads and runs go on (Reliability)."""
    region, place = filled.place.region, filled.place
    database = region.plane.services.parts.database
    async with database.transaction() as connection:
        await connection.exec_driver_sql(
            "create trigger no_entries before insert on audit_log begin select raise(abort, 'no room'); end"
        )
    try:
        changes = [
            await region.client.patch(
                region.path("/variables"), headers=region.headers(role="owner"),
                json={"profile": None, "upserts": [{"name": "NEW", "type": "plain", "value": "x"}]},
            ),
            await region.upload_configuration(pack({"prod.config.toml": b"b = 2\n"})),
        ]  # fmt: skip
        reads = [await filled.ask(route) for route in sorted(REGION_ROUTES) if route.endswith(("/logs", "/watermark"))]
    finally:
        async with database.transaction() as connection:
            await connection.exec_driver_sql("drop trigger no_entries")
    variables = await region.client.get(region.path("/variables"), headers=region.headers(role="owner"))

    assert [(answer.status_code, answer.json()["code"]) for answer in changes] == [(503, "audit_unwritable")] * 2
    assert [answer.status_code for answer, _ in reads] == [200, 200]
    assert "NEW" not in variables.text
    lease, outcome = await place.run("print('on')")
    assert (outcome, await place.lines(lease)) == ("completed", ["on"])


async def test_a_run_goes_on_while_the_log_cannot_be_written(filled: Filled) -> None:
    place = filled.place
    database = place.region.plane.services.parts.database
    waits = (
        "import os, time\nprint('begun', flush=True)\nwhile not os.path.exists('.dlt/data/prod/go'): time.sleep(.01)"
    )
    lease = await place.lease(f"{waits}\nprint('done')")
    await place.control.wait_status(lease, "running")
    async with database.transaction() as connection:
        await connection.exec_driver_sql(
            "create trigger no_entries before insert on audit_log begin select raise(abort, 'no room'); end"
        )
    (place.run_folder(lease) / "work/.dlt/data/prod/go").touch()

    assert await place.control.wait_end(lease) == "completed"
    async with database.transaction() as connection:
        await connection.exec_driver_sql("drop trigger no_entries")
    assert await place.lines(lease) == ["begun", "done"]
