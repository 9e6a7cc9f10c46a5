"""Accounts that the home's owner makes from a shell, and the links at which people choose a password."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.acceptance.platforms import PlatformProcess, run_command

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

OWNER = "ana@orchard.example"


def _opens(link: str) -> bool:
    """Whether the page asks for a password, as it does while the link is good."""
    return httpx.get(link, timeout=20).status_code == 200


def test_who_has_no_password_gets_a_link_to_choose_one(platform: PlatformProcess) -> None:
    first = platform.admin("user", "add", OWNER)
    second = platform.admin("user", "add", "ben@orchard.example")

    assert first["email"] == OWNER
    assert first["sign_up_url"] != second["sign_up_url"]
    for added in (first, second):
        assert urlsplit(added["sign_up_url"]).path == "/sign-up"
        assert parse_qs(urlsplit(added["sign_up_url"]).query)["link"]
        assert _opens(added["sign_up_url"])

    again = platform.admin("user", "link", OWNER.upper())
    assert again["user_id"] == first["user_id"]
    assert _opens(again["sign_up_url"])
    said = run_command("admin", "user", "link", OWNER, "--home", str(platform.home))
    assert said.returncode == 0
    assert said.stdout.startswith(f"{OWNER} chooses a password, once, at http")


def test_refusals_are_said_once_and_say_what_to_do(platform: PlatformProcess) -> None:
    platform.admin("user", "add", OWNER)

    unknown = run_command("admin", "user", "link", "cyd@orchard.example", "--home", str(platform.home))
    twice = run_command("admin", "user", "add", OWNER, "--home", str(platform.home))
    wrong = run_command("admin", "user", "add", "no address", "--home", str(platform.home))

    assert unknown.returncode == twice.returncode == wrong.returncode == 1
    assert "dlthub-tui admin user add cyd@orchard.example" in unknown.stderr
    for refused in (twice, wrong):
        [line] = refused.stderr.splitlines()
        words = line.split()
        assert len(words) > 3
        assert line.count(" ".join(words[-3:])) == 1, line
