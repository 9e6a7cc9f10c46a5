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
    return httpx.get(link, timeout=240).status_code == 200


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
    assert wrong.stderr == "dlthub-tui: EMAIL must be an e-mail address.\n"
    key = run_command("admin", "api-key", "create", "--user", "cyd@orchard.example", "--home", str(platform.home))
    assert key.stderr == unknown.stderr
    for refused in (twice, wrong):
        [line] = refused.stderr.splitlines()
        words = line.split()
        assert len(words) > 3
        assert line.count(" ".join(words[-3:])) == 1, line


def test_what_there_is_can_be_listed(platform: PlatformProcess) -> None:
    home = ("--home", str(platform.home))
    for email in (OWNER, "Ben@orchard.example", "abe@orchard.example"):
        platform.admin("user", "add", email)
    platform.admin("data-plane", "add", "ap1", "--place", "Asia")
    for kind, advice in (("org", "admin org create"), ("api-key", "admin api-key create")):
        nothing = run_command("admin", kind, "list", *home)
        assert (nothing.returncode, nothing.stdout) == (0, "")
        assert advice in nothing.stderr
        assert platform.admin(kind, "list") == {"items": [], "total": 0}
    for name in ("pear", "Apple"):
        platform.admin("org", "create", name, "--region", "eu1", "--owner", OWNER)

    def first_words(kind: str) -> list[str]:
        done = run_command("admin", kind, "list", *home)
        assert (done.returncode, done.stderr) == (0, "")
        return [line.split()[0] for line in done.stdout.splitlines()[1:]]

    users = platform.admin("user", "list")
    assert first_words("user") == [user["email"] for user in users["items"]]
    assert [user["email"][:3].lower() for user in users["items"]] == ["abe", "ana", "ben"]
    assert first_words("org") == ["Apple", "pear"]
    assert first_words("data-plane") == ["ap1", "eu1", "us1"]
    waits = run_command("admin", "data-plane", "list", *home).stdout.splitlines()[1]
    assert waits.split()[1:4] == ["Asia", "not", "joined"]
    for region, warns in (("eu1", True), ("ap1", False)):
        added = run_command("admin", "data-plane", "add", region, "--place", "There", *home)
        assert ("takes its place" in added.stderr) == warns


def test_a_key_is_revoked_by_its_id(platform: PlatformProcess) -> None:
    platform.admin("user", "add", OWNER)
    platform.admin("user", "add", "ben@orchard.example")
    own = platform.admin("api-key", "create", "--user", OWNER)
    other = platform.admin("api-key", "create", "--user", "ben@orchard.example")

    def allows(key: str) -> bool:
        url = f"{platform.control_plane}/api/v1/me"
        return httpx.get(url, headers={"authorization": f"Bearer {key}"}, timeout=240).status_code == 200

    listed = platform.admin("api-key", "list")["items"]
    assert [(key["id"], key["email"]) for key in listed] == [
        (own["id"], OWNER), (other["id"], "ben@orchard.example"),
    ]  # fmt: skip
    assert allows(own["api_key"])
    assert allows(other["api_key"])
    said = run_command("admin", "api-key", "revoke", own["id"], "--home", str(platform.home))
    assert said.stdout == f'Revoked the API key "key" ({own["id"]}). It opens nothing any more.\n'
    assert platform.admin("api-key", "revoke", other["id"]) == {"id": other["id"], "name": "key"}
    assert not allows(own["api_key"])
    assert not allows(other["api_key"])

    again = run_command("admin", "api-key", "revoke", own["id"], "--home", str(platform.home))
    assert again.returncode == 1
    assert "revoked already" in again.stderr
