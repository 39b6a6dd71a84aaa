"""What the first records of a job would become for a provider. No job, no call to the provider."""

import json
import time
from dataclasses import dataclass, field
from datetime import date

from mitmproxy.http import HTTPFlow

from addon.jobs.processes.lines import sendable, translator_of
from addon.providers.model_mapping import chosen_model
from addon.settings.config import Target
from addon.web.flows import labels
from addon.web.flows.aws_chunked import without_frames
from addon.web.flows.made_flows import made_flow, made_response
from addon.web.flows.timeline_flow import HOST
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.records import NotARecord
from translators.errors import RecordError
from translators.translation import InvocationType, Route

MOST_RECORDS = 20
MOST_BYTES = 256 * 1024
"""Of the input, from its beginning."""
_JSONL = (("content-type", "application/x-ndjson"),)
_JOB = "preview00000"


@dataclass
class Preview:
    """The result for the beginning of an input."""

    model: str
    """At the provider."""
    records: list[bytes] = field(default_factory=list[bytes])
    lines: list[bytes] = field(default_factory=list[bytes])
    """Of the provider; for a record that cannot be sent, why."""
    notes: dict[str, int] = field(default_factory=dict[str, int])
    """What is dropped or mapped, with the number of records."""
    refused: int = 0


def preview(
    data: bytes, target: Target, model_id: str, invocation_type: InvocationType, today: date
) -> Preview:
    """Translate the first records. Raises `AwsError` for a model that the provider does not have.

    For a worker thread.
    """
    model = chosen_model(target.name, target.provider, target.section.models, model_id)
    why = target.retired(model, today)
    if why is not None:
        raise AwsError("ValidationException", f"{target.name!r} cannot run {model!r}: {why}")
    route = Route(
        model_id=model_id,
        invocation_type=invocation_type,
        provider=target.provider.name,
        model=model,
        endpoint=target.section.endpoint,
        rules=target.overrides,
    )
    translator, done = translator_of(route), Preview(model)
    for line in _lines(data):
        try:
            record = translator.read(line)
        except NotARecord as error:
            done.lines.append(_said(f"the job would fail here: {error}"))
            done.records.append(line)
            break
        if record is None:
            continue
        sent = sendable(translator, _JOB, len(done.records), record, target.max_bytes)
        done.records.append(line)
        if isinstance(sent, RecordError):
            done.refused += 1
            done.lines.append(_said(f"cannot be sent: {sent.message}"))
            continue
        done.lines.append(sent.data)
        for note in sent.notes:
            text = f"{note.effect} {note.field}{f' ({note.detail})' if note.detail else ''}"
            done.notes[text] = done.notes.get(text, 0) + 1
    return done


def preview_flow(done: Preview, provider: str, source: str) -> HTTPFlow:
    """The records as request, the provider's lines as response."""
    now = time.time()
    flow = made_flow(
        "POST",
        f"http://{HOST}/batch/translate/{provider}",
        headers=_JSONL,
        content=b"\n".join([*done.records, b""]),
        began=now,
        ended=now,
    )
    flow.response = made_response(200, _JSONL, b"\n".join([*done.lines, b""]), began=now, ended=now)
    labels.tag(flow, provider=provider)
    notes = "".join(f"; {text}: {count} records" for text, count in done.notes.items())
    refused = f", {done.refused} cannot be sent" if done.refused else ""
    flow.comment = (
        f"the first {len(done.records)} records of {source} for {provider}, {done.model}{refused}{notes}"
    )
    flow.metadata[labels.CALL] = "preview"
    labels.mark(flow, labels.OUTCOMES["PartiallyCompleted"] if done.refused else labels.CALLED)
    return flow


def _lines(data: bytes) -> list[bytes]:
    """The first whole lines of an upload."""
    content = without_frames(data)
    head = content[:MOST_BYTES]
    if len(content) > MOST_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    return head.split(b"\n")[:MOST_RECORDS]


def _said(text: str) -> bytes:
    return json.dumps({"error": text}, ensure_ascii=False).encode("utf-8", "surrogatepass")
