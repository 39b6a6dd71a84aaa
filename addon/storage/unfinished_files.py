"""The names of files that appear under their own name only when they are whole."""

from pathlib import Path
from uuid import uuid4

_OF_THIS_PROCESS = uuid4().hex[:8]


def unfinished(path: Path) -> Path:
    """A name beside the file's own, for this process alone: another one that lost the job, or took it over,
    may be writing the same file."""
    return path.with_name(f"{path.name}.{_OF_THIS_PROCESS}.part")
