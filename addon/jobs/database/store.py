"""The job database: jobs, their shards, provider batches, tags and tokens.

Blocks while it reads and writes; code on an event loop uses `AsyncStore`.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, sessionmaker

from addon.jobs.database.connections import open_engine
from addon.jobs.database.event_store import first_event, note_with_change
from addon.jobs.database.job_views import Filters, Views
from addon.jobs.database.migrations import schema
from addon.jobs.database.tables import AnswerBlock, BatchRow, Job, JobKey, Shard, Tag, Token, utc_now
from translators.bedrock.jobs import TERMINAL, JobStatus


class TokenReused(Exception):
    """The token belongs to `earlier`, a job that was created with other parameters; the text is its ARN."""

    def __init__(self, earlier: Job) -> None:
        super().__init__(earlier.arn)
        self.earlier = earlier


def fingerprint(provider: str, request: dict[str, Any]) -> str:
    """Hash of everything that two Create calls with the same token must have in common."""
    canonical = json.dumps([provider, request], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


_ADVANCE: Sequence[JobStatus] = ("Submitted", "Validating", "Scheduled", "InProgress")


def _blocks_of(job_id: str, shard: int, round_: int) -> Select[str]:
    return select(AnswerBlock.block).where(
        AnswerBlock.job_id == job_id, AnswerBlock.shard == shard, AnswerBlock.round == round_
    )


def batch_row(session: Session, job_id: str, shard: int, round_: int) -> BatchRow:
    """The row of a batch, inserted if missing, and locked."""
    key = {"job_id": job_id, "shard": shard, "round": round_}
    inserted = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(inserted(BatchRow).values(**key).on_conflict_do_nothing())
    return session.get_one(BatchRow, (job_id, shard, round_), with_for_update=True)


class Store:
    """The job database. Every method is one transaction."""

    def __init__(self, url: str, *, changes_schema: bool = True) -> None:
        """Open the database; makes or upgrades its tables if it `changes_schema`.

        Raises `SQLAlchemyError`; `OtherVersion` for tables that another version made.
        """
        self.url = url
        self._engine = open_engine(url)
        self._transaction = sessionmaker(self._engine, expire_on_commit=False).begin
        try:
            if changes_schema:
                schema.prepare(self._engine)
            else:
                schema.require(self._engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def exclusive(self) -> Iterator[Session]:
        """A transaction with writes that depend on its reads.

        SQLite has no row locks: there it excludes other writers from the first read on.
        """
        with self._transaction() as session:
            if self._engine.dialect.name == "sqlite":
                session.execute(text("BEGIN IMMEDIATE"))
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction without writes."""
        with self._transaction() as session:
            yield session

    def add(self, job: Job, tags: dict[str, str], encrypted_key: bytes | None = None) -> Job:
        """Insert a job; returns it, or the one that its token created before.

        Raises `TokenReused` if that one was created with other parameters.
        """
        token = job.client_request_token
        try:
            with self._transaction() as session:
                session.add(job)
                session.flush()
                session.add(first_event(job, f"{job.status}: to {job.provider}, {job.model}"))
                session.add_all(Tag(job_id=job.id, key=key, value=value) for key, value in tags.items())
                if encrypted_key is not None:
                    job.brought_key = True
                    session.add(JobKey(job_id=job.id, encrypted=encrypted_key))
                if token is not None:
                    session.add(Token(account=job.account, region=job.region, token=token, job_id=job.id))
        except IntegrityError:
            earlier = self.job_of_token(job.account, job.region, token) if token is not None else None
            if earlier is None:
                raise
            if earlier.fingerprint != job.fingerprint:
                raise TokenReused(earlier) from None
            return earlier
        return job

    def free_token(self, job_id: str) -> None:
        """Allow the token of this job to create another one."""
        with self._transaction() as session:
            session.execute(delete(Token).where(Token.job_id == job_id))

    def job_of_token(self, account: str, region: str, token: str) -> Job | None:
        """The job that a `clientRequestToken` created."""
        with self._transaction() as session:
            known = session.get(Token, (account, region, token))
            return session.get(Job, known.job_id) if known is not None else None

    def job(self, job_id: str) -> Job | None:
        with self._transaction() as session:
            return session.get(Job, job_id)

    def jobs(
        self,
        *,
        provider: str | None = None,
        status: str | None = None,
        name: str | None = None,
        limit: int | None = None,
    ) -> Sequence[Job]:
        """The newest jobs first, without their `inputs` and `report`."""
        query = select(Job).options(defer(Job.inputs, raiseload=True), defer(Job.report, raiseload=True))
        if name is not None:
            query = query.where(Job.name == name)
        filters = Filters(status=status, limit=limit)
        with self._transaction() as session:
            return session.scalars(filters.of(query, self._engine.dialect.name, provider)).all()

    def retries(self, job_id: str) -> Sequence[str]:
        """Ids of the jobs that send failed records of this one again, the oldest first."""
        with self._transaction() as session:
            return session.scalars(select(Job.id).where(Job.retry_of == job_id).order_by(Job.submitted)).all()

    def views(self) -> Views:
        """What the control plane reads; the caller closes it."""
        return Views(self._engine)

    def unfinished(self) -> Sequence[str]:
        """Ids of jobs without a terminal status."""
        with self._transaction() as session:
            return session.scalars(
                select(Job.id).where(Job.ended.is_(None), Job.status.not_in(TERMINAL))
            ).all()

    def change(self, job_id: str, now: datetime, **values: Any) -> bool:
        """Set columns of a job that is not over; False if it is over, and nothing changed."""
        with self._transaction() as session:
            result = session.execute(
                update(Job)
                .where(Job.id == job_id, Job.status.not_in(TERMINAL))
                .values(modified=now, **values)
                .returning(Job.id)
            )
            return result.first() is not None

    def advance(self, job_id: str, status: JobStatus, now: datetime) -> bool:
        """Move a running job forward to a status; False if nothing changed, as for a job that is Stopping."""
        with self.exclusive() as session:
            result = session.execute(
                update(Job)
                .where(Job.id == job_id, Job.status.in_(_ADVANCE[: _ADVANCE.index(status)]))
                .values(status=status, modified=now)
                .returning(Job.id)
            )
            if result.first() is None:
                return False
            note_with_change(session, job_id, "status", status, now)
            return True

    def end(self, job_id: str, status: JobStatus, now: datetime, message: str | None = None) -> bool:
        """Set a job's terminal status and delete its caller's key; False if it is over already."""
        with self.exclusive() as session:
            job = session.get_one(Job, job_id, with_for_update=True)
            if job.status in TERMINAL:
                return False
            # A Stop while the outcome was being determined was answered with success.
            job.status = "Stopped" if job.stop_requested and status != "Failed" else status
            job.message, job.modified, job.ended, job.waiting = message, now, now, None
            session.execute(delete(JobKey).where(JobKey.job_id == job_id))
            reason = f": {message}" if message else ""
            note_with_change(session, job_id, "status", f"{job.status}{reason}", now)
            return True

    def stop(self, job_id: str, now: datetime) -> JobStatus:
        """Request a job's end; the status that the job had before."""
        with self.exclusive() as session:
            job = session.get_one(Job, job_id, with_for_update=True)
            before: JobStatus = job.status  # type: ignore[assignment]  # the column holds nothing else
            if before not in TERMINAL and before != "Stopping":
                job.status = "Stopping"
                job.stop_requested = True
                job.stopped = job.modified = now
                note_with_change(session, job_id, "stop", f"Stopping: requested while {before}", now)
            return before

    def begin(self, job_id: str, now: datetime) -> None:
        """Set the total count and the status InProgress: the first records are being processed."""
        with self._transaction() as session:
            records = select(func.sum(Shard.records)).where(Shard.job_id == job_id, Shard.leads)
            total = session.scalar(records) or 0
            session.execute(update(Job).where(Job.id == job_id).values(total=total))
        self.advance(job_id, "InProgress", now)

    def count(self, job_id: str, now: datetime) -> None:
        """Update the job's counts: exact for joined ranges, else as providers report them."""
        with self.exclusive() as session:
            shards = session.scalars(select(Shard).where(Shard.job_id == job_id)).all()
            batches = session.scalars(select(BatchRow).where(BatchRow.job_id == job_id)).all()
            ranges = {shard.first_record for shard in shards if shard.joined}
            joined = {shard.number for shard in shards if shard.first_record in ranges}
            running = [row for row in batches if row.shard not in joined]
            job = session.get_one(Job, job_id, with_for_update=True)
            done = [shard for shard in shards if shard.joined]
            lines = {shard.number: max(1, shard.lines) for shard in shards}
            records = {shard.number: min(shard.records, lines[shard.number]) for shard in shards}

            def records_of(row: BatchRow, count: int) -> int:
                """Number of records in that many lines, an estimate where a record has several."""
                return max(0, count) * records[row.shard] // lines[row.shard]

            job.succeeded = sum(shard.succeeded for shard in done) + sum(
                records_of(row, row.succeeded - max(0, row.asked_again - row.failed)) for row in running
            )
            job.failed = sum(shard.failed for shard in done) + sum(
                records_of(row, row.failed - row.asked_again) for row in running
            )
            job.input_tokens = sum(shard.input_tokens for shard in done)
            job.output_tokens = sum(shard.output_tokens for shard in done)
            job.modified = now

    def fall_back(self, job_id: str, attempt: int, now: datetime, why: str) -> None:
        """Move a job that was refused at this attempt to its next provider: deletes the plan made for the
        first one, and the key that the caller brought for it."""
        with self.exclusive() as session:
            job = session.get_one(Job, job_id, with_for_update=True)
            if job.attempt != attempt:
                return
            for table in (AnswerBlock, BatchRow, Shard, JobKey):
                session.execute(delete(table).where(table.job_id == job_id))
            assignment, *others = job.fallbacks
            job.refusals = [*job.refusals, f"{job.provider}: {why}"]
            job.attempt += 1
            job.brought_key = False
            for column, value in assignment.items():
                setattr(job, column, value)
            job.fallbacks = others
            job.modified, job.waiting, job.report = now, None, {}
            job.total = job.succeeded = job.failed = 0
            text = f"{job.refusals[-1]}; goes on with {job.provider}, {job.model}"
            note_with_change(session, job_id, "fallback", text, now)

    def encrypted_key(self, job_id: str) -> bytes | None:
        with self._transaction() as session:
            row = session.get(JobKey, job_id)
            return row.encrypted if row is not None else None

    def plan(
        self,
        job_id: str,
        now: datetime,
        *,
        shards: Iterable[Shard],
        inputs: list[dict[str, Any]],
        report: dict[str, Any],
    ) -> None:
        """Insert a job's shards and input objects, unless it has shards already."""
        with self.exclusive() as session:
            session.get_one(Job, job_id, with_for_update=True)  # another process may plan it too
            if session.scalar(select(func.count()).where(Shard.job_id == job_id)):
                return
            session.add_all(shards)
            session.execute(
                update(Job).where(Job.id == job_id).values(inputs=inputs, report=report, modified=now)
            )

    def shards(self, job_id: str) -> Sequence[Shard]:
        with self._transaction() as session:
            return session.scalars(select(Shard).where(Shard.job_id == job_id).order_by(Shard.number)).all()

    def shard(self, job_id: str, number: int) -> Shard:
        with self._transaction() as session:
            return session.get_one(Shard, (job_id, number))

    def unfinished_shards(self, job_id: str) -> Sequence[int]:
        """Numbers of a job's shards that are not finished."""
        query = select(Shard.number).where(Shard.job_id == job_id, ~Shard.finished)
        with self._transaction() as session:
            return session.scalars(query.order_by(Shard.number)).all()

    def change_shard(self, job_id: str, number: int, **values: Any) -> None:
        with self._transaction() as session:
            session.execute(
                update(Shard).where(Shard.job_id == job_id, Shard.number == number).values(**values)
            )

    def refuse(self, shard: Shard, message: str, status: int) -> None:
        """Record why the provider has no results for a shard, and the HTTP status."""
        job_id, number = shard.job_id, shard.number
        with self.exclusive() as session:
            session.get_one(Job, job_id, with_for_update=True)  # first, as where a job falls back
            row = session.get_one(Shard, (job_id, number))
            row.refusal, row.refusal_code = message, status
            note_with_change(session, job_id, "refused", f"{status}: {message}", utc_now(), shard=number)

    def batch(self, job_id: str, shard: int, round_: int) -> BatchRow:
        """The row of a batch, inserted if missing."""
        with self.exclusive() as session:
            return batch_row(session, job_id, shard, round_)

    def batches(self, job_id: str, shard: int | None = None) -> Sequence[BatchRow]:
        query = select(BatchRow).where(BatchRow.job_id == job_id)
        if shard is not None:
            query = query.where(BatchRow.shard == shard)
        with self._transaction() as session:
            return session.scalars(query.order_by(BatchRow.shard, BatchRow.round)).all()

    def claimed(self, provider: str, since: datetime) -> frozenset[str]:
        """Ids of the batches of our jobs at a provider, but for those that ended before `since`: none of
        these can be found by who searches for a batch created later."""
        query = select(BatchRow.batch_id).join(Job, Job.id == BatchRow.job_id)
        query = query.where((Job.ended >= since) | Job.ended.is_(None))
        with self._transaction() as session:
            found = session.scalars(query.where(Job.provider == provider, BatchRow.batch_id.is_not(None)))
            return frozenset(batch_id for batch_id in found if batch_id is not None)

    def change_batch(self, job_id: str, shard: int, round_: int, **values: Any) -> None:
        with self._transaction() as session:
            session.execute(
                update(BatchRow)
                .where(BatchRow.job_id == job_id, BatchRow.shard == shard, BatchRow.round == round_)
                .values(**values)
            )

    def keep_answers(
        self, job_id: str, shard: int, round_: int, blocks: Iterable[tuple[str, Iterable[bytes]]]
    ) -> None:
        """Store blocks of answers, all or none; a block that is stored already stays as it is."""
        with self._transaction() as session:
            there = _blocks_of(job_id, shard, round_)
            for block, rows in blocks:
                if session.scalar(there.where(AnswerBlock.block == block)) is None:
                    data = zlib.compress(b"".join(rows), level=1)
                    values = {"job_id": job_id, "shard": shard, "round": round_, "block": block, "rows": data}
                    session.execute(insert(AnswerBlock).values(values))

    def answer_blocks(self, job_id: str, shard: int, round_: int) -> Sequence[str]:
        """The names of a shard's blocks of answers, the oldest first."""
        with self._transaction() as session:
            return session.scalars(_blocks_of(job_id, shard, round_).order_by(AnswerBlock.block)).all()

    def answer_rows(self, job_id: str, shard: int, round_: int, block: str) -> bytes:
        """The lines of a block of answers."""
        key = (job_id, shard, round_, block)
        with self._transaction() as session:
            return zlib.decompress(session.get_one(AnswerBlock, key).rows)

    def tags(self, job_id: str) -> dict[str, str]:
        with self._transaction() as session:
            return {row.key: row.value for row in session.scalars(select(Tag).where(Tag.job_id == job_id))}

    def set_tags(self, job_id: str, tags: dict[str, str], limit: int) -> bool:
        """Add or change tags; False, with nothing changed, if the job would have more than `limit`."""
        with self.exclusive() as session:
            session.get_one(Job, job_id, with_for_update=True)
            rows = {row.key: row for row in session.scalars(select(Tag).where(Tag.job_id == job_id))}
            if len(rows.keys() | tags.keys()) > limit:
                return False
            for key, value in tags.items():
                session.merge(Tag(job_id=job_id, key=key, value=value))
            return True

    def remove_tags(self, job_id: str, keys: Iterable[str]) -> None:
        with self._transaction() as session:
            session.execute(delete(Tag).where(Tag.job_id == job_id, Tag.key.in_(list(keys))))
