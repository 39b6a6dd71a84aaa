"""Servers of Fireworks' and xAI's batches on real sockets, with faults on demand: datasets and jobs there,
batches that are filled and read page by page here.

Fireworks: api-reference; xAI: docs/guides/batch-api.
"""

import json
from typing import Literal, override

from flask import Flask, Response, request

from addon.demo.fake_provider.chat_completions import chat_completion
from addon.demo.fake_provider.faults import Refuse
from tests.end_to_end.provider_server import Json, ProviderServer

type Point = Literal["create:after"]

PAGE = 5
"""How many results xAI's server gives at once."""


class Job:
    """Requests that are answered when they are looked at: all of them, or only the first `answers`."""

    def __init__(self, requests: list[tuple[str, Json]], answers: int | None) -> None:
        """`requests`: custom ids and bodies."""
        self.requests = requests
        self.looks = 0
        self.cancelled = False
        self._answers = answers

    @property
    def done(self) -> list[tuple[str, int, Json]]:
        """Custom ids, statuses and bodies of what has been answered."""
        if self.looks == 0:
            return []
        answered = self.requests[: self._answers]
        return [(name, *chat_completion({"model": "a-model", **body})) for name, body in reversed(answered)]

    @property
    def over(self) -> bool:
        return self.cancelled or (len(self.requests) > 0 and len(self.done) == len(self.requests))

    def count(self, *, good: bool) -> int:
        return sum((status == 200) == good for _, status, _ in self.done)


class ContainerServer(ProviderServer[Point]):
    """Jobs, authorization and errors of these providers."""

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.answers: int | None = None
        """How many requests a new job answers before it stalls; None for all."""
        self.jobs: dict[str, Job] = {}
        """In the order of their creation, filled ones only."""

    def job(self, id: str) -> Job:
        if id not in self.jobs:
            raise Refuse(404, "not found")
        return self.jobs[id]

    @override
    def check(self) -> None:
        is_storage = request.path.startswith("/storage/")
        if is_storage and "Authorization" in request.headers:
            raise Refuse(400, "Only one auth mechanism allowed")
        if not is_storage and request.headers.get("Authorization") != f"Bearer {self.key}":
            raise Refuse(403, "The API key you provided is invalid.")

    @override
    def error(self, refusal: Refuse) -> Json:
        return {"code": 5, "message": refusal.error["message"]}


