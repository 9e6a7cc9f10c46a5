"""Values of many kinds in the contexts of `contexts.txt`, as programs print them; all of it random, made at run time.

A context begins with `%% batch group kind`. The kind says what can stand there: a `token` of letters and digits, a
`word` without blanks and quotes, a `line` (with blanks), or a `text` (also with quotes, in the escapes of its place).
Places: `<<V>>` is the value (`<<V:json>>` escaped so), `<<K:style>>` a name, `<<I>>` one in another language; others
are harmless.
"""

import base64
import json
import random
import re
import shlex
import string
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

_SIGNS = string.ascii_letters + string.digits
_WORDS = """purple monkey river stone copper lantern velvet orbit hazel maple tunnel garnet pickle saddle thunder walnut
    cobalt meadow falcon timber""".split()  # noqa: SIM905
_KEYS = """password passwd pwd pass db_password db_pass user_password admin_pwd root_password api_key apikey secret
    secret_key client_secret access_key access_token refresh_token auth_token token bearer_token signing_key private_key
    encryption_key sas_token master_key session_token passphrase secret_access_key storage_account_key service_password
    login_password smtp_pass redis_password api_token app_secret webhook_secret consumer_secret shared_secret
    account_key api_secret jwt_secret hmac_key credential ssh_passphrase""".split()  # noqa: SIM905
_FOREIGN = """kennwort passwort geheimnis contraseña contrasena clave_secreta mot_de_passe motdepasse mdp senha hasło
    haslo пароль 密码 パスワード wachtwoord lösenord salasana adgangskode parola şifre heslo jelszó 비밀번호 clave_api
    chave_secreta passord κωδικός סיסמה api_schlüssel parolă mật_khẩu""".split()  # noqa: SIM905
_PLACE = re.compile(r"<<([A-Z0-9]+)(?::(\w+))?>>")


class Context(NamedTuple):
    """A text with places for a value."""

    batch: str
    group: str
    kind: str
    text: str


class Case(NamedTuple):
    """A context with a value of one kind in it: pieces, each with whether it is (a part of) the secret."""

    group: str
    kind: str
    pieces: "tuple[tuple[str, bool], ...]"

    @property
    def text(self) -> str:
        """The whole."""
        return "".join(piece for piece, _ in self.pieces)

    def leaks(self, output: str) -> bool:
        """Whether five signs in a row of the secret stand in an output (four, of a short one), and not around it."""
        around = "\0".join(piece for piece, is_secret in self.pieces if not is_secret)
        for piece, is_secret in self.pieces:
            size = 5 if len(piece) >= 8 else 4
            windows = (piece[place : place + size] for place in range(len(piece) - size + 1)) if is_secret else ()
            if any(part in output and part not in around and part.strip("'\"\\= ") for part in windows):
                return True
        return False


def contexts() -> "list[Context]":
    """Every context."""
    text = Path(__file__).with_name("contexts.txt").read_text(encoding="utf-8")
    found: list[Context] = []
    for block in re.split(r"^%% ", text, flags=re.MULTILINE)[1:]:
        head, body = block.split("\n", 1)
        batch, group, kind = head.split()
        found.append(Context(batch, group, kind, body.rstrip("\n")))
    return found


def cases(batch: str, seed: int = 0) -> Iterator[Case]:
    """Each context of a batch with each kind of value that fits."""
    source = random.Random(seed)
    kinds = _kinds(source)
    for context in contexts():
        if context.batch == batch:
            for kind in _FITTING[context.kind]:
                yield Case(context.group, kind, tuple(_pieces(context.text, kinds[kind](), source)))


