"""`bedrock-batch jobs`: shows and stops the jobs in the database, for people and for scripts.

A terminal gets tables and progress bars, a pipe gets plain lines, `--json` gets JSON.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from addon.cli.errors import CommandError
from addon.cli.timeline_table import NEWEST, local_time, timeline_table
from addon.cli.visible_text import visible
from addon.jobs.database.migrations.schema import holds_jobs
from addon.jobs.database.sqlite import SQLiteTooOld
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job
from addon.jobs.reports import report, summary
from addon.settings.config import BadConfig, load
from translators.bedrock.jobs import TERMINAL, JobStatus

WATCH_INTERVAL = 1.0
"""Seconds between two reads of the database by `watch`."""

PIPE_WIDTH = 300
"""Columns of a table in a pipe: wide enough that nothing is cut."""

_STYLES = {
    "Completed": "green",
    "Failed": "red",
    "Expired": "red",
    "PartiallyCompleted": "yellow",
    "Stopped": "yellow",
    "Stopping": "yellow",
}


class NoDatabase(CommandError):
    """There are no jobs in the database, nor the tables for them: no proxy has run with it yet."""


@contextmanager
def opened(database: str, config: str) -> Iterator[Store]:
    """The job database, which is not created. Raises `CommandError` if it cannot be used."""
    try:
        url = make_url(database or load(config or None).database)
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
            raise NoDatabase(f"there is no job database {url.database}; the proxy makes it when it starts")
        text = url.render_as_string(hide_password=False)
        if not holds_jobs(text):
            shown = url.database if url.get_backend_name() == "sqlite" else url.render_as_string()
            raise NoDatabase(f"{shown} holds no jobs; the proxy makes the tables when it starts with it")
        store = Store(text, changes_schema=False)
        try:
            yield store
        finally:
            store.close()
    except (BadConfig, SQLiteTooOld, ImportError) as error:
        raise CommandError(str(error)) from error
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CommandError(f"the job database cannot be used: {reason}") from error


def find(store: Store, wanted: str) -> Job:
    """The job of an id, an ARN, or a name that only one job has. Raises `CommandError`."""
    job = store.job(wanted.rpartition("/")[2])
    if job is not None and wanted in {job.id, job.arn}:
        return job
    named = store.jobs(name=wanted)
    if len(named) == 1 and (job := store.job(named[0].id)) is not None:
        return job
    if named:
        ids = ", ".join(job.id for job in named)
        raise CommandError(f"{len(named)} jobs are named {wanted!r}: {ids}")
    raise CommandError(f"there is no job {wanted!r}")


def list_jobs(
    database: str, config: str, *, status: str | None, provider: str | None, limit: int, as_json: bool
) -> None:
    """Print the newest jobs."""
    try:
        with opened(database, config) as store:
            jobs = store.jobs(provider=provider, status=_status(status), limit=limit + 1)
    except NoDatabase:
        if database:
            raise
        jobs = []
    if as_json:
        _print_json([summary(job) for job in jobs[:limit]])
    elif jobs:
        _console().print(_table(jobs[:limit]))
    else:
        print("No jobs.")
    if len(jobs) > limit:
        Console(stderr=True).print(f"Only the newest {limit}; --limit shows more.")


def show_job(database: str, config: str, wanted: str, *, whole_timeline: bool, as_json: bool) -> None:
    """Print everything about one job; of its timeline the newest entries, or all."""
    with opened(database, config) as store:
        known = report(find(store, wanted), store)
    if as_json:
        _print_json(known)
    else:
        _print_report(known, whole_timeline=whole_timeline)


def stop_job(database: str, config: str, wanted: str, *, as_json: bool) -> None:
    """Request a job's end; the proxy that runs it ends it at its next look."""
    with opened(database, config) as store:
        job = find(store, wanted)
        before = store.stop(job.id, datetime.now(UTC).replace(tzinfo=None))
    if before in TERMINAL:
        raise CommandError(f"job {job.id} cannot be stopped. State was: {before}")
    if as_json:
        _print_json({"id": job.id, "arn": job.arn, "status": "Stopping", "before": before})
    else:
        print(f"{job.id} is Stopping (was {before}); the proxy ends it at its next look.")


def watch_jobs(database: str, config: str, wanted: Sequence[str], *, as_json: bool) -> bool:
    """Show the jobs (all unfinished ones when none is named) until they are over.

    Returns whether every one of them is Completed.
    """
    with opened(database, config) as store:
        ids = [find(store, name).id for name in wanted] if wanted else store.unfinished()
        with _display(_console(), as_json=as_json) as display:
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


