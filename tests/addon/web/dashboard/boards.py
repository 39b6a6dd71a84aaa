"""Dashboards on real sockets over real databases, with records and actions that tests make up."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
from anyio import to_thread

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.jobs.database.tables import BatchRow, Job, Shard, utc_now
from addon.jobs.records.documents import Document, ErrorGroup, NoSuchRecord, RecordDocuments, RecordLine
from addon.settings.config import Config
from addon.web.dashboard.address import Address
from addon.web.dashboard.board import Board
from addon.web.dashboard.changes import Changes
from addon.web.dashboard.server import Server, serve
from addon.web.dashboard.sources import ActionRefused, Setting, Sources

JOB = "abcdefghij01"
TOKEN = "a-token-of-tests"


RECORD = RecordDocuments(
    job_id=JOB,
    number=1,
    record_id="CALL0000001",
    custom_ids=(),
    outcome="succeeded",
    error=None,
    input=Document(content=b'{"recordId":"CALL0000001","modelInput":{"max_tokens":5}}', place="somewhere"),
    sent=Document(content=b'{"custom_id":"x"}', place="somewhere"),
    received=Document(content=None, place="somewhere", missing="the provider keeps it no longer"),
    output=Document(content=b'{"modelOutput":{}}', place="somewhere"),
    notes=(),
)


class Records:
    """What a test wants to be there; it counts how often pages of records are read."""

    def __init__(self) -> None:
        self.known: dict[str, RecordDocuments] = {}
        self.groups: list[ErrorGroup] = []
        self.total = 0
        self.asked: list[tuple[int, int, str | None]] = []

    async def documents(self, job_id: str, wanted: str) -> RecordDocuments:
        if wanted not in self.known:
            raise NoSuchRecord(f"{wanted!r} is not there")
        return self.known[wanted]

    async def errors(self, job_id: str) -> Sequence[ErrorGroup]:
        return self.groups

    async def page(
        self, job_id: str, first: int, count: int, outcome: Literal["failed"] | None
    ) -> Sequence[RecordLine]:
        self.asked.append((first, count, outcome))
        last = min(self.total, first + count - 1)
        return [RecordLine(n, f"CALL{n:07}", "succeeded", None) for n in range(first, last + 1)]


@dataclass
class Actions:
    """Remembers what it was asked for."""

    done: list[str] = field(default_factory=list[str])
    refuses: str | None = None

    async def stop(self, job_id: str) -> None:
        self._do(f"stop {job_id}")

    async def retry(self, job_id: str) -> str:
        self._do(f"retry {job_id}")
        return "retriedjob01"

    async def export(self, job_id: str, folder: Path) -> None:
        self._do(f"export {job_id}")
        await to_thread.run_sync(folder.mkdir)
        await to_thread.run_sync((folder / "report.json").write_text, "{}")

    def _do(self, what: str) -> None:
        if self.refuses is not None:
            raise ActionRefused(self.refuses)
        self.done.append(what)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A dashboard that listens, and a client that may see it."""

    server: Server
    board: Board
    store: Store
    records: Records
    actions: Actions
    client: httpx.AsyncClient

    async def page(self, path: str = "") -> str:
        answer = await self.client.get(f"/batch/{path}")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def form_token(self) -> str:
        """What the forms of a page carry."""
        found = re.search(r'name="_xsrf" value="([^"]+)"', await self.page(f"jobs/{JOB}"))
        assert found is not None
        return found[1]


@asynccontextmanager
async def a_dashboard(url: str, config: Config | None = None) -> AsyncIterator[Opened]:
    store = Store(url)
    reads = AsyncStore(store)
    records, actions = Records(), Actions()
    changes = Changes(reads.views, utc_now, interval=0.01)
    sources = Sources(
        config=config or Config(),
        config_file="",
        store=reads,
        records=records,
        actions=actions,
        options=lambda: [Setting("batch_provider", "openai", "option")],
    )
    board = Board(sources=sources, changes=changes, hosts=frozenset({"batch.example.com"}))
    server = serve(Address(host="127.0.0.1", port=0), board, TOKEN)
    try:
        async with httpx.AsyncClient(
            base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=30
        ) as client:
            yield Opened(
                server=server, board=board, store=store, records=records, actions=actions, client=client
            )
    finally:
        changes.close()
        await server.close()
        await reads.close()


def a_job(job_id: str = JOB, **values: Any) -> Job:
    """A job; InProgress unless told otherwise."""
    now = utc_now()
    job = Job(
        id=job_id,
        arn=f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}",
        name="nightly-summaries",
        provider="openai",
        model="gpt-5.4-mini",
        kind="openai",
        endpoint=None,
        mode="batch",
        request={
            "jobName": "nightly-summaries",
            "roleArn": "arn:aws:iam::123456789012:role/batch",
            "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://bucket/in/"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://bucket/out/"}},
        },
        region="us-east-1",
        account="123456789012",
        fingerprint="f",
        status="InProgress",
        submitted=now - timedelta(minutes=5),
        modified=now,
        deadline=now + timedelta(hours=23),
        total=1000,
    )
    for name, value in values.items():
        setattr(job, name, value)
    return job


def a_shard(number: int = 0, job_id: str = JOB, **values: Any) -> Shard:
    known = {"records": 1000, "lines": 1000, "object": 0, "offset": 0, "line_number": 1}
    return Shard(job_id=job_id, number=number, first_record=number * 1000, **(known | values))


def a_batch(shard: int = 0, job_id: str = JOB, **values: Any) -> BatchRow:
    known = {"round": 0, "batch_id": f"batch_{shard}", "creation": "created", "raw_status": "in_progress"}
    return BatchRow(job_id=job_id, shard=shard, **(known | values))


def add(store: Store, *rows: object) -> None:
    """Insert rows as they are."""
    with store.exclusive() as session:
        for row in rows:
            session.add(row)
            session.flush()


def documents(**changes: Any) -> RecordDocuments:
    return replace(RECORD, **changes)


def ended(job_id: str, status: str, when: datetime, **values: Any) -> Job:
    return a_job(job_id, status=status, ended=when, modified=when, **values)
