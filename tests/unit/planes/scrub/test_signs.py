"""The signs on a line are the same whichever way they are looked for, and no shape of names is left out by them."""

import itertools
import random
from collections.abc import Iterator

import pytest

from planes.scrub.rulebook import rulebook, signs_of
from planes.scrub.rules import RULES
from planes.scrub.rules.named.below import BELOW_RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.demands import Demands
from planes.scrub.search.engine import compile_pattern, compile_set
from planes.scrub.search.line_signs import LONGEST_QUICK, SignsOnLine
from planes.scrub.search.name_places import AtName, NamePlaces
from planes.scrub.search.scanned import SignBits
from planes.scrub.search.signs import FIRST_ROW, Signs
from planes.scrub.search.spelling import loosened, quoted


def lines() -> Iterator[bytes]:
    """Lines with every sign, alone and beside others, with what makes them signs and without."""
    source = random.Random(23)
    samples = [line.encode() for rule in (*RULES, *BELOW_RULES) for line in fake(rule.sample, 5).split("\n")]
    signs = sorted({sign for rule in RULES for sign in rule.signs})
    for sample in samples:
        yield sample
        yield sample.upper()
        yield b"%s %s" % (source.choice(samples), sample)
        yield bytes(source.choice(b"xX_\"'=: 09") if source.random() < 0.1 else byte for byte in sample)
    for sign in signs:
        yield sign
        yield b"n%s" % sign
        yield b"x %s%s 0123456789ABCDEF" % (source.choice(signs), sign)


def test_a_long_line_holds_the_signs_that_a_short_one_does() -> None:
    signs = SignsOnLine([*RULES, *BELOW_RULES], SignBits(RULES))
    before = b"\t" * LONGEST_QUICK  # no sign begins with one
    seen = 0
    for line in lines():
        chosen, last, names = signs.find(line + b"\n")
        far = signs.find(before + line + b"\n")

        assert far == (
            chosen,
            last + len(before) if last >= 0 else -1,
            [place + len(before) for place in names],
        ), line
        seen |= chosen

    assert seen.bit_count() == sum(bool(rule.signs) for rule in RULES)


def test_behind_many_signs_a_literal_is_one_wherever_it_stands() -> None:
    signs = SignsOnLine(RULES, SignBits(RULES))
    literal = b"(glrtr-)"
    few, many = b"token=x " * 10, b"token=x " * 300
    alone = signs.find(few + literal + b"\n")[0]
    behind = signs.find(many + literal + b"\n")[0]

    assert behind & ~alone
    assert not alone & ~behind


def test_a_line_with_a_sign_is_named_by_the_scan_and_only_those_lines_are_named() -> None:
    for line in lines():
        text = b"before\n" + line + b"\nbehind\n"
        place = rulebook().sign(text)
        if signs_of(rulebook(), line).last >= 0:
            assert 7 <= place < 7 + len(line), line
        else:
            assert place < 7 + len(line), line


@pytest.mark.parametrize(
    "line",
    [
        '{"rows":12,"dur_ms":0.4839123456789012}',
        "{taskinstance.py:1200} INFO - SUCCESS. dag_id=shop, task_id=load, start_date=20260102T120001",
        "SELECT id, created_at, risk_level FROM orders ORDER BY created_at",
        "12:00:01  3 of 99 OK created sql table model shop.orders ......... [SELECT 812 in 0.41s]",
        "Order(id=3, status=<Status.OK: 1>, created=datetime.datetime(2026, 1, 2, 12, 0))",
    ],
)
def test_what_all_sorts_of_logs_hold_is_no_sign(line: str) -> None:
    assert rulebook().sign(f"{line}\n".encode()) < 0


def test_behind_many_rows_of_numbers_signs_are_looked_for_alone() -> None:
    signs = Signs(RULES, BELOW_RULES)
    row, token = b"12 34 56 78 90 12\n", b"x " + fake("ghp_<a36>").encode() + b"\n"
    before = signs.next(row)
    for _ in range(2000):
        assert signs.on_line(row, 0, len(row) - 1).last < 0

    assert before >= 0
    assert signs.next(row) < 0
    assert not signs.is_clear(row)
    assert 0 <= signs.next(row + token) - len(row) < len(token)


def test_a_sign_that_begins_a_line_is_seen_from_there_and_from_before() -> None:
    signs = Signs(RULES, BELOW_RULES)
    row, before = b"12 34 56 78 90 12\n", b"token\n"
    samples = [fake(rule.sample, 3).encode() for rule in (*RULES, *BELOW_RULES)]
    for _ in range(2000):
        signs.on_line(row, 0, len(row) - 1)

    assert signs.next(row) < 0, "rows of numbers would cover what is missed"
    for line in samples:
        text = before + line + b" " + b"y " * 2000 + b"\n"
        assert signs.next(text, len(before)) >= len(before), line
        assert signs.on_line(text, len(before), len(text) - 1).last >= 0, line


def test_signs_that_others_cover_are_left_out_of_the_scan_and_it_says_the_same() -> None:
    demands = {
        (rule.before, sign, rule.follow, rule.any_case) for rule in (*RULES, *BELOW_RULES) for sign in rule.signs
    }
    alone = [
        (b"(?i:%s)" if any_case else b"%s") % (before + quoted(sign) + loosened(follow, 1))
        for before, sign, follow, any_case in sorted(demands)
    ]
    alone.append(FIRST_ROW)  # which a line of digits may be by chance
    scan = Signs(RULES, BELOW_RULES).pattern
    together, every = compile_pattern(scan), compile_set(alone)
    for line in lines():
        text = b"before " + line + b"\n"

        assert (together.places(text) is None) == (not every(text)), line

    assert sum(map(len, alone)) > 3 * len(scan)


def test_a_shape_matches_only_where_its_demands_behind_the_names_are_met() -> None:
    demands = Demands(RULES)
    every = (1 << len(RULES)) - 1
    shapes = [(index, rule, compile_pattern(rule.pattern)) for index, rule in enumerate(RULES)]
    told = [shape for shape in shapes if demands.members >> shape[0] & 1]
    left_out = 0
    for line in lines():
        signs = signs_of(rulebook(), line)
        met = demands.met(line, every, signs.names)
        for index, rule, pattern in told:
            if signs.chosen >> index & 1 and not met >> index & 1:
                assert pattern.places(line) is None, (rule.name, line)
                left_out += 1

    assert left_out > 5000


def test_where_a_name_ends_says_no_shape_away() -> None:
    places = NamePlaces()
    shapes = [shape for rule in RULES if (shape := AtName.of(rule)) is not None]
    ended = matched = 0
    for line in itertools.islice(lines(), 0, None, 5):
        signs = signs_of(rulebook(), line).names
        if not signs or places.names(line, signs) is None:
            continue
        named = places.names(line, signs)
        assert named is not None
        ended += sum(ends is not None for _, ends in named)
        for shape in shapes:
            found = shape.matches(line, named)
            assert found == shape.matches(line, [(begin, None) for begin, _ in named]), line
            matched += len(found)

    assert ended > 150
    assert matched > 150
