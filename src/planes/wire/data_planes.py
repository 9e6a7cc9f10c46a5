"""The catalogue of data planes (Contract: 1.7)."""

from __future__ import annotations

from pydantic import BaseModel


class DataplaneResponse(BaseModel):
    """`region` is the place, as the operator words it."""

    id: str
    name: str
    region: str
    description: str | None


class DataplaneCatalog(BaseModel):
    items: list[DataplaneResponse]
