"""Processes JSON Lines of any size on all processors, in blocks of whole lines, with results in order."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import BinaryIO, Protocol

SIZE = 1 << 18
"""Bytes of a block, before its last line is completed; fits a processor's cache."""


class BlockFailed(Exception):
    """The input cannot be read, or a worker process was killed; the message states which."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines and their position."""

    data: bytes
    line_number: int
    """The first line's, from 1."""
    index: int
    """The first record's, from 0; blank lines are not counted."""
    lines: int


class Done(Protocol):
    """The result of a block."""

    @property
    def records(self) -> int:
        """Number of its lines that were records."""
        ...


def in_order[Result: Done](work: Callable[[Block], Result], file: BinaryIO) -> Iterator[tuple[Block, Result]]:
    """Every block and its result. `work` and its results must be picklable.

    A single block is processed here. Raises `BlockFailed` if a process dies or the file cannot be read.
    """
    blocks = _Blocks(file)
    first = blocks.next()
    second = blocks.next()
    processes = os.process_cpu_count() or 1
    if first is None:
        return
    if second is None or processes == 1:
        yield from _here(work, blocks, [first, second])
    else:
        try:
            yield from _elsewhere(work, blocks, [first, second], processes)
        except BrokenProcessPool as error:
            raise BlockFailed("a worker process was killed; is there enough memory?") from error


class _Blocks:
    """Reads and numbers blocks. Until its result is known, every line of a block counts as a record."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._line_number = 1
        self.index = 0

    def next(self) -> Block | None:
        try:
            data = self._file.read(SIZE)
            if data and not data.endswith(b"\n"):
                data += self._file.readline()
        except OSError as error:
            raise BlockFailed(f"the input cannot be read: {error.strerror}") from error
        if not data:
            return None
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        block = Block(data, self._line_number, self.index, lines)
        self._line_number += lines
        self.index += lines
        return block


def _here[Result: Done](
    work: Callable[[Block], Result], blocks: _Blocks, begun: list[Block | None]
) -> Iterator[tuple[Block, Result]]:
    index = 0
    while block := (begun.pop(0) if begun else blocks.next()):
        result = work(replace(block, index=index))
        index += result.records
        yield block, result


def _elsewhere[Result: Done](
    work: Callable[[Block], Result], blocks: _Blocks, begun: list[Block | None], processes: int
) -> Iterator[tuple[Block, Result]]:
    index = 0
    # A forked process need not import anything again; where forking is unsafe, processes are spawned.
    context = get_context("fork" if sys.platform == "linux" else None)
    with ProcessPoolExecutor(processes, context, _ignore_interrupts) as pool:
        running: deque[tuple[Block, Future[Result]]] = deque()
        try:
            while True:
                while len(running) < 2 * processes and (block := begun.pop(0) if begun else blocks.next()):
                    running.append((block, pool.submit(work, block)))
                if not running:
                    return
                block, future = running.popleft()
                result = future.result()
                if block.index != index:
                    result = work(replace(block, index=index))  # there was a blank line before it
                index += result.records
                blocks.index -= block.lines - result.records
                yield block, result
        finally:
            pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
