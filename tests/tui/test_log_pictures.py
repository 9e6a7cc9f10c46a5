"""How a log looks in each of its states, at the two sizes that count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from tests.tui.test_comparing import fill_good
from tests.tui.test_log_showing import failed_log, tracebacks
from tests.tui.test_pictures import SIZES, WORKSPACE, Compare

pytestmark = [pytest.mark.anyio]

FAILED = (*WORKSPACE, "2", "j", "j", "enter")
LEAK = {"SOURCES__SHOP__API_KEY": 2, "github-token": 1}


def leak(stage: Any) -> None:
    """The failed run printed a secret."""
    stage.installation.masked[stage.installation.runs[1]["id"]] = LEAK


def trace(stage: Any) -> None:
    """The failed run's log ends with tracebacks, and a warning."""
    for text in (*tracebacks(3), "UserWarning: page 90 has no customers"):
        failed_log(stage).add(text, stream="stderr")


def damage(stage: Any) -> None:
    """Some lines of the failed run are lost."""
    failed_log(stage).damage = [(44, 56)]


def empty(stage: Any) -> None:
    """The failed run printed nothing."""
    failed_log(stage).lines.clear()


def hold(stage: Any) -> None:
    """The region does not answer yet."""
    stage.installation.held["/lines"] = stage.portal.call(anyio.Event)


def silence(stage: Any) -> None:
    """Nothing listens where the region was."""
    for workspace in stage.installation.workspaces:
        workspace["dataplane_url"] = "http://127.0.0.1:9"


def forbid(stage: Any) -> None:
    """Somebody without a role in the workspace looks."""
    detail = "Reading logs needs a role in fruitshop. You have none"
    stage.installation.refusals["/lines"] = (403, {"detail": detail, "code": "not_allowed"})


STATES: dict[str, tuple[Callable[[Any], None], tuple[str, ...], str]] = {
    "marked": (trace, (*FAILED, "slash", *"value", "enter", "n", "space", "space"), "2 marked"),
    "errors": (trace, (*FAILED, "v", "v"), "errors only"),
    "folded": (trace, (*FAILED, "z", "minus", "E"), "lines folded"),
    "masked-row": (leak, FAILED, "Masked"),
    "rotating": (leak, (*FAILED, "V", *"new"), "Change SOURCES__SHOP__API_KEY"),
    "compared": (fill_good, (*FAILED, "equals_sign"), "difference 1 of 1"),
    "damaged": (damage, FAILED, "12 lines are damaged"),
    "empty": (empty, FAILED, "printed nothing"),
    "loading": (hold, (*WORKSPACE, "2", "enter"), "loading"),
    "offline": (silence, FAILED, "eu1 does not answer. The log"),
    "forbidden": (forbid, FAILED, "Reading logs needs a role"),
    "times": (trace, (*FAILED, "number_sign", "t", "t"), "Times are since the start."),
    "broken": (trace, (*FAILED, "b", "z"), "UserWarning"),
}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", STATES)
async def test_log_looks_as_stored(open_app: Any, picture: Compare, name: str, size: tuple[int, int]) -> None:
    prepare, keys, sentinel = STATES[name]
    async with open_app(size=size) as stage:
        prepare(stage)
        await stage.press("ctrl+r", *keys)

        await picture(stage, sentinel)
        for held in stage.installation.held.values():
            stage.portal.call(held.set)
