"""M1 to M9: the ways in which masking fails elsewhere, each tried here, with its figure (`pytest -s`)."""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance import leaks as made
from tests.acceptance.leaks import leaked, random_key, random_word
from tests.fakes.chance import SEED
from tests.reliability.sizes import sized, tell
from tests.unit.planes.scrub.corpus import test_prints as prints
from tests.unit.planes.scrub.corpus.test_prints import CONTEXTS, NAMES, filled, leaks, values

from planes.data_plane.runner.output import READ_BYTES, RunLog
from planes.data_plane.segments import Origin, SegmentWriter
from planes.scrub import JSON, Registered, StreamScrubber, scrub_json, scrub_text
from planes.scrub.registered.encodings import forms
from planes.scrub.rules import RULES
from planes.scrub.rules.samples import fake

SOURCE = random.Random()


@pytest.fixture(autouse=True)
def draws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ran before, a test draws the same."""
    SOURCE.seed(f"{SEED} {request.node.name}")
    for module in (made, prints):
        monkeypatch.setattr(module, "SOURCE", SOURCE)


def through(registered: Registered, *chunks: bytes) -> bytes:
    """What comes out of one stream."""
    scrubber = StreamScrubber(registered)
    return b"".join([*(scrubber.feed(chunk) for chunk in chunks), scrubber.finish()])


def test_m1_a_value_cut_by_a_chunk() -> None:
    splits = 0
    for _ in range(sized(8, 200)):
        value = random_word(SOURCE.choice((6, 12, 24, 80)))
        registered = Registered.from_values([("V", value)])
        for form in {value.encode(), *forms(value)}:
            text = b"before " + form + b" behind\nnext\n"
            whole = through(registered, text)
            for place in range(len(text)):
                splits += 1
                assert through(registered, text[:place], text[place:]) == whole
            assert form not in whole
    tell("M1", f"{splits} cuts of forms, each masked as when whole")


def shell(script: str, secret: str) -> bytes:
    """What a shell and its children print, both streams."""
    environment = {"PATH": os.environ["PATH"], "S": secret, "PYTHON": sys.executable}
    ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, timeout=240, check=False)
    return ran.stdout + b"\n" + ran.stderr


@pytest.mark.parametrize("kind", ["key", "phrase"])
def test_m2_values_over_lines_and_the_same_on_one(kind: str) -> None:
    value = random_key() if kind == "key" else "\n".join(random_word(20) for _ in range(3))
    script = """
    printf '%s\\n' "$S"; echo $S; export -p; env
    set -x; x="$S"; true "$S"; echo "$x" | tr '\\n' ' '
    "$PYTHON" -c 'import os; s = os.environ["S"]; print(repr(s), [s], s.splitlines(), s.replace(chr(10), ""))'
    """
    printed = shell(script, value)
    out = through(Registered.from_values([("V", value)]), printed).decode("utf-8", "replace")

    assert value.splitlines()[1].encode() in printed
    assert leaked(out, {kind: value}) == {}
    tell("M2", f"{kind}: {len(printed)} bytes of a shell with `set -x`, no eight signs left")


def test_m3_what_is_derived_from_a_value() -> None:
    ways = 0
    for _ in range(sized(3, 30)):
        value = random_word(24) + SOURCE.choice("'\"$&% ") + random_word(8)
        printed = shell(
            """
            printf %s "$S" | base64; printf %s "$S" | od -An -tx1 | tr -d ' \\n'; echo; ls "$S"; sh -c "exit '$S'"
            "$PYTHON" - <<'END'
