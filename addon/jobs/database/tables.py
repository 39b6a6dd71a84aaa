"""The tables of the job database.

Nothing here is secret: keys that callers brought are kept encrypted in `job_keys` and nowhere else. All times
are UTC without a zone.
"""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DIRECT = "direct"
"""In place of a batch's id: the records are sent one by one."""

FOREIGN = "of others"
"""State of a batch that was found after a lost response and turned out to be another application's."""

NO_ROOM = "no room"
"""State of a batch that was refused because too much is queued at the provider."""

NAMED = "requests named"
"""State of a batch that was refused because of some of its requests; the others are sent in another one."""

type Creation = Literal["planned", "intended", "created", "refused", "unknown"]
"""Whether a provider batch exists: `planned`, none was asked for; `intended`, a call to create it was or is
about to be sent; `created`; `refused`, it was not created and will not be; `unknown`, it may exist, and the
provider refuses to be searched for it."""

WITHOUT_RESULTS = frozenset({"running", "failed", FOREIGN, NO_ROOM, NAMED})
"""States of a batch that has no results for us; the others are those that a provider reports."""


def utc_now() -> datetime:
    """Now, as columns keep times."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    pass


class Job(Base):
    """One batch job: what its creator asked for, its state, and the provider that runs it."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_as_listed", "provider", "submitted", "id"),
        Index("jobs_by_status", "provider", "status", "submitted", "id"),
        Index("jobs_by_end", "ended"),
    )

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    arn: Mapped[str] = mapped_column(String(1011), unique=True)
    name: Mapped[str] = mapped_column(String(63), index=True)
    provider: Mapped[str] = mapped_column(String(64))
    """Name of a provider section, as the header had it."""
    model: Mapped[str] = mapped_column(String(2048))
    """The provider's own name of the model."""
    kind: Mapped[str] = mapped_column(String(64))
    """Row of the provider registry. This and the next two are the section's values when the job was created:
    its results have to be read as its lines were written, even if the section has changed since."""
    endpoint: Mapped[str | None] = mapped_column(String(64))
    """One of the provider's other endpoints; None for the default one."""
    mode: Mapped[str] = mapped_column(String(16), default="batch")
    """batch | direct"""
    fallbacks: Mapped[list[dict[str, str | None]]] = mapped_column(JSON, default=list)
    """The providers to use next, in order, if this one refuses the job: `{"provider", "model", "kind",
    "endpoint", "mode"}`."""
    refusals: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The providers that refused the job, in order, and why."""
    brought_key: Mapped[bool] = mapped_column(default=False)
    """The job's creator brought a key for the provider: no other one is used, even after its deletion."""
    attempt: Mapped[int] = mapped_column(default=0)
    """Number of moves to another provider after the job was accepted."""
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    """CreateModelInvocationJob's body as received, without the token and, unless they name a file at the
    provider, the tags."""
    region: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(12))
    client_request_token: Mapped[str | None] = mapped_column(String(256))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of everything that must be equal when a token is used again."""

    status: Mapped[str] = mapped_column(String(20))
    message: Mapped[str | None] = mapped_column(Text)
    """The reason for the job's failure; Get shows it."""
    waiting: Mapped[str | None] = mapped_column(Text)
    """The temporary failure that the job is waiting out, if any."""
    failing_since: Mapped[datetime | None]
    """Time of the first of the failures that the job itself, not a shard of it, is waiting out."""
    stop_requested: Mapped[bool] = mapped_column(default=False)
    stopped: Mapped[datetime | None]
    """Time of the Stop."""
    submitted: Mapped[datetime]
    modified: Mapped[datetime]
    ended: Mapped[datetime | None]
    deadline: Mapped[datetime]
    """Time at which the job times out: `jobExpirationTime`. All times are UTC without a zone."""

    total: Mapped[int] = mapped_column(BigInteger, default=0)
    succeeded: Mapped[int] = mapped_column(BigInteger, default=0)
    failed: Mapped[int] = mapped_column(BigInteger, default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    retry_of: Mapped[str | None] = mapped_column(String(12), index=True)
    """The job whose failed records this one sends again."""
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """The input objects in order: `{"key", "size", "etag", "records"}`."""
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Fields that translation dropped or mapped, as `processes/note_counts.py` counts them."""


class Shard(Base):
    """A contiguous range of a job's records that goes into one provider batch at a time.

    Where lines of a range cannot share a batch, several shards cover it, one for each group; the counts of
    the range are kept with the first of them, the leader.
    """

    __tablename__ = "shards"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    first_record: Mapped[int] = mapped_column(BigInteger)
    records: Mapped[int]
    """Records in the range, including those that cannot be sent."""
    group: Mapped[str] = mapped_column(Text, default="")
    """The group of this shard's lines; lines of different groups cannot share a batch."""
    leads: Mapped[bool] = mapped_column(default=True)
    lines: Mapped[int]
    """Of its records that can be sent; a record may have several."""
    object: Mapped[int]
    """Index into the job's inputs where the range begins."""
    offset: Mapped[int] = mapped_column(BigInteger)
    """Byte offset in that object where the range begins."""
    line_number: Mapped[int] = mapped_column(BigInteger)
    """1-based line number in that object where the range begins."""
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    joined: Mapped[bool] = mapped_column(default=False)
    """The range's part of the output is written to the spool."""
    notes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Notes on the answers of the range, in the form of the job's `report`."""
    errors: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Failed records of the range, as `processes/error_groups.py` groups them."""
    output_bytes: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Bytes of the range's rows in each output object, by the object's index; empty where it was joined
    before this was kept."""
    left_out: Mapped[int] = mapped_column(default=0)
    """Records without an output row, because the job was stopped or timed out before they were processed."""
    refusal: Mapped[str | None] = mapped_column(Text)
    """The reason for which the provider refused the whole range permanently."""
    refusal_code: Mapped[int | None]
    """HTTP status of the refusal."""
    finished: Mapped[bool] = mapped_column(default=False)
    """Nothing is left to be sent, watched or fetched."""
    failing_since: Mapped[datetime | None]
    """Time of the first of the failures that the shard is waiting out."""
    not_before: Mapped[datetime | None]
    """Time before which no further batch is created, because the provider had no room for one."""


class BatchRow(Base):
    """One provider batch of a shard; a later round sends only what earlier ones left unfinished."""

    __tablename__ = "batches"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    input_id: Mapped[str | None] = mapped_column(Text)
    creation: Mapped[Creation] = mapped_column(String(16), default="planned")
    intended: Mapped[datetime | None]
    """Time of the first attempt to create it."""
    owner: Mapped[str | None] = mapped_column(String(200))
    """The attempt that may call the provider to create it; see `batch_store.py`."""
    lease: Mapped[datetime | None]
    """Time until which only the owner may create it, by the database's clock."""
    lost: Mapped[datetime | None]
    """Time from which it is searched for, because the response to its creation was lost."""
    lane: Mapped[str | None] = mapped_column(String(64), index=True)
    """Hash of the provider's address and key, where batches carry no marker: they are created one at a
    time."""
    batch_id: Mapped[str | None] = mapped_column(Text)
    adopted: Mapped[bool] = mapped_column(default=False)
    """It was found after a lost response; without markers, only its results show whether it is ours."""
    state: Mapped[str] = mapped_column(String(16), default="running")
    cancelled: Mapped[datetime | None]
    """Time at which the provider accepted a request to cancel it."""
    raw_status: Mapped[str | None] = mapped_column(String(64))
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    asked_again: Mapped[int] = mapped_column(default=0)
    """Number of failed records that a later round sends again."""
    refused: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Records because of which the provider refused it, by index, and why: they are not sent again."""
    result_files: Mapped[list[str]] = mapped_column(JSON, default=list)
    """The provider's ids or URLs of its result files."""
    saved: Mapped[list[str] | None] = mapped_column(JSON)
    """Names of the saved result files in the spool; None before they were fetched."""


class AnswerBlock(Base):
    """Result rows of records that were sent one by one, in the order of their arrival."""

    __tablename__ = "answers"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    block: Mapped[str] = mapped_column(String(40), primary_key=True)
    """Sorts blocks by the time of their making; unique, whichever process made it."""
    rows: Mapped[bytes] = mapped_column(LargeBinary)
    """Whole lines, compressed by zlib."""


class Event(Base):
    """Something that happened to a job: an entry of its timeline."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """In the order of time, from 1."""
    first: Mapped[datetime]
    last: Mapped[datetime]
    """Time of the latest repetition."""
    count: Mapped[int] = mapped_column(default=1)
    """How often it happened."""
    kind: Mapped[str] = mapped_column(String(16))
    """See `addon/jobs/timeline.py`."""
    text: Mapped[str] = mapped_column(Text)
    """One line, often in the provider's own words; no secret is in it."""
    shard: Mapped[int | None]
    batch: Mapped[str | None] = mapped_column(Text)
    """The provider's id of the batch, or of the file."""


class Tag(Base):
    __tablename__ = "tags"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(String(256))


class Token(Base):
    """A `clientRequestToken` and the job it created. Tokens are per account and region, as callers are."""

    __tablename__ = "tokens"

    account: Mapped[str] = mapped_column(String(12), primary_key=True)
    region: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[str] = mapped_column(String(256), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))


class JobKey(Base):
    """A provider key that the job's caller brought, encrypted; deleted when the job ends."""

    __tablename__ = "job_keys"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    encrypted: Mapped[bytes] = mapped_column(LargeBinary)


class Executor(Base):
    """A process that uses the database: a member of the fleet."""

    __tablename__ = "executors"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    """`<host>-<pid>-<random>`; also its name in the workflow engine."""
    host: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    """`runs` jobs, or only `accepts` them."""
    version: Mapped[str] = mapped_column(String(32))
    """Version of this program."""
    key: Mapped[str] = mapped_column(String(64))
    """Fingerprint of the secret that encrypts callers' keys: one for all members."""
    started: Mapped[datetime]
    seen: Mapped[datetime]
    """Time of its last heartbeat. This and the time before are by the database's clock."""
    draining: Mapped[bool] = mapped_column(default=False)
    """It ends, and begins nothing new."""
