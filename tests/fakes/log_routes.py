"""The region's own routes over stored lines, from rows in memory."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import datetime
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from tests.fakes.installation_rows import InstallationRows, LogOfRun

from planes.data_plane.logs.comparing import Pair, aligned, joined
from planes.data_plane.logs.mining import template_of
from planes.scrub import scrub_text

LEVELS = {
    "error": re.compile(r"^(?!  |Traceback).*(?:error|exception|critical|fatal)\b", re.IGNORECASE),
    "warning": re.compile(r"^(?!  ).*warn(?:ing)?\b", re.IGNORECASE),
}
PROGRESS_EVERY = 500
Line = dict[str, Any]


def log_routes(rows: InstallationRows, path: str) -> list[tuple[str, str, Any]]:
    """Method, path and what answers, for the routes under `path`."""
    answers: dict[str, Callable[[LogOfRun, Request], Response]] = {
        "": _range, "/-search": _search(rows), "/-new": _new(rows), "/-first": _first, "/-download": _download,
        "/-compare": _compare(rows),
    }  # fmt: skip

    def bound(answer: Callable[[LogOfRun, Request], Response]) -> Any:
        async def respond(request: Request) -> Response:
            log = rows.logs.get(request.path_params["run"])
            if log is None:
                return JSONResponse({"status_code": 404, "code": "not_found", "detail": "There is no log."}, 404)
            return answer(log, request)

        return respond

    async def hits(request: Request) -> Response:
        run_id = request.path_params["run"]
        if run_id in rows.counted_later:
            rows.counted_later.discard(run_id)
            return JSONResponse({"is_final": False, "total": 0, "secrets": 0, "hits": []})
        counts = rows.masked.get(run_id, {})
        found = [{"rule": rule, "kind": "rule", "count": count} for rule, count in counts.items()]
        return JSONResponse({"is_final": True, "total": sum(counts.values()), "secrets": 0, "hits": found})

    async def by_run(request: Request) -> Response:
        wanted = request.query_params.getlist("run_id")
        return JSONResponse({"totals": {run: sum(rows.masked[run].values()) for run in wanted if run in rows.masked}})

    async def leaks(request: Request) -> Response:
        names = [name for name in rows.masked.get(request.path_params["run"], {}) if name.isupper()]
        return JSONResponse({"items": [
            {"id": f"leak-{name}", "name": name, "origin": rows.leak_origin, "scope": "profile:prod", "state": "open",
             "count": 2, "reader_count": 3}
            for name in names
        ]})  # fmt: skip

    async def open_leaks(request: Request) -> Response:
        runs = {run["id"]: run for run in rows.runs}
        refs = {job["id"]: job["job_ref"] for job in rows.jobs}
        found = [
            {"id": f"leak-{name}", "name": name, "origin": rows.leak_origin, "scope": "profile:prod", "state": "open",
             "count": count, "reader_count": 3, "run_id": run_id, "job_ref": refs[runs[run_id]["job_id"]],
             "at": runs[run_id]["created_at"]}
            for run_id, counts in rows.masked.items()
            if runs[run_id]["workspace_id"] == request.path_params["ws"]
            for name, count in counts.items()
            if name.isupper()
        ]  # fmt: skip
        return JSONResponse({"items": found, "total": len(found)})

    async def leak(_request: Request) -> Response:
        return JSONResponse({"active_runs": [{"run_id": rows.runs[0]["id"], "job_ref": "jobs.ingest.load_orders"}]})

    async def rescrubs(_request: Request) -> Response:
        if rows.rescrubs:
            rows.rescrubs.pop(0)()
        state = "running" if rows.rescrubs else "done"
        return JSONResponse({"items": [{"id": "r", "state": state, "lines_changed": 1}], "total": 1})

    run, workspace = path.removesuffix("/lines"), path.partition("/job-runs")[0]
    more = [
        ("GET", f"{workspace}/rescrubs", rescrubs),
        ("GET", f"{run}/hits", hits),
        ("GET", f"{workspace}/hits/-by-run", by_run),
        ("GET", f"{run}/leaks", leaks),
        ("GET", f"{workspace}/leaks", open_leaks),
        ("GET", f"{workspace}/leaks/{{leak}}", leak),
    ]
    return [*((("GET", path + end, bound(answer))) for end, answer in answers.items()), *more]


def _range(log: LogOfRun, request: Request) -> Response:
    first, limit = int(request.query_params["from_line"]), int(request.query_params["limit"])
    if first < 0:
        first = max(0, len(log.lines) + first)
    lines = _readable(log, first, limit)
    damage = [{"from_line": start, "to_line": end, "why": "its checksum is another"} for start, end in log.damage]
    return JSONResponse({"lines": lines, "total": len(log.lines), "is_sealed": log.is_sealed, "damage": damage})


def _readable(log: LogOfRun, first: int, limit: int) -> list[Line]:
    """So many lines from one on; one of the runner stands for those that are lost."""
    lines, at = list[Line](), first
    while at < len(log.lines) and len(lines) < limit:
        line, at = line_at(log, at)
        lines.append(line)
    return lines


def line_at(log: LogOfRun, at: int) -> tuple[Line, int]:
    """What is given out for a line, and the number after what that stands for."""
    line, end = log.lines[at], next((end for start, end in log.damage if start <= at < end), None)
    if end is None:
        return line, at + 1
    return line | {"content": f"{end - at} lines are damaged", "source": "runner", "io_stream": "other"}, end


def _search(rows: InstallationRows) -> Callable[[LogOfRun, Request], Response]:
    def answer(log: LogOfRun, request: Request) -> Response:
        query = request.query_params

        def wanted(line: Line) -> bool:
            content = scrub_text(line["content"])
            return (
                query.get("text", "").casefold() in content.casefold()
                and re.search(query.get("regex", ""), content) is not None
                and (not query.get("source") or line["source"] in query["source"].split(","))
                and (not query.get("level") or _has_level(line, content, query["level"]))
            )

        return _streamed(rows, log, request, wanted)

    return answer


def _has_level(line: Line, content: str, level: str) -> bool:
    return line["source"] == "user" and LEVELS[level].search(content) is not None


def _new(rows: InstallationRows) -> Callable[[LogOfRun, Request], Response]:
    def answer(log: LogOfRun, request: Request) -> Response:
        other = rows.logs.get(request.query_params["against"])
        known = {_template(line) for line in other.lines} if other else set[str]()
        return _streamed(rows, log, request, lambda line: _template(line) not in known)

    return answer


def _compare(rows: InstallationRows) -> Callable[[LogOfRun, Request], Response]:
    def answer(log: LogOfRun, request: Request) -> Response:
        other = rows.logs.get(request.query_params["against"], LogOfRun())
        held = [_undamaged(side) for side in (log, other)]
        hashes = [[hash(template_of(side.lines[number]["content"])) for number in numbers]
                  for side, numbers in zip((log, other), held, strict=True)]  # fmt: skip
        pairs = (Pair(held[0][ours], held[1][theirs]) for ours, theirs in aligned(*hashes))
        objects: list[dict[str, Any]] = [
            {"gap": {"is_ours": side is log, "from_line": first, "to_line": end}}
            for side in (log, other)
            for first, end in side.damage
        ]
        objects += [
            {"same": dict(zip(("from_line", "against_line", "count"), run, strict=True))}
            for run in joined(pairs)
            if run
        ]
        total = len(log.lines) + len(other.lines)
        objects.append({"done": {"looked_at": total, "total": total, "matches": len(objects), "is_complete": True}})
        return Response("".join(json.dumps(each) + "\n" for each in objects), media_type="application/x-ndjson")

    return answer


def _undamaged(log: LogOfRun) -> list[int]:
    return [number for number in range(len(log.lines)) if not any(low <= number < high for low, high in log.damage)]


def _template(line: Line) -> str:
    return re.sub(r"[0-9]+", "<n>", line["content"])


def _streamed(
    rows: InstallationRows, log: LogOfRun, request: Request, wanted: Callable[[Line], bool]
) -> StreamingResponse:
    first, limit = int(request.query_params.get("from_line", "0")), int(request.query_params["limit"])

    async def pieces() -> AsyncGenerator[str]:
        held = set(_undamaged(log))
        for answer in _answers(log.lines[first:], limit, lambda line: line["line_num"] in held and wanted(line)):
            if "done" in answer:
                answer["done"]["lost"] = sum(end - max(low, first) for low, end in log.damage if end > first)
            yield json.dumps(answer) + "\n"
            gate = rows.search_gate
            while gate is not None and "progress" in answer and not gate.is_set():
                yield json.dumps(answer) + "\n"
                with anyio.move_on_after(0.25):
                    await gate.wait()
            await anyio.lowlevel.checkpoint()

    return StreamingResponse(pieces(), media_type="application/x-ndjson")


def _answers(lines: list[Line], limit: int, wanted: Callable[[Line], bool]) -> Iterator[dict[str, Any]]:
    matches, looked_at = 0, 0
    for line in lines:
        looked_at += 1
        if wanted(line):
            matches += 1
            yield {"line": line | {"content": scrub_text(line["content"])}, "number": line["line_num"]}
        if matches == limit:
            break
        if looked_at % PROGRESS_EVERY == 0:
            yield {"progress": {"looked_at": looked_at, "total": len(lines)}}
    is_complete = looked_at == len(lines)
    yield {"done": {"looked_at": looked_at, "total": len(lines), "matches": matches, "is_complete": is_complete}}


def _first(log: LogOfRun, request: Request) -> Response:
    at = datetime.fromisoformat(request.query_params["at"])
    times = (datetime.fromisoformat(line["reported_at"]) for line in log.lines)
    return JSONResponse({"number": next((number for number, time in enumerate(times) if time >= at), len(log.lines))})


def _download(log: LogOfRun, _request: Request) -> Response:
    return Response("".join(line["content"] + "\n" for line in log.lines), media_type="text/plain")
