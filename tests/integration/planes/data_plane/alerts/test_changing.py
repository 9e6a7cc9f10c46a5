"""Alerts and mail servers as people write them: what is read back, who may, what is refused."""

from __future__ import annotations

import json

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.receivers import HttpReceiver, MailReceiver
from tests.fakes.workspaces import definition
from tests.integration.planes.data_plane.alerts.asking import Region

from planes.data_plane.services.runs.beacon import ReportKind
from planes.domain.access import Grant, WorkspaceRole, grants_of
from planes.domain.identifiers import new_id
from planes.storage.data import audit, runs
from planes.wire.own_alerts import MOST_ALERTS

pytestmark = pytest.mark.anyio

HOOK = {"name": "fruitshop", "triggers": ["job-run-failure"], "channel": "webhook"}


async def test_where_an_alert_goes_is_written_and_not_read(each_region: Region) -> None:
    url = "https://hooks.slack.com/services/T0/B0/s3cr3t"
    added = await each_region.add(
        channel="slack", url=url, name="  fruitshop ", jobs=["ingest.*"], pipelines=["orders"]
    )
    (listed,) = (await each_region.ask("GET", "/alerts"))["items"]

    assert added == listed
    assert (added["name"], added["host"], added["jobs"], added["pipelines"]) == (
        "fruitshop", "hooks.slack.com", ["ingest.*"], ["orders"],
    )  # fmt: skip
    assert (added["is_enabled"], added["is_signed"], added["last_delivery"]) == (True, False, None)
    assert "s3cr3t" not in str(listed)
    for path in each_region.place.region.files_on_disk():
        assert b"s3cr3t" not in path.read_bytes(), path


async def test_what_is_left_out_of_a_change_stays_and_a_new_address_has_no_old_secret(
    region: Region, receiver: HttpReceiver
) -> None:
    alert = await region.add(url=f"{receiver.url}/one", signing_secret="secret-of-one")
    await region.ask("PUT", f"/alerts/{alert['id']}", {**HOOK, "name": "renamed"})
    await region.ask("POST", f"/alerts/{alert['id']}/-test")
    changed = await region.ask("PUT", f"/alerts/{alert['id']}", {**HOOK, "url": f"{receiver.url}/two"})
    await region.ask("POST", f"/alerts/{alert['id']}/-test")

    assert [(posted.path, "webhook-signature" in posted.headers) for posted in receiver.posted] == [
        ("/one", True), ("/two", False),
    ]  # fmt: skip
    assert changed["is_signed"] is False


async def test_alert_that_changes_its_channel_needs_another_target(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=receiver.url)
    answer = await region.call("PUT", f"/alerts/{alert['id']}", {**HOOK, "channel": "mail"})

    assert answer.status_code == 400
    assert answer.json()["extra"] == [{"key": "addresses", "message": "mail needs somebody to go to"}]


async def test_removed_alert_is_gone_with_its_messages(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=receiver.url)
    await region.ask("POST", f"/alerts/{alert['id']}/-test")
    await region.ask("DELETE", f"/alerts/{alert['id']}")

    assert (await region.ask("GET", "/alerts"))["items"] == []
    assert await region.deliveries() == []
    for method, rest in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/-test")):
        answer = await region.call(method, f"/alerts/{alert['id']}{rest}", HOOK if method == "PUT" else None)
        assert answer.status_code == 404, method


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x" * 65}, "name"),
    ({"name": "a\x1b[31mb"}, "name"),
    ({"triggers": []}, "triggers"),
    ({"triggers": ["test"]}, "triggers.0"),
    ({"channel": "pager"}, "channel"),
    ({"jobs": ["a b"]}, "jobs.0"),
    ({"pipelines": ["a\nb"]}, "pipelines"),
    ({"url": "hooks.example"}, "url"),
    ({"url": "https://user:pw@hooks.example/"}, "url"),
    ({"url": "https://10.0.0.1/"}, "url"),
    ({"url": None}, "url"),
    ({"signing_secret": "whsec_%%%%%%"}, "signing_secret"),
    ({"signing_secret": "short"}, "signing_secret"),
    ({"channel": "mail"}, "addresses"),
    ({"channel": "mail", "addresses": ["a@b\r\nBcc: c@d.example"]}, "addresses.0"),
    ({"channel": "mail", "addresses": ["nobody"]}, "addresses.0"),
    ({"channel": "mail", "addresses": ["a@b.example"] * 21}, "addresses"),
    ({"channel": "mail", "members": ["x"]}, "members.0"),
]  # fmt: skip


async def test_what_cannot_be_used_is_refused_where_it_stands(region: Region) -> None:
    for changes, key in REFUSED:
        answer = await region.call("POST", "/alerts", {**HOOK, "url": "https://hooks.example/t0ken", **changes})

        assert answer.status_code == 400, (changes, answer.text)
        assert key in {reason["key"] for reason in answer.json()["extra"]}, changes
        assert "t0ken" not in answer.text
        assert "user:pw" not in answer.text
    assert (await region.ask("GET", "/alerts"))["items"] == []


async def test_a_workspace_has_so_many_alerts(region: Region) -> None:
    answers = [
        (await region.call("POST", "/alerts", {**HOOK, "url": "https://hooks.example/"})).status_code
        for _ in range(MOST_ALERTS + 1)
    ]

    assert answers == [201] * MOST_ALERTS + [409]


