"""Bodies of variables (Contract: 1.7). Values of secrets come in and never go out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

VariableName = Annotated[str, StringConstraints(max_length=200)]


class PlainVariableUpsert(BaseModel):
    name: VariableName
    type: Literal["plain"]
    value: str


class SecretVariableUpsert(BaseModel):
    name: VariableName
    type: Literal["secret"]
    value: SecretStr


VariableUpsert = Annotated[PlainVariableUpsert | SecretVariableUpsert, Field(discriminator="type")]


class UpdateWorkspaceVariablesRequest(BaseModel):
    """`profile` null is the workspace's own scope; the key must be there."""

    profile: str | None
    upserts: Annotated[list[VariableUpsert], Field(max_length=500)] = Field(default_factory=list[VariableUpsert])
    deletes: Annotated[list[VariableName], Field(max_length=500)] = Field(default_factory=list[str])


class VariableChangeStatus(StrEnum):
    UPSERTED = "upserted"
    REMOVED = "removed"
    NOT_FOUND = "not_found"


class VariableChangeResult(BaseModel):
    """`warning` is ours: what the person who set the variable should know."""

    name: str
    status: VariableChangeStatus
    warning: str | None = None


class UpdatedVariablesResponse(BaseModel):
    results: list[VariableChangeResult]


class PlainPublicVariable(BaseModel):
    name: str
    type: Literal["plain"] = "plain"
    value: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class SecretPublicVariable(BaseModel):
    name: str
    type: Literal["secret"] = "secret"
    value: None = None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class ScopeVariablesResponse(BaseModel):
    profile: str | None
    variables: list[PlainPublicVariable | SecretPublicVariable]


class WorkspaceVariablesResponse(BaseModel):
    scopes: list[ScopeVariablesResponse]
