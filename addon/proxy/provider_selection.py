"""Who runs a job whose request names several providers: the first in line that takes it.

Before the answer to Create each is asked whether it is there and lets us in, so that Bedrock as the last in
line still gets the caller's own request, whose signature is fresh. What shows later, such as a batch that
does not pass validation, is `addon/jobs/fallback.py`'s.
"""

from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace

import anyio

from addon.providers.retry_policy import Unreachable
from addon.providers.transport import Transport
from addon.proxy.admission import Admission, Caller, Taker
from addon.proxy.routing import BEDROCK
from translators.bedrock.jobs import AwsError, CreateModelInvocationJobRequest
from translators.errors import ACCESS_DENIED, ProviderError
from translators.providers.conversation import Conversation, Endpoint
from translators.providers.provider import Provider

PATIENCE = 5.0
"""Seconds that a provider has to answer before the next one is asked."""

NO_BATCH = "batch_00000000000000000000000000000000"
"""No provider has a batch of this id; who says so lets us in."""

type Probe = Callable[[Provider, Endpoint], Awaitable[str | None]]
"""Why a provider would take no job now; None when it would."""


class FallbackToBedrock(Exception):
    """Every provider refuses the job, and the caller wants Bedrock to have it then; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who runs the job, who would instead, and who refused it."""

    takers: tuple[Taker, ...]
    """Never empty; the first one runs it."""
    refusals: tuple[AwsError, ...] = ()


async def choose(
    admission: Admission, probe: Probe, request: CreateModelInvocationJobRequest, caller: Caller
) -> Choice:
    """Who runs the job. Raises `AwsError` when nobody does, `FallbackToBedrock` when Bedrock shall."""
    if not caller.fallbacks:
        return Choice(takers=(await admission.taker(request, caller),))
    refusals: list[AwsError] = []
    takers: list[Taker] = []
    for one in _in_line(caller):
        try:
            taker = await admission.taker(request, one)
            if not takers:
                await _ask(admission, probe, one)
            takers.append(taker)
        except AwsError as refusal:
            refusals.append(refusal)
    if takers:
        return Choice(takers=tuple(takers), refusals=tuple(refusals))
    words = "; ".join(refusal.message for refusal in refusals)
    if BEDROCK in caller.fallbacks:
        raise FallbackToBedrock(words)
    raise AwsError(refusals[0].error_type, words)


def _in_line(caller: Caller) -> list[Caller]:
    """A key that the caller brought is for the first."""
    first = replace(caller, fallbacks=())
    others = (name for name in caller.fallbacks if name != BEDROCK)
    return [first, *(replace(first, provider=name, key=None) for name in others)]


async def _ask(admission: Admission, probe: Probe, caller: Caller) -> None:
    target, endpoint = await admission.endpoint(caller)
    why = await probe(target.provider, endpoint)
    if why is not None:
        raise AwsError("AccessDeniedException", f"{target.name}: {why}")


def probing(transport: Transport) -> Probe:
    """A probe over the network: one call that costs nothing."""

    async def probe(provider: Provider, endpoint: Endpoint) -> str | None:
        try:
            with anyio.fail_after(PATIENCE):
                return await _refusal(transport, provider.batches.retrieve(endpoint, NO_BATCH))
        except (Unreachable, ProviderError) as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {PATIENCE:.0f} s"

    return probe


async def _refusal(transport: Transport, conversation: Conversation[object]) -> str | None:
    """What the first answer in a conversation says against us."""
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
