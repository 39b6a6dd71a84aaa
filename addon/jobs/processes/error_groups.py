"""Groups failed records by the shape of their error, so that a few lines tell why many records failed."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast

from translators.errors import RecordError

type ErrorGroups = dict[str, dict[str, object]]
"""By code and shape: `{"code", "count", "message", "record", "record_id"}`; the last three are of the first
example, `record` is its 0-based index in the job."""

MOST_GROUPS = 50
"""Groups of a range; the errors of further shapes are counted together."""
OTHER = "… other"
"""Shape and key of those."""
_LONGEST_SHAPE = 500
_LONGEST_MESSAGE = 2000

_VARYING = re.compile(
    r"""
      "(?:[^"\\]|\\.){0,400}" | '(?:[^'\\\n]){0,400}'(?!\w) | `[^`\n]{0,400}`      # quoted
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b                     # UUIDs
    | \b(?=[0-9A-Za-z_-]*\d)[A-Za-z]+[_-][0-9A-Za-z_-]{6,}                         # ids: req_011CSHo
    | \b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b                                        # hexadecimal
    | [-+]?\d[\d.,_]*(?<=\d)                                                       # numbers
    """,
    re.VERBOSE,
)


def shape(message: str, record_id: str = "") -> str:
    """The message with what differs from record to record as `…`: numbers, ids, quoted texts."""
    text = message[: 2 * _LONGEST_SHAPE]
    if len(record_id) > 1:
        text = text.replace(record_id, "…")
    return _normalised(text)


@lru_cache(maxsize=1024)
def _normalised(text: str) -> str:
    return " ".join(_VARYING.sub("…", text).split())[:_LONGEST_SHAPE]


def count_error(groups: ErrorGroups, error: RecordError, index: int, record_id: str) -> None:
    """Count a failed record, the job's record of that index."""
    key = f"{error.code} {shape(error.message, record_id)}"
    code = error.code
    if key not in groups and len(groups) - (OTHER in groups) >= MOST_GROUPS:
        key, code = OTHER, 0
    group = groups.get(key)
    if group is None:
        message = error.message[:_LONGEST_MESSAGE]
        groups[key] = {"code": code, "count": 1, "message": message, "record": index, "record_id": record_id}
    else:
        group["count"] = cast("int", group["count"]) + 1


def merged_groups(several: Iterable[Mapping[str, Mapping[str, object]]]) -> ErrorGroups:
    """The groups of several ranges together, the biggest first, each with its first example."""
    total: ErrorGroups = {}
    for groups in several:
        for key, group in groups.items():
            seen = total.get(key)
            total[key] = dict(group) if seen is None else _together(seen, group)
    return dict(sorted(total.items(), key=lambda entry: (-cast("int", entry[1]["count"]), entry[0])))


def _together(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    first = min(one, other, key=lambda group: cast("int", group["record"]))
    return {**first, "count": cast("int", one["count"]) + cast("int", other["count"])}


def bounded(groups: ErrorGroups) -> ErrorGroups:
    """At most `MOST_GROUPS` of them, the biggest; the rest become one."""
    entries = [(key, group) for key, group in merged_groups([groups]).items() if key != OTHER]
    if len(entries) <= MOST_GROUPS:
        return groups
    rest = [{OTHER: {**group, "code": 0}} for _, group in entries[MOST_GROUPS:]]
    if OTHER in groups:
        rest.append({OTHER: groups[OTHER]})
    return {**dict(entries[:MOST_GROUPS]), **merged_groups(rest)}
