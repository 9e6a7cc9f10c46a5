"""The way out of a region for alerts: to mail servers and webhooks that its people chose, guarded (Security: 14).

Knows nothing of workspaces, runs or HTTP routes. With `data_plane.link` the only code of a region that calls somebody.
"""

from planes.data_plane.delivery.destinations import AllowedDestinations, Denied, check_host
from planes.data_plane.delivery.mail import Mail, MailServer, send_mail
from planes.data_plane.delivery.outcomes import Outcome, Verdict
from planes.data_plane.delivery.webhooks import Post, Webhooks, host_of, key_of

__all__ = [
    "AllowedDestinations",
    "Denied",
    "Mail",
    "MailServer",
    "Outcome",
    "Post",
    "Verdict",
    "Webhooks",
    "check_host",
    "host_of",
    "key_of",
    "send_mail",
]
