"""Tokens without a name beside them whose signs are escaped: quoted for addresses, JSON or HTML."""

import itertools
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest

from planes.scrub import scrub_lines
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.unescaped import unescaped

JOINTS = "_-.=+/:$"
ESCAPES: dict[str, Callable[[str], str]] = {
    "address": lambda sign: f"%{ord(sign):02X}",
    "address, small letters": lambda sign: f"%{ord(sign):02x}",
    "address in an address": lambda sign: f"%25{ord(sign):02X}",
    "JSON": lambda sign: f"\\u{ord(sign):04x}",
    "JSON in JSON": lambda sign: f"\\\\u{ord(sign):04X}",
    "HTML": lambda sign: f"&#{ord(sign)};",
    "HTML, hexadecimal": lambda sign: f"&#x{ord(sign):X};",
    "bytes": lambda sign: f"\\x{ord(sign):02x}",
}
FORMATS = [
    "github-oauth-token",
    "gitlab-deploy-token",
    "slack-user-token",
    "stripe-restricted-key",
    "sendgrid-key",
    "jwt",
]


def masked(line: str) -> str:
    return next(scrub_lines([line], []))


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_token_is_found_whose_joints_are_escaped(name: str, escape: str) -> None:
    token = fake(next(rule for rule in RULES if rule.name == name).sample, 3)
    shown = "".join(ESCAPES[escape](sign) if sign in JOINTS else sign for sign in token)
    out = masked(f"GET /callback?with={shown}&page=2 HTTP/1.1")

    assert out.startswith("GET /callback?with=[masked:")
    assert out.endswith("]&page=2 HTTP/1.1")
    assert masked(out) == out


def test_a_sign_that_addresses_quote_is_one() -> None:
    token = fake("1//0<a60>", 3)
    out = masked("redirect to " + quote(f"x;{token};y", safe=""))

    assert out == "redirect to x%3B[masked:escaped-token]%3By"


@pytest.mark.parametrize(
    "line",
    [
        "GET /a%2Db%5Fc%2Ed?at=2026%2D11%2D27 HTTP/1.1",
        '{"html": "\\u003cb\\u003ea\\u002db\\u003c/b\\u003e", "path": "a\\u002fb\\u005fc"}',
        "<p>2026&#45;11&#45;27 a&#95;b &#x2D; c</p>",
        "id=3f2b8c1a%2D9d4e%2D4b7a%2D8c1d%2D2e6f7a9b0c1d",
    ],
)
def test_what_is_no_token_without_its_escapes_stays(line: str) -> None:
    assert masked(line) == line


def test_places_are_carried_back_over_escapes() -> None:
    source = random.Random(11)
    for _ in range(200):
        text = "".join(source.choices("ab_-.%&\\", k=30))
        escapes = [source.choice(list(ESCAPES.values())) for _ in text]
        pieces = [
            escape(sign) if sign in JOINTS + "%&\\" and source.random() < 0.9 else sign
            for sign, escape in zip(text.replace("%", "+").replace("&", "=").replace("\\", "/"), escapes, strict=True)
        ]
        line = "".join(pieces)
        read = unescaped(line.encode())
        if read is None:
            continue
        ends = [len("".join(pieces[:number])) for number in range(len(pieces) + 1)]

        assert read.text.decode() == text.replace("%", "+").replace("&", "=").replace("\\", "/")
        assert [read.real(number, number + 1) for number in range(len(pieces))] == list(itertools.pairwise(ends))
