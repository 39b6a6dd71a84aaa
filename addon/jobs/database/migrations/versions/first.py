"""The tables of version 0.1.0, which had no revisions."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

revision = "first"
down_revision = None

TABLES = MetaData()

Table(
    "jobs",
    TABLES,
    Column("id", String(12), primary_key=True),
    Column("arn", String(1011), nullable=False, unique=True),
    Column("name", String(63), nullable=False, index=True),
    Column("provider", String(64), nullable=False),
    Column("model", String(2048), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("endpoint", String(64)),
    Column("mode", String(16), nullable=False),
    Column("fallbacks", JSON, nullable=False),
    Column("refusals", JSON, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("request", JSON, nullable=False),
    Column("region", String(20), nullable=False),
    Column("account", String(12), nullable=False),
    Column("client_request_token", String(256)),
    Column("fingerprint", String(64), nullable=False),
    Column("status", String(20), nullable=False, index=True),
    Column("message", Text),
    Column("waiting", Text),
    Column("stop_requested", Boolean, nullable=False),
    Column("submitted", DateTime, nullable=False),
    Column("modified", DateTime, nullable=False),
    Column("ended", DateTime),
    Column("deadline", DateTime, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Index("jobs_as_listed", "provider", "submitted", "id"),
)

Table(
    "shards",
    TABLES,
    Column("job_id", String(12), ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("first_record", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("group", Text, nullable=False),
    Column("leads", Boolean, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("object", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("line_number", BigInteger, nullable=False),
    Column("succeeded", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("joined", Boolean, nullable=False),
    Column("left_out", Integer, nullable=False),
    Column("refusal", Text),
    Column("refusal_code", Integer),
)

Table(
    "batches",
    TABLES,
    Column("job_id", String(12), ForeignKey("jobs.id"), primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("input_id", Text),
    Column("intended", DateTime),
    Column("batch_id", Text),
    Column("adopted", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("raw_status", String(64)),
    Column("succeeded", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("asked_again", Integer, nullable=False),
    Column("result_files", JSON, nullable=False),
    Column("saved", JSON),
)

Table(
    "tags",
    TABLES,
    Column("job_id", String(12), ForeignKey("jobs.id"), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
)

Table(
    "tokens",
    TABLES,
    Column("account", String(12), primary_key=True),
    Column("region", String(20), primary_key=True),
    Column("token", String(256), primary_key=True),
    Column("job_id", String(12), ForeignKey("jobs.id"), nullable=False),
)

Table(
    "job_keys",
    TABLES,
    Column("job_id", String(12), ForeignKey("jobs.id"), primary_key=True),
    Column("encrypted", LargeBinary, nullable=False),
)


def upgrade() -> None:
    TABLES.create_all(op.get_bind())
