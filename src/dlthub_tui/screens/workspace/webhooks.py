"""Where a job is called from outside: its addresses, their secrets once, what came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import Sheet, TypedSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.places.text_screen import TextScreen
from dlthub_tui.screens.workspace.shown_once import ShownOnceSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import Place, WebhooksPlace
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, guard, line, muted
from dlthub_tui.viewmodel.workspace import webhooks as view
from dlthub_tui.widgets.choice import Choice

if TYPE_CHECKING:
    from dlthub_tui.client.models import Job
    from dlthub_tui.client.webhooks import Webhook

_SHOWN_CALLS = 100
_GONE = "   It does not come back: {item.add} makes another address with another secret."


class RotateSheet(Sheet[int]):
    """How long the old secret is good beside the new one, in seconds."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(context, f"New secret of {name}")

    def compose_sheet(self) -> ComposeResult:
        """One choice."""
        yield Choice(self.look, line("   The old one is good for   "), view.KEPT, view.KEPT[0], widget_id="kept")
        yield self.sentences(lambda: [line(muted("   Whoever calls needs the new one, which is shown this once."))])

    def on_mount(self) -> None:
        """The arrows choose at once."""
        self.type_into(self.query_one("#kept", Choice))

    def footer_entries(self) -> list[tuple[Action, str]]:
        """How it is filled."""
        names = {"form.next": "make it", "nav.back": "leave it"}
        found = {action.id: action for action in self.live}
        return [(found[name], label) for name, label in names.items()]

    def do_form_next(self) -> None:
        """Makes it."""
        self.answer(view.KEPT_SECONDS[self.query_one("#kept", Choice).index])


