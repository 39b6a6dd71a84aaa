"""Writes everything about a job to a folder, for people who help to find out why it went as it did."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from anyio import to_thread
from sqlalchemy import select

from addon.jobs.database.store import Store
from addon.jobs.database.tables import Event
from addon.jobs.records.documents import Document, ErrorGroup, NoSuchRecord, RecordDocuments
from addon.jobs.records.reader import RecordReader
from addon.jobs.reports import report
from addon.settings.config import Config

MOST_EXAMPLES = 50
"""Groups of errors with an example."""

_README = """\
Job {id}: {name}
Made by bedrock-batch {version}.

report.json     the job: status, counts, files, batches, what was dropped or mapped
timeline.json   what happened when
errors.json     the failed records in groups
records/<n>/    the first record of each group (n: its number in the input):
                input.json     the line of the job's input
                sent.json      the provider's line
                received.json  the provider's row
                output.json    the line of the job's output
                record.json    where these are, why one is missing, what was dropped or mapped
settings.json   the configuration; secrets are references to environment variables

Prompts and answers are in records/: look through them before you pass this on.
"""


async def export(reader: RecordReader, job_id: str, folder: Path) -> None:
    """Write a job's report, timeline, errors, an example of each error, and the settings into the folder.

    Raises `NoSuchRecord` if there is no job.
    """
    store, config = reader.resources.store, reader.resources.config
    job = await store.job(job_id)
    if job is None:
        raise NoSuchRecord(f"there is no job {job_id!r}")
    groups = await reader.errors(job.id)
    known = await store.run(partial(report, job))
    events = await store.run(partial(_events, job.id))
    from importlib.metadata import version

    files: dict[str, bytes] = {
        "README.txt": _README.format(
            id=job.id, name=job.name, version=version("bedrock-batch-proxy")
        ).encode(),
        "report.json": _json(known),
        "timeline.json": _json(events),
        "errors.json": _json([group._asdict() for group in groups]),
        "settings.json": _json(settings(config)),
    }
    await to_thread.run_sync(_write, folder, files)
    for number in await _examples(reader, job.id, groups):
        found = await reader.documents(job.id, f"#{number}")
        await to_thread.run_sync(_write, folder / "records" / str(number), _files(found))


async def _examples(reader: RecordReader, job_id: str, groups: Sequence[ErrorGroup]) -> list[int]:
    """The records to show: one for each group, or the first one of a job without errors."""
    if groups:
        return [group.number for group in groups[:MOST_EXAMPLES]]
    return [line.number for line in await reader.page(job_id, 1, 1)]


def _files(found: RecordDocuments) -> dict[str, bytes]:
    documents = {"input": found.input, "sent": found.sent, "received": found.received, "output": found.output}
    contents = {f"{name}.json": document.content for name, document in documents.items()}
    return {
        "record.json": _json(
            {**description(found), **{name: _place(document) for name, document in documents.items()}}
        ),
        **{name: content for name, content in contents.items() if content is not None},
    }


def description(found: RecordDocuments) -> dict[str, Any]:
    """What is known of a record beside its documents."""
    return {
        "job": found.job_id,
        "number": found.number,
        "record_id": found.record_id,
        "custom_ids": found.custom_ids,
        "outcome": found.outcome,
        "error": None if found.error is None else {"code": found.error[0], "message": found.error[1]},
        "notes": found.notes,
    }


def _place(document: Document) -> dict[str, str | None]:
    return {"place": document.place, "missing": document.missing}


def settings(config: Config) -> dict[str, Any]:
    """The settings in force as plain values. Secrets are in them by reference only; a password in an address
    is left out."""
    values: dict[str, Any] = config.model_dump(mode="json")
    for section in (*values["providers"].values(), values["s3"]):
        for name in ("base_url", "endpoint_url"):
            if isinstance(section.get(name), str):
                section[name] = _without_password(section[name])
    return values


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "***"
    if "@" not in parts.netloc and not parts.query:
        return url
    host = parts.netloc.rpartition("@")[2]
    netloc = f"***@{host}" if "@" in parts.netloc else host
    return urlunsplit(parts._replace(netloc=netloc, query="***" if parts.query else ""))


def _events(job_id: str, store: Store) -> list[dict[str, Any]]:
    with store.exclusive() as session:
        rows = session.scalars(select(Event).where(Event.job_id == job_id).order_by(Event.number)).all()
    names = ("number", "first", "last", "count", "kind", "text", "shard", "batch")
    return [{name: getattr(row, name) for name in names} for row in rows]


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
