"""What is remembered of lines that come again and again changes nothing of what comes out."""

import random

from planes.scrub import Registered, StreamScrubber
from planes.scrub.rules import RULES
from planes.scrub.rules.below import BELOW_RULES
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


class Forgets(set[bytes]):
    """Remembers nothing."""

    def add(self, element: bytes, /) -> None:
        del element


def scrubbed(text: bytes, *, forgets: bool = False) -> bytes:
    scrubber = StreamScrubber(REGISTERED)
    if forgets:
        scrubber._rules._harmless = Forgets()  # pyright: ignore[reportPrivateUsage]
    return b"".join(
        [*(scrubber.feed(text[place : place + 997]) for place in range(0, len(text), 997)), scrubber.finish()]
    )


def test_repeated_lines_come_out_as_if_each_were_the_first() -> None:
    source = random.Random(5)
    samples = [fake(rule.sample, 4).encode() for rule in (*RULES, *BELOW_RULES)]
    for _ in range(60):
        lines = source.sample(LINES, 6) + source.sample(samples, 2)
        text = b"\n".join(source.choices(lines, k=80)) + b"\n"

        assert scrubbed(text) == scrubbed(text, forgets=True), text


def test_a_line_that_was_harmless_is_judged_again_below_its_name() -> None:
    line = b"  Tr0ub4dor-token-77\n"
    out = scrubbed(line * 3 + b"password:\n" + line)

    assert out.startswith(line * 3)
    assert out.count(b"[masked:named-below]") == 1


def test_what_is_remembered_is_bounded() -> None:
    scrubber = StreamScrubber(Registered.empty())
    for number in range(5000):
        scrubber.feed(b"token %d is ${TOKEN}\n" % number + b"token " * 200 + b"\n")
    remembered = scrubber._rules._harmless  # pyright: ignore[reportPrivateUsage]

    assert 0 < len(remembered) <= 1024
    assert max(map(len, remembered)) <= 512
