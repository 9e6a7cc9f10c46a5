"""Members and keys: who joins, another role, a key that is shown once; and what pipelines loaded."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.tui.waiting import until

from dlthub_tui.client.changes import Change
from dlthub_tui.screens.workspace.team import TeamScreen
from dlthub_tui.session.live_state import News

pytestmark = [pytest.mark.anyio]
TEAM = ("tab", "down", "enter", "6")
INVITE = {
    "id": "9c3a1f3e-5b58-4e0e-9a7c-0d6f0c2f1b11", "email": "gus@else.example", "role": "owner", "workspaces": [],
    "invited_by": "ana@orchard.example", "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-04T00:00:00Z",
}  # fmt: skip
PIPELINES = ("tab", "down", "enter", "5")


async def test_a_member_gets_another_role(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM)
        await stage.until("2 people and 1 key may deploy")
        await stage.press("j", "enter")
        await stage.until("Role of ben@orchard.example")
        await stage.press("right")
        await stage.until("reads; runs what has the profile access")
        await stage.press("enter")

        await stage.until("ben@orchard.example is viewer now; felt within 2 s. u takes that back.")
        assert stage.posted("role") == [{"role": "viewer"}]
        await stage.until("1 person and 1 key may deploy")
        await stage.press("u")

        await stage.until("Taken back. ben@orchard.example is developer again.")
        assert stage.posted("role")[1:] == [{"role": "developer"}]
        await stage.until("2 people and 1 key may deploy")


async def test_while_its_region_is_silent_enter_does_what_it_always_does(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        await stage.press("ctrl+r", *TEAM)
        await stage.until("error id")

        assert "enter change role" in stage.text


async def test_somebody_joins_with_a_role(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM, "a")
        await stage.until("New member")
        await stage.type("dee")
        await stage.press("enter", "enter")
        await stage.until("An e-mail address is needed")
        await stage.type("@orchard.example")
        await stage.press("enter", "right", "enter")

        await stage.until("dee@orchard.example is viewer in fruitshop.")
        assert stage.posted("members") == [{"email": "dee@orchard.example", "role": "viewer"}]


async def test_who_is_not_known_is_invited_by_a_link_that_is_shown_once(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM, "a")
        await stage.until("New member")
        await stage.type("eve@else.example")
        await stage.press("enter", "enter")
        await stage.until("Nobody here has this address.")
        await stage.press("right")
        await stage.until("makes workspaces too, sees those open to members; developer here")
        await stage.press("enter")
        await stage.until("Link for eve@else.example: shown this once")
        assert "ends in 3 days" in stage.text
        await stage.press("y")
        link = stage.app.clipboard
        await stage.press("enter")
        await stage.until("Invited ")

        assert link.startswith("https://orchard.example/invite?link=1")
        workspace = stage.installation.workspaces[0]["id"]
        places = [{"workspace_id": workspace, "role": "developer"}]
        assert stage.posted("invites") == [{"email": "eve@else.example", "role": "member", "workspaces": places}]
        assert link[-16:] not in stage.text


async def test_the_owner_of_a_workspace_alone_invites_to_that_one(open_app: Any) -> None:
    async with open_app() as stage:
        refused = (403, {"detail": "Invites are for owners.", "code": "not_allowed"})
        stage.installation.refusals[f"/organizations/{stage.installation.organizations[0]['id']}/invites"] = refused
        await stage.press(*TEAM, "a")
        await stage.until("New member")
        await stage.type("eve@else.example")
        await stage.press("enter", "enter")
        await stage.until("this workspace only; developer here")
        await stage.press("right", "enter")
        await stage.until("Link for eve@else.example: shown this once")

        assert stage.posted("invites") == [{"email": "eve@else.example", "role": "developer"}]


async def test_an_invite_gets_another_link_and_is_revoked(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.invites.append(INVITE)
        await stage.press(*TEAM)
        await stage.until("has ended")
        assert "org owner" in stage.text
        await stage.press("tab", "Y")
        assert stage.app.clipboard == "dlthub-tui invite orchard-eu/fruitshop gus@else.example --new-link"
        await stage.press("enter")
        await stage.until("Make another link for gus@else.example?")
        await stage.press("enter")
        await stage.until("Link for gus@else.example: shown this once")
        await stage.press("y", "enter")
        assert stage.app.clipboard.startswith("https://orchard.example/invite?link=2")
        await stage.press("x")
        await stage.until("Revoke the invite of gus@else.example?")
        await stage.press("enter")

        await stage.until("Revoked the invite of gus@else.example; the link opens nothing any more.")
        assert stage.installation.invites == []


async def test_a_link_that_cannot_be_made_says_why(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/invites"] = (403, {"detail": "Invites are for owners.", "code": "not_allowed"})
        await stage.press(*TEAM, "a")
        await stage.type("eve@else.example")
        await stage.press("enter", "enter")

        await stage.until("Ask an administrator to add this user first.")


async def test_a_member_is_removed_only_after_asking(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM, "j", "x")
        await stage.until("Remove ben@orchard.example from fruitshop?")
        await stage.press("escape")
        assert not any(method == "DELETE" for method, _, _ in stage.installation.requests)
        await stage.press("x", "enter")

        await stage.until("ben@orchard.example is no member any more.")


async def test_after_the_last_member_of_the_list_is_removed_the_cursor_stays_with_members(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM)
        while "is no member any more." not in stage.text:
            await stage.press("j")
            below = next(row for row in stage.text.splitlines() if row.startswith("❯"))
            if "viewer" in below:
                await stage.press("x", "enter")

        assert "@orchard.example" in next(row for row in stage.text.splitlines() if row.startswith("❯"))


async def test_a_key_is_shown_once_and_copied(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM, "tab", "a")
        await stage.until("New key")
        await stage.type("robot")
        await stage.press("enter", "right", "enter", "enter")
        await stage.until("robot: shown this once")
        await stage.press("y")
        key = stage.app.clipboard
        assert key in stage.text
        await stage.press("enter")

        await stage.until("robot")
        assert key not in stage.text
        assert stage.posted("keys") == [{"name": "robot", "expires_in_days": 90, "role": "developer"}]


async def test_a_key_is_revoked(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*TEAM, "tab", "j", "x")
        await stage.until("Revoke the key laptop?")
        await stage.press("enter")

        await stage.until("Revoked laptop; it ends within 2 s.")
        assert stage.app.context.log.entries[-1].twin.startswith("dlthub-tui admin api-key revoke ")
        await stage.press("G", "Y")
        assert stage.app.clipboard == "dlthub-tui admin api-key create --user=ana@orchard.example"


async def test_a_read_only_session_changes_no_member_invite_or_key(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        stage.installation.invites.append(INVITE)
        await stage.press(*TEAM)
        for place in ("g", "tab", "G"):
            await stage.press(place, "enter")
            await stage.until("This session is read-only and changes nothing.")
            await stage.press("a")

        assert not any(method != "GET" for method, path, _ in stage.installation.requests if "/own/v1/w" in path)
        assert not stage.app.screen.is_modal


async def test_who_is_no_owner_sees_whom_to_ask(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.organizations[0]["role"] = "developer"
        workspace = stage.installation.workspaces[0]["id"]
        stage.installation.refusals[f"/own/v1/workspaces/{workspace}/api-keys"] = (
            403, {"detail": "Keys are for owners.", "code": "not_allowed"},
        )  # fmt: skip
        await stage.press(*TEAM)
        await stage.until("yours; the workspace's are for owners: ana@orchard.example")
        assert "change role" not in stage.text
        await stage.press("j", "a")

        await stage.until("Members are for owners; you are a developer.")


async def test_pipelines_open_down_to_tables_and_the_run_of_the_job(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*PIPELINES)
        await stage.until("orders_pipeline")
        assert "duckdb.orders" in stage.text
        assert "KeyError: 'customer_id'" in stage.text
        await stage.press("enter")
        await stage.until("12 runs of orders_pipeline")
        await stage.press("enter")
        await stage.until("orders__lines")
        assert "31,022" in stage.text
        assert "1742219286.31" in stage.text
        await stage.press("enter")

        await stage.until("ingest.load_orders › 1041")


async def test_pipelines_are_sorted_and_filtered(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*PIPELINES, "s")
        await stage.until("Sorted by name.")
        await stage.press("slash", *"stock", "enter")

        await stage.until("1 shown of 2")


async def test_no_pipeline_says_what_shows_here(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*PIPELINES[:3])
        stage.installation.jobs.clear()
        await stage.press("5")

        await stage.until("No pipeline ran here in 7 days.")


async def test_who_may_deploy_is_said_to_read_secrets_where_they_are_and_where_roles_are(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press("tab", "down", "enter", "4", "j", "j")
        assert "and so can whoever may deploy there: 6 shows who." in stage.text
        await stage.press("k")
        assert "whoever may deploy there" not in stage.text  # it is a plain one
        await stage.press("6")

        await stage.until("may deploy, and so read the secrets of prod.")
        assert "may deploy to prod, so can read its secrets" in stage.text


async def test_members_are_asked_for_when_the_stream_says_so(open_app: Any) -> None:
    def asked() -> int:
        return sum(path.endswith("/members") for _, path, _ in stage.installation.requests)

    async with open_app() as stage:
        stage.app.context.poll_seconds = 0.02
        stage.app.context.live.is_up = True
        await stage.press("tab", "down", "enter", "6")
        await stage.until("ana@orchard.example")
        place, before = stage.app.screen, asked()
        assert isinstance(place, TeamScreen)
        await anyio.sleep(0.2)
        assert asked() == before

        stage.app.call_later(place.heard, News((Change(workspace_id=place.workspace.id, run_id="r"),)))
        await stage.pilot.pause()
        assert asked() == before

        stage.app.call_later(place.heard, News((Change(workspace_id=place.workspace.id),)))
        await until(stage.pilot, lambda: asked() > before, "asked again")
