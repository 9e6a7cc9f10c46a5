"""The released command line signs in: by device code, through a browser, by key; and out again."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
import tomlkit
from tests.acceptance.installations import Installation, Person
from tests.acceptance.pages import Browser
from tests.acceptance.platforms import wait_until
from tests.contract.released_client import Outcome

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

REDEEM = "/auth/v1/sessions/-redeem-device-code"
DESKTOP = {"DISPLAY": ":0"}


@pytest.fixture(scope="module")
def ada(installation: Installation) -> Person:
    """Somebody who is not the installation's owner."""
    return installation.add_person("ada@example.org")


@pytest.fixture
def folder(ada: Person) -> Generator[Path]:
    """An empty workspace of hers. She is signed out at the end."""
    yield ada.empty_workspace("empty")
    ada.client.kept_secrets.unlink(missing_ok=True)


def begin(ada: Person, folder: Path) -> tuple[str, str, Outcome]:
    """A sign-in by device: the code to type, and the code to go on with."""
    began = ada.client.run("--non-interactive", "login", "--device", cwd=folder)
    assert began.code == 0, began.text
    typed = re.search(r"shows the code ([A-Z0-9]{4}-[A-Z0-9]{4})", began.text)
    device_code = re.search(r"login --resume (\S+)", began.text)
    assert typed is not None, began.text
    assert device_code is not None, began.text
    return typed[1], device_code[1], began


def kept(ada: Person) -> dict[str, str]:
    """The session that the command keeps."""
    return dict(tomlkit.parse(ada.client.kept_secrets.read_text())["runtime"])  # pyright: ignore[reportArgumentType, reportReturnType]


def keep(ada: Person, **values: str) -> None:
    """Changes the session that the command keeps."""
    document = tomlkit.parse(ada.client.kept_secrets.read_text())
    document["runtime"].update(values)  # pyright: ignore[reportAttributeAccessIssue]
    ada.client.kept_secrets.write_text(tomlkit.dumps(document))


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_device_sign_in_waits_for_the_approval(installation: Installation, ada: Person, folder: Path) -> None:
    typed, device_code, began = begin(ada, folder)
    with ada.client.started("--non-interactive", "login", "--resume", device_code, cwd=folder) as session:
        wait_until(lambda: installation.platform.requests(REDEEM, 403) > 0)
        approved = installation.platform.admin("approve", typed, "--user", ada.email)
        done = session.wait()
    again = ada.client.run("--non-interactive", "login", cwd=folder)
    listed = ada.client.run("workspace", "list", cwd=folder)

    assert f"{installation.platform.control_plane}/device " in began.text, "the address does not hold the code"
    assert approved["email"] == ada.email
    assert done.code == 0, done.text
    assert f"Logged in as {ada.email}" in done.text
    assert claims_of(kept(ada)["auth_token"])["email"] == ada.email
    assert (again.code, "Already logged in" in again.text) == (0, True), again.text
    assert listed.code == 0, listed.text


def test_logout_forgets_the_session(ada: Person, folder: Path) -> None:
    ada.sign_in(folder)
    out = ada.client.run("logout", cwd=folder)
    after = ada.client.run("--non-interactive", "workspace", "list", cwd=folder)

    assert out.code == 0, out.text
    assert not kept(ada)["auth_token"]
    assert "Not logged in." in after.text


def test_device_sign_in_is_approved_on_the_page(installation: Installation, ada: Person, folder: Path) -> None:
    typed, device_code, _ = begin(ada, folder)
    with Browser(installation.platform.control_plane) as browser:
        browser.open("/device")
        asked = browser.send(code=typed.lower())
        wrong = browser.send(email=ada.email, password="not the password", decision="approve")
        approved = browser.send(email=ada.email, password=ada.password, decision="approve")
    done = ada.client.run("--non-interactive", "login", "--resume", device_code, cwd=folder)

    assert "127.0.0.1" in asked.text, "who asks is shown"
    assert "dlthub-cli/0.28.7" in asked.text
    assert (wrong.status_code, "password is wrong" in wrong.text) == (400, True)
    assert (approved.status_code, "Approved" in approved.text) == (200, True)
    assert done.code == 0, done.text
    assert f"Logged in as {ada.email}" in done.text


