"""Why a trigger started nothing: the platform's reasons first."""

import pytest

from dlthub_tui.viewmodel.work.runs import declined

LIMITED = "2 of at most 2 runs of this job are active."


@pytest.mark.parametrize(
    ("status", "reasons", "said"),
    [
        ("skipped_concurrency_limit", [LIMITED], LIMITED),
        ("skipped_concurrency_limit", [], "It is already running, as often as it may."),
        ("skipped_fresh", ["a has never completed"], "What it depends on is not fresh: a has never completed."),
        ("skipped_fresh", [], "What it depends on is not fresh."),
        ("skipped_already_covered", ["A backfill is loading it.", "Wait."], "A backfill is loading it; Wait."),
        ("a_word_of_a_later_version", [], "A_word_of_a_later_version."),
    ],
)
def test_the_reasons_are_said_else_what_the_status_means(status: str, reasons: list[str], said: str) -> None:
    assert declined("jobs.shop.load", status, reasons) == f"Not started: shop.load. {said}"
