"""Marks, comments and metadata of the flows that this proxy answers."""

from collections.abc import Sequence

import orjson
from mitmproxy.http import HTTPFlow

from addon.web.flows import labels


def begin(flow: HTTPFlow, operation: str, providers: Sequence[str], job: str = "") -> None:
    """Say where an operation goes; `job`: the id or ARN that the request has."""
    labels.mark(flow, labels.ACCEPTED)
    labels.tag(flow, provider=providers[0], operation=operation, job=job[-12:])
    flow.comment = f"→ {', '.join(providers)}"


def begin_native(flow: HTTPFlow, operation: str, provider: str, batch_id: str) -> None:
    """Say that a batch created outside this proxy is asked for."""
    labels.mark(flow, labels.ACCEPTED)
    labels.tag(flow, provider=provider, operation=operation, job=batch_id)
    flow.comment = f"→ {provider}, {operation} of {batch_id}"


def name_job(flow: HTTPFlow, job: str) -> None:
    """Say which job the operation is about, by its id or ARN."""
    flow.metadata[labels.JOB] = job[-12:]
    flow.comment += f", job {job[-12:]}"


def show_status(flow: HTTPFlow, document: bytes) -> None:
    """Say how the job is that a Get describes."""
    job = orjson.loads(document)
    total, failed = job.get("totalRecordCount") or 0, job.get("errorRecordCount") or 0
    done = f" {job.get('processedRecordCount') or 0}/{total}" if total else ""
    some_failed = f", {failed} failed" if failed else ""
    flow.comment += f": {job['status']}{done}{some_failed}"
    labels.mark(flow, labels.mark_of(job["status"], failed))


def leave_to_bedrock(flow: HTTPFlow, why: str) -> None:
    """Say that all providers refused the job."""
    labels.untag(flow)
    flow.comment = f"→ bedrock: {why}"


def refuse(flow: HTTPFlow, error_type: str) -> None:
    """Say that an error is the response."""
    labels.mark(flow, labels.REFUSED)
    flow.comment = f"{flow.comment or 'refused'}: {error_type}"
