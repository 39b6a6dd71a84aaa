"""Create for an input that is at the provider already: mitmproxy makes the provider's create call itself, and
the job is then followed like any other.

The job is stored before the call goes out, with the intent to create its batch. Whatever leaves open whether
the batch was made, or may pass, hands the job to the runner, which looks for the batch by its marker before
it creates one. So no answer of this Create leaves it open whether the job runs, and none makes two batches.
"""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from addon.jobs.async_store import AsyncStore
from addon.jobs.tables import Job
from addon.proxy.admission import Admission, Caller
from addon.proxy.operations import Operations, Submitter
from addon.proxy.provider_flows import Call
from translators.bedrock import jobs
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.jobs import ProviderFile
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Marker, Submission


class FileJobs:
    """Makes jobs of files at providers."""

    def __init__(
        self,
        admission: Admission,
        operations: Operations,
        store: AsyncStore,
        runner: Submitter,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` gives UTC without a zone."""
        self._admission = admission
        self._operations = operations
        self._store = store
        self._runner = runner
        self._clock = clock

    async def create(self, body: bytes, caller: Caller, file: ProviderFile) -> tuple[Job, Call[Batch] | None]:
        """The stored job and the call that makes its batch; no call for a job that an earlier one was to
        make. Raises `AwsError`."""
        caller = replace(caller, fallbacks=())  # the file is nowhere else
        target, endpoint = await self._admission.endpoint(caller)
        if not target.provider.takes_files or target.section.mode == "direct":
            raise AwsError(
                "ValidationException",
                f"{target.name!r} makes no batches of files that are there already: leave out the tags "
                "file_id and endpoint, and name an input in S3.",
            )
        job = await self._operations.stored(body, caller)
        if not await self._store.intend(job.id, file.id, self._clock()):
            await self._hand_over(job)
            return job, None
        submission = Submission(
            marker=Marker(job=job.id, shard=0, round=0),
            model=job.model,
            group=file.endpoint,
            lines=0,
            input_id=file.id,
        )

        async def made(batch: Batch, _: bytes) -> bytes:
            await self._store.change_batch(job.id, 0, 0, batch_id=batch.id, raw_status=batch.raw_status)
            return await self._hand_over(job)

        async def refused(error: ProviderError) -> None:
            words = f"{target.name} answered {error.status}: {error.message}"
            await self._store.end(job.id, "Failed", self._clock(), words)
            await self._store.free_token(job.id)  # the caller was told, and may try again

        async def unsettled() -> bytes:
            return await self._hand_over(job)

        return job, Call(
            provider=target.name,
            secrets=endpoint.headers,
            conversation=target.provider.batches.create(endpoint, submission, io.BytesIO()),
            answered=made,
            refused=refused,
            unsettled=unsettled,
        )

    async def _hand_over(self, job: Job) -> bytes:
        if job.status not in jobs.TERMINAL:
            await self._runner.submit(job.id)
        return json.dumps({"jobArn": job.arn}).encode()
