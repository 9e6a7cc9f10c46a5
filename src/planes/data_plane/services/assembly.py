"""Every service of a data plane, built from its parts."""

from __future__ import annotations

from dataclasses import dataclass

from planes.data_plane.services.access.credentials import Credentials
from planes.data_plane.services.access.enrolment import Enrolment
from planes.data_plane.services.access.residency import Residency
from planes.data_plane.services.access.revocations import Revocations
from planes.data_plane.services.alerts.alert_delivery import AlertDelivery, DeliverySettings
from planes.data_plane.services.alerts.alert_queue import AlertQueue
from planes.data_plane.services.alerts.alerts import Alerts
from planes.data_plane.services.alerts.mail_servers import MailServers
from planes.data_plane.services.app_visits import AppVisits
from planes.data_plane.services.audit import Audit
from planes.data_plane.services.holdings import Holdings
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.scrubbing.examining import Examining
from planes.data_plane.services.scrubbing.hits import Hits
from planes.data_plane.services.scrubbing.leaks import Leaks
from planes.data_plane.services.scrubbing.rescrubbing import Rescrubbing
from planes.data_plane.services.scrubbing.scrub_settings import WorkspaceScrubbing
from planes.data_plane.services.secrets.rescrub_requests import RescrubRequests
from planes.data_plane.services.secrets.variables import Variables
from planes.data_plane.services.upkeep.environments import Environments
from planes.data_plane.services.upkeep.housekeeping import Housekeeping
from planes.data_plane.services.uploads.code_trees import CodeTrees
from planes.data_plane.services.uploads.configurations import Configurations
from planes.data_plane.services.uploads.leftovers import Leftovers
from planes.data_plane.services.uploads.listings import Listings
from planes.data_plane.services.uploads.uploads import Uploads
from planes.data_plane.services.webhook_calls import WebhookCalls
from planes.data_plane.services.webhooks import Webhooks
from planes.domain.retention import Retention


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What routes and the worker call."""

    parts: Parts
    audit: Audit
    revocations: Revocations
    residency: Residency
    credentials: Credentials
    app_visits: AppVisits
    enrolment: Enrolment
    environments: Environments
    uploads: Uploads
    leftovers: Leftovers
    housekeeping: Housekeeping
    listings: Listings
    variables: Variables
    code_trees: CodeTrees
    configurations: Configurations
    hits: Hits
    holdings: Holdings
    examining: Examining
    leaks: Leaks
    scrubbing: WorkspaceScrubbing
    rescrub_requests: RescrubRequests
    rescrubbing: Rescrubbing
    alert_queue: AlertQueue
    alerts: Alerts
    alert_delivery: AlertDelivery
    mail_servers: MailServers
    webhooks: Webhooks
    webhook_calls: WebhookCalls


def assemble(
    parts: Parts, join_token: str | None, delivery: DeliverySettings, retention: Retention | None = None
) -> Services:
    """Builds the services; nothing is read or written yet."""
    audit = Audit(parts)
    revocations = Revocations(parts.database, parts.dataplane_id, parts.clock)
    residency = Residency(parts)
    credentials = Credentials(parts, revocations, residency)
    alert_queue = AlertQueue(parts)
    hits = Hits(parts, alert_queue)
    mail_servers = MailServers(parts, audit, delivery.allowed)
    examining = Examining(parts, hits)
    configurations = Configurations(parts, audit)
    scrubbing = WorkspaceScrubbing(parts, audit)
    rescrub_requests = RescrubRequests(parts, audit)
    enrolment = Enrolment(parts, revocations, join_token)
    stored = Uploads(parts, audit)
    webhooks = Webhooks(parts, audit)
    kept = retention or Retention()
    return Services(
        parts=parts,
        audit=audit,
        revocations=revocations,
        residency=residency,
        credentials=credentials,
        app_visits=AppVisits(parts, credentials, revocations, audit),
        enrolment=enrolment,
        uploads=stored,
        leftovers=Leftovers(parts, stored, enrolment),
        housekeeping=Housekeeping(parts, audit, kept),
        environments=Environments(parts, audit, kept),
        listings=Listings(parts, audit),
        variables=Variables(parts, audit, rescrub_requests),
        code_trees=CodeTrees(parts),
        configurations=configurations,
        hits=hits,
        holdings=Holdings(parts, audit, kept),
        examining=examining,
        leaks=Leaks(parts, configurations),
        scrubbing=scrubbing,
        rescrub_requests=rescrub_requests,
        alert_queue=alert_queue,
        alerts=Alerts(parts, audit, delivery.allowed),
        alert_delivery=AlertDelivery(parts, audit, alert_queue, mail_servers, delivery),
        mail_servers=mail_servers,
        webhooks=webhooks,
        webhook_calls=WebhookCalls(parts, webhooks),
        rescrubbing=Rescrubbing(parts, rescrub_requests, scrubbing, examining),
    )
