"""The sign-in pages, as a browser without scripts uses them."""

from __future__ import annotations

from html.parser import HTMLParser
from types import TracebackType
from typing import Self

import httpx


class Browser:
    """One visitor: keeps cookies, fills in the form of the page it is on."""

    def __init__(self, origin: str) -> None:
        self._http = httpx.Client(base_url=origin, timeout=240)
        self.page = httpx.Response(204)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def open(self, address: str) -> httpx.Response:
        """Go there; redirects are not followed."""
        self.page = self._http.get(address)
        return self.page

    def send(self, **fields: str) -> httpx.Response:
        """Send the page's form, hidden fields included, with these fields."""
        form = read_form(self.page.text)
        self.page = self._http.post(form.action, data={**form.fields, **fields})
        return self.page

    def forge(self, action: str, **fields: str) -> httpx.Response:
        """Send fields that no page of the platform has made, as another site's page can."""
        return self._http.post(action, data=fields)


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input" and found.get("name"):
            self.fields[found["name"]] = found.get("value", "")


def read_form(text: str) -> _Form:
    """Where the page's form goes, and what it already holds."""
    form = _Form()
    form.feed(text)
    return form
