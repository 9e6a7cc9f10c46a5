"""Uploads over a real server: what is stored, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import pytest

from tests.fakes.archives import REQUIREMENTS, content_hash, listed, pack
from tests.fakes.data_plane import RunningDataPlane

pytestmark = pytest.mark.anyio
FILES = {"jobs.py": b"print('hello')\n", "pkg/run.sh": b"#!/bin/sh\n", "pkg/\u00e4.txt": b"\xc3\xa4"}


async def test_an_uploaded_deployment_gets_the_version_of_the_control_plane(region: RunningDataPlane) -> None:
    answer = await region.upload_deployment(pack(FILES, {"pkg/link": "../jobs.py"}))

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["version"] == 1
    assert body["content_hash"] == content_hash(listed(FILES, {"pkg/link": "../jobs.py"}))
    assert body["file_count"] == 4
    assert body["size_bytes"] == sum(map(len, FILES.values()))
    assert body["requirements_size_bytes"] == len(REQUIREMENTS)
    assert body["workspace_id"] == region.workspace_id
