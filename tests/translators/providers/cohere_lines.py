"""What Cohere is sent for Converse requests."""

import json

from tests.translators.providers.converse_records import Json, hub
from translators.providers.cohere.request import line

PLAIN = "command-a-03-2025"
THINKER = "command-a-reasoning-08-2025"


def body(record: Json, model: str = PLAIN) -> Json:
    """What the record's line asks. Raises `Refused`."""
    sent: Json = json.loads(line("r-1", hub(record), model).data)["body"]
    return sent


def effects(record: Json, model: str = PLAIN) -> dict[str, str]:
    """What is noted about the record."""
    return {note.field: note.effect for note in line("r-1", hub(record), model).notes}
