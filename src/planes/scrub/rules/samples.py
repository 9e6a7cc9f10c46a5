"""Fakes for tests and documents, made from a rule's template, so that no secret-looking text stands in the repository.

A template is text with places such as `<a36>`: so many random signs of a class. Longer fakes than the least are made by
nobody; what matters is that each is fresh.
"""

import random
import re

_CLASSES = {
    "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "b": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "d": "0123456789",
    "h": "0123456789abcdef",
    "l": "abcdefghijklmnopqrstuvwxyz0123456789",
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "s": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "u": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "w": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    "z": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}
_PLACE = re.compile(r"<([abdhlqsuwz])([0-9]+)>|<uuid>")


def fake(template: str, seed: int = 0) -> str:
    """A text that a rule with this template must find; the same for the same seed."""
    source = random.Random(f"{template} {seed}")  # noqa: S311 - fakes, not secrets

    def place(match: "re.Match[str]") -> str:
        if match[0] == "<uuid>":
            return "-".join("".join(source.choices(_CLASSES["h"], k=size)) for size in (8, 4, 4, 4, 12))
        return "".join(source.choices(_CLASSES[match[1]], k=int(match[2])))

    return _PLACE.sub(place, template)
