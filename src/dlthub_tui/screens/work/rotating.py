"""A secret that a run printed gets a new value there and then."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from dlthub_tui.client.errors import NotAllowed
from dlthub_tui.client.leaks import Leak
from dlthub_tui.screens.logs.log_showing import LogShowing
from dlthub_tui.screens.work.variable_sheet import VariableChange, VariableSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.text import Role, guard
from dlthub_tui.viewmodel.workspace.variables import SHORTEST_SECRET

ASK_SECONDS = 0.5
RESCRUB_SECONDS = 60.0


class Rotating(LogShowing):
    """The key that asks for the new value, and who still has the old one."""

    async def load_masked(self) -> None:
        """Asks for what was masked."""

    def do_leak_rotate(self) -> None:
        """Sets a new value for the secret that this run printed."""
        self.fetch(self._ask_for_value(), "act")

    async def _ask_for_value(self) -> None:
        from dlthub_tui.client.leaks import list_leaks

        workspace = self.place.workspace
        region = await self.context.connected.region(workspace)
        try:
            leaks = await list_leaks(region, workspace.id, self.place.run_id)
        except NotAllowed:
            self.say("Printed secrets and their new values are not for viewers. Ask an owner.", Role.WARN)
            return
        leak = next((leak for leak in leaks if leak.is_variable and leak.is_open), None)
        if leak is None:
            self.say(_why_none(leaks))
            return

        change = VariableChange(leak.name, leak.profile, "", is_secret=True)
        profiles = [leak.profile] if leak.profile else []
        sheet = VariableSheet(self.context, profiles, leak.profile or "workspace", change)
        sheet.sheet_note = f"printed in {words.plural(leak.count, 'line')}, {_read_by(leak.reader_count)}"
        self.act_on(sheet, lambda change: self._set(leak, change))

    async def _set(self, leak: Leak, change: VariableChange) -> None:
        from dlthub_tui.client.leaks import list_active_runs
        from dlthub_tui.client.variables import set_variable

        workspace = self.place.workspace
        region = await self.context.connected.region(workspace)
        await set_variable(
            region, workspace.id, change.profile, change.name, change.value, is_secret=change.is_secret
        )  # fmt: skip
        self.context.leaks_again.pop(workspace.id, None)
        said, role = f"{guard(change.name)} is set. No run goes on with the old value.", Role.TEXT
        try:
            runs = await list_active_runs(region, workspace.id, leak.id)
            if runs:
                jobs = ", ".join(sorted({guard(words.short_ref(run.job_ref)) for run in runs}))
                said, role = f"Set. {words.plural(len(runs), 'active run')} with the old value: {jobs}.", Role.WARN
            elif len(change.value) < SHORTEST_SECRET:
                said, role = "Set. 4 characters or fewer cannot be masked in logs. Use a longer one.", Role.WARN
            self.say(said, role)
        finally:
            self.fetch(self._read_again(said, role), "rescrub")

    async def _read_again(self, said: str, role: Role) -> None:
        """Stored logs are scrubbed for the new value: once that is done, what was read before is not shown any more."""
        from dlthub_tui.client.leaks import find_last_rescrub

        rescrub = None
        region = await self.context.connected.region(self.place.workspace)
        with anyio.move_on_after(RESCRUB_SECONDS):
            while True:
                await anyio.sleep(ASK_SECONDS)
                rescrub = await find_last_rescrub(region, self.place.workspace.id)
                if rescrub is None or rescrub.is_over:
                    break
        self.pane.read_again()
        await self.load_masked()
        if rescrub is not None and rescrub.is_over and rescrub.lines_changed:
            self.say(f"{said} {words.plural(rescrub.lines_changed, 'stored line')} masked.", role)


def _read_by(people: int) -> str:
    if not people:
        return "read by nobody since"
    return "read by 1 person since" if people == 1 else f"read by {people:,} people since"


def _why_none(leaks: Sequence[Leak]) -> str:
    """A secret of a file gets its new value there; only variables are set from here."""
    names = sorted({guard(leak.name) for leak in leaks if leak.is_configuration and leak.is_open})
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"{names[0]}{more}: in a secrets file. Change it and deploy."
    return "No variable that this run printed still has the value it printed."
