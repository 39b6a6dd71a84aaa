"""Marks, comments and metadata of flows that belong to jobs.

There is one mark for each outcome. The mark that was set last is kept in the metadata: a flow whose mark is
another one was marked, or unmarked, by a person, and stays as it is.
"""

from collections.abc import Mapping
from types import MappingProxyType

from mitmproxy.flow import Flow

from addon.jobs.database.job_progress import JobProgress

JOB = "batch.job"
PROVIDER = "batch.provider"
RECORD = "batch.record"
OPERATION = "batch.operation"
"""Bedrock's name of the operation, on routed flows."""
CALL = "batch.call"
"""`provider` or `s3`, on calls of this process."""
PROGRESS = "batch.progress"
"""What is known of the job, as lines `name: value`."""
DOCUMENTS = ("batch.input", "batch.sent", "batch.received", "batch.output")
"""The four documents of a record."""
_MARK = "batch.mark"

ACCEPTED = ":rocket:"
"""The provider has it, and it is not over; also what ended without being a job's."""
REFUSED = ":no_entry:"
"""An error was the response."""
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "Completed": ":white_check_mark:",
        "PartiallyCompleted": ":warning:",
        "Failed": ":x:",
        "Stopped": ":stop_sign:",
        "Expired": ":hourglass:",
    }
)
"""By Bedrock's status of a job that is over."""
TIMELINE = ":scroll:"
CALLED = ":package:"
FAILED_RECORD = OUTCOMES["Failed"]


def mark(flow: Flow, name: str) -> None:
    """Set a mark, unless the flow has one of a person's, or a person took ours away."""
    if flow.marked != flow.metadata.get(_MARK, ""):
        return
    flow.marked = flow.metadata[_MARK] = name


def is_marked_by_people(flow: Flow) -> bool:
    return bool(flow.marked) and flow.marked != flow.metadata.get(_MARK)


def mark_of(status: str, failed: int = 0) -> str:
    """The mark of a job with this status; Bedrock calls a job with failed records Completed, too."""
    if status == "Completed" and failed:
        return OUTCOMES["PartiallyCompleted"]
    return OUTCOMES.get(status, ACCEPTED)


def tag(flow: Flow, *, provider: str, operation: str = "", job: str = "", record: str = "") -> None:
    """Put what is given into the metadata, where `~meta "batch.job: ID"` finds it."""
    given = {JOB: job, PROVIDER: provider, RECORD: record, OPERATION: operation}
    flow.metadata.update({name: value for name, value in given.items() if value})


def untag(flow: Flow) -> None:
    """Remove the metadata and the mark."""
    if flow.marked == flow.metadata.pop(_MARK, None):
        flow.marked = ""
    for name in (JOB, PROVIDER, RECORD, OPERATION):
        flow.metadata.pop(name, None)


def comment_of(job: JobProgress) -> str:
    """`→ openai, job abc…: InProgress 40/100`, and why it failed or what it waits for."""
    counts = ""
    if job.total:
        done = job.succeeded + job.failed
        counts = f" {done}/{job.total}" + (f", {job.failed} failed" if job.failed else "")
    reason = job.message or (f"waits: {job.waiting}" if job.waiting else "")
    shown = f": {' '.join(reason.split())[:300]}" if reason else ""
    return f"→ {job.provider}, job {job.id}: {job.status}{counts}{shown}"


def is_ours(comment: str) -> bool:
    """Whether no person wrote the comment."""
    return comment.startswith("→ ")


def progress_of(job: JobProgress) -> str:
    """What is known of a job, as lines `name: value`."""
    members = {
        "status": job.status,
        "records": f"{job.succeeded} succeeded, {job.failed} failed, of {job.total or 'an unknown number'}",
        "model at the provider": job.model,
        "tokens": f"{job.input_tokens} in, {job.output_tokens} out",
        "waits for": job.waiting,
        "message": job.message,
        "submitted": f"{job.submitted:%Y-%m-%d %H:%M:%S} UTC",
        "ended": None if job.ended is None else f"{job.ended:%Y-%m-%d %H:%M:%S} UTC",
        "batches at the provider": ", ".join(job.batches) or None,
    }
    return "\n".join(f"{name}: {' '.join(str(value).split())}" for name, value in members.items() if value)
