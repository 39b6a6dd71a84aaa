"""The timeline of a job as a flow with WebSocket messages.

The events of the job itself go one way, those with the provider's words the other. Both interfaces show them
with their times, and the flow can be saved.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from addon.jobs.database.job_progress import JobProgress
from addon.jobs.database.tables import Event
from addon.web.flows import labels
from addon.web.flows.made_flows import made_flow, made_response

HOST = "batch.local"
"""Of the addresses of flows that stand for no call. No such host exists."""
REPEATED = 20
"""Of so many events at the end, each may have been counted again."""

_OURS = frozenset(
    {"status", "fallback", "takeover", "published", "stop", "joined", "round", "retried", "more"}
)
"""Kinds of events that are this program's; the others are what the provider, or S3, answered."""
_UPGRADE = (("connection", "upgrade"), ("upgrade", "websocket"))


class TimelineFlow:
    """The flow of one job, and the events that it shows."""

    def __init__(self, job: JobProgress) -> None:
        moment = _seconds(job.submitted)
        self.flow = made_flow(
            "GET", f"http://{HOST}/batch/jobs/{job.id}", headers=_UPGRADE, began=moment, ended=moment
        )
        self.flow.response = made_response(101, _UPGRADE, b"", began=moment, ended=moment)
        self.flow.websocket = WebSocketData()
        labels.tag(self.flow, provider=job.provider, job=job.id)
        self.last = 0
        """The number of the last event."""
        self._counting = sys.maxsize
        """The number of the event that counts those beyond the limit."""
        self._messages: dict[int, WebSocketMessage] = {}
        """Of the latest events, which may be counted again."""
        self.describe(job)

    def describe(self, job: JobProgress) -> bool:
        """Set comment and mark; returns whether the comment changed."""
        before = self.flow.comment
        self.flow.comment = f"timeline {labels.comment_of(job)}"
        self.flow.metadata[labels.PROVIDER] = job.provider
        self.flow.metadata[labels.PROGRESS] = labels.progress_of(job)
        if job.ended is None:
            labels.mark(self.flow, labels.TIMELINE)
        else:
            labels.mark(self.flow, labels.mark_of(job.status, job.failed))
            self._end(_seconds(job.ended))
        return self.flow.comment != before

    @property
    def read_after(self) -> int:
        """The number after which events are to be read again: the last ones, and the one that only counts."""
        return max(0, min(self.last - REPEATED, self._counting - 1))

    def add(self, events: Sequence[Event]) -> bool:
        """Append new events and count the repeated ones; returns whether anything changed."""
        websocket, changed = self.flow.websocket, False
        assert websocket is not None
        for event in events:
            content, moment = _text(event).encode(), _seconds(event.last)
            known = self._messages.get(event.number)
            if known is None and event.number > self.last:
                message = WebSocketMessage(Opcode.TEXT, event.kind in _OURS, content, moment)
                websocket.messages.append(message)
                self._messages[event.number] = message
                self.last = event.number
                if event.kind == "more":
                    self._counting = event.number
                changed = True
            elif known is not None and known.content != content:
                known.content, known.timestamp = content, moment
                changed = True
        for number in [number for number in self._messages if number <= self.read_after]:
            del self._messages[number]
        return changed

    def _end(self, moment: float) -> None:
        websocket, response = self.flow.websocket, self.flow.response
        assert websocket is not None
        assert response is not None
        websocket.timestamp_end = response.timestamp_end = moment
        websocket.closed_by_client, websocket.close_code = True, 1000


def errors_flow(job: JobProgress, groups: Sequence[dict[str, object]], now: datetime) -> HTTPFlow:
    """The failed records of a job in groups, as a flow."""
    moment = _seconds(now)
    flow = made_flow("GET", f"http://{HOST}/batch/jobs/{job.id}/errors", began=moment, ended=moment)
    content = json.dumps(groups, ensure_ascii=False, indent=1).encode()
    headers = (("content-type", "application/json"),)
    flow.response = made_response(200, headers, content, began=moment, ended=moment)
    flow.comment = f"errors of job {job.id}: {job.failed} of {job.total} records failed"
    labels.tag(flow, provider=job.provider, job=job.id)
    labels.mark(flow, labels.FAILED_RECORD if groups else labels.OUTCOMES["Completed"])
    return flow


def _text(event: Event) -> str:
    shard = "" if event.shard is None else f", shard {event.shard}"
    batch = f", {event.batch}" if event.batch else ""
    count = f" ({event.count} times, since {event.first:%H:%M:%S} UTC)" if event.count > 1 else ""
    return f"{event.kind}{shard}{batch}: {event.text}{count}"


def _seconds(moment: datetime) -> float:
    """Columns keep UTC without a zone."""
    return moment.replace(tzinfo=UTC).timestamp()
