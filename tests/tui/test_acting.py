"""What keys do to the installation: run, stop, pause, set, delete, approve, lock."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from tests.fakes.installation import NOW, identifier, stamp
from tests.tui.waiting import until

pytestmark = [pytest.mark.anyio]
WORKSPACE = ("tab", "down", "enter")


async def test_run_starts_the_job_and_says_its_number(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "j", "r")

        assert "Started ingest.load_customers 512. l opens its log." in stage.text
        body = stage.posted("trigger")[0]
        assert body == {"job_ids": [identifier("job/jobs.ingest.load_customers")], "refresh": False, "dry_run": False,
                        "profile": None}  # fmt: skip


async def test_a_refused_run_says_why(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "r")

        assert "Not started: ingest.load_orders. It is already running, as often as it may." in stage.text


async def test_the_log_that_is_asked_for_at_once_is_of_the_run_that_starts(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "j")
        stage.installation.held["-trigger"] = gate = stage.portal.call(anyio.Event)
        await stage.pilot.press("r", "l")
        stage.portal.call(gate.set)
        await stage.until("load_customers › 512")

        await stage.press("escape")
        assert "512" not in stage.text.splitlines()[0]


async def test_running_again_goes_to_the_new_run(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "slash", *"returns", "enter", "r")
        await stage.until("Started")

        assert "❯ ◌ pending" in stage.text


async def test_an_interactive_job_is_said_to_serve_an_app(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "slash", *"notebooks", "enter")

        await stage.until("Serves an app while it runs: r starts it, O opens it in a browser.")
        assert "Fires interactive" not in stage.text


async def test_the_key_for_the_log_is_named_only_where_it_opens_that_log(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "j", "space", "r")
        await stage.until("Started ingest.load_customers 512.")
        assert "opens its log" not in stage.text, "the cursor is on the next row"

        await stage.press("2", "j", "j", "r")
        await stage.until("l opens its log.")
        await stage.press("G", "enter")
        await stage.until("─ Log ─")
        await stage.press("r")
        said = [entry.said for entry in stage.app.context.log.entries if entry.said.startswith("Started")]

    assert [each.endswith("opens its log.") for each in said] == [False, True, False], said


async def test_marked_jobs_start_together(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "j", "space", "space", "r")

        assert len(stage.posted("trigger")[0]["job_ids"]) == 2
        assert "Started 2 runs." in stage.text


async def test_pause_and_resume(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "p")
        assert "ingest.load_orders is paused. u resumes it." in stage.text
        await stage.press("p")

        assert "ingest.load_orders goes on." in stage.text


async def test_stopping_a_run_asks_first(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "x")
        assert "Stop ingest.load_orders 1041?" in stage.text
        await stage.press("escape")
        assert stage.installation.runs[0]["status"] == "running"
        await stage.press("x", "enter")

        assert stage.installation.runs[0]["status"] == "cancelling"
        assert "Stopping ingest.load_orders 1041." in stage.text


async def test_app_of_an_interactive_job_is_copied_where_there_is_no_desktop(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "slash")
        await stage.type("notebooks")
        await stage.press("enter", "o")
        origin = f"http://r-{identifier('run/jobs.notebooks.orders/7').replace('-', '')}.localhost:8401"
        assert stage.app.clipboard == f"{origin}/-/enter?ticket=t1"
        assert "Copied; it opens the app once, within a minute" in stage.text
        stage.app.copy_to_clipboard("")
        await stage.press("l", "y")

        assert stage.app.clipboard == f"{origin}/-/enter?ticket=t1"


async def test_job_without_an_app_says_so(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "O")

        assert "Only an interactive job has an app." in stage.text


async def test_a_run_that_ended_cannot_be_stopped(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "j", "x")

        assert "It has ended." in stage.text
        assert "x stop" not in stage.text.splitlines()[-1]


async def test_read_only_changes_nothing_and_offers_nothing(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        await stage.press(*WORKSPACE)
        assert "r run" not in stage.text.splitlines()[-1]
        await stage.press("space", "asterisk")
        assert " marked" not in stage.text
        await stage.press("r")
        assert "This session is read-only and changes nothing." in stage.text
        await stage.press("d")
        await stage.press("4", "a")
        await stage.press("D", "enter")

        assert [
            method for method, path, _ in stage.installation.requests if method == "PATCH" or "-trigger" in path
        ] == []


async def test_a_viewer_is_offered_what_a_viewer_may_do(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.workspace_role = "viewer"
        await stage.press(*WORKSPACE)
        await until(stage.pilot, lambda: "d deploy" not in stage.text, "the footer of a viewer")
        assert "l log" in stage.text
        assert not any(verb in stage.text for verb in ("r run", "p pause"))
        await stage.press("d")
        assert "This needs developer or owner in fruitshop. You are a viewer." in stage.text
        await stage.press("r")
        assert "A viewer starts jobs on the profile access only; this one has prod." in stage.text
        assert stage.posted("trigger") == []
        await stage.press("2")
        await stage.until("[2 Runs]")
        await stage.until("◉ running")
        assert "x stop" not in stage.text


async def test_a_secret_is_set_without_being_shown(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "a")
        await stage.type("SHOP__TOKEN")
        await stage.press("enter", "enter", "enter")
        await stage.type("tok-8817263")
        assert "8817263" not in stage.text
        assert "typed, not shown" in stage.text
        await stage.press("enter")

        sent = stage.posted("variables")[0]
        assert sent == {
            "profile": "prod",
            "upserts": [{"name": "SHOP__TOKEN", "type": "secret", "value": "tok-8817263"}],
        }
        assert "Set SHOP__TOKEN in prod." in stage.text
        assert "8817263" not in stage.app.export_screenshot()


async def test_a_short_secret_is_warned_about(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "a")
        await stage.type("PIN")
        await stage.press("enter", "enter", "enter")
        await stage.type("1234")
        await stage.press("enter")

        assert "4 characters or fewer cannot be masked in logs." in stage.text


async def test_deleting_a_variable_says_what_wins_instead(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "D")
        assert "Jobs on prod then get the workspace value." in stage.text
        await stage.press("enter")

        assert stage.posted("variables")[0] == {
            "profile": "prod",
            "upserts": [],
            "deletes": ["DESTINATION__DUCKDB__PATH"],
        }


async def test_marked_variables_are_deleted_together_and_the_plain_ones_come_back(open_app: Any) -> None:
    async with open_app() as stage:
        before = [row for row in stage.installation.variables if not row["name"].startswith("SOURCES__SHOP__A")]
        await stage.press(*WORKSPACE, "4", "space", "space", "space")
        assert "3 marked" in stage.text
        await stage.press("D")
        assert "Delete 3 variables that jobs on prod read?" in stage.text
        assert "DESTINATION__DUCKDB__PATH in prod: jobs then get the workspace value." in stage.text
        assert "LOG_LEVEL in the workspace: jobs then do not get it any more." in stage.text
        assert "1 is a secret and does not come back. u brings the others back." in stage.text
        await stage.press("enter")

        assert "Deleted 3 variables in prod and the workspace. u brings the plain ones back." in stage.text
        assert "marked" not in stage.text
        assert stage.posted("variables") == [
            {"profile": "prod", "upserts": [], "deletes": ["DESTINATION__DUCKDB__PATH", "SOURCES__SHOP__API_KEY"]},
            {"profile": None, "upserts": [], "deletes": ["LOG_LEVEL"]},
        ]
        await stage.press("u")

        now = {(row["profile"], row["name"]): row.get("value") for row in stage.installation.variables}
        assert {(row["profile"], row["name"]): row["value"] for row in before}.items() <= now.items()
        assert ("prod", "SOURCES__SHOP__API_KEY") not in now


async def test_what_a_filter_shows_of_variables_is_marked_and_what_is_not_set_here_cannot_be_deleted(
    open_app: Any,
) -> None:
    async with open_app() as stage:
        stage.installation.add_variable("SOURCES__MAIL__PASSWORD", "", "prod", days=3, is_secret=True)
        await stage.press(*WORKSPACE, "4", "slash", *"MAIL", "enter", "asterisk")
        assert "1 marked" in stage.text
        await stage.press("l", "D")
        assert "Nothing that is marked is set for access." in stage.text
        await stage.press("h", "D")

        assert "Delete SOURCES__MAIL__PASSWORD in prod?" in stage.text
        assert "It does not come back." in stage.text


async def test_of_variables_of_two_scopes_what_was_deleted_before_one_failed_is_said(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "space", "space", "D")
        stage.installation.stuck_scopes.add(None)
        await stage.press("enter")

        assert "Only prod changed: The disk of eu1 is full." in stage.text
        assert not any(row["profile"] == "prod" and "DUCKDB" in row["name"] for row in stage.installation.variables)
        await stage.press("u")

        assert "Taken back. The variables are as they were." in stage.text
        assert any(row["profile"] == "prod" and "DUCKDB" in row["name"] for row in stage.installation.variables)


async def test_variables_are_gone_from_the_screen_when_the_region_refuses(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4")
        stage.installation.refusals["/variables"] = (403, {"detail": "Variables are for owners.", "code": "no"})
        await stage.press("ctrl+r")

        assert "Variables are for owners." in stage.text
        assert "DESTINATION__DUCKDB__PATH" not in stage.text


async def test_region_is_locked_only_by_typing_it(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("a")
        await stage.type("orchard-new")
        await stage.press("enter")
        await stage.until("Lock orchard-new to eu1")
        assert "enter lock" not in stage.text.splitlines()[-1]
        await stage.type("us1")
        await stage.press("enter")
        assert 'Type "eu1" to lock, or press esc.' in stage.text
        assert not any(row["name"] == "orchard-new" for row in stage.installation.organizations)
        await stage.press("ctrl+u")
        await stage.type("eu1")
        await stage.press("enter")

        await stage.until("orchard-new is locked to eu1.")
        await stage.until("❯   orchard-new")
        locked = next(row for row in stage.installation.organizations if row["name"] == "orchard-new")
        assert locked["dataplane_id"] == "eu1"


async def test_leaving_the_lock_creates_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("a")
        await stage.type("orchard-new")
        await stage.press("enter")
        await stage.until("Lock orchard-new to eu1")
        await stage.press("escape", "escape")

        assert not any(row["name"] == "orchard-new" for row in stage.installation.organizations)


async def test_a_lost_race_for_the_region_is_said(open_app: Any) -> None:
    async with open_app() as stage:
        row = stage.installation.add_organization("late", None)
        await stage.press("ctrl+r", "slash", *"late", "enter")
        await stage.press("enter")
        await stage.until("Chosen once")
        await stage.press("enter")
        await stage.until("Lock late to eu1")
        row["dataplane_id"] = "us1"
        await stage.type("eu1")
        await stage.press("enter")

        await stage.until("ben@orchard.example locked late to us1 first.")
        assert "Type the region to lock it:  eu1" in stage.text


async def test_a_region_that_is_silent_cannot_be_chosen(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        await stage.press("a")
        await stage.type("orchard-new")
        await stage.press("enter")

        assert "eu1 is silent. Choose it when it answers." in stage.text


async def test_the_region_is_chosen_by_arrows(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("a")
        await stage.type("orchard-new")
        await stage.press("right")
        assert "us1 chosen" in stage.text
        await stage.press("home", "left")

        assert "eu1 chosen" in stage.text


async def test_approving_shows_who_asks_before_it_signs_them_in(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.device_approved = False
        stage.installation.sign_ins.append(
            {"id": identifier("sign-in"), "requester_address": "10.0.0.7", "client": "dlthub-cli/0.28.7",
             "created_at": stamp(NOW), "expires_at": stamp(NOW)}
        )  # fmt: skip
        await stage.press("colon")
        await stage.type("approve KPTR-WXMB")
        await stage.press("enter")
        await stage.until("dlthub-cli/0.28.7 at 10.0.0.7")
        assert stage.installation.device_approved is False
        await stage.press("enter")

        await stage.until("Approved. The device is signed in as ana@orchard.example.")
        assert stage.installation.device_approved is True


async def test_a_wrong_code_approves_nobody(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("colon")
        await stage.type("approve AAAA-AAAA")
        await stage.press("enter")

        await stage.until("No sign-in waits with this code.")


async def test_a_sign_in_is_refused_from_the_list(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.sign_ins.append(
            {"id": identifier("sign-in"), "requester_address": "10.0.0.7", "client": "curl", "created_at": stamp(NOW),
             "expires_at": stamp(NOW)}
        )  # fmt: skip
        await stage.press("ctrl+r", "g", "enter", "x", "enter")

        await stage.until("Refused the sign-in from 10.0.0.7.")
        assert stage.installation.sign_ins == []


async def test_who_may_not_see_the_list_is_told_how_to_approve_a_device(open_app: Any) -> None:
    async with open_app() as stage:
        body = {"detail": "Only an administrator of this platform may do this.", "code": "administrator_only"}
        stage.installation.refusals["/sign-ins"] = (403, body)
        await stage.press("colon", *"sign-ins", "enter")

        await stage.until("Who waits is for who administers this platform.")
        assert ":approve, then its code." in " ".join(stage.text.split())


async def test_a_new_workspace_is_created_beside_the_one_under_the_cursor(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "a")
        await stage.type("lemonade")
        await stage.press("enter")

        await stage.until("Created lemonade.")
        created = next(row for row in stage.installation.workspaces if row["name"] == "lemonade")
        assert created["organization_id"] == identifier("organization/orchard-eu")


async def test_rolling_back_asks_what_it_would_do_first(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "3", "j", "j", "R")
        assert "Archived: ingest.load_customers." in stage.text
        assert [body["dry_run"] for body in stage.posted("roll-back")] == [True]

        await stage.press("enter")

        assert [body["dry_run"] for body in stage.posted("roll-back")] == [True, False]
        assert "Rolled back to version 10." in stage.text
        assert "Version 10 is what runs, rolled back from 12." in stage.text


async def test_no_way_back_to_a_version_whose_jobs_are_not_known(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "3", "j", "R")

        assert "Version 11 was uploaded and never deployed, so its jobs are not known." in stage.text
        assert stage.posted("roll-back") == []


async def test_marked_jobs_are_paused_together_and_resumed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "space", "space", "p")
        await stage.until("2 jobs are paused. u resumes them.")
        assert sum(job["is_paused"] for job in stage.installation.jobs) == 3
        await stage.press("g", "space", "space", "p")

        await stage.until("2 jobs go on.")


async def test_a_variable_of_another_profile_is_shown_where_it_is_not_set(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.add_variable("SOURCES__MAIL__PASSWORD", "", "prod", days=3, is_secret=True)
        await stage.press(*WORKSPACE, "4", "l", "slash", *"MAIL", "enter")
        await stage.until("only in prod")
        assert "enter sets it here" in stage.text
        await stage.press("D")
        await stage.until("It is not set for access.")
        await stage.press("enter")
        await stage.until("Change SOURCES__MAIL")
        await stage.type("another-value")
        await stage.press("enter")

        await stage.until("in access.")
        assert stage.posted("variables")[0]["profile"] == "access"


async def test_a_plane_is_opened_with_its_six_words(open_app: Any) -> None:
    async with open_app() as stage:
        while "❯ ▴ us1" not in stage.text:
            await stage.press("down")
        await stage.press("enter")
        await stage.until("Not met yet")
        await stage.press("k", "k")
        await stage.until("This home")
        await stage.press("0", "g", *WORKSPACE, "4")
        await stage.until("[4 Vars]")
        await stage.press("9", "j")

        await stage.until("Known as")
        assert "control and 2 regions answer" in stage.text


async def test_a_run_that_ended_is_run_again_with_options_and_the_new_one_is_opened(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "slash", *"returns", "enter", "enter")
        await stage.until("ingest.load_returns › 498")
        await stage.press("R")
        await stage.until("Profile")
        await stage.press("enter", "enter")

        await stage.until("ingest.load_returns › 499")


async def test_what_is_too_long_for_row_23_is_said_whole_on_more_rows(open_app: Any) -> None:
    said = "Not started, and why takes more than a row of eighty cells to say, so it goes on: R can skip that check."
    async with open_app() as stage:
        await stage.press(*WORKSPACE)
        before = stage.text.splitlines()
        stage.app.call_later(stage.app.screen.say, said)
        await stage.until("R can skip that check.")
        rows = stage.text.splitlines()
        assert " ".join("".join(rows[-3:-1]).split()) == said
        assert rows[-1] == before[-1]

        await stage.press("i", "i")
        assert stage.text.splitlines() == before


async def test_what_a_sheet_says_is_whole_on_a_narrow_terminal(open_app: Any) -> None:
    async with open_app(size=(60, 24)) as stage:
        await stage.press(*WORKSPACE, "R")
        await stage.until("Refresh forgets")
        assert "loads everything again, downstream jobs too." in " ".join(stage.text.split())
