"""Finds the records that a provider names where it refuses their batch. Runs in a worker process."""

import re
from collections.abc import Sequence
from pathlib import Path

from addon.jobs.processes.split import record_index
from translators.providers.named_requests import named_requests


def refused_records(errors: Sequence[str], job_id: str, lines: Path) -> dict[int, str]:
    """By index of the record: why it is refused. `lines` is the file of the batch; only its records count."""
    named = named_requests(errors, job_id)
    if not named:
        return {}
    in_batch = _records(lines, job_id)
    refused: dict[int, str] = {}
    for position, custom_id, reason in named:
        if custom_id is not None:
            index: int | None = record_index(custom_id, job_id)
        else:
            index = in_batch[position] if position is not None and 0 <= position < len(in_batch) else None
        if index is not None and index in in_batch:
            refused.setdefault(index, reason)
    return refused


def _records(lines: Path, job_id: str) -> list[int]:
    """The record of each line, by the custom id in it: a string of its own, which no text of a user's can be
    part of."""
    custom_id = re.compile(rb'"(%b-\d+(?:_\d+_\d+)?)"' % job_id.encode())
    found: list[int] = []
    with lines.open("rb") as file:
        for line in file:
            match = custom_id.search(line)
            found.append(-1 if match is None else record_index(match[1].decode(), job_id))
    return found
