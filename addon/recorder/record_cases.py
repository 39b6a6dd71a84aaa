"""Records whose whole way is in captured flows: Bedrock's line, the provider's line, the provider's row."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from addon.jobs.processes.split import record_index
from addon.recorder.captures import Exchange, as_json
from addon.recorder.conversation_matcher import Match
from translators.bedrock.jobs import AwsError, create_request
from translators.bedrock.records import InputRecord, NotARecord, generated_id, output_line, read
from translators.errors import RecordError
from translators.providers.registry import provider
from translators.providers.rows import Line, Unfinished
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
    """What the application asked Bedrock for."""

    id: str
    model_id: str
    invocation_type: InvocationType
    input_uri: str


def cases(kind: str, cycle: Sequence[Match], exchanges: Sequence[Exchange], most: int) -> Iterator[Case]:
    """Those of the records of one batch whose Bedrock job is in the flows as well."""
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
    answered = [(custom_id, line) for custom_id, line in _lines(sent.lines, rows) if custom_id in rows]
    for custom_id, line in answered[:most]:
        index = record_index(custom_id, job.id)
        if index < len(records):
            yield _case(
                index, records[index], route, _named(line, custom_id), _named(rows[custom_id], custom_id)
            )


def _rows(kind: str, cycle: Sequence[Match]) -> Iterator[tuple[str, object]]:
    receipt = provider(kind).receipt
    for row in (
        row for match in cycle for file in match.result_files for row in file.splitlines() if row.strip()
    ):
        try:
            yield receipt(row).custom_id, json.loads(row)
        except ValueError:
            continue  # nobody's


def _lines(lines: str, rows: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Each line and its custom id, which providers call differently."""
    for line in map(json.loads, lines.splitlines()):
        for value in line.values():
            if isinstance(value, str) and value in rows:
                yield value, line


def _named(value: object, custom_id: str) -> object:
    """A line or row with the id that recordings have."""
    if isinstance(value, dict):
        return {name: _named(member, custom_id) for name, member in value.items()}
    return ID if value == custom_id else value


def _job(exchange: Exchange) -> _Job | None:
    if exchange.method != "POST" or not urlsplit(exchange.url).path.endswith("/model-invocation-job"):
        return None
    answered = as_json(exchange.answer.body) if exchange.answer is not None else None
    match answered:
        case {"jobArn": str(arn)}:
            pass
        case _:
            return None
    try:
        request = create_request(exchange.body.encode())
    except AwsError:
        return None
    return _Job(
        id=arn.rpartition("/")[2],
        model_id=request.model_id,
        invocation_type=request.invocation_type,
        input_uri=request.input_place.s3_uri,
    )


def _records(job: _Job, exchanges: Sequence[Exchange]) -> Iterator[InputRecord]:
    """The records of the job's input, as the application put them to S3 or somebody read them from there."""
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
    if exchange.method == "GET" and exchange.answer is not None and exchange.answer.status == 200:
        return key, exchange.answer.body
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
