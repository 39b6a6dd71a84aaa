"""Requests of a batch that a provider names where it refuses the batch as a whole.

    requests[2]       from 0, in the path of a field of the request that creates the batch: Gemini, xAI
    requests.2        the same: Anthropic
    line 3, row 3     from 1, of a file or dataset: OpenAI (api-reference batch, `errors.data[].line`), others
    <job>-<record>    a custom id, anywhere

Providers quote what they refuse, so quoted text is not searched but for custom ids.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_LONGEST_REASON = 1000

_QUOTED = re.compile(r'"[^"]*"?')
_PLACES = (
    (re.compile(r"(?:\b|_)requests\[(\d+)\]"), 0),
    (re.compile(r"(?:\b|_)requests[./](\d+)\b"), 0),
    # A line with a column is one of a JSON text, which the whole request may be.
    (re.compile(r"\b(?:line|row)(?: number)?:? #?(\d+)\b(?!,? (?:column|char))", re.IGNORECASE), 1),
)


class NamedRequest(NamedTuple):
    """A request that is refused, and why, in the provider's words. One of the first two is None."""

    position: int | None
    """Of its line in the batch, from 0."""
    custom_id: str | None
    reason: str


def named_requests(errors: Iterable[str], job: str) -> list[NamedRequest]:
    """The requests that errors name. `job` is the id at the beginning of the batch's custom ids."""
    custom_id = re.compile(rf"\b{re.escape(job)}-\d+(?:_\d+_\d+)?(?![\w-])")
    found: list[NamedRequest] = []
    for error in errors:
        for text in filter(None, map(str.strip, error.splitlines())):
            reason = text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
            ids = custom_id.findall(text)
            found += [NamedRequest(None, one, reason) for one in ids]
            if not ids:
                found += [NamedRequest(position, None, reason) for position in _positions(text)]
    return found


def _positions(text: str) -> list[int]:
    bare = _QUOTED.sub('""', text)
    return [int(number) - first for pattern, first in _PLACES for number in pattern.findall(bare)]
