"""Lists jobs, shows one, stops one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from addon.cli.errors import CommandError
from addon.cli.jobs.database import NoDatabase, find, opened
from addon.cli.jobs.text import console, print_json, progress, visible
from addon.cli.timeline_table import NEWEST, local_time, timeline_table
from addon.jobs.database.tables import Job
from addon.jobs.reports import report, summary
from translators.bedrock.jobs import TERMINAL, JobStatus

_STYLES = {
    "Completed": "green",
    "Failed": "red",
    "Expired": "red",
    "PartiallyCompleted": "yellow",
    "Stopped": "yellow",
    "Stopping": "yellow",
}


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
        print_json([summary(job) for job in jobs[:limit]])
    elif jobs:
        console().print(_table(jobs[:limit]))
    else:
        print("No jobs.")
    if len(jobs) > limit:
        Console(stderr=True).print(f"Only the newest {limit}; --limit shows more.")


def show_job(database: str, config: str, wanted: str, *, whole_timeline: bool, as_json: bool) -> None:
    """Print everything about one job; of its timeline the newest entries, or all."""
    with opened(database, config) as store:
        known = report(find(store, wanted), store)
    if as_json:
        print_json(known)
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
        print_json({"id": job.id, "arn": job.arn, "status": "Stopping", "before": before})
    else:
        print(f"{job.id} is Stopping (was {before}); the proxy ends it at its next look.")


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
            progress(job),
            _age(job),
        )
    return table


def _age(job: Job) -> str:
    seconds = int((datetime.now(UTC).replace(tzinfo=None) - job.submitted).total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def _print_report(known: Mapping[str, Any], *, whole_timeline: bool) -> None:
    output = console()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for title, text in _facts(known):
        table.add_row(title, Text(visible(text)))
    output.print(table)
    if known["shards"]:
        output.print()
        output.print(_batch_table(known["shards"]))
    if entries := known["timeline"]:
        shown = entries if whole_timeline else entries[-NEWEST:]
        output.print()
        output.print(timeline_table(shown))
        if len(shown) < len(entries):
            output.print(f"Only the newest {NEWEST} of {len(entries)}; --timeline shows all.")


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
    yield from (("Fallback", entry["provider"]) for entry in known["fallbacks"])
    yield "Records", "{succeeded} succeeded, {failed} failed, {total} in all".format(**records)
    yield "Tokens", f"{tokens['input']} in, {tokens['output']} out"
    for title in ("submitted", "modified", "ended", "expires"):
        if known[title] is not None:
            yield title.capitalize(), local_time(known[title])
    yield from (("Retry of", job_id) for job_id in [known["retry_of"]] if job_id is not None)
    yield from (("Retried by", job_id) for job_id in known["retried_by"])
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
