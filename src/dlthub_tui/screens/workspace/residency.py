"""What of a workspace is stored where, each plane by its own count; the last proof; who read data."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import anyio
from anyio import to_thread

from dlthub_tui.client.errors import ClientError, NotAllowed, NotFound, NotSignedIn
from dlthub_tui.client.residency import ControlHoldings, RegionHoldings, RegionInfo, TrailEntry
from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.places.text_screen import TextScreen
from dlthub_tui.session.proofs import Proof
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action, key_name
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import WorkspacePlace, WorkspaceRef
from dlthub_tui.viewmodel.table import Section, rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, guard
from dlthub_tui.viewmodel.workspace import residency as view
from dlthub_tui.widgets.lines import LinesView

if TYPE_CHECKING:
    from dlthub_tui.client.transport import Transport

TABS_OF_KINDS = {
    "Code": "deployments", "Configuration": "deployments", "Variables": "variables", "Logs": "runs",
    "Results": "runs", "Pipelines, traces": "pipelines", "For the dashboard": "pipelines", "states": "jobs",
}  # fmt: skip


class ResidencyScreen(TabScreen):
    """What is where, and who read it?"""

    LAYERS: ClassVar[tuple[str, ...]] = (*TabScreen.LAYERS, "residency")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open"), ("doctor.open", "prove now"), ("list.filter", "filter"), ("pane.details", "limits"),
        ("times.toggle", "times"), ("link.retry", "ask again"), ("strictness.change", "strictness"),
    )  # fmt: skip
    STYLES = "residency"
    DETAIL_ROWS: ClassVar[int] = 7
    # Each look at the trail is an entry of it: nobody looks but when a key says so.
    FOLLOWS: ClassVar[bool] = False
    TAB = "residency"

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._held: ControlHoldings | None = None
        self._region: RegionHoldings | None = None
        self._others: dict[str, bool | None] = {}
        self._troubles: dict[str, ClientError] = {}
        self._chain: int | Literal["unknown"] | None = "unknown"
        self._trail: tuple[TrailEntry, ...] = ()
        self._next: str | None = None
        self._total = 0
        self._proof: Proof | None = None
        # None where it is not known: an older control plane has no such route.
        self._is_strict: bool | None = None

    def on_mount(self) -> None:
        """The limits are shown when they are asked for."""
        self.query_one("#details", LinesView).add_class("hidden")

    async def load(self) -> None:
        """Each plane for itself; one that does not answer is not known, which is not nothing."""
        from dlthub_tui.client.residency import get_control_holdings
        from dlthub_tui.session.proofs import find_last_proof

        connection = self.context.connected
        self._held = await get_control_holdings(connection.control, self.workspace.id)
        self._is_strict = await self._ask_strictness()
        self._troubles.clear()
        if self.is_region_silent and not self.is_loaded:
            # Its silence is waited out, and what the control plane knows is here already.
            self.is_loaded = True
            self.show_rows()
        async with anyio.create_task_group() as asking:
            asking.start_soon(self._told_of, self.workspace.dataplane_id, self._ask_region())
            for region in view.others_of(self._held):
                self._others[region.id] = None
                asking.start_soon(self._told_of, region.id, self._ask_other(region))
        if any(isinstance(trouble, NotSignedIn) for trouble in self._troubles.values()):
            raise NotSignedIn(401, "The session is not accepted.")
        if self._is_local:
            home = self.context.client_folder.parent
            self._proof = await to_thread.run_sync(find_last_proof, home, self.workspace.dataplane_id)

    async def _ask_strictness(self) -> bool | None:
        from dlthub_tui.client.strictness import is_strict

        try:
            return await is_strict(self.context.connected.control, self.workspace.id)
        except NotFound:
            return None

    async def _told_of(self, plane: str, asked: Coroutine[Any, Any, None]) -> None:
        try:
            await asked
        except ClientError as exc:
            self._troubles[plane] = exc

    async def _ask_region(self) -> None:
        from dlthub_tui.client.residency import get_region_holdings, get_trail

        self._region = None
        region = await self.context.connected.region(self.workspace)
        self._region = await get_region_holdings(region, self.workspace.id)
        try:
            page = await get_trail(region, self.workspace.id)
        except NotAllowed as exc:
            await self.learn_owners()
            self._troubles["trail"] = exc
            self._trail, self._next, self._total = (), None, 0
        else:
            self._trail, self._next, self._total = page.items, page.next, page.total
            self.fetch(self._ask_chain(region), "chain")

    async def _ask_chain(self, region: Transport) -> None:
        """Whether the trail adds up: the region walks all of it, which may take a while."""
        from dlthub_tui.client.residency import find_break

        self._chain = "unknown"
        try:
            found = await find_break(region, self.workspace.id)
        except ClientError:
            return
        self._chain = found
        self.show_rows()

    async def _ask_other(self, region: RegionInfo) -> None:
        from dlthub_tui.client.residency import holds_something

        if region.url is not None:
            pins = self.context.connected.pins
            self._others[region.id] = await holds_something(pins, region, self.workspace.organization_id)

    async def _ask_more(self) -> None:
        from dlthub_tui.client.residency import get_trail

        region = await self.context.connected.region(self.workspace)
        page = await get_trail(region, self.workspace.id, self._next)
        self._trail, self._next = (*self._trail, *page.items), page.next
        self.show_rows()

    @property
    def _is_local(self) -> bool:
        return self.context.connected.is_local

    def on_row_list_moved(self) -> None:
        """The last entry that is here brings the page after it."""
        if self._next and self.rows.keys and self.rows.key == self.rows.keys[-1] and not self.is_at_work("more"):
            self.fetch(self._ask_more(), "more")

    def sections(self) -> list[Section]:
        """Where what is, the proof, and the trail with the filter applied."""
        if self._held is None:
            return []
        stored = view.stored_section(self._held, self._region, self._others, self.look)
        silent = [
            Section(stored.columns, (), empty=(f"{plane} is not known: {guard(trouble.what)}",))
            for plane, trouble in self._troubles.items()
            if plane != "trail"
        ]
        prove = key_name(self._find_key("doctor.open"), is_ascii=self.look.is_ascii)
        proof = view.proof_section(self._proof, is_local=self._is_local, prove_key=prove, look=self.look)
        return [stored, *silent, proof, self._trail_section()]

    def _trail_section(self) -> Section:
        rows = [view.entry_row(entry, self.look) for entry in self._trail]
        title = "Who read data here"
        if "trail" in self._troubles:
            return Section(view.TRAIL_COLUMNS, (), title, empty=(self.for_owners("The trail is"),))
        if self._region is None:
            return Section(view.TRAIL_COLUMNS, (), title, empty=("Not known while the region does not answer.",))
        empty = no_match(rows, self.filter_text, "entry") if rows else "Nobody read anything yet."
        right = words.plural(max(self._region.audit_entries, self._total), "entry", "entries")
        right += view.chain_word(self._chain)
        found = matching(rows, self.filter_text)
        if isinstance(self._chain, int):
            found = (view.broken_row(self._chain, self.look), *found)
        return Section(view.TRAIL_COLUMNS, found, title, right, empty=(empty,), shows_titles=False)

    def _find_key(self, action_id: str) -> str:
        action = self._find(action_id)
        return action.keys[0] if action is not None else ""

    def answer_line(self) -> tuple[Line, str]:
        """The lock."""
        if self._held is None:
            return EMPTY_LINE, ""
        right = "strict" if self._is_strict else ""
        return view.lock_line(self._held, self.workspace.organization_name, self.look, self.size.width), right

    def detail_lines(self, width: int) -> list[Line]:
        """What the numbers do not say."""
        limits = view.limit_lines(self._region.keep_log_days if self._region else None)
        return [rule("Limits", "", width, self.look), *limits, view.strictness_line(self._is_strict, self.look)]

    def command_text(self) -> str:
        """The proof in a shell."""
        return in_shell("doctor", "", "--residency", reach=self.context.reach)

    def twin_of(self, action: Action) -> str:
        """The proof is made here by the key of the doctor."""
        return self.command_text() if action.id == "doctor.open" else super().twin_of(action)

    def why_not(self, action: Action) -> str | None:
        """A proof runs jobs, on the platform's own machine."""
        if action.id == "doctor.open":
            if self.look.is_read_only:
                return "A proof runs jobs, and this session is read-only."
            if not self._is_local:
                return "A proof is made on the platform's machine: dlthub-tui doctor --residency"
            if self.is_at_work("prove"):
                return "A proof is being made. {app.interrupt} stops it."
        if action.id == "strictness.change":
            if self._is_strict is None:
                return "This control plane withholds nothing." if self.is_loaded else "It is not known yet."
            if (role := self.context.role_in(self.workspace)) != "owner":
                return f"Strictness is set by owners of the workspace; you are a {role}."
        return super().why_not(action)

    def do_strictness_change(self) -> None:
        """Asks, then withholds the words of definitions, or stops to."""
        is_strict = not self._is_strict

        question, verb, more = view.strictness_question(guard(self.workspace.name), is_strict=is_strict)
        self.act_on(ConfirmSheet(self.context, question, verb, more), lambda _yes: self._set_strict(is_strict))

    async def _set_strict(self, is_strict: bool) -> None:
        from dlthub_tui.client.strictness import set_strict

        self._is_strict = await set_strict(self.context.connected.control, self.workspace.id, is_strict=is_strict)
        self.show_rows()
        said = view.STRICT_SAID if self._is_strict else view.LAX_SAID
        self.say(f"{guard(self.workspace.name)} {said}", Role.OK)

    def do_row_open(self) -> None:
        """The tab of a kind, the report of the proof, or an entry of the trail."""
        key = self.rows.key or ""
        crumbs = [*self.crumbs()[:3]]
        entry = next((one for one in self._trail if key == f"{view.ENTRY}{one.number}"), None)
        if entry is not None:
            lines = view.entry_lines(entry, self.look)
            self._read([*crumbs, f"entry {entry.number:,}"], lines)
        elif key == view.PROOF_KEY and self._proof is not None:
            self._read([*crumbs, "proof"], view.proof_lines(self._proof, self.look))
        elif key in TABS_OF_KINDS:
            self.post_message(Open(WorkspacePlace(self.workspace, TABS_OF_KINDS[key]), instead=True))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """On the proof its report can be saved."""
        entries = super().footer_entries()
        if self.rows.key == view.PROOF_KEY and (save := self._find("list.save")) is not None:
            entries.insert(2, (save, "save report"))
        return entries

    def do_list_save(self) -> None:
        """On the proof its signed report, as it is; elsewhere the rows."""
        proof = self._proof
        if proof is None or self.rows.key != view.PROOF_KEY:
            super().do_list_save()
            return
        file = proof.file
        self.save_as("Save the signed report", file.name, "the report", lambda: file.read_text(encoding="utf-8"))

    def _read(self, crumbs: list[str], lines: list[Line]) -> None:
        self.host.push_screen(TextScreen(self.context, crumbs, lines, self.region_lock()))

    def do_doctor_open(self) -> None:
        """Plants words and looks for them everywhere."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.fetch(self._prove(), "prove")

        more = (
            "In each region a workspace of its own gets jobs that print planted words.",
            "Then every file of this home is searched for them. It takes a minute.",
        )
        self.host.push_screen(
            ConfirmSheet(self.context, "Prove that nothing leaves its region?", "prove", more), answered
        )

    async def _prove(self) -> None:
        from dlthub_tui.session.doctoring import prove

        def said(text: str) -> None:
            self.keep(f"{text.removeprefix('dlthub-tui: ')} {{app.interrupt}} stops.")

        said("A proof is being made.")
        is_clean, verdict = await prove(self.context.client_folder.parent, said)
        await self.reload()
        self.say(f"{verdict} Enter on the proof says more.", Role.OK if is_clean else Role.FAIL)

    def interrupt(self) -> None:
        """Stops a proof."""
        if self.stop_work("prove"):
            self.show_kept()
            self.say("Stopped. Nothing was proved.")
        else:
            super().interrupt()
