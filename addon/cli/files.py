"""Opens what a command reads and writes: files of any kind, standard input, standard output."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from addon.cli.errors import CommandError

STDIN = "-"

_MOST_LINKS = 40
"""Symbolic links followed before they are taken for a circle, as on Linux."""


def name_of(source: str) -> str:
    return "standard input" if source == STDIN else source


@contextmanager
def reading(source: str) -> Iterator[BinaryIO]:
    """The file of this name, or standard input. Raises `CommandError`."""
    if source == STDIN:
        if sys.stdin is None:
            raise CommandError("standard input is closed: name a file")
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(source, "rb"))
        except OSError as error:
            raise CommandError(f"{source}: {error.strerror}") from error
        yield file


@contextmanager
def writing(destination: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears when all of it is there; what is no regular file (a pipe, a
    device) is written as it goes. Raises `CommandError`."""
    if destination is None:
        # A writer of our own: with PYTHONUNBUFFERED Python's is raw, and may write half without a word.
        with standard_output(), open(sys.stdout.fileno(), "wb", closefd=False) as file:
            yield file
        return
    try:
        with _opened(destination) as file:
            yield file
    except BrokenPipeError:
        raise  # the reader has what it wanted
    except OSError as error:
        raise CommandError(f"{destination}: {error.strerror}") from error


@contextmanager
def standard_output() -> Iterator[None]:
    """Guards writing to it. Raises `CommandError` when it fails; `BrokenPipeError` passes: the reader went
    away."""
    if sys.stdout is None:
        raise CommandError("standard output is closed: send it to a file or a pipe")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _discard_the_rest()
        raise CommandError(f"standard output: {error.strerror}") from error


def _discard_the_rest() -> None:
    """Otherwise Python writes it again when it ends, and prints a traceback."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _opened(destination: Path) -> Iterator[BinaryIO]:
    descriptor = _descriptor(destination)
    if descriptor is not None:
        with open(os.dup(descriptor), "wb") as file:
            yield file
    elif _is_stream(destination):
        with destination.open("wb") as file:
            yield file
    else:
        with _whole(destination.resolve()) as file:  # the file that a link means: the link stays
            yield file


def _descriptor(destination: Path) -> int | None:
    """The open descriptor that is named, as by /dev/stdout and /dev/fd/63, directly or through links.

    It may be a regular file that other processes write to, at a place of their own: opening it anew would
    overwrite them.
    """
    ours, path = Path("/dev/fd").resolve(), destination
    for _ in range(_MOST_LINKS):
        folder = path.parent.resolve()
        if folder == ours and path.name.isdecimal() and path.exists():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = folder / path.readlink()
    return None


def _is_stream(destination: Path) -> bool:
    """Whether it is an existing pipe or device. Raises `CommandError` for a folder."""
    try:
        mode = destination.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        raise CommandError(f"--out: {destination} is a folder: name a file")
    return not stat.S_ISREG(mode)


@contextmanager
def _whole(destination: Path) -> Iterator[BinaryIO]:
    part = destination.with_name(destination.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