class WebhooksScreen(ListScreen):
    """Where is it called?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list", "webhooks")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("item.add", "make address"), ("copy.text", "copy address"), ("row.open", "calls"),
        ("webhook.rotate", "new secret"), ("item.destroy", "remove"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "webhooks"
    DETAIL_ROWS: ClassVar[int] = 2
    # Each look at them is an entry of the region's trail: nobody looks but when a key says so.
    FOLLOWS: ClassVar[bool] = False

    def __init__(self, context: Context, place: WebhooksPlace) -> None:
        super().__init__(context)
        self.place = place
        self._job: Job | None = None
        self._listed: tuple[Webhook, ...] = ()

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, job, Webhooks."""
        workspace = self.place.workspace
        return [workspace.organization_name, workspace.name, self._job_name, "Webhooks"]

    @property
    def _job_name(self) -> str:
        return guard(words.short_ref(self.place.job.job_ref))

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.place.workspace.dataplane_id

    def place_key(self) -> str:
        """Each job keeps its own place."""
        return f"webhooks/{self.place.job.job_id}"

    async def load(self) -> None:
        """The job's triggers from the control plane, their addresses from the region."""
        from dlthub_tui.client.jobs import get_job
        from dlthub_tui.client.webhooks import list_webhooks

        connection, workspace = self.context.connected, self.place.workspace
        self._job = await get_job(connection.control, workspace.id, self.place.job.job_id)
        self._listed = await list_webhooks(await connection.region(workspace), workspace.id)

    def _addresses(self) -> tuple[view.Address, ...]:
        return view.addresses_of(self._job, self._listed) if self._job is not None else ()

    def _address(self) -> view.Address | None:
        return next((address for address in self._addresses() if address.trigger == self.rows.key), None)

    def _webhook(self) -> Webhook | None:
        address = self._address()
        return address.webhook if address is not None else None

    def sections(self) -> list[Section]:
        """The addresses that the filter leaves."""
        rows = [view.address_row(address, self.look) for address in self._addresses()]
        found = matching(rows, self.filter_text)
        empty = no_match(rows, self.filter_text, "webhook") if rows else view.NO_TRIGGER
        return [Section(view.COLUMNS, found, empty=(empty,))]

    def answer_line(self) -> tuple[Line, str]:
        """Whether it can be called."""
        return view.answer_of(self._addresses()), ""

    def detail_lines(self, width: int) -> list[Line]:  # noqa: ARG002 - an address is read whole or cut by the row
        """The address under the cursor, whole."""
        address = self._address()
        return view.details(address, self.look) if address is not None else []

    def why_not(self, action: Action) -> str | None:
        """What needs an address, or an owner."""
        if action.id in {"item.add", "item.destroy", "webhook.rotate"}:
            reason = view.why_not_changed(action.id, self._address(), self.context.role_in(self.place.workspace))
            return super().why_not(action) or reason
        if action.id in {"row.open", "copy.text"} and self._webhook() is None:
            return "It has no address yet. {item.add} makes one."
        return super().why_not(action)

    def command_text(self) -> str:
        """The address in a shell."""
        return in_shell("webhook", self.link_text(), reach=self.context.reach)

    def twin_of(self, action: Action) -> str:
        """The same in a shell."""
        verbs = {"item.add": (), "webhook.rotate": ("--rotate",), "item.destroy": ("--remove",)}
        if action.id not in verbs:
            return super().twin_of(action)
        return in_shell("webhook", self.link_text(), *verbs[action.id], reach=self.context.reach)

    def do_copy_text(self) -> None:
        """The address."""
        hook = self._webhook()
        if hook is not None:
            self.host.copy_to_clipboard(hook.url)
            self.say("Copied the address.")

    def do_row_open(self) -> None:
        """What came in."""
        hook = self._webhook()
        if hook is not None:
            self.fetch(self._show_calls(hook), "act")

    async def _show_calls(self, hook: Webhook) -> None:
        from dlthub_tui.client.webhooks import list_calls

        region = await self.context.connected.region(self.place.workspace)
        calls = await list_calls(region, self.place.workspace.id, hook.id, _SHOWN_CALLS)
        lines = [view.call_line(call, self.look) for call in calls] or [line(muted("Nobody has called it yet."))]
        self.host.push_screen(TextScreen(self.context, [*self.crumbs(), "calls"], lines, self.region_lock()))

    def do_item_add(self) -> None:
        """Makes an address for the trigger."""
        address = self._address()
        if address is not None:
            self.fetch(self._make(address.trigger), "act")

    async def _make(self, trigger: str) -> None:
        from dlthub_tui.client.webhooks import add_webhook

        region = await self.context.connected.region(self.place.workspace)
        made = await add_webhook(region, self.place.workspace.id, self.place.job.job_id, trigger)
        sheet = await self._secret_sheet(made)
        if sheet is not None:
            self.host.push_screen(sheet)

    def do_webhook_rotate(self) -> None:
        """Asks how long the old secret stays, then makes another one."""
        hook = self._webhook()

        if hook is not None:
            self.act_on(RotateSheet(self.context, guard(hook.trigger)), lambda seconds: self._rotate(hook, seconds))

    async def _rotate(self, hook: Webhook, seconds: int) -> ShownOnceSheet | None:
        from dlthub_tui.client.webhooks import rotate_webhook

        region = await self.context.connected.region(self.place.workspace)
        return await self._secret_sheet(await rotate_webhook(region, self.place.workspace.id, hook.id, seconds))

    async def _secret_sheet(self, made: Webhook) -> ShownOnceSheet | None:
        await self.reload()
        self.rows.move_to(made.trigger)
        if made.secret is None:
            return None
        note = "nobody can read it again. Whoever calls needs it."
        return ShownOnceSheet(self.context, guard(made.trigger), made.secret, "secret", note)

    def do_item_destroy(self) -> None:
        """Asks for the name, then removes it."""
        hook = self._webhook()

        if hook is not None:
            lines = (
                line("   Calls answer 404 from then on, and what came in and waits goes with it."),
                line(muted(name_keys(_GONE, self.look))),
            )
            name = words.short_ref(self.place.job.job_ref)
            title = f"Remove the webhook {guard(hook.trigger)} of {guard(name)}"
            self.act_on(TypedSheet(self.context, title, name, "remove", lines), lambda _yes: self._remove(hook))

    async def _remove(self, hook: Webhook) -> None:
        from dlthub_tui.client.webhooks import remove_webhook

        region = await self.context.connected.region(self.place.workspace)
        await remove_webhook(region, self.place.workspace.id, hook.id)
        await self.reload()
        self.say(f"Removed the webhook {guard(hook.trigger)}.", Role.OK)
