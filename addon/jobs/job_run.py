"""One job as a step works on it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

from anyio import to_thread

from addon.jobs import kept_results, timeline
from addon.jobs.database.tables import Job, Shard, utc_now
from addon.jobs.errors import NotConfigured
from addon.jobs.key_vault import BadSecretKey
from addon.jobs.locations import Output, input_access, input_location
from addon.jobs.processes.input_reader import InputFile, Start
from addon.jobs.processes.media_store import MediaStore
from addon.jobs.processes.split import Cut, Limits
from addon.jobs.resources import Resources
from addon.jobs.spool import Spool
from addon.jobs.timeline import Kind
from addon.providers.credentials import NoKey, masked_words, provider_endpoint
from addon.providers.google_auth import CredentialsRefused
from addon.settings.config import NoAddress, Target
from addon.storage.s3 import InputObject
from translators.bedrock.jobs import TERMINAL
from translators.errors import ProviderError
from translators.providers.conversation import Batches, Endpoint
from translators.providers.registry import UnknownProvider
from translators.translation import Route


class InputSource(Protocol):
    """The source of a job's records."""

    at_provider: bool
    """The provider holds the lines: none is uploaded, and none is sent again."""

    def described(self, job: Job) -> list[dict[str, Any]]:
        """The input objects as reports show them: uri, bytes, records."""

    async def plan(self, run: "JobRun") -> None:
        """Fetch and check the input, and store the job's shards. Raises `JobFailed` if it is unusable."""

    async def fetch(self, run: "JobRun", entry: InputObject, path: Path) -> None:
        """Write an input object's records to a file. Raises `JobFailed` if it is gone or changed."""

    async def label(self, run: "JobRun", results: list[Path]) -> None:
        """Give rows of result files the custom ids that this job's records have."""

    async def abandon(self, run: "JobRun") -> None:
        """Cancel a batch that exists although the job ends before its batches are watched."""


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """A job, its provider, its files, and the process's resources to work on them.

    The job's columns are those of the moment at which it was read; `reload` reads them again.
    """

    resources: Resources
    job: Job
    source: InputSource
    secrets: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """The headers with keys that were used for the job since it was read."""
    folder: Path | None = None
    """Another place for its files than the spool."""

    @property
    def id(self) -> str:
        return self.job.id

    async def reload(self) -> Self:
        return replace(self, job=await self.resources.job(self.id))

    @cached_property
    def target(self) -> Target:
        """The job's provider, with the dialect and mode that its section had when the job was created.

        Raises `NotConfigured` if the section is gone.
        """
        job = self.job
        try:
            target = self.resources.config.target(job.provider)
        except UnknownProvider as error:
            raise NotConfigured(str(error)) from error
        begun = {"kind": job.kind, "endpoint": job.endpoint, "mode": job.mode}
        return replace(target, section=target.section.model_copy(update=begun))

    @property
    def batches(self) -> Batches:
        """The provider's batch API. Raises `NotConfigured`."""
        return self.target.provider.batches

    async def endpoint(self) -> Endpoint:
        """The provider's address, and headers with the caller's key or else the configured one.

        Raises `NotConfigured`; where this machine's credentials replace a key, `ProviderError` if they are
        refused, `TokenUnavailable`.
        """
        resources = self.resources
        encrypted = await resources.store.encrypted_key(self.id)
        if encrypted is None and self.job.brought_key:
            raise NotConfigured("the key that its caller brought was deleted when it ended")
        try:
            key = None if encrypted is None else resources.keys.decrypt(encrypted)
            endpoint = await provider_endpoint(self.target, key, resources.google)
        except (NoAddress, BadSecretKey) as error:
            raise NotConfigured(str(error)) from error
        except NoKey as error:
            raise NotConfigured(f"no key for {self.job.provider}: {error}") from error
        except CredentialsRefused as error:
            raise ProviderError(401, str(error)) from error
        self.secrets.update(endpoint.headers)
        return endpoint

    @property
    def has_undelivered_results(self) -> bool:
        """Whether the job ended with results that could not be written to S3."""
        return self.job.status == "Failed" and self.job.succeeded > 0

    @property
    def keeps_leftovers(self) -> bool:
        """Whether the job's files stay at the provider."""
        return self.has_undelivered_results or self.resources.config.jobs.keep_provider_files

    @property
    def limits(self) -> Limits:
        return Limits(requests=self.target.max_requests, bytes=self.target.max_bytes)

    @property
    def route(self) -> Route:
        job = self.job
        return Route(
            model_id=job.request["modelId"],
            invocation_type=job.request.get("modelInvocationType") or "InvokeModel",
            provider=job.kind,
            model=job.model,
            endpoint=job.endpoint,
            rules=self.target.overrides,
        )

    def report_of_model(self, records: int) -> dict[str, dict[str, object]]:
        """The entry in the job's report for a model that retires soon."""
        when = self.target.retires_soon(self.job.model, utc_now().date())
        if when is None:
            return {}
        return {f"{self.job.provider}'s {self.job.model} {when}": {"count": records, "example": None}}

    @property
    def media(self) -> MediaStore:
        """The media in S3 that the job's records name."""
        s3, most = self.resources.s3, min(self.target.provider.max_media, self.limits.bytes)
        return MediaStore(
            section=s3.section,
            own=s3.own,
            access=input_access(self.job),
            folder=self.spool.media,
            most_bytes=most,
        )

    @property
    def spool(self) -> Spool:
        return Spool.of(self.folder or self.resources.spool / self.id, self.job.attempt)

    @property
    def output(self) -> Output:
        return Output(self.job)

    async def inputs(self) -> tuple[InputFile, ...]:
        """The job's input in the spool, fetched if this machine does not have it. Raises `JobFailed`."""
        return await self.fetched(
            [
                InputObject(key=entry["key"], size=entry["size"], etag=entry["etag"])
                for entry in self.job.inputs
            ]
        )

    async def fetched(self, objects: list[InputObject]) -> tuple[InputFile, ...]:
        """Copies of input objects in the spool. Raises `JobFailed` if one is gone or changed."""
        bucket = input_location(self.job).bucket
        files = [
            InputFile(self.spool.input(index), f"s3://{bucket}/{entry.key}")
            for index, entry in enumerate(objects)
        ]
        claimed = False
        for file, entry in zip(files, objects, strict=True):
            if await to_thread.run_sync(_is_whole, file.path, entry.size):
                continue
            if not claimed:
                await self._claim_room(sum(entry.size for entry in objects))
                claimed = True
            async with self.resources.downloads:
                await self.source.fetch(self, entry, file.path)
        return tuple(files)

    async def _claim_room(self, size: int) -> None:
        """Raises `OSError` while the disk has no room for the job's files; those that it has go, and before
        them the results of jobs that are over."""
        claim = self.resources.disk.claim
        running = await self.resources.store.unfinished()
        try:
            try:
                await to_thread.run_sync(claim, self.id, size, running)
            except OSError:
                if not await kept_results.remove(self.resources, ended_before=utc_now()):
                    raise
                await to_thread.run_sync(claim, self.id, size, running)
        except OSError:
            await to_thread.run_sync(self.spool.remove)
            raise

    def is_over(self) -> bool:
        """Whether the job must start nothing new: stopped, timed out or ended."""
        return self.job.stop_requested or self.job.status in TERMINAL or self.is_late()

    def is_late(self, *, grace_hours: float = 0) -> bool:
        """Whether the job was stopped, timed out or ended so long ago."""
        job = self.job
        over = min(filter(None, (job.deadline, job.stopped, job.ended)))
        return utc_now() >= over + self.hours(grace_hours)

    def until_deadline(self, seconds: float) -> float:
        """Seconds, fewer if the job times out before."""
        left = (self.job.deadline - utc_now()).total_seconds()
        return seconds if left <= 0 else min(seconds, left + 0.01)

    def hours(self, count: float) -> timedelta:
        """Hours, of the length that is configured."""
        return timedelta(seconds=count * self.resources.config.jobs.seconds_per_hour)

    async def show_waiting(self, reason: str | None) -> None:
        """Store what the job is waiting for; None when it no longer waits."""
        waiting = None if reason is None else self.masked(reason)
        await self.resources.store.change(self.id, utc_now(), waiting=waiting)

    async def refuse(self, shard: Shard, message: str, status: int) -> None:
        """Store why the provider has no results for a shard, and the HTTP status."""
        await self.resources.store.refuse(shard, self.masked(message), status)

    async def note(
        self, kind: Kind, text: str, *, shard: int | None = None, batch: str | None = None, times: int = 1
    ) -> None:
        """Add an entry to the job's timeline; the text may be in the provider's words."""
        store, masked = self.resources.store, self.masked(text)
        await timeline.write(store, self.id, kind, masked, utc_now(), shard=shard, batch=batch, times=times)

    def masked(self, words: str) -> str:
        """A provider's words without the keys that were used for the job."""
        return masked_words(words, self.secrets)


def shard_of(job_id: str, number: int, cut: Cut, *, leads: bool) -> Shard:
    """The row of a shard."""
    return Shard(
        job_id=job_id,
        number=number,
        first_record=cut.start.record,
        records=cut.records,
        group=cut.group,
        leads=leads,
        lines=cut.lines,
        object=cut.start.object,
        offset=cut.start.offset,
        line_number=cut.start.line_number,
    )


def cut_of(shard: Shard) -> Cut:
    """The range of records that a shard's row covers."""
    return Cut(
        start=Start(
            record=shard.first_record,
            object=shard.object,
            offset=shard.offset,
            line_number=shard.line_number,
        ),
        records=shard.records,
        lines=shard.lines,
        group=shard.group,
    )


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
