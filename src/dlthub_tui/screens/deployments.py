"""Versions of a workspace's code."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.client.models import Deployment
from dlthub_tui.screens.context import Context
from dlthub_tui.screens.tabs import TabScreen
from dlthub_tui.viewmodel import deployments as view
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line


class DeploymentsScreen(TabScreen):
    """Which version runs, and which were before?"""

    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("deploy.open", "deploy"), ("list.filter", "filter"), ("copy.text", "copy row"),
    )  # fmt: skip
    STYLES = "deployments"
    TAB = "deployments"

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._deployments: tuple[Deployment, ...] = ()
        self._total = 0

    async def load(self) -> None:
        """The newest versions."""
        from dlthub_tui.client.deployments import list_deployments

        page = await list_deployments(self.context.connected.control, self.workspace.id)
        self._deployments, self._total = page.items, page.total

    def sections(self) -> list[Section]:
        """The versions that the filter leaves."""
        latest = self._deployments[0].id if self._deployments else ""
        rows = [view.deployment_row(item, self.look, is_latest=item.id == latest) for item in self._deployments]
        found = matching(rows, self.filter_text)
        empty = ("Nothing is deployed yet. d deploys a folder.",)
        return [Section(view.COLUMNS, found, empty=(no_match(rows, self.filter_text, "version"),) if rows else empty)]

    def answer_line(self) -> tuple[Line, str]:
        """What is deployed, and how many versions there are."""
        return view.answer_of(self._deployments, self.look), f"{len(self.rows.keys)} shown of {self._total}"
