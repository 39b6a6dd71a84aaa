"""Bedrock's batch operations on jobs of this proxy: from a request's bytes to a response's.

Every operation raises `AwsError` for what AWS would refuse.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.job_views import Filters, JobView
from addon.jobs.database.store import TokenReused, fingerprint
from addon.jobs.database.tables import Job
from addon.jobs.key_vault import KeyVault
from addon.proxy.admission import TAG_LIMIT, Admission, Assignment, Caller
from addon.proxy.page_tokens import DEFAULT_PAGE, place_of, token_after
from addon.proxy.provider_selection import Choice, Probe, choose
from translators.bedrock import jobs
from translators.bedrock.constraints import Tag
from translators.bedrock.jobs import (
    TERMINAL,
    AwsError,
    CreateModelInvocationJobRequest,
    JobArn,
    JobDescription,
    job_description,
    provider_file,
)

logger = logging.getLogger(__name__)


class JobRunner(Protocol):
    """Runs stored jobs."""

    async def submit(self, job_id: str) -> None:
        """Start a stored job, unless it was started before."""
        ...

    def nudge(self, job_id: str) -> None:
        """Have a running job check now whether it was stopped."""
        ...


class Operations:
    """Create, Get, List, Stop and the tag operations, for jobs created here."""

    def __init__(
        self,
        admission: Admission,
        store: AsyncStore,
        runner: JobRunner,
        keys: KeyVault,
        clock: Callable[[], datetime],
        *,
        probe: Probe,
    ) -> None:
        """`clock` returns UTC without a zone; `probe` asks providers where a request names several."""
        self._admission = replace(admission, clock=clock)
        self._store = store
        self._runner = runner
        self._keys = keys
        self._clock = clock
        self._probe = probe

    async def create(self, body: bytes, caller: Caller) -> bytes:
        """Store and start a job; a `clientRequestToken` that was used before returns its job.

        Raises `FallbackToBedrock` if all providers refuse the job and the caller names Bedrock as a fallback.
        """
        stored = await self.stored(body, caller)
        if stored.status not in TERMINAL:  # a process may have ended between storing and starting
            await self._runner.submit(stored.id)
        return _document(jobArn=stored.arn)

    async def retry(self, body: bytes, caller: Caller, retry_of: str) -> Job:
        """As `create`, a job that sends records of another one again."""
        stored = await self.stored(body, caller, retry_of=retry_of)
        if stored.status not in TERMINAL:
            await self._runner.submit(stored.id)
        return stored

    async def earlier(self, account: str, region: str, token: str) -> Job | None:
        """The job that a `clientRequestToken` created."""
        return await self._store.job_of_token(account, region, token)

    async def stored(self, body: bytes, caller: Caller, *, retry_of: str | None = None) -> Job:
        """The job of a Create request, stored and not started. Raises as `create` does."""
        request = jobs.create_request(body)
        tags = _tags(request.tags or ())
        if len(tags) > TAG_LIMIT:
            raise AwsError(
                "ServiceQuotaExceededException", f"A job can have {TAG_LIMIT} tags, not {len(tags)}."
            )
        choice = await self._choice(request, caller)
        job = self._admission.job(request, caller, choice.assignments, choice.refusals, self._now())
        job.retry_of = retry_of
        warning = self._admission.warning(choice.assignments[0])
        if warning is not None:
            logger.warning("Job %s: %s", job.id, warning)
        if provider_file(tags) is not None:
            job.request = {**job.request, "tags": [tag.model_dump() for tag in request.tags or ()]}
        return await self._add(job, tags, caller)

    async def get(self, identifier: str) -> bytes:
        """The job's description."""
        return _description(await self._created_here(jobs.job_identifier(identifier))).json_document()

    async def list(self, query: Mapping[str, str], caller: Caller) -> bytes:
        """A page of the jobs of the caller's providers."""
        asked = jobs.list_request(query)
        providers = (caller.provider, *caller.fallbacks)
        listing = fingerprint(", ".join(providers), asked.asked())
        size = DEFAULT_PAGE if asked.max_results is None else asked.max_results
        after = None if asked.next_token is None else place_of(asked.next_token, listing)
        filters = Filters(
            status=asked.status_equals,
            name_contains=asked.name_contains,
            submitted_after=asked.submit_time_after,
            submitted_before=asked.submit_time_before,
            ascending=asked.sort_order == "Ascending",
            after=after,
            limit=size + 1,
        )
        found = await self._store.views.jobs(providers, filters)
        token = token_after(found[size - 1], listing) if len(found) > size else None
        return jobs.list_document(map(_description, found[:size]), token)

    async def stop(self, identifier: str) -> bytes:
        """Request a job's end; refused, as at AWS, for a job that is over or stopping already."""
        job = await self._created_here(jobs.job_identifier(identifier))
        before = await self._store.stop(job.id, self._now())
        if before in TERMINAL or before == "Stopping":
            raise AwsError("ValidationException", f"The job {job.arn} cannot be stopped. State was: {before}")
        self._runner.nudge(job.id)
        return b""

    async def tag(self, body: bytes) -> bytes:
        """Add or change tags of a job."""
        request = jobs.tag_request(body)
        job = await self._created_here(request.resource_arn)
        if not await self._store.set_tags(job.id, _tags(request.tags), TAG_LIMIT):
            raise AwsError(
                "TooManyTagsException", f"A job can have {TAG_LIMIT} tags.", {"resourceName": job.arn}
            )
        return _document()

    async def untag(self, body: bytes) -> bytes:
        """Remove tags of a job; keys that it does not have are no error."""
        request = jobs.untag_request(body)
        job = await self._created_here(request.resource_arn)
        await self._store.remove_tags(job.id, request.tag_keys)
        return _document()

    async def list_tags(self, body: bytes) -> bytes:
        """All tags of a job."""
        job = await self._created_here(jobs.list_tags_request(body).resource_arn)
        tags = await self._store.tags(job.id)
        return _document(tags=[{"key": key, "value": value} for key, value in sorted(tags.items())])

    async def provider_of(self, identifier: str) -> str | None:
        """The provider of a job created here, by its id or ARN, percent-encoded or not; None for others."""
        try:
            job = await self._find(jobs.job_identifier(identifier))
        except AwsError:  # not of AWS's form: another service's to refuse
            return None
        return None if job is None else job.provider

    async def _created_here(self, identifier: str) -> JobView:
        job = await self._find(identifier)
        if job is None:
            raise AwsError("ResourceNotFoundException", f"There is no model invocation job {identifier!r}.")
        return job

    async def _find(self, identifier: str) -> JobView | None:
        job = await self._store.views.job(identifier[-12:])
        return job if job is not None and identifier in (job.id, job.arn) else None

    async def _choice(self, request: CreateModelInvocationJobRequest, caller: Caller) -> Choice:
        """The providers of the job; those of an earlier job with its token are not chosen again."""
        token = request.client_request_token
        if caller.fallbacks and token is not None:
            account = self._admission.account(request, caller)
            earlier = await self._store.job_of_token(account, caller.region, token)
            if earlier is not None:
                return Choice(assignments=(Assignment.of_job(earlier),))
        return await choose(self._admission, self._probe, request, caller)

    async def _add(self, job: Job, tags: dict[str, str], caller: Caller) -> Job:
        """Store the job. The caller's key is stored only for the provider that the request names first."""
        brought = caller.key if job.provider == caller.provider else None
        encrypted = None if brought is None else self._keys.encrypt(brought)
        try:
            return await self._store.add(job, tags, encrypted)
        except TokenReused as reused:
            raise AwsError("ConflictException", _conflict(reused.earlier)) from reused

    def _now(self) -> datetime:
        """Now, in the milliseconds of AWS's times, so that List filters match the times that Get shows."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _tags(tags: Iterable[Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def _conflict(earlier: Job) -> str:
    """The reason for which a token creates no second job, with the first one's description."""
    return (
        f"The clientRequestToken {earlier.client_request_token!r} was used before with other parameters, for "
        f"the job {earlier.arn}, jobName {earlier.name!r}, submitted at {jobs.timestamp(earlier.submitted)}. "
        "Use another token for each job, or none"
    )


def _description(job: JobView) -> JobDescription:
    return job_description(JobArn.parse(job.arn), job.request, job)


def _document(**members: object) -> bytes:
    return json.dumps(members).encode()
