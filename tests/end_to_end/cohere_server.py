"""A server of Cohere's datasets and batches on a real socket, with faults on demand.

Cohere: reference/create-dataset, reference/create-batch; crmne/ruby_llm for lines and result files.
"""

import json
from io import BytesIO
from typing import Any, override

from fastavro import writer
from flask import Flask, Response, request

from tests.end_to_end.container_servers import ContainerServer, Job
from tests.end_to_end.provider_server import Json


def _record(name: str, **fields: Any) -> Json:
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields.items()]}


_CONTENT = {"type": "array", "items": _record("content", type="string", text="string")}
_TOKENS = _record("tokens", input_tokens="double", output_tokens="double")
_BODY = _record(
    "body",
    id="string",
    finish_reason="string",
    message=_record("message", role="string", content=_CONTENT),
    usage=_record("usage", tokens=_TOKENS),
)
_ROW = _record("row", custom_id="string", error="string", body=["null", _BODY])


class Cohere(ContainerServer):
    """An organisation of Cohere."""

    @override
    def restore(self, key: str = "") -> None:
        super().restore(key)
        self.datasets: list[list[Json]] = []
        """Lines; a dataset's id is its place here."""
        self.made: dict[str, Json] = {}
        """What each batch was asked for with."""

    @override
    def route(self, app: Flask) -> None:
        @app.post("/v1/datasets")
        def upload() -> Json:
            assert request.args["type"] == "batch-chat-v2-input"
            lines = request.files["data"].read().splitlines()
            self.datasets.append([json.loads(line) for line in lines])
            return {"id": f"in-{len(self.datasets)}"}

        @app.get("/v1/datasets/<id>")
        def dataset(id: str) -> Json:
            parts = [{"index": 0, "url": f"{self.url}/storage/{id}"}] if id.startswith("out-") else []
            return {"dataset": {"validation_status": "validated", "dataset_parts": parts}}

        @app.get("/storage/<id>")
        def stored(id: str) -> Response:
            file = BytesIO()
            writer(file, _ROW, [_row(*one) for one in self.job(id.removeprefix("out-")).done])
            return Response(file.getvalue())

        @app.post("/v2/batches")
        def create() -> Json:
            wanted = request.get_json()
            lines = self.datasets[int(wanted["input_dataset_id"].removeprefix("in-")) - 1]
            id = f"batch-{len(self.jobs) + 1}"
            self.jobs[id] = Job([(line["custom_id"], line["body"]) for line in lines], self.answers)
            self.made[id] = wanted
            self._reach("create:after")
            return {"batch": self._batch(id)}

        @app.get("/v2/batches")
        def listed() -> Json:
            return {"batches": [self._batch(id) for id in self.jobs], "next_page_token": ""}

        @app.get("/v2/batches/<id>")
        def batch(id: str) -> Json:
            self.job(id).looks += 1
            return {"batch": self._batch(id)}

        @app.post("/v2/batches/<id>:cancel")
        def cancel(id: str) -> Json:
            self.job(id).cancelled = True
            return {}

    def _batch(self, id: str) -> Json:
        job = self.job(id)
        status = "CANCELED" if job.cancelled else "COMPLETED" if job.over else "IN_PROGRESS"
        return {
            "id": id,
            **self.made[id],
            "status": f"BATCH_STATUS_{status}",
            "output_dataset_id": f"out-{id}" if job.over else "",
            "num_records": len(job.requests),
            "num_successful_records": job.count(good=True),
            "num_failed_records": job.count(good=False),
        }


def _row(custom_id: str, status: int, answer: Json) -> Json:
    """A row of a result file, of the demo's chat completion."""
    if status != 200:
        return {"custom_id": custom_id, "error": answer["error"]["message"], "body": None}
    text = answer["choices"][0]["message"]["content"]
    body = {
        "id": answer["id"],
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
        "usage": {"tokens": {"input_tokens": 5.0, "output_tokens": 7.0}},
    }
    return {"custom_id": custom_id, "error": "", "body": body}
