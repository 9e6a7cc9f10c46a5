"""Recall and precision over batches that were written without a look at the rules: see docs/scrubbing.md."""

import random

import pytest
from tests.unit.planes.scrub.corpus.batches import filled, leaks, prints

from planes.scrub import scrub_lines

BATCHES = sorted({entry.batch for entry in prints("secrets.txt")})
ROUNDS = 3


def scrubbed(text: str) -> str:
    return "\n".join(scrub_lines(text.split("\n"), []))


@pytest.mark.parametrize("batch", BATCHES)
def test_secrets_in_a_batch_are_found(batch: str) -> None:
    missed: list[tuple[list[str], str]] = []
    total = 0
    for number, entry in enumerate(prints("secrets.txt")):
        for turn in range(ROUNDS if entry.batch == batch else 0):
            text, secrets = filled(entry.text, random.Random(f"{number} {turn}"))
            assert secrets, entry.text
            total += 1
            left = leaks(secrets, text, scrubbed(text))
            if left:
                missed.append((left, text))
    print(f"batch {batch:4} recall {1 - len(missed) / total:8.3%} of {total:6}")

    assert total > 500
    assert len(missed) / total <= 0.01, missed


@pytest.mark.parametrize("batch", BATCHES)
def test_harmless_prints_of_a_batch_stay(batch: str) -> None:
    touched: list[tuple[str, str]] = []
    total = 0
    for number, entry in enumerate(prints("harmless.txt")):
        for turn in range(ROUNDS if entry.batch == batch else 0):
            text, _ = filled(entry.text, random.Random(f"{number} {turn}"))
            total += 1
            out = scrubbed(text)
            if out != text:
                touched.append((text, out))
    print(f"batch {batch:4} untouched {1 - len(touched) / total:8.3%} of {total:6}")

    assert total > 300
    assert touched == []


def test_a_leak_is_seen() -> None:
    assert leaks(["ab12cd34ef"], "password: ab12cd34ef", "password: [masked:x]4ef ab12c")
    assert not leaks(["ab12cd34ef"], "password: ab12cd34ef", "password: [masked:x]4ef")
