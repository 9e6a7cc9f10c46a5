"""Tokens that a screen cut in two, with other text before and behind."""

import json
import random
from base64 import b64encode

import pytest

from planes.scrub import scrub_lines
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake

WIDTH = 80
BEFORE = "2026-11-27 INFO the value that was read is "
# Formats of one word that begin with a sign of their own.
FORMATS = [
    "github-oauth-token",
    "github-app-user-token",
    "shopify-user-token",
    "square-application-secret",
    "fly-token",
]


def masked(text: str) -> str:
    return "\n".join(scrub_lines(text.split("\n"), []))


@pytest.mark.parametrize("name", FORMATS)
def test_both_pieces_are_masked_and_the_text_around_them_stays(name: str) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    token = fake(rule.sample, 3)
    text = BEFORE + token + " and so on"
    rows = [text[place : place + WIDTH] for place in range(0, len(text), WIDTH)]
    out = masked("\n".join(rows))
    assert out.startswith(BEFORE + "[masked:")
    assert out.replace("\n", "").endswith(" and so on")
    assert out.count("\n") == len(rows) - 1
    assert not any(token[place : place + 8] in out for place in range(len(token) - 7))
    assert masked(out) == out


def test_what_follows_a_whole_token_is_no_piece_of_it() -> None:
    token = fake("gho_<a36>", 3)
    line = BEFORE.ljust(WIDTH, "x") + " " + token
    assert masked(line + "\nextracting orders 7f3a9c21 to here").endswith("\nextracting orders 7f3a9c21 to here")


def test_json_in_base64_is_a_token_only_if_it_is_the_header_of_one() -> None:
    source = random.Random(7)
    for document, goes in ({"last_id": 5}, False), ({"alg": "HS256"}, True), ({"after": "b", "n": 1}, False):
        text = b64encode(json.dumps({**document, "x": source.randbytes(12).hex()}).encode()).decode().rstrip("=")
        line = BEFORE.ljust(WIDTH, "x") + " " + text
        assert (masked(line) != line) is goes, document


@pytest.mark.parametrize("word", ["glpat-settings", "gho_token_of_the_bot", "ico-arrow12", "npm_config_registry"])
def test_names_that_begin_like_a_token_stay(word: str) -> None:
    text = BEFORE.ljust(WIDTH, "x") + " " + word + "\nand more"
    assert masked(text) == text


PREFIXED = ["github-oauth-token", "gitlab-deploy-token", "stripe-restricted-key", "shopify-user-token", "fly-token"]
CUTS = {
    "dots": ("seen ", "... twice"),
    "ellipsis": ("'", "…'"),
    "stars": ("key ", "****"),
    "its end": ("key ", "...7Gk2"),
    "cell": ("| 1 | ", "   | 3 |"),
    "end of the line": ("the key was ", ""),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", PREFIXED)
def test_what_is_shown_of_a_cut_token_is_masked(name: str, cut: str) -> None:
    sample = next(rule for rule in RULES if rule.name == name).sample
    prefix = sample[: sample.index("<")]
    before, behind = CUTS[cut]
    piece = fake(prefix + "7c4<a7>", 3)
    out = masked(before + piece + behind)

    assert out == before + "[masked:cut-token]" + behind.replace("...7Gk2", "")
    assert masked(out) == out


@pytest.mark.parametrize(
    "text",
    [
        "gho_xxxxxxxx... is a token of yours",
        "npm_config_cache... is set",
        "keys begin with sk_live_... or rk_live_...",
        "glpat-settings...",
        "see hf_transfer2 and x_gho_a1b2c3d4...",
        "src/npm_a1b2c3d4e5.py was read",
    ],
)
def test_names_and_placeholders_that_begin_like_a_cut_token_stay(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("sign", ["+EAAB7c4dX9kQ2", "EAA7c4B", "A" * 24])
def test_lines_of_base64_are_no_tokens_cut_in_two(sign: str) -> None:
    """Any few letters stand in it by chance, and the lines that follow were left out as the rest of a token."""
    source = random.Random(5)
    lines = [b64encode(source.randbytes(57)).decode() for _ in range(5)]
    lines[1] = (sign + lines[1])[:76] if sign[0] != "+" else lines[1][: 76 - 30] + sign + lines[2][: 30 - len(sign)]

    assert masked("\n".join(lines)) == "\n".join(lines)


@pytest.mark.parametrize(
    "template",
    [
        "eyJhbGciOiJI<a24>.eyJzdWIi<a60>.<w86>",  # over three rows
        "sk_test_<a10>7<a90>",  # not the sign of the rule's sample
        "pat-na1-<uuid>",
        "access-sandbox-<uuid>",
    ],
)
@pytest.mark.parametrize("before", [BEFORE, "2026-11-27 INFO token used "])
def test_every_row_of_a_cut_token_is_masked(template: str, before: str) -> None:
    token = fake(template, 4)
    text = before + token + " in region eu"
    out = masked("\n".join(text[place : place + WIDTH] for place in range(0, len(text), WIDTH))).replace("\n", "")
    assert not any(token[place : place + 8] in out for place in range(len("access-sandbox-"), len(token) - 7))
    assert out.endswith(" in region eu")


@pytest.mark.parametrize("name", ["pk_5f3a9c21d07b4e68", "ck_<h32>", "ix_<h16>"])
def test_what_databases_call_their_keys_is_no_token(name: str) -> None:
    text = f"index {fake(name, 2)} rebuilt"
    assert masked(text) == text
