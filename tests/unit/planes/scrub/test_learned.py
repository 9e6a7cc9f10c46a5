"""What a rule has masked once is masked where it stands again later in the stream, and nothing else is."""

import base64
import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from tests.unit.planes.scrub.test_repeated_lines import Forgets

from planes.scrub import Registered, ScrubSettings, StreamScrubber
from planes.scrub.registered.learned import MOST_FORMS, MOST_VALUES, SHORTEST, Learned, is_telling
from planes.scrub.rules.samples import fake

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
REGISTERED = Registered.from_values([("VALUE", "correct-horse-battery7")])


def made(source: random.Random, signs: str = LETTERS, size: int = 24) -> str:
    """A value as generators make it, one that is long enough to be learned."""
    while True:
        value = "".join(source.choices(signs, k=size))
        if is_telling(value.encode()):
            return value


def scrubbed(text: str, size: int = 1 << 20, registered: Registered | None = None) -> str:
    scrubber = StreamScrubber(registered or Registered.empty())
    data = text.encode()
    given = [scrubber.feed(data[place : place + size]) for place in range(0, len(data), size)]
    return b"".join([*given, scrubber.finish()]).decode()


TOLD: dict[str, Callable[[str], str]] = {
    "named-plain": lambda value: f"password={value}",
    "named-double-quoted": lambda value: f'password: "{value}"',
    "uri-password": lambda value: f"postgresql://loader:{quote(value, safe='')}@db.example.com/main",
    "named-below": lambda value: f"password: |\n  {value}",
    "authorization-header": lambda value: f"Authorization: Bearer {value}",
}
AGAIN: dict[str, Callable[[str], str]] = {
    "written": lambda value: f"connected with {value}",
    "shell": lambda value: f"+ upload {value}",
    "repr": lambda value: f"  raise Refused({value!r}) from error",
    "JSON": lambda value: f"  {json.dumps({'seen': [value]})}",
    "JSON in JSON": lambda value: json.dumps(json.dumps({"seen": value})),
    "address": lambda value: f"GET /v1/items?by={quote(value, safe='')}&page=2",
    "base64": lambda value: f"sent {base64.b64encode(value.encode()).decode()}",
    "base64 of a pair": lambda value: f"sent {base64.b64encode(f'me:{value}'.encode()).decode()}",
    "base64 of a triple": lambda value: f"sent {base64.urlsafe_b64encode(f'a:b:{value}@h'.encode()).decode()}",
    "colour": lambda value: f"got {value[:9]}\x1b[1m{value[9:]}\x1b[0m here",
    "inside of a word": lambda value: f"cache/{value}.json and x{value}x",
}


def rows(text: str, width: int, indent: str = "") -> str:
    return "\n".join(indent + text[place : place + width] for place in range(0, len(text), width))


# Shown in part, over lines, or by its bytes: nothing of eight signs or more may be left.
SHOWN: dict[str, Callable[[str], str]] = {
    "cut by dots": lambda value: f"got {value[:12]}... twice",
    "cut by a sign": lambda value: f"got '{value[:10]}…'",
    "cut in the middle": lambda value: f"got {value[:9]}...{value[-9:]}",
    "its end": lambda value: f"got ****{value[-12:]}",
    "cell": lambda value: f"| 1 | {value[:16]} | x |",
    "end of the line": lambda value: f"the line ends with {value[:14]}",
    "a part of it": lambda value: f"x = {value[4:]}abc",
    "rows": lambda value: rows(f"see {value}", 16),
    "rows with an indent": lambda value: rows(f"the settings: {value}", 24, "    "),
    "rows of base64": lambda value: rows(base64.b64encode(f"what was read: {value}".encode()).decode(), 32),
    "quoted rows": lambda value: f"('{value[:20]}'\n '{value[20:]}')",
    "bars": lambda value: "\n".join(f"│ {value[place : place + 18]:18} │" for place in range(0, len(value), 18)),
    "hexadecimal": lambda value: f"raw {value.encode().hex()}",
    "hexadecimal in capitals": lambda value: f"raw {value.encode().hex(':').upper()}",
    "rows of hexadecimal": lambda value: rows(value.encode().hex(), 60),
    "pairs": lambda value: f"raw {value.encode().hex(' ')}",
    "escapes": lambda value: "b'" + "".join(f"\\x{byte:02x}" for byte in value.encode()) + "'",
    "escapes of JSON": lambda value: "".join(f"\\u{byte:04x}" for byte in value.encode()),
    "escapes of addresses": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "octal": lambda value: "".join(f"\\{byte:03o}" for byte in value.encode()),
    "numbers": lambda value: f"{list(value.encode())}",
}


