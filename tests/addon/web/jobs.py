"""Jobs, events and a list of flows for tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mitmproxy.addons.view import View
from mitmproxy.test import taddons

from addon.jobs.database.job_progress import Change, JobProgress
from addon.jobs.database.tables import Event

NOW = datetime(2026, 11, 30, 12, 0, 0)
JOB = "abcdefghijkl"


def a_job(job_id: str = JOB, **members: object) -> JobProgress:
    job = JobProgress(
        id=job_id,
        name="a-job",
        provider="openai",
        model="gpt-5.4-mini",
        status="InProgress",
        message=None,
        waiting=None,
        submitted=NOW,
        modified=NOW,
        ended=None,
        total=100,
        succeeded=38,
        failed=2,
        input_tokens=1000,
        output_tokens=100,
        batches=("batch_1",),
    )
    return job._replace(**members)  # type: ignore[arg-type]  # of the columns' types


def an_event(number: int, kind: str = "look", text: str = "in_progress", **members: object) -> Event:
    moment = NOW + timedelta(seconds=number)
    values = {"first": moment, "last": moment, "count": 1, "shard": None, "batch": None, **members}
    return Event(job_id=JOB, number=number, kind=kind, text=text, **values)


@dataclass
class FakeJobs:
    """A reader of jobs that are changed by the test; counts its reads."""

    jobs: dict[str, JobProgress] = field(default_factory=dict[str, JobProgress])
    happened: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])
    reads: list[str] = field(default_factory=list[str])

    def put(self, job: JobProgress) -> None:
        self.jobs[job.id] = job._replace(modified=NOW + timedelta(seconds=len(self.reads) + 1))

    async def changes(self, job_ids: Sequence[str]) -> dict[str, Change]:
        self.reads.append("changes")
        return {
            job_id: (self.jobs[job_id].modified, len(self.happened.get(job_id, ())), None)
            for job_id in job_ids
            if job_id in self.jobs
        }

    async def progress(self, job_ids: Sequence[str]) -> list[JobProgress]:
        self.reads.append("progress")
        return [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs]

    async def events(self, job_id: str, after: int) -> Sequence[Event]:
        self.reads.append("events")
        return [event for event in self.happened.get(job_id, ()) if event.number > after]

    async def newest(self, limit: int) -> list[JobProgress]:
        return list(self.jobs.values())[:limit]


@contextmanager
def a_view() -> Iterator[View]:
    """mitmproxy's own list of flows."""
    view = View()
    with taddons.context(view):  # type: ignore[no-untyped-call]  # mitmproxy's own
        yield view
