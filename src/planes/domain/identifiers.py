"""Names of things: every id is a UUID in text form, but for data planes, which have short ids such as `eu1`."""

import re
import uuid
from typing import NewType

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
OrganizationId = NewType("OrganizationId", str)
MembershipId = NewType("MembershipId", str)
WorkspaceId = NewType("WorkspaceId", str)
DataPlaneId = NewType("DataPlaneId", str)
DeploymentId = NewType("DeploymentId", str)
ConfigurationId = NewType("ConfigurationId", str)
JobId = NewType("JobId", str)
JobVersionId = NewType("JobVersionId", str)
RunId = NewType("RunId", str)

_DATA_PLANE_ID = re.compile(r"[a-z]{2,12}[0-9]{0,3}")


def new_id() -> str:
    """A random UUID (version 4) in text form."""
    return str(uuid.uuid4())


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its canonical form, the only one that paths and bodies take."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def is_data_plane_id(text: str) -> bool:
    """Whether the text can name a data plane: letters, then up to three digits, such as `eu1`."""
    return _DATA_PLANE_ID.fullmatch(text) is not None
