"""When a data plane asks to be taken in, and what it makes of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.fakes.clock import FakeClock

from planes.data_plane.services.access.enrolment import Enrolment
from planes.domain.errors import NotAuthenticated, PlaneError, Unavailable

pytestmark = pytest.mark.anyio
SPENT = NotAuthenticated("join_token_rejected", "The join token was used.")
AWAY = Unavailable("control_plane_unreachable", "The control plane does not answer: its certificate is not accepted.")


@dataclass
class Control:
    """A control plane that answers these, one after another, then takes every token."""

    answers: list[PlaneError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)

    async def enrol(self, join_token: str) -> Any:
        self.asked.append(join_token)
        if self.answers:
            raise self.answers.pop(0)
        return SimpleNamespace(keys=["new"])

    async def tell_key_changes(self, changes: Any) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.told.append(changes)


@dataclass
class Keys:
    keys: list[str]

    async def learn_keys(self, keys: list[str]) -> None:
        self.keys = keys


def enrolment(control: Control, keys: Keys, token: str | None, *changes: str) -> Enrolment:
    identity = SimpleNamespace(key_changes=list(changes))
    parts = SimpleNamespace(link=control, dataplane_id="eu1", clock=FakeClock(), identity=identity)
    return Enrolment(cast("Any", parts), cast("Any", keys), token)


@pytest.mark.parametrize(
    ("answers", "keys"), [([], ["new"]), ([SPENT], ["old"]), ([AWAY], ["old"])], ids=["new", "spent", "away"]
)
async def test_a_new_token_brings_back_a_plane_that_had_joined(answers: list[PlaneError], keys: list[str]) -> None:
    control, known = Control(answers), Keys(["old"])
    joining = enrolment(control, known, "token")

    await joining.run()

    assert control.asked == ["token"]
    assert (joining.is_done, joining.refusal, known.keys) == (True, None, keys)


async def test_a_plane_that_had_joined_asks_for_nothing_without_a_token() -> None:
    control = Control()
    joining = enrolment(control, Keys(["old"]), None)

    await joining.run()

    assert (joining.is_done, control.asked) == (True, [])


async def test_why_nobody_is_heard_is_kept_for_who_waits() -> None:
    joining = enrolment(Control([AWAY]), Keys([]), "token")

    await joining.run()

    assert joining.is_done
    assert joining.silence is AWAY


@pytest.mark.parametrize("answers", [[], [AWAY], [SPENT]], ids=["at once", "when it is heard", "when it is taken"])
async def test_a_plane_with_another_key_says_so_until_it_is_taken(
    answers: list[PlaneError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planes.data_plane.services.access.enrolment._LONGEST_WAIT_SECONDS", 0)
    control = Control(list(answers))
    joining = enrolment(control, Keys(["old"]), None, "change")

    await joining.run()

    assert joining.is_done
    assert control.told == [["change"]]
