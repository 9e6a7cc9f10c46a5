"""A corpus made at run time: every format in every context, every name in every shape, and what a real load prints.

Values are drawn; nothing that looks like a secret stands here. `pytest -s` shows recall and precision by group.
"""

import random
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.chance import SEED
from tests.unit.planes.scrub.corpus.negatives import NEGATIVES
from tests.unit.planes.scrub.corpus.shapes import FIXED, NAMED, NAMES, PLAIN

from planes.scrub import scrub_text
from planes.scrub.rules import PII_CLASSES, PII_RULES, RULES
from planes.scrub.rules.model import Rule
from planes.scrub.rules.samples import fake
from planes.scrub.search.engine import compile_pattern, group_number

LETTERS = string.ascii_letters + string.digits
LOAD = """
import logging
import os
import dlt

logging.basicConfig(level=logging.DEBUG)


@dlt.resource(primary_key="id", write_disposition="merge")
def orders():
    for number in range(200):
        lines = [{"sort_key": f"k_{number}", "etag": f"{number:032x}"}]
        yield {"id": number, "token_count": number * 1234567, "lines": lines}


lake = dlt.destinations.filesystem("file:///" + os.getcwd() + "/lake")
pipeline = dlt.pipeline("corpus", destination=lake, dataset_name="main", progress="log")
for _ in range(2):
    info = pipeline.run(orders())
    print(info, info.asdict(), pipeline.last_trace, pipeline.last_trace.asdict(), sep="\\n")
print(pipeline.default_schema.to_pretty_yaml())
pipeline.run([{"id": {"a": object()}}], table_name="broken")
"""


def secret_of(rule: Rule, text: str) -> str:
    """The part of a fake that must go."""
    pattern = compile_pattern(rule.pattern)
    match = pattern.search(text.encode())
    assert match is not None
    group = group_number(pattern, "secret")
    return text.encode()[match.start(group) : match.end(group)].decode()


def values(count: int) -> Iterator[str]:
    """Values as password managers and providers make them."""
    source = random.Random(f"{SEED} {count}")
    for number in range(count):
        length = source.randint(12, 40)
        signs = LETTERS + ("-_" if number % 2 else "") + ("+/." if number % 3 == 2 else "")
        middle = "".join(source.choices(signs, k=length - 4))
        yield (
            source.choice(string.ascii_letters)
            + middle
            + source.choice(string.digits)
            + "".join(source.choices(LETTERS, k=2))
        )


def leaks(secret: str, out: str) -> bool:
    """Whether eight signs of the secret in a row came through; names in masks are no part of it."""
    out = re.sub(r"\[masked:[^\]]*\]", " ", out)
    return any(secret[place : place + 8] in out for place in range(max(1, len(secret) - 7)))


def shown(group: str, found: int, total: int, touched: int) -> float:
    recall = found / total
    print(f"{group:28} recall {recall:8.3%} of {total:6}   text around it changed in {touched / total:7.3%}")
    return recall


@pytest.mark.parametrize("kind", sorted({rule.kind for rule in RULES if rule.kind in ("token", "uri-password")}))
def test_every_prefixed_format_is_found_in_every_context(kind: str) -> None:
    source = random.Random(f"{SEED} {kind}")
    missed: list[str] = []
    total = touched = 0
    for rule in (rule for rule in RULES if rule.kind == kind):
        for place, shape in enumerate(PLAIN):
            text = fake(rule.sample, source.randrange(10**9))
            secret = secret_of(rule, text)
            if kind == "uri-password" and any(sign in text for sign in "/'\"") and "<" in shape:
                continue
            before, _, after = shape.partition("{v}")
            out = scrub_text(shape.format(v=text))
            total += 1
            touched += not out.startswith(before.format()[:4])
            if leaks(secret, out):
                missed.append(f"{rule.name} in shape {place} {shape!r} {after!r}")

    shown(kind, total - len(missed), total, touched)
    assert missed == []


@pytest.mark.parametrize("group", ["named", "fixed"])
def test_values_beside_names_are_found_in_every_shape(group: str) -> None:
    shapes = [shape.replace("{n}", name) for shape in NAMED for name in NAMES] if group == "named" else FIXED * 20
    missed: list[str] = []
    touched = 0
    for shape, value in zip(shapes, values(len(shapes)), strict=True):
        before, _, after = shape.partition("{v}")
        out = scrub_text(shape.format(v=value))
        ends = out.startswith(before.format()) and out.endswith(after.format())
        touched += not ends
        if leaks(value, out):
            missed.append(shape)

    recall = shown(group, len(shapes) - len(missed), len(shapes), touched)
    assert recall >= 0.98, missed[:20]
    assert touched / len(shapes) < 0.1


def test_lines_that_only_speak_of_secrets_stay() -> None:
    touched = [(line, scrub_text(line)) for line in NEGATIVES if scrub_text(line) != line]
    print(f"{'negatives':28} {len(touched)} of {len(NEGATIVES)} lines touched")

    assert touched == []


@pytest.mark.parametrize("name", PII_CLASSES)
def test_each_class_of_personal_data_has_rules_that_find_their_sample(name: str) -> None:
    for rule in PII_RULES[name]:
        text = fake(rule.sample, 3)
        assert secret_of(rule, f"x {text} y")


def test_scrubbing_the_corpus_again_changes_nothing() -> None:
    lines = [shape.replace("{n}", "password").format(v=value) for shape in NAMED + FIXED for value in values(3)]
    lines += [fake(rule.sample, 4) for rule in RULES]
    for line in lines:
        once = scrub_text(line)

        assert scrub_text(once) == once


@pytest.mark.slow
def test_output_of_a_real_load_stays_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "load.py"
    script.write_text(LOAD, encoding="utf-8")
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "RUNTIME__LOG_LEVEL": "DEBUG",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    process = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    text = process.stdout + process.stderr

    changed = [
        (was, now) for was, now in zip(text.split("\n"), scrub_text(text).split("\n"), strict=True) if was != now
    ]
    print(f"{'a real load':28} {len(changed)} of {text.count(chr(10))} lines touched")

    assert "Traceback" in text
    assert text.count("\n") > 200
    assert changed == []
