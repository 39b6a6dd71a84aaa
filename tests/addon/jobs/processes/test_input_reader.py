"""Reading the records of files in which some lines are very long."""

import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest

from addon.jobs.processes.input_reader import BadLine, InputFile, Start, records
from translators.bedrock.records import LONGEST_LINE, InputRecord, UnsendableRecord, read

SHORT = b'{"recordId":"%d","modelInput":{"n":%d}}\n'
MEGABYTE = 1 << 20
LINE = LONGEST_LINE // MEGABYTE + 2
"""Megabytes of a line that is too long."""


def written(path: Path, *megabytes: int, end: bytes = b'"}}\n') -> tuple[InputFile, ...]:
    """A file of short records, with a long one of that many megabytes behind each."""
    with path.open("wb") as file:
        for number, size in enumerate(megabytes):
            file.write(SHORT % (number, number))
            file.write(b'{"recordId":"long %d","modelInput":{"image":"' % number)
            file.writelines(repeat(b"A" * MEGABYTE, size))
            file.write(end)
        file.write(SHORT % (len(megabytes), 0))
    return (InputFile(path, "s3://in/a.jsonl"),)


def test_a_long_line_is_one_record_and_the_lines_behind_it_keep_their_places(tmp_path: Path) -> None:
    inputs = written(tmp_path / "a.jsonl", LINE, LINE)
    found = list(records(inputs, read))
    assert [one.record_id for one in found] == ["0", "long 0", "1", "long 1", "2"]
    assert [type(one.record) is UnsendableRecord for one in found] == [False, True, False, True, False]
    assert [one.line_number for one in found] == [1, 2, 3, 4, 5]
    for place in found:
        start = Start(record=place.index, offset=place.offset, line_number=place.line_number)
        assert next(records(inputs, read, start)).record_id == place.record_id


def test_a_line_of_the_greatest_length_is_read_as_ever(tmp_path: Path) -> None:
    beginning, end = b'{"modelInput":{"a":"', b'"}}\n'
    filling = b"A" * (LONGEST_LINE - len(beginning) - len(end))
    (tmp_path / "a.jsonl").write_bytes(beginning + filling + end + SHORT % (1, 1))
    found = list(records((InputFile(tmp_path / "a.jsonl", "a"),), read))
    assert [type(one.record) for one in found] == [InputRecord, InputRecord]


def test_a_long_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    inputs = written(tmp_path / "a.jsonl", LINE, end=b"\n")
    with pytest.raises(BadLine, match=r"s3://in/a\.jsonl, line 2: is not JSON: Input data was truncated"):
        list(records(inputs, read))


def test_memory_stays_flat_however_long_a_line_is(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", 300)
    program = f"""
import resource
from pathlib import Path
from addon.jobs.processes.input_reader import InputFile, records
from translators.bedrock.records import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in records((InputFile(Path({str(tmp_path / "a.jsonl")!r}), "a"),), read))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    count, megabytes = map(int, done.stdout.split())
    assert count == 3
    assert megabytes < 100
