"""Every operation of the contract through the released client's own generated code, blocking and awaited.

Each answer must be parsed in full: no key that the model lacks, no word that its enumerations lack, no time that is
none, and what was parsed says the same as what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import Installation
from tests.contract.generated_client import generated_client
from tests.contract.walking import Walk, deploy, read, run, settle, sign_in, upload

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


# What 0.28.8a3 has besides (ADR 9); this client passes over it.
CATEGORIES = ["background_agent", "dashboard", "mcp", "notebook", "pipeline"]
LATER_FILTERS = {
    "attention_reason": ["empty_run", "failed", "long_running"], "category": CATEGORIES, "exclude_category": CATEGORIES,
}  # fmt: skip
LATER_KEY = "DetailedJobRunResponse has no attention_reasons"


@pytest.fixture(scope="module", params=[False, True], ids=["blocking", "awaited"])
def walk(request: pytest.FixtureRequest, installation: Installation) -> Generator[Walk]:
    person = installation.add_person("awaited@example.org" if request.param else "blocking@example.org")
    with generated_client(person.client, awaited=request.param) as client:
        walk = Walk(client, installation, person)
        sign_in(walk)
        settle(walk)
        upload(walk)
        read(walk, run(walk, deploy(walk)))
        yield walk


def test_every_operation_is_walked(walk: Walk) -> None:
    assert len(walk.client.operations) == 61
    assert walk.client.called == set(walk.client.operations)


def test_every_filter_and_order_of_the_client_is_published_and_no_other(walk: Walk) -> None:
    """A plane passes over what it does not know in a query, so a filter that it lacks would not be missed."""
    planes = (walk.control_plane, walk.workspace["dataplane_url"])
    documents = [httpx.get(f"{origin}/openapi.json", timeout=240, trust_env=False).json() for origin in planes]
    published = {
        (method, re.sub(r"\{\w+\}", "{}", path)): {
            each["name"]: sorted(set(_words(each["schema"], document)))
            for each in operation.get("parameters", ()) if each["in"] == "query"
        }
        for document in documents for path, found in document["paths"].items() for method, operation in found.items()
    }  # fmt: skip
    asked = {
        (each["method"], re.sub(r"\{\w+\}", "{}", each["path"]).replace("/latest", "/{}")): each["query"]
        for each in walk.client.operations.values()
    }
    of_runs = ("get", "/api/v1/workspaces/{}/job-runs")
    asked[of_runs] = {**asked[of_runs], **LATER_FILTERS}

    # the four services of a data plane share its origin
    assert {key: _of(published, key) for key in asked} == asked


def _of(published: dict[tuple[str, str], Any], key: tuple[str, str]) -> Any:
    method, path = key
    return next((query for (one, place), query in published.items() if one == method and place.endswith(path)), None)


def _words(schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
    parts += [schema["items"]] if "items" in schema else []
    if "$ref" in schema:
        parts.append(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    own = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
    return own + [word for part in parts for word in _words(part, document)]


def test_every_answer_is_parsed_in_full(walk: Walk) -> None:
    """Logs are read line by line, a revoked session has no answer, and "pending" is known by its status alone."""
    unparsed = {(name, answer.status) for name, _, answer in walk.answers if not answer.is_parsed}
    problems = {(name, said) for name, _, answer in walk.answers for said in answer.problems}
    later = {(name, said) for name, said in problems if said.endswith(LATER_KEY)}

    assert problems == later
    assert {name for name, _ in later} == {"create_job_run", "get_job_run", "list_job_runs", "cancel_job_run"}
    assert unparsed == {
        ("get_job_run_logs", 200),
        ("get_job_run_log_stream", 200),
        ("revoke_session", 204),
        ("redeem_device_code_session", 403),
    }


def test_every_answer_is_complete(walk: Walk) -> None:
    """Optional keys are there too, but for parts of a definition that its author left out."""
    lacking = {name for _, _, answer in walk.answers for name in answer.unset}

    assert {name for name in lacking if not name.startswith("T")} == set()


def test_every_refusal_says_the_same_status_and_why(walk: Walk) -> None:
    refusals = [answer.body for _, expected, answer in walk.answers if expected >= 400]

    assert len(refusals) > 20
    assert all(body["status_code"] >= 400 and body["code"] and body["detail"] for body in refusals)
