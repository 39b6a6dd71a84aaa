"""The answers of direct mode, kept in the database.

Each is paid for: it counts once a block with its row is stored, which is within a second. Every machine can
read the blocks, so that it can go on with the job or publish it.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

import anyio
from anyio import to_thread
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.tables import BatchRow
from addon.providers.retry_policy import backoff
from addon.storage.unfinished_files import unfinished

logger = logging.getLogger(__name__)

ROWS = "rows.jsonl"

BLOCK = 1 << 18
"""Bytes of rows after which a block is stored."""
AGE = 0.25
"""Seconds after which a block is stored although it is small."""
ROWS_OF_BLOCK = 32
"""Number of rows after which a block is stored. The next block takes no more either while one is stored, so
that a process which is killed loses few answers that are paid for."""
LONGEST_PAUSE = 5.0


@dataclass
class _Block:
    name: str = field(default_factory=lambda: block_name())
    rows: list[bytes] = field(default_factory=list[bytes])
    bytes: int = 0
    succeeded: int = 0

    @property
    def is_full(self) -> bool:
        return self.bytes >= BLOCK or len(self.rows) >= ROWS_OF_BLOCK


class AnswerWriter:
    """Stores the rows of one shard."""

    def __init__(self, store: AsyncStore, row: BatchRow) -> None:
        self._store = store
        self._row = row
        self._next = _Block()
        self._being_stored: _Block | None = None
        """Still set after a failure: stored again, it has the same name, so that its rows are there once."""
        self.failed = self.succeeded = 0
        """Counts of stored answers."""
        self._turn = anyio.Lock()
        self._begun = anyio.Event()
        self._full = anyio.Event()
        self._has_room = anyio.Event()

    async def add(self, row: bytes, *, succeeded: bool) -> None:
        """Take a row, which is stored within a second; waits while the database is slow or away."""
        while self._next.is_full:
            await self._has_room.wait()
        block = self._next
        block.rows.append(row)
        block.bytes += len(row)
        block.succeeded += succeeded
        self._begun.set()
        if block.is_full:
            self._full.set()

    async def run(self) -> None:
        """Store blocks as they are due, until cancelled."""
        while True:
            await self._begun.wait()
            with anyio.move_on_after(AGE):
                await self._full.wait()
            await self.store()

    async def store(self) -> None:
        """Store all rows that were taken. A database that is away is waited for."""
        async with self._turn:
            while self._being_stored is not None or self._next.rows:
                if self._being_stored is None:
                    self._being_stored, self._next = self._next, _Block()
                    self._begun, self._full = anyio.Event(), anyio.Event()
                    self._has_room.set()
                    self._has_room = anyio.Event()
                block = self._being_stored
                await self._insert(block)
                self._being_stored = None
                self.succeeded += block.succeeded
                self.failed += len(block.rows) - block.succeeded

    async def _insert(self, block: _Block) -> None:
        row = self._row
        for attempt in count(1):
            try:
                await self._store.keep_answers(row.job_id, row.shard, row.round, [(block.name, block.rows)])
                return
            except IntegrityError:
                raise
            except SQLAlchemyError as error:
                logger.warning("job %s: answers wait to be stored: %s", row.job_id, error)
                await anyio.sleep(backoff(attempt, LONGEST_PAUSE, first=0.1))


def block_name() -> str:
    """A new block's: later ones sort behind it."""
    return f"{time.time_ns():020d}-{uuid4().hex[:12]}"


async def written(store: AsyncStore, row: BatchRow, path: Path) -> Path | None:
    """The stored rows as a file, which appears only when whole; None without rows."""
    blocks = await store.answer_blocks(row.job_id, row.shard, row.round)
    if not blocks:
        return None
    await anyio.Path(path.parent).mkdir(parents=True, exist_ok=True)
    part = anyio.Path(unfinished(path))
    async with await part.open("wb") as file:
        for block in blocks:
            await file.write(await store.answer_rows(row.job_id, row.shard, row.round, block))
    await part.replace(path)
    return path


async def adopt(store: AsyncStore, row: BatchRow, path: Path) -> None:
    """Store the rows of a file that version 0.1.0 wrote instead, unless that is done already."""
    if not await anyio.Path(path).is_file():
        return
    if not await store.answer_blocks(row.job_id, row.shard, row.round):
        await store.keep_answers(row.job_id, row.shard, row.round, _blocks(path))
    await to_thread.run_sync(path.unlink)


def _blocks(path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Named blocks of a file's whole lines."""
    with path.open("rb") as file:
        while lines := file.readlines(BLOCK):
            if whole := [line for line in lines if line.endswith(b"\n")]:
                yield block_name(), whole
