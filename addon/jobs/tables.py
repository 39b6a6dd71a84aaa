"""The tables of the job database.

Nothing here is secret: keys that callers brought live encrypted in `job_keys` and nowhere else. All times
are UTC without a zone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Job(Base):
    """One batch job, as its creator sees it, and how it is being run."""

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_as_listed", "provider", "submitted", "id"),)

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    arn: Mapped[str] = mapped_column(String(1011), unique=True)
    name: Mapped[str] = mapped_column(String(63), index=True)
    provider: Mapped[str] = mapped_column(String(64))
    """The header's value: a provider section's name."""
    model: Mapped[str] = mapped_column(String(2048))
    """The provider's own name of the model."""
    kind: Mapped[str] = mapped_column(String(64))
    """Row of the provider registry. This and the next two are as the section said when the job was created:
    its lines are written so, and its answers have to be read so, whatever the section says by then."""
    endpoint: Mapped[str | None] = mapped_column(String(64))
    """One of the provider's other endpoints; None for the usual one."""
    mode: Mapped[str] = mapped_column(String(16), default="batch")
    """batch | direct"""
    fallbacks: Mapped[list[dict[str, str | None]]] = mapped_column(JSON, default=list)
    """Who takes the job if its provider refuses it, in order: `{"provider", "model", "kind", "endpoint",
    "mode"}`."""
    refusals: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Who refused the job before, and why, in order."""
    attempt: Mapped[int] = mapped_column(default=0)
    """How often it went on to another provider after it was accepted."""
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    """CreateModelInvocationJob's body as it came, without the token and the tags."""
    region: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(12))
    client_request_token: Mapped[str | None] = mapped_column(String(256))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of everything that must be the same when a token is used again."""

    status: Mapped[str] = mapped_column(String(20), index=True)
    message: Mapped[str | None] = mapped_column(Text)
    """Why the job failed, as Get shows it."""
    waiting: Mapped[str | None] = mapped_column(Text)
    """What the job is waiting for right now, when something outside does not work."""
    stop_requested: Mapped[bool] = mapped_column(default=False)
    submitted: Mapped[datetime]
    modified: Mapped[datetime]
    ended: Mapped[datetime | None]
    deadline: Mapped[datetime]
    """When the job times out: `jobExpirationTime`. All times are UTC without a zone."""

    total: Mapped[int] = mapped_column(BigInteger, default=0)
    succeeded: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """The input objects in order: `{"key", "size", "etag", "records"}`."""
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What was dropped or mapped: `{"dropped inferenceConfig.topK": {"count", "example"}}`."""


class Shard(Base):
    """A contiguous range of a job's records that goes into one provider batch at a time.

    Where lines of a range cannot share a batch, several shards cover it, one for each group; what became
    of the records is kept with the first of them, which leads.
    """

    __tablename__ = "shards"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    first_record: Mapped[int] = mapped_column(BigInteger)
    records: Mapped[int]
    """Records in the range, those that cannot be sent included."""
    group: Mapped[str] = mapped_column(Text, default="")
    """What the lines of this shard have in common."""
    leads: Mapped[bool] = mapped_column(default=True)
    lines: Mapped[int]
    """Records of this group that can be sent."""
    object: Mapped[int]
    """Index into the job's inputs where the range begins."""
    offset: Mapped[int] = mapped_column(BigInteger)
    """Byte in that object where the range begins."""
    line_number: Mapped[int] = mapped_column(BigInteger)
    """1-based line of that object where the range begins."""
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    joined: Mapped[bool] = mapped_column(default=False)
    """The range's part of the output is written to the spool."""
    left_out: Mapped[int] = mapped_column(default=0)
    """Records without a row, because the job was stopped or timed out before they were processed."""
    refusal: Mapped[str | None] = mapped_column(Text)
    """Why the provider refused the whole range for good."""
    refusal_code: Mapped[int | None]
    """HTTP number that goes with it."""


class BatchRow(Base):
    """One provider batch of a shard; a later round sends only what an earlier one left unfinished."""

    __tablename__ = "batches"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    input_id: Mapped[str | None] = mapped_column(Text)
    intended: Mapped[datetime | None]
    """When we first set out to create it: from here on it may exist at the provider."""
    batch_id: Mapped[str | None] = mapped_column(Text)
    adopted: Mapped[bool] = mapped_column(default=False)
    """It was found after a lost answer. Where batches bear no marker, its results tell whether it is ours."""
    state: Mapped[str] = mapped_column(String(16), default="running")
    raw_status: Mapped[str | None] = mapped_column(String(64))
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    asked_again: Mapped[int] = mapped_column(default=0)
    """How many of the failed records a later round sends again."""
    result_files: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The provider's ids or URLs of its results."""
    saved: Mapped[list[str] | None] = mapped_column(JSON)
    """Names under which the results were saved in the spool; None before they were fetched."""


class Tag(Base):
    __tablename__ = "tags"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))


class Token(Base):
    """A `clientRequestToken` that made a job. Tokens are per account and region, as callers are."""

    __tablename__ = "tokens"

    account: Mapped[str] = mapped_column(String(12), primary_key=True)
    region: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[str] = mapped_column(String(256), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))


class JobKey(Base):
    """A provider key that the job's caller brought, encrypted; gone when the job ends."""

    __tablename__ = "job_keys"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    encrypted: Mapped[bytes] = mapped_column(LargeBinary)
