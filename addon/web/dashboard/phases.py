"""What a job is doing, in words that say more than its status; how far it is, never 100 % before its end."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from addon.jobs.database.job_list import JobRow, Work
from translators.bedrock.jobs import TERMINAL

type Tone = Literal["good", "bad", "mixed", "busy", "waiting", "off"]
"""What the colour of a status says."""

_TONES: dict[str, Tone] = {
    "Completed": "good",
    "Failed": "bad",
    "Expired": "bad",
    "PartiallyCompleted": "mixed",
    "Stopped": "off",
}
_WORDS = {"PartiallyCompleted": "Partly completed"}


class Phase(NamedTuple):
    """A job's status as people read it."""

    word: str
    detail: str
    tone: Tone
    is_over: bool


def phase(job: JobRow, work: Work | None) -> Phase:
    """The phase of a job. `work`: how far its shards are; None before they are planned."""
    if job.status in TERMINAL:
        return Phase(_WORDS.get(job.status, job.status), ratio(job), _ended_tone(job), True)
    word, detail = _running(job, work)
    return Phase(word, detail, "waiting" if job.waiting else "busy", False)


def ratio(job: JobRow) -> str:
    """How many records succeeded."""
    return f"{job.succeeded:,} of {job.total:,} succeeded" if job.total else ""


def percent(job: JobRow) -> int:
    """How far the job is; 100 only when its output is written."""
    if job.status in TERMINAL:
        return 100
    return min(99, 100 * (job.succeeded + job.failed) // job.total) if job.total else 0


def _ended_tone(job: JobRow) -> Tone:
    if job.status == "Completed" and job.failed:
        return "bad" if job.succeeded == 0 else "mixed"  # Bedrock completes a job whose every record failed
    return _TONES.get(job.status, "off")


def _running(job: JobRow, work: Work | None) -> tuple[str, str]:
    if job.status == "Stopping":
        return "Stopping", "until the provider has let go"
    if work is None or job.status in {"Submitted", "Validating"}:
        return "Validating", "reading the input"
    if work.joined == work.shards:
        return "Writing", "the output"
    if work.finished == work.shards:
        return "Writing", f"{work.joined} of {work.shards} shards joined"
    if work.running and job.mode == "direct":
        return "Sending", f"record by record, {ratio(job)}"
    if work.running:
        return "At the provider", f"{work.batches - work.running} of {work.batches} batches done"
    if work.batches >= work.shards:
        return "Fetching results", f"{work.finished} of {work.shards} shards done"
    return "Uploading", f"{work.batches} of {work.shards} batches created"


def span(length: timedelta) -> str:
    """A length of time in its largest two units."""
    seconds = max(0, int(length.total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for (unit, size), smaller in zip(units, (*units[1:], None), strict=True):
        if seconds >= size:
            rest = seconds % size // smaller[1] if smaller is not None and size > 60 else 0
            return f"{seconds // size} {unit}" + (f" {rest} {smaller[0]}" if rest and smaller else "")
    return "0 s"


def left(job: JobRow, now: datetime) -> str:
    """The time until the job expires; empty when it is over."""
    if job.status in TERMINAL:
        return ""
    return span(job.deadline - now) if job.deadline > now else "none left"
