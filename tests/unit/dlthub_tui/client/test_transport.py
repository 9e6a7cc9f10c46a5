"""One origin, one session."""

from __future__ import annotations

import socket
import ssl
from typing import Any, cast

import httpx
import pytest

from dlthub_tui.client.errors import (
    NoAddress,
    NothingBehind,
    PlaneFailed,
    ProxyFailed,
    SentOn,
    UnsafeAddress,
    WrongOrigin,
    refusal,
)
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


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://[::1]:8400/x", "http://[::1]:8400"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]:443"),
        ("HTTPS://Bücher.example", "https://xn--bcher-kva.example:443"),
    ],
)
async def test_an_origin_is_an_address_again(url: str, origin: str) -> None:
    plane = Transport(url)

    assert str(plane.origin) == str(origin_of(origin)) == origin
    assert str(plane.request("GET", "/x").url).startswith(f"{origin.removesuffix(':443')}/x")
    with pytest.raises(WrongOrigin):  # its own requests are of its origin, all others are not
        await plane.get("https://bucher.example/x")
    await plane.aclose()


@pytest.mark.parametrize(
    "url", ["https://xn--", "https://[::1", "https://a..b", f"https://{'a' * 64}", "https://x:65536", "https://x\n"]
)
def test_what_cannot_be_looked_up_is_no_address(url: str) -> None:
    with pytest.raises(NoAddress):
        origin_of(url)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("HTTPS_PROXY", "ftp://proxy.example", "it is no address of one"),
        ("HTTPS_PROXY", "http://[::1", "it is no address of one"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080", "SOCKS is not spoken here"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_a_sentence(
    name: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ProxyFailed, match=why):
        Transport("https://platform.example")
    await Transport("http://127.0.0.1:1").aclose()


async def test_a_proxy_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as deaf:  # bound, and nobody listens
        deaf.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:opens-it@{address}")
        plane = Transport("https://platform.example")
        with pytest.raises(ProxyFailed) as failed:
            await plane.get("/x")
        await plane.aclose()

    assert failed.value.what == (
        f"No answer from https://platform.example:443 (by way of the proxy http://{address}: connection refused)."
    )
    assert "NO_PROXY" in failed.value.can


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_stands_before_a_plane_is_not_taken_for_it(status: int) -> None:
    asked = httpx.Request("GET", "https://platform.example/api/v1/organizations")

    with pytest.raises(NothingBehind, match=r"A proxy answers at https://platform\.example:443"):
        parse_answer(httpx.Response(status, text="<h1>Bad Gateway</h1>", request=asked))
    with pytest.raises(PlaneFailed) as failed:
        parse_answer(httpx.Response(status, json={"detail": "The region does not answer."}, request=asked))
    assert type(failed.value) is PlaneFailed


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
