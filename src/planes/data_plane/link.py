"""HTTP client of a data plane to the control plane (Borders: 1).

With `delivery`, which sends alerts, the only way out of a region.

Every call but enrolment carries a proof signed by the plane's own key. Foreign exceptions end here: what does not
answer is `Unavailable`, a refusal is the error class of its status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from planes.certificates import find_tls_error, nobody, trusted, words_of
from planes.domain.clock import Clock
from planes.domain.errors import (
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PlaneError,
    Unavailable,
)
from planes.tokens.keys import SigningKey
from planes.tokens.link_proof import sign_call
from planes.wire.clocks import differ
from planes.wire.deployments import ConfigurationResponse, RecordedDeployment
from planes.wire.key_changes import KeyChange
from planes.wire.link import (
    ConfigurationReport,
    DeploymentReport,
    EndedRunRequest,
    EndedRunResponse,
    EnrolRequest,
    EnrolResponse,
    KeyChangesRequest,
    MemberIds,
    MembersResponse,
    PipelineRunReport,
    PollRequest,
    PollResponse,
    PublicLinkRequest,
    PublicLinkResponse,
    RedeemSwapCodeResponse,
    RunTokenRequest,
    RunTokenResponse,
    StatusReport,
    SwapCodeRequest,
    VersionIds,
    WebhookJobRequest,
    WebhookJobResponse,
    WebhookRunRequest,
    WebhookRunResponse,
)

POLL_TIMEOUT_SECONDS = 35.0
_LONGEST_POLL_SECONDS = 90.0
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 15.0
_LONGEST_ANSWER_SECONDS = 60.0
_TIMEOUT = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
_REFUSALS: dict[int, type[PlaneError]] = {
    400: InvalidRequest, 401: NotAuthenticated, 403: NotAllowed, 404: NotFound, 409: Conflict,
}  # fmt: skip
_NOT_RECOGNISED = "call_not_authenticated"
_Answer = TypeVar("_Answer", bound=BaseModel)


class Unanswered(Unavailable):
    """The call was sent and no answer came: the control plane may or may not have acted on it."""


class Patience:
    """How long an answer is waited for where the same is said until it is heard.

    It doubles with each answer that did not come in time, until one comes in the first time again: a way that is always
    slow would hold what is said there for good.
    """

    def __init__(self, first_seconds: float, longest_seconds: float) -> None:
        self._first = self.seconds = first_seconds
        self._longest = longest_seconds

    def missed(self) -> None:
        """No answer came in time."""
        self.seconds = min(self.seconds * 2, self._longest)

    def answered(self, took_seconds: float) -> None:
        """An answer came, after so long."""
        self.seconds = self._first if took_seconds < self._first else min(took_seconds * 2, self._longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAddress:
    """Who speaks to whom. `control_plane_url` and `public_url` have no trailing slash."""

    dataplane_id: str
    region: str
    public_url: str
    control_plane_url: str


class Link:
    """Signed calls to the control plane. Use as an async context manager, or call `aclose`."""

    def __init__(
        self,
        address: LinkAddress,
        key: SigningKey,
        clock: Clock,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = address
        self._key = key
        self._clock = clock
        self._poll_patience = Patience(POLL_TIMEOUT_SECONDS, _LONGEST_POLL_SECONDS)
        self._report_patience = Patience(_ANSWER_SECONDS, _LONGEST_ANSWER_SECONDS)
        # The control plane's address is configured; a redirect or a proxy would lead elsewhere.
        self._client = httpx.AsyncClient(
            base_url=address.control_plane_url,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            verify=nobody() if address.control_plane_url.startswith("http://") else trusted(),
            transport=transport,
            limits=httpx.Limits(max_connections=32, keepalive_expiry=30.0),
        )

    async def enrol(self, join_token: str) -> EnrolResponse:
        """Makes this plane known with its public key; the join token is spent by it.

        Raises: Unavailable, NotAuthenticated (the token), Conflict.
        """
        request = EnrolRequest(
            join_token=join_token,
            dataplane_id=self._address.dataplane_id,
            region=self._address.region,
            public_key=self._key.public.text,
            url=self._address.public_url,
        )
        body = request.model_dump_json().encode()
        return _parse(EnrolResponse, await self._send("POST", "/link/v1/-enrol", body, signed=False))

    async def tell_key_changes(self, changes: Sequence[KeyChange]) -> None:
        """Says how this plane's key came in the place of the one that may be known. May run twice.

        Raises: Unavailable, NotAuthenticated when no change leads from the known key, NotFound by a control plane of
        a version that cannot follow.
        """
        request = KeyChangesRequest(dataplane_id=self._address.dataplane_id, changes=list(changes))
        await self._call("POST", "/link/v1/-change-key", request)

    async def poll(self, request: PollRequest) -> PollResponse:
        """Waits for news, at most as long as the control plane holds a poll.

        Raises: Unavailable.
        """
        return _parse(PollResponse, await self._call("POST", "/link/v1/-poll", request, self._poll_patience))

    async def report_status(self, run_id: str, report: StatusReport) -> None:
        """What became of a run. May run twice.

        Raises: Conflict when the fence is stale, Unavailable.
        """
        await self._call("PUT", f"/link/v1/runs/{run_id}/status", report, self._report_patience)

    async def issue_run_token(self, run_id: str, fence: int) -> RunTokenResponse:
        """The run's credential at the control plane.

        Raises: Conflict when the fence is stale, Unavailable.
        """
        answer = await self._call("POST", f"/link/v1/runs/{run_id}/-issue-token", RunTokenRequest(fence=fence))
        return _parse(RunTokenResponse, answer)

    async def has_ended(self, workspace_id: str, run_id: str) -> bool:
        """Whether this is a run of that workspace which has ended.

        Raises: NotFound by a control plane of a version that cannot say it, Unavailable.
        """
        try:
            request = EndedRunRequest(workspace_id=workspace_id, run_id=run_id)
        except ValidationError:
            return False  # there is no such run
        return _parse(EndedRunResponse, await self._call("POST", "/link/v1/-find-ended-run", request)).has_ended

    async def redeem_swap_code(self, code: str, workspace_id: str, job_id: str | None) -> RedeemSwapCodeResponse:
        """Signs in whoever brought the code, once, for one workspace of this plane; starts the job if it does not run.

        Raises: NotAuthenticated (the code), NotFound, NotAllowed, InvalidRequest, Unavailable.
        """
        try:
            request = SwapCodeRequest(code=code, workspace_id=workspace_id, job_id=job_id)
        except ValidationError as exc:
            raise NotFound("not_found", "There is no such app.") from exc
        return _parse(RedeemSwapCodeResponse, await self._call("POST", "/link/v1/swap-codes/-redeem", request))

    async def find_public_link(self, secret: str) -> PublicLinkResponse:
        """The published job behind a secret address.

        Raises: NotFound, Unavailable.
        """
        request = PublicLinkRequest(secret=secret)
        return _parse(PublicLinkResponse, await self._call("POST", "/link/v1/public-links/-find", request))

    async def find_webhook_job(self, workspace_id: str, job_id: str) -> WebhookJobResponse:
        """The triggers of a job by which a webhook may start it.

        Raises: NotFound, NotAllowed, Unavailable.
        """
        try:
            request = WebhookJobRequest(workspace_id=workspace_id, job_id=job_id)
        except ValidationError as exc:
            raise NotFound("job_not_found", "There is no such job in this workspace.") from exc
        return _parse(WebhookJobResponse, await self._call("POST", "/link/v1/webhooks/-find-job", request))

    async def start_webhook_run(self, request: WebhookRunRequest) -> WebhookRunResponse:
        """Asks for the run of a call. May run twice.

        Raises: NotFound, NotAllowed, Conflict, Unavailable.
        """
        return _parse(WebhookRunResponse, await self._call("POST", "/link/v1/webhooks/-start", request))

    async def report_deployment(self, deployment_id: str, report: DeploymentReport) -> RecordedDeployment:
        """Writes a deployment back; the control plane gives it a version. May run twice.

        Raises: Unavailable, Unanswered.
        """
        answer = await self._call("PUT", f"/link/v1/deployments/{deployment_id}", report)
        return _parse(RecordedDeployment, answer)

    async def report_configuration(self, configuration_id: str, report: ConfigurationReport) -> ConfigurationResponse:
        """Writes a configuration back; the control plane gives it a version. May run twice.

        Raises: Unavailable, Unanswered.
        """
        answer = await self._call("PUT", f"/link/v1/configurations/{configuration_id}", report)
        return _parse(ConfigurationResponse, answer)

    async def find_members(self, asked: MemberIds) -> MembersResponse:
        """Addresses of those who see the workspace now.

        Raises: Unavailable, NotAllowed.
        """
        return _parse(MembersResponse, await self._call("POST", "/link/v1/-find-members", asked))

    async def find_versions(self, asked: VersionIds) -> VersionIds:
        """Which of these uploads are versions there.

        Raises: Unavailable.
        """
        return _parse(VersionIds, await self._call("POST", "/link/v1/-find-versions", asked))

    async def report_pipeline_run(self, run_id: str, pipeline_run_id: str, report: PipelineRunReport) -> None:
        """Names and counts of a pipeline run. May run twice.

        Raises: Conflict when the fence is stale, Unavailable.
        """
        path = f"/link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}"
        await self._call("PUT", path, report, self._report_patience)

    async def aclose(self) -> None:
        """Closes the connections. May run twice."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _call(
        self, method: str, path: str, request: BaseModel, patience: Patience | None = None
    ) -> httpx.Response:
        body = request.model_dump_json().encode()
        if patience is None:
            return await self._send(method, path, body)
        asked_at = self._clock.monotonic()
        try:
            answer = await self._send(
                method, path, body, timeout=httpx.Timeout(patience.seconds, connect=_CONNECT_SECONDS)
            )
        except Unanswered as exc:
            if isinstance(exc.__cause__, httpx.TimeoutException):
                patience.missed()
            raise
        patience.answered(self._clock.monotonic() - asked_at)
        return answer

    async def _send(
        self, method: str, path: str, body: bytes, *, signed: bool = True, timeout: httpx.Timeout | None = None
    ) -> httpx.Response:
        headers = {"content-type": "application/json"}
        if signed:
            proof = sign_call(self._key, self._address.dataplane_id, method, path, body, self._clock.now())
            headers["authorization"] = f"Bearer {proof}"
        try:
            answer = await self._client.request(
                method, path, content=body, headers=headers, timeout=timeout or httpx.USE_CLIENT_DEFAULT
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise Unavailable("control_plane_unreachable", _why_unreachable(exc)) from exc
        except httpx.HTTPError as exc:
            raise Unanswered("control_plane_unreachable", "The control plane did not answer.") from exc
        if answer.status_code >= 300:
            raise _refusal(answer, self._clock.now())
        return answer


def _why_unreachable(error: httpx.HTTPError) -> str:
    found = find_tls_error(error)
    why = "" if found is None else f": {words_of(found)}"
    return f"The control plane does not answer{why}."


def _refusal(answer: httpx.Response, now: datetime) -> PlaneError:
    """What does not speak as the control plane does is not it: a proxy on the way decides about no run.

    That this plane is not recognised, as while clocks differ, is not about what it says, nor about who asked it to.
    """
    found = _REFUSALS.get(answer.status_code)
    if found is None:
        return Unavailable("control_plane_failed", f"The control plane answered {answer.status_code}.")
    try:
        body: Any = answer.json()
        code, detail = str(body["code"])[:100], f"{str(body['detail'])[:500]}{_clock_words(answer, now)}"
    except (ValueError, KeyError, TypeError):
        return Unavailable(
            "control_plane_failed",
            f"At the control plane's address something else answered {answer.status_code}: a proxy on the way?",
        )
    if code == _NOT_RECOGNISED:
        return Unavailable(code, f"The control plane does not recognise this region. {detail}")
    return found(code, detail)


def _clock_words(answer: httpx.Response, now: datetime) -> str:
    """That the clocks differ by more than a signed call may be old, for whoever wonders why it is refused."""
    apart = differ(answer.headers.get("date"), now) if answer.status_code == HTTPStatus.UNAUTHORIZED else ""
    return f" The clock of this machine is {apart} the control plane's." if apart else ""


def _parse(model: type[_Answer], answer: httpx.Response) -> _Answer:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as exc:
        raise Unavailable("control_plane_failed", "The control plane's answer is not understood.") from exc
