"""`bedrock-batch translate --results`: writes a provider's result files as Bedrock's output."""

import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from addon.cli.errors import CommandError
from addon.cli.files import STDIN, name_of, reading, writing
from addon.cli.progress import counted
from addon.cli.translate import TranslationTarget
from addon.cli.visible_text import visible_line
from addon.jobs.processes.input_reader import BadLine, InputFile, Start
from addon.jobs.processes.join import NO_RESULT, Range, Tally, join
from addon.jobs.processes.result_rows import to_first_row
from addon.jobs.processes.split import Cut, line_count, record_index
from addon.jobs.spool import Spool
from translators.providers.provider import Provider
from translators.providers.registry import provider


def write_output(
    source: str, results: Sequence[Path], destination: Path | None, target: TranslationTarget
) -> None:
    """Write Bedrock's output line for each record, in the order of the input.

    A record without a row in the results gets an error, as in a job; rows without a record are counted.
    Raises `CommandError`.
    """
    _check_regular([*results, *([] if source == STDIN else [Path(source)])])
    rows = _rows_of_one_job(results, provider(target.route.provider))
    with tempfile.TemporaryDirectory(prefix="bedrock-batch-") as name:
        folder = Path(name)
        path = _on_disk(source, folder)
        wanted = Range(
            job_id=rows.job_id,
            number=0,
            cut=Cut(start=Start(), records=line_count(path), lines=0),
            route=target.route,
            inputs=(InputFile(path, name_of(source)),),
            results=tuple(results),
            folder=folder,
            max_bytes=target.max_bytes,
            unprocessed=NO_RESULT,
        )
        try:
            tally = join(wanted)
        except BadLine as error:
            raise CommandError(str(error)) from error
        part = Spool(folder).part(0, 0)
        if not part.exists():
            raise CommandError(f"{name_of(source)} holds no record")
        with part.open("rb") as file, writing(destination) as output:
            shutil.copyfileobj(file, output)
    _print_summary(tally, rows)


def _print_summary(tally: Tally, rows: "_Rows") -> None:
    for text, entry in tally.notes.items():
        records = counted(int(str(entry["count"])), "record")
        print(visible_line(f"{text}: {records}, one is {entry['example']}"), file=sys.stderr)
    total = tally.succeeded + tally.failed
    records = counted(total, "record")
    beyond = sum(index >= total for index in rows.indices)
    if beyond:
        last = f"the input, which has {records}"
        print(f"left out: {counted(beyond, 'row')} with a custom_id beyond {last}", file=sys.stderr)
    print(
        f"{records}: {tally.succeeded:,} answered, {tally.failed:,} failed; "
        f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out",
        file=sys.stderr,
    )


def _check_regular(files: Sequence[Path]) -> None:
    """Files are read more than once, which needs regular ones. Raises `CommandError`."""
    for file in files:
        name = name_of(str(file))
        try:
            is_regular = str(file) != STDIN and stat.S_ISREG(file.stat().st_mode)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error
        if not is_regular:
            why = "is no regular file, and --results reads more than once"
            raise CommandError(f"{name} {why}: save it as a file and name that")


@dataclass(frozen=True)
class _Rows:
    job_id: str
    indices: Sequence[int]
    """Of the records that they are for."""


def _rows_of_one_job(results: Sequence[Path], of: Provider) -> _Rows:
    """Job and records of the results; rows without them are listed. Raises `CommandError`."""
    jobs: dict[str, list[int]] = {}
    for path in results:
        with reading(str(path)) as file:
            for job_id, index in _places(path, file, of):
                jobs.setdefault(job_id, []).append(index)
    if len(jobs) > 1:
        raise CommandError(f"the results are of {len(jobs)} jobs: {', '.join(sorted(jobs))}")
    if not jobs:
        raise CommandError("there is no row of a batch in the results")
    return _Rows(*jobs.popitem())


def _places(path: Path, file: BinaryIO, of: Provider) -> Iterator[tuple[str, int]]:
    """Job and record of each row."""
    to_first_row(file)
    for line_number, line in enumerate(file, 1):
        if line.strip():
            try:
                custom_id = of.receipt(line).custom_id
                yield _place(custom_id)
            except (ValueError, RecursionError) as error:
                reason = visible_line(str(error))
                print(f"{path}, line {line_number}, is left out: {reason}", file=sys.stderr)


def _place(custom_id: str) -> tuple[str, int]:
    """Job and record in a custom id. Raises `ValueError` when there are none."""
    job_id = custom_id.rpartition("-")[0]
    with suppress(ValueError):
        if job_id:
            return job_id, record_index(custom_id, job_id)
    raise ValueError(f"its custom_id {custom_id!r} is none of this job's")


def _on_disk(source: str, folder: Path) -> Path:
    """The input as a file that can be read in any order."""
    if source != STDIN:
        return Path(source)
    path = folder / "input.jsonl"
    with reading(source) as file, path.open("wb") as copy:
        shutil.copyfileobj(file, copy)
    return path
