"""Servers with Google's tokens, Cloud Storage and Vertex AI's batch prediction jobs, on one real socket, with
faults on demand.

Google: reference/rest (projects.locations.batchPredictionJobs), models/capabilities/batch-inference; Cloud
Storage: xml-api. Rows come in any order, the members of the request in each of them, too; counts are text,
and what is zero is left out.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal, override
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, request

from addon.demo.fake_provider.chat_completions import FAIL
from addon.demo.fake_provider.faults import Refuse
from tests.end_to_end.provider_server import Json, ProviderServer

type Point = Literal["token", "put", "create:before", "create:after", "list", "retrieve", "cancel", "get"]

PROJECT = "a-project"
BUCKET = "a-bucket"
LOCATION = "us-central1"
_OVER = frozenset({"SUCCEEDED", "CANCELLED", "EXPIRED", "FAILED"})


def key_file(folder: Path, url: str) -> Path:
    """A service account's key, whose tokens come from the server."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": f"batch@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{url}/token",
    }
    path = folder / "service-account.json"
    path.write_text(json.dumps(account))
    return path


def _to_gemini(asked: Json) -> Json:
    text = asked["contents"][-1]["parts"][-1]["text"]
    if FAIL in text:
        error = {"code": 400, "message": "This request was asked to fail.", "status": "INVALID_ARGUMENT"}
        return {"status": f"Bad Request: {json.dumps({'error': error})}", "response": {}}
    candidate = {
        "content": {"role": "model", "parts": [{"text": f"You said {text}"}]},
        "finishReason": "STOP",
    }
    usage = {"promptTokenCount": len(text), "candidatesTokenCount": 5, "thoughtsTokenCount": 2}
    return {"status": "", "response": {"candidates": [candidate], "usageMetadata": usage}}


