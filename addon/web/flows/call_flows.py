"""This process's own calls to providers and S3, as flows.

A call that is repeated with the same outcome, such as a look at a batch that has not changed, adds no flow:
the comment of the first one counts them. Files of batches are never in a flow, secrets neither.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from mitmproxy import ctx, eventsequence
from mitmproxy.flow import Error
from mitmproxy.http import HTTPFlow
from mitmproxy.utils import asyncio_utils

from addon.storage.calls import Body, Call
from addon.web.flows import flow_list, labels
from addon.web.flows.made_flows import Pairs, made_flow, made_response
from addon.web.flows.masking import Masks

logger = logging.getLogger(__name__)

type Shown = Literal["none", "calls", "bodies"]
SHOWN: tuple[Shown, ...] = ("none", "calls", "bodies")
"""The values of option `batch_show_calls`."""

REMEMBERED = 1000
"""Calls whose repetitions are counted."""
QUEUED = 1000
"""Flows that wait to be shown; what comes beyond is counted and left out."""
UPDATED_EVERY = 1.0
"""Seconds between two updates of one flow's count."""

type Deliver = Callable[[HTTPFlow], Awaitable[None]]


async def deliver(flow: HTTPFlow) -> None:
    """List a flow, and have it saved and printed where that is asked for.

    Only the last hook is called: those before the response authenticate clients, and change or answer their
    requests.
    """
    view = flow_list.flow_list()
    if view is not None:
        view.add([flow])
    *_, last = eventsequence.iterate(flow)
    await ctx.master.addons.handle_lifecycle(last)


@dataclass
class _Repeated:
    flow: HTTPFlow
    comment: str
    count: int
    updated: float


@dataclass(frozen=True)
class _Shown:
    """A body as a flow has it."""

    content: bytes
    is_replaced: bool = False


class CallFlows:
    """Makes flows of calls; `observe` is the observer of transports."""

    def __init__(
        self,
        *,
        deliver: Deliver = deliver,
        update: Callable[[list[HTTPFlow]], None] = flow_list.update,
    ) -> None:
        self.shown: Shown = "none"
        self._deliver = deliver
        self._update = update
        self._repeated: OrderedDict[tuple[object, ...], _Repeated] = OrderedDict()
        self._queue: deque[HTTPFlow] = deque()
        self._is_delivering = False
        self._left_out = 0

    def observe(self, call: Call) -> None:
        """Show a call. Never raises: it is called in the middle of a transfer."""
        if self.shown == "none":
            return
        try:
            self._add(call)
        except Exception:
            logger.exception("A call to %s is not shown", urlsplit(call.url).netloc)

    def _add(self, call: Call) -> None:
        key = _key(call)
        repeated = self._repeated.get(key) if key is not None else None
        if repeated is not None and key is not None:
            self._repeated.move_to_end(key)
            self._count(repeated, call)
            return
        flow = self._flow(call)
        if key is not None:
            self._repeated[key] = _Repeated(flow, flow.comment, 1, call.ended)
            if len(self._repeated) > REMEMBERED:
                self._repeated.popitem(last=False)
        if len(self._queue) >= QUEUED:
            self._left_out += 1
            return
        self._queue.append(flow)
        if not self._is_delivering:
            self._is_delivering = True
            asyncio_utils.create_task(self._deliver_all(), name="own calls as flows", keep_ref=True)

    def _count(self, repeated: _Repeated, call: Call) -> None:
        repeated.count += 1
        moment = datetime.fromtimestamp(call.ended, UTC)
        repeated.flow.comment = f"{repeated.comment}; {repeated.count} times, last {moment:%H:%M:%S} UTC"
        if call.ended - repeated.updated >= UPDATED_EVERY:
            repeated.updated = call.ended
            self._update([repeated.flow])

    async def _deliver_all(self) -> None:
        try:
            while self._queue:
                await self._deliver(self._queue.popleft())
            if self._left_out:
                logger.warning("%d calls came too fast to be shown", self._left_out)
                self._left_out = 0
        finally:
            self._is_delivering = False

    def _flow(self, call: Call) -> HTTPFlow:
        masks = Masks(call.request_headers, call.response_headers)
        sent, received = self._shown(call.request, masks), self._shown(call.response, masks)
        flow = made_flow(
            call.method,
            _http_url(masks.text(call.url)),
            headers=_headers(masks.headers(call.request_headers), sent),
            content=sent.content,
            began=call.began,
            ended=call.ended,
        )
        if call.status is not None:
            flow.response = made_response(
                call.status,
                _headers(masks.headers(call.response_headers), received),
                received.content,
                began=call.ended,
                ended=call.ended,
            )
        elif call.error is not None:
            flow.error = Error(masks.text(call.error), call.ended)
        job, provider = call.purpose
        labels.tag(flow, provider=provider, job=job)
        flow.metadata[labels.CALL] = call.service
        failed = call.status is None or call.status >= 400
        labels.mark(flow, labels.OUTCOMES["Failed"] if failed else labels.CALLED)
        asked = "S3" if call.service == "s3" else provider or urlsplit(call.url).netloc
        flow.comment = f"own call to {asked}" + (f", job {job}" if job else "")
        if call.error is not None:
            flow.comment += f": {masks.text(' '.join(call.error.split()))[:300]}"
        return flow

    def _shown(self, body: Body, masks: Masks) -> _Shown:
        """The body of a control call, or one line in place of it."""
        if body.content is None:
            hashed = f"SHA-256 {body.sha256}, " if body.sha256 is not None else ""
            return _Shown(f"{body.size} bytes, {hashed}{body.place}".encode(), is_replaced=True)
        if body.size == 0:
            return _Shown(b"")
        if self.shown == "calls":
            line = f"{body.size} bytes, SHA-256 {body.sha256}; batch_show_calls=bodies shows them"
            return _Shown(line.encode(), is_replaced=True)
        rest = body.size - len(body.content)
        more = f"\n… {rest} more bytes, SHA-256 of all {body.sha256}".encode() if rest else b""
        return _Shown(masks.content(body.content) + more)


def _key(call: Call) -> tuple[object, ...] | None:
    """What repeated calls have in common; None for a call that counts for itself."""
    if call.is_of_record:
        return (call.purpose, call.method, call.url, call.status, call.error)
    if call.method != "GET" and call.status is not None:
        return None
    return (call.purpose, call.method, call.url, call.status, call.error, call.response.sha256)


def _http_url(url: str) -> str:
    """Cloud Storage's address for `gs://bucket/name`, which mitmproxy cannot show."""
    return f"https://storage.googleapis.com/{url[5:]}" if url.startswith("gs://") else url


def _headers(headers: Pairs, shown: _Shown) -> Pairs:
    """Headers, without those of an encoding or a type that the shown body does not have."""
    left_out = {"content-encoding", "content-length", "transfer-encoding"}
    if not shown.is_replaced:
        return [pair for pair in headers if pair[0].lower() not in left_out]
    kept = [pair for pair in headers if pair[0].lower() not in {*left_out, "content-type"}]
    return [*kept, ("content-type", "text/plain; charset=utf-8")]
