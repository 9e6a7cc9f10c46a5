"""The lists of `dlthub-tui admin`: accounts, organizations, data planes, API keys."""

from __future__ import annotations

from dlthub_tui.cli.administering import Listing, administer_list
from dlthub_tui.cli.options import Home, Json
from dlthub_tui.cli.tables import local
from dlthub_tui.client import administration
from dlthub_tui.client.reading import Fields
from dlthub_tui.settings import find_home


def _state(plane: Fields) -> str:
    if plane.maybe_moment("enrolled_at") is None:
        return "not joined"
    reached = "answers" if plane.flag("is_reachable") else "silent"
    return reached if plane.maybe_moment("drained_at") is None else f"{reached}, drained"


_USERS = Listing(
    keys=("user_id", "email", "name", "is_administrator", "is_vouched", "has_password", "created_at"),
    columns={
        "EMAIL": lambda user: user.text("email"),
        "NAME": lambda user: user.maybe_text("name") or "-",
        "ADMINISTRATOR": lambda user: "yes" if user.flag("is_administrator") else "-",
        "PASSWORD": lambda user: "yes" if user.flag("has_password") else "-",
        "SINCE": lambda user: local(user.moment("created_at")),
        "ID": lambda user: user.text("user_id"),
    },
    order=lambda user: user["email"].casefold(),
    empty="Nobody has an account. To make one: dlthub-tui admin user add EMAIL",
)
_ORGANIZATIONS = Listing(
    keys=("id", "name", "description", "dataplane_id", "created_at"),
    columns={
        "ORGANIZATION": lambda organization: organization.text("name"),
        "REGION": lambda organization: organization.maybe_text("dataplane_id") or "-",
        "SINCE": lambda organization: local(organization.moment("created_at")),
        "ID": lambda organization: organization.text("id"),
    },
    order=lambda organization: (organization["name"].casefold(), organization["id"]),
    empty="There is no organization. To make one: dlthub-tui admin org create NAME --region REGION --owner EMAIL",
)
_DATA_PLANES = Listing(
    keys=(
        "dataplane_id", "name", "place", "url", "fingerprint", "enrolled_at", "last_seen_at", "is_reachable",
        "drained_at",
    ),
    columns={
        "REGION": lambda plane: plane.text("dataplane_id"),
        "PLACE": lambda plane: plane.text("place"),
        "STATE": _state,
        "LAST SEEN": lambda plane: local(plane.maybe_moment("last_seen_at")),
        "URL": lambda plane: plane.maybe_text("url") or "-",
    },
    order=lambda plane: plane["dataplane_id"],
    empty="No data plane is known. To make one known: dlthub-tui admin data-plane add REGION --place PLACE",
)  # fmt: skip
_API_KEYS = Listing(
    keys=(
        "id", "name", "user_id", "email", "workspace_id", "workspace_name", "role", "created_at", "expires_at",
        "last_used_at",
    ),
    columns={
        "ID": lambda key: key.text("id"),
        "OF": lambda key: key.maybe_text("email") or f"workspace {key.text('workspace_name')}",
        "NAME": lambda key: key.text("name"),
        "UNTIL": lambda key: local(key.moment("expires_at")),
        "LAST USED": lambda key: local(key.maybe_moment("last_used_at")),
    },
    order=lambda key: (key["expires_at"], key["id"]),
    empty="There is no API key. To make one: dlthub-tui admin api-key create --user EMAIL",
)  # fmt: skip


def users(*, home: Home = None, as_json: Json = False) -> int:
    """List all accounts."""
    return administer_list(find_home(home), administration.list_users, _USERS, as_json=as_json)


def organizations(*, home: Home = None, as_json: Json = False) -> int:
    """List all organizations, with the region that each is locked to."""
    return administer_list(find_home(home), administration.list_organizations, _ORGANIZATIONS, as_json=as_json)


def data_planes(*, home: Home = None, as_json: Json = False) -> int:
    """List the regions: where each is, and whether it answers, is drained, or did not join yet."""
    return administer_list(find_home(home), administration.list_data_planes, _DATA_PLANES, as_json=as_json)


def api_keys(*, home: Home = None, as_json: Json = False) -> int:
    """List the API keys of everybody, and of workspaces, that work; the one that ends first on top."""
    return administer_list(find_home(home), administration.list_api_keys, _API_KEYS, as_json=as_json)
