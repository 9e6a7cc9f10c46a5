"""Alerts as they are typed and told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dlthub_tui.client.alerts import Alert, Delivery
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import text_of, width_of
from dlthub_tui.viewmodel.workspace import alerts as view

NOW = datetime(2026, 3, 17, 14, 1, 52, tzinfo=UTC)
PEOPLE = {"m1": "ana@orchard.example"}


def alert(**changes: object) -> Alert:
    values: dict[str, object] = {
        "id": "a", "name": "fruitshop", "triggers": ("job-run-failure",), "jobs": (), "pipelines": (),
        "channel": "mail", "members": ("m1",), "addresses": (), "host": None, "is_enabled": True,
        "each_try": False, "last": None,
    }  # fmt: skip
    return Alert(**{**values, **changes})  # pyright: ignore[reportArgumentType] - as they are changed above


def delivery(**changes: object) -> Delivery:
    values: dict[str, object] = {
        "trigger": "job-run-failure", "job_ref": "jobs.ingest.load", "run_number": 7, "state": "failed",
        "outcome": "not_taken", "status": 404, "tries": 1, "next_try_at": None, "created_at": NOW,
    }  # fmt: skip
    return Delivery(**{**values, **changes})  # pyright: ignore[reportArgumentType] - as they are changed above


@pytest.mark.parametrize("word", [*view.WHEN, view.EVERY])
def test_word_stands_for_its_triggers_and_back(word: str) -> None:
    assert view.when_of(alert(triggers=tuple(view.triggers_of(word)), **view.each_try_of(word))) == word


def test_recipients_are_members_or_addresses() -> None:
    assert view.split_recipients("ANA@orchard.example, x@y.example;z@y.example", PEOPLE) == (
        ["m1"], ["x@y.example", "z@y.example"],
    )  # fmt: skip
    assert view.split_recipients(" ", PEOPLE) == ([], [])
    assert view.recipients_of(alert(addresses=("x@y.example",)), PEOPLE) == "ana@orchard.example, x@y.example"


def test_the_word_for_each_try_is_kept_apart_from_the_others() -> None:
    assert view.when_of(alert(triggers=("job-run-failure",), each_try=True)) == "fails, each try"
    assert view.triggers_of("fails, each try") == ["job-run-failure"]
    assert view.each_try_of("fails, each try") == {"each_try": True}
    assert view.each_try_of("fails") == {"each_try": False}
    assert view.each_try_of("fails or leaks") == {}


def test_member_who_left_is_somebody_who_left() -> None:
    assert view.whom_of(alert(members=("m1", "m2")), PEOPLE) == "ana@orchard.example, somebody who left"


def test_names_from_outside_are_made_inert() -> None:
    hostile = alert(name="a\x1b[2Jb", pipelines=("p\x1b]0;x\x07",), host="h\x1b[2J", channel="slack", members=())
    row = view.alert_row(hostile, PEOPLE, Look(now=lambda: NOW))

    assert "\x1b" not in "".join(text_of(cell) for cell in row.cells)


def test_what_did_not_arrive_is_the_answer() -> None:
    said = text_of(view.answer_of([alert(), alert(name="hook", last=delivery())], None, Look()))

    assert said == "hook did not arrive: not taken (404)."


def test_mail_without_a_server_is_the_answer_when_somebody_is_to_get_mail() -> None:
    assert "no server" in text_of(view.answer_of([alert()], None, Look()))
    assert "no server" not in text_of(view.answer_of([alert(is_enabled=False)], None, Look()))
    assert "1 alert" in text_of(view.answer_of([alert(channel="webhook", members=())], None, Look()))


@pytest.mark.parametrize(("changes", "words"), [
    ({}, "ingest.load 7 failed"),
    ({"state": "sent", "outcome": "delivered", "status": 200}, "taken"),
    ({"state": "held_back", "outcome": "too_many", "status": None}, "held back: too many in an hour"),
    ({"trigger": "test", "job_ref": ""}, "test"),
    ({"state": "pending", "tries": 3, "next_try_at": NOW}, "3 tries, again"),
    ({"outcome": "something_newer", "status": None}, "something_newer"),
])  # fmt: skip
def test_message_says_what_became_of_it(changes: dict[str, object], words: str) -> None:
    assert words in text_of(view.delivery_line(delivery(**changes), Look(now=lambda: NOW)))


def test_why_a_message_did_not_arrive_stands_whole_in_the_strip() -> None:
    refused = delivery(state="failed", outcome="sign_in_refused", status=535, job_ref="jobs.ingest.load_all_orders")
    strip = view.alert_details(alert(last=refused), {}, Look(now=lambda: NOW), 80)

    said = " ".join(" ".join(text_of(each) for each in strip).split())
    assert "the mail server refuses the sign-in (535)" in said
    assert all(width_of(each) <= 80 for each in strip)
