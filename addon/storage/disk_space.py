"""Room on the disk for the files of jobs."""

import errno
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

NEEDED = 4
"""Times the size of its input that a job may take: the input, its lines, their results, the output."""


class DiskSpace:
    """Room in a folder that has one subfolder for each job.

    A job gets room for all of its files or none: jobs that each have a part of their input would wait for
    each other for ever.
    """

    def __init__(self, folder: Path, keep_free: int) -> None:
        self._folder = folder
        self._keep_free = keep_free
        self._promised: dict[str, int] = {}
        self._lock = threading.Lock()

    def claim(self, job: str, size: int, others: Iterable[str]) -> None:
        """Promise room to a job for input of this size. `others`: the jobs that go on.

        Raises `OSError` if there is not enough now. A job that is alone needs room for its input only.
        """
        with self._lock:
            self._promised = {other: self._promised[other] for other in others if other in self._promised}
            self._promised.pop(job, None)
            self._folder.mkdir(parents=True, exist_ok=True)
            due = sum(max(0, promised - self._used(other)) for other, promised in self._promised.items())
            free = shutil.disk_usage(self._folder).free + self._used(job) - due
            needed = self._keep_free + size * (NEEDED if self._promised else 1)
            if free < needed:
                raise OSError(
                    errno.ENOSPC, f"{free} bytes are free for a job that may take {needed}", str(self._folder)
                )
            self._promised[job] = size * NEEDED

    def _used(self, job: str) -> int:
        """Bytes of the job's files; files that are removed meanwhile count for nothing."""
        used = 0
        for path in (self._folder / job).rglob("*"):
            with suppress(FileNotFoundError):
                used += path.stat().st_size
        return used
