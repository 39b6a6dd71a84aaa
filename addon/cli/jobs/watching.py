"""Watches jobs until they are over."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from addon.cli.jobs.database import find, opened
from addon.cli.jobs.text import console, note, progress
from addon.jobs.database.tables import Job
from addon.jobs.reports import summary
from translators.bedrock.jobs import TERMINAL

WATCH_INTERVAL = 1.0
"""Seconds between two reads of the database."""


def watch_jobs(database: str, config: str, wanted: Sequence[str], *, as_json: bool) -> bool:
    """Show the jobs (all unfinished ones when none is named) until they are over.

    Returns whether every one of them is Completed.
    """
    with opened(database, config) as store:
        ids = [find(store, name).id for name in wanted] if wanted else store.unfinished()
        with _display(console(), as_json=as_json) as display:
            while True:
                jobs = [job for job in map(store.job, ids) if job is not None]
                for job in jobs:
                    display(job)
                if all(job.status in TERMINAL for job in jobs):
                    break
                time.sleep(WATCH_INTERVAL)
    if not jobs and not as_json:
        print("No job is running.")
    return all(job.status == "Completed" for job in jobs)


def _display(output: Console, *, as_json: bool) -> AbstractContextManager[Callable[[Job], None]]:
    if as_json:
        return _lines(lambda job: json.dumps(summary(job)), moment="")
    return _bars(output) if output.is_terminal else _lines(_text, moment="%H:%M:%S ")


@contextmanager
def _lines(line_of: Callable[[Job], str], moment: str) -> Iterator[Callable[[Job], None]]:
    """A line whenever a job changed, after the time in this format."""
    last: dict[str, str] = {}

    def display(job: Job) -> None:
        line = line_of(job)
        if last.get(job.id) != line:
            last[job.id] = line
            print(f"{datetime.now().strftime(moment)}{line}", flush=True)

    yield display


def _text(job: Job) -> str:
    return f"{job.id} {job.name} {job.status} {progress(job)} {note(job)}".rstrip()


@contextmanager
def _bars(output: Console) -> Iterator[Callable[[Job], None]]:
    """A progress bar for each job."""
    columns = (
        TextColumn("{task.fields[id]} {task.fields[name]}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[progress]} {task.fields[status]}", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=output) as bars:
        tasks: dict[str, Any] = {}

        def display(job: Job) -> None:
            if job.id not in tasks:
                tasks[job.id] = bars.add_task(
                    "", total=None, id=job.id, name=job.name, progress="", status="", note=""
                )
            bars.update(
                tasks[job.id],
                total=job.total or (1 if job.status in TERMINAL else None),
                completed=job.succeeded + job.failed,
                progress=progress(job),
                status=job.status,
                note=note(job),
            )

        yield display
