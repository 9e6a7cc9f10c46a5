"""Query parameters that belong together: a class whose `__init__` names them."""

from __future__ import annotations

import inspect
from typing import Any

from fastapi import Depends


def asked(query: type[Any]) -> Any:
    """The FastAPI dependency that makes one of a request, on the loop.

    A class that FastAPI is given itself gets a thread, for each request, and waits where all of them are at work.
    """

    async def read(**given: Any) -> Any:
        return query(**given)

    # FastAPI reads the parameters from here.
    vars(read)["__signature__"] = inspect.signature(query, eval_str=True)
    return Depends(read)
