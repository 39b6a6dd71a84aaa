"""Processes a stream of JSON Lines on all processors, in blocks that are read from it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from typing import BinaryIO

from addon.cli.errors import CommandError
from addon.jobs.processes.line_blocks import Done, in_order
from addon.jobs.processes.pool import HERE

SIZE = 1 << 18
"""Bytes of a block, before its last line is completed; fits a processor's cache."""


@dataclass(frozen=True, slots=True)
class StreamBlock:
    """Whole lines and their position."""

    data: bytes
    line_number: int
    """The first line's, from 1."""
    lines: int


def blocks_in_order[Result: Done](
    work: Callable[[StreamBlock, int], Result], file: BinaryIO
) -> Iterator[tuple[StreamBlock, Result]]:
    """Every block of the stream and its result. `work` gets a block and the index of its first record; it and
    its results must be picklable.

    A single block is processed here. Raises `CommandError` if a process dies or the stream cannot be read.
    """
    blocks = _blocks(file)
    begun = list(islice(blocks, 2))
    processes = os.process_cpu_count() or 1
    if len(begun) < 2 or processes == 1:
        yield from in_order(chain(begun, blocks), partial(HERE.submit, work), HERE.in_flight)
        return
    # A forked process need not import anything again; where forking is unsafe, processes are spawned.
    context = get_context("fork" if sys.platform == "linux" else None)
    try:
        with ProcessPoolExecutor(processes, context, _ignore_interrupts) as pool:
            yield from in_order(
                chain(begun, blocks), lambda block, index: pool.submit(work, block, index), 2 * processes
            )
    except BrokenProcessPool as error:
        raise CommandError("a worker process was killed; is there enough memory?") from error


def _blocks(file: BinaryIO) -> Iterator[StreamBlock]:
    line_number = 1
    while data := _whole_lines(file):
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        yield StreamBlock(data, line_number, lines)
        line_number += lines


def _whole_lines(file: BinaryIO) -> bytes:
    try:
        data = file.read(SIZE)
        if data and not data.endswith(b"\n"):
            data += file.readline()
    except OSError as error:
        raise CommandError(f"the input cannot be read: {error.strerror}") from error
    return data


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
