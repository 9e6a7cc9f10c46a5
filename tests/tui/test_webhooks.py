"""Where a job is called: its addresses in its region, secrets shown once, and the end of an address by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.fakes.webhook_routes import SECRET, give_webhooks

pytestmark = [pytest.mark.anyio]
JOB = ("tab", "down", "enter", "enter")
SIZES = [(80, 24), (120, 40)]
Compare = Callable[[Any, str], Awaitable[None]]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_webhooks_look_as_stored(open_app: Any, picture: Compare, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "w")

        await picture(stage, "It is called at 1 address, 2 calls waiting.")


async def test_definition_says_where_the_job_is_called_in_its_region(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "v")
        await stage.until("entry_point")
        assert stage.installation.webhooks[0]["url"] in stage.text
        assert "webhook:returns  none yet" in stage.text
        stage.installation.refusals["/webhooks"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.press("escape", "v")

        await stage.until("The region is busy.")
        assert "entry_point" in stage.text


async def test_address_is_made_with_a_secret_that_is_shown_once(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "w", "a")
        await stage.until("It has its address already. V makes another secret.")
        await stage.press("j")
        await stage.until("a makes its address and its secret")
        await stage.press("a")
        await stage.until("webhook:returns: shown this once")
        assert SECRET in stage.text
        await stage.press("y")
        assert stage.app.clipboard == SECRET
        await stage.press("enter")
        await stage.until("It is called at 2 addresses")
        assert SECRET not in stage.text
        await stage.press("c")

        assert stage.app.clipboard == stage.installation.webhooks[1]["url"]
        assert stage.posted("webhooks")[0]["trigger"] == "webhook:returns"
        assert SECRET not in "".join(entry.said for entry in stage.app.context.log.entries)


async def test_new_secret_leaves_the_old_one_for_as_long_as_is_said(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "w", "V")
        await stage.until("The old one is good for")
        await stage.press("right", "enter")
        await stage.until("webhook:orders: shown this once")

        assert SECRET in stage.text
        assert stage.posted("rotate") == [{"keep_old_seconds": 3600}]


async def test_address_is_removed_only_by_typing_the_name(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "w", "D")
        await stage.until("Type the name to remove it:")
        await stage.press("enter")
        assert not any(method == "DELETE" for method, _, _ in stage.installation.requests)
        await stage.type("ingest.load_orders")
        await stage.press("enter")

        await stage.until("Removed the webhook webhook:orders.")
        await stage.until("Nobody can call it yet.")


async def test_calls_say_what_became_of_them(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB, "w", "enter")

        await stage.until("job_archived")
        assert "skipped_concurrency_limit" in stage.text


async def test_looking_asks_the_region_no_more_than_keys_do(open_app: Any) -> None:
    async with open_app() as stage:
        give_webhooks(stage.installation)
        await stage.press(*JOB)
        stage.app.context.poll_seconds = 0.05
        await stage.press("w")
        await stage.until("It is called at")
        await stage.press("j", "k", "question_mark", "escape")

        assert len([path for _, path, _ in stage.installation.requests if path.endswith("/webhooks")]) == 1


async def test_who_may_not_is_told_and_jobs_without_a_trigger_have_none(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        await stage.press(*JOB, "w")
        await stage.until("It has no webhook: trigger, so nobody can call it.")
        give_webhooks(stage.installation)
        stage.installation.organizations[0]["role"] = "developer"
        await stage.press("0", "ctrl+r", "enter", "enter", "w")
        await stage.until("It is called at")
        await stage.press("V")

        await stage.until("Webhooks are made and removed by owners; you are a developer.")
