"""Members and keys on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.client.invites import Invite
from dlthub_tui.client.members import ApiKey, Member
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.roles import CHANGES
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, accent, guard, line, muted

ROLES = ("owner", "developer", "viewer")
IMPLIES = {
    "owner": "everything, members and variables too",
    "developer": "may deploy to prod, so can read its secrets",
    "viewer": "reads; runs what has the profile access",
}
MEMBER_COLUMNS = (
    Column("Member", least=20, is_name=True),
    Column("Role", least=9),
    Column("Which means", takes_rest=True, drops=1),
)
JOINS_AS = ("collaborator", "member", "owner")
JOINING = {
    "collaborator": "this workspace only",
    "member": "makes workspaces too, sees those open to members",
    "owner": "everything in every workspace, and invites others",
}
INVITE_COLUMNS = (
    Column("Invited", takes_rest=True, least=20, is_name=True),
    Column("As", least=14),
    Column("By", least=14, drops=1),
    Column("Link ends", is_number=True, least=10),
)
KEY_COLUMNS = (
    Column("Key", takes_rest=True, least=14, is_name=True),
    Column("Acts as", least=10),
    Column("Made", is_number=True, least=10, drops=2),
    Column("Last used", is_number=True, least=11, drops=1),
    Column("Ends", is_number=True, least=10),
)
ORDERS = ("role", "name")
NEW_KEY = "new-key"


def member_row(member: Member, email: str, look: Look) -> Row:
    """One member; `email` is the reader's own."""
    name = guard(member.email)
    you = muted("  you") if member.email == email else Span("")
    cells = (line(name, you), line(member.role), line(muted(IMPLIES.get(member.role, ""))))
    glyph = look.state("completed") if member.role == "owner" else Span(" ")
    return Row(f"member/{member.id}", glyph, cells, f"{name} {member.role}")


def invite_row(invite: Invite, workspace_id: str, look: Look) -> Row:
    """Somebody who was invited and did not come yet."""
    name, role = guard(invite.email), invited_as(invite, workspace_id)
    is_over = invite.expires_at <= look.now()
    ends = Span("has ended", Role.WARN) if is_over else muted(words.moment(invite.expires_at, look))
    cells = (line(name), line(role), line(muted(guard(invite.invited_by))), line(ends))
    return Row(f"invite/{invite.id}", Span(" "), cells, f"{name} {role}", is_muted=is_over)


def invited_as(invite: Invite, workspace_id: str) -> str:
    """The role here; else the one in the organization."""
    here = invite.workspaces.get(workspace_id)
    return guard(here) if here else f"org {guard(invite.role)}"


def key_row(key: ApiKey, look: Look) -> Row:
    """One key."""
    name = guard(key.name) or "-"
    is_over = key.expires_at <= look.now()
    ends = Span("has ended", Role.WARN) if is_over else muted(words.moment(key.expires_at, look))
    cells = (
        line(name),
        line(key.role or "yourself"),
        line(muted(words.moment(key.created_at, look))),
        line(muted(words.moment(key.last_used_at, look, "never"))),
        line(ends),
    )
    kind = "workspace-key" if key.role else "own-key"
    return Row(f"{kind}/{key.id}", Span(" "), cells, f"{name} {key.role or 'yourself'}", is_muted=is_over)


def new_key_row() -> Row:
    """The last row of the keys: where another is made."""
    said = line(accent("enter"), muted(" makes a key: programs and other machines sign in with one"))
    return Row(NEW_KEY, Span("+", Role.ACCENT), (said,), "new key")


def sorted_members(members: Sequence[Member], order: str) -> list[Member]:
    """By one of `ORDERS`."""
    if order == "name":
        return sorted(members, key=lambda member: member.email)
    return sorted(members, key=lambda member: (ROLES.index(member.role) if member.role in ROLES else 9, member.email))


def answer_of(members: Sequence[Member], keys: Sequence[ApiKey]) -> Line:
    """Who may do what, in words."""
    deployers = sum(member.role in CHANGES for member in members)
    speaking = sum(key.role == "developer" for key in keys)
    who = words.plural(deployers, "person", "people") + (f" and {words.plural(speaking, 'key')}" if speaking else "")
    return (Span(f"{who} may deploy, and so read the secrets of prod."),)


def member_details(member: Member, look: Look, width: int) -> list[Line]:
    """The strip below the list."""
    name = f", {guard(member.name)}" if member.name else ""
    return [
        rule(guard(member.email), member.role, width, look),
        line("   ", f"{member.role.capitalize()}{name}: ", muted(IMPLIES.get(member.role, ""))),
        line(muted("   Removing somebody, or another role, is felt within 2 s: their tokens end.")),
    ]


def invite_details(invite: Invite, look: Look, width: int) -> list[Line]:
    """The strip below the list."""
    ends = "The link has ended" if invite.expires_at <= look.now() else "The link works once"
    return [
        rule(guard(invite.email), "invited", width, look),
        line(
            "   ", f"Joins the organization as {guard(invite.role)}, ", muted(f"invited by {guard(invite.invited_by)}.")
        ),
        line(muted(f"   {ends}. Another one can be made; the one before is dead then.")),
    ]


def key_details(key: ApiKey, look: Look, width: int) -> list[Line]:
    """The strip below the list."""
    who = f"as a {key.role} of this workspace" if key.role else "as you, everywhere you may"
    return [
        rule(guard(key.name) or "key", "key", width, look),
        line("   ", f"Acts {who}. ", muted("Its text was shown once, when it was made.")),
        line(muted("   Revoking it is felt within 2 s.")),
    ]