def left_of(value: str, out: str) -> bool:
    """Whether eight signs of a value are left, or as much of a form of it."""
    flat = "".join(sign for sign in out if sign not in " \n│|'")
    raw = value.encode()
    digits = flat.lower()
    for sign in ("0x", "\\x", "\\u00", "%", ":", ","):
        digits = digits.replace(sign, "")
    shown = [base64.b64encode(bytes(offset) + raw).decode()[4:-4] for offset in range(3)]
    octal, numbers = "".join(f"\\{byte:03o}" for byte in raw), ",".join(map(str, raw))
    return (
        any(value[place : place + 8] in flat for place in range(len(value) - 7))
        or any(raw[place : place + 8].hex() in digits for place in range(len(value) - 7))
        or any(form[place : place + 16] in flat for form in shown for place in range(len(form) - 15))
        or any(octal[place : place + 32] in flat for place in range(0, len(octal) - 31, 4))
        or any(numbers[place : place + 30] in flat for place in range(len(numbers) - 29))
    )


@pytest.mark.parametrize("shape", SHOWN)
@pytest.mark.parametrize("signs", [LETTERS, LETTERS + "-_"], ids=["all", "address"])
def test_a_value_is_masked_where_it_is_shown_otherwise(shape: str, signs: str) -> None:
    source = random.Random(shape)
    for size in (32, 43):
        value = made(source, signs, size)
        text = f"password={value}\nordinary\n{SHOWN[shape](value)}\nordinary words\n"
        out = scrubbed(text)
        behind = out.split("\n", 2)[2]

        assert "[masked:named-plain]" in behind
        assert behind.endswith("\nordinary words\n")
        assert not left_of(value, behind), out
        assert out.count("\n") == text.count("\n")


@pytest.mark.parametrize("line", ["x {0}1 y", "{0}0000 was read", "see {0}9 and more"])
def test_another_text_with_the_same_beginning_stays(line: str) -> None:
    value = made(random.Random(13))
    text = line.format(value[:11])

    assert scrubbed(f"password={value}\n{text}\n").endswith(f"\n{text}\n")


def test_a_line_below_a_piece_stays_where_it_is_no_more_of_the_value() -> None:
    value = made(random.Random(14), size=32)
    for below in ("ordinary", value[20:22] + " and more", value[:6]):
        assert scrubbed(f"password={value}\nsee {value[:20]}\n{below}\n").endswith(
            f"\nsee [masked:named-plain]\n{below}\n"
        )


@pytest.mark.parametrize("size", [4096, 70_000, 1 << 20])
def test_a_line_without_end_teaches_too(size: int) -> None:
    source = random.Random(15)
    values = [made(source) for _ in range(2)]
    fields = [{"id": number, "name": f"order {number}"} for number in range(4_000)]
    document = json.dumps({"rows": fields, "api_token": values[0], "more": fields})
    text = f"{document}\nwith {values[0]}\npassword={values[1]} {document}\nwith {values[1]}\nordinary\n"
    out = scrubbed(text, size)

    assert len(document) > 2 * 64 * 1024
    assert out.endswith("\nwith [masked:named-plain]\nordinary\n")
    assert out.count("\nwith [masked:") == 2
    assert not any(value in out for value in values)


@pytest.mark.parametrize("rule", TOLD)
@pytest.mark.parametrize("signs", [LETTERS, LETTERS[26:], LETTERS + "!#$%&*+=@^~"], ids=["all", "small", "special"])
def test_a_value_is_masked_where_nothing_tells_it(rule: str, signs: str) -> None:
    source = random.Random(len(rule) + len(signs))
    value = made(source, signs)
    if rule == "authorization-header":
        value = made(source)
    for name, show in AGAIN.items():
        line = show(value)
        out = scrubbed(f"{TOLD[rule](value)}\nordinary\n{line}\nordinary\n")
        pieces = [line[place : place + 8] for place in range(len(line) - 8) if line[place : place + 8] in value]

        assert f"[masked:{rule}]" in out.splitlines()[-2], (name, out)
        assert not any(piece in out for piece in pieces), (name, out)
        assert out.count("ordinary\n") == 2


def test_only_what_follows_is_masked() -> None:
    value = made(random.Random(1))
    line = f"connected with {value}\n"

    assert scrubbed(f"{line}password={value}\n{line}") == (
        f"{line}password=[masked:named-plain]\nconnected with [masked:named-plain]\n"
    )


