"""Converse requests for tests, and what Gemini is sent for them."""

import json
from typing import Any

from tests.translators.providers.converse_records import Json, hub
from translators.providers.gemini.request import line


def request(record: Json, model: str = "gemini-2.5-flash") -> Json:
    """What the record's line asks. Raises `Refused`."""
    sent: Json = json.loads(line("r-1", hub(record), model).data)["request"]
    return sent


def config(record: Json, model: str = "gemini-2.5-flash") -> Json:
    """How the answer to the record is to be made."""
    made: Json = request(record, model).get("generationConfig", {})
    return made


def effects(record: Json, model: str = "gemini-2.5-flash") -> dict[str, str]:
    """What is noted about the record."""
    return {note.field: note.effect for note in line("r-1", hub(record), model).notes}


def parts(record: Json, message: int = -1, model: str = "gemini-2.5-flash") -> list[Any]:
    """What one of the record's messages becomes, the last one unless said otherwise."""
    made: list[Any] = request(record, model)["contents"][message]["parts"]
    return made
