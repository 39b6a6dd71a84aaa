import shutil
from pathlib import Path

import pytest

from addon.storage.disk_space import NEEDED, DiskSpace


def space(folder: Path, room: int) -> DiskSpace:
    """A folder on a disk with about so much room for jobs."""
    return DiskSpace(folder, shutil.disk_usage(folder).free - room)


MEGABYTE = 1 << 20


def test_a_job_that_is_alone_needs_room_for_its_input_only(tmp_path: Path) -> None:
    disk = space(tmp_path, 1000 * MEGABYTE)
    disk.claim("a", 700 * MEGABYTE, [])
    with pytest.raises(OSError, match="bytes are free") as refusal:
        space(tmp_path, 1000 * MEGABYTE).claim("a", 1300 * MEGABYTE, [])
    assert str(tmp_path) in str(refusal.value)


def test_what_was_promised_to_one_job_is_not_given_to_another(tmp_path: Path) -> None:
    disk = space(tmp_path, 1000 * MEGABYTE)
    disk.claim("a", 200 * MEGABYTE, ["a", "b"])
    with pytest.raises(OSError, match="bytes are free"):
        disk.claim("b", 200 * MEGABYTE, ["a", "b"])
    disk.claim("b", 20 * MEGABYTE, ["a", "b"])
    disk.claim("c", 200 * MEGABYTE, ["b"])  # a is over


def test_what_a_job_has_written_is_not_counted_twice(tmp_path: Path) -> None:
    disk = space(tmp_path, 1000 * MEGABYTE)
    disk.claim("a", 100 * MEGABYTE, ["a"])
    (tmp_path / "a").mkdir()
    with (tmp_path / "a" / "input").open("wb") as file:
        file.truncate(NEEDED * 100 * MEGABYTE)  # all of its promise, and nothing on the disk
    disk.claim("b", 200 * MEGABYTE, ["a", "b"])
