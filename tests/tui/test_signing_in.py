"""From the first frame to a session: by code, by the stored session, by the home's socket, as the first owner."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.installation import OWNER_KEY
from tests.fakes.sign_in_routes import BROWSER_CODE
from tests.tui.waiting import NAMES, screen_text, settle, until

from dlthub_tui.app import AppOptions, DlthubTui
from dlthub_tui.screens.entering.first_owner import FirstOwnerScreen
from dlthub_tui.screens.installation.home import HomeScreen
from planes.tokens.keys import SigningKey

pytestmark = [pytest.mark.anyio]


@dataclass
class Started:
    """Where the platform of these tests is."""

    control_plane_url: str
    socket_path: str | None
    is_embedded: bool = True
    note: str | None = None


@dataclass
class Starter:
    """Stands for the embedded platform: the fake behind a unix socket is the same server."""

    url: str
    socket_path: str | None = None
    runs: int = 0
    failure: Exception | None = None
    left: list[bool] = field(default_factory=list)

    async def start(self, report: Callable[[str], None]) -> Started:
        report("Starting the planes.")
        if self.failure is not None:
            raise self.failure
        return Started(self.url, self.socket_path)

    async def active_runs(self) -> int:
        return self.runs

    async def leave(self, *, keep_running: bool) -> None:
        self.left.append(keep_running)


async def test_a_code_that_is_approved_signs_in_and_is_kept(open_app: Any, tmp_path: Path) -> None:
    async with open_app() as stage:
        assert isinstance(stage.app.screen, HomeScreen)

    kept = next((tmp_path / "client").glob("session-*.json"))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["jwt"] == "jwt-1"


async def test_the_stored_session_is_resumed_without_a_new_code(open_app: Any) -> None:
    async with open_app():
        pass
    async with open_app() as stage:
        codes = [path for _, path, _ in stage.installation.requests if path.endswith("-issue-device-code")]

        assert isinstance(stage.app.screen, HomeScreen)
        assert len(codes) == 1


async def test_a_session_is_not_sent_to_a_control_plane_with_other_keys(open_app: Any, tmp_path: Path) -> None:
    async with open_app():
        pass
    kept = next((tmp_path / "client").glob("session-*.json"))
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"fingerprints": ["another"], "jwt": "stolen"}))
    async with open_app() as stage:
        assert not any(bearer == "stolen" for _, _, bearer in stage.installation.requests)


async def test_a_spent_token_is_renewed_once_and_the_place_is_kept(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter")
        stage.installation.tokens[:] = ["jwt-2"]
        await stage.press("ctrl+r")

        assert "ingest.load_orders" in stage.text
        refreshes = [path for _, path, _ in stage.installation.requests if path.endswith("-refresh")]
        assert len(refreshes) == 1


async def test_a_code_that_is_not_approved_waits_and_a_refusal_is_said(open_app: Any, installation: Any) -> None:
    installation[0].device_code_state, installation[0].device_approved = "refused", False
    async with open_app() as stage:
        await stage.until("ana refused this sign-in. Nothing was stored. Press ctrl+r for a new code.")
        installation[0].device_approved, installation[0].device_code_state = True, "pending"
        await stage.press("ctrl+r")

        await until(stage.pilot, lambda: isinstance(stage.app.screen, HomeScreen), "home")


async def test_the_owner_is_signed_in_by_the_home_and_nothing_is_kept(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    app = DlthubTui(_options(tmp_path, Starter(fake.url, fake.socket_path)))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("Q")
        await settle(pilot)
        assert "This home signs its owner in by itself" in screen_text(app)

    assert not any(path.endswith("-issue-device-code") for _, path, _ in fake.requests)
    assert not list((tmp_path / "client").glob("session-*"))
    assert [path for _, path, _ in fake.requests][-1].endswith("-revoke")


async def test_signing_out_ends_the_session_and_leaves_no_place(open_app: Any, tmp_path: Path) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "Q")
        assert "Sign out ana@orchard.example?" in stage.text
        assert f"At {stage.installation.url}." in stage.text
        await stage.press("escape")
        assert "[1 Jobs]" in stage.text
        assert list((tmp_path / "client").glob("session-*"))
        stage.installation.device_approved = False
        await stage.press("Q")
        await stage.pilot.press("enter")
        await stage.until("ana@orchard.example is signed out.")
        await stage.until("type this code")

        assert [path for _, path, _ in stage.installation.requests if path.endswith("-revoke")]
        assert not list((tmp_path / "client").glob("session-*"))
        assert not any(isinstance(screen, HomeScreen) for screen in stage.app.screen_stack)
        await stage.pilot.press("Q")
        await stage.until("Nobody is signed in.")
        stage.installation.device_approved = True
        await stage.until("Needs you")


@pytest.mark.parametrize("signs_in_by", ["a code", "a key"])
async def test_signing_out_forgets_here_what_cannot_be_ended_there(
    open_app: Any, installation: Any, tmp_path: Path, signs_in_by: str
) -> None:
    fake, _ = installation
    fake.tokens = ["jwt-1", "dlt_u_the-key"]
    fake.refusals["-revoke"] = (503, {"detail": "It is starting."})
    async with open_app() as stage:
        if signs_in_by == "a key":
            connection = stage.app.context.connected
            await connection.begin(await connection.whose("dlt_u_the-key"), is_kept=True)
        fake.device_approved = False
        await stage.press("Q")
        assert ("revoked nowhere" in stage.text) == (signs_in_by == "a key")
        await stage.pilot.press("enter")
        await stage.until("it is not revoked" if signs_in_by == "a key" else "ends when it runs out.")

    assert not list((tmp_path / "client").glob("session-*"))


async def test_the_address_of_something_else_is_said_to_be_that(open_app: Any, installation: Any) -> None:
    installation[0].refusals["/.well-known/control-plane"] = (404, {"detail": "Not Found"})
    async with open_app() as stage:
        await stage.until("is no control plane.")


async def test_who_cannot_read_the_owner_key_signs_in_by_code(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    app = DlthubTui(_options(tmp_path, Starter(fake.url, fake.socket_path)))
    async with app.run_test() as pilot:
        await settle(pilot)

        assert any(path.endswith("-issue-device-code") for _, path, _ in fake.requests)


async def test_first_start_creates_the_owner(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    fake.owner = None
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    app = DlthubTui(_options(tmp_path, Starter(fake.url, fake.socket_path)))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "nobody owns it yet" in screen_text(app)
        reasons = [{"key": "email", "message": "must be an e-mail address"}]
        body = {"detail": "The request breaks a rule.", "code": "invalid_request", "extra": {"reasons": reasons}}
        fake.refusals["/own/v1/sessions/-first-owner"] = (400, body)
        await pilot.press("at", "enter", "enter")
        await until(pilot, lambda: "Nobody was created. email: must be an e-mail" in screen_text(app), "why not")
        fake.refusals.clear()
        await pilot.press("backspace", *"ana", "at", *"orchard", "full_stop", *"example", "enter")
        await pilot.press(*"a-long-password".replace("-", ""), "enter")
        await settle(pilot)

        await until(pilot, lambda: not isinstance(app.screen, FirstOwnerScreen), "past the first start")
        assert fake.owner == "ana@orchard.example"


async def test_leaving_with_active_runs_asks_about_the_platform(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    starter = Starter(fake.url, fake.socket_path, runs=3)
    app = DlthubTui(_options(tmp_path, starter))
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("q")
        await settle(pilot)
        assert "3 runs are active" in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert starter.left == []
        await pilot.press("ctrl+q")
        await settle(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: bool(starter.left), "left")

    assert starter.left == [True]


async def test_leaving_without_runs_stops_the_platform(installation: Any, tmp_path: Path) -> None:
    fake, _ = installation
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    starter = Starter(fake.url, fake.socket_path)
    app = DlthubTui(_options(tmp_path, starter))
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: bool(starter.left), "left")

    assert starter.left == [False]
    assert app.return_code == 0


@pytest.mark.parametrize("keys", [("question_mark",), ("colon",), ("a", "f1")], ids=["help", "command", "form"])
async def test_leaving_works_from_whatever_is_open(installation: Any, tmp_path: Path, keys: tuple[str, ...]) -> None:
    fake, _ = installation
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    starter = Starter(fake.url, fake.socket_path, runs=3)
    app = DlthubTui(_options(tmp_path, starter))
    async with app.run_test() as pilot:
        await settle(pilot)
        for key in (*keys, "ctrl+q", "ctrl+q"):
            await pilot.press(key)
            await settle(pilot)
        await until(pilot, lambda: "3 runs are active" in screen_text(app), "asked")
        await pilot.press("escape")
        await settle(pilot)
        assert "3 runs are active" not in screen_text(app), "it was asked once"

    assert starter.left == []


@pytest.mark.parametrize("keys", [("q",), ("ctrl+c", "ctrl+c")], ids=["q", "ctrl+c twice"])
async def test_one_key_too_many_on_home_leaves_nothing(
    installation: Any, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    fake, _ = installation
    (tmp_path / "owner.key").write_text(OWNER_KEY)
    starter = Starter(fake.url, fake.socket_path)
    app = DlthubTui(_options(tmp_path, starter))
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: "Leave dlthub-tui?" in screen_text(app), "asked")
        await pilot.press("ctrl+x", "escape")
        await settle(pilot)
        assert "Leave dlthub-tui?" not in screen_text(app)
        assert starter.left == []
        await pilot.press("ctrl+c", "j", "ctrl+c")
        await settle(pilot)
        assert "ctrl+c again asks whether to leave." in screen_text(app), "a key between begins anew"
        await pilot.press("q")
        await until(pilot, lambda: "Leave dlthub-tui?" in screen_text(app), "asked")
        await pilot.press("enter")
        await until(pilot, lambda: bool(starter.left), "left")

    assert starter.left == [False]


def _options(home: Path, starter: Starter) -> AppOptions:
    return AppOptions(home=str(home), platform=starter, poll_seconds=0, uses_keyring=False)


async def test_a_platform_that_does_not_start_says_what_to_do(installation: Any, tmp_path: Path) -> None:
    app = DlthubTui(_options(tmp_path, Starter(installation[0].url, failure=RuntimeError("secret inside"))))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "Something here failed: see crash-" in screen_text(app)
        assert "Press ctrl+r to try again." in screen_text(app)
        crash = next((tmp_path / "client").glob("crash-*.txt"))
        assert stat.S_IMODE(crash.stat().st_mode) == 0o600


async def test_another_identity_of_the_region_sends_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "4")
        assert "DESTINATION__DUCKDB__PATH" in stage.text
    stage.installation.keys["eu1"] = SigningKey.generate()
    stage.installation.requests.clear()
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "4")

        await stage.until("This is not the eu1 seen before")
        assert not any("/variables" in path for _, path, _ in stage.installation.requests)


async def test_a_session_that_ends_keeps_the_place(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "j", "j")
        stage.installation.tokens[:] = ["jwt-3"]
        stage.installation.refusals["-refresh"] = (401, {"detail": "The session is over.", "code": "rejected"})
        stage.installation.device_approved = False
        await stage.pilot.press("ctrl+r")
        await stage.until("type this code")
        assert re.search(r"Your session ended at \d\d:\d\d. Your place is kept; sign in to go on.", stage.text)
        stage.installation.refusals.clear()
        stage.installation.device_approved = True

        await stage.until("[1 Jobs]")
        assert "❯ ✓ ingest.load_returns" in stage.text


async def test_a_session_whose_end_is_heard_twice_is_asked_for_once(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.tokens[:] = ["jwt-3"]
        stage.installation.refusals["-refresh"] = (401, {"detail": "The session is over.", "code": "rejected"})
        stage.installation.device_approved = False
        await stage.pilot.press("ctrl+r")
        await stage.until("type this code")
        stage.app.on_session_ended()
        connecting = [work for work in stage.app.workers if work.group == "connect"]
        (again,) = [work for work in connecting if not (work.is_finished or work.is_cancelled)]
        await again.wait()

        assert [type(screen).__name__ for screen in stage.app.screen_stack].count("SignInScreen") == 1


async def test_somebody_else_who_signs_in_finds_nothing_of_who_was_there(open_app: Any) -> None:
    async with open_app() as stage:
        regions = stage.app.context.connected.regions
        await stage.press("tab", "down", "enter", "space", "slash", *"load", "enter", "2")
        stage.installation.tokens[:] = ["jwt-3"]
        stage.installation.refusals["-refresh"] = (401, {"detail": "The session is over.", "code": "rejected"})
        stage.installation.device_approved = False
        await stage.pilot.press("ctrl+r")
        await stage.until("type this code")
        stage.installation.refusals.clear()
        stage.installation.owner, stage.installation.device_approved = "ben@orchard.example", True

        await stage.until("Needs you")
        await stage.press("left_square_bracket")
        assert "No place before this one." in stage.text
        assert stage.app.context.connected.regions is not regions
        await stage.press("tab", "down", "enter")
        await stage.until("[1 Jobs]")
        assert "marked" not in stage.text
        assert "/load" not in stage.text


@pytest.mark.parametrize("happens", ["a key is refused", "nobody answers for a while"])
async def test_a_code_that_stands_there_can_be_approved_whatever_happened(
    open_app: Any, installation: Any, happens: str
) -> None:
    fake, _ = installation
    fake.device_approved = False
    async with open_app(waits=False) as stage:
        await stage.until("Waiting for approval.")
        await stage.pilot.press("o")
        await stage.until(f"Copied {fake.url}/device")
        if happens == "a key is refused":
            await stage.pilot.press("k")
            await stage.until("Sign in by an API key")
            await stage.pilot.press("x", "enter")
            await stage.until("This key is not accepted.")
            await stage.pilot.press("escape")
        else:
            fake.refusals["-redeem-device-code"] = (503, {"detail": "It is starting."})
            await stage.until("No answer. Asking goes on; the code works for another 5 min.")
            fake.refusals.clear()
        await stage.until("Waiting for approval.")
        fake.device_approved = True

        await stage.until("Needs you")


async def test_an_api_key_signs_in_without_being_shown(open_app: Any, installation: Any) -> None:
    fake, _ = installation
    fake.device_approved, fake.tokens = False, ["jwt-1", "dlt_u_the-key"]
    async with open_app(waits=False) as stage:
        await stage.until("type this code")
        await stage.pilot.press("k")
        await stage.until("Sign in by an API key")
        await stage.pilot.press(*(NAMES.get(letter, letter) for letter in "dlt_u_the-key"))
        assert "the-key" not in stage.text
        await stage.pilot.press("enter")

        await stage.until("Needs you")


@pytest.mark.parametrize("comes", ["code", "refusal"])
async def test_a_browser_of_this_desktop_signs_in_and_the_code_works_meanwhile(
    open_app: Any, installation: Any, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    fake, _ = installation
    fake.device_approved = False
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    async with open_app(waits=False, opens_browser=True) as stage:
        await stage.until("Waiting for approval.")
        await stage.pilot.press("o")
        await stage.until("Waiting for the browser here.")
        assert opened == [f"{fake.url}/authorize?request=1"]
        back, state = fake.asked_by_browser["redirect_uri"], fake.asked_by_browser["state"]
        answer = {"code": BROWSER_CODE} if comes == "code" else {"error": "access_denied"}
        async with httpx.AsyncClient(timeout=240) as browser:
            foreign = await browser.get(back, params={**answer, "state": "of another"})
            assert foreign.status_code == 404
            page = await browser.get(back, params={**answer, "state": state})

        if comes == "code":
            assert "You are signed in." in page.text
            await stage.until("Needs you")
        else:
            assert "Nobody was signed in." in page.text
            await stage.until("The browser says no. o opens the browser again; the code works, too.")
            fake.device_approved = True
            await stage.until("Needs you")


async def test_where_no_browser_opens_the_address_for_the_code_is_copied(
    open_app: Any, installation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, _ = installation
    fake.device_approved = False
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    async with open_app(waits=False, opens_browser=True) as stage:
        await stage.until("Waiting for approval.")
        await stage.pilot.press("o")

        await stage.until(f"Copied {fake.url}/device")
        assert stage.app.clipboard == f"{fake.url}/device"