# Secrets where they stand, and what other lines may say as well.
ORDINARY = (
    "orders_2024_q3_v2",
    "warehouse-loader-7",
    "CustomerOrders2024Q1",
    "correct horse battery staple",
    "correcthorsebattery",
    "hunter2hunter2",
    "db-7.eu-west-1.example.com",
    "/opt/job/secrets/token_2024.json",
    "7f3c1e52-9b1d-4a6e-8f21-0c4d5e6f7a8b",
    "2026-11-26T22:05:01.123456Z",
    "20261126220501123",
    "1732450000.123456",
    "MLKEM1024P384PrivateKey",
    "sqlalchemy-2.0.36-cp313-manylinux_2_17_x86_64",
    "v1.2.3-rc4.dev5+g1a2b3c4",
    "getURLForUserById",
    "x7Kq9",
    "${DB_PASSWORD_2024}",
)


@pytest.mark.parametrize("value", ORDINARY)
def test_what_other_lines_may_say_as_well_is_not_learned(value: str) -> None:
    line = f"reading {value} now\n"
    alone = scrubbed(line)

    assert scrubbed(f"password={value}\npassword: '{value}'\n{line}").endswith(f"\n{alone}")


@pytest.mark.parametrize("told", ["token {}", "session_id={}", "lock token {}"])
def test_ids_in_hexadecimal_are_not_learned_where_the_rule_guesses(told: str) -> None:
    value = made(random.Random(12), "0123456789abcdef", 32)
    line = f"loaded {value}\n"

    assert scrubbed(f"{told.format(value)}\n{line}").endswith(f"]\n{line}")
    assert scrubbed(f"password={value}\n{line}").endswith("\nloaded [masked:named-plain]\n")


def text_of(seed: int) -> str:
    """A log that tells a few values and says them again, between lines of every other sort."""
    source = random.Random(seed)
    values = [made(source, size=source.choice((12, 20, 40))) for _ in range(6)]
    values += [
        values[0] + values[1],
        values[2][:-3],
        made(source, "aB1", 15) * 2,
        base64.b64encode(values[3].encode()).decode(),
    ]
    values += [quote("p%" + values[4]), "-".join(values[:2])]
    lines = [
        "token: ${TOKEN}",
        "password:",
        "user,password",
        "ordinary",
        "x = 'open",
        "the key is correct-horse...",
        "Resolving `sources.shop.api_key`, env SOURCES__SHOP__API_KEY not set",
        "-----BEGIN " + "PRIVATE KEY-----",
    ]
    said: list[str] = []
    for _ in range(120):
        value = source.choice(values)
        show = source.choice([*TOLD.values(), *AGAIN.values(), *SHOWN.values()])
        said.append(source.choice(lines) if source.random() < 0.3 else show(value))
        if source.random() < 0.1:
            said[-1] += f" = '{source.choice(values)}"
    return "\n".join(said) + source.choice(("\n", ""))


@pytest.mark.parametrize("seed", range(6))
def test_chunks_change_nothing_and_a_second_pass_neither(seed: int) -> None:
    text = text_of(seed)
    whole = scrubbed(text, registered=REGISTERED)

    for size in (1, 7, 97, 997):
        assert scrubbed(text, size, REGISTERED) == whole
    assert whole.count("\n") == text.count("\n")
    assert scrubbed(whole, registered=REGISTERED) == whole
    rest = whole.split("\n")
    for first in (1, 40, 80):  # a reader may begin anywhere
        assert scrubbed("\n".join(rest[first:]), registered=REGISTERED) == "\n".join(rest[first:])


@pytest.mark.parametrize("seed", range(4))
def test_lines_that_are_known_are_looked_at_again_for_what_was_learned(seed: int) -> None:
    source = random.Random(seed)
    value = made(source)
    lines = text_of(seed).split("\n")
    lines += [f"Resolving `api_key` for {value}", f"token: ${{TOKEN}} {value}"] * 20
    source.shuffle(lines)
    lines += [f"password={value}", *lines[:60]]
    text = "\n".join([*source.choices(lines, k=300)]).encode()
    forgetful, usual = StreamScrubber(REGISTERED), StreamScrubber(REGISTERED)
    forgetful._rules._known = Forgets()  # pyright: ignore[reportPrivateUsage]

    assert forgetful.feed(text) + forgetful.finish() == usual.feed(text) + usual.finish()
    assert forgetful.hits == usual.hits


def test_each_find_counts_under_the_rule_that_taught_it() -> None:
    value = made(random.Random(2))
    scrubber = StreamScrubber(Registered.empty())
    scrubber.feed(f"password={value}\nwith {value}, {value}\nAuthorization: Bearer {value}\n".encode())

    assert scrubber.hits == {"named-plain": 3, "authorization-header": 1}


