"""`bedrock-batch translate --results`: a provider's result files as the output that Bedrock would write."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from addon.jobs.joining import NO_RESULT, Range, join, to_first_row
from addon.jobs.ranges import BadLine, InputFile, Start
from addon.jobs.splitting import Cut, record_index
from addon.jobs.spool import Spool
from addon.progress import counted
from addon.refusals import CommandRefused
from addon.streams import STDIN, name_of, reading, writing
from addon.translating import Way
from translators.providers.registry import Provider, provider


def restore(source: str, results: Sequence[Path], destination: Path | None, known: Way) -> None:
    """Write Bedrock's output line for each record, in the order of the input.

    A record without a row in the results gets an error, as in a job. Raises `CommandRefused`.
    """
    job_id = _job(results, provider(known.route.provider))
    with tempfile.TemporaryDirectory(prefix="bedrock-batch-") as name:
        folder = Path(name)
        wanted = Range(
            job_id=job_id,
            number=0,
            cut=Cut(start=Start(), records=sys.maxsize, lines=0),
            route=known.route,
            inputs=(InputFile(_on_disk(source, folder), name_of(source)),),
            results=tuple(results),
            folder=folder,
            max_bytes=known.max_bytes,
            unprocessed=NO_RESULT,
        )
        try:
            tally = join(wanted)
        except BadLine as error:
            raise CommandRefused(str(error)) from error
        part = Spool(folder).part(0, 0)
        if not part.exists():
            raise CommandRefused(f"{name_of(source)} holds no record")
        with part.open("rb") as file, writing(destination) as output:
            shutil.copyfileobj(file, output)
    records = counted(tally.succeeded + tally.failed, "record")
    print(
        f"{records}: {tally.succeeded:,} answered, {tally.failed:,} failed; "
        f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out",
        file=sys.stderr,
    )


def _job(results: Sequence[Path], of: Provider) -> str:
    """The job whose rows these are; rows that are nobody's are named. Raises `CommandRefused`."""
    jobs: set[str] = set()
    for path in results:
        with reading(str(path)) as file:
            jobs |= _jobs(path, file, of)
    if len(jobs) > 1:
        raise CommandRefused(f"the results are of {len(jobs)} jobs: {', '.join(sorted(jobs))}")
    if not jobs:
        raise CommandRefused("there is no row of a batch in the results")
    return jobs.pop()


def _jobs(path: Path, file: BinaryIO, of: Provider) -> set[str]:
    jobs: set[str] = set()
    to_first_row(file)
    for line_number, line in enumerate(file, 1):
        if line.strip():
            try:
                custom_id = of.receipt(line).custom_id
                job = custom_id.rpartition("-")[0]
                record_index(custom_id, job)
            except ValueError as error:
                print(f"{path}, line {line_number}, is left out: {error}", file=sys.stderr)
            else:
                jobs.add(job)
    return jobs


def _on_disk(source: str, folder: Path) -> Path:
    """The input as a file that can be read in any order."""
    with reading(source) as file:
        if source != STDIN:
            return Path(source)
        path = folder / "input.jsonl"
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        return path
