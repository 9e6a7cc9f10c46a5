"""The Alerts tab: what is sent to the region, what is said when it refuses, is silent or has nothing."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.fakes.alert_routes import membership

pytestmark = pytest.mark.anyio

WORKSPACE = ("tab", "down", "enter")
ALERTS = (*WORKSPACE, "7")


async def test_alert_by_mail_keeps_members_apart_from_addresses(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "a")
        assert "fruitshop" in stage.text
        await stage.press("enter", "right", "enter")
        await stage.type("ingest.*, transform.daily")
        await stage.press("enter", "enter", "enter")
        await stage.type("Ana@orchard.example; oncall@other.example")
        await stage.press("enter")

        await stage.until("r sends a test")
        assert stage.posted("alert") == [
            {
                "name": "fruitshop", "triggers": ["job-run-success"], "jobs": ["ingest.*", "transform.daily"],
                "pipelines": [], "channel": "mail", "is_enabled": True,
                "members": [membership("ana@orchard.example")], "addresses": ["oncall@other.example"],
            }
        ]  # fmt: skip


async def test_address_of_a_webhook_is_typed_hidden_and_kept_when_left_empty(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "j", "enter")
        assert "it stays at hooks.orchard.example" in stage.text
        await stage.press("tab", "tab", "tab", "tab", "tab")
        await stage.type("https://hooks.new.example/t0ken")
        assert "t0ken" not in stage.text
        await stage.press("enter")
        await stage.until("Set warehouse")
        await stage.press("enter", "tab", "tab", "tab", "tab", "tab", "enter")
        await stage.until("Set warehouse")

        first, second = stage.posted("alert")
        assert first["url"] == "https://hooks.new.example/t0ken"
        assert "url" not in second
        assert "t0ken" not in stage.text
        assert "webhook hooks.new.example" in stage.text


async def test_alert_that_tells_nobody_is_not_sent(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "a", "enter", "enter", "enter", "enter", "enter", "enter")

        assert "Nobody is told." in stage.text
        await stage.type("nobody")
        await stage.press("enter")
        assert "nobody is neither a member nor a mail address." in stage.text
        assert stage.posted("alert") == []

        reasons = [{"key": "jobs.0", "message": "String should match pattern '^[a-z]$'"}]
        body = {"detail": "The request breaks a rule.", "code": "invalid_request", "extra": reasons}
        stage.installation.refusals["/alerts"] = (400, body)
        await stage.type("@orchard.example")
        await stage.press("enter")
        await stage.until("is not in the form that it must have")
        assert "pattern" not in stage.text


async def test_test_says_what_became_of_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "r")
        await stage.until("The test of fruitshop was taken.")
        await stage.press("j", "r")

        await stage.until("The test of warehouse failed: no connection.")


async def test_alert_is_turned_off_and_on_and_nothing_else_of_it_changes(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "x")
        await stage.until("fruitshop is off. x turns it on.")
        await stage.press("x")
        await stage.until("fruitshop is on.")

        off, on = stage.posted("alert")
        assert (off["is_enabled"], on["is_enabled"]) == (False, True)
        assert off.keys() == {"name", "triggers", "jobs", "pipelines", "channel", "is_enabled"}


async def test_alert_is_deleted_after_a_question_only(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "D", "escape")
        assert stage.posted("remove-alert") == []
        await stage.press("D", "enter")

        await stage.until("Deleted fruitshop.")
        assert len(stage.posted("remove-alert")) == 1


async def test_mail_server_is_set_and_its_password_hidden(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS, "m", "enter", "enter", "enter", "enter", "enter")
        await stage.type("hunter22")
        assert "hunter22" not in stage.text
        await stage.press("enter")
        await stage.until("Mail goes over mail.orchard.example")

        (body,) = stage.posted("mail-server")
        assert (body["port"], body["security"], body["password"]) == (587, "starttls", "hunter22")


async def test_loading_is_said(open_app: Any) -> None:
    async with open_app() as stage:
        held = stage.installation.held["/alerts"] = anyio.Event()
        await stage.pilot.press(*ALERTS)
        await stage.pilot.pause()
        await stage.until("[7 Alerts]")
        assert "Loading" in stage.text
        stage.portal.call(held.set)

        await stage.until("warehouse did not arrive")


async def test_nothing_is_said_with_what_to_do(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.alerts = []
        await stage.press(*ALERTS)

        assert "No alerts. Press a." in stage.text


async def test_viewer_is_told_whose_alerts_are_and_sees_none(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS)
        stage.installation.workspace_role = "viewer"
        stage.installation.refusals["/alerts"] = (403, {"detail": "It names secrets or people.", "code": "no"})
        await stage.press("ctrl+r")

        await stage.until("Alerts are for all but viewers; you are a viewer. Ask ana@orchard.example.")
        assert "warehouse" not in stage.text


async def test_viewer_whom_all_of_it_refuses_is_told_whom_to_ask(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.workspace_role = "viewer"
        for part in ("/alerts", "/mail-server"):
            stage.installation.refusals[part] = (403, {"detail": "It names secrets or people.", "code": "no"})
        await stage.press(*ALERTS)

        await stage.until("Alerts are for all but viewers; you are a viewer. Ask ana@orchard.example.")


async def test_looking_writes_no_more_entries_than_keys_ask_for_but_a_region_is_waited_for(open_app: Any) -> None:
    async with open_app() as stage:
        stage.app.context.poll_seconds = 0.05
        await stage.press(*ALERTS)
        await stage.until("warehouse did not arrive")
        await stage.press("j", "question_mark", "escape")
        await anyio.sleep(0.3)
        assert len([path for _, path, _ in stage.installation.requests if path.endswith("/alerts")]) == 1

        stage.installation.refusals["/alerts"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.press("ctrl+r")
        await stage.until("The region is busy.")
        stage.installation.refusals.clear()

        await stage.until("It answers again.")


async def test_a_role_that_fell_leaves_nothing_to_add(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS)
        stage.app.context.roles[stage.app.screen.workspace.id] = "viewer"
        await stage.press("down", "a")

        assert "This needs developer or owner" in stage.text
        assert "a add" not in stage.text.splitlines()[-1]


async def test_region_that_fails_leaves_what_was_there(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS)
        stage.installation.refusals["/alerts"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.press("ctrl+r")

        await stage.until("The region is busy.")
        assert "warehouse" in stage.text


async def test_refused_change_says_which_field(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*ALERTS)
        stage.installation.refusals["/own/v1/workspaces"] = (
            400,
            {"detail": "This alert cannot be used; nothing was changed.", "code": "invalid_request",
             "extra": [{"key": "url", "message": "no address of the public internet"}]},
        )  # fmt: skip
        await stage.press("x")

        await stage.until("url: no address of the public internet")


async def test_read_only_session_changes_no_alert(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        await stage.press(*ALERTS)
        for key in ("a", "enter", "x", "D", "r", "m"):
            await stage.press(key)
            assert "read-only and changes nothing" in stage.text, key

        assert not any(method != "GET" and "/alerts" in path for method, path, _ in stage.installation.requests)


async def test_members_who_may_not_be_seen_stay_told(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/members"] = (403, {"detail": "Members are not told.", "code": "no"})
        await stage.press(*ALERTS)
        assert "1 member, oncall@orchard.example" in stage.text
        assert "somebody who left" not in stage.text
        await stage.press("enter")
        assert "1 member whom you may not see" in stage.text
        await stage.press(*["tab"] * 5, "ctrl+u", "enter")
        await stage.until("Set fruitshop")

        (body,) = stage.posted("alert")
        assert body["members"] == [membership("ana@orchard.example")]
        assert body["addresses"] == []
