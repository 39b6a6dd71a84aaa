"""Opens the job database for a command, and finds jobs in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from addon.cli.errors import CommandError
from addon.jobs.database.migrations.schema import holds_jobs
from addon.jobs.database.sqlite import SQLiteTooOld
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job
from addon.settings.config import BadConfig, load


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
