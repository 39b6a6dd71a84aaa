"""Progress through a file, on standard error: a bar on a terminal, lines in a pipe."""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

PAUSE = 10.0
"""Seconds between two lines in a pipe."""


def counted(number: int, word: str) -> str:
    """`1 record`, `2,000 records`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


@dataclass(frozen=True, kw_only=True)
class Progress:
    advance: Callable[[int, int], object]
    """Takes the bytes read since the last call, and the records read since the beginning."""
    print: Callable[[str], object]
    """Print a line."""


@contextmanager
def progress(file: BinaryIO, destination: Path | None) -> Iterator[Progress]:
    """The progress through a file that is translated to the destination, or to standard output."""
    same_terminal = destination is None and sys.stdout.isatty()
    if sys.stderr.isatty() and not same_terminal:
        with _bar(_size(file)) as display:
            yield display
    else:
        yield _lines()


def _size(file: BinaryIO) -> int | None:
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _lines() -> Progress:
    last = time.monotonic()
    print_line = partial(print, file=sys.stderr)

    def advance(more: int, records: int) -> None:
        nonlocal last
        if time.monotonic() - last > PAUSE:
            last = time.monotonic()
            print_line(f"{counted(records, 'record')} …")

    return Progress(advance=advance, print=print_line)


@contextmanager
def _bar(size: int | None) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), DownloadColumn(), TextColumn("{task.fields[records]:,} records"))
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    # Drawn by us: a thread that draws by itself makes forking unsafe.
    with Bar(*columns, TimeRemainingColumn(), console=console, auto_refresh=False, transient=True) as bar:
        task = bar.add_task("", total=size, records=0)
        last = 0.0

        def advance(more: int, records: int) -> None:
            nonlocal last
            bar.update(task, advance=more, records=records)
            if time.monotonic() - last > 0.1:
                last = time.monotonic()
                bar.refresh()

        yield Progress(advance=advance, print=console.print)
