"""Reads fields out of an answer's JSON, so that nothing untyped leaves the `parse_*` functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from dlthub_tui.client.errors import UnexpectedAnswer

_T = TypeVar("_T")


class Fields:
    """One JSON object of an answer. Unknown keys are no error; a missing one that is needed is `UnexpectedAnswer`."""

    __slots__ = ("_kind", "_raw")

    def __init__(self, raw: Any, kind: str) -> None:
        if not isinstance(raw, dict):
            raise UnexpectedAnswer(f"{kind} is no object")
        self._raw: dict[str, Any] = raw
        self._kind = kind

    def _needed(self, key: str) -> Any:
        if key not in self._raw:
            raise UnexpectedAnswer(f"{self._kind} without {key}")
        return self._raw[key]

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self._raw.get(key)
        if not isinstance(value, str):
            self._needed(key)
            raise UnexpectedAnswer(f"{self._kind}.{key} is no text")
        return value

    def maybe_text(self, key: str) -> str | None:
        """A string, or None."""
        value = self._raw.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number; without a default it must be there."""
        value = self._raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnexpectedAnswer(f"{self._kind}.{key} is no number")
        return int(value)

    def maybe_number(self, key: str) -> float | None:
        """A number, or None."""
        value = self._raw.get(key)
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A boolean."""
        return bool(self._raw.get(key, default))

    def moment(self, key: str) -> datetime:
        """A timestamp that must be there."""
        found = self.maybe_moment(key)
        if found is None:
            raise UnexpectedAnswer(f"{self._kind}.{key} is no time")
        return found

    def maybe_moment(self, key: str) -> datetime | None:
        """A timestamp, or None where it is absent or does not parse."""
        value = self._raw.get(key)
        if not isinstance(value, str):
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent is empty."""
        return tuple([item for item in self._list(key) if isinstance(item, str)])

    def within(self, key: str) -> Fields:
        """An object that must be there."""
        return Fields(self._needed(key), f"{self._kind}.{key}")

    def maybe_within(self, key: str) -> Fields | None:
        """An object, or None."""
        value = self._raw.get(key)
        return Fields(value, f"{self._kind}.{key}") if isinstance(value, dict) else None

    def many(self, key: str, parse: Callable[[Any], _T]) -> tuple[_T, ...]:
        """A list of objects; absent is empty."""
        return tuple(map(parse, self._list(key)))

    def _list(self, key: str) -> list[Any]:
        value = self._raw.get(key)
        return cast("list[Any]", value) if isinstance(value, list) else []

    def raw(self, key: str) -> Any:
        """What stands there, as it came."""
        return self._raw.get(key)

    def whole(self) -> dict[str, Any]:
        """All fields, as they came."""
        return dict(self._raw)
