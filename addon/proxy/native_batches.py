"""Operations on batches that were made at a provider without us: what its batch API is asked, and how its
answer reads in Bedrock's terms."""

from addon.proxy.admission import Admission, Caller
from addon.proxy.provider_flows import Call
from translators.bedrock import native_jobs
from translators.bedrock.native_jobs import NativeBatch
from translators.providers.batch_details import batch_details
from translators.providers.conversation import Batch


class Native:
    """Get and Stop by a provider's own id. Both raise `AwsError` for what AWS would refuse."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def get(self, batch_id: str, caller: Caller) -> Call[Batch]:
        """How the batch stands."""
        target, endpoint = await self._admission.endpoint(caller)

        async def answered(batch: Batch, body: bytes) -> bytes:
            return native_jobs.description(_native(target.name, batch, body), caller.region)

        return Call(
            provider=target.name,
            secrets=endpoint.headers,
            conversation=target.provider.batches.retrieve(endpoint, batch_id),
            answered=answered,
        )

    async def stop(self, batch_id: str, caller: Caller) -> Call[Batch]:
        """Ask for the batch's end."""
        target, endpoint = await self._admission.endpoint(caller)

        async def answered(batch: Batch, body: bytes) -> bytes:
            return native_jobs.stopped(_native(target.name, batch, body))

        return Call(
            provider=target.name,
            secrets=endpoint.headers,
            conversation=target.provider.batches.cancel(endpoint, batch_id),
            answered=answered,
        )


def _native(provider: str, batch: Batch, body: bytes) -> NativeBatch:
    details = batch_details(body)
    return NativeBatch(
        provider=provider,
        id=batch.id,
        state=batch.state,
        raw_status=batch.raw_status,
        total=batch.total,
        succeeded=batch.succeeded,
        failed=batch.failed,
        errors=batch.errors,
        result_files=batch.result_files,
        created=details.created,
        ended=details.ended,
        expires=details.expires,
        model=details.model,
        input_id=details.input_id,
    )
