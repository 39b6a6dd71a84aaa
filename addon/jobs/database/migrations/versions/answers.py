"""Answers of direct mode in the database; records that a batch was refused for, notes on answers, keys that
callers brought; indexes for lists by status, and for jobs that ended long ago.

Later versions without revisions have some of the columns already.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "answers"
down_revision = "first"


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("job_id", sa.String(12), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("shard", sa.Integer, primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True),
        sa.Column("block", sa.String(40), primary_key=True),
        sa.Column("rows", sa.LargeBinary, nullable=False),
    )
    _add("batches", "refused", sa.JSON, "{}")
    _add("shards", "notes", sa.JSON, "{}")
    _add("jobs", "brought_key", sa.Boolean, sa.false())
    op.execute("UPDATE jobs SET brought_key = (id IN (SELECT job_id FROM job_keys))")
    op.create_index("jobs_by_end", "jobs", ["ended"])
    op.create_index("jobs_by_status", "jobs", ["provider", "status", "submitted", "id"])
    op.drop_index("ix_jobs_status", "jobs")


def _add(table: str, name: str, kind: type[sa.types.TypeEngine[Any]], value: Any) -> None:
    if name in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        return
    with op.batch_alter_table(table) as changed:
        changed.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table(table) as changed:
        changed.alter_column(name, server_default=None)
