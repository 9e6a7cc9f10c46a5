"""Registered values inside other structures and in the escapes of other languages, encoded without the product."""

import base64
import html
import json
import quopri
import random
import string
import subprocess
import sys
import unicodedata
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planes.scrub import scrub_lines
from planes.scrub.registered.encodings import ascii85, base32, base85

SIGNS = string.ascii_letters + string.digits


def drawn(seed: int, template: str) -> str:
    source = random.Random(seed)
    return "".join(source.choice(SIGNS) if sign == "*" else sign for sign in template)


VALUES = (
    drawn(1, "******************"),
    drawn(2, "**'** \"*/**\\****$*&<*>"),
    drawn(3, "****ü*ß***-****ñ***"),
    drawn(4, " *********-and \n"),
    drawn(5, "******\n**********"),
    drawn(6, "**@****:****/****?***#**%*"),
    drawn(7, "***👍*********ß**"),
)


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64 of JSON": lambda v: encoded(json.dumps({"password": v}).encode()),
    "base64 of JSON in UTF-8": lambda v: encoded(json.dumps({"x": 1, "p": v}, ensure_ascii=False).encode()),
    "base64 of an address": lambda v: encoded(f"https://me:{quoted(v)}@x/".encode()),
    "base64 of base64": lambda v: encoded(encoded(v.encode()).encode()),
    "base64 in JSON in an address": lambda v: quoted(json.dumps({"a": encoded(v.encode())})),
    "JSON in an address": lambda v: quoted(json.dumps({"p": v})),
    "an address in JSON": lambda v: json.dumps({"u": "https://x/?p=" + quoted(v)}),
    "JSON in JSON in JSON": lambda v: json.dumps(json.dumps(json.dumps({"p": v}))),
    "quoted thrice": lambda v: quoted(quoted(quoted(v))),
    "octal": lambda v: "".join(f"\\{byte:03o}" for byte in v.encode()),
    "decimal": lambda v: str(list(v.encode())),
    "decimal with blanks": lambda v: "[" + " ".join(map(str, v.encode())) + "]",
    "HTML in decimal": lambda v: "".join(f"&#{ord(sign)};" for sign in v),
    "HTML in hexadecimal": lambda v: "".join(f"&#x{ord(sign):x};" for sign in v),
    "HTML in ASCII": lambda v: html.escape(v).encode("ascii", "xmlcharrefreplace").decode(),
    "quoted-printable": lambda v: quopri.encodestring(v.encode(), quotetabs=False).decode(),
    "UTF-16 in hexadecimal": lambda v: v.encode("utf-16-le").hex(),
    "UTF-16 in hexadecimal, big end first": lambda v: v.encode("utf-16-be").hex().upper(),
    "base32hex": lambda v: base64.b32hexencode(v.encode()).decode(),
    "base32hex in a longer text": lambda v: base64.b32hexencode(f"user=loader;{v};x".encode()).decode(),
    "base85": lambda v: base64.b85encode(v.encode()).decode(),
    "Ascii85": lambda v: base64.a85encode(v.encode()).decode(),
    "base85 in a longer text": lambda v: base64.b85encode(f"user=loader;{v};x".encode()).decode(),
    "read in the wrong encoding": lambda v: v.encode().decode("latin-1"),
    "with accents apart": lambda v: unicodedata.normalize("NFD", v),
}


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a_registered_value_is_masked_inside_other_structures(name: str) -> None:
    for value in VALUES:
        text = f"before {ENCODINGS[name](value)} after"

        assert "[masked:" in "\n".join(scrub_lines(text.split("\n"), [value])), (value, text)


@given(st.binary(max_size=40) | st.lists(st.sampled_from((b"\0", b"\0\0\0\0", b"\xff", b"a"))).map(b"".join))
def test_base32_and_base85_are_those_of_the_standard_library(raw: bytes) -> None:
    assert base32(raw) == base64.b32encode(raw)
    assert (base85(raw), ascii85(raw)) == (base64.b85encode(raw), base64.a85encode(raw))


def test_registering_values_leaves_nothing_behind() -> None:
    program = (
        "import gc, sys\n"
        "from planes.scrub import Registered, prepare\n"
        "prepare(); gc.collect(); before = sys.getallocatedblocks()\n"
        "Registered.from_values([('NAME', 'not-a-value-of-anybody')]); gc.collect()\n"
        "print(sys.getallocatedblocks() - before)\n"
    )
    command = [sys.executable, "-I", "-c", program]
    left = int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout)

    assert left < 1_500, "every runner holds what is left: is there a table of an encoding in it?"
