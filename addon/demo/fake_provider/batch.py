"""One batch of an OpenAI-style server: validating, in progress, finalizing, completed, and the rest.

Nothing happens between two looks: a look computes how far the batch has come, and answers the records up to
there.
"""

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from addon.demo.fake_provider.input_check import Problem, Record, problems, record_at

type Answer = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]
"""The body of a record → the HTTP status and the body of its answer."""

type Status = Literal[
    "validating",
    "failed",
    "in_progress",
    "finalizing",
    "completed",
    "expired",
    "cancelling",
    "cancelled",
]

OVER: frozenset[Status] = frozenset({"failed", "completed", "expired", "cancelled"})

_UNFINISHED = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This batch was cancelled before the request could be executed."),
}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Duration of each of `validating`, `in_progress`, `finalizing` and `cancelling`.

    With `looks`, that many looks at the batch; else `seconds`, of which 0 means until the next look.
    """

    seconds: float = 0.0
    looks: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Deviations of a batch that would otherwise be completed."""

    problems: tuple[Problem, ...] = ()
    """Validation ends with these, whatever the file contains (`token_limit_exceeded`)."""
    expires_after: int | None = None
    """The window closes when this many records are answered."""
    stalls_after: int | None = None
    """It stays `in_progress` for ever with this many records answered."""
    counts_failures: bool = True
    """False counts every record as completed and writes its row into the output file, as some servers do."""


class Batch:
    """A batch. `look` and `cancel` may be called from any thread."""

    def __init__(
        self,
        *,
        id: str,
        request: dict[str, Any],
        source: Path | None,
        results: Path,
        keep: Callable[[str, Path], str],
        answer: Answer,
        timing: Timing,
        outcome: Outcome,
        max_requests: int,
        seed: int,
    ) -> None:
        """`source` is the input file, None when it was not uploaded; `results` the prefix of the paths that
        result rows are written to; `keep` makes a finished file downloadable and returns its id."""
        self.id = id
        self.request = request
        self.status: Status = "validating"
        self.total = self.completed = self.failed = 0
        self.files: dict[str, str | None] = {"output": None, "error": None}
        self._source = source
        self._paths = {name: results.with_suffix(f".{name}.jsonl") for name in self.files}
        self._keep = keep
        self._answer = answer
        self._timing = timing
        self._outcome = outcome
        self._max_requests = max_requests
        self._random = random.Random(seed)
        self._records: list[Record] = []
        self._problems: tuple[Problem, ...] = ()
        self._model: str | None = None
        self._usage: Counter[str] = Counter()
        self._times: dict[str, int] = {"created": int(time.time())}
        self._lock = threading.Lock()
        self._restart_timing()

    def json(self) -> dict[str, Any]:
        """The batch object as of the last look."""
        with self._lock:
            return self._json()

    def look(self) -> dict[str, Any]:
        """The batch object as it is now."""
        with self._lock:
            self._looks += 1
            self._advance(self._position())
            return self._json()

    def cancel(self) -> dict[str, Any] | None:
        """The batch object after a request to cancel it; None when it is over and cannot be cancelled."""
        with self._lock:
            self._advance(self._position())
            if self.status in OVER - {"cancelled"}:
                return None
            if self.status not in ("cancelling", "cancelled"):
                self._enter("cancelling")
                self._restart_timing()
            return self._json()

    def _restart_timing(self) -> None:
        self._began = time.monotonic()
        self._looks = 0

    def _position(self) -> float:
        """Number of statuses that have passed; 1.5 is half-way through the second."""
        if self._timing.looks:
            return self._looks / self._timing.looks
        if self._timing.seconds:
            return (time.monotonic() - self._began) / self._timing.seconds
        return math.inf if self._looks else 0.0

    def _advance(self, position: float) -> None:
        if self.status == "cancelling" and position >= 1:
            self._close("cancelled")
        if self.status == "validating" and position >= 1:
            self._validate()
        if self.status == "in_progress":
            self._work(position - 1)
        if self.status == "finalizing" and position >= 3:
            self._close("completed")

    def _enter(self, status: Status) -> None:
        self.status = status
        self._times[status] = int(time.time())

    def _validate(self) -> None:
        records, found = problems(self._source, self.request, self._max_requests)
        if found := self._outcome.problems or found:
            self._problems = found
            self._enter("failed")
            return
        self._random.shuffle(records)
        self._records, self.total = records, len(records)
        self._enter("in_progress")

    def _work(self, share: float) -> None:
        """Answer records up to this share of all of them, and move on when nothing is left to do."""
        goal = self.total if share >= 1 else math.floor(share * self.total)
        expires, stalls = self._outcome.expires_after, self._outcome.stalls_after
        self._answer_until(min(limit for limit in (goal, expires, stalls) if limit is not None))
        if expires is not None and self._done >= expires:
            self._close("expired")
        elif self._done == self.total and share >= 1:
            self._enter("finalizing")

    @property
    def _done(self) -> int:
        return self.completed + self.failed

    def _answer_until(self, goal: int) -> None:
        if self._done >= goal or self._source is None:
            return
        output, error = (self._paths[name].open("ab") for name in self.files)
        with self._source.open("rb") as source, output, error:
            for place in self._records[self._done : goal]:
                record = record_at(source, place)
                status, body = self._answer(record["body"])
                completed = status == 200 or not self._outcome.counts_failures
                self._count(completed, record["body"].get("model"), body.get("usage") or {})
                row = self._row(
                    place, {"status_code": status, "request_id": f"{place.offset:032x}", "body": body}
                )
                (output if completed else error).write(row)

    def _count(self, completed: bool, model: str | None, usage: dict[str, Any]) -> None:
        self._model = self._model or model
        self.completed += completed
        self.failed += not completed
        for name, other in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
            self._usage[name] += usage.get(name, usage.get(other, 0))

    def _row(
        self, place: Record, response: dict[str, Any] | None, error: dict[str, str] | None = None
    ) -> bytes:
        row = {
            "id": f"batch_req_{self.id.removeprefix('batch_')}{place.offset:08x}",
            "custom_id": place.custom_id,
            "response": response,
            "error": error,
        }
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

    def _close(self, status: Status) -> None:
        """The last status, with the files that have something in them."""
        if status in _UNFINISHED and self._records:
            code, message = _UNFINISHED[status]
            with self._paths["error"].open("ab") as error:
                for place in self._records[self._done :]:
                    error.write(self._row(place, None, {"code": code, "message": message}))
        for name, path in self._paths.items():
            if path.exists() and path.stat().st_size:
                self.files[name] = self._keep(f"{self.id}_{name}.jsonl", path)
        self._enter(status)

    def _json(self) -> dict[str, Any]:
        moments = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.request["endpoint"],
            "model": self._model,
            "errors": {"object": "list", "data": [problem.json() for problem in self._problems]}
            if self._problems
            else None,
            "input_file_id": self.request["input_file_id"],
            "completion_window": self.request["completion_window"],
            "status": self.status,
            "output_file_id": self.files["output"],
            "error_file_id": self.files["error"],
            "created_at": self._times["created"],
            "expires_at": self._times["created"] + 86_400,
            **{f"{moment}_at": self._times.get(moment) for moment in moments},
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "usage": self._usage_json(),
            "metadata": self.request.get("metadata"),
        }

    def _usage_json(self) -> dict[str, Any]:
        return {
            "input_tokens": self._usage["input_tokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self._usage["output_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self._usage["input_tokens"] + self._usage["output_tokens"],
        }
