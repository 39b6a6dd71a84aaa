"""Databases that other versions made, on SQLite and PostgreSQL."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Column, Engine, MetaData, inspect, text

from addon.demo.fake_provider.server import BatchServer
from addon.jobs.database.connections import open_engine
from addon.jobs.database.migrations import schema, versions
from addon.jobs.database.migrations.versions import first
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Base, utc_now
from tests.addon.jobs.job_setup import JOB, Setup, is_over, rows

OLD_FILE = Path(__file__).parent / "job_of_0_1_0.sql"
"""The SQLite database of version 0.1.0, DBOS's tables included, with a job of three records in flight."""


@pytest.fixture
def engine(database_url: str) -> Any:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def make_first(engine: Engine) -> None:
    with engine.begin() as connection:
        first.TABLES.create_all(connection)


def make_first_with_later_columns(engine: Engine) -> None:
    """As versions between 0.1.0 and the first with revisions did."""
    tables = MetaData()
    for table in first.TABLES.sorted_tables:
        table.to_metadata(tables)
    tables.tables["batches"].append_column(Column("refused", JSON, nullable=False))
    tables.tables["shards"].append_column(Column("notes", JSON, nullable=False))
    tables.tables["jobs"].append_column(Column("brought_key", Boolean, nullable=False))
    tables.create_all(engine)


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_head_is_the_newest_revision_and_there_is_one() -> None:
    scripts = ScriptDirectory(str(Path(versions.__file__).parent.parent))
    assert scripts.get_heads() == [schema.HEAD]


@pytest.mark.parametrize(
    "before",
    [None, make_first, make_first_with_later_columns],
    ids=["new", "upgraded", "upgraded from between"],
)
def test_tables_are_those_of_this_version(engine: Engine, before: Callable[[Engine], None] | None) -> None:
    if before is not None:
        before(engine)
    schema.prepare(engine)
    schema.require(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgraded_database_has_the_indexes_and_references_of_a_new_one(
    engine: Engine, tmp_path: Path
) -> None:
    make_first(engine)
    schema.prepare(engine)
    inspector = inspect(engine)
    for table in Base.metadata.sorted_tables:
        references = {key["referred_table"] for key in inspector.get_foreign_keys(table.name)}
        assert references == {key.column.table.name for key in table.foreign_keys}


def test_many_processes_may_start_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(Store, [database_url] * 8))
    for store in stores:
        assert list(store.jobs()) == []
        store.close()


@pytest.mark.parametrize("prepared", [schema.prepare, schema.require])
def test_a_database_of_an_earlier_version_than_the_first_revision_is_left_alone(
    engine: Engine, prepared: Callable[[Engine], None]
) -> None:
    make_first(engine)
    change(engine, "ALTER TABLE jobs DROP COLUMN endpoint")
    before = inspect(engine).get_table_names()
    words = r"its table jobs has no endpoint, .* earlier version"
    with pytest.raises(schema.OtherVersion, match=words) as error:
        prepared(engine)
    assert "\n" not in str(error.value)
    assert inspect(engine).get_table_names() == before


@pytest.mark.parametrize("prepared", [schema.prepare, schema.require])
def test_a_database_of_a_later_version_is_left_alone(
    engine: Engine, prepared: Callable[[Engine], None]
) -> None:
    schema.prepare(engine)
    change(engine, "UPDATE alembic_version SET version_num = 'of the future'")
    with pytest.raises(schema.OtherVersion, match=r"of a later version \(of the future\)") as error:
        prepared(engine)
    assert "\n" not in str(error.value)


def test_who_only_looks_changes_no_tables(engine: Engine) -> None:
    make_first(engine)
    before = inspect(engine).get_table_names()
    with pytest.raises(schema.OtherVersion, match="a proxy of this version changes them"):
        schema.require(engine)
    assert inspect(engine).get_table_names() == before


async def test_a_job_of_version_0_1_0_goes_on(
    tmp_path: Path, s3_url: str, bucket: Any, provider: BatchServer
) -> None:
    records, lines = [], []
    for number in range(3):
        text = f"Question {number}?"
        messages = [{"role": "user", "content": [{"text": text}]}]
        records.append({"recordId": f"r{number}", "modelInput": {"messages": messages}})
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
        lines.append(
            {"custom_id": f"{JOB}-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
        )
    bucket.put_object(Key="in/a.jsonl", Body="\n".join(map(json.dumps, records)).encode())
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    uploaded = provider.keep("lines.jsonl", path, "batch")
    request = {"endpoint": "/v1/chat/completions", "completion_window": "24h", "input_file_id": uploaded}
    batch = provider.create(request, tmp_path)
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "jobs.db")) as database:
        database.executescript(OLD_FILE.read_text())
        database.execute("UPDATE batches SET batch_id = ?, input_id = ?", (batch.id, uploaded))
        database.execute("UPDATE jobs SET deadline = ?", (str(utc_now() + timedelta(hours=1)),))
        database.commit()
    setup = Setup(tmp_path / "data", s3_url, provider)
    async with setup.open():
        job = await setup.until(is_over)
    assert (job.status, job.total, job.succeeded) == ("Completed", 3, 3)
    assert [row["recordId"] for row in rows(bucket, f"out/{JOB}/a.jsonl.out")] == ["r0", "r1", "r2"]
    assert list(provider.batches) == [batch.id]
