"""Body of the control plane's own route `/own/v1/workspaces/{ws}/strictness` (docs/api.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field


class Strictness(BaseModel):
    """Whether values in schemas, and what agents are told, are withheld from stored job definitions."""

    is_strict: Annotated[bool, Field(strict=True)]
