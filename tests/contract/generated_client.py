"""The released client's generated code, one call at a time: every operation by its name, blocking or awaited.

with generated_client(user) as client:
    answer = client.call("get_workspace", token=jwt, base_url=url, workspace_id=workspace_id)
    answer.body["name"]
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from tests.contract.released_client import RealClient

PROGRAM = r'''
import asyncio, base64, datetime, enum, importlib, inspect, io, json, pkgutil, re, sys, types, typing, uuid

import dlthub_sdk._gen as generated
from dateutil.parser import isoparse

SERVICES = ("api", "auth", "dataplane_api", "logs", "telemetry")
# Shown as somebody else wrote them: whatever else stands there is meant to.
VERBATIM = {"JobResultTraceResponse", "PipelineRunTraceResponse"}


def operations():
    found = {}
    for service in SERVICES:
        package = importlib.import_module(f"dlthub_sdk._gen.{service}.api")
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            if hasattr(module, "sync_detailed"):
                found[info.name.rpartition(".")[2]] = (service, module)
    return found


OPERATIONS = operations()


def converted(value, hint, service):
    """A JSON value as the type that the generated function asks for."""
    options = [hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = typing.get_args(hint)
    for option in options:
        if typing.get_origin(option) is list and isinstance(value, list):
            return [converted(item, typing.get_args(option)[0], service) for item in value]
        if not isinstance(option, type):
            continue
        if issubclass(option, enum.Enum) and isinstance(value, str):
            return option(value)
        if option is uuid.UUID:
            return uuid.UUID(value)
        if option is datetime.datetime and isinstance(value, str):
            return isoparse(value)
        if isinstance(value, dict) and hasattr(option, "from_dict"):
            return uploaded(option, value, service) if hasattr(option, "to_multipart") else option.from_dict(value)
    return value


def uploaded(model, parts, service):
    file = importlib.import_module(f"dlthub_sdk._gen.{service}.types").File
    return model(**{
        name: file(io.BytesIO(base64.b64decode(part["content"])), part["file_name"], part["mime_type"])
        for name, part in parts.items()
    })


def is_model(value):
    return hasattr(value, "to_dict") and hasattr(type(value), "__attrs_attrs__")


def words_of(model):
    """The closed lists of words that a model's module knows."""
    module = sys.modules[type(model).__module__]
    return {name: found for name, found in vars(module).items()
            if isinstance(found, type) and issubclass(found, enum.Enum)}


def look(value, where, problems, unset):
    if isinstance(value, (list, tuple)):
        for item in value:
            look(item, where + "[]", problems, unset)
    if not is_model(value):
        return
    name = type(value).__name__
    declared = [field for field in type(value).__attrs_attrs__ if field.name != "additional_properties"]
    if declared and name not in VERBATIM:
        problems += [f"{where}: {name} has no {key}" for key in getattr(value, "additional_properties", {})]
    for field in declared:
        inner = getattr(value, field.name)
        place = f"{where}.{field.name.rstrip('_')}"
        hint = str(field.type)
        if type(inner).__name__ == "Unset":
            unset.append(f"{name}.{field.name.rstrip('_')}")
        elif type(inner) is str:
            known = [found for word, found in words_of(value).items() if word in hint]
            if known and not any(inner in [one.value for one in found] for found in known):
                problems.append(f"{place}: {inner!r} is an unknown word")
            if "datetime" in hint:
                problems.append(f"{place}: {inner!r} is no time")
        look(inner, place, problems, unset)


def plain(value):
    """Comparable: times as times, whole numbers as they are."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str) and len(value) > 18 and value[4:5] == "-" and "T" in value:
        try:
            return isoparse(value).timestamp()
        except ValueError:
            return value
    return value


def answer(ask):
    service, module = OPERATIONS[ask["operation"]]
    client_module = importlib.import_module(f"dlthub_sdk._gen.{service}.client")
    options = {"base_url": ask["base_url"], "timeout": 120.0, "httpx_args": {"trust_env": False}}
    if ask["token"] is None:
        client = client_module.Client(**options)
    else:
        client = client_module.AuthenticatedClient(token=ask["token"], **options)
    hints = typing.get_type_hints(module.sync_detailed)
    arguments = {name: converted(value, hints[name], service) for name, value in ask["arguments"].items()}
    if ask["awaited"]:
        response = asyncio.run(module.asyncio_detailed(client=client, **arguments))
    else:
        response = module.sync_detailed(client=client, **arguments)
    problems, unset, body = [], [], None
    try:
        body = json.loads(response.content) if response.content else None
    except ValueError:
        body = response.content.decode()
    if is_model(response.parsed):
        look(response.parsed, "", problems, unset)
        if plain(response.parsed.to_dict()) != plain(body):
            problems.append("what was parsed is not what was sent")
    # What the released client raises for a 2xx that its generated code does not parse is an unusable response.
    return {"status": int(response.status_code), "body": body, "problems": problems, "unset": sorted(set(unset)),
            "is_parsed": is_model(response.parsed), "model": type(response.parsed).__name__}


def declared(module):
    """Method, address, and the words that each parameter of the query may be; none where it may be anything."""
    source = inspect.getsource(module._get_kwargs)
    hints = typing.get_type_hints(module._get_kwargs)
    method, path = (re.search(f'"{key}": "([^"]+)"', source)[1] for key in ("method", "url"))
    query = {name: sorted(set(words_in(hints[name]))) for name in re.findall(r'params\["(\w+)"\]', source)}
    return {"method": method, "path": path, "query": query}


def words_in(hint):
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [one.value for one in hint]
    return [word for part in typing.get_args(hint) for word in words_in(part)]


print(json.dumps({name: declared(module) for name, (_, module) in sorted(OPERATIONS.items())}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
'''


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and how the generated code took it. `unset` names optional fields that the answer lacks."""

    status: int
    body: Any
    problems: list[str]
    unset: list[str]
    is_parsed: bool
    model: str


class GeneratedClient:
    """A process of the released client that makes calls on request. `called` are the operations that were."""

    def __init__(self, asks: IO[str], answers: IO[str], *, awaited: bool) -> None:
        self._asks = asks
        self._answers = answers
        self._awaited = awaited
        # by name: method, path, and the query's parameters with the words that each may be
        self.operations: dict[str, dict[str, Any]] = json.loads(answers.readline())
        self.called: set[str] = set()

    def call(self, operation: str, *, base_url: str, token: str | None = None, **arguments: Any) -> Answer:
        """One operation; arguments are JSON values by the generated function's names.

        Raises: AssertionError when the client's own code fails, with its last words.
        """
        self.called.add(operation)
        ask = {"operation": operation, "base_url": base_url, "token": token, "awaited": self._awaited}
        self._asks.write(json.dumps({**ask, "arguments": arguments}) + "\n")
        self._asks.flush()
        line = self._answers.readline()
        assert line, f"the client's own code failed at {operation}"
        return Answer(**json.loads(line))


@contextmanager
def generated_client(user: RealClient, *, awaited: bool) -> Generator[GeneratedClient]:
    """The client's interpreter as this user, until the block ends."""
    process = user.start_python(PROGRAM)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield GeneratedClient(process.stdin, process.stdout, awaited=awaited)
    finally:
        process.stdin.close()
        try:
            process.wait(240)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
