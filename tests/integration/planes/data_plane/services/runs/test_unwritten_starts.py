"""A run whose start cannot be written down, in a real region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.integration.planes.data_plane.running_region import RunningRegion

from planes.data_plane.executor.layout import RunPlace
from planes.data_plane.services.runs import runs

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECRET = "s3cr3t-of-the-warehouse"
TOML_SECRET = "toml-password-77"


async def test_no_secret_is_on_the_disk_where_the_entries_of_its_run_cannot_be_written(
    place: RunningRegion, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.set_variables(secret=True, WAREHOUSE=SECRET)
    configuration = await place.configure({"prod.secrets.toml": f'password = "{TOML_SECRET}"\n'.encode()})
    async with place.region.plane.services.parts.database.transaction() as connection:
        await connection.exec_driver_sql(
            "create trigger no_starts before insert on audit_log when new.action = 'run_started' "
            "begin select raise(abort, 'no room'); end"
        )
    found: list[Path] = []
    furnished: list[str] = []
    end = runs.write_end

    def look_and_end(*arguments: Any) -> Any:
        found.extend(path for path in place.region.files_on_disk() if _holds_secret(path))
        return end(*arguments)

    monkeypatch.setattr(runs, "write_end", look_and_end)  # before the work folder is removed
    monkeypatch.setattr(RunPlace, "furnish", lambda *_: furnished.append("TOML"))

    lease, outcome = await place.run("print('started')\n", configuration_id=configuration)

    assert (outcome, await place.lines(lease)) == ("failed", [])
    assert (found, furnished) == ([], [])
    assert "Nothing was changed" in " ".join(await place.lines(lease, "setup"))


def _holds_secret(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # the region is at work meanwhile, and has removed it since it was listed
        return False
    return any(value.encode() in content for value in (SECRET, TOML_SECRET))