def _display(console: Console, *, as_json: bool) -> AbstractContextManager[Callable[[Job], None]]:
    if as_json:
        return _lines(lambda job: json.dumps(summary(job)), moment="")
    return _bars(console) if console.is_terminal else _lines(_text, moment="%H:%M:%S ")


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
    return f"{job.id} {job.name} {job.status} {_progress(job)} {_note(job)}".rstrip()


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[Job], None]]:
    """A progress bar for each job."""
    columns = (
        TextColumn("{task.fields[id]} {task.fields[name]}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[progress]} {task.fields[status]}", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, Any] = {}

        def display(job: Job) -> None:
            if job.id not in tasks:
                tasks[job.id] = progress.add_task(
                    "", total=None, id=job.id, name=job.name, progress="", status="", note=""
                )
            progress.update(
                tasks[job.id],
                total=job.total or (1 if job.status in TERMINAL else None),
                completed=job.succeeded + job.failed,
                progress=_progress(job),
                status=job.status,
                note=_note(job),
            )

        yield display


def _status(wanted: str | None) -> JobStatus | None:
    known: dict[str, JobStatus] = {status.lower(): status for status in get_args(JobStatus.__value__)}
    if wanted is None:
        return None
    if wanted.lower() not in known:
        raise CommandError(f"--status {wanted!r}: known are {', '.join(known.values())}")
    return known[wanted.lower()]


def _table(jobs: Sequence[Job]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("ID", "NAME", "PROVIDER", "MODEL", "STATUS", "PROGRESS", "AGE"):
        table.add_column(title, no_wrap=title != "MODEL", overflow="fold")
    for job in jobs:
        table.add_row(
            job.id,
            Text(job.name),
            Text(job.provider),
            Text(visible(job.model)),
            Text(job.status, style=_STYLES.get(job.status, "")),
            _progress(job),
            _age(job),
        )
    return table


def _progress(job: Job) -> str:
    done = job.succeeded + job.failed
    if job.total == 0:
        return "-"
    failed = f", {job.failed} failed" if job.failed else ""
    return f"{done}/{job.total} ({100 * done // job.total} %{failed})"


def _note(job: Job) -> str:
    """The message of a finished job, or the failure that a running job is waiting out."""
    return visible((job.message if job.status in TERMINAL else job.waiting) or "")


def _age(job: Job) -> str:
    seconds = int((datetime.now(UTC).replace(tzinfo=None) - job.submitted).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def _print_report(known: Mapping[str, Any], *, whole_timeline: bool) -> None:
    console = _console()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for title, text in _facts(known):
        table.add_row(title, Text(visible(text)))
    console.print(table)
    if known["shards"]:
        console.print()
        console.print(_batch_table(known["shards"]))
    if entries := known["timeline"]:
        shown = entries if whole_timeline else entries[-NEWEST:]
        console.print()
        console.print(timeline_table(shown))
        if len(shown) < len(entries):
            console.print(f"Only the newest {NEWEST} of {len(entries)}; --timeline shows all.")


def _facts(known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Title and text of what people want to know first, in that order."""
    records, tokens = known["records"], known["tokens"]
    yield "Job", f"{known['name']} ({known['id']})"
    yield "ARN", known["arn"]
    yield "Status", known["status"]
    for title in ("message", "waiting"):
        if known[title] is not None:
            yield title.capitalize(), known[title]
    yield "Provider", f"{known['provider']}, {known['model']} for {known['model_id']}"
    yield from (("Refused by", refusal) for refusal in known["refusals"])
    if known["fallbacks"]:
        yield "Fallbacks", ", ".join(entry["provider"] for entry in known["fallbacks"])
    yield "Records", "{succeeded} succeeded, {failed} failed, {total} in all".format(**records)
    yield "Tokens", f"{tokens['input']} in, {tokens['output']} out"
    for title in ("submitted", "modified", "ended", "expires"):
        if known[title] is not None:
            yield title.capitalize(), local_time(known[title])
    for entry in known["input"]:
        count = f" ({entry['records']} records)" if entry["records"] is not None else ""
        yield "Input", f"{entry['uri']}{count}"
    if known["output"] is not None:
        for uri in [*known["output"]["files"], known["output"]["manifest"]]:
            yield "Output", uri
    yield from (("Tag", f"{key}={value}") for key, value in known["tags"].items())
    for change, entry in known["report"].items():
        example = "" if entry["example"] is None else f", for example {entry['example']}"
        yield "Report", f"{change}: {entry['count']} records{example}"


def _batch_table(shards: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("SHARD", "RECORDS", "BATCH", "STATE", "SUCCEEDED", "FAILED", "NOTE"):
        table.add_column(title, overflow="fold")
    for shard in shards:
        first, records = shard["first_record"], shard["records"]
        span = f"{first + 1}-{first + records}"
        note = visible(shard["refusal"] or "")
        if not shard["batches"]:
            table.add_row(str(shard["number"]), span, "-", "-", "0", "0", Text(note))
        for row in shard["batches"]:
            state = f"{row['state']} ({row['raw_status']})" if row["raw_status"] else row["state"]
            counts = (str(row["succeeded"]), str(row["failed"]))
            batch = visible(row["batch_id"] or "not created yet")
            table.add_row(str(shard["number"]), span, Text(batch), Text(visible(state)), *counts, Text(note))
    return table


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))
