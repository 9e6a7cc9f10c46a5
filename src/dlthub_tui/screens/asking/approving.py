"""Approving a sign-in by its code: first who asks, then yes (Security: 10)."""

from __future__ import annotations

from dlthub_tui.screens.frame.acting import READ_ONLY, ActingScreen
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.text import Role, guard


class Approving(ActingScreen[None]):
    """A screen from which a sign-in can be approved."""

    def approve(self, code: str) -> None:
        """Shows who waits with this code and asks."""
        if self.look.is_read_only:
            self.say(READ_ONLY, Role.WARN)
        elif not code:
            self.say("Which code? :approve KPTR-WXMB", Role.WARN)
        else:
            self.fetch(self._inspect(code), "act")

    async def _inspect(self, code: str) -> None:
        from dlthub_tui.client.installation import inspect_sign_in
        from dlthub_tui.screens.frame.sheets import ConfirmSheet

        waiting = await inspect_sign_in(self.context.connected.control, code)
        asked = words.moment(waiting.created_at, self.look)
        who = f"{guard(waiting.client)} at {guard(waiting.address)}, asked {asked}."
        more = (who, "It will act as you until you revoke it. If you did not start this, leave it.")

        self.act_on(
            ConfirmSheet(self.context, "Sign this device in as you?", "approve", more), lambda _yes: self._approve(code)
        )

    async def _approve(self, code: str) -> None:
        from dlthub_tui.client.installation import approve_sign_in

        email = await approve_sign_in(self.context.connected.control, code)
        self.say(f"Approved. The device is signed in as {guard(email)}.", Role.OK)
        await self.after_approval()

    async def after_approval(self) -> None:
        """Places that list sign-ins ask again."""
