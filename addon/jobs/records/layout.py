"""Where a job's records are: the shard that has them, where their input and their output rows begin."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from addon.jobs.database.tables import Job, Shard
from addon.jobs.processes.input_reader import Start


@dataclass(frozen=True, kw_only=True)
class Portion:
    """Records of one range that are in one input object."""

    leader: Shard
    object: int
    records: range
    """Their indices."""


@dataclass(frozen=True, kw_only=True)
class RowPlace:
    """Where rows begin in an output object."""

    offset: int
    line_number: int | None
    """From 1; None if records before have no row."""
    start: Start
    """The input of the first row's record, or of one before that has no row."""
    are_complete: bool
    """Every record from there to the end of the portion has a row."""


class Layout:
    """The ranges of a job that is planned."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self.leaders = [shard for shard in shards if shard.leads]
        self.total = sum(leader.records for leader in self.leaders)
        self._shards = shards
        self._starts = [leader.first_record for leader in self.leaders]
        counts = [int(entry["records"]) for entry in job.inputs]
        self._objects = [0, *accumulate(counts)]

    def object_of(self, index: int) -> int:
        """The input object of a record."""
        return bisect_right(self._objects, index) - 1

    def leader_of(self, index: int) -> Shard:
        """The first shard of the range that a record is in."""
        return self.leaders[bisect_right(self._starts, index) - 1]

    def shards_of(self, leader: Shard) -> list[Shard]:
        """All shards of a range."""
        return [shard for shard in self._shards if shard.first_record == leader.first_record]

    def start_of(self, index: int) -> Start:
        """The nearest known place before a record in its input object."""
        leader, number = self.leader_of(index), self.object_of(index)
        if number == leader.object:
            return Start(leader.first_record, number, leader.offset, leader.line_number)
        return Start(self._objects[number], number, 0, 1)

    def portions(self, first: int = 0) -> Iterator[Portion]:
        """The records from this index on."""
        for leader in self.leaders:
            index, end = max(first, leader.first_record), leader.first_record + leader.records
            while index < end:
                number = self.object_of(index)
                stop = min(end, self._objects[number + 1])
                yield Portion(leader=leader, object=number, records=range(index, stop))
                index = stop

    def rows_of(self, portion: Portion) -> RowPlace:
        """The nearest known place of the portion's rows in the output object: the beginning of the range's,
        or of the object where a range before does not say how many bytes it has."""
        number, begin = str(portion.object), self._objects[portion.object]
        before = [
            leader
            for leader in self.leaders
            if leader.first_record < portion.leader.first_record
            and leader.first_record + leader.records > begin
        ]
        all_rows = not any(leader.left_out for leader in before)
        first = max(begin, portion.leader.first_record)
        if all(number in leader.output_bytes for leader in before):
            return RowPlace(
                offset=sum(leader.output_bytes[number] for leader in before),
                line_number=first - begin + 1 if all_rows else None,
                start=self.start_of(first),
                are_complete=not portion.leader.left_out,
            )
        return RowPlace(
            offset=0,
            line_number=1,
            start=Start(begin, portion.object, 0, 1),
            are_complete=all_rows and not portion.leader.left_out,
        )
