"""Recall over contexts that were written without a look at the rules, and text that only speaks of secrets."""

from collections import Counter
from pathlib import Path

import pytest
from tests.unit.planes.scrub.corpus.contexts import Case, cases, contexts

from planes.scrub import scrub_lines
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.engine import compile_pattern

# Batches were written one after another, each measured before anything was mended for it: see docs/scrubbing.md.
LEAST = {"1": 0.965, "2": 0.955, "3": 0.94, "4": 0.93}
CLEAN = Path(__file__).with_name("clean_lines.txt").read_text(encoding="utf-8").splitlines()


def scrubbed(text: str) -> str:
    return "\n".join(scrub_lines(text.split("\n"), []))


@pytest.mark.parametrize("batch", LEAST)
def test_values_are_found_in_contexts_of_all_kinds(batch: str) -> None:
    found: Counter[str] = Counter()
    total: Counter[str] = Counter()
    missed: list[str] = []
    for case in cases(batch):
        leaks = case.leaks(scrubbed(case.text))
        for name in ("all", case.group, f"  {case.kind}"):
            total[name] += 1
            found[name] += not leaks
        if leaks:
            missed.append(case.text)
    for name in total:
        print(f"batch {batch} {name:24} recall {found[name] / total[name]:8.3%} of {total[name]:6}")

    assert found["all"] / total["all"] >= LEAST[batch], missed[:20]


def test_there_are_contexts_enough() -> None:
    assert len(contexts()) > 900
    assert {context.batch for context in contexts()} == set(LEAST)


def test_text_without_secrets_comes_out_as_it_was() -> None:
    assert scrubbed("\n".join(CLEAN)).split("\n") == CLEAN
    print(f"clean lines: {len(CLEAN)}, none touched")


def test_a_leak_is_seen() -> None:
    case = Case("", "", (("password: ", False), ("ab12cd34ef", True)))

    assert case.leaks("password: [masked:x]4ef ab12c")
    assert not case.leaks("password: [masked:x]")


def test_a_shape_matches_only_where_a_literal_that_it_needs_stands() -> None:
    lines = {line for batch in LEAST for case in cases(batch) for line in case.text.encode().split(b"\n")}
    lines |= {fake(rule.sample, seed).encode() for rule in RULES for seed in range(5)}
    shapes = [(rule, compile_pattern(rule.pattern)) for rule in RULES if rule.needs]
    matches = 0
    for line in lines:
        lowered = line.lower()
        for rule, pattern in shapes:
            if pattern.search(line):
                matches += 1
                assert any(need in lowered for need in rule.needs), (rule.name, line)

    assert matches > 1000
