"""Sums of what jobs say of themselves, which no number of theirs can make fail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal

_MOST = 2**62


def sum_of(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Zero for none. Exact up to 2^53; one beyond 2^62 is that.

    SQLite fails for a sum of whole numbers that takes more than 64 bits: a job that tells of so many rows so often
    would take the whole workspace its totals.
    """
    total = func.coalesce(func.sum(cast(column, Float)), 0.0)
    return case((total >= float(_MOST), literal(_MOST, BigInteger)), else_=cast(total, BigInteger))
