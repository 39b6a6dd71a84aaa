"""Get and Stop for batches created at a provider outside this proxy, as calls of the provider's batch API."""

from addon.proxy.admission import Admission, Caller
from addon.proxy.provider_calls.provider_flows import ProviderCall
from translators.bedrock import native_jobs
from translators.bedrock.native_jobs import NativeBatch
from translators.providers.batch_details import batch_details
from translators.providers.conversation import Batch


class NativeBatches:
    """Get and Stop by a provider's batch id. Both raise `AwsError` for what AWS would refuse."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def get(self, batch_id: str, caller: Caller) -> ProviderCall[Batch]:
        """The call that retrieves the batch."""
        target, endpoint = await self._admission.endpoint(caller)

        async def response(batch: Batch, body: bytes) -> bytes:
            return native_jobs.description(_native(target.name, batch, body), caller.region)

        return ProviderCall(
            provider=target.name,
            secrets=endpoint.headers,
            conversation=target.provider.batches.retrieve(endpoint, batch_id),
            response=response,
        )

    async def stop(self, batch_id: str, caller: Caller) -> ProviderCall[Batch]:
        """The call that cancels the batch."""
        target, endpoint = await self._admission.endpoint(caller)

        async def response(batch: Batch, body: bytes) -> bytes:
            return native_jobs.stopped(_native(target.name, batch, body))

        return ProviderCall(
            provider=target.name,
            secrets=endpoint.headers,
            conversation=target.provider.batches.cancel(endpoint, batch_id),
            response=response,
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
