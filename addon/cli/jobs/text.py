"""Text of jobs for a terminal or a pipe: everything that others wrote is escaped."""

import json
import sys
import unicodedata

from rich.console import Console

from addon.jobs.database.tables import Job
from translators.bedrock.jobs import TERMINAL

PIPE_WIDTH = 300
"""Columns of a table in a pipe: wide enough that nothing is cut."""


def visible(text: str) -> str:
    """The text with control and format characters (ANSI sequences, bidi overrides) escaped: providers and
    applications could have put them there."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) == "Zs":
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str, most: int = 0) -> str:
    """The text on one line, escaped, and cut if it has more than `most` characters."""
    shown = visible(" ".join(text[: 4 * most or None].split()))
    return shown if not most or len(shown) <= most else f"{shown[: most - 1]}…"


def progress(job: Job) -> str:
    """Processed records of all, and how many failed."""
    done = job.succeeded + job.failed
    if job.total == 0:
        return "-"
    failed = f", {job.failed} failed" if job.failed else ""
    return f"{done}/{job.total} ({100 * done // job.total} %{failed})"


def note(job: Job) -> str:
    """The message of a finished job, or the failure that a running job is waiting out."""
    return visible((job.message if job.status in TERMINAL else job.waiting) or "")


def console() -> Console:
    """The console of standard output."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def print_json(value: object) -> None:
    """Print JSON for scripts."""
    print(json.dumps(value, indent=2))


def write(text: str) -> None:
    """Print a text whatever the encoding of standard output takes."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
