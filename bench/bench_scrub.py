"""How fast logs are scrubbed: MB per CPU second by kind of log, and against the rules one by one with `re`.

Run: python bench/bench_scrub.py [--megabytes N]. Nothing is asserted; the ratios are what to compare between runs.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from uv import find_uv_bin

from planes.scrub import Registered, StreamScrubber, prepare
from planes.scrub.rules import RULES, Rule
from planes.scrub.rules.samples import fake

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.unit.planes.scrub.test_clean_logs import dlt_log, trace
from tests.unit.planes.scrub.test_torture import random_value

PEERS = ("detect-secrets>=1.5,<2", "presidio-analyzer>=2.2,<3")
CHUNK = 64 * 1024
_TABLES = ("orders", "customers", "order_lines", "payments", "_dlt_loads", "_dlt_pipeline_state")


def ordinary_lines(count: int, seed: int = 7) -> Iterator[str]:
    """Log lines as a load prints them."""
    source = random.Random(seed)
    for number in range(count):
        second, table = number % 60, source.choice(_TABLES)
        day = f"2026-01-{number % 27 + 1:02d}"
        stamp = f"{day} 12:{second:02d}:{second:02d},{source.randrange(1000):03d}|[INFO]|4711|1402|dlt"
        yield source.choice(
            (
                f"{stamp}|load.py|complete_jobs:412|Job {table}.{source.getrandbits(40):010x}.0.parquet COMPLETED",
                f"{stamp}|normalize.py|run:301|Normalized {source.randrange(10**6)} rows of {table}",
                f"Load {number % 9}/9 in {1732450000 + number}.{source.randrange(10**6)} | {table} | {second}.5/s",
                f"GET https://api.example.com/v1/{table}?page={number}&limit=500 -> 200 in {source.randrange(900)} ms",
                f'  File "/opt/job/{table}.py", line {number}, in {table}\n    yield from pages("/{table}", size=500)',
            )
        )


def text_of(lines: Iterator[str], size: int) -> bytes:
    """Lines joined, at least `size` bytes."""
    pieces: list[str] = []
    total = 0
    for line in lines:
        pieces.append(line)
        total += len(line) + 1
        if total >= size:
            break
    return ("\n".join(pieces) + "\n").encode()


# What programs print most.
_FEW = ("named-plain", "named-double-quoted", "uri-password", "github-token", "jwt", "authorization-header")


def with_hits(size: int, rules: Sequence[Rule] = RULES, seed: int = 7) -> bytes:
    """An ordinary log in which every tenth line holds a secret, no two alike, of all rules in turn."""

    def lines() -> Iterator[str]:
        for number, line in enumerate(ordinary_lines(10**9, seed)):
            sample = rules[number // 10 % len(rules)].sample
            yield f"{line} using {fake(sample, number + seed * 1_000_000)}" if number % 10 == 0 else line

    return text_of(lines(), size)


def repeated(size: int) -> bytes:
    """A log that says the same two dozen lines again and again, some of which speak of secrets."""
    source = random.Random(6)
    said = [*ordinary_lines(16)]
    said += ["Resolving `sources.shop.api_key` from secrets.toml, env SOURCES__SHOP__API_KEY not set"]
    said += [
        '  "key": "api_key",',
        '  "provider": "secrets.toml",',
        '  "is_secret": true',
        "token: ${TOKEN}",
        "password:",
    ]
    return text_of((source.choice(said) for _ in range(10**9)), size)


def random_values(count: int) -> Iterator[tuple[str, str]]:
    """So many names and random values."""
    source = random.Random(3)
    return ((f"VALUE_{number}", f"{source.getrandbits(120):x}/+ x") for number in range(count))


def registered(count: int) -> Registered:
    """So many random values, compiled."""
    return Registered.from_values(random_values(count))


def repetitive() -> Registered:
    """Values that make bad scanners slow: repetitions, and many addresses with one beginning."""
    source = random.Random(4)
    values = [("REPEATED", "k" * 4096), ("SHORT", "a" * 8)]
    values += [(f"DSN_{n}", f"postgresql://loader:{source.getrandbits(100):x}@db.example.com/main") for n in range(50)]
    return Registered.from_values(values)


def against_values(size: int) -> dict[str, bytes]:
    """Texts that are slow for those values, by name; and marks of shortening, with and without words beside them."""
    return {
        "a row of k": b"k" * size,
        "lines of k": (b"k" * 99 + b"\n") * (size // 100),
        "a row of a": b"a" * size,
        "base64 of k": b"a2tr" * (size // 4),
        "postgresql://loader: again and again": b"postgresql://loader:" * (size // 20),
        "dots": b"." * size,
        "...abcdefgh again and again": b"...abcdefgh" * (size // 11),
        "short rows of a": b"aaaaaaaaa " * (size // 10),
    }


def cut_values(size: int) -> bytes:
    """Lines of nothing but the first half of one of 50 values, with a mark of shortening behind it."""
    source = random.Random(9)
    values = [value for _, value in random_values(50)]
    return text_of((f"{source.choice(values)[: source.randrange(12, 28)]}..." for _ in range(10**9)), size)


def clean_logs(size: int) -> bytes:
    """The clean logs of RELIABILITY R16: what dlt prints, and traces."""

    def lines() -> Iterator[str]:
        for seed in range(10**9):
            source = random.Random(seed)
            yield from dlt_log(source)
            yield from trace(source)

    return text_of(lines(), size)


def thousand() -> Registered:
    """The 1,000 values of R16, of 6 bytes to 4 KiB."""
    source = random.Random(16)
    return Registered.from_values((f"V{number}", random_value(source, number)) for number in range(1000))


def rate(data: bytes, values: Registered) -> float:
    """MB/s of one pass over `data` in chunks, the best of three."""
    best = 0.0
    for _ in range(3):
        scrubber = StreamScrubber(values)
        begin = time.process_time()
        for place in range(0, len(data), CHUNK):
            scrubber.feed(data[place : place + CHUNK])
        scrubber.finish()
        best = max(best, len(data) / (time.process_time() - begin) / 1e6)
    return best


def rates_of_new(rules: Sequence[Rule], values: Registered, megabytes: int) -> dict[str, float]:
    """MB/s of a stream with hits of which nothing was seen before, for its first MB and its last one.

    What is random in a secret is new to the automata too: text that they have read once takes a third of the time.
    """
    scrubber = StreamScrubber(values)
    rates: list[float] = []
    for seed in range(100, 100 + megabytes):
        data = with_hits(1_000_000, rules, seed)
        begin = time.process_time()
        for place in range(0, len(data), CHUNK):
            scrubber.feed(data[place : place + CHUNK])
        rates.append(len(data) / (time.process_time() - begin) / 1e6)
    return {"MB 1": rates[0], f"MB {megabytes}": rates[-1]}


def rate_rule_by_rule(data: bytes) -> float:
    """MB/s of the plain way: every pattern over the whole text, with `re`."""
    patterns = [re.compile(rule.pattern) for rule in RULES]
    begin = time.process_time()
    for pattern in patterns:
        pattern.sub(b"[masked]", data)
    return len(data) / (time.process_time() - begin) / 1e6


def adversarial(size: int) -> dict[str, Callable[[], bytes]]:
    """Texts that make bad scanners slow, by name."""
    source = random.Random(5)
    base64_signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return {
        "one line of =": lambda: b"=" * size,
        "one line of a": lambda: b"a" * size,
        "one line of base64": lambda: bytes(source.choices(base64_signs, k=size)),
        "base64 lines": lambda: b"\n".join(bytes(source.choices(base64_signs, k=76)) for _ in range(size // 77)),
        "password= again and again": lambda: b"password=" * (size // 9),
        "ghp_ again and again": lambda: b"ghp_" * (size // 4),
        "://a:b again and again": lambda: b"://a:b" * (size // 6),
        "key block without end": lambda: b"-----BEGIN " + b"PRIVATE KEY-----\n" + (b"A" * 64 + b"\n") * (size // 65),
        "digits": lambda: b"4242 " * (size // 5),
        "a line of random digits": lambda: bytes(source.choices(b"0123456789", k=size)),
        "[masked: again and again": lambda: b"[masked:" * (size // 8),
        "JSON nested without end": lambda: b'{"a":[' * (size // 6),
        "quotes": lambda: b'"' * size,
        "keys and no values": lambda: b'"token": ' * (size // 9),
    }


def peers(data: bytes) -> dict[str, str]:
    """What others reach on the same text, in an environment of their own; or why that is not known."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.log"
        sample.write_bytes(data)
        python = Path(folder) / "peers" / "bin" / "python"
        try:
            uv = find_uv_bin()
            subprocess.run([uv, "venv", "-q", str(python.parents[1])], check=True, capture_output=True)
            install = [uv, "pip", "install", "-q", "--python", str(python), *PEERS]
            subprocess.run(install, check=True, capture_output=True, timeout=600)
            script = Path(__file__).with_name("scrub_peers.py")
            ran = subprocess.run([python, script, sample], check=True, capture_output=True, text=True, timeout=600)
        except (OSError, subprocess.SubprocessError) as error:
            return {"others": f"not measured: {type(error).__name__}"}
    return dict(line.split("\t", 1) for line in ran.stdout.splitlines() if "\t" in line)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=16)
    parser.add_argument("--no-peers", action="store_true", help="do not install and measure other tools")
    arguments = parser.parse_args()
    size = arguments.megabytes * 1_000_000
    begin = time.process_time()
    prepare()
    print(f"{len(RULES)} rules compiled in {(time.process_time() - begin) * 1e3:.0f} ms")
    begin = time.process_time()
    values = registered(50)
    print(f"50 values registered in {(time.process_time() - begin) * 1e3:.0f} ms")
    ordinary = text_of(ordinary_lines(10**9), size)
    few = [rule for rule in RULES if rule.name in _FEW]
    rows: dict[str, float] = {}
    for name, rules in (("six rules", few), ("all rules", RULES)):
        for part, figure in rates_of_new(rules, values, arguments.megabytes // 2).items():
            rows[f"a hit every ten lines, {name}, 50 values, {part}"] = figure
    rows |= {
        "ordinary log, no values": rate(ordinary, Registered.empty()),
        "ordinary log, 50 values": rate(ordinary, values),
        "the same text again: all rules, no values": rate(with_hits(size // 4), Registered.empty()),
        "the same text again: all rules, 50 values": rate(with_hits(size // 4), values),
        "the same text again: six rules, 50 values": rate(with_hits(size // 4, few), values),
        "the same lines again and again, 50 values": rate(repeated(size // 4), values),
        "clean logs of R16, no values": rate(clean_logs(size // 4), Registered.empty()),
        "clean logs of R16, its 1,000 values": rate(clean_logs(size // 4), thousand()),
        "1 MB: lines of cut values, 50 values": rate(cut_values(1_000_000), values),
    }
    for name, build in adversarial(1_000_000).items():
        rows[f"1 MB: {name}"] = rate(build(), values)
    hostile = repetitive()
    for name, text in against_values(1_000_000).items():
        rows[f"1 MB, repetitive values: {name}"] = rate(text, hostile)
    for name, figure in rows.items():
        print(f"{name:60} {figure:9.1f} MB/s")
    plain = rate_rule_by_rule(ordinary[:200_000])
    print(f"{'rule by rule with re, ordinary log':42} {plain:9.2f} MB/s")
    print(f"{'ratio to it':42} {rows['ordinary log, no values'] / plain:9.0f} x")
    if not arguments.no_peers:
        for name, figure in peers(ordinary[:200_000]).items():
            print(f"{name + ', ordinary log':42} {figure:>9} MB/s")
    tracemalloc.start()
    scrubber = StreamScrubber(values)
    for _ in range(size // CHUNK):
        scrubber.feed(b"x" * CHUNK)
    print(f"{'peak memory, one endless line':42} {tracemalloc.get_traced_memory()[1] / 1e6:9.2f} MB")
    tracemalloc.stop()


if __name__ == "__main__":
    main()
