"""Texts and documents: results, traces, messages, definitions, names."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planes.scrub import (
    Registered,
    decode_lossless,
    find_hits,
    mask_names_hidden,
    refused_in_name,
    scrub_json,
    scrub_text,
)
from planes.scrub.rules.samples import fake

REGISTERED = Registered.from_values([("SHOP", "correct-horse7"), ("TINY", "abcd")])
TOKEN = fake("ghp_<a36>", 5)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.just("correct-horse7"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just("password"), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_text_is_masked_by_value_and_by_rule() -> None:
    assert scrub_text(f"a correct-horse7\nb {TOKEN}\nc", REGISTERED) == "a [masked:SHOP]\nb [masked:github-token]\nc"


def test_text_needs_no_registered_values() -> None:
    assert scrub_text("correct-horse7") == "correct-horse7"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_ordinary_text_is_unchanged_whatever_its_characters(text: str) -> None:
    if not find_hits(text):
        assert scrub_text(text, Registered.empty()) == text


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_document_keeps_its_shape_and_loses_its_secrets(document: object) -> None:
    scrubbed = scrub_json(document, REGISTERED)  # pyright: ignore[reportArgumentType]

    assert "correct-horse7" not in json.dumps(scrubbed)
    assert type(scrubbed) is type(document)
    if isinstance(document, list):
        assert isinstance(scrubbed, list)
        assert len(scrubbed) == len(document)


def test_document_is_masked_under_sensitive_keys() -> None:
    document = {
        "password": "short1",
        "api_key": ["one-two", "three-four"],
        "tokens": 12,
        "secret": 1234567,
        "credentials": {"host": "db", "password": "x-y-z"},
        "headers": [{"name": "X-Api-Key", "value": "v-a-l-u-e"}],
        "next_page_token": "page-2",
        "rows": 1234567,
        "token": None,
        "secrets": {"enabled": True},
    }

    assert scrub_json(document, None) == {
        "password": "[masked:sensitive-key]",
        "api_key": ["[masked:sensitive-key]", "[masked:sensitive-key]"],
        "tokens": 12,
        "secret": "[masked:sensitive-key]",
        "credentials": {"host": "db", "password": "[masked:sensitive-key]"},
        "headers": [{"name": "X-Api-Key", "value": "[masked:sensitive-key]"}],
        "next_page_token": "page-2",
        "rows": 1234567,
        "token": None,
        "secrets": {"enabled": True},
    }


def test_keys_of_a_document_are_scrubbed() -> None:
    assert scrub_json({"correct-horse7": 1}, REGISTERED) == {"[masked:SHOP]": 1}


def test_deep_document_shows_nothing_it_did_not_look_at() -> None:
    document: object = "correct-horse7"
    for _ in range(5000):
        document = [document]

    shown = scrub_json(document, REGISTERED)  # pyright: ignore[reportArgumentType]

    depth = 0
    while isinstance(shown, list):
        shown, depth = shown[0], depth + 1
    assert shown == "[masked:too-deep]"
    assert depth == 200


def test_hits_tell_kind_and_place_and_never_need_a_value() -> None:
    text = f"dsn postgresql://me:s3cret@h/d and {TOKEN}"

    hits = find_hits(text)

    assert [(hit.rule, hit.kind, text[hit.start : hit.end]) for hit in hits] == [
        ("uri-password", "uri-password", "s3cret"),
        ("github-token", "token", TOKEN),
    ]


def test_name_hits_are_of_their_own_kind() -> None:
    assert {hit.kind for hit in find_hits("password=hunter2-x")} == {"name"}


@pytest.mark.parametrize(
    "text",
    [
        "Loads orders from the shop. Needs `sources.shop.api_key`.",
        "schedule:0 5 * * *",
        "job.success:jobs.weather.load",
        "tag:ingest",
        "every:5m",
        "webhook:/in/orders",
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "0e4fb1c2-8b0a-4c3a-9a51-bb3c8d9d0c11",
    ],
)
def test_words_of_an_ordinary_definition_are_no_hits(text: str) -> None:
    assert find_hits(text) == []


def test_names_in_masks_are_hidden() -> None:
    assert mask_names_hidden("a [masked:SOURCES__SHOP__API_KEY] b [masked:github-token]") == "a [masked] b [masked]"
    assert mask_names_hidden("[masked] [masked:\n]") == "[masked] [masked:\n]"


def test_names_that_would_end_a_mask_are_made_fit() -> None:
    out = scrub_text("x correct-horse7 y", Registered.from_values([("A]B\nC", "correct-horse7")]))

    assert out == "x [masked:A_B_C] y"
    assert mask_names_hidden(out) == "x [masked] y"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_decoding_makes_no_surrogates_and_loses_nothing(data: bytes) -> None:
    text = decode_lossless(data)

    text.encode("utf-8")
    if b"\\" not in data:
        assert text.encode("utf-8", "strict").decode("utf-8") == text
        assert restored(text) == data


def restored(text: str) -> bytes:
    import re

    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes((int(match[1], 16),)), text.encode("utf-8"))


def test_decoding_shows_invalid_bytes() -> None:
    assert decode_lossless(b"a\xffb\xed\xa0\x80c\xc3\xa9") == "a\\xffb\\xed\\xa0\\x80c\u00e9"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("a\nb", "control"),
        ("a\x1b[31m", "control"),
        ("a\x85", "control"),
        ("a\x00", "control"),
        ("a\x7f", "control"),
        ("a\u202eb", "bidirectional"),
        ("a\u2066b", "bidirectional"),
        ("a\u200bb", "invisible"),
        ("\ufeffa", "invisible"),
        ("\u2028", "invisible"),
        ("a\U000e0041", "invisible"),
        ("a\ud800", "surrogate"),
    ],
)
def test_unfit_names_are_refused_with_a_reason(name: str, word: str) -> None:
    reason = refused_in_name(name)

    assert reason is not None
    assert word in reason


@pytest.mark.parametrize("name", ["orders", "jobs.weather.load_orders", "Größe 漢字 (v2) – d'été", "", "tag:ingest"])
def test_ordinary_names_are_not_refused(name: str) -> None:
    assert refused_in_name(name) is None
