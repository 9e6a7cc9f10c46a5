"""What job definitions may say to the control plane (Security: 2): no secrets, no hidden characters, nothing large.

A definition leaves the region when it is deployed, and carries more than it seems to: defaults of parameters,
docstrings, prompts. What is refused is named by its JSON path and its rule, never by its value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from planes.domain.errors import InvalidRequest, Reason
from planes.scrub import find_hits, refused_in_name

MAXIMUM_STRING_BYTES = 1024
MAXIMUM_DESCRIPTION_BYTES = 4096
MAXIMUM_DEFINITION_BYTES = 64 * 1024
MAXIMUM_DEPTH = 64
_MAXIMUM_REASONS = 50

_SECRET_KINDS = frozenset({"token", "uri-password", "key-block", "checksum"})
_MASKED_KEY = "*"
# Texts of several lines; every other string is a name, a trigger, a tag or the like.
_PROSE = frozenset({"description", "instructions", "rules", "default", "examples", "const", "title"})


@dataclass(frozen=True, slots=True)
class _Text:
    """One string of a document: a value, or a key when `is_key`."""

    path: str
    text: str
    is_prose: bool
    is_key: bool = False

    @property
    def limit(self) -> int:
        is_description = self.path.rpartition(".")[2] == "description" and not self.is_key
        return MAXIMUM_DESCRIPTION_BYTES if is_description else MAXIMUM_STRING_BYTES


def check_definitions(jobs: Sequence[Any]) -> None:
    """Refuses what may not be stored. Takes about 1 ms a definition: call it in a worker thread.

    Raises: InvalidRequest with every reason found, up to 50.
    """
    reasons = list(_too_large(jobs))
    if not reasons:
        texts = [text for index, job in enumerate(jobs) for text in _texts(job, f"jobs[{index}]")]
        reasons = _reasons(texts)
    _refuse(reasons)


def check_words(words: dict[str, str | None], *, prose: frozenset[str] = frozenset()) -> None:
    """The same for single strings of a request, by their key; keys in `prose` may hold line breaks.

    Raises: InvalidRequest.
    """
    texts = [_Text(key, text, key in prose) for key, text in words.items() if text is not None]
    _refuse(_reasons(texts))


def _refuse(reasons: Sequence[Reason]) -> None:
    if not reasons:
        return
    is_secret = any("secret" in reason.message for reason in reasons)
    code = "secret_in_definition" if is_secret else "invalid_job_definition"
    detail = (
        "Something here looks like a secret. Keep it in a variable of the workspace: the control plane stores none."
        if is_secret
        else "The definitions hold what may not be stored."
    )
    raise InvalidRequest(code, detail, tuple(reasons[:_MAXIMUM_REASONS]))


def _too_large(jobs: Sequence[Any]) -> Iterator[Reason]:
    for index, job in enumerate(jobs):
        try:
            text = json.dumps(job, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            size = len(text.encode("utf-8", "surrogatepass"))
        except RecursionError:
            size = MAXIMUM_DEFINITION_BYTES + 1
        except ValueError:
            yield Reason(key=f"jobs[{index}]", message="holds a number that JSON has not (NaN or Infinity)")
            continue
        if size > MAXIMUM_DEFINITION_BYTES:
            yield Reason(key=f"jobs[{index}]", message=f"is larger than {MAXIMUM_DEFINITION_BYTES // 1024} KiB")
        elif _depth_exceeds(job, MAXIMUM_DEPTH):
            yield Reason(key=f"jobs[{index}]", message=f"is nested deeper than {MAXIMUM_DEPTH} levels")


def _depth_exceeds(value: Any, levels: int) -> bool:
    """Stops at the limit, so that depth cannot exhaust the stack."""
    members = _members(value)
    if not members:
        return False
    return levels == 0 or any(_depth_exceeds(member, levels - 1) for _, member in members)


def _members(value: Any) -> list[tuple[str | None, Any]]:
    """(key, member) of an object, (None, member) of a list, nothing of anything else."""
    if isinstance(value, dict):
        return [(str(key), member) for key, member in cast("dict[Any, Any]", value).items()]
    if isinstance(value, list):
        return [(None, member) for member in cast("list[Any]", value)]
    return []


def _texts(value: Any, path: str, *, is_prose: bool = False) -> Iterator[_Text]:
    if isinstance(value, str):
        yield _Text(path, value, is_prose)
    for index, (key, member) in enumerate(_members(value)):
        if key is None:
            yield from _texts(member, f"{path}[{index}]", is_prose=is_prose)
            continue
        yield _Text(path, key, is_prose=False, is_key=True)
        yield from _texts(member, f"{path}.{_shown_key(key)}", is_prose=is_prose or key in _PROSE)


def _shown_key(key: str) -> str:
    """A key as part of a path: one that is odd or long is not repeated, since it may be what is refused."""
    return key if len(key) <= 64 and key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _MASKED_KEY


def _reasons(texts: Sequence[_Text]) -> list[Reason]:
    reasons: list[Reason] = []
    for text in texts:
        where = f"{text.path} (a key)" if text.is_key else text.path
        if len(text.text.encode("utf-8", "surrogatepass")) > text.limit:
            reasons.append(Reason(key=where, message=f"is longer than {text.limit} bytes"))
        hidden = _hidden_character(text)
        if hidden is not None:
            reasons.append(Reason(key=where, message=f"holds a {hidden}"))
    if reasons or not _is_suspicious("\n".join(text.text for text in texts)):
        return reasons
    for text in texts:
        rule = _secret_rule(text.text)
        if rule is not None:
            where = f"{text.path} (a key)" if text.is_key else text.path
            reasons.append(Reason(key=where, message=f"looks like a secret (rule {rule})"))
    return _without_secret_keys(reasons, texts)


def _without_secret_keys(reasons: list[Reason], texts: Sequence[_Text]) -> list[Reason]:
    """Paths must not repeat a key that is itself a secret."""
    secret_keys = sorted({text.text for text in texts if text.is_key and _secret_rule(text.text)}, key=len)
    for key in reversed(secret_keys):
        reasons = [Reason(key=reason.key.replace(key, _MASKED_KEY), message=reason.message) for reason in reasons]
    return reasons


def _hidden_character(text: _Text) -> str | None:
    if text.text.isascii() and text.text.isprintable():
        return None
    shown = text.text
    if text.is_prose:
        shown = shown.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return refused_in_name(shown)


def _is_suspicious(joined: str) -> bool:
    return _secret_rule(joined) is not None


def _secret_rule(text: str) -> str | None:
    return next((hit.rule for hit in find_hits(text) if hit.kind in _SECRET_KINDS), None)
