"""The state of an OpenAI-style provider for one key: files on disk, batches in memory, received requests."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from addon.demo.fake_provider import endpoints
from addon.demo.fake_provider.batch import Answer, Batch, Outcome, Timing
from addon.demo.fake_provider.faults import Hook, Point, nothing
from addon.demo.fake_provider.input_check import invalid, starts_with_json

KEY = "demo-key"
"""The key that a provider accepts by default."""


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """A request that arrived."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    """None for an upload and for a body too large to keep."""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    id: str
    filename: str
    purpose: str
    path: Path
    size: int
    created: int

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created,
            "expires_at": self.created + 2_592_000,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


def completes(number: int) -> Outcome:
    """The outcome of every batch by default: it completes."""
    return Outcome()


class Account:
    """The provider's side of one key.

    `timing` and `answer` determine how batches run, `outcome` (called with 1 for the first) how they end;
    `at` is called at named points, to raise faults. All may be replaced while the server runs.
    """

    def __init__(
        self,
        *,
        answer: Answer = endpoints.answer,
        timing: Timing | None = None,
        outcome: Callable[[int], Outcome] = completes,
        at: Hook = nothing,
        key: str = KEY,
        max_requests: int = 50_000,
        max_bytes: int = 200_000_000,
    ) -> None:
        self.answer = answer
        self.timing = timing or Timing()
        self.outcome = outcome
        self.at = at
        self.key = key
        self.seen: list[ReceivedRequest] = []
        self.files: dict[str, StoredFile] = {}
        self.batches: dict[str, Batch] = {}
        """Both in the order of their creation."""
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._reached: Counter[Point] = Counter()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def reach(self, point: Point) -> None:
        """Call the hook."""
        with self._lock:
            self._reached[point] += 1
            count = self._reached[point]
        self.at(point, count)

    def reached(self, point: Point) -> int:
        """Number of times that a point has been reached."""
        return self._reached[point]

    def keep(self, filename: str, path: Path, purpose: str = "batch_output") -> str:
        """Make a file downloadable; the outcome is its id."""
        file = StoredFile(
            id=f"file-{secrets.token_hex(12)}",
            filename=filename,
            purpose=purpose,
            path=path,
            size=path.stat().st_size,
            created=int(time.time()),
        )
        self.files[file.id] = file
        return file.id

    def keep_upload(self, filename: str, path: Path, purpose: str) -> StoredFile:
        """Keep a file that a client sent. Raises `Refuse`."""
        if path.stat().st_size > self._max_bytes:
            raise invalid("File is too large.")
        if not filename.endswith(".jsonl") or not starts_with_json(path):
            raise invalid("Invalid file format for Batch API. Must be .jsonl")
        return self.files[self.keep(filename, path, purpose)]

    def create(self, request: dict[str, Any], folder: Path) -> Batch:
        """A new batch of a valid request; its result files are written to the folder."""
        with self._lock:
            number = next(self._numbers)
            source = self.files.get(request["input_file_id"])
            batch = Batch(
                id=f"batch_{number:06x}{secrets.token_hex(12)}",
                request=request,
                source=source.path if source is not None else None,
                results=folder / f"batch-{number}",
                keep=self.keep,
                answer=lambda body: self.answer(body),
                timing=self.timing,
                outcome=self.outcome(number),
                max_requests=self._max_requests,
                seed=number,
            )
            self.batches[batch.id] = batch
            return batch

    def newest_batches(self, after: str | None, limit: int) -> tuple[list[Batch], bool]:
        """A page of the batches, newest first, and whether there are more."""
        batches = list(self.batches.values())[::-1]
        start = next((at + 1 for at, batch in enumerate(batches) if batch.id == after), 0)
        page = batches[start : start + limit]
        return page, start + limit < len(batches)
