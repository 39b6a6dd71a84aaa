"""Chooses the provider of a job if its request names several: the first that accepts it.

Each is sent a request before Create is answered, so that Bedrock as the last fallback gets the caller's own
request while its signature is fresh. Later refusals, such as a batch that fails validation, are handled by
`addon.jobs.fallback`.
"""

from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace

import anyio

from addon.providers.retry_policy import Unreachable
from addon.providers.transport import Transport
from addon.proxy.admission import Admission, Assignment, Caller
from addon.proxy.routing import BEDROCK
from translators.bedrock.jobs import AwsError, CreateModelInvocationJobRequest
from translators.errors import ACCESS_DENIED, ProviderError
from translators.providers.conversation import Conversation, Endpoint
from translators.providers.provider import Provider

PROBE_SECONDS = 5.0
"""Seconds that a provider may take to respond before the next one is tried."""

NO_BATCH = "batch_00000000000000000000000000000000"
"""An id that no batch has: a provider that responds so accepts our key."""

type Probe = Callable[[Provider, Endpoint], Awaitable[str | None]]
"""Returns the reason for which a provider would refuse a job now; None if it would not."""


class FallbackToBedrock(Exception):
    """Every provider refuses the job, and Bedrock is its last fallback; the message is the reasons."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The providers of a job, and the refusals of others."""

    assignments: tuple[Assignment, ...]
    """Never empty; the first one runs the job, the others are its fallbacks."""
    refusals: tuple[AwsError, ...] = ()


async def choose(
    admission: Admission, probe: Probe, request: CreateModelInvocationJobRequest, caller: Caller
) -> Choice:
    """The providers of a job.

    If all refuse it, raises `FallbackToBedrock` or, where Bedrock is no fallback, `AwsError`.
    """
    if not caller.fallbacks:
        return Choice(assignments=(await admission.assignment(request, caller),))
    refusals: list[AwsError] = []
    assignments: list[Assignment] = []
    for one in _one_each(caller):
        try:
            assignment = await admission.assignment(request, one)
            if not assignments:
                await _check(admission, probe, one)
            assignments.append(assignment)
        except AwsError as refusal:
            refusals.append(refusal)
    if assignments:
        return Choice(assignments=tuple(assignments), refusals=tuple(refusals))
    reasons = "; ".join(refusal.message for refusal in refusals)
    if BEDROCK in caller.fallbacks:
        raise FallbackToBedrock(reasons)
    raise AwsError(refusals[0].error_type, reasons)


def _one_each(caller: Caller) -> list[Caller]:
    """The caller with each provider in order, and the caller's key only for the first."""
    first = replace(caller, fallbacks=())
    others = (name for name in caller.fallbacks if name != BEDROCK)
    return [first, *(replace(first, provider=name, key=None) for name in others)]


async def _check(admission: Admission, probe: Probe, caller: Caller) -> None:
    target, endpoint = await admission.endpoint(caller)
    refusal = await probe(target.provider, endpoint)
    if refusal is not None:
        raise AwsError("AccessDeniedException", f"{target.name}: {refusal}")


def network_probe(transport: Transport) -> Probe:
    """A probe that sends one request, which costs nothing."""

    async def probe(provider: Provider, endpoint: Endpoint) -> str | None:
        try:
            with anyio.fail_after(PROBE_SECONDS):
                return await _refusal(transport, provider.batches.retrieve(endpoint, NO_BATCH))
        except (Unreachable, ProviderError) as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {PROBE_SECONDS:.0f} s"

    return probe


async def _refusal(transport: Transport, conversation: Conversation[object]) -> str | None:
    """The refusal in the first response of a conversation, if it is one."""
    with closing(conversation):
        response = await transport.send(next(conversation))
        try:
            conversation.send(response)
        except ProviderError as error:
            out_of_order = error.status in ACCESS_DENIED | {402} or error.status >= 500
            return error.message if out_of_order or (error.status == 429 and not error.passing) else None
        except StopIteration:
            return None
        return None
