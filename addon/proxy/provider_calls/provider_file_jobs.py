"""Create for an input file that is at the provider already: the flow becomes the provider's create call.

The job is stored before the call, with the intent to create its batch. After an unknown outcome or a
transient error the runner takes the job over and looks for the batch by its marker before it creates one. So
every response of this Create is definite, and none leads to two batches.
"""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from addon.jobs import timeline
from addon.jobs.batches.create import MARGIN
from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.tables import Job
from addon.providers.deadlines import Deadline
from addon.proxy.admission import Admission, Caller
from addon.proxy.operations import JobRunner, Operations
from addon.proxy.provider_calls.provider_flows import ProviderCall
from translators.bedrock import jobs
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.jobs import ProviderFile
from translators.bedrock.model_ids import is_plain_name
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission


class ProviderFileJobs:
    """Creates jobs for files at providers."""

    def __init__(
        self,
        admission: Admission,
        operations: Operations,
        store: AsyncStore,
        runner: JobRunner,
        clock: Callable[[], datetime],
        *,
        executor: str,
        limit: float,
    ) -> None:
        """`clock` gives UTC without a zone; `limit` are the seconds in which a call may leave this
        process."""
        self._executor = executor
        self._limit = limit
        self._admission = admission
        self._operations = operations
        self._store = store
        self._runner = runner
        self._clock = clock

    async def create(
        self, body: bytes, caller: Caller, file: ProviderFile
    ) -> tuple[Job, ProviderCall[Batch] | None]:
        """The stored job and the call that creates its batch; no call where an earlier Create made it.

        Raises `AwsError`.
        """
        for tag, value in (("file_id", file.id), ("endpoint", file.endpoint)):
            if not is_plain_name(value):
                raise AwsError("ValidationException", f"tag {tag}: {value!r} has a blank in it")
        caller = replace(caller, fallbacks=())  # the file is nowhere else
        target, endpoint = await self._admission.endpoint(caller)
        if not target.provider.takes_files or target.section.mode == "direct":
            raise AwsError(
                "ValidationException",
                f"{target.name!r} makes no batches of files that are there already: leave out the tags "
                "file_id and endpoint, and name an input in S3.",
            )
        job = await self._operations.stored(body, caller)
        owner = f"{self._executor}/{uuid4().hex}"
        deadline = Deadline(self._limit)
        claim = await self._store.claim_batch(job.id, 0, 0, owner, self._limit * MARGIN, input_id=file.id)
        if not claim.granted or claim.row.lost is not None:
            # another call has made it or is about to, or this one's predecessor left it open
            await self._store.release_claim(claim.row, owner)
            await self._hand_over(job)
            return job, None
        submission = Submission(
            marker=Marker(job=job.id, shard=0, round=0),
            model=job.model,
            group=file.endpoint,
            lines=0,
            input_id=file.id,
        )

        async def created(batch: Batch, _: bytes) -> bytes:
            await self._store.created_batch(claim.row, batch.id, batch.raw_status)
            text = f"{batch.raw_status}: created with the marker {submission.marker}"
            await self._note(job, text, batch.id)
            return await self._hand_over(job)

        async def refused(error: ProviderError) -> None:
            words = f"{target.name} answered {error.status}: {error.message}"
            await self._store.release_claim(claim.row, owner, creation="refused")
            await self._store.end(job.id, "Failed", self._clock(), words)
            await self._store.free_token(job.id)  # the caller gets the error and may retry

        async def unsettled() -> bytes:
            await self._store.release_claim(claim.row, owner, lost=True)
            await self._note(job, "its answer was lost, or an error that passes")
            return await self._hand_over(job)

        return job, ProviderCall(
            provider=target.name,
            secrets=endpoint.headers,
            deadline=deadline,
            conversation=target.provider.batches.create(endpoint, submission, io.BytesIO()),
            response=created,
            on_refusal=refused,
            response_if_unsettled=unsettled,
        )

    async def _note(self, job: Job, text: str, batch: str | None = None) -> None:
        await timeline.write(self._store, job.id, "create", text, self._clock(), shard=0, batch=batch)

    async def _hand_over(self, job: Job) -> bytes:
        if job.status not in jobs.TERMINAL:
            await self._runner.submit(job.id)
        return json.dumps({"jobArn": job.arn}).encode()
