"""DBOS: its configuration, start and end, and what it knows about the workflows of all members.

DBOS 3.4 has no public call for the recovery of another process's workflows, nor for handing back one's own.
All uses of its internals are here, and a test names them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from dbos import DBOS
from dbos import _dbos as internals
from dbos._queue import queue_thread
from sqlalchemy.engine import make_url

from addon.jobs import workflow
from addon.jobs.database import sqlite

VERSION = "2"
"""DBOS application version. Changes only if new code could not continue the running workflows."""
EARLIER_VERSIONS = ["1"]
"""Their workflows are deleted: the jobs go on from the store with workflows of this version."""

FROZEN_AFTER = 20.0
"""Seconds for which a process may hold a lock on DBOS's rows and do nothing: it may be paused."""

LIVE = ("PENDING", "ENQUEUED", "DELAYED")


@dataclass(frozen=True)
class LiveWorkflows:
    """The workflows that run or will, of all members."""

    ids: frozenset[str]
    executors: frozenset[str]
    """The members that run some of them."""
    here: frozenset[str]
    """Those that this member runs, as the database has it."""
    jobs: Mapping[str, frozenset[str]]
    """The jobs of which each member runs workflows."""


type Generations = Mapping[str, list[int]]
"""The generations of workflows, by the part of their ids before that."""


class Engine:
    """DBOS in this process."""

    def __init__(
        self, url: str, executor: str, *, runs: bool, poll_interval: float, shards_in_flight: int
    ) -> None:
        self._url = url
        self._executor = executor
        self._runs = runs
        self._interval = min(1.0, poll_interval)
        self._shards = shards_in_flight

    async def launch(self) -> None:
        """Start DBOS. Raises what the database raises."""
        dbos = _configured(self._url, self._executor, self._interval)
        # Workflows run on this loop. DBOS takes the one of the thread that launches it, where migrations
        # would block other requests.
        dbos._background_event_loop._main_loop = asyncio.get_running_loop()
        if not self._runs:
            DBOS.listen_queues([])
        await to_thread.run_sync(DBOS.launch)
        await DBOS.register_queue_async(workflow.JOBS, polling_interval_sec=self._interval)
        await DBOS.register_queue_async(
            workflow.SHARDS, worker_concurrency=self._shards, polling_interval_sec=self._interval
        )

    async def drain(self) -> None:
        """Take no more workflows, end those of this process where they are, and hand them back to the
        queues."""
        dbos = _instance()
        if dbos is None:
            return
        # DBOS would log an error for each workflow that it interrupts.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        await to_thread.run_sync(_stop_dequeuing, dbos)
        tasks = list(workflow.running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await to_thread.run_sync(recover, [self._executor])

    async def close(self) -> None:
        """End DBOS in this process."""
        await to_thread.run_sync(DBOS.destroy)


def recover(executors: Collection[str]) -> None:
    """Put workflows that these members run back on their queues."""
    if executors:
        DBOS._recover_pending_workflows(list(executors))


async def live_workflows() -> LiveWorkflows:
    found = await DBOS.list_workflows_async(
        status=list(LIVE), app_version=VERSION, load_input=False, load_output=False
    )
    pending = [one for one in found if one.status == "PENDING"]
    jobs: dict[str, set[str]] = defaultdict(set)
    for one in pending:
        jobs[one.executor_id or ""].add(one.workflow_id.partition(":")[0])
    return LiveWorkflows(
        ids=frozenset(one.workflow_id for one in found),
        executors=frozenset(one.executor_id for one in pending if one.executor_id),
        here=frozenset(one.workflow_id for one in pending if one.executor_id == DBOS.executor_id),
        jobs={executor: frozenset(ids) for executor, ids in jobs.items()},
    )


def running() -> frozenset[str]:
    """The workflows that have a task in this process. One that an outage of the database ended has none, and
    may still be live in the database, which could not be told."""
    dbos = _instance()
    return frozenset() if dbos is None else frozenset(dbos._active_workflows_set.activeList())


async def generations(job_id: str) -> Generations:
    """A job's workflows, live or not."""
    found = await DBOS.list_workflows_async(
        workflow_id_prefix=f"{job_id}:", load_input=False, load_output=False
    )
    known: dict[str, list[int]] = defaultdict(list)
    for one in found:
        prefix, _, generation = one.workflow_id.rpartition(":")
        known[f"{prefix}:"].append(int(generation))
    return known


async def forget(workflow_ids: Collection[str]) -> None:
    """Delete workflows that have ended, with their history."""
    if workflow_ids:
        await DBOS.delete_workflows_async(list(workflow_ids))


async def forget_earlier_versions() -> None:
    found = await DBOS.list_workflows_async(
        status=list(LIVE), app_version=EARLIER_VERSIONS, load_input=False, load_output=False
    )
    await forget([one.workflow_id for one in found])


def _instance() -> DBOS | None:
    return internals._dbos_global_instance


def _stop_dequeuing(dbos: DBOS) -> None:
    for event in dbos.background_thread_stop_events:
        event.set()
    for thread in dbos._background_threads:
        if getattr(thread, "_target", None) is queue_thread:
            thread.join(timeout=10)


def _configured(url: str, executor: str, interval: float) -> DBOS:
    is_embedded = make_url(url).get_backend_name() == "sqlite"
    arguments: dict[str, Any] = sqlite.engine_arguments() if is_embedded else {}
    return DBOS(
        config={
            "name": "bedrock-batch",
            "system_database_url": url,
            "db_engine_kwargs": arguments,
            "application_version": VERSION,
            "executor_id": executor,
            "sys_db_idle_transaction_timeout_sec": FROZEN_AFTER,
            "notification_listener_polling_interval_sec": interval,
            "log_level": "ERROR",
        }
    )
