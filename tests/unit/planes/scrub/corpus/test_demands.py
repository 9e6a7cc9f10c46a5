"""What must stand on a line for a shape of names to match there stands wherever it does."""

from tests.unit.planes.scrub.corpus.contexts import cases
from tests.unit.planes.scrub.corpus.test_contexts import CLEAN, LEAST

from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.demands import Demands, between
from planes.scrub.search.engine import compile_pattern


def lines() -> set[bytes]:
    """Lines of every context and rule, and harmless ones."""
    found = {line for batch in LEAST for case in cases(batch) for line in case.text.encode().split(b"\n")}
    found |= {line for rule in RULES for seed in range(5) for line in fake(rule.sample, seed).encode().split(b"\n")}
    return found | {line.encode() for line in CLEAN}


def test_a_shape_matches_only_where_its_demands_are_met() -> None:
    demands = Demands(RULES)
    every = (1 << len(RULES)) - 1
    shapes = [(index, rule, compile_pattern(rule.pattern)) for index, rule in enumerate(RULES)]
    told = [shape for shape in shapes if demands.members >> shape[0] & 1]
    matches = kept = looks = 0
    for line in sorted(lines())[::2]:
        looks += len(told)
        met = demands.met(line, every)
        kept += (met & demands.members).bit_count()
        for index, rule, pattern in told:
            if pattern.places(line) is not None:
                matches += 1
                assert met >> index & 1, (rule.name, line)

    assert matches > 2500
    assert kept < 0.25 * looks  # it leaves out most of them, also on lines that are all names and values


def test_demands_are_met_behind_each_name_of_a_long_line_too() -> None:
    demands = Demands(RULES)
    every = (1 << len(RULES)) - 1
    shapes = [(1 << index, compile_pattern(rule.pattern)) for index, rule in enumerate(RULES) if rule.any_case]
    matches = 0
    for line in sorted(lines())[::200]:
        long = b"a token of many; " + line + b" x" * 600 + b"; passwords " + line
        met = demands.met(long, every)
        for bit, pattern in shapes:
            if pattern.places(long) is not None:
                matches += 1
                assert met & bit or not demands.members & bit, line

    assert matches > 50


def test_what_stands_between_is_taken_where_a_pattern_says_it_alone() -> None:
    by_name = {rule.name: between(rule.pattern) for rule in RULES}

    assert sum(middle is not None for middle in by_name.values()) > 30
    assert by_name["named-change"] is not None
    assert by_name["value-of-field"] is None
    assert by_name["stripe-key"] is None
