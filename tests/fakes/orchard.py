"""The installation that the drawings of the screens show: two organizations, jobs, runs, a log with masks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fakes.alert_routes import membership
from tests.fakes.installation import NOW, Installation, identifier, stamp


def fill(installation: Installation) -> Installation:
    """Organizations, workspaces, jobs, runs, a log, variables. Needs the installation's address."""
    europe = installation.add_organization("orchard-eu", "eu1")
    america = installation.add_organization("orchard-us", "us1", "member")
    fruitshop = installation.add_workspace(europe, "fruitshop")
    installation.add_workspace(europe, "weather")
    installation.add_workspace(america, "fruitshop-us")
    jobs = _jobs(installation, fruitshop)
    _runs(installation, jobs)
    _log(installation)
    _versions(installation, fruitshop)
    installation.add_variable("DESTINATION__DUCKDB__PATH", "/data/dev.duckdb", days=60)
    installation.add_variable("DESTINATION__DUCKDB__PATH", "/data/prod.duckdb", "prod", days=3)
    installation.add_variable("LOG_LEVEL", "INFO", days=9)
    installation.add_variable("SOURCES__SHOP__API_KEY", "", days=90, is_secret=True)
    installation.add_variable("SOURCES__SHOP__API_KEY", "", "prod", days=3, is_secret=True)
    installation.add_variable("SOURCES__SHOP__BASE_URL", "https://shop.example/api/v2", days=20)
    return installation


def _jobs(installation: Installation, workspace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    def due(minutes: int) -> str | None:
        return stamp(NOW + timedelta(minutes=minutes))

    add = installation.add_job
    rows = [
        add(workspace, "jobs.ingest.load_orders", ["schedule:*/15 * * * *"], next_scheduled_run_at=due(13),
            description="Loads new orders from the shop API into duckdb."),
        add(workspace, "jobs.ingest.load_customers", ["every:1h"], next_scheduled_run_at=due(34)),
        add(workspace, "jobs.ingest.load_returns", ["schedule:0 * * * *"], next_scheduled_run_at=due(34)),
        add(workspace, "jobs.ingest.load_suppliers", ["schedule:0 4 * * *"], next_scheduled_run_at=due(840),
            is_paused=True),
        add(workspace, "jobs.transform.orders_daily", ["job.success:jobs.ingest.load_orders"]),
        add(workspace, "jobs.report.morning_mail", ["schedule:30 7 * * 1-5"], next_scheduled_run_at=due(1050)),
        add(workspace, "jobs.backfill.orders_2024", ["manual:jobs.backfill.orders_2024"]),
        add(workspace, "jobs.notebooks.orders", ["http:"], job_type="interactive"),
        add(workspace, "jobs.tests.smoke", ["deployment:"]),
        add(workspace, "jobs.report.weekly_pdf", ["every:7d"], is_archived=True),
    ]  # fmt: skip
    return {row["job_ref"]: row for row in rows}


def _runs(installation: Installation, jobs: dict[str, dict[str, Any]]) -> None:
    add, minute = installation.add_run, 60
    orders = jobs["jobs.ingest.load_orders"]
    window: dict[str, Any] = {
        "interval_start": stamp(NOW.replace(hour=13, minute=45, second=0)),
        "interval_end": stamp(NOW.replace(hour=14, minute=0, second=0)),
    }  # fmt: skip
    add(orders, 1041, "running", ago=112, rows=12400, **window)
    add(orders, 1040, "failed", ago=17 * minute, took=48)
    for position, took in enumerate((41, 43, 40, 42, 39, 120, 41, 38)):
        add(orders, 1039 - position, "completed", ago=(32 + 15 * position) * minute, took=took, rows=11987 + position)
    add(jobs["jobs.notebooks.orders"], 7, "running", ago=2 * 3600 + 4 * minute)
    add(jobs["jobs.transform.orders_daily"], 640, "failed", ago=11 * minute, took=9)
    add(jobs["jobs.ingest.load_returns"], 498, "completed", ago=25 * minute, took=12, rows=211)
    add(jobs["jobs.ingest.load_customers"], 511, "completed", ago=26 * minute, took=31, rows=1904)
    add(jobs["jobs.ingest.load_suppliers"], 61, "completed", ago=2 * 86400, took=20, rows=80)
    add(jobs["jobs.backfill.orders_2024"], 4, "cancelled", ago=3 * 86400, took=22 * minute, rows=410220)
    add(jobs["jobs.report.morning_mail"], 61, "completed", ago=6 * 3600, took=2)


def _log(installation: Installation) -> None:
    running = installation.runs[0]
    log = installation.log_of(running)
    log.is_sealed = False
    at = NOW - timedelta(seconds=110)
    log.add("Using Python 3.11.7", source="setup", at=at)
    log.add("starting", source="runner", at=at)
    for number in range(1, 121):
        moment = at + timedelta(seconds=number * 0.8)
        log.add(f"GET /orders?page={number} 200 in {190 + number * 7 % 60} ms", at=moment)
        if number == 118:
            log.add("retry header: authorization: Bearer [masked:SOURCES__SHOP__API_KEY]", at=moment)
        if number == 119:
            log.add("UserWarning: page 120 has 3 orders without customer_id", stream="stderr", at=moment)
    log.add("\x1b[32mLoad to duckdb:\x1b[0m 1/3 tables", at=NOW)
    failed = installation.log_of(installation.runs[1])
    for number in range(1, 60):
        failed.add(f"GET /orders?page={number} 200", at=at)
    for text in ("Traceback (most recent call last):", '  File "ingest/orders.py", line 67', "KeyError: 'customer_id'"):
        failed.add(text, stream="stderr", at=at)
    failed.add("user process ended with 1 after 48 s", source="runner", at=at)


def _versions(installation: Installation, workspace: dict[str, Any]) -> None:
    for version in range(1, 13):
        at = stamp(NOW - timedelta(days=14 - version))
        installation.deployments.append(
            {"id": identifier(f"deployment/{version}"), "workspace_id": workspace["id"], "version": version,
             "content_hash": f"EdgckwDXY3TWB8Np6zZyylGj2SVUdxK3MgTkXwb{version:04d}=", "created_at": at,
             "updated_at": at, "created_by": membership("ana@orchard.example"), "file_count": 38 + version // 6,
             "size_bytes": 214_000 + version * 11, "requirements_size_bytes": 996}
        )  # fmt: skip
    installation.configurations.append(
        {"id": identifier("configuration/7"), "workspace_id": workspace["id"], "version": 7, "content_hash": "c" * 44,
         "created_at": stamp(NOW), "updated_at": stamp(NOW), "created_by": identifier("ana"), "file_count": 2,
         "size_bytes": 900, "profiles": ["prod", "access"]}
    )  # fmt: skip
