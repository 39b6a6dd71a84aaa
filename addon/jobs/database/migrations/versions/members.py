"""Claims on the creation of batches, what jobs and shards wait for, and the members of a fleet."""

import sqlalchemy as sa
from alembic import op

revision = "members"
down_revision = "answers"


def upgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("failing_since", sa.DateTime))
        jobs.add_column(sa.Column("stopped", sa.DateTime))
    op.execute("UPDATE jobs SET stopped = modified WHERE stop_requested")
    with op.batch_alter_table("shards") as shards:
        shards.add_column(sa.Column("finished", sa.Boolean, nullable=False, server_default=sa.false()))
        shards.add_column(sa.Column("failing_since", sa.DateTime))
        shards.add_column(sa.Column("not_before", sa.DateTime))
    with op.batch_alter_table("shards") as shards:
        shards.alter_column("finished", server_default=None)
    with op.batch_alter_table("batches") as batches:
        batches.add_column(sa.Column("creation", sa.String(16), nullable=False, server_default="planned"))
        batches.add_column(sa.Column("owner", sa.String(200)))
        batches.add_column(sa.Column("lease", sa.DateTime))
        batches.add_column(sa.Column("lost", sa.DateTime))
        batches.add_column(sa.Column("lane", sa.String(64)))
        batches.add_column(sa.Column("cancelled", sa.DateTime))
        batches.create_index("ix_batches_lane", ["lane"])
    with op.batch_alter_table("batches") as batches:
        batches.alter_column("creation", server_default=None)
    op.execute("UPDATE batches SET creation = 'intended' WHERE intended IS NOT NULL")
    op.execute("UPDATE batches SET creation = 'created' WHERE batch_id IS NOT NULL AND batch_id <> 'direct'")
    op.create_table(
        "executors",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("started", sa.DateTime, nullable=False),
        sa.Column("seen", sa.DateTime, nullable=False),
        sa.Column("draining", sa.Boolean, nullable=False),
    )
