"""Result rows that cannot be read as they are. Each costs at most the record that it belongs to."""

import re
from collections.abc import Callable

from addon.jobs.processes.split import Request, request_of
from translators.errors import RecordError
from translators.providers.batch_file import Receipt
from translators.providers.damaged_json import repaired

QUOTED = 200
"""Bytes of an unreadable row that its record's error quotes."""


def receipt_of(line: bytes, receipt: Callable[[bytes], Receipt]) -> Receipt | None:
    """The receipt of a row that can be repaired; None for other rows."""
    try:
        return receipt(repaired(line))
    except (ValueError, RecursionError):
        return None


def request_in(line: bytes, job_id: str) -> Request | None:
    """The line of the job that an unreadable row names as the value of some member."""
    found = re.search(rb'"(%b-[0-9_]+)"' % re.escape(job_id.encode()), line)
    if found is None:
        return None
    try:
        return request_of(found[1].decode(), job_id)
    except ValueError:
        return None


def unreadable(line: bytes) -> RecordError:
    """The error of the record that a row belongs to."""
    text = line.strip()[:QUOTED].decode("utf-8", "replace")
    return RecordError(502, f"the provider's result row cannot be read; it begins with: {text}")