def test_refused_device_is_told_so(installation: Installation, ada: Person, folder: Path) -> None:
    typed, device_code, _ = begin(ada, folder)
    with Browser(installation.platform.control_plane) as browser:
        browser.open("/device")
        browser.send(code=typed)
        browser.send(decision="refuse")
    done = ada.client.run("--non-interactive", "login", "--resume", device_code, cwd=folder)

    assert done.code != 0, done.text
    assert "Traceback" not in done.text
    assert not ada.client.kept_secrets.exists()


def test_sign_in_through_a_browser(installation: Installation, ada: Person, folder: Path) -> None:
    with (
        ada.client.started("login", cwd=folder, in_pty=True, env=DESKTOP) as session,
        Browser(installation.platform.control_plane) as browser,
    ):
        address = session.wait_for(r"(http://127\.0\.0\.1:\d+/authorize\?\S+?)(\x1b|\s)")[1]
        page = browser.open(address)
        wrong = browser.send(email=ada.email, password="not the password", decision="approve")
        onward = browser.send(email=ada.email, password=ada.password, decision="approve")
        back = httpx.get(onward.headers["location"], timeout=240)
        done = session.wait()

    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert wrong.status_code == 400
    assert onward.status_code == 303
    assert onward.headers["location"].startswith("http://127.0.0.1:")
    assert back.status_code == 200
    assert done.code == 0, done.text
    assert ada.email in done.text
    assert kept(ada)["refresh_token"]


def test_forged_form_signs_nobody_in(installation: Installation, ada: Person, folder: Path) -> None:
    typed, device_code, _ = begin(ada, folder)
    fields = {"code": typed, "email": ada.email, "password": ada.password, "decision": "approve"}
    with Browser(installation.platform.control_plane) as browser:
        browser.open("/device")
        forged = browser.forge("/device/-decide", **fields)
        other_site = httpx.post(
            f"{installation.platform.control_plane}/device/-decide",
            data=fields,
            headers={"Origin": "http://evil.example"},
            timeout=240,
        )
    answer = httpx.post(
        f"{installation.platform.control_plane}/auth/v1/sessions/-redeem-device-code",
        json={"device_code": device_code},
        timeout=240,
    )

    assert (forged.status_code, other_site.status_code) == (403, 403)
    assert (answer.status_code, answer.json()["code"]) == (403, "authorization_pending")


def test_expired_token_is_renewed_without_a_word(ada: Person, folder: Path) -> None:
    ada.sign_in(folder)
    before = kept(ada)
    head, _, signature = before["auth_token"].split(".")
    old = {**claims_of(before["auth_token"]), "exp": 1_700_000_000}
    body = base64.urlsafe_b64encode(json.dumps(old).encode()).rstrip(b"=").decode()
    keep(ada, auth_token=f"{head}.{body}.{signature}")
    listed = ada.client.run("--non-interactive", "workspace", "list", cwd=folder)
    after = kept(ada)

    assert listed.code == 0, listed.text
    assert "log" not in listed.text.lower()
    assert after["refresh_token"] != before["refresh_token"]
    assert claims_of(after["auth_token"])["exp"] != 1_700_000_000


def test_rejected_session_leads_to_a_new_sign_in(ada: Person, folder: Path) -> None:
    ada.sign_in(folder)
    keep(ada, auth_token="not.a.token", refresh_token="nonsense")
    listed = ada.client.run("--non-interactive", "workspace", "list", cwd=folder)

    assert listed.code == 0, listed.text
    assert "Not logged in." in listed.text
    assert "login --resume" in listed.text


def test_key_signs_in_without_a_session(ada: Person, folder: Path) -> None:
    listed = ada.client.run("workspace", "list", cwd=folder, env=ada.by_key)
    refused = ada.client.run("login", cwd=folder, env=ada.by_key)

    assert ada.key.startswith("dlt_u_")
    assert listed.code == 0, listed.text
    assert refused.code != 0, refused.text
    assert "API key" in refused.text
    assert not ada.client.kept_secrets.exists()


@pytest.mark.parametrize("key", ["dlt_u_not-a-key-of-anybody", "dlt_sa_not-a-key-of-anybody"])
def test_wrong_key_is_refused_with_words(ada: Person, folder: Path, key: str) -> None:
    listed = ada.client.run("workspace", "list", cwd=folder, env={"RUNTIME__API_KEY": key})

    assert listed.code == 255, listed.text
    assert "API key is not valid" in listed.text
    assert "Traceback" not in listed.text
