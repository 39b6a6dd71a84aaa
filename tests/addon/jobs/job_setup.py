"""A runner in this process, its jobs, their input and output."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import anyio

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.event_store import EventStore
from addon.jobs.database.store import Store, fingerprint
from addon.jobs.database.tables import Job, utc_now
from addon.jobs.fleet.executors import Member
from addon.jobs.key_vault import KeyVault
from addon.jobs.resources import Resources
from addon.jobs.runner import Runner
from addon.jobs.timeline import Kind
from addon.providers.transport import Transport
from addon.proxy.admission import Assignment
from addon.settings.config import Config
from addon.storage.s3 import S3
from translators.bedrock.jobs import TERMINAL

POLL_INTERVAL = 0.2
JOB = "abcdefghij12"
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Say hi"}]}]}
NAMES_ONLY_FAIL = {"messages": [{"role": "user", "content": [{"text": "please fail"}]}]}


class Server(Protocol):
    """A provider on a real socket."""

    @property
    def url(self) -> str: ...


class Setup:
    """Configuration, database and data folder, which outlive the runners opened on them."""

    def __init__(
        self,
        folder: Path,
        s3_url: str,
        provider: Server,
        *,
        kind: str = "openai",
        model: str = "gpt-5.4-mini",
        seconds_per_hour: float = 3600,
        retry_rounds: int = 2,
        fall_back_after: float = 60,
        search_seconds: float = 0.5,
        create_limit: float = 60,
        jobs: dict[str, Any] | None = None,
        others: dict[str, Any] | None = None,
        database: str | None = None,
        **section: Any,
    ) -> None:
        self.kind = kind
        self.model = model
        self.config = Config.model_validate(
            {
                "providers": {kind: {"base_url": provider.url, **section}, **(others or {})},
                "s3": {"endpoint_url": s3_url},
                "jobs": {
                    "folder": folder,
                    "poll_interval": POLL_INTERVAL,
                    "seconds_per_hour": seconds_per_hour,
                    "retry_rounds": retry_rounds,
                    "fall_back_after": fall_back_after,
                    "search_seconds": search_seconds,
                    "create_limit": create_limit,
                    **(jobs or {}),
                },
            }
        )
        self.store = Store(database or self.config.database)

    @asynccontextmanager
    async def open(self, *, workers: int = 1) -> AsyncIterator[Runner]:
        transport = Transport()
        keys = KeyVault(self.config.folder)
        member = Member.here("runs" if workers else "accepts", keys.fingerprint)
        runner = Runner(
            Resources(
                config=self.config,
                executor=member.id,
                store=AsyncStore(self.store, waits_out_outages=True),
                keys=keys,
                s3=S3(self.config.s3),
                transport=transport,
                poll_interval=self.config.jobs.poll_interval or POLL_INTERVAL,
                workers=anyio.CapacityLimiter(workers),
            ),
            self.store,
            member,
        )
        await runner.launch()
        try:
            yield runner
        finally:
            await runner.close()
            await transport.close()
            for task in (left := workflow_tasks()):
                task.cancel()  # as the end of a process does
            await asyncio.gather(*left, return_exceptions=True)

    def add(
        self,
        *,
        job_id: str = JOB,
        input_key: str = "in/",
        seconds: float = 3600,
        token: str | None = None,
        **values: Any,
    ) -> Job:
        request = {
            "jobName": "nightly",
            "roleArn": "arn:aws:iam::123456789012:role/r",
            "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
            "modelInvocationType": "Converse",
            "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"s3://a-bucket/{input_key}"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": values.pop("output", "s3://a-bucket/out")}},
            **values.pop("members", {}),
        }
        now = utc_now()
        names = [values.pop("provider", self.kind), *values.pop("fallbacks", ())]
        assignments = [asdict(Assignment.of(self.config.target(name), self.model)) for name in names]
        return self.store.add(
            Job(
                id=job_id,
                arn=f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{job_id}",
                name="nightly",
                **assignments[0],
                fallbacks=assignments[1:],
                request=request,
                region="us-east-1",
                account="123456789012",
                client_request_token=token,
                fingerprint=fingerprint(self.kind, request),
                status="Submitted",
                submitted=now,
                modified=now,
                deadline=now + timedelta(seconds=seconds),
            ),
            {},
            **values,
        )

    def job(self, job_id: str = JOB) -> Job:
        job = self.store.job(job_id)
        assert job is not None
        return job

    def told(self, *kinds: Kind, job_id: str = JOB) -> list[str]:
        """Texts of a job's timeline: of these kinds, or all with their kinds."""
        events = EventStore(self.store).timeline(job_id)
        if not kinds:
            return [f"{event.kind}: {event.text}" for event in events]
        return [event.text for event in events if event.kind in kinds]

    async def until(self, reached: Callable[[Job], bool]) -> Job:
        while not reached(self.job()):  # noqa: ASYNC110 - what is waited for is in a database
            await anyio.sleep(0.1)
        return self.job()


def workflow_tasks() -> list[asyncio.Task[Any]]:
    """Every other task of the event loop but anyio's, which keeps worker processes until the loop ends."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    of_anyio = "_shutdown_process_pool_on_exit"
    return [task for task in others if getattr(task.get_coro(), "__name__", "") != of_anyio]


def put(bucket: Any, key: str, bodies: list[dict[str, Any]]) -> None:
    lines = [json.dumps({"recordId": f"{key}-{n}", "modelInput": body}) for n, body in enumerate(bodies)]
    bucket.put_object(Key=key, Body="\n".join(lines).encode())


def rows(bucket: Any, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bucket.Object(key).get()["Body"].read().decode().splitlines()]


def keys(bucket: Any) -> list[str]:
    return sorted(found.key for found in bucket.objects.all() if found.key.startswith("out"))


def is_over(job: Job) -> bool:
    return job.status in TERMINAL


async def run(setup: Setup, **values: Any) -> Job:
    async with setup.open() as runner:
        setup.add(**values)
        await runner.submit(JOB)
        return await setup.until(is_over)
