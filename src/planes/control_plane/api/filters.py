"""Query parameters that lists share: a naive period in a time zone, ids, versions, wanted downstream runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, Path, Query
from pydantic import StringConstraints

from planes.control_plane.services.work.runs import Downstream
from planes.domain.errors import InvalidRequest, Reason
from planes.domain.identifiers import WorkspaceId
from planes.server.paging import Page, PageQuery
from planes.storage.control.deployments import VersionFilter
from planes.wire.moments import Moment
from planes.wire.runs import CategoryWord

UUID_PATTERN = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

# An id may be written in capitals, too (RFC 9562, 4); here they all are small.
IdText = Annotated[str, StringConstraints(pattern=UUID_PATTERN, to_lower=True)]
WorkspaceIdPath = Annotated[IdText, Path()]
VersionIdPath = Annotated[str, StringConstraints(pattern=rf"^latest$|{UUID_PATTERN}", to_lower=True), Path()]
UuidQuery = Annotated[IdText | None, Query()]
# No stored text holds NUL, and Postgres refuses to look for one.
TEXT_PATTERN = r"^[^\x00]*$"
SearchQuery = Annotated[str | None, Query(max_length=200, pattern=TEXT_PATTERN)]
Word = Annotated[str, StringConstraints(max_length=1024, pattern=TEXT_PATTERN)]
# As many as an address can hold: the server takes 64 KiB.
Words = Annotated[list[Word] | None, Query(max_length=50)]


class Period:
    """FastAPI dependency: `start` and `end` are naive and meant in `timezone` (Contract: 1.1)."""

    def __init__(
        self,
        start: Annotated[Moment | None, Query()] = None,
        end: Annotated[Moment | None, Query()] = None,
        timezone: Annotated[str, Query(max_length=64)] = "UTC",
    ) -> None:
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise _invalid("timezone", "is no time zone of the IANA database") from exc
        self.start = _in_zone("start", start, zone)
        self.end = _in_zone("end", end, zone)


class DownstreamQuery:
    """FastAPI dependency: how many downstream runs are wanted, and of which category."""

    def __init__(
        self,
        downstream_job_runs_limit: Annotated[int | None, Query(ge=0, le=100)] = None,
        downstream_job_runs_category: Annotated[CategoryWord | None, Query()] = None,
    ) -> None:
        self.value = Downstream(downstream_job_runs_limit, downstream_job_runs_category)


class VersionsQuery:
    """FastAPI dependency: a page of a workspace's versions of code or configuration, or the one of a number."""

    def __init__(
        self,
        workspace_id: WorkspaceIdPath,
        page: Annotated[Page, Depends(PageQuery("created_at", "version"))],
        version: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    ) -> None:
        self.page = page
        self.filter = VersionFilter(
            workspace_id=WorkspaceId(workspace_id), version=version, bounds=page.bounds, order=page.order
        )


def words(values: list[str] | None) -> tuple[str, ...]:
    """A repeated query parameter; nothing asked for is an empty tuple."""
    return tuple(values or ())


def _in_zone(key: str, moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is not None:
        raise _invalid(key, "is given without an offset; timezone says where it is meant")
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError as exc:
        raise _invalid(key, "is out of range") from exc


def _invalid(key: str, message: str) -> InvalidRequest:
    return InvalidRequest("invalid_request", "The request breaks a rule.", (Reason(key=key, message=message),))
