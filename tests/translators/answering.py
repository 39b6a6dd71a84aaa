"""Rows of every provider, read in every dialect: what the tests of answers share."""

import json
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Raw

from tests.translators.dialect_readers import ReadAnswer
from tests.translators.dialects import DIALECTS
from tests.translators.provider_formats import FORMATS, Json, ModelAnswer
from translators.bedrock.families.registry import FAMILIES, Family
from translators.bedrock.records import output_line
from translators.errors import RecordError
from translators.providers.batch_file import Unfinished
from translators.translation import Route, Translator
from translators.wire import ModelOutput

TEXT_DIALECTS = tuple(name for name, family in FAMILIES.items() if isinstance(family, Family))
"""The dialects that answer in text."""


def responses_row(custom_id: str, answer: ModelAnswer) -> Json:
    """The row of a response object (OpenAI: api-reference responses/object)."""
    content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
    body = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_787_176_200,
        "status": "completed" if answer.end == "end" else "incomplete",
        "incomplete_details": None if answer.end == "end" else {"reason": "max_output_tokens"},
        "error": None,
        "model": "the-model",
        "output": [
            {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": content}
        ],
        "usage": {
            "input_tokens": answer.prompt,
            "input_tokens_details": {"cached_tokens": answer.cached, "cache_write_tokens": 0},
            "output_tokens": answer.answered + answer.reasoned,
            "output_tokens_details": {"reasoning_tokens": answer.reasoned},
            "total_tokens": answer.prompt + answer.answered + answer.reasoned,
        },
    }
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


ROWS: Mapping[str, Any] = MappingProxyType(
    {name: wire.row for name, wire in FORMATS.items()} | {"openai/responses": responses_row}
)
"""custom id, answer → the row, by provider, or by one of its formats: `provider/format`."""


def outcome(source: str, dialect: str, row: bytes) -> ModelOutput | RecordError | Unfinished:
    """What becomes of a row of this provider in this dialect, for a record that is one question."""
    spoken = DIALECTS[dialect]
    provider, _, form = source.partition("/")
    route = Route(
        model_id=spoken.model_id,
        invocation_type=spoken.invocation_type,
        provider=provider,
        model="gpt-5.1" if form == "responses" else FORMATS[source].model,
        endpoint="responses" if form == "responses" else None,
    )
    body = Raw(json.dumps(spoken.bodies["text"]).encode())
    found = Translator(route).model_output(body, row)
    if isinstance(found, ModelOutput):
        json.loads(output_line("r-1", body, found.json))
    return found


def read(source: str, dialect: str, row: bytes) -> ReadAnswer:
    """The answer as an application of this dialect reads it."""
    found = outcome(source, dialect, row)
    assert isinstance(found, ModelOutput), found
    answer = json.loads(found.json)
    if "usage" in answer or dialect.startswith("chat"):  # a server's own completion may lack counts
        answer["usage"] = defaultdict(int, {name: n or 0 for name, n in (answer.get("usage") or {}).items()})
    return DIALECTS[dialect].read_answer(answer)


def notes(source: str, dialect: str, row: bytes) -> str:
    """The notes on the answer, as the job's report has them."""
    found = outcome(source, dialect, row)
    assert isinstance(found, ModelOutput), found
    return "; ".join(f"{note.effect} {note.field} ({note.detail})" for note in found.notes)
