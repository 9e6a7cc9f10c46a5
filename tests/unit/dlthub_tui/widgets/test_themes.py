"""Contrast of every text role on every ground, computed from the themes."""

from __future__ import annotations

import pytest

from dlthub_tui.widgets.themes import CONTRAST, DAY, NIGHT, Colors

LIMITS = [("night", NIGHT, 4.5), ("day", DAY, 4.5), ("contrast", CONTRAST, 7.0)]
NO_TEXT = {"role-rule", "role-match", "role-masked-ground"}


def luminance(color: str) -> float:
    """Relative luminance as the accessibility guidelines define it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """The ratio of two colours."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "colors", "limit"), LIMITS, ids=[name for name, _, _ in LIMITS])
def test_every_text_role_can_be_read_on_every_ground(name: str, colors: Colors, limit: float) -> None:
    grounds = [colors[key] for key in ("ground-ground", "ground-raised", "ground-chosen")]
    texts = {key: value for key, value in colors.items() if key.startswith("role-") and key not in NO_TEXT}
    worst = {key: min(contrast(value, ground) for ground in grounds) for key, value in texts.items()}

    assert {key: round(ratio, 2) for key, ratio in worst.items() if ratio < limit} == {}


@pytest.mark.parametrize(("name", "colors", "limit"), LIMITS, ids=[name for name, _, _ in LIMITS])
def test_masked_text_and_hits_can_be_read_on_their_own_ground(name: str, colors: Colors, limit: float) -> None:
    assert contrast(colors["role-masked"], colors["role-masked-ground"]) >= limit
    assert contrast(colors["ground-ground"], colors["role-match"]) >= limit
