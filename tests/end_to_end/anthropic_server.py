"""A server with Anthropic's Message Batches on a real socket, with faults on demand.

Anthropic: api/messages/batches. Batches have no name, counts are zero before the end, results come in any
order.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal, override

from flask import Flask, Response, request

from addon.demo.fake_provider.chat_completions import FAIL
from addon.demo.fake_provider.faults import Refuse
from tests.end_to_end.provider_server import Json, ProviderServer

type Point = Literal["create:before", "create:after", "retrieve", "cancel", "list", "results"]


def answered(params: Json) -> Json:
    """The result of a request."""
    content = json.dumps(params["messages"][-1]["content"])
    if FAIL in content:
        error = {"type": "invalid_request_error", "message": "This request was asked to fail."}
        return {"type": "errored", "error": {"type": "error", "error": error, "request_id": None}}
    usage = {"input_tokens": len(content), "output_tokens": 5, "service_tier": "batch"}
    message = {
        "id": "msg_01Answer",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": [{"type": "text", "text": f"You said {content}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    return {"type": "succeeded", "message": message}


class Batch:
    """One batch. What it has answered when it is cancelled or expires stays answered."""

    def __init__(self, id: str, requests: list[Json], looks: int, answers: int) -> None:
        self.id = id
        self.requests = requests
        self.created = datetime.now(UTC)
        self.looks = looks
        """How often it is looked at before it ends; a batch with -1 runs until it is cancelled."""
        self.answers = answers
        """How many requests are answered; the others expire, or are cancelled."""
        self.cancelled: datetime | None = None
        self.ended = False

    def look(self) -> None:
        if self.looks == 0 or self.cancelled is not None:
            self.ended = True
        elif self.looks > 0:
            self.looks -= 1

    def results(self) -> list[Json]:
        left = {"type": "canceled" if self.cancelled is not None else "expired"}
        rows = [
            {
                "custom_id": asked["custom_id"],
                "result": answered(asked["params"]) if n < self.answers else left,
            }
            for n, asked in enumerate(self.requests)
        ]
        random.Random(self.id).shuffle(rows)
        return rows

    def json(self, base_url: str) -> Json:
        types = Counter(row["result"]["type"] for row in self.results()) if self.ended else Counter[str]()
        counts = {name: types[name] for name in ("succeeded", "errored", "canceled", "expired")}
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": "ended"
            if self.ended
            else "in_progress"
            if self.cancelled is None
            else "canceling",
            "request_counts": {"processing": len(self.requests) - types.total(), **counts},
            "created_at": self.created.isoformat(),
            "expires_at": (self.created + timedelta(hours=24)).isoformat(),
            "ended_at": self.created.isoformat() if self.ended else None,
            "cancel_initiated_at": None if self.cancelled is None else self.cancelled.isoformat(),
            "archived_at": None,
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results" if self.ended else None,
        }


class AnthropicServer(ProviderServer[Point]):
    """A workspace of Anthropic's. `looks` and `answers` control the next batch."""

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.looks = 0
        self.answers: Callable[[int], int | None] = lambda requests: None
        """How many requests a batch has → how many of them it answers, None for all."""
        self.batches: dict[str, Batch] = {}
        """In the order of their creation."""

    def add(self, requests: list[Json]) -> Batch:
        """A new batch."""
        number = next(self._numbers)
        answers = self.answers(len(requests))
        batch = Batch(
            f"msgbatch_{number:06}", requests, self.looks, len(requests) if answers is None else answers
        )
        with self._lock:
            self.batches[batch.id] = batch
        return batch

    def _batch(self, id: str) -> Batch:
        if id not in self.batches:
            raise Refuse(404, f"Message Batch {id} not found.", type="not_found_error")
        return self.batches[id]

    @override
    def route(self, app: Flask) -> None:
        @app.post("/v1/messages/batches")
        def create() -> Json:
            self._reach("create:before")
            batch = self.add(request.get_json()["requests"])
            self._reach("create:after")
            return batch.json(self.url)

        @app.get("/v1/messages/batches")
        def batches() -> Json:
            self._reach("list")
            newest = list(self.batches.values())[::-1]
            after = request.args.get("after_id")
            start = next((n + 1 for n, batch in enumerate(newest) if batch.id == after), 0)
            end = start + request.args.get("limit", 20, int)
            page = [batch.json(self.url) for batch in newest[start:end]]
            ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
            return {"data": page, "has_more": end < len(newest), **ends}

        @app.get("/v1/messages/batches/<id>")
        def batch(id: str) -> Json:
            self._reach("retrieve")
            self._batch(id).look()
            return self._batch(id).json(self.url)

        @app.post("/v1/messages/batches/<id>/cancel")
        def cancel(id: str) -> Json:
            self._reach("cancel")
            if self._batch(id).ended:
                raise Refuse(400, "The batch has ended.", type="invalid_request_error")
            self._batch(id).cancelled = datetime.now(UTC)
            return self._batch(id).json(self.url)

        @app.get("/v1/messages/batches/<id>/results")
        def results(id: str) -> Response:
            self._reach("results")
            rows = "".join(json.dumps(row) + "\n" for row in self._batch(id).results())
            return Response(rows, content_type="application/x-jsonl")

    @override
    def check(self) -> None:
        if "anthropic-version" not in request.headers:
            raise Refuse(400, "anthropic-version: header is required", type="invalid_request_error")
        if request.headers.get("x-api-key") != self.key:
            raise Refuse(401, "invalid x-api-key", type="authentication_error")

    @override
    def error(self, refusal: Refuse) -> Json:
        error = {"type": refusal.error["type"], "message": refusal.error["message"]}
        return {"type": "error", "error": error, "request_id": "req_01"}
