"""Batches of prints with places, filled with random values at run time.

`secrets.txt` holds what programs print with a secret in it, `harmless.txt` what only looks so. A print begins with
`%% batch`. `«kind»` is a fresh value of a kind, `«kind:escape»` escaped for its place, `«kind:pub»` one that is no
secret there; in `harmless.txt` none is. `ESC` stands for the sign that begins a colour code.
"""

import base64
import html
import json
import random
import re
import string
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_SIGNS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_BASE32 = string.ascii_uppercase + "234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WORDS = """amber river stone falcon copper maple lantern orbit velvet canyon harbor pepper winter saddle rocket thistle
    marble cobalt meadow tunnel""".split()  # noqa: SIM905
_PLACE = re.compile("«([A-Za-z]+)([0-9]*)(?::([a-z]+))?»")
_HARMLESS_KINDS = frozenset(("host", "user", "db", "d", "w", "ip", "ts", "lid", "did", "ulid", "n", "f", "u"))
_LEAK = 5


class Print(NamedTuple):
    """A text with places."""

    batch: str
    text: str


def prints(name: str) -> list[Print]:
    """The prints of a file."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    blocks = (block.split("\n", 1) for block in re.split(r"^%% ", text, flags=re.MULTILINE)[1:])
    return [Print(batch, body.rstrip("\n").replace("ESC[", "\x1b[")) for batch, body in blocks]


def filled(text: str, source: random.Random) -> tuple[str, list[str]]:
    """The text with its places filled, and the secrets in it."""
    secrets: list[str] = []

    def place(match: "re.Match[str]") -> str:
        kind, size, escape = match[1], match[2], match[3] or ""
        value = _ESCAPES[escape](_value(kind, int(size or 0), source))
        if kind not in _HARMLESS_KINDS and escape != "pub":
            secrets.append(value)
        return value

    return _PLACE.sub(place, text), secrets


def leaks(secrets: list[str], before: str, after: str) -> list[str]:
    """The secrets of which five signs in a row came through that stand nowhere else in the text."""
    around = before
    for secret in secrets:
        around = around.replace(secret, "\0")
    return [secret for secret in secrets if any(part in after and part not in around for part in _windows(secret))]


def _windows(secret: str) -> Iterator[str]:
    return (secret[place : place + _LEAK] for place in range(max(1, len(secret) - _LEAK + 1)))


def _value(kind: str, size: int, source: random.Random) -> str:
    def some(signs: str, count: int = size) -> str:
        return "".join(source.choices(signs, k=count))

    classes = {
        "hex": _HEX,
        "HEX": _HEX.upper(),
        "a": _SIGNS,
        "l": string.ascii_lowercase,
        "U": _BASE32,
        "d": string.digits,
    }
    if size and kind in classes:
        return some(classes[kind])
    if kind == "b" and size == 64:
        return base64.b64encode(source.randbytes(32)).decode()
    return _made(source)[kind]()


def _made(source: random.Random) -> "dict[str, Callable[[], str]]":
    def some(signs: str, count: int) -> str:
        return "".join(source.choices(signs, k=count))

    def base(count: int) -> str:
        return base64.b64encode(source.randbytes(count)).decode()

    def segment(claims: "dict[str, object]") -> str:
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    def password() -> str:
        signs, word = _SIGNS, source.choice(_WORDS)
        return source.choice(
            (
                some(signs, 9) + some(string.digits, 1) + some(signs, 3),
                some(signs, 6) + source.choice("!#$%^*-_+.?") + some(signs, 6),
                f"{word.title()}{source.choice('!@#_-$')}{source.randint(10, 9999)}{some(signs, 3)}",
                some(signs + "!#%^*-_+.?~", 17),
                f"{word.title()}{source.choice(_WORDS).title()}{source.randint(10, 99)}{source.choice('!?*')}",
                some(string.ascii_lowercase + string.digits, 18),
            )
        )

    return {
        "pw": password,
        "apw": lambda: some(_SIGNS, 7) + some(string.digits, 1) + some(_SIGNS, source.randint(3, 9)),
        "spw": lambda: (
            some(_SIGNS, 5) + source.choice("@#$&!%") + some(_SIGNS, 5) + source.choice("!@:/?") + some(_SIGNS, 3)
        ),
        "word": lambda: f"{source.choice(_WORDS)}{source.choice(_WORDS)}{source.randint(1, 99)}",
        "phrase": lambda: "-".join(source.sample(_WORDS, 4)),
        "bs": lambda: base(20),
        "bl": lambda: base(64),
        "bu": lambda: base64.urlsafe_b64encode(source.randbytes(32)).decode().rstrip("="),
        "bline": lambda: base(48),
        "uuid": lambda: str(uuid.UUID(int=source.getrandbits(128), version=4)),
        "jwt": lambda: ".".join(
            (segment({"alg": "HS256", "typ": "JWT"}), segment({"sub": some(_SIGNS, 8)}), some(_SIGNS + "-_", 43))
        ),
        "u": lambda: some(_SIGNS + "-_", 8),
        "host": lambda: (
            f"{source.choice(_WORDS)}-{source.choice(_WORDS)}{source.choice(('.internal', '.example.com'))}"
        ),
        "user": lambda: source.choice(("loader", "etl_user", "svc_dlt", "analytics", "app", "jane.doe", "dlt_rw")),
        "db": lambda: source.choice(("dwh", "orders", "raw", "analytics_prod", "crm")),
        "w": lambda: source.choice(_WORDS),
        "ip": lambda: ".".join(str(source.randint(1, 254)) for _ in range(4)),
        "ts": lambda: f"2026-0{source.randint(1, 9)}-{source.randint(10, 28)}T{source.randint(10, 23)}:10:59Z",
        "lid": lambda: f"17{some(string.digits, 8)}.{some(string.digits, 6)}",
        "did": lambda: some(_SIGNS, 13) + "g",
        "ulid": lambda: "01" + some(_CROCKFORD, 24),
        "n": lambda: str(source.randint(2, 9999)),
        "f": lambda: f"{source.random() * 100:.2f}",
    }


_ESCAPES: "dict[str, Callable[[str], str]]" = {
    "": lambda value: value,
    "pub": lambda value: value,
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "form": urllib.parse.quote_plus,
    "b": lambda value: base64.b64encode(value.encode()).decode(),
    "json": lambda value: json.dumps(value)[1:-1],
    "repr": lambda value: repr(value)[1:-1],
    "html": html.escape,
    "hex": lambda value: value.encode().hex(),
    "sql": lambda value: value.replace("'", "''"),
    "basic": lambda value: base64.b64encode(f"etl:{value}".encode()).decode(),
}
