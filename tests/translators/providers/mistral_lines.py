"""What Mistral is sent for Converse requests."""

import json

from tests.translators.providers.converse_records import Json, hub
from translators.providers.mistral.request import line

SMALL = "mistral-small-latest"
"""Reasons when it is told to."""
LARGE = "mistral-large-latest"
"""Does not."""
MAGISTRAL = "magistral-medium-latest"
"""Cannot help it."""


def body(record: Json, model: str = SMALL) -> Json:
    """What the record's line asks. Raises `Refused`."""
    sent: Json = json.loads(line("r-1", hub(record), model).data)["body"]
    return sent


def effects(record: Json, model: str = SMALL) -> dict[str, str]:
    """What is noted about the record."""
    return {note.field: note.effect for note in line("r-1", hub(record), model).notes}