def _kinds(source: random.Random) -> "dict[str, Callable[[], str]]":
    def some(signs: str, size: int) -> str:
        return "".join(source.choices(signs, k=size))

    def punctuated() -> str:
        return (
            f"{some(_SIGNS, 4)}{source.choice('!$#@%^*')}{some(_SIGNS, 4)}{source.choice('!#@^*+?')}{some(_SIGNS, 3)}!"
        )

    return {
        "hex": lambda: some("0123456789abcdef", 32),
        "base64": lambda: base64.b64encode(source.randbytes(31)).decode(),
        "url-safe": lambda: base64.urlsafe_b64encode(source.randbytes(30)).decode().rstrip("="),
        "letters and digits": lambda: some(_SIGNS, 20),
        "punctuated": punctuated,
        "joined words": lambda: "-".join(source.sample(_WORDS, 4)),
        "phrase": lambda: " ".join(source.sample(_WORDS, 4)),
        "strong phrase": lambda: f"{' '.join(source.sample(_WORDS, 3)).capitalize()} {source.randint(10, 99)}!",
        "short": lambda: some(string.ascii_lowercase, 3) + some(string.digits, 2) + some(_SIGNS, 3),
        "word": lambda: "".join(source.sample(_WORDS, 2)),
        "numbered word": lambda: f"{source.choice(_WORDS).capitalize()}{source.randint(1990, 2029)}",
        "number": lambda: some("123456789", 1) + some(string.digits, 9),
        "quotes inside": lambda: f"{some(_SIGNS, 4)}\"{some(_SIGNS, 3)}'{some(_SIGNS, 4)}\\{some(_SIGNS, 4)}",
    }


_TOKENS = ("hex", "url-safe", "letters and digits")
_SOLID = (*_TOKENS, "base64", "punctuated", "joined words", "short", "word", "numbered word", "number")
_FITTING = {
    "token": _TOKENS,
    "word": _SOLID,
    "line": (*_SOLID, "phrase", "strong phrase"),
    "text": (*_SOLID, "phrase", "strong phrase", "quotes inside"),
}


def _pieces(text: str, value: str, source: random.Random) -> Iterator[tuple[str, bool]]:
    key, foreign = source.choice(_KEYS), source.choice(_FOREIGN)
    harmless = {
        "U": source.choice(("loader", "svc_dlt", "admin", "bob")),
        "H": source.choice(("db.example.com", "10.0.0.4", "warehouse.internal")),
        "W": source.choice(("blob", "thing", "config", "alpha")),
        "UUID": str(uuid.UUID(int=source.getrandbits(128))),
        "ESC": "\x1b",
    }
    place = 0
    for match in _PLACE.finditer(text):
        yield text[place : match.start()], False
        place = match.end()
        name, how = match[1], match[2] or ""
        if name == "V":
            yield _escaped(value, how, source), True
        elif name == "V24":
            yield "".join(source.choices(_SIGNS, k=24)), True
        elif name == "K":
            yield _styled(key, how, source), False
        elif name == "I":
            yield foreign.capitalize() if how else foreign, False
        else:
            yield harmless[name], False
    yield text[place:], False


def _styled(key: str, how: str, source: random.Random) -> str:
    words = key.split("_")
    capital = [word.capitalize() for word in words]
    styles = {
        "camel": words[0] + "".join(capital[1:]),
        "Pascal": "".join(capital),
        "kebab": "-".join(words),
        "UPPER": key.upper(),
        "dotted": source.choice(("db.", "app.auth.", "spring.mail.")) + source.choice((".".join(words), key)),
        "Title": " ".join(capital),
        "words": " ".join(words),
        "qsnake": repr(key),
        "qUPPER": repr(key.upper()),
    }
    return styles.get(how, key)


def _json(text: str, depth: int) -> str:
    for _ in range(depth):
        text = json.dumps(text)[1:-1]
    return text


def _escaped(value: str, how: str, source: random.Random) -> str:
    def encoded(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    escapes: dict[str, Callable[[], str]] = {
        "": lambda: value,
        "json": lambda: _json(value, 1),
        "json2": lambda: _json(value, 2),
        "json3": lambda: _json(value, 3),
        "dq": lambda: value.replace("\\", "\\\\").replace('"', '\\"'),
        "sq": lambda: value.replace("\\", "\\\\").replace("'", "\\'"),
        "ysq": lambda: value.replace("'", "''"),
        "sql": lambda: value.replace("'", "''"),
        "repr": lambda: repr(value),
        "url": lambda: quote(value, safe=""),
        "xml": lambda: escape(value, {'"': "&quot;"}),
        "shq": lambda: shlex.quote(value),
        "b64": lambda: base64.b64encode(value.encode()).decode(),
        "basic": lambda: base64.b64encode(b"svc:" + value.encode()).decode(),
        "jwt": lambda: ".".join(
            (encoded(b'{"alg":"HS256"}'), encoded(json.dumps({"sub": value}).encode()), encoded(source.randbytes(32)))
        ),
    }
    return escapes[how]()