def test_a_stream_forgets_at_its_end() -> None:
    value = made(random.Random(3))
    told, line = f"password={value}\n".encode(), f"with {value}\n".encode()
    scrubber = StreamScrubber(Registered.empty())
    for _ in range(2):  # the line that teaches it is known the second time
        assert scrubber.feed(line) == line
        scrubber.feed(told)
        assert scrubber.feed(line) == b"with [masked:named-plain]\n"
        scrubber.finish()


def test_a_value_that_repeats_itself_is_masked_to_its_end_in_every_chunking() -> None:
    value = "aB1cD2eF3" * 2
    text = f"password={value}\nordinary\nwith {value[:9]}{value}{value[:9]} here\n"

    for size in (1, 30, 1 << 20):
        assert scrubbed(text, size).endswith("\nwith [masked:named-plain] here\n")


def test_a_value_that_is_a_form_of_another_is_called_the_same_in_every_chunking() -> None:
    value = made(random.Random(11))
    encoded = base64.b64encode(value.encode()).decode()
    for first, second in ((value, encoded), (encoded, value)):
        text = f"password={first}\nAuthorization: Bearer {second}\nwith {value} and {encoded} here\n"

        assert len({scrubbed(text, size) for size in (1, 30, 1 << 20)}) == 1


def test_two_streams_share_nothing() -> None:
    value = made(random.Random(4))
    one, other = StreamScrubber(REGISTERED), StreamScrubber(REGISTERED)
    one.feed(f"password={value}\n".encode())

    assert other.feed(f"with {value}\n".encode()) == f"with {value}\n".encode()


def test_what_is_learned_is_bounded() -> None:
    source = random.Random(5)
    values = [made(source, LETTERS + "!#$%&*@^~" * (number % 2)) for number in range(3 * MOST_VALUES)]
    scrubber = StreamScrubber(Registered.empty())
    for value in values:
        scrubber.feed(f'password: "{value}"\n'.encode())
    learned = scrubber._rules._learned  # pyright: ignore[reportPrivateUsage]

    assert MOST_VALUES <= len(learned._known) <= MOST_FORMS  # pyright: ignore[reportPrivateUsage]
    assert learned._count <= MOST_VALUES  # pyright: ignore[reportPrivateUsage]
    assert scrubber.feed(f"with {values[0]}\n".encode()) == b"with [masked:named-double-quoted]\n"
    assert scrubber.feed(f"with {values[-1]}\n".encode()) == f"with {values[-1]}\n".encode()
    assert not any(value in f"{learned!r} {scrubber!r} {learned.__class__.__slots__}" for value in values)


def test_what_is_allowed_stays() -> None:
    value = made(random.Random(6))
    settings = ScrubSettings(allowed=(f"example {value}",))
    scrubber = StreamScrubber(Registered.empty(), settings)
    scrubber.feed(f"password={value}\n".encode())

    assert scrubber.feed(f"an example {value}\n".encode()) == f"an example {value}\n".encode()
    assert scrubber.feed(f"with {value}\n".encode()) == b"with [masked:named-plain]\n"


def test_a_workspaces_own_pattern_teaches_nothing() -> None:
    value = made(random.Random(7))
    settings = ScrubSettings(extra_patterns=(("ticket", "ticket (?P<secret>[0-9A-Za-z]{24})"),))
    scrubber = StreamScrubber(Registered.empty(), settings)

    assert scrubber.feed(f"ticket {value}\n".encode()) == b"ticket [masked:ticket]\n"
    assert scrubber.feed(f"of {value}\n".encode()) == f"of {value}\n".encode()


def test_a_quote_before_a_learned_value_opens_nothing() -> None:
    value = made(random.Random(8))

    assert scrubbed(f"password={value}\nmsg = '{value}\n  more'\n").endswith("\nmsg = '[masked:named-plain]\n  more'\n")


def test_a_line_without_end_is_searched_too() -> None:
    value = made(random.Random(9))
    words = "ordinary words " * 20_000
    for size in (4096, 1 << 20):
        out = scrubbed(f"password={value}\n{words}{value} {words}\n", size)

        assert out == f"password=[masked:named-plain]\n{words}[masked:named-plain] {words}\n"


def test_without_a_value_nothing_is_kept() -> None:
    learned = Learned()

    assert not learned
    assert learned.find(b"anything") == []
    assert not is_telling(fake("<a24>").encode()[: SHORTEST - 8])
