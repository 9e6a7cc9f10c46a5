"""From the end of a run to a message at a real receiver: again until it is taken, once an event, never too many."""

from __future__ import annotations

import base64
import gc
import hashlib
import hmac
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.receivers import HttpReceiver, MailReceiver, mail_receiving, make_certificate, receiving
from tests.fakes.workspaces import definition
from tests.integration.planes.data_plane.alerts.asking import Region
from tests.integration.planes.data_plane.alerts.conftest import SETTINGS
from tests.integration.planes.data_plane.running_region import running_region

from planes.data_plane.delivery import webhooks
from planes.data_plane.services.alerts import alert_delivery
from planes.domain import alerts as rules
from planes.domain.errors import StorageFull
from planes.domain.identifiers import new_id
from planes.storage.data import alerts as stored
from planes.storage.data.alerts import alert_deliveries, change_delivery
from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio


async def test_failed_run_is_told_to_a_webhook(each_region: Region, receiver: HttpReceiver) -> None:
    alert = await each_region.add(url=f"{receiver.url}/hook?token=t0p", signing_secret="whsec_" + "c2VjcmV0LWtleS0x")
    run = await each_region.end_run(number=7)

    (posted,) = await receiver.wait(1)
    (delivery,) = await each_region.until_ended()

    body = posted.json
    assert posted.path == "/hook"
    assert (body["type"], body["alert"]) == ("job-run-failure", {"id": alert["id"], "name": "fruitshop"})
    assert (body["run"]["id"], body["run"]["run_number"], body["run"]["status"]) == (run["id"], 7, "failed")
    assert body["run"]["job_ref"] == "jobs.ingest.load_orders"
    assert body["text"] == "ingest.load_orders 7 failed."
    assert body["url"].endswith(f"/runs/{run['id']}")
    signed = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    signature = base64.b64encode(hmac.digest(base64.b64decode("c2VjcmV0LWtleS0x"), signed, hashlib.sha256)).decode()
    assert posted.headers["webhook-signature"] == f"v1,{signature}"
    assert posted.headers["webhook-id"] == delivery["id"] == body["id"]
    assert (delivery["state"], delivery["outcome"], delivery["status"], delivery["tries"]) == (
        "sent", "delivered", 200, 1,
    )  # fmt: skip


async def test_slack_gets_text_in_which_nothing_is_a_mention(region: Region, receiver: HttpReceiver) -> None:
    await region.add(channel="slack", url=f"{receiver.url}/services/T/B/x", name="<!channel> @here & *all*")
    await region.end_run()

    (posted,) = await receiver.wait(1)

    text = posted.json["text"]
    assert posted.json["mrkdwn"] is False
    assert text.startswith("ingest.load_orders 1041 failed.")
    assert "<" not in text.replace("&lt;", "")
    assert "@here" not in text
    assert "&lt;!channel&gt;" in text


async def test_mail_is_plain_text_to_all_who_are_named(region: Region, mails: MailReceiver) -> None:
    await region.mail_over(mails.port)
    await region.add(channel="mail", addresses=["mara@orchard.example", "oncall@orchard.example"])
    run = await region.end_run()

    (mail,) = await mails.wait(1)

    assert mail.recipients == ["mara@orchard.example", "oncall@orchard.example"]
    assert mail.message["subject"] == "[fruitshop] ingest.load_orders 1041 failed."
    assert mail.message["auto-submitted"] == "auto-generated"
    (sent,) = await region.deliveries()
    assert parsedate_to_datetime(mail.message["date"]) == datetime.fromisoformat(sent["created_at"]).replace(
        microsecond=0
    )
    assert mail.message.get_content_type() == "text/plain"
    assert not mail.message.is_multipart()
    assert run["id"] in mail.text
    assert "Profile    prod" in mail.text


