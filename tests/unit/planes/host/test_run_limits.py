"""The share of the machine that runs have, by words of the environment."""

import pytest

from planes.domain.errors import InvalidRequest
from planes.domain.run_limits import MIB, RunLimits
from planes.host.run_limits import run_limits


def test_nothing_said_is_the_usual_share() -> None:
    assert run_limits({}, "us1") == RunLimits()


def test_a_regions_own_word_goes_before_that_for_all() -> None:
    said = {"DLTHUB_TUI_RUN_MEMORY_MB": "100", "DLTHUB_TUI_EU1_RUN_MEMORY_MB": "200", "DLTHUB_TUI_RUN_PROCESSES": "0"}

    assert run_limits(said, "us1") == RunLimits(memory_bytes=100 * MIB, processes=0)
    assert run_limits(said, "eu1") == RunLimits(memory_bytes=200 * MIB, processes=0)


@pytest.mark.parametrize("word", ["-1", "much", "1.5", "1" * 12, "²"])
def test_what_is_no_number_is_refused_by_its_name(word: str) -> None:
    with pytest.raises(InvalidRequest, match="DLTHUB_TUI_EU1_RUN_DISK_MB"):
        run_limits({"DLTHUB_TUI_EU1_RUN_DISK_MB": word}, "eu1")
