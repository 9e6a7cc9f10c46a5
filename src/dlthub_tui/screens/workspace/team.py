"""Members of a workspace, who is invited, and the keys that act in it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.errors import NotAllowed, Refused
from dlthub_tui.client.invites import Invite, InviteLink, Inviting
from dlthub_tui.client.members import ApiKey, Member
from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.workspace.team_sheets import (
    InviteSheet,
    Joining,
    KeySheet,
    KeyShownSheet,
    KeyWish,
    LinkShownSheet,
    MemberSheet,
)
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, guard
from dlthub_tui.viewmodel.workspace import team as view

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change

# What the stream does not tell of: invites, keys and when they were last used, roles in the organization.
RARELY_SECONDS = 30.0


class TeamScreen(TabScreen, SortedList):
    """Who may do what here?"""

    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "change role"), ("pane.next", "pane"), ("item.add", "add"), ("item.end", "remove"),
        ("list.filter", "filter"), ("list.sort", "sort"),
    )  # fmt: skip
    STYLES = "team"
    DETAIL_ROWS: ClassVar[int] = 3
    TAB = "team"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._members: tuple[Member, ...] = ()
        self._invites: tuple[Invite, ...] = ()
        self._keys: tuple[ApiKey, ...] = ()
        self._inviting: Inviting | None = None
        self._sees_workspace_keys = True
        self._role = context.role_in(workspace)
        self._email = ""

    def on_mount(self) -> None:
        """Asks now and then for what it is not told of."""
        if self.context.poll_seconds:
            self.set_interval(RARELY_SECONDS, self._ask_rarely)

    def _ask_rarely(self) -> None:
        if self.is_seen and self.is_told:
            self.fetch(self.reload())

    def concerns(self, change: Change) -> bool:
        """Who sees the workspace, and with which role."""
        return change.workspace_id == self.workspace.id and change.job_id is None and change.run_id is None

    async def load(self) -> None:
        """Members, invites and the workspace's keys where one may see them, one's own keys."""
        from dlthub_tui.client.invites import find_inviting
        from dlthub_tui.client.members import list_keys, list_members
        from dlthub_tui.client.organizations import get_me, get_workspace_role

        plane, keys = self.context.connected.control, dict[str, tuple[ApiKey, ...]]()

        async def ask_role() -> None:
            self._role = await get_workspace_role(plane, self.workspace.id)

        async def ask_me() -> None:
            self._email = self._email or (await get_me(plane)).email

        async def ask_keys_of_workspace() -> None:
            with suppress(NotAllowed):
                keys["workspace"] = await list_keys(plane, self.workspace.id)
            self._sees_workspace_keys = "workspace" in keys

        async def ask_invites() -> None:
            found = await find_inviting(plane, self.workspace.organization_id, self.workspace.id)
            self._inviting, self._invites = found or (None, ())

        async def ask_own_keys() -> None:
            keys["own"] = await list_keys(plane, None)

        self._members = await list_members(plane, self.workspace.id)
        await ask_at_once((ask_role, ask_me, ask_invites, ask_keys_of_workspace, ask_own_keys))
        self._keys = (*keys.get("workspace", ()), *keys["own"])

    def sections(self) -> list[Section]:
        """Members, those who are invited where there are any, keys."""
        found_members = self.in_order(view.sorted_members(self._members, self.order))
        members = [view.member_row(member, self._email, self.look) for member in found_members]
        invited = [view.invite_row(each, self.workspace.id, self.look) for each in self._invites]
        waiting = [Section(view.INVITE_COLUMNS, matching(invited, self.filter_text), "Invited")] if invited else []
        keys = [view.key_row(key, self.look) for key in self._keys]
        found = (*matching(keys, self.filter_text), *(() if self.filter_text else (view.new_key_row(),)))
        return [
            Section(
                view.MEMBER_COLUMNS, matching(members, self.filter_text), "Members",
                empty=(no_match(members, self.filter_text, "member"),),
            ),
            *waiting,
            Section(
                view.KEY_COLUMNS, found, "Keys", self._which_keys(), (no_match(keys, self.filter_text, "key"),),
                shows_titles=bool(keys),
            ),
        ]  # fmt: skip

    def _which_keys(self) -> str:
        """Whose keys are seen."""
        if self._sees_workspace_keys:
            return ""
        owners = ", ".join(guard(member.email) for member in self._members if member.role == "owner")
        return f"yours; the workspace's are for owners: {owners}"

    def answer_line(self) -> tuple[Line, str]:
        """Who can read secrets."""
        return view.answer_of(self._members, self._keys), ""

    def _member(self) -> Member | None:
        return next((item for item in self._members if f"member/{item.id}" == self.rows.key), None)

    def _invite(self) -> Invite | None:
        return next((item for item in self._invites if f"invite/{item.id}" == self.rows.key), None)

    def _key(self) -> ApiKey | None:
        kind, _, key_id = (self.rows.key or "").partition("/")
        return next((item for item in self._keys if kind.endswith("-key") and item.id == key_id), None)

    def detail_lines(self, width: int) -> list[Line]:
        """Who or what is under the cursor."""
        member, invite, key = self._member(), self._invite(), self._key()
        if member is not None:
            return view.member_details(member, self.look, width)
        if invite is not None:
            return view.invite_details(invite, self.look, width)
        return view.key_details(key, self.look, width) if key is not None else []

    def why_not(self, action: Action) -> str | None:
        """Members are the owners' business; a key of one's own is one's own."""
        member = self._member()
        if action.id == "row.open":
            if self.look.is_read_only:
                return READ_ONLY
            if self._key() is not None:
                return "A key's role cannot be changed. Revoke it and make another."
            if member is not None and self._role != "owner":
                return f"Roles are for owners; you are a {self._role}."
        if action.id == "item.end":
            if member is None and self._invite() is None and self._key() is None:
                return "There is nothing under the cursor."
            if member is not None and self._role != "owner" and member.email != self._email:
                return f"Members are for owners; you are a {self._role}."
        if action.id == "item.add" and member is not None and self._role != "owner":
            return f"Members are for owners; you are a {self._role}. Keys of your own are below."
        return super().why_not(action)

    def command_text(self) -> str:
        """Another link for who is invited, the keys that there are, or a key of one's own; else the list."""
        invite, at = self._invite(), self.shell_place()
        if invite is not None:
            return in_shell("invite", at.workspace, "--new-link", whom=invite.email, reach=at.reach)
        if self._key() is not None:
            return in_shell("admin api-key list", reach=at.reach)
        if self._member() is None and self.is_loaded and self._email:
            return in_shell("admin api-key create", "", f"--user={self._email}", reach=at.reach)
        return super().command_text()

    def twin_of(self, action: Action) -> str:
        """Links, and what ends an invite or a key."""
        invite, key, at = self._invite(), self._key(), self.shell_place()
        if action.id == "item.end" and invite is not None:
            return in_shell("invite", at.workspace, "--withdraw", whom=invite.email, reach=at.reach)
        if action.id == "item.end" and key is not None:
            return in_shell("admin api-key revoke", key.id, reach=at.reach)
        if action.id == "row.open" and self._member() is None:
            return self.command_text()
        return super().twin_of(action)

    def footer_entries(self) -> list[tuple[Action, str]]:
        """On a key and on an invite `x` revokes; enter makes another link, and below the keys a key."""
        names: dict[str, str] = {}
        if self._key() is not None:
            names["item.end"] = "revoke"
        elif self._invite() is not None:
            names |= {"row.open": "new link", "item.end": "revoke"}
        elif self._member() is None:
            names["row.open"] = "make a key"
        return [(action, names.get(action.id, label)) for action, label in super().footer_entries()]

    def do_pane_next(self) -> None:
        """The other pane."""
        self.rows.move_to_next_section(1)

    def do_pane_previous(self) -> None:
        """The other pane."""
        self.rows.move_to_next_section(-1)

    def do_row_open(self) -> None:
        """Another role for the member under the cursor, another link for who is invited."""
        member, invite = self._member(), self._invite()
        if invite is not None:
            self._ask_for_link(invite)
            return
        if member is None:
            self.do_item_add()
            return

        sheet = MemberSheet(self.context, email=member.email, role=member.role)
        self.act_on(sheet, lambda joining: self._change(member, joining.role))

    async def _change(self, member: Member, role: str) -> None:
        from dlthub_tui.client.members import change_role

        if role == member.role:
            return
        control, who = self.context.connected.control, guard(member.email)
        await change_role(control, self.workspace.id, member.id, role)
        said = f"{who} is {role} now; felt within 2 s."
        if member.email != self._email:  # whoever gave up a role of their own may not take it again

            async def take_back() -> None:
                await change_role(control, self.workspace.id, member.id, member.role)

            self.context.undo = Undo(take_back, f"{who} is {member.role} again.")
            said += " {undo} takes that back."
        await self.reload()
        self.say(said)

    def do_item_add(self) -> None:
        """A member, or in the pane of keys a key."""
        if self._member() is None and self._invite() is None:
            self.act_on(KeySheet(self.context, owns=self._role == "owner"), self._make)
        else:
            self.act_on(MemberSheet(self.context), self._add)

    async def _add(self, joining: Joining) -> InviteSheet | None:
        """Who is not known yet can be invited."""
        from dlthub_tui.client.members import add_member

        try:
            await add_member(self.context.connected.control, self.workspace.id, joining.email, joining.role)
        except Refused as refused:
            if refused.code != "unknown_user" or self._inviting is None:
                raise
            return self._invite_sheet(joining)
        await self.reload()
        self.say(f"{guard(joining.email)} is {joining.role} in {guard(self.workspace.name)}.")
        return None

    def _invite_sheet(self, joining: Joining) -> InviteSheet:
        owns_all = self._inviting is not None and self._inviting.workspace_id is None
        roles = view.JOINS_AS if owns_all else view.JOINS_AS[:1]
        sheet = InviteSheet(self.context, joining, self.workspace.organization_name, roles)
        return sheet.acting(self, lambda role: self._send_invite(joining, role))

    async def _send_invite(self, joining: Joining, role: str) -> LinkShownSheet | None:
        from dlthub_tui.client.invites import invite, invite_to_workspace

        plane, inviting = self.context.connected.control, self._inviting
        if inviting is not None and inviting.workspace_id is not None:
            made = await invite_to_workspace(plane, inviting, joining.email, joining.role)
        else:
            here = {} if role == "owner" else {self.workspace.id: joining.role}
            made = await invite(plane, self.workspace.organization_id, joining.email, role, here)
        return await self._link_sheet(made)

    async def _link_sheet(self, made: InviteLink | None) -> LinkShownSheet | None:
        await self.reload()
        return LinkShownSheet(self.context, made) if made is not None else None

    def _ask_for_link(self, invite: Invite) -> None:
        question = f"Make another link for {guard(invite.email)}?"
        self.act_on(
            ConfirmSheet(self.context, question, "make it", ("The one before ends now.",)),
            lambda _yes: self._make_link(invite),
        )

    async def _make_link(self, invite: Invite) -> LinkShownSheet | None:
        from dlthub_tui.client.invites import issue_link

        if self._inviting is None:
            return None
        return await self._link_sheet(await issue_link(self.context.connected.control, self._inviting, invite.id))

    async def _make(self, wish: KeyWish) -> KeyShownSheet:
        from dlthub_tui.client.members import create_key

        workspace_id = self.workspace.id if wish.role else None
        key = await create_key(self.context.connected.control, workspace_id, wish.name, wish.role, wish.days)
        await self.reload()
        return KeyShownSheet(self.context, key)

    def do_item_end(self) -> None:
        """Removes the member, or revokes the invite or the key, under the cursor; asks once."""
        member, invite, key = self._member(), self._invite(), self._key()
        if member is not None:
            question = f"Remove {guard(member.email)} from {guard(self.workspace.name)}?"
            more = ("Their tokens end within 2 s. Runs they started go on; what they deployed stays.",)
        elif invite is not None:
            question = f"Revoke the invite of {guard(invite.email)}?"
            more = ("The link ends now.",)
        elif key is not None:
            question, more = f"Revoke the key {guard(key.name)}?", ("It ends within 2 s and does not come back.",)
        else:
            return

        verb = "remove" if member is not None else "revoke"
        self.act_on(ConfirmSheet(self.context, question, verb, more), lambda _yes: self._end(member or invite or key))

    async def _end(self, what: Member | Invite | ApiKey | None) -> None:
        from dlthub_tui.client.invites import revoke_invite
        from dlthub_tui.client.members import remove_member, revoke_key

        plane = self.context.connected.control
        match what:
            case Member():
                await remove_member(plane, self.workspace.id, what.id)
                said = f"{guard(what.email)} is no member any more."
            case Invite() if self._inviting is not None:
                await revoke_invite(plane, self._inviting, what.id)
                said = f"Revoked the invite of {guard(what.email)}; the link opens nothing any more."
            case ApiKey():
                await revoke_key(plane, self.workspace.id if what.role else None, what.id)
                said = f"Revoked {guard(what.name)}; it ends within 2 s."
            case _:
                return
        await self.reload()
        self.say(said)
