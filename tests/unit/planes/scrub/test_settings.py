"""What a workspace's settings change about scrubbing, and what they can never change."""

import json

import pytest

from planes.scrub import (
    Registered,
    ScrubSettings,
    StreamScrubber,
    check_pattern,
    check_pattern_name,
    parse_settings,
    refused_patterns,
    scrub_json,
    scrub_lines,
    scrub_text,
    settings_document,
)
from planes.scrub.rules.samples import fake
from planes.scrub.settings import PII_RULES

NUMBER = ScrubSettings(extra_patterns=(("customer", r"\bKD-[0-9]{8}\b"),))


def lines(texts: "list[str]", settings: ScrubSettings, *registered: str) -> "list[str]":
    return list(scrub_lines(texts, registered, settings))


def test_extra_pattern_is_masked_under_its_name() -> None:
    assert lines(["a KD-12345678 b", "KD-1 c"], NUMBER) == ["a [masked:customer] b", "KD-1 c"]
    assert scrub_text("a KD-12345678", None, NUMBER) == "a [masked:customer]"
    assert scrub_json({"a": ["KD-12345678"]}, None, NUMBER) == {"a": ["[masked:customer]"]}


def test_extra_pattern_finds_what_colour_codes_split() -> None:
    assert lines(["a KD-12\x1b[31m345678 b"], NUMBER) == ["a [masked:customer] b"]


def test_extra_pattern_masks_only_its_group_and_keeps_to_one_line() -> None:
    settings = ScrubSettings(extra_patterns=(("id", "^order (?P<secret>[^x]{4,}) end$"),))

    assert lines(["order 12345 end", "order 1", "2 end"], settings) == ["order [masked:id] end", "order 1", "2 end"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_settings_do_not_make_the_output_depend_on_chunks(size: int) -> None:
    settings = NUMBER._replace(allowed=("KD-00000000",))
    text = b"x KD-12345678 y\nKD-00000000\npassword=hunter2-x KD-1234567\n8\n" * 5
    whole = StreamScrubber(Registered.empty(), settings)
    parts = StreamScrubber(Registered.empty(), settings)
    out = b"".join(parts.feed(text[place : place + size]) for place in range(0, len(text), size)) + parts.finish()

    assert out == whole.feed(text) + whole.finish()
    assert parts.hits == {"customer": 5, "named-plain": 5}


def test_allowed_text_stays_and_all_else_is_masked() -> None:
    known, other = fake("ghp_<a36>", 1), fake("ghp_<a36>", 2)
    settings = ScrubSettings(allowed=(known,))

    assert lines([f"{known} {other}"], settings) == [f"{known} [masked:github-token]"]
    assert lines([f"{known}{other}"], settings) != [f"{known}{other}"]


def test_allowed_text_can_be_more_than_what_a_rule_finds() -> None:
    settings = ScrubSettings(allowed=("postgresql://demo:demo-pass@localhost",))

    assert lines(["at postgresql://demo:demo-pass@localhost/x"], settings) == [
        "at postgresql://demo:demo-pass@localhost/x"
    ]
    assert lines(["at postgresql://demo:demo-pass@db.example.com/x"], settings) == [
        "at postgresql://demo:[masked:uri-password]@db.example.com/x"
    ]


def test_allowed_text_never_allows_a_registered_value() -> None:
    value = "correct-horse7"
    settings = ScrubSettings(allowed=(value, f"password={value}", f"is {value} "))

    assert lines([f"it is {value} , password={value}"], settings, value) == [
        "it is [masked:secret] , password=[masked:secret]"
    ]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "is empty"),
        ("a" * 513, "is longer than 512 characters"),
        ("[a-z", "is no RE2 pattern"),
        (r"(?=x)y", "is no RE2 pattern"),
        (r"(a)\1", "is no RE2 pattern"),
        ("(abcdefgh)?", "matches the empty text"),
        ("$", "matches the empty text"),
        ("[^\\n]", "matches a single character"),
        (".{3,}", "matches ordinary log lines"),
        ("[0-9]{4}", "matches ordinary log lines"),
        ("(?:ab{900}){1000}", "is no RE2 pattern"),
        ("(?:[^a-c]{990}x){1}(?:[^d-f]{990}y){1}(?:[^g-i]{990}z){1}[^j-l]{990}[^m-o]{990}", "is too large"),
        (r"\Aonce", "uses"),
        (r"KD-[0-9]+\n", "would never match: it has a line's end in it"),
        (r"KD:\x0a[0-9]+", "would never match"),
        ("(?P<other>abcdefgh)", "may name one group only"),
        ("caf\u00e9", "may hold only printable ASCII"),
    ],
)
def test_unsafe_pattern_is_refused_with_a_reason(pattern: str, reason: str) -> None:
    assert (check_pattern(pattern) or "").startswith(reason)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bKD-[0-9]{8}\b",
        "(?i)matr(?P<secret>[0-9]{7})",
        r"^x\\A[0-9]{5}$",
        "[(]{5}",
        r"KD[^\n]+9",
        r"KD9(\n|$)",
        r"KD-9\n?",
        r"KD\\n9",
    ],
)
def test_safe_pattern_passes(pattern: str) -> None:
    assert check_pattern(pattern) is None


@pytest.mark.parametrize(("name", "passes"), [("a.b-c_9", True), ("", False), ("a]b", False), ("x" * 65, False)])
def test_names_of_patterns_fit_in_a_mask(name: str, passes: bool) -> None:
    assert (check_pattern_name(name) is None) is passes


def test_refused_pattern_is_left_out_and_named() -> None:
    settings = ScrubSettings(extra_patterns=(("all", ".*"), ("bad name", "KD-[0-9]{8}"), *NUMBER.extra_patterns))

    assert refused_patterns(settings) == ("all", "bad name")
    assert lines(["text KD-12345678"], settings) == ["text [masked:customer]"]


def test_pattern_with_endless_matches_on_a_long_line_stays_bounded() -> None:
    settings = ScrubSettings(extra_patterns=(("pair", "qz(?:.*never)?"),))
    line = "qz" * 20_000

    assert lines([line], settings)[0].count("qz") == 0


def test_settings_survive_the_way_through_json() -> None:
    settings = ScrubSettings(frozenset({"email"}), NUMBER.extra_patterns, ("a", "\u00e9"))

    assert parse_settings(json.loads(json.dumps(settings_document(settings)))) == settings
    with pytest.raises(TypeError):
        parse_settings({"pii_classes": [1], "extra_patterns": [], "allowed": []})


def test_unknown_class_changes_nothing() -> None:
    assert lines(["x"], ScrubSettings(frozenset({"of-another-version"}))) == ["x"]


def test_each_class_masks_its_samples_only_when_asked_for() -> None:
    for name, rules in PII_RULES.items():
        for rule in rules:
            text = f"seen {fake(rule.sample, 3)} here"

            assert lines([text], ScrubSettings(frozenset({name}))) != [text]


def test_pattern_of_a_registered_name_gets_one_of_its_own() -> None:
    long = "K" * 64
    settings = NUMBER._replace(extra_patterns=(*NUMBER.extra_patterns, ("KEY", "abc-[0-9]"), (long, "abd-[0-9]")))

    names = [name for name, _ in settings.apart_from({"KEY", long}).extra_patterns]

    assert names == ["customer", "KEY-pattern", "K" * 56 + "-pattern"]
    assert all(check_pattern_name(name) is None for name in names)
    assert settings.apart_from({"OTHER"}) == settings
