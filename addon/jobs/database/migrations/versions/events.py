"""Timelines of jobs, their failed records in groups, and jobs that send failed records again."""

import sqlalchemy as sa
from alembic import op

revision = "events"
down_revision = "members"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("retry_of", sa.String(12)))
        jobs.create_index("ix_jobs_retry_of", ["retry_of"])
    with op.batch_alter_table("shards") as shards:
        for name in ("errors", "output_bytes"):
            shards.add_column(sa.Column(name, sa.JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("shards") as shards:
        for name in ("errors", "output_bytes"):
            shards.alter_column(name, server_default=None)
    op.create_table(
        "events",
        sa.Column("job_id", sa.String(12), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("first", sa.DateTime, nullable=False),
        sa.Column("last", sa.DateTime, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("shard", sa.Integer),
        sa.Column("batch", sa.Text),
    )
