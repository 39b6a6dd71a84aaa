"""A job's timeline as people read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from addon.cli.visible_text import visible_line

NEWEST = 30
"""Entries that are shown unless all are asked for."""

_STYLES = {"refused": "red", "throttled": "yellow", "waiting": "yellow", "fallback": "yellow"}


def timeline_table(entries: Sequence[Mapping[str, Any]]) -> Table:
    """The entries in order."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("TIME", "WHAT", "SHARD", "BATCH", ""):
        table.add_column(title, no_wrap=title in {"TIME", "WHAT"}, overflow="fold")
    for entry in entries:
        times = f" ({entry['count']} times until {local_time(entry['last'])})" if entry["count"] > 1 else ""
        table.add_row(
            local_time(entry["first"]),
            Text(entry["kind"], style=_STYLES.get(entry["kind"], "")),
            "" if entry["shard"] is None else str(entry["shard"]),
            Text(visible_line(entry["batch"] or "")),
            Text(visible_line(entry["text"]) + times),
        )
    return table


def local_time(moment: str) -> str:
    """A time of a report, in the zone of this machine."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S %Z}"
