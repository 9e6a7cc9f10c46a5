"""Routes that read their function when they are first used.

Reading the parameters of all of them, and building a validator for each, takes a sixth of the time that importing the
planes takes, and 7 MB; an idle plane answers a handful.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import compile_path


class LateRoute(APIRoute):
    """A route that knows its address and methods, and the rest as soon as somebody asks for it.

    A function whose parameters cannot be read fails then, too: the test of the OpenAPI document asks all of them.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # Until it is built, what is not set here is looked for by `__getattr__`.
        self.path = path
        self.endpoint = endpoint
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._options: dict[str, Any] | None = options

    def __getattr__(self, name: str) -> Any:
        options: dict[str, Any] | None = self.__dict__.get("_options")
        if options is None or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        self._options = None
        try:
            super().__init__(self.path, self.endpoint, **options)
        except BaseException:
            self._options = options
            raise
        return getattr(self, name)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Refuses a query that says a parameter of one value twice; the framework takes the last and says nothing."""
        handle = super().get_route_handler()
        # The members of a model that is read from the query say of themselves only that they are fields.
        single = {
            field.alias
            for field in get_flat_params(self.dependant)
            if not isinstance(field.field_info, (Path, Header, Cookie))
            and not field_annotation_is_sequence(field.field_info.annotation)
        }

        async def handle_single(request: Request) -> Response:
            asked = Counter(name for name, _ in request.query_params.multi_items())
            repeated = [name for name, times in asked.items() if times > 1 and name in single]
            if repeated:
                raise RequestValidationError([
                    {"type": "repeated", "loc": ("query", name), "msg": "was given more than once"}
                    for name in repeated
                ])  # fmt: skip
            return await handle(request)

        return handle_single if single else handle


class LateRouter(APIRouter):
    """The router of a resource: its routes are late, whatever they make of an answer."""

    def __init__(self, *, route_class: type[LateRoute] = LateRoute, **options: Any) -> None:
        super().__init__(route_class=route_class, **options)


def add_routers(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Gives the application the routes of these, as they are.

    The framework's own way reads each function once more for each application, to add what the application says of
    all its routes. Ours say nothing of all.
    """
    for router in routers:
        app.router.routes.extend(router.routes)
