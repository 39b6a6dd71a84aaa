"""JSON Lines of any size, a block of whole lines at a time, on all processors, answered in order."""

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
"""Bytes of a block, before it is made whole: what a processor keeps at hand."""


class BlockFailed(Exception):
    """The input cannot be read, or a worker process was killed; the message says which."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, and where they stand."""

    data: bytes
    line_number: int
    """Of the first line, from 1."""
    index: int
    """Of the first record, from 0: blank lines are none."""
    lines: int


class Done(Protocol):
    """What became of a block."""

    @property
    def records(self) -> int: ...


def in_order[Result: Done](work: Callable[[Block], Result], file: BinaryIO) -> Iterator[tuple[Block, Result]]:
    """Every block and its result. `work` and its results must be picklable.

    One block is not worth a process. Raises `BlockFailed` when a process dies, or the file cannot be read.
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
    """Reads and numbers blocks. While results are outstanding, every line counts as a record."""

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
    # A forked process has what we imported already; where forking is not safe, it starts anew.
    context = get_context("fork" if sys.platform == "linux" else None)
    with ProcessPoolExecutor(processes, context, _leave_interrupts_to_us) as pool:
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
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_interrupts_to_us() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
