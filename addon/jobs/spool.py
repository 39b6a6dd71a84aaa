"""Files of a running job. All of them can be made again from S3 and the provider."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_ATTEMPT = "provider-"
_UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Spool:
    """The folder of one job."""

    folder: Path
    """Of what was made for one provider."""

    @classmethod
    def of(cls, job: Path, attempt: int) -> "Spool":
        """The files of a job at its first provider or, after moves, at a later one: those of another provider
        are in its format."""
        return cls(job / f"{_ATTEMPT}{attempt}" if attempt else job)

    @property
    def job(self) -> Path:
        return self.folder.parent if self.folder.name.startswith(_ATTEMPT) else self.folder

    def input(self, index: int) -> Path:
        """The copy of an input object."""
        return self.job / "input" / f"{index:06d}.jsonl"

    def lines(self, shard: int, round_: int) -> Path:
        """The lines that are uploaded to the provider."""
        return self.folder / "lines" / f"{shard:06d}-{round_:03d}.jsonl"

    @contextmanager
    def own_folder(self) -> Iterator[Path]:
        """A folder for files until they are whole. Another process that lost the job, or took it over, may be
        making the same ones."""
        unfinished = self.folder / _UNFINISHED
        unfinished.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=unfinished, ignore_cleanup_errors=True) as name:
            yield Path(name)

    def results(self, shard: int, round_: int) -> Path:
        """The folder of one batch's result files."""
        return self.folder / "results" / f"{shard:06d}-{round_:03d}"

    @property
    def media(self) -> Path:
        """The folder of the media in S3 that records name."""
        return self.folder / "media"

    def part(self, index: int, shard: int) -> Path:
        """The output rows of a range, named by its first shard, for one input object."""
        return self.folder / "output" / f"{index:06d}" / f"{shard:06d}.jsonl"

    def remove_all_but_input(self) -> None:
        """Remove what was made for the job's provider."""
        for name in ("lines", _UNFINISHED, "results", "output"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def remove_all_but_results(self) -> None:
        """Remove what nobody reads after the job's end; the whole folder if there are no results."""
        kept = self.folder / "results"
        if not any(kept.glob("*/*")):
            self.remove()
            return
        for entry in (*self.job.iterdir(), *self.folder.iterdir()):
            if entry not in {self.folder, kept}:
                shutil.rmtree(entry, ignore_errors=True)

    def remove(self) -> None:
        shutil.rmtree(self.job, ignore_errors=True)
