"""The last line of a proof of residency claims no more than was searched."""

from __future__ import annotations

import pytest

from dlthub_tui.cli.proving import verdict_of


@pytest.mark.parametrize(
    ("is_clean", "not_searched", "said"),
    [
        (True, [], "Nothing left its region."),
        (True, ["the control plane's database: it is elsewhere"], "as far as was searched"),
        (False, [], "no proof"),
        (False, ["eu1 itself: it is not in this home"], "no proof"),
    ],
)
def test_a_proof_claims_no_more_than_was_searched(is_clean: bool, not_searched: list[str], said: str) -> None:
    report = {"is_clean": is_clean, "regions": [{"not_searched": []}, {"not_searched": not_searched}]}

    assert said in verdict_of(report)
