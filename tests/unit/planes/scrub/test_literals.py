"""Patterns that are tried where their literal stands find what RE2 finds in the whole line."""

import random

import pytest

from planes.scrub.rulebook import CompiledRule
from planes.scrub.rules import RULES
from planes.scrub.rules.model import Rule
from planes.scrub.rules.samples import fake
from planes.scrub.search.literals import AtLiteral, literal_beginning

_AT_LITERAL = [rule for rule in RULES if not rule.any_case and AtLiteral.of(rule.pattern)]
# What stands before and behind a token: borders, no borders, escapes that are borders, another script.
_BESIDE = (b"", b" ", b'"', b"=", b"a", b"_", b"9", b"\\n", b"\\\\", b"%3D", b"%", b"\\u003d", b"\xc3\xa9", b"...")


def _lines(rule: Rule) -> list[bytes]:
    source = random.Random(rule.name)
    tokens = [fake(rule.sample, source.getrandbits(32)).encode() for _ in range(3)]
    lines = [before + tokens[0] + source.choice(_BESIDE) for before in _BESIDE]
    lines += [b"to" + b"".join(source.choices((*tokens, *_BESIDE), k=6)) for _ in range(6)]
    lines += [tokens[0] * 20, tokens[0] * 2, tokens[0][: len(tokens[0]) // 2] + tokens[1], b" ".join(tokens)]
    return [*lines, b"x" * 1100 + b" " + tokens[0]]


@pytest.mark.parametrize("rule", _AT_LITERAL, ids=lambda rule: rule.name)
def test_a_token_is_found_as_a_search_of_the_line_finds_it(rule: Rule) -> None:
    quick, searching = CompiledRule(rule), CompiledRule(rule, at_literal=False)
    lines = _lines(rule)

    found = [quick.spans(line) for line in lines]

    assert found == [searching.spans(line) for line in lines]
    assert any(found)


def test_most_tokens_begin_with_a_literal() -> None:
    tokens = [rule for rule in RULES if rule.kind == "token"]

    assert len(_AT_LITERAL) > len(tokens) * 3 / 4


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (rb"(?P<secret>ghp_[0-9A-Za-z]{36})", b"ghp_"),
        (rb"(?:abc)(?P<secret>d)", b"abc"),
        (rb"p\.eyJ[0-9]+", b"p.eyJ"),
        (rb"(?P<secret>ab(?:c|d))", b"ab"),
        (rb"(?P<secret>ab|cd)", b""),
        (rb"ab|cd", b""),
        (rb"(?:ab)?cd", b""),
        (rb"(?:(?:ab){0,2})cd", b""),
        (rb"(?:ab)+cd", b"ab"),
        (rb"abc?", b"ab"),
        (rb"ab{2}", b"a"),
        (rb"[a]b", b""),
        (rb"\bab", b""),
        (rb"\x61b", b""),
        (rb"(?i:ab)", b""),
        (rb"^ab", b""),
    ],
)
def test_a_literal_is_one_only_where_every_match_begins_with_it(pattern: bytes, literal: bytes) -> None:
    assert literal_beginning(pattern) == literal