async def test_mail_signs_in_over_tls_and_a_false_certificate_gets_no_password(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    outcomes: list[tuple[str, str]] = []
    for is_tls, security in ((False, "starttls"), (True, "tls")):
        with mail_receiving(certificate, password="hunter22", is_tls=is_tls) as server:
            for trusted in (True, False):
                if not trusted:
                    monkeypatch.delenv("SSL_CERT_FILE")
                await region.mail_over(server.port, security=security, username="alerts", password="hunter22")
                alert = await region.add(channel="mail", addresses=["mara@orchard.example"])
                tested = await region.ask("POST", f"/alerts/{alert['id']}/-test")
                outcomes.append((tested["state"], tested["outcome"]))
                if trusted:
                    assert server.signed_in == [("alerts", "hunter22")]
                else:
                    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
            assert len(server.signed_in) == 1

    gc.collect()
    assert outcomes == [("sent", "delivered"), ("failed", "certificate")] * 2


@pytest.mark.parametrize(("wanted", "refuses", "outcome"), [
    ("sent", "451 later", None), ("failed", "554 never", "not_taken"),
])  # fmt: skip
async def test_mail_server_that_refuses_is_asked_again_only_if_it_may_change_its_mind(
    region: Region, mails: MailReceiver, wanted: str, refuses: str, outcome: str | None
) -> None:
    mails.refuses = refuses
    await region.mail_over(mails.port)
    await region.add(channel="mail", addresses=["mara@orchard.example"])
    await region.end_run()
    if wanted == "sent":
        with anyio.fail_after(240):
            while not any(each["tries"] for each in await region.deliveries()):
                await anyio.sleep(0.01)
        mails.refuses = ""

    (ended,) = await region.until_ended()

    assert ended["state"] == wanted
    assert outcome is None or (ended["outcome"], ended["status"], ended["tries"]) == (outcome, 554, 1)


async def test_mail_reaches_members_while_they_are_members(
    region: Region, control: LeasingControlPlane, mails: MailReceiver
) -> None:
    mara, jonas = new_id(), new_id()
    control.members = {mara: "mara@orchard.example", jonas: "jonas@orchard.example"}
    await region.mail_over(mails.port)
    await region.add(channel="mail", members=[mara, jonas])
    await region.end_run()
    await mails.wait(1)
    del control.members[jonas]
    await region.end_run()
    await mails.wait(2)
    del control.members[mara]
    await region.end_run()
    ended = await region.until_ended(3)

    assert [mail.recipients for mail in mails.mails] == [
        ["mara@orchard.example", "jonas@orchard.example"], ["mara@orchard.example"],
    ]  # fmt: skip
    assert (ended[0]["state"], ended[0]["outcome"]) == ("failed", "nobody_left")


async def test_receiver_that_fails_is_asked_again_with_the_same_id(region: Region, receiver: HttpReceiver) -> None:
    receiver.answers = [500, 503]
    await region.add(url=receiver.url)
    await region.end_run()

    (ended,) = await region.until_ended()

    assert (ended["state"], ended["tries"]) == ("sent", 3)
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1


async def test_receiver_that_never_takes_it_is_given_up(region: Region, receiver: HttpReceiver) -> None:
    receiver.answers = [500] * 10
    await region.add(url=receiver.url)
    await region.end_run()

    (ended,) = await region.until_ended()

    assert (ended["state"], ended["outcome"], ended["status"], ended["tries"]) == ("failed", "not_taken", 500, 4)
    assert len(receiver.posted) == 4


@pytest.mark.parametrize(("status", "outcome"), [(302, "redirects"), (404, "not_taken"), (401, "not_taken")])
async def test_receiver_that_refuses_is_not_asked_again(
    region: Region, receiver: HttpReceiver, status: int, outcome: str
) -> None:
    receiver.answers = [status]
    receiver.location = f"{receiver.url}/elsewhere"
    await region.add(url=receiver.url)
    await region.end_run()

    (ended,) = await region.until_ended()

    assert (ended["state"], ended["outcome"], ended["status"]) == ("failed", outcome, status)
    assert [posted.path for posted in receiver.posted] == ["/"]


async def test_of_a_run_that_is_tried_again_the_last_failure_is_told_unless_each_is_wanted(
    region: Region, receiver: HttpReceiver
) -> None:
    last = await region.add(url=f"{receiver.url}/last")
    each = await region.add(url=f"{receiver.url}/each", each_try=True)
    for number, left in ((1, 2), (2, 1), (3, 0)):
        await region.end_run(number=number, lease={"definition": {}, "tries_left": left})
    posted = await receiver.wait(4)
    body = {"name": "fruitshop", "triggers": ["job-run-failure"], "channel": "webhook"}
    kept = await region.ask("PUT", f"/alerts/{each['id']}", body)

    told = sorted((item.path, item.json["run"]["run_number"]) for item in posted)
    assert told == [("/each", 1), ("/each", 2), ("/each", 3), ("/last", 3)]
    assert (last["each_try"], kept["each_try"]) == (False, True)


async def _no_next_try(region: Region, delivery: dict[str, Any]) -> None:
    """The time in which a next try should have begun is over."""
    services = region.place.region.plane.services
    async with services.parts.database.transaction() as connection:
        await change_delivery(connection, delivery["id"], {"next_try_at": services.parts.clock.now()})
    services.alert_queue.wake()


async def test_failure_is_told_when_the_next_try_falls_away(each_region: Region, receiver: HttpReceiver) -> None:
    """After newer code, a cancel or an archived job there is no last failure that anybody would hear of."""
    await each_region.add(url=receiver.url)
    run = await each_region.end_run(lease={"definition": {}, "tries_left": 2, "next_try_seconds": 600})
    (waits,) = await each_region.deliveries()

    due = datetime.fromisoformat(waits["next_try_at"]) - datetime.fromisoformat(waits["created_at"])
    assert (waits["state"], due, receiver.posted) == ("pending", timedelta(minutes=15), [])

    await _no_next_try(each_region, waits)
    (posted,) = await receiver.wait(1)

    assert posted.json["run"]["run_number"] == run["number"]


async def test_failure_is_not_told_while_its_next_try_may_wait_for_a_slot(
    folder: Path, control: LeasingControlPlane, receiver: HttpReceiver
) -> None:
    async with running_region(folder / "eu1", control, slots=1, **SETTINGS) as running:
        region = Region(running)
        await region.add(url=receiver.url)
        lease = {"definition": {}, "tries_left": 1, "next_try_seconds": 0}
        first = await region.end_run(number=1, lease=lease)
        other = {
            "organization_id": running.region.organization_id, "workspace_id": running.region.workspace_id,
            "deployment_id": new_id(), "configuration_id": new_id(), "definition": definition("job"),
            "job_ref": "jobs.ingest.other",
        }  # fmt: skip
        control.lease(**other, number=2)  # takes the only slot; this region has no such code: it fails
        (posted,) = await receiver.wait(1)
        (waits,) = [each for each in await region.deliveries() if each["run_id"] == first["id"]]
        await _no_next_try(region, waits)
        soon = running.region.plane.services.parts.clock.now() + timedelta(minutes=3)
        with anyio.fail_after(240):
            while True:
                (waits,) = [each for each in await region.deliveries() if each["run_id"] == first["id"]]
                if datetime.fromisoformat(waits["next_try_at"] or waits["created_at"]) > soon:
                    break
                assert waits["state"] == "pending", "it was told"
                await anyio.sleep(0.02)

        assert posted.json["run"]["run_number"] == 2
        assert (waits["state"], waits["tries"], len(receiver.posted)) == ("pending", 0, 1)


async def test_failure_is_forgotten_when_the_next_try_begins(each_region: Region, receiver: HttpReceiver) -> None:
    region, control = each_region.place.region, each_region.place.control
    await each_region.add(url=receiver.url)
    lease = {"definition": {}, "tries_left": 1, "next_try_seconds": 600}
    first = await each_region.end_run(number=1, lease=lease)
    other = await each_region.end_run(number=7, lease=lease, job_ref="jobs.ingest.other")
    common = {
        "organization_id": region.organization_id, "workspace_id": region.workspace_id, "deployment_id": new_id(),
        "configuration_id": new_id(), "definition": definition("job"), "job_ref": first["job_ref"],
    }  # fmt: skip

    control.lease(**common, number=2, previous_job_run_id=first["id"])  # this region has no such code: it fails
    control.lease(**common, number=3, previous_job_run_id=other["id"])  # started by its end: no try of it
    posted = await receiver.wait(2)
    kept = [each["run_id"] for each in await each_region.deliveries() if each["run_id"] in {first["id"], other["id"]}]

    assert sorted(item.json["run"]["run_number"] for item in posted) == [2, 3]
    assert kept == [other["id"]]


async def test_an_event_is_told_once_however_often_it_is_noted(region: Region, receiver: HttpReceiver) -> None:
    await region.add(url=receiver.url)
    run = await region.end_run()
    await receiver.wait(1)
    services = region.place.region.plane.services
    for _ in range(3):
        async with services.parts.database.transaction() as connection:
            await services.alert_queue.run_ended(connection, run)
    services.alert_queue.wake()
    await region.end_run(number=2)
    await receiver.wait(2)

    assert [posted.json["run"]["run_number"] for posted in receiver.posted] == [1041, 2]


async def test_what_was_not_taken_is_sent_after_a_restart(
    folder: Path, control: LeasingControlPlane, receiver: HttpReceiver
) -> None:
    receiver.hangs = True
    settings: dict[str, Any] = {**SETTINGS, "grace_seconds": 0}
    async with running_region(folder / "eu1", control, **settings) as first:
        region = Region(first)
        await region.add(url=receiver.url)
        await region.end_run()
        await receiver.wait(1)
    receiver.hangs = False
    async with running_region(folder / "eu1", control, first.region, **SETTINGS) as second:
        (ended,) = await Region(second).until_ended()

    assert (ended["state"], ended["tries"]) == ("sent", 2)
    assert receiver.posted[0].headers["webhook-id"] == receiver.posted[1].headers["webhook-id"]


async def test_a_database_that_cannot_be_written_at_the_start_ends_nothing(
    folder: Path, control: LeasingControlPlane, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [StorageError("the database failed: it is busy"), StorageFull("storage_full", "No room.")]
    end_tests = stored.end_tests

    async def end_later(connection: AsyncConnection, outcome: str, state: str, at: datetime) -> None:
        if failures:
            raise failures.pop()
        await end_tests(connection, outcome, state, at)

    monkeypatch.setattr(stored, "end_tests", end_later)
    monkeypatch.setattr(alert_delivery, "_PAUSE_SECONDS", 0.01)
    async with running_region(folder / "eu1", control, **SETTINGS) as running:
        region = Region(running)
        await region.add(url=receiver.url)
        await region.end_run()
        await receiver.wait(1)

    assert failures == []


async def test_receiver_that_hangs_holds_up_its_own_alert_alone(
    region: Region, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For as long as it hangs: no alert that waits for its end is ever sent.
    monkeypatch.setattr(webhooks, "TOTAL_SECONDS", 3600.0)
    monkeypatch.setattr(webhooks, "_TIMEOUT", httpx.Timeout(3600.0))
    receiver.hangs = True
    await region.add(name="hangs", url=receiver.url)
    await region.end_run()
    await receiver.wait(1)
    async with receiving() as other:
        await region.add(name="answers", url=other.url)
        await region.end_run()

        await other.wait(1)

    assert len(receiver.posted) == 1


async def test_too_many_in_an_hour_are_held_back_and_said(region: Region, receiver: HttpReceiver) -> None:
    await region.add(url=receiver.url)
    for number in range(rules.MOST_PER_HOUR + 5):
        await region.end_run(number=number, wakes=False)
    region.place.region.plane.services.alert_queue.wake()

    await receiver.wait(rules.MOST_PER_HOUR)
    await region.until_ended(rules.MOST_PER_HOUR)

    held_back = await region.deliveries(state="held_back")
    assert [(each["outcome"], each["facts"]["run_number"]) for each in held_back][:1] == [("too_many", 64)]
    assert len(held_back) == 5
    assert len(receiver.posted) == rules.MOST_PER_HOUR
    await _age(region)
    await region.end_run()
    posted = await receiver.wait(rules.MOST_PER_HOUR + 1)
    assert posted[-1].json["held_back"] == 5


async def test_an_alert_that_is_off_says_nothing_and_what_waited_is_held_back(
    region: Region, receiver: HttpReceiver
) -> None:
    alert = await region.add(url=receiver.url)
    await region.end_run(wakes=False)
    body = {"name": "fruitshop", "triggers": ["job-run-failure"], "channel": "webhook", "is_enabled": False}
    await region.ask("PUT", f"/alerts/{alert['id']}", body)
    await region.end_run()
    with anyio.fail_after(240):
        while not (held_back := await region.deliveries(state="held_back")):
            await anyio.sleep(0.01)
    await region.ask("PUT", f"/alerts/{alert['id']}", {**body, "is_enabled": True})
    await region.end_run(number=3)

    await receiver.wait(1)

    assert [posted.json["run"]["run_number"] for posted in receiver.posted] == [3]
    assert [each["outcome"] for each in held_back] == ["turned_off"]


async def test_a_test_says_at_once_what_became_of_it(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=receiver.url, is_enabled=False)
    sent = await region.ask("POST", f"/alerts/{alert['id']}/-test")
    receiver.answers = [500]
    failed = await region.ask("POST", f"/alerts/{alert['id']}/-test")

    assert (sent["state"], sent["trigger"], sent["outcome"], sent["status"]) == ("sent", "test", "delivered", 200)
    assert (failed["state"], failed["outcome"], failed["status"]) == ("failed", "not_taken", 500)
    assert receiver.posted[0].json["type"] == "test"
    assert receiver.posted[0].json["run"] is None
    assert len(receiver.posted) == 2
    assert (await region.ask("GET", f"/alerts/{alert['id']}"))["last_delivery"] == failed


async def test_tests_are_bounded(region: Region, receiver: HttpReceiver) -> None:
    alert = await region.add(url=receiver.url)
    answers = [
        (await region.call("POST", f"/alerts/{alert['id']}/-test")).status_code
        for _ in range(rules.MOST_TESTS_PER_HOUR + 1)
    ]

    assert answers == [200] * rules.MOST_TESTS_PER_HOUR + [429]


async def test_secrets_in_a_log_are_told_as_counts(region: Region, receiver: HttpReceiver) -> None:
    await region.add(triggers=["job-prints-secrets"], url=receiver.url)
    use = {"origin": "variable", "scope": "workspace", "version": 1, "set_at": None, "configuration_id": None}
    uses = {"WAREHOUSE_KEY": use}
    run = await region.print_secret({"WAREHOUSE_KEY": 3, "aws-access-token": 2}, secrets_used=uses)
    services = region.place.region.plane.services
    async with services.parts.database.transaction() as connection:
        await services.hits.note(connection, run, {"WAREHOUSE_KEY": 4}, run["ended_at"])
    await region.print_secret({"aws-access-token": 1}, number=2)

    posted = await receiver.wait(2)

    assert [(each.json["run"]["run_number"], each.json["masked"]) for each in posted] == [
        (1041, {"total": 5, "secrets": 3}), (2, {"total": 1, "secrets": 0}),
    ]  # fmt: skip
    assert not any(b"WAREHOUSE_KEY" in each.body for each in posted)


async def _age(region: Region) -> None:
    """The messages are two hours older."""
    async with region.place.region.plane.services.parts.database.transaction() as connection:
        for row in (await connection.execute(select(alert_deliveries))).mappings().all():
            older = update(alert_deliveries).where(alert_deliveries.c.id == row["id"])
            await connection.execute(older.values(created_at=row["created_at"] - timedelta(hours=2)))