import base64, html, json, os, shlex, sys, urllib.parse as url
s = os.environ["S"]
raw = s.encode()
print(url.quote(s), url.quote_plus(s), url.quote(url.quote(s)), json.dumps(json.dumps(s)), html.escape(s), sep="\\n")
print(shlex.quote(s), ascii(s), base64.b32encode(raw), base64.urlsafe_b64encode(raw), sep="\\n")
print(base64.b64encode(b"user:" + raw), s.encode("utf-16-le").hex(), s[:9] + chr(27) + "[1m" + s[9:], sep="\\n")
int(s)
END
            """,
            value,
        )
        ways += printed.count(b"\n")
        out = through(Registered.from_values([("V", value)]), printed).decode("utf-8", "replace")

        assert b"Traceback" in printed
        assert leaked(out, {"first": value[:24], "second": value[25:]}) == {}
    tell("M3", f"{ways} lines of filters, coders and failing tools, no eight signs left")


def test_m4_members_of_a_structured_value() -> None:
    members = 0
    for _ in range(sized(20, 400)):
        parts = [random_word(16) for _ in range(6)]
        documents = (
            json.dumps({"type": "service_account", "a": parts[0], "b": [{"c": parts[1]}]}, indent=2),
            f"HOST=localhost\nTOKEN={parts[2]}\n",
            f"postgresql://me:{parts[3]}@db.example.com/main",
            f"Server=db;Uid=me;Pwd={parts[4]};Database=x",
            json.dumps(json.dumps({"inner": parts[5]})),
        )
        registered = Registered.from_values(("V", document) for document in documents)
        out = through(registered, "\n".join(f"it said <{part}>" for part in parts).encode()).decode()
        members += len(parts)

        assert leaked(out, dict(zip("abcdef", parts, strict=True))) == {}
    tell("M4", f"{members} members printed alone, no eight signs left")


def test_m5_values_that_only_a_name_or_an_address_tells() -> None:
    missed: list[str] = []
    total = 0
    for _ in range(sized(1, 20)):
        for title, text in CONTEXTS.items():
            name, value = SOURCE.choice(NAMES), values()["short"]
            printed = filled(text, name, value)
            total += 1
            if leaks(value, printed, scrub_text(printed)):
                missed.append(title)
    address = f"https://{random_word(20)}7.example.com/{random_word(30)}"
    whole = scrub_text(f"posted to {address} now", Registered.from_values([("HOOK", address)]))
    tell("M5", f"{total - len(missed)} of {total} values found in {len(CONTEXTS)} kinds of output")

    assert whole == "posted to [masked:HOOK] now"
    assert len(missed) <= total * 0.01, missed


def test_m6_every_way_out(tmp_path: Path) -> None:
    value = random_word(32)
    log = RunLog(SegmentWriter(tmp_path / "segments"), [("V", value)])
    source, end = os.pipe()
    stream = log.open_stream(source, Origin("stdout", "user", "run"))
    text = f"out {value}\n".encode()
    for place in range(0, len(text), READ_BYTES):
        os.write(end, text[place : place + READ_BYTES])
        stream.read()
    os.close(end)
    while stream.read():
        pass
    stream.finish()
    document: JSON = {
        "result": [value, {value: 1}],
        "trace": {"error": f"ValueError: {value}", "password": "x" + value},
    }
    shown = json.dumps(scrub_json(document, Registered.from_values([("V", value)])))
    command = [sys.executable, "-m", "dlthub_tui.cli.main", "scrub", "--env", "V", "-"]
    environment = {**os.environ, "V": value}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        filtered, _ = process.communicate(text, timeout=240)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    every = {"segments": written.decode("utf-8", "replace"), "document": shown, "filter": filtered.decode()}

    assert b"masked:V" in written
    assert not [name for name, out in every.items() if leaked(out, {"V": value})]
    assert value.encode() not in arguments
    tell("M6", f"{sum(map(len, every.values()))} bytes of segments, documents and the filter, no eight signs left")


def clean_log(size: int) -> Iterator[str]:
    """Lines of a load, as many as make so many bytes."""
    written = 0
    draw = random.Random(7)
    while written < size:
        number = draw.randrange(10**6)
        for line in (
            f'2026-01-02 03:04:05,{number % 1000:03d}|[INFO]|4711|139|dlt|load.py|complete:412|{{"rows": {number}}}',
            f"GET https://api.example.com/v1/orders?page={number}&limit=500 -> 200 in {number % 900} ms",
            f"commit {draw.getrandbits(160):040x} by me; etag {draw.getrandbits(128):032x}; load {number}.{number}",
            "{",
            "}",
            '  "type": "service_account",',
            '  "port": 5432, "ssl": true, "host": "localhost"',
            "[]",
            "",
        ):
            written += len(line) + 1
            yield line


def test_m7_masking_too_much() -> None:
    document = json.dumps(
        {"type": "service_account", "port": 5432, "ssl": True, "host": "localhost", "key": random_word()}, indent=2
    )
    registered = Registered.from_values(
        [
            ("DOCUMENT", document),
            ("DOTENV", f"HOST=localhost\nPORT=5432\nSSL=true\nTOKEN={random_word()}"),
            ("SHORT", "true"),
        ]
    )
    text = "\n".join(clean_log(sized(2_000_000, 100_000_000))).encode()

    scrubber = StreamScrubber(registered)
    out = scrubber.feed(text) + scrubber.finish()
    tell("M7", f"{sum(scrubber.hits.values())} masks in {len(text) / 1e6:.0f} MB of a clean log")

    assert "SHORT" in registered.too_short
    assert out == text


def test_m8_a_mask_tells_nothing() -> None:
    outs: set[str] = set()
    for length in (5, 6, 7, 8, 16, 100, 1000, 5000):
        for _ in range(sized(5, 100)):
            value = "".join(SOURCE.choices(string.ascii_letters + string.digits, k=length))
            outs.add(scrub_text(f"<{value}>", Registered.from_values([("V", value)])))
    same = 0
    for rule in RULES:
        masks = {scrub_text(fake(rule.sample, seed)) for seed in range(2)}
        texts = [fake(rule.sample, seed) for seed in range(2)]
        same += len(masks) == 1 or len({len(mask) for mask in masks}) == 1
        assert all("[masked:" in mask and mask not in texts for mask in masks)
    tell("M8", f"{len(outs)} mask for all values of 5 to 5,000 signs; {same} of {len(RULES)} rules likewise")

    assert outs == {"<[masked:V]>"}
    assert same == len(RULES)


# The first two break marks and colour codes that are drawn later, so a second pass may read the text anew.
HOSTILE = [b"[masked:", b"\x1b[", b"password = '", b'"""', b"token: |\n", b"user,password\n", b"  user  password\n"]
HOSTILE += [b"-----BEGIN ", b"\xff\xfe", b"\n", b" ", b"|", b"\xe2\x94\x82", b"name: api_key\n", b"value: ", b"'", b","]
HOSTILE += [b"INSERT INTO t (password) VALUES (", b"password:\n", b"<password>\n", b"x7y8z9a1b2"]


def test_m9_the_scrubber_breaks_nothing() -> None:
    texts = sized(300, 20_000)
    registered = Registered.from_values([("V", random_word()), ("KEY", random_key())])
    draw = random.Random(SOURCE.randrange(10**9))
    for number in range(texts):
        pieces = HOSTILE if number % 2 else HOSTILE[2:]
        text = b"".join(draw.choice((draw.choice(pieces), draw.randbytes(draw.randrange(20)))) for _ in range(60))
        out = through(registered, text[:200], text[200:])

        assert out.count(b"\n") == text.count(b"\n")
        assert number % 2 or through(registered, out) == out
    deep: JSON = random_word()
    secret = deep
    for _ in range(50_000):
        deep = [deep]
    for document in ({"password": [deep]}, {"plain": deep}):
        assert secret not in repr(scrub_json(document, None))
    tell("M9", f"{texts} hostile texts and a document of 50,000 levels: no error, every line there, twice the same")
