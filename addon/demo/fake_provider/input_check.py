"""Validates the request that creates a batch, and every line of its input file, as OpenAI does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from addon.demo.fake_provider.faults import Refuse

_ENDPOINTS = frozenset({"/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/responses"})
_MEMBERS = ("custom_id", "method", "url", "body")
_BODY_MEMBERS = {
    "/v1/chat/completions": ("model", "messages"),
    "/v1/embeddings": ("model", "input"),
    "/v1/completions": ("model", "prompt"),
    "/v1/responses": ("model", "input"),
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An entry of a failed batch's `errors.data`."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None

    def json(self) -> dict[str, str | int | None]:
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


class Record(NamedTuple):
    """A request's custom id and its position in the input file."""

    custom_id: str
    offset: int
    length: int


def invalid(message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> Refuse:
    """The refusal of an invalid request."""
    return Refuse(status, message, type="invalid_request_error", param=param, code=code)


def check_creation(request: dict[str, Any]) -> None:
    """Raise `Refuse` unless a batch may be made of this request body."""
    for member in ("input_file_id", "endpoint", "completion_window"):
        if member not in request:
            message = f"Missing required parameter: '{member}'."
            raise invalid(message, param=member, code="missing_required_parameter")
    if request["endpoint"] not in _ENDPOINTS:
        message = f"Invalid value: '{request['endpoint']}'."
        raise invalid(message, param="endpoint", code="invalid_value")
    if request["completion_window"] != "24h":
        raise invalid("Invalid value: the only supported value is '24h'.", param="completion_window")
    metadata = request.get("metadata") or {}
    if len(metadata) > 16:
        raise invalid("Invalid 'metadata': too many properties, at most 16.", param="metadata")
    for name, value in metadata.items():
        if not isinstance(value, str):
            message = f"Invalid type for 'metadata.{name}': expected a string."
            raise invalid(message, param=f"metadata.{name}", code="invalid_type")
        if len(name) > 64 or len(value) > 512:
            raise invalid(f"Invalid 'metadata.{name}': string too long.", param=f"metadata.{name}")


def record_at(source: IO[bytes], place: Record) -> dict[str, Any]:
    """The request itself."""
    source.seek(place.offset)
    record: dict[str, Any] = orjson.loads(source.read(place.length))
    return record


def starts_with_json(path: Path) -> bool:
    """Whether the first line is JSON: all that an upload checks. A bad later line fails the batch."""
    with path.open("rb") as lines:
        try:
            orjson.loads(lines.readline())
        except orjson.JSONDecodeError:
            return False
    return True


def problems(
    path: Path | None, request: dict[str, Any], max_requests: int
) -> tuple[list[Record], tuple[Problem, ...]]:
    """The requests of a file, and what is wrong with it: one problem per bad line."""
    if path is None:
        message = f"Cannot find file {request['input_file_id']}, or organization does not have access to it."
        return [], (Problem(code="invalid_request", message=message, param="file_id"),)
    records: list[Record] = []
    found: list[Problem] = []
    ids: set[str] = set()
    models: set[str] = set()
    weight = 0
    for number, offset, line in _lines(path):
        problem = _problem(number, line, request["endpoint"], ids, models)
        if isinstance(problem, Problem):
            found.append(problem)
        else:
            records.append(Record(problem, offset, len(line)))
            weight += _weight(line, request["endpoint"])
    if not records and not found:
        found.append(Problem(code="empty_file", message="The input file is empty."))
    if weight > max_requests:
        message = f"The batch has {weight} requests; the limit is {max_requests}."
        found.append(Problem(code="too_many_tasks", message=message))
    return records, tuple(found)


def _weight(line: bytes, endpoint: str) -> int:
    """Number of requests that a line counts as; for embeddings the number of inputs."""
    if endpoint != "/v1/embeddings":
        return 1
    asked = orjson.loads(line)["body"]["input"]
    return len(asked) if isinstance(asked, list) else 1


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            yield number, offset, line
            offset += len(line)


def _problem(number: int, line: bytes, endpoint: str, ids: set[str], models: set[str]) -> Problem | str:
    """The problem with a line, else its custom id."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return Problem(
            code="invalid_json_line", message="This line is not parseable as valid JSON.", line=number
        )
    if (problem := _record_problem(record, endpoint)) is not None:
        return replace(problem, line=number)
    models.add(record["body"].get("model"))
    if len(models) > 1:
        message = "All requests of a batch must use the same model."
        return Problem(code="model_mismatch", message=message, param="body.model", line=number)
    custom_id = str(record["custom_id"])
    if custom_id in ids:
        message = f"The custom_id '{custom_id}' is used more than once."
        return Problem(code="duplicate_custom_id", message=message, param="custom_id", line=number)
    ids.add(custom_id)
    return custom_id


def _record_problem(record: Any, endpoint: str) -> Problem | None:
    """The problem with a request by itself, if it has one."""
    for member in _MEMBERS:
        if not isinstance(record, dict) or member not in record:
            message = f"Missing required parameter: '{member}'."
            return Problem(code="missing_required_parameter", message=message, param=member)
    if record["url"] != endpoint:
        message = "The URL provided for this request does not match the batch endpoint."
        return Problem(code="invalid_url", message=message, param="url")
    body = record["body"]
    if body.get("stream"):
        message = "Streaming is not supported in a batch."
        return Problem(code="streaming_unsupported", message=message, param="body.stream")
    for member in _BODY_MEMBERS.get(endpoint, ()):
        if member not in body:
            message = f"Missing required parameter: '{member}'."
            return Problem(code="invalid_request", message=message, param=f"body.{member}")
    return None
