"""Shows records, the errors of a job in groups; exports a job; retries its failed records."""

import os
import tempfile
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from rich.table import Table
from rich.text import Text

from addon.cli.errors import CommandError
from addon.cli.jobs.database import find, opened
from addon.cli.jobs.json_text import readable
from addon.cli.jobs.text import console, one_line, print_json, visible, write
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job, utc_now
from addon.jobs.key_vault import BadSecretKey
from addon.jobs.records import export
from addon.jobs.records.documents import Document, ErrorGroup, NoSuchRecord, RecordDocuments
from addon.jobs.records.reader import RecordReader, record_reader
from addon.jobs.reports import summary
from addon.settings.config import Config, load

LONGEST_MESSAGE = 200
"""Characters of a message in a table."""


def show_record(database: str, config: str, wanted: str, record: str, *, full: bool, as_json: bool) -> None:
    """Print a record's four documents. Raises `CommandError`."""

    async def documents(reader: RecordReader, job: Job) -> RecordDocuments:
        return await reader.documents(job.id, record)

    found = _read(database, config, wanted, documents)
    if as_json:
        print_json({**export.description(found), "documents": dict(_plain(found))})
    else:
        _print_record(found, full=full)


def show_errors(database: str, config: str, wanted: str, *, as_json: bool) -> None:
    """Print a job's failed records in groups. Raises `CommandError`."""

    async def errors(reader: RecordReader, job: Job) -> tuple[Job, list[ErrorGroup]]:
        return job, await reader.errors(job.id)

    job, groups = _read(database, config, wanted, errors)
    if as_json:
        print_json([group._asdict() for group in groups])
    elif not groups:
        print(f"No record of {job.id} failed{'' if job.ended else ' so far'}.")
    else:
        console().print(_groups(groups))
        print(
            f"\n`bedrock-batch jobs show {job.id} --record NUMBER` shows one, "
            f"`bedrock-batch jobs retry {job.id}` sends them again."
        )


def export_job(database: str, config: str, wanted: str, out: Path, *, as_json: bool) -> None:
    """Write everything about a job to a folder, or a zip file. Raises `CommandError`."""

    async def exported(reader: RecordReader, job: Job) -> None:
        await export.export(reader, job.id, folder)

    is_zip = out.suffix == ".zip"
    if out.exists() and (not out.is_dir() or is_zip or any(out.iterdir())):
        raise CommandError(f"--out: {out} exists")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) if is_zip else out
        try:
            _read(database, config, wanted, exported)
            if is_zip:
                _zip(folder, out)
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}") from error
    if as_json:
        print_json({"out": str(out)})
    else:
        print(f"{out}: look through it before you pass it on; prompts and answers are in it.")


def retry_job(database: str, config: str, wanted: str, *, as_json: bool) -> None:
    """Store a job of the failed records of another one. Raises `CommandError`."""
    from addon.proxy.retry import NothingToRetry
    from translators.bedrock.jobs import AwsError

    try:
        job = _read(database, config, wanted, _retried)
    except AwsError as error:
        raise CommandError(visible(error.message)) from error
    except NothingToRetry as error:
        raise CommandError(f"nothing to retry: {error}") from error
    if as_json:
        print_json(summary(job))
    else:
        print(f"{job.id} ({job.name}) is a retry of {job.retry_of}: {job.status}.")
        if job.ended is None:
            print("A running proxy or worker with this database takes it up within a minute.")


@dataclass(frozen=True)
class _Elsewhere:
    """Starts no jobs: a proxy or a worker finds them in the database."""

    async def submit(self, job_id: str) -> None:
        pass

    def nudge(self, job_id: str) -> None:
        pass


async def _retried(reader: RecordReader, job: Job) -> Job:
    from addon.proxy.admission import Admission
    from addon.proxy.operations import Operations
    from addon.proxy.provider_selection import network_probe
    from addon.proxy.retry import retry_failed

    resources = reader.resources
    operations = Operations(
        Admission(config=resources.config, environment=os.environ, google=resources.google),
        resources.store,
        _Elsewhere(),
        resources.keys,
        utc_now,
        probe=network_probe(resources.transport),
    )
    return await retry_failed(operations, reader, job.id)


def _read[Result](
    database: str, config: str, wanted: str, work: Callable[[RecordReader, Job], Awaitable[Result]]
) -> Result:
    """What is read of a job. Raises `CommandError`."""
    with opened(database, config) as store:
        job = find(store, wanted)
        try:
            return anyio.run(_with_reader, load(config or None), store, partial(_call, work, job))
        except (NoSuchRecord, BadSecretKey) as error:
            raise CommandError(visible(str(error))) from error


async def _with_reader[Result](
    config: Config, store: Store, work: Callable[[RecordReader], Awaitable[Result]]
) -> Result:
    async with record_reader(config, store) as reader:
        return await work(reader)


async def _call[Result](
    work: Callable[[RecordReader, Job], Awaitable[Result]], job: Job, reader: RecordReader
) -> Result:
    return await work(reader, job)


def _documents(found: RecordDocuments) -> Iterator[tuple[str, Document]]:
    yield "Input", found.input
    yield "Sent", found.sent
    yield "Received", found.received
    yield "Output", found.output


def _plain(found: RecordDocuments) -> Iterator[tuple[str, dict[str, Any]]]:
    for title, document in _documents(found):
        content = None if document.content is None else document.content.decode("utf-8", "replace")
        yield (
            title.lower(),
            {"place": document.place, "missing": document.missing, "content": content},
        )


def _print_record(found: RecordDocuments, *, full: bool) -> None:
    facts = [
        ("Job", found.job_id),
        ("Record", f"{found.number:,} ({found.record_id})" if found.record_id else f"{found.number:,}"),
        ("Custom id", ", ".join(found.custom_ids)),
        ("Outcome", found.outcome),
    ]
    if found.error is not None:
        facts.append(("Error", f"{found.error[0]}: {found.error[1]}"))
    facts += [("Note", note) for note in found.notes]
    for title, text in facts:
        write(f"{title:<10} {one_line(text, 0 if full else 2_000)}\n")
    for title, document in _documents(found):
        write(f"\n{title.upper()}  {one_line(document.place)}\n")
        if document.content is None:
            write(f"(missing) {one_line(document.missing or '')}\n")
        else:
            write(f"{readable(document.content, full=full)}\n")


def _groups(groups: list[ErrorGroup]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("COUNT", "CODE", "MESSAGE", "FIRST", "RECORD ID"):
        table.add_column(title, no_wrap=title != "MESSAGE", overflow="fold")
    for group in groups:
        table.add_row(
            str(group.count),
            str(group.code or "-"),
            Text(one_line(group.message, LONGEST_MESSAGE)),
            f"#{group.number}",
            Text(one_line(group.record_id, 64)),
        )
    return table


def _zip(folder: Path, out: Path) -> None:
    part = out.with_name(f"{out.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
