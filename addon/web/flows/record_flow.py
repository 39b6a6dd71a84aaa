"""A record of a job as a flow: what Bedrock's caller sent and got, and what the provider got and sent."""

import json
import time
from collections.abc import Sequence

from mitmproxy.http import HTTPFlow

from addon.jobs.records.documents import Document, RecordDocuments
from addon.web.flows import labels
from addon.web.flows.made_flows import JSON, made_flow, made_response
from addon.web.flows.timeline_flow import HOST

LONGEST = 2_000_000
"""Bytes of each document that a flow holds."""
_STATUS = {"succeeded": 200, "not processed": 204, "running": 202}


def record_flow(record: RecordDocuments, *, provider: str) -> HTTPFlow:
    """The flow: its request is `modelInput`, its response `modelOutput` or the error, its metadata all four.

    Parses the documents: for a worker thread.
    """
    now = time.time()
    url = f"http://{HOST}/batch/jobs/{record.job_id}/records/{record.number}"
    flow = made_flow(
        "POST", url, headers=JSON, content=_member(record.input, ("modelInput",)), began=now, ended=now
    )
    status = record.error[0] if record.error is not None else _STATUS.get(record.outcome, 200)
    content = _member(record.output, ("modelOutput", "error"))
    if not content and record.error is not None:
        content = json.dumps({"errorCode": record.error[0], "errorMessage": record.error[1]}).encode()
    flow.response = made_response(_http(status), JSON, content, began=now, ended=now)
    labels.tag(flow, provider=provider, job=record.job_id, record=record.record_id)
    for name, document in zip(labels.DOCUMENTS, _documents(record), strict=True):
        flow.metadata[name] = _text(document)
    flow.metadata["batch.notes"] = "\n".join(record.notes)
    flow.comment = _comment(record)
    marks = {"succeeded": labels.OUTCOMES["Completed"], "failed": labels.FAILED_RECORD}
    labels.mark(flow, marks.get(record.outcome, labels.ACCEPTED))
    return flow


def _documents(record: RecordDocuments) -> Sequence[Document]:
    return (record.input, record.sent, record.received, record.output)


def _comment(record: RecordDocuments) -> str:
    error = "" if record.error is None else f", {record.error[0]}: {' '.join(record.error[1].split())[:300]}"
    missing = "".join(
        f"; {name.partition('.')[2]}: {document.missing}"
        for name, document in zip(labels.DOCUMENTS, _documents(record), strict=True)
        if document.missing is not None
    )
    notes = f"; {'; '.join(record.notes)}" if record.notes else ""
    head = f"job {record.job_id}, record {record.number} ({record.record_id}): {record.outcome}"
    return f"{head}{error}{notes}{missing}; views Sent, Received and Output show the other documents"


def _text(document: Document) -> str:
    """The document and where it is; without one, why."""
    if document.content is None:
        return f"({document.missing or 'missing'}: {document.place})"
    content = document.content
    rest = len(content) - LONGEST
    text = content[:LONGEST].decode(errors="replace")
    return f"{text}\n… {rest} more bytes in {document.place}" if rest > 0 else text


def _member(document: Document, names: Sequence[str]) -> bytes:
    """A member of the document, or all of it where it has none of these names."""
    if document.content is None:
        return b""
    if len(document.content) > LONGEST:
        return document.content[:LONGEST]
    try:
        parsed = json.loads(document.content)
    except ValueError:
        return document.content
    for name in names:
        if isinstance(parsed, dict) and name in parsed:
            return json.dumps(parsed[name], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return document.content


def _http(status: int) -> int:
    """A status that mitmproxy can show."""
    return status if 100 <= status <= 599 else 500
