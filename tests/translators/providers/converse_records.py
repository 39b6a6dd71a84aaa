"""Converse requests for tests, and what OpenAI is sent for them."""

import json
from typing import Any

import msgspec

from translators.bedrock.converse import Request
from translators.providers.openai.models import CHAT

type Json = dict[str, Any]

HI: Json = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
PNG = {"image": {"format": "png", "source": {"bytes": "iVBO"}}}
PDF = {"document": {"name": "d", "format": "pdf", "source": {"bytes": "JVBE"}}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "now", "input": {}}}


def said(*blocks: Json, role: str = "user") -> Json:
    """A record of one message."""
    return {"messages": [{"role": role, "content": list(blocks)}]}


def result(*content: Json, **more: object) -> Json:
    """A block with the result of the tool call `t1`."""
    return {"toolResult": {"toolUseId": "t1", "content": list(content), **more}}


def asking(**additional: object) -> Json:
    """A record with these additional fields."""
    return HI | {"additionalModelRequestFields": additional}


def hub(record: Json) -> Request:
    return msgspec.json.decode(json.dumps(record), type=Request)


def body(record: Json, model: str = "gpt-4o-mini") -> Json:
    """What the record's line asks. Raises `Refused`."""
    sent: Json = json.loads(CHAT.line("r-1", hub(record), model).data)["body"]
    return sent


def effects(record: Json, model: str = "gpt-4o-mini") -> dict[str, str]:
    """What is noted about the record."""
    return {note.field: note.effect for note in CHAT.line("r-1", hub(record), model).notes}
