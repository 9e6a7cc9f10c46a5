from __future__ import annotations

import threading
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query

from planes.server.asked import asked

pytestmark = pytest.mark.anyio


class Words:
    def __init__(self, word: Annotated[list[str] | None, Query(max_length=2)] = None) -> None:
        self.words = word or []
        self.thread = threading.get_ident()


class Wanted:
    def __init__(self, words: Annotated[Words, asked(Words)], most: Annotated[int, Query(ge=1)] = 5) -> None:
        self.words, self.most = words, most
        self.thread = threading.get_ident()


async def test_parameters_are_read_as_the_class_names_them_and_on_the_loop() -> None:
    app = FastAPI()

    @app.get("/")
    async def show(wanted: Annotated[Wanted, asked(Wanted)]) -> dict[str, object]:
        here = threading.get_ident()
        return {
            "words": wanted.words.words,
            "most": wanted.most,
            "is_here": {wanted.thread, wanted.words.thread} == {here},
        }

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plane") as client:
        found = await client.get("/?word=a&word=b&most=2")
        refused = await client.get("/?most=0")

    assert found.json() == {"words": ["a", "b"], "most": 2, "is_here": True}
    assert refused.status_code == 422
    told = app.openapi()["paths"]["/"]["get"]["parameters"]
    assert {(each["name"], each["in"]) for each in told} == {("word", "query"), ("most", "query")}
