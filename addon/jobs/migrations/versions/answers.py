"""Answers of direct mode in the database; records that a batch was refused for; indexes for lists by status,
and for jobs that ended long ago.
"""

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
    with op.batch_alter_table("batches") as batches:
        batches.add_column(sa.Column("refused", sa.JSON, nullable=False, server_default="{}"))
    with op.batch_alter_table("batches") as batches:
        batches.alter_column("refused", server_default=None)
    op.create_index("jobs_by_end", "jobs", ["ended"])
    op.create_index("jobs_by_status", "jobs", ["provider", "status", "submitted", "id"])
    op.drop_index("ix_jobs_status", "jobs")