def _to_claude(asked: Json) -> Json:
    assert asked["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in asked
    text = asked["messages"][-1]["content"]
    if FAIL in text:
        error = {"type": "invalid_request_error", "message": "This request was asked to fail."}
        return {"status": f"Bad Request: {json.dumps({'type': 'error', 'error': error})}", "response": {}}
    message = {
        "id": "msg_vrtx_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": f"You said {text}"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": len(text), "output_tokens": 7},
    }
    return {"status": "", "response": message}


def _row(line: Json) -> Json:
    """What comes of a line: of a line to Claude its id comes back, of one to Gemini the request alone."""
    asked = line["request"]
    echo = {"request": dict(sorted(asked.items())), "processed_time": "2026-08-19T14:40:30.652+00:00"}
    if "custom_id" in line:
        return {"custom_id": line["custom_id"], **echo, **_to_claude(asked)}
    return {**echo, **_to_gemini(asked)}


class Job:
    """One job: queued until it is looked at, then running, then over."""

    def __init__(self, number: int, wanted: Json, lines: list[Json], looks: int) -> None:
        self.id = f"{number:019}"
        self.wanted = wanted
        self.lines = lines
        self.looks = looks
        """How often it is looked at before it ends; a job with -1 runs until it is cancelled."""
        self.end = "SUCCEEDED"
        """How it ends by itself."""
        self.answers = len(lines)
        """How many lines have been answered when it ends."""
        self.state = "QUEUED"

    @property
    def folder(self) -> str:
        prefix: str = self.wanted["outputConfig"]["gcsDestination"]["outputUriPrefix"]
        return f"{prefix}/prediction-model-2026-08-19T14:34:12.267870Z"

    def look(self) -> None:
        if self.state not in _OVER:
            self.state = self.end if self.looks == 0 else "RUNNING"
            self.looks -= self.looks > 0

    def rows(self) -> list[Json]:
        rows = [_row(line) for line in self.lines[: self.answers]]
        random.Random(self.id).shuffle(rows)
        return rows

    def json(self) -> Json:
        job = {
            "name": f"projects/123456789012/locations/{LOCATION}/batchPredictionJobs/{self.id}",
            "state": f"JOB_STATE_{self.state}",
            "createTime": "2026-08-19T14:34:12.267870Z",
            **self.wanted,
        }
        if self.state in {"SUCCEEDED", "CANCELLED"}:
            job["outputInfo"] = {"gcsOutputDirectory": self.folder}
        if self.state in {"RUNNING", "SUCCEEDED", "CANCELLED"} and self.answers:
            failed = sum(row["status"] != "" for row in self.rows())
            counts = {
                "successfulCount": self.answers - failed,
                "failedCount": failed,
                "incompleteCount": len(self.lines) - self.answers,
            }
            job["completionStats"] = {name: str(count) for name, count in counts.items() if count}
        return job


class GoogleServers(ProviderServer[Point]):
    """A project of Google's, with tokens instead of a key. Vertex AI is at `url`, Cloud Storage at `storage`.

    `outcome` changes each new job.
    """

    def __init__(self) -> None:
        self._accepted: list[str] = []
        super().__init__()

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.looks = 0
        self.outcome: Callable[[int, Job], None] = lambda number, job: None
        """How many jobs there are with the new one, and the new one."""
        self.jobs: dict[str, Job] = {}
        self.objects: dict[str, bytes] = {}
        """What lies in the bucket, by name."""
        self.parts: Counter[str] = Counter()
        """How many parts each object came in that came in parts."""
        self.tokens: list[str] = []
        """Those that were given out since; older ones hold, too."""
        self.seconds = 3600
        """For how long a token holds, by its own account."""
        self.holding = 1_000_000
        """How many of the last tokens really hold."""
        self._uploads: dict[str, dict[int, bytes]] = {}

    @property
    def storage(self) -> str:
        return f"{self.url}/storage"

    @override
    def route(self, app: Flask) -> None:
        @app.post("/token")
        def token() -> Json:
            self._reach("token")
            with self._lock:
                self.tokens.append(f"ya29.token-{next(self._numbers)}")
                self._accepted.append(self.tokens[-1])
                return {"access_token": self.tokens[-1], "expires_in": self.seconds, "token_type": "Bearer"}

        self._job_routes(app)
        self._storage_routes(app)

    @override
    def check(self) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path == "/token" or token in self._accepted[-self.holding :]:
            return
        raise Refuse(401, "Request had invalid authentication credentials.", type="UNAUTHENTICATED")

    def _job_routes(self, app: Flask) -> None:
        jobs = f"/v1/projects/{PROJECT}/locations/{LOCATION}/batchPredictionJobs"

        @app.post(jobs)
        def create() -> Json:
            self._reach("create:before")
            job = self._add(request.get_json())
            self._reach("create:after")
            return job.json()

        @app.get(jobs)
        def listed() -> Json:
            self._reach("list")
            named = re.findall(r'display_name="([^"]+)"', request.args.get("filter", ""))
            jobs = [job for job in self.jobs.values() if not named or job.wanted["displayName"] in named]
            found = [job.json() for job in jobs]
            return {"batchPredictionJobs": found} if found else {}

        @app.get(f"{jobs}/<id>")
        def job(id: str) -> Json:
            self._reach("retrieve")
            if id not in self.jobs:
                raise Refuse(404, "The BatchPredictionJob does not exist.", type="NOT_FOUND")
            self.jobs[id].look()
            self._write(self.jobs[id])
            return self.jobs[id].json()

        @app.post(f"{jobs}/<id>:cancel")
        def cancel(id: str) -> Json:
            self._reach("cancel")
            if self.jobs[id].state in _OVER:
                raise Refuse(400, "The job is over.", type="FAILED_PRECONDITION")
            self.jobs[id].looks, self.jobs[id].end, self.jobs[id].state = 1, "CANCELLED", "CANCELLING"
            return {}

    def _add(self, wanted: Json) -> Job:
        if not re.fullmatch(r"publishers/(google|anthropic)/models/[a-z0-9.@-]+", wanted["model"]):
            raise Refuse(404, f"Publisher Model `{wanted['model']}` was not found.", type="NOT_FOUND")
        (source,) = wanted["inputConfig"]["gcsSource"]["uris"]
        data = self.objects[source.removeprefix(f"gs://{BUCKET}/")]
        job = Job(next(self._numbers), wanted, [json.loads(line) for line in data.splitlines()], self.looks)
        with self._lock:
            self.jobs[job.id] = job
            self.outcome(len(self.jobs), job)
        return job

    def _write(self, job: Job) -> None:
        if job.state in {"SUCCEEDED", "CANCELLED"}:
            place = job.folder.removeprefix(f"gs://{BUCKET}/")
            self.objects[f"{place}/predictions.jsonl"] = "".join(
                json.dumps(row) + "\n" for row in job.rows()
            ).encode()
            self.objects[f"{place}/row_count.json"] = b"{}"

    def _storage_routes(self, app: Flask) -> None:
        @app.get(f"/storage/{BUCKET}")
        def objects() -> Response:
            prefix = request.args.get("prefix", "")
            found = "".join(
                f"<Contents><Key>{escape(name)}</Key><LastModified>2026-08-19T14:40:30.652Z</LastModified>"
                f'<ETag>"1"</ETag><Size>{len(data)}</Size></Contents>'
                for name, data in sorted(self.objects.items())
                if name.startswith(prefix)
            )
            return _xml(f"<ListBucketResult>{found}</ListBucketResult>")

        @app.get(f"/storage/{BUCKET}/<path:name>")
        def download(name: str) -> Response:
            self._reach("get")
            if name not in self.objects:
                raise Refuse(404, "The specified key does not exist.", type="NoSuchKey")
            data, headers = (
                self.objects[name],
                {"last-modified": "Wed, 19 Aug 2026 14:40:30 GMT", "etag": '"1"'},
            )
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
            if wanted is None:
                return Response(data, headers=headers)
            start, end = int(wanted[1]), min(int(wanted[2]), len(data) - 1)
            headers["content-range"] = f"bytes {start}-{end}/{len(data)}"
            return Response(data[start : end + 1], 206, headers=headers)

        @app.put(f"/storage/{BUCKET}/<path:name>")
        def store(name: str) -> Response:
            self._reach("put")
            if "uploadId" in request.args:
                self._uploads[request.args["uploadId"]][int(request.args["partNumber"])] = request.get_data()
            else:
                self.objects[name] = request.get_data()
            return Response(headers={"etag": '"1"'})

        @app.delete(f"/storage/{BUCKET}/<path:name>")
        def give_up(name: str) -> Response:
            self._uploads.pop(request.args["uploadId"], None)
            return Response(status=204)

        @app.post(f"/storage/{BUCKET}/<path:name>")
        def upload(name: str) -> Response:
            if "uploads" in request.args:
                id = str(next(self._numbers))
                self._uploads[id] = {}
                return _xml(f"<R><UploadId>{id}</UploadId></R>")
            parts = self._uploads.pop(request.args["uploadId"])
            self.parts[name] = len(parts)
            self.objects[name] = b"".join(data for _, data in sorted(parts.items()))
            return _xml('<R><ETag>"1"</ETag></R>')

    @override
    def error(self, refusal: Refuse) -> Json | Response:
        error = refusal.error
        if request.path.startswith("/storage/"):
            message = escape(error["message"] or "")
            return _xml(f"<Error><Code>{error['type']}</Code><Message>{message}</Message></Error>")
        return {"error": {"code": refusal.status, "message": error["message"], "status": error["type"]}}


def _xml(body: str) -> Response:
    return Response(body, content_type="application/xml")
