"""Which packages an environment needs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from planes.manifest.errors import InvalidRequirements
from planes.manifest.requirements import job_requirements, package_name, parse_requirements

Build = Callable[..., dict[str, Any]]
JOB = "dlt._workspace.deployment.launchers.job"
MARIMO = "dlt._workspace.deployment.launchers.marimo"


def _file(**changes: Any) -> bytes:
    manifest = {
        "engine_version": 2,
        "python_version": "3.11",
        "dlt_version": {"name": "dlt", "extras": [], "version": "1.31.0", "mode": "pypi"},
        "default_groups": ["main"],
        "groups": {
            "main": ["pandas==2.2", "dlt[duckdb]==1.31.0"],
            "ml": ["dlthub", "scikit-learn"],
            "jobs.workspace.dashboard": [],
        },
        "launcher_requirements": {JOB: ["botocore", "dlthub", "s3fs"], MARIMO: ["DltHub>=0.1", "marimo", "uvicorn"]},
    } | changes
    return json.dumps(manifest).encode()


def test_environment_is_default_groups_plus_launcher_without_the_commercial_package(job: Build) -> None:
    request = job_requirements(parse_requirements(_file()), job())

    assert request.python_version == "3.11"
    assert request.requirements == ("dlt[duckdb]==1.31.0", "pandas==2.2")
    assert request.wishes == ("botocore", "s3fs")
    assert not request.includes_dlthub
    assert request.dlt_version.as_spec()["version"] == "1.31.0"


def test_own_groups_are_added(job: Build) -> None:
    request = job_requirements(parse_requirements(_file()), job(require={"dependency_groups": ["ml"]}))

    assert "scikit-learn" in request.requirements
    assert "dlthub" not in request.requirements


def test_launchers_differ(notebook: Build) -> None:
    request = job_requirements(parse_requirements(_file()), notebook())

    assert request.requirements == ("dlt[duckdb]==1.31.0", "marimo", "pandas==2.2", "uvicorn")


@pytest.mark.parametrize("line", ["dlthub==0.31.0", "dlt[hub]==1.31.0", "DltHub"])
def test_the_users_own_wish_for_the_commercial_package_is_kept(job: Build, line: str) -> None:
    request = job_requirements(parse_requirements(_file(groups={"main": [line]})), job())

    assert request.includes_dlthub
    assert line in request.requirements


@pytest.mark.parametrize("line", ["dlthub-client==0.28.7", "dlt[duckdb]"])
def test_similar_names_are_not_the_commercial_package(job: Build, line: str) -> None:
    request = job_requirements(parse_requirements(_file(groups={"main": [line]})), job())

    assert not request.includes_dlthub
    assert line in request.requirements


def test_unknown_group_is_refused(job: Build) -> None:
    with pytest.raises(InvalidRequirements, match=r"'gpu'.*\(there: ml\)\. Add it to"):
        job_requirements(parse_requirements(_file()), job(require={"dependency_groups": ["gpu"]}))


@pytest.mark.parametrize(
    "line",
    ["-e ./libs/shop", "./libs/shop", "../shop", "--editable=libs/shop", "/srv/shop", "./shop-1-py3-none-any.whl"],
)
def test_package_that_lies_in_a_folder_is_refused_with_what_to_do(line: str) -> None:
    with pytest.raises(InvalidRequirements, match=r"is a path.*put the package there") as caught:
        parse_requirements(_file(groups={"main": [line]}))

    assert line in caught.value.reason


def test_address_in_a_refused_line_is_not_repeated() -> None:
    with pytest.raises(InvalidRequirements) as caught:
        parse_requirements(_file(groups={"main": ["-e git+https://me:word@git.example/shop"]}))

    assert "word@" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["shop @ https://shop.example/${UV_INDEX_MINE_PASSWORD}/shop.whl", "-i ${HTTPS_PROXY}"]
)
def test_no_requirement_gets_at_what_opens_the_index(line: str) -> None:
    with pytest.raises(InvalidRequirements, match="asks for a variable of the environment"):
        parse_requirements(_file(groups={"main": [line]}))


def test_engine_one_is_taken_as_dlt_1_28() -> None:
    content = json.loads(_file(engine_version=1))
    del content["dlt_version"]

    assert parse_requirements(json.dumps(content).encode())["dlt_version"]["version"] == "1.28.0"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"null",
        b'"text"',
        _file(engine_version=9),
        _file(groups={"main": ["--index-url=http://elsewhere"]}),
        _file(groups={"main": ["-r /etc/passwd"]}),
        _file(groups={"main": ["pandas\n--pre"]}),
        _file(groups={"main": "pandas"}),
        _file(groups={"main": [5]}),
        _file(python_version="3.11; rm"),
        _file(python_version=3.11),
        _file(launcher_requirements={JOB: ["./local"]}),
        _file(surprise=1),
    ],
)
def test_what_is_no_requirements_file_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequirements):
        parse_requirements(content)


def test_package_names_are_normalized() -> None:
    assert [package_name(t) for t in ("Foo_Bar.baz>=1", "a[b]==1", " x @ file:///y", "-e .", "")] == [
        "foo-bar-baz",
        "a",
        "x",
        "",
        "",
    ]


def test_a_wish_that_the_workspace_names_itself_is_required(job: Build) -> None:
    request = job_requirements(parse_requirements(_file(groups={"main": ["s3fs==2026.9.0"]})), job())

    assert "s3fs==2026.9.0" in request.requirements
    assert request.wishes == ("botocore",)


def test_what_the_client_adds_for_the_dashboard_is_wished_for_too(job: Build) -> None:
    # pinned by every client that compiles a workspace's requirements; no s3fs that has wheels goes with it
    groups = {
        "main": ["python-dateutil==4.0.0"], "jobs.workspace.dashboard": ["ibis-framework", "marimo", "pyarrow", "s3fs"],
    }  # fmt: skip
    dashboard = job(require={"dependency_groups": ["jobs.workspace.dashboard"]})
    request = job_requirements(parse_requirements(_file(groups=groups, launcher_requirements={})), dashboard)

    assert request.requirements == ("ibis-framework", "marimo", "pyarrow", "python-dateutil==4.0.0")
    assert request.wishes == ("s3fs",)


def test_agent_with_tools_gets_what_serves_them(job: Build) -> None:
    groups = {"main": ["dlt==1.31.0", "FastMCP<5"], "agent-loop-pydantic-ai": ["pydantic-ai-slim[mcp]"]}
    manifest = parse_requirements(_file(groups=groups))
    loop = {"dependency_groups": ["agent-loop-pydantic-ai"]}
    agent = {"engine_version": 1, "name": "reader"}
    plain = job_requirements(manifest, job(require=loop, agent=agent))
    equipped = job_requirements(manifest, job(require=loop, agent={**agent, "tools": ["jobs"]}))

    assert plain.requirements == ("FastMCP<5", "dlt==1.31.0", "pydantic-ai-slim[mcp]")
    assert set(equipped.requirements) == {*plain.requirements, "dlthub-client"}


def test_missing_loop_is_named_with_what_to_do(job: Build) -> None:
    definition = job(require={"dependency_groups": ["agent-loop-homemade"]}, agent={"engine_version": 1, "name": "x"})

    with pytest.raises(InvalidRequirements, match=r"Add one of this name to pyproject\.toml.*loop 'homemade'"):
        job_requirements(parse_requirements(_file()), definition)
