"""A server with Mistral's Files API and batch jobs on a real socket, with faults on demand.

Mistral: studio-api/batch-processing, api/endpoint/batch and files. A job names the endpoint and the model of
its lines, rows come in any order, ids of tool calls have nine letters and digits, and a list can be asked for
the jobs with certain metadata.
"""

import itertools
import json
import random
import re
from collections.abc import Callable
from typing import Literal, override

from flask import Flask, Response, request

from addon.demo.fake_provider.chat_completions import FAIL
from addon.demo.fake_provider.faults import Refuse
from tests.end_to_end.provider_server import Json, ProviderServer

type Point = Literal[
    "upload:before", "upload:after", "create:before", "create:after", "retrieve", "cancel", "list", "content"
]
type Status = Literal[
    "QUEUED", "RUNNING", "CANCELLATION_REQUESTED", "SUCCESS", "TIMEOUT_EXCEEDED", "CANCELLED"
]

_OVER = frozenset({"SUCCESS", "TIMEOUT_EXCEEDED", "CANCELLED"})
_QUERY = frozenset({"page", "page_size", "created_after", "order_by", "status", "model", "created_by_me"})
_CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")


def answered(endpoint: str, model: str, body: Json) -> tuple[int, Json]:
    """Status and body of the answer to a line."""
    if endpoint == "/v1/embeddings":
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        data = [{"object": "embedding", "index": n, "embedding": [1 / 32] * 1024} for n in range(len(texts))]
        usage = {"prompt_tokens": sum(map(len, texts)), "total_tokens": sum(map(len, texts))}
        return 200, {"id": "e1", "object": "list", "data": data, "model": model, "usage": usage}
    problem = _problem(body)
    if problem is not None:
        return 400, {"object": "error", "message": problem, "type": "invalid_request_error", "code": "3280"}
    last = body["messages"][-1]
    text = last["content"] if isinstance(last["content"], str) else json.dumps(last["content"])
    message: Json = {"role": "assistant", "content": f"You said {text}", "tool_calls": None}
    finish_reason = "stop"
    if "tools" in body and last["role"] == "user":
        call = {"name": body["tools"][0]["function"]["name"], "arguments": "{}"}
        message = {"role": "assistant", "content": "", "tool_calls": [{"id": "vAKGXGFZD", "function": call}]}
        finish_reason = "tool_calls"
    usage = {"prompt_tokens": len(text), "completion_tokens": 7, "total_tokens": len(text) + 7}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    return 200, {"id": "c1", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


def _problem(body: Json) -> str | None:
    """Why Mistral would refuse the request."""
    if unknown := body.keys() & {"model", "seed", "max_completion_tokens"}:
        return f"{unknown} is not taken here."
    if FAIL in json.dumps(body["messages"][-1]):
        return "This request was asked to fail."
    for before, message in itertools.pairwise([{"role": "system"}, *body["messages"]]):
        if message["role"] == "user" and before["role"] == "tool":
            return "Unexpected role 'user' after role 'tool'"
        ids = [message.get("tool_call_id", "123456789")]
        ids += [call["id"] for call in message.get("tool_calls", ())]
        if not all(map(_CALL_ID.fullmatch, ids)):
            return f"Tool call id was {ids} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


class Job:
    """One batch job: queued until it is looked at, then running, then over."""

    def __init__(self, id: str, wanted: Json, lines: list[Json], looks: int) -> None:
        self.id = id
        self.wanted = wanted
        """As it was created."""
        self.lines = lines
        self.looks = looks
        """How often it is looked at before it ends; a job with -1 runs until it is cancelled."""
        self.end: Status = "SUCCESS"
        """How it ends by itself."""
        self.answers = len(lines)
        """How many requests have been answered when it ends."""
        self.status: Status = "QUEUED"

    def look(self) -> None:
        if self.status not in _OVER:
            self.status = self.end if self.looks == 0 else "RUNNING"
            self.looks -= self.looks > 0

    def rows(self) -> list[Json]:
        rows: list[Json] = []
        for number, line in enumerate(self.lines[: self.answers]):
            status, body = answered(self.wanted["endpoint"], self.wanted["model"], line["body"])
            response = {"status_code": status, "body": body}
            rows.append(
                {"id": f"batch-{self.id}-{number}", "custom_id": line["custom_id"], "response": response}
            )
        random.Random(self.id).shuffle(rows)
        return rows

    def file(self, *, failed: bool) -> list[Json]:
        """The rows of the output file, or of the error file."""
        return [row for row in self.rows() if (row["response"]["status_code"] != 200) == failed]

    def json(self) -> Json:
        over = self.status in _OVER
        failed = len(self.file(failed=True))
        done = self.answers if over or self.status == "RUNNING" else 0
        files = {name: over and bool(self.file(failed=name == "error")) for name in ("output", "error")}
        return {
            "id": self.id,
            "object": "batch",
            **self.wanted,
            "output_file": f"{self.id}-output" if files["output"] else None,
            "error_file": f"{self.id}-error" if files["error"] else None,
            "errors": [{"message": "Bad request", "count": failed}] if over and failed else [],
            "status": self.status,
            "created_at": 1787150442,
            "total_requests": 0 if self.status == "QUEUED" else len(self.lines),
            "completed_requests": done,
            "succeeded_requests": done - failed if over else done,
            "failed_requests": failed if over else 0,
        }


class MistralServer(ProviderServer[Point]):
    """A workspace of Mistral's. `outcome` changes each new job."""

    def __init__(self, key: str) -> None:
        self._files: dict[str, bytes] = {}
        super().__init__(key)

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.looks = 0
        self.outcome: Callable[[int, Job], None] = lambda number, job: None
        """How many jobs there are with the new one, and the new one."""
        self.jobs: dict[str, Job] = {}
        """In the order of their creation."""

    def _add(self, wanted: Json) -> Job:
        (file,) = wanted["input_files"]
        lines = [json.loads(line) for line in self._files[file].splitlines()]
        job = Job(f"job-{next(self._numbers)}", wanted, lines, self.looks)
        with self._lock:
            self.jobs[job.id] = job
            self.outcome(len(self.jobs), job)
        return job

    def _job(self, id: str) -> Job:
        if id not in self.jobs:
            raise Refuse(404, "Job not found")
        return self.jobs[id]

    @override
    def route(self, app: Flask) -> None:
        self._file_routes(app)
        self._job_routes(app)

    def _file_routes(self, app: Flask) -> None:
        @app.post("/v1/files")
        def upload() -> Json:
            self._reach("upload:before")
            id = f"file-{next(self._numbers)}"
            self._files[id] = request.files["file"].read()
            self._reach("upload:after")
            return {"id": id, "object": "file", "purpose": request.form["purpose"]}

        @app.get("/v1/files/<id>/content")
        def content(id: str) -> Response:
            self._reach("content")
            job, _, which = id.rpartition("-")
            rows = "".join(json.dumps(row) + "\n" for row in self._job(job).file(failed=which == "error"))
            return Response(rows, content_type="application/octet-stream")

    def _job_routes(self, app: Flask) -> None:
        @app.post("/v1/batch/jobs")
        def create() -> Json:
            self._reach("create:before")
            job = self._add(request.get_json())
            self._reach("create:after")
            return job.json()

        @app.get("/v1/batch/jobs")
        def jobs() -> Json:
            self._reach("list")
            wanted = {name: value for name, value in request.args.items() if name not in _QUERY}
            found = [
                job.json()
                for job in reversed(self.jobs.values())
                if wanted.items() <= job.wanted["metadata"].items()
            ]
            size = int(request.args["page_size"])
            start = int(request.args["page"]) * size
            return {"object": "list", "data": found[start : start + size], "total": len(found)}

        @app.get("/v1/batch/jobs/<id>")
        def job(id: str) -> Json:
            self._reach("retrieve")
            self._job(id).look()
            return self._job(id).json()

        @app.post("/v1/batch/jobs/<id>/cancel")
        def cancel(id: str) -> Json:
            self._reach("cancel")
            job = self._job(id)
            if job.status in _OVER:
                raise Refuse(400, "The job is over.")
            job.looks, job.end, job.status = 0, "CANCELLED", "CANCELLATION_REQUESTED"
            return job.json()

    @override
    def check(self) -> tuple[Json, int] | None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return {"detail": "Invalid API Key"}, 401
        return None

    @override
    def error(self, refusal: Refuse) -> Json:
        return {"object": "error", **refusal.error}