class Fireworks(ContainerServer):
    """An account of Fireworks."""

    path = "/v1/accounts/example"

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.datasets: dict[str, list[Json] | None] = {}
        """Lines by the names of datasets; None before they are uploaded."""

    @override
    def route(self, app: Flask) -> None:
        @app.post(f"{self.path}/datasets")
        def make() -> Json:
            wanted = request.get_json()
            if wanted["datasetId"] in self.datasets:
                raise Refuse(409, "already exists")
            assert int(wanted["dataset"]["exampleCount"]) > 0
            self.datasets[wanted["datasetId"]] = None
            return self._dataset(wanted["datasetId"])

        @app.post(f"{self.path}/datasets/<name>:upload")
        def upload(name: str) -> Json:
            lines = request.files["file"].read().splitlines()
            self.datasets[name] = [json.loads(line) for line in lines]
            return {"id": name, "object": "file"}

        @app.get(f"{self.path}/datasets/<name>")
        def dataset(name: str) -> Json:
            return self._dataset(name)

        @app.get(f"{self.path}/datasets/<name>:getDownloadEndpoint")
        def download(name: str) -> Json:
            if not self.job(name.removeprefix("out-")).over:
                raise Refuse(404, "resource not found")
            storage = f"{self.url.removesuffix(self.path)}/storage/{name}"
            files = ("BIJOutputSet.jsonl", "error-data")
            return {"filenameToSignedUrls": {f"dataset/{name}/{file}": f"{storage}/{file}" for file in files}}

        @app.get("/storage/<name>/<file>")
        def stored(name: str, file: str) -> Response:
            job = self.job(name.removeprefix("out-"))
            rows = [
                {"custom_id": custom_id, **({"response": body} if status == 200 else body)}
                for custom_id, status, body in job.done
                if (status == 200) == file.endswith(".jsonl")
            ]
            return Response("".join(json.dumps(row) + "\n" for row in rows))

        self._route_jobs(app)

    def _route_jobs(self, app: Flask) -> None:
        @app.post(f"{self.path}/batchInferenceJobs")
        def create() -> Json:
            name, wanted = request.args["batchInferenceJobId"], request.get_json()
            lines = self.datasets[wanted["inputDatasetId"].rpartition("/")[2]]
            assert lines is not None
            assert wanted["inputDatasetId"].startswith("accounts/example/datasets/")
            if name in self.jobs:
                raise Refuse(409, "already exists")
            requests = [(line["custom_id"], line["body"]) for line in lines]
            assert all("model" not in body for _, body in requests)
            self.jobs[name] = Job(requests, self.answers)
            self._reach("create:after")
            return self._job(name)

        @app.get(f"{self.path}/batchInferenceJobs/<name>")
        def job(name: str) -> Json:
            self.job(name).looks += 1
            return self._job(name)

        @app.delete(f"{self.path}/batchInferenceJobs/<name>")
        def delete(name: str) -> Json:
            self.job(name).cancelled = True
            return {}

    def _dataset(self, name: str) -> Json:
        return {"name": name, "state": "UPLOADING" if self.datasets[name] is None else "READY"}

    def _job(self, name: str) -> Json:
        job = self.job(name)
        state = "DELETING" if job.cancelled else "COMPLETED" if job.over else "RUNNING"
        return {
            "name": f"accounts/example/batchInferenceJobs/{name}",
            "state": f"JOB_STATE_{state}",
            "outputDatasetId": f"accounts/example/datasets/out-{name}",
            "jobProgress": {
                "totalInputRequests": len(job.requests),
                "totalProcessedRequests": len(job.done),
                "successfullyProcessedRequests": job.count(good=True),
                "failedRequests": job.count(good=False),
            },
        }


class XAI(ContainerServer):
    """A team of xAI."""

    path = "/v1"

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.names: list[str] = []
        """Of all batches, empty ones included; a batch's id is its place here."""

    @override
    def route(self, app: Flask) -> None:
        @app.post("/v1/batches")
        def make() -> Json:
            self.names.append(request.get_json()["name"])
            return self._batch(f"batch_{len(self.names)}")

        @app.post("/v1/batches/<id>/requests")
        def add(id: str) -> Response:
            wanted = request.get_json()["batch_requests"]
            requests = [
                (one["batch_request_id"], one["batch_request"]["chat_get_completion"]) for one in wanted
            ]
            earlier = self.jobs[id].requests if id in self.jobs else []
            self.jobs[id] = Job(earlier + requests, self.answers)
            self._reach("create:after")
            return Response("null", content_type="application/json")

        @app.get("/v1/batches/<id>")
        def batch(id: str) -> Json:
            if id in self.jobs:
                self.jobs[id].looks += 1
            return self._batch(id)

        @app.post("/v1/batches/<id>:cancel")
        def cancel(id: str) -> Json:
            self.job(id).cancelled = True
            return self._batch(id)

        @app.get("/v1/batches/<id>/results")
        def results(id: str) -> Json:
            start = int(request.args.get("pagination_token", "0"))
            rows = [_result(*one) for one in self.job(id).done]
            end = start + PAGE
            return {
                "results": rows[start:end],
                "pagination_token": str(end) if end < len(rows) else None,
            }

    def _batch(self, id: str) -> Json:
        job = self.jobs.get(id, Job([], None))
        left = len(job.requests) - len(job.done)
        return {
            "batch_id": id,
            "cancel_time": "2026-08-20" if job.cancelled else None,
            "state": {
                "num_requests": len(job.requests),
                "num_pending": 0 if job.cancelled else left,
                "num_success": job.count(good=True),
                "num_error": job.count(good=False),
                "num_cancelled": left if job.cancelled else 0,
            },
        }


def _result(custom_id: str, status: int, body: Json) -> Json:
    if status == 200:
        return {"batch_request_id": custom_id, "batch_result": {"response": {"chat_get_completion": body}}}
    error = {"code": 3, "message": body["error"]["message"]}
    return {"batch_request_id": custom_id, "batch_result": {"error": error}}
