"""What is remembered of lines that come again and again changes nothing of what comes out."""

import itertools
import random
from collections import Counter
from collections.abc import Sequence

from planes.scrub import Registered, StreamScrubber
from planes.scrub.below import Opening
from planes.scrub.known import KnownLines, Outcome
from planes.scrub.registered.learned import is_telling
from planes.scrub.rulebook import Span
from planes.scrub.rules import RULES
from planes.scrub.rules.named.below import BELOW_RULES
from planes.scrub.rules.samples import fake

VALUE = "correct-horse-battery7"
REGISTERED = Registered.from_values([("VALUE", VALUE)])
LINES = (
    b"Resolving `sources.shop.api_key` from secrets.toml, env SOURCES__SHOP__API_KEY not set",
    b"  Tr0ub4dor-token-77",
    b"token: ${TOKEN}",
    b"password:",
    b"password: |",
    b"{'name': 'DB_PASSWORD',",
    b" 'value': 'x7-token-y'}",
    b"user,password",
    b"me,secret-77-key",
    b"-----BEGIN " + b"PRIVATE KEY-----",
    b"secretsecretsecretsecretsecret+/",
    b"-----END " + b"PRIVATE KEY-----",
    b"the key is " + VALUE[:14].encode() + b"...",
    b"\x1b[31mtoken: ${TOKEN}\x1b[0m",
    b"token",
    b"",
    b"ordinary",
)


class Forgets(KnownLines):
    """Remembers nothing."""

    def remember(self, opening: Opening | None, line: bytes, cuts: Sequence[Span], outcome: Outcome) -> None:
        del opening, line, cuts, outcome


def scrubbed(text: bytes, *, forgets: bool = False, size: int = 997) -> "tuple[bytes, Counter[str]]":
    scrubber = StreamScrubber(REGISTERED)
    if forgets:
        scrubber._rules._known = Forgets()  # pyright: ignore[reportPrivateUsage]
    given = [scrubber.feed(text[place : place + size]) for place in range(0, len(text), size)]
    return b"".join([*given, scrubber.finish()]), scrubber.hits


def test_repeated_lines_come_out_as_if_each_were_the_first() -> None:
    source = random.Random(5)
    samples = [fake(rule.sample, 4).encode() for rule in (*RULES, *BELOW_RULES)]
    for _ in range(60):
        lines = source.sample(LINES, 6) + source.sample(samples, 2)
        text = b"\n".join(source.choices(lines, k=80)) + b"\n"

        expected = scrubbed(text, forgets=True)
        for size in (97, 997, len(text)):
            assert scrubbed(text, size=size) == expected, text


def test_what_was_learned_decides_about_a_line_that_was_seen() -> None:
    learned = next(value for seed in itertools.count() if is_telling(value := fake("<a12>7<a4>", seed).encode()))
    source = random.Random(7)
    for _ in range(20):
        told = (b"retry with %s in 5 s", b"token: %s and ${TOKEN}", b"password: |\n  %s", b"\x1b[1m%s\x1b[0m", b"x %s")
        lines = [line % learned for line in told] + [b"x " + VALUE[:14].encode() + b"..."] + [*LINES[:3], LINES[-1]]
        before, behind = (b"\n".join(source.choices(lines, k=40)) + b"\n" for _ in range(2))
        text = before + b"password=" + learned + b"\n" + behind

        expected = scrubbed(text, forgets=True)
        for size in (97, len(text)):
            assert scrubbed(text, size=size) == expected, text
        assert learned not in expected[0][-len(behind) :].replace(b"\x1b[1m", b"")


def test_what_is_open_decides_about_a_line_that_was_seen() -> None:
    line = b"  x7-token-y\n"
    openings = (
        b"password:\n",
        b"password: |\n",
        b"user,password\n",
        b"{'name': 'DB_PASSWORD',\n",
        b"token: ${TOKEN}\n",
        b"",
    )
    source = random.Random(6)
    text = b"".join(source.choice(openings) + line for _ in range(2000))

    assert scrubbed(text) == scrubbed(text, forgets=True)


def test_a_line_with_a_secret_counts_each_time() -> None:
    line = b"login with password=" + fake("<a12>7<a4>").encode() + b" ok\n"
    out, hits = scrubbed(line * 50 + b"token: ${TOKEN}\n" * 50 + line * 50)

    assert out == b"login with password=[masked:named-plain] ok\n" * 50 + b"token: ${TOKEN}\n" * 50 + (
        b"login with password=[masked:named-plain] ok\n" * 50
    )
    assert hits == {"named-plain": 100}


def test_a_line_that_was_harmless_is_judged_again_below_its_name() -> None:
    line = b"  Tr0ub4dor-token-77\n"
    out, _ = scrubbed(line * 3 + b"password:\n" + line)

    assert out.startswith(line * 3)
    assert out.count(b"[masked:named-below]") == 1


def test_what_is_remembered_is_bounded() -> None:
    scrubber = StreamScrubber(Registered.empty())
    for number in range(5000):
        scrubber.feed(b"token %d is ${TOKEN}\npassword: |\n%d\n" % (number, number) + b"token " * 200 + b"\n")
    known = scrubber._rules._known  # pyright: ignore[reportPrivateUsage]

    assert 0 < len(known.harmless) <= 1024
    assert max(map(len, known.harmless)) <= 512
    assert 0 < len(known.outcomes) <= 512
    assert max(len(line) for _, _, line, _ in known.outcomes) <= 512
