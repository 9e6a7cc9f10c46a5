"""One origin, one session."""

from __future__ import annotations

import ssl
from typing import Any, cast

import httpx
import pytest

from dlthub_tui.client.errors import SentOn, UnsafeAddress, WrongOrigin, refusal
from dlthub_tui.client.transport import Transport, origin_of, parse_answer

pytestmark = [pytest.mark.anyio]


class Tokens:
    """A session that remembers whether it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    async def bearer(self) -> str | None:
        self.asked += 1
        return "the-session"

    async def renewed(self, rejected: str) -> str | None:
        return None


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.example",
        "ftp://127.0.0.1",
        "http://127.0.0.1.evil.example",
        "//127.0.0.1",
        "http://[::2]:1",
        "",
    ],
)
def test_plain_http_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        origin_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8400",
        "http://localhost:1",
        "http://[::1]:9",
        "https://platform.example",
        "http://r-1.localhost:80",
    ],
)
def test_safe_addresses_are_taken(url: str) -> None:
    assert origin_of(url).host


async def test_a_session_is_never_sent_to_another_origin() -> None:
    tokens = Tokens()
    plane = Transport("http://127.0.0.1:8400", tokens)
    try:
        for path in ("http://127.0.0.1:8401/api", "https://platform.example/api"):
            with pytest.raises(WrongOrigin):
                await plane.get(path)
    finally:
        await plane.aclose()

    assert tokens.asked == 0


def test_refusals_carry_reasons_and_what_to_do() -> None:
    error = refusal(
        400, {"detail": "The request breaks a rule.", "code": "x", "extra": [{"key": "name", "message": "too short"}]}
    )

    assert error.what == "The request breaks a rule. name: too short"
    assert error.sentence == "The request breaks a rule. name: too short."
    assert refusal(409, {"detail": "It runs.", "extra": {"reasons": ["a", {"detail": "b"}]}}).what == "It runs. a b"
    assert refusal(503, None).can.startswith("Press {link.retry}")
    assert refusal(403, {"detail": "No."}).can == "Ask an owner of the workspace."
    by_key = refusal(403, {"detail": "Sign in to do this: an API key is not enough.", "code": "sign_in_required"})
    assert by_key.can == "Sign in by a code."
    tries = {"detail": "Too many tries. Wait a few minutes, then try again.", "code": "too_many_tries"}
    assert refusal(429, tries).sentence == "Too many tries. Wait a few minutes, then try again."
    assert refusal(429, None).sentence == "The plane answered 429. Wait a minute, then try again."


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://platform.example/x?code=hidden", "sends on to https://platform.example:443. Nothing was sent there."),
        ("/oauth2/start?rd=hidden", "sends on to another page of its own, as a sign-in in front of it does."),
        ("http://platform.example:none/", "sends on to another page of its own"),
        ("https://xn--a/", "sends on to another page of its own"),
        ("mailto:hidden", "sends on to another page of its own"),
    ],
)
def test_an_answer_that_names_another_address_says_which_and_no_more(location: str, said: str) -> None:
    asked = httpx.Request("GET", "http://127.0.0.1:80/.well-known/control-plane")

    with pytest.raises(SentOn) as refused:
        parse_answer(httpx.Response(302, headers={"location": location}, request=asked))

    assert said in refused.value.sentence
    assert "hidden" not in refused.value.sentence


async def test_only_https_knows_whom_to_trust() -> None:
    """A list of authorities takes time to read; without it every certificate is refused, not taken."""
    plain, encrypted = Transport("http://127.0.0.1:1"), Transport("https://platform.example")
    contexts: list[ssl.SSLContext] = [
        cast("Any", plane)._http._transport._pool._ssl_context for plane in (plain, encrypted)
    ]

    assert [bool(context.get_ca_certs()) for context in contexts] == [False, True]
    assert all(context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname for context in contexts)
    await plain.aclose()
    await encrypted.aclose()
