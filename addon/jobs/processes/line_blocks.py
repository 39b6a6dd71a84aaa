"""Processes JSON Lines of any size in blocks of whole lines, several at a time, with results in order.

A record's index is the number of records before it, which is known only when all blocks before are done. So
blocks are numbered by a guess: every line is a record. A block behind a blank line is done again.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Protocol


class Block(Protocol):
    """Whole lines."""

    @property
    def lines(self) -> int: ...


class Done(Protocol):
    """The result of a block."""

    @property
    def records(self) -> int:
        """Number of its lines that were records."""
        ...


def in_order[Lines: Block, Result: Done](
    blocks: Iterable[Lines],
    submit: Callable[[Lines, int], Future[Result]],
    in_flight: int,
    first: int = 0,
    end: int = sys.maxsize,
) -> Iterator[tuple[Lines, Result]]:
    """Every block and its result.

    `submit` begins the work on a block whose first record has that index; at most `in_flight` are begun
    before their results are taken. The index of the very first record is `first`, and blocks from the record
    `end` on are not needed. What still runs when an error is raised is cancelled.
    """
    waiting = iter(blocks)
    running: deque[tuple[Lines, int, Future[Result]]] = deque()
    index = guess = first
    try:
        while True:
            while len(running) < in_flight and guess < end and (block := next(waiting, None)) is not None:
                running.append((block, guess, submit(block, guess)))
                guess += block.lines
            if not running:
                return
            block, guessed, future = running.popleft()
            result = future.result()
            if guessed != index:
                result = submit(block, index).result()
            index += result.records
            guess -= block.lines - result.records
            yield block, result
    finally:
        for _, _, future in running:
            future.cancel()
