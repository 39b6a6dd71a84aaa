"""Reports a request and its response to an observer."""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx

from addon.providers.retry_policy import LostAnswer, Unreachable
from addon.storage.calls import Body, Call, CountedBody, Observer, files_body
from translators.errors import ProviderError


async def observed(
    observer: Observer,
    request: httpx.Request,
    saved: Path | None,
    send: Callable[[], Awaitable[httpx.Response]],
    *,
    is_of_record: bool,
) -> httpx.Response:
    """The response that `send` returns, reported with its request.

    `saved`: the file that its body goes to. A call that is cancelled is not reported: it has no outcome.
    """
    body = request.stream
    if isinstance(body, httpx.AsyncByteStream) and not isinstance(body, httpx.ByteStream | CountedBody):
        body = request.stream = CountedBody(body, "in the spool of the job")
    counted = body if isinstance(body, CountedBody) else None
    call = partial(
        Call,
        service="provider",
        method=request.method,
        url=str(request.url),
        request_headers=request.headers.multi_items(),
        began=time.time(),
        is_of_record=is_of_record,
    )
    try:
        response = await send()
    except (LostAnswer, ProviderError, Unreachable) as error:
        observer(call(request=_sent(request, counted), error=str(error), ended=time.time()))
        raise
    observer(
        call(
            request=_sent(request, counted),
            status=response.status_code,
            response_headers=response.headers.multi_items(),
            response=await _received(response, saved),
            ended=time.time(),
        )
    )
    return response


def _sent(request: httpx.Request, counted: CountedBody | None) -> Body:
    return Body.of(request.content) if counted is None else counted.body


async def _received(response: httpx.Response, saved: Path | None) -> Body:
    if saved is not None and response.is_success:
        return await files_body([saved])
    return Body.of(response.content)
