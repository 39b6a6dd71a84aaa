"""Recordings of single records: Bedrock's line, the provider's line and its row in captured flows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

from addon.jobs.processes.split import request_of
from addon.recorder.captures import Exchange, as_json
from addon.recorder.conversation_matcher import Match
from translators.bedrock.jobs import AwsError, create_request
from translators.bedrock.records import InputRecord, NotARecord, generated_id, output_line, read
from translators.errors import RecordError
from translators.providers.batch_file import Line, Unfinished
from translators.providers.registry import provider
from translators.translation import InvocationType, Route, Translator

ID = "0"
"""The custom id in recordings."""


@dataclass(frozen=True)
class Case:
    """The files of one record's recording."""

    name: str
    files: Mapping[str, Any]


@dataclass(frozen=True)
class _Job:
    """A Bedrock job that the application created."""

    id: str
    model_id: str
    invocation_type: InvocationType
    input_uri: str


def cases(kind: str, cycle: Sequence[Match], exchanges: Sequence[Exchange], most: int) -> Iterator[Case]:
    """The recordings of a batch's records, if its Bedrock job is in the flows as well; `most` at most."""
    sent = next((match.call for match in cycle if match.call.lines), None)
    if sent is None or sent.submission is None:
        return
    jobs = {job.id: job for job in map(_job, exchanges) if job is not None}
    job = jobs.get(sent.submission.marker.job)
    if job is None:
        return
    records = list(_records(job, exchanges))
    rows = dict(_rows(kind, cycle))
    route = Route(
        model_id=job.model_id,
        invocation_type=job.invocation_type,
        provider=kind,
        model=sent.submission.model,
    )
    for custom_id, line in islice(_lines(sent.lines, rows), most):
        index, _, parts = request_of(custom_id, job.id)
        if index < len(records) and parts == 1:  # a recording shows one line
            yield _case(
                index,
                records[index],
                route,
                _with_recorded_id(line, custom_id),
                _with_recorded_id(rows[custom_id], custom_id),
            )


def _rows(kind: str, cycle: Sequence[Match]) -> Iterator[tuple[str, object]]:
    receipt = provider(kind).receipt
    files = b"\n".join(file for match in cycle for file in match.result_files)
    for row in filter(bytes.strip, files.splitlines()):
        try:
            yield receipt(row).custom_id, json.loads(row)
        except ValueError:
            continue  # it has no custom id, and so belongs to no record


def _lines(lines: str, rows: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Each line that has a row, and its custom id: the member's name is the provider's."""
    for line in map(json.loads, lines.splitlines()):
        for value in line.values():
            if isinstance(value, str) and value in rows:
                yield value, line


def _with_recorded_id(value: object, custom_id: str) -> object:
    """A line or row with the id that recordings have."""
    if isinstance(value, dict):
        return {name: _with_recorded_id(member, custom_id) for name, member in value.items()}
    return ID if value == custom_id else value


def _job(exchange: Exchange) -> _Job | None:
    if exchange.method != "POST" or not urlsplit(exchange.url).path.endswith("/model-invocation-job"):
        return None
    created = as_json(exchange.response.body) if exchange.response is not None else None
    if not isinstance(created, dict) or "jobArn" not in created:
        return None
    try:
        request = create_request(exchange.body.encode())
    except AwsError:
        return None
    return _Job(
        id=str(created["jobArn"]).rpartition("/")[2],
        model_id=request.model_id,
        invocation_type=request.invocation_type,
        input_uri=request.input_place.s3_uri,
    )


def _records(job: _Job, exchanges: Sequence[Exchange]) -> Iterator[InputRecord]:
    """The records of the job's input, as they were put to S3 or read from it."""
    objects = {
        key: body for exchange in exchanges if (found := _object(job, exchange)) for key, body in [found]
    }
    index = 0
    for key in sorted(objects):
        for line in objects[key].encode().split(b"\n"):
            try:
                record = read(line)
            except NotARecord:
                return
            if record is not None:
                yield InputRecord(record.model_input, record.record_id or generated_id(index))
                index += 1


def _object(job: _Job, exchange: Exchange) -> tuple[str, str] | None:
    """Key and content of an input object that the exchange carries."""
    bucket, _, wanted = job.input_uri.removeprefix("s3://").partition("/")
    parts = urlsplit(exchange.url)
    place = unquote(parts.path).removeprefix("/")
    if place.startswith(f"{bucket}/"):
        key = place.removeprefix(f"{bucket}/")
    elif (parts.hostname or "").startswith(f"{bucket}."):
        key = place
    else:
        return None
    if parts.query or not (
        key == wanted or (key.startswith(wanted.rstrip("/") + "/") and key.endswith(".jsonl"))
    ):
        return None
    if exchange.method == "PUT":
        return key, exchange.body
    if exchange.method == "GET" and exchange.response is not None and exchange.response.status == 200:
        return key, exchange.response.body
    return None


def _case(index: int, record: InputRecord, route: Route, sent: object, received: object) -> Case:
    translator = Translator(route)
    line = translator.line(ID, record)
    notes = line.notes if isinstance(line, Line) else ()
    meta: dict[str, object] = {
        "model_id": route.model_id,
        "invocation_type": route.invocation_type,
        "model": route.model,
    }
    if notes:
        meta["notes"] = [{"field": note.field, "effect": note.effect} for note in notes]
    files: dict[str, Any] = {
        "record.json": {"recordId": record.record_id, "modelInput": json.loads(bytes(record.model_input))},
        "meta.json": meta,
        "sent.json": sent,
        "received.json": received,
    }
    outcome = translator.model_output(record.model_input, json.dumps(received).encode())
    if not isinstance(outcome, Unfinished):
        written = outcome if isinstance(outcome, RecordError) else outcome.json
        files["output.json"] = json.loads(output_line(str(record.record_id), record.model_input, written))
    return Case(f"record-{index}", files)