async def test_password_of_a_mail_server_goes_to_its_own_server_only(region: Region, mails: MailReceiver) -> None:
    await region.mail_over(mails.port, username="alerts", password="hunter22")
    await region.mail_over(mails.port, username="alerts", sender="others@orchard.example")
    kept = await region.ask("GET", "/mail-server")
    body = {"host": "mail.evil.example", "port": 587, "sender": "a@b.example", "username": "alerts"}
    elsewhere = await region.call("PUT", "/mail-server", body)
    await region.ask("PUT", "/mail-server", {**body, "username": None})
    without = await region.ask("GET", "/mail-server")
    await region.ask("DELETE", "/mail-server")

    assert kept["server"]["has_password"] is True
    assert (kept["server"]["sender"], "password" in kept["server"]) == ("others@orchard.example", False)
    assert elsewhere.status_code == 400
    assert elsewhere.json()["extra"][0]["key"] == "password"
    assert without["server"]["has_password"] is False
    assert (await region.ask("GET", "/mail-server")) == {"server": None}


async def test_mail_without_a_server_fails_and_says_so(region: Region) -> None:
    alert = await region.add(channel="mail", addresses=["mara@orchard.example"])
    tested = await region.ask("POST", f"/alerts/{alert['id']}/-test")

    assert (tested["state"], tested["outcome"]) == ("failed", "no_mail_server")


async def test_changes_are_audited_without_where_they_go(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=f"{receiver.url}/t0ken")
    await region.ask("POST", f"/alerts/{alert['id']}/-test")
    await region.ask("DELETE", f"/alerts/{alert['id']}")
    async with region.place.region.plane.services.parts.database.reading() as connection:
        entries = [entry async for entry in audit.iterate(connection)]

    assert [entry["action"] for entry in entries if entry["object_id"] == alert["id"]] == [
        "alert_added", "alert_tested", "alert_removed",
    ]  # fmt: skip
    assert "t0ken" not in str(entries)


async def test_who_sees_and_changes_alerts(region: Region) -> None:
    client, path = region.place.region.client, f"/own/v1/workspaces/{region.place.region.workspace_id}"
    hook = {**HOOK, "url": "https://hooks.example/"}
    server = {"host": "mail.example", "port": 587, "sender": "a@b.example"}
    for role, is_human, expected in (
        (WorkspaceRole.OWNER, True, (200, 201, 200)),
        (WorkspaceRole.DEVELOPER, True, (200, 201, 403)),
        (WorkspaceRole.DEVELOPER, False, (200, 403, 403)),
        (WorkspaceRole.VIEWER, True, (403, 403, 403)),
        (WorkspaceRole.VIEWER, False, (403, 403, 403)),
    ):
        headers = region.place.region.headers(*grants_of(role, is_human=is_human), role=str(role))
        reads = {
            (await client.get(f"{path}{rest}", headers=headers)).status_code
            for rest in ("/alerts", "/alert-deliveries", "/mail-server")
        }
        writes = (await client.post(f"{path}/alerts", headers=headers, json=hook)).status_code
        sets_server = (await client.put(f"{path}/mail-server", headers=headers, json=server)).status_code

        assert (reads, writes, sets_server) == ({expected[0]}, *expected[1:]), (role, is_human)


async def test_another_workspaces_alert_is_not_there(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=receiver.url)
    own = region.place.region.workspace_id
    region.place.region.workspace_id = new_id()
    answers = [
        (await region.call(method, f"/alerts/{alert['id']}{rest}", HOOK if method == "PUT" else None)).status_code
        for method, rest in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/-test"))
    ]
    region.place.region.workspace_id = own

    assert answers == [404] * 4
    assert (await region.ask("GET", f"/alerts/{alert['id']}"))["id"] == alert["id"]


async def test_alert_for_pipelines_is_of_runs_that_ran_or_deliver_them(region: Region, receiver: HttpReceiver) -> None:
    await region.add(url=receiver.url, pipelines=["orders"], name="pipelines")
    await region.end_run(number=1)
    await region.end_run(number=2, definition=definition("job", deliver={"pipeline_name": "orders"}))
    await region.add(url=receiver.url, jobs=["transform.*"], name="jobs")
    await region.end_run(number=3, job_ref="jobs.transform.daily")

    await receiver.wait(2)
    await region.until_ended(2)

    assert sorted(posted.json["run"]["run_number"] for posted in receiver.posted) == [2, 3]


@pytest.mark.slow
async def test_run_that_tells_of_its_pipeline_after_its_end_is_told_as_well(
    region: Region, control: LeasingControlPlane, receiver: HttpReceiver
) -> None:
    """dlt's last report may come when the process has ended: an alert for the pipeline does not miss it."""
    await region.add(url=receiver.url, pipelines=["late"], triggers=["job-run-success"])
    lease, outcome = await region.place.run("print('done')")
    assert outcome == "completed"
    services = region.place.region.plane.services
    running = region.place.region.plane.running
    async with services.parts.database.reading() as connection:
        run = await runs.find(connection, lease.run_id)
    assert run is not None
    trace = {"pipeline_name": "late", "transaction_id": "t1", "steps": [], "execution_context": {}}
    trace |= {"started_at": "2026-01-02T00:00:00Z", "finished_at": "2026-01-02T00:00:01Z", "engine_version": 2}
    await running.beacon.take(run, ReportKind.TRACE, json.dumps(trace).encode())
    await running.beacon.take(run, ReportKind.TRACE, json.dumps(trace).encode())

    (posted,) = await receiver.wait(1)
    assert posted.json["run"]["id"] == lease.run_id
    assert posted.json["run"]["pipelines"] == ["late"]


def test_no_key_and_no_run_changes_alerts() -> None:
    for role in WorkspaceRole:
        assert Grant.ALERTS_WRITE not in grants_of(role, is_human=False)
