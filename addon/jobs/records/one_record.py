"""Puts a record's four documents together."""

from dataclasses import replace
from functools import partial

from addon.jobs.database.tables import Shard
from addon.jobs.processes.input_reader import Readable
from addon.jobs.processes.lines import custom_id
from addon.jobs.records.documents import MOST_BYTES, Document, Outcome, RecordDocuments
from addon.jobs.records.input_records import FoundRecord
from addon.jobs.records.job_records import UNREADABLE, JobRecords, missing
from addon.jobs.records.layout import Portion
from addon.jobs.records.output_rows import Row, row_of
from addon.jobs.records.received import Received, received
from addon.jobs.records.translation import Answered, Sending, Sent, answered, sent
from translators.providers.batch_file import part_id

_AGAIN = "translated again"


async def documents_of(records: JobRecords, found: FoundRecord | int) -> RecordDocuments:
    """The documents of a record; an index where its input cannot be read."""
    run, layout = records.run, records.layout
    index = found if isinstance(found, int) else found.index
    leader = layout.leader_of(index)
    input_ = await _input(records, found)
    made = await _sent(records, found)
    line = made if isinstance(made, Sent) else None
    shards = [shard for shard in layout.shards_of(leader) if line is None or shard.group == line.group]
    back = await received(run, shards or [leader], index, records.folder, records.in_process)
    answer = await _answered(records, found, back)
    row, place = await _output(records, found)
    if line is not None and line.error is not None and back.document.content is None:
        back = replace(back, document=replace(back.document, missing="it was not sent"))
    outcome, error = _outcome(records, leader, row, back, answer, line)
    ids = [] if isinstance(found, int) else [found.record_id]
    ids += [row.record_id] if isinstance(row, Row) else []
    return RecordDocuments(
        job_id=run.id,
        number=index + 1,
        record_id=ids[0] if ids else "",
        custom_ids=_custom_ids(run.id, index, line),
        outcome=outcome,
        error=error,
        input=input_,
        sent=_document_of(made),
        received=back.document,
        output=_row_document(row, place),
        notes=(*(line.notes if line else ()), *(answer.notes if answer else ())),
    )


def _custom_ids(job_id: str, index: int, line: Sent | None) -> tuple[str, ...]:
    whole = custom_id(job_id, index)
    if line is None or line.lines == 1:
        return (whole,)
    return tuple(part_id(whole, part, line.lines) for part in range(line.lines))


async def _input(records: JobRecords, found: FoundRecord | int) -> Document:
    if isinstance(found, int):
        number = records.layout.object_of(found)
        place = records.input_place(number)
        try:
            file = await records.input(number)
        except UNREADABLE as error:
            return missing(place, str(error))
        with_reason = await records.tried(partial(_opened, file), place)
        if isinstance(with_reason, Document):
            return with_reason
        return missing(place, "the record is not there: the object was changed")
    place = f"{records.input_place(found.object)}, line {found.line_number}"
    if found.line is None or len(found.line) > MOST_BYTES:
        return missing(place, f"the line has more than {MOST_BYTES if found.line else 26_000_000:,} bytes")
    return Document(content=found.line, place=place)


def _opened(file: Readable) -> bool:
    """Begin to read an object. Raises why it cannot be read."""
    with file.open() as opened:
        opened.read(1)
    return True


async def _sent(records: JobRecords, found: FoundRecord | int) -> Sent | Document:
    run = records.run
    if isinstance(found, int) or found.line is None:
        return missing(_AGAIN, "it cannot be translated again without its input")
    if run.source.at_provider:
        place = records.input_place(found.object)
        return missing(place, "the line is the caller's own file's; its body is the input's modelInput")
    try:
        options = Sending(
            job_id=run.id,
            route=run.route,
            max_bytes=run.limits.bytes,
            media=replace(run.media, folder=records.folder / "media"),
        )
        return await records.in_process(partial(sent, options, found.index, found.line))
    except UNREADABLE as error:
        return missing(_AGAIN, f"it cannot be translated again: {error}")


def _document_of(made: Sent | Document) -> Document:
    if isinstance(made, Document):
        return made
    if made.error is not None:
        return missing(_AGAIN, f"it was not sent: {made.error[1]}")
    return Document(content=made.data, place=_AGAIN)


async def _answered(records: JobRecords, found: FoundRecord | int, back: Received) -> Answered | None:
    """The answer, translated again as the output has it."""
    if isinstance(found, int) or found.line is None or not back.rows.readable:
        return None
    if back.rows.unreadable is not None:
        return Answered(False, back.rows.unreadable, ())
    try:
        work = partial(answered, records.run.route, found.line, back.rows.readable)
        return await records.in_process(work)
    except UNREADABLE:
        return None  # the provider's section is gone; the documents are there


async def _output(records: JobRecords, found: FoundRecord | int) -> tuple[Row | Document | None, str]:
    """The record's row, None if it has none, and the object that it belongs in."""
    layout = records.layout
    index = found if isinstance(found, int) else found.index
    leader, number = layout.leader_of(index), layout.object_of(index)
    portion = Portion(leader=leader, object=number, records=range(index, index + 1))
    rows = await records.rows(portion)
    key = records.run.output.key(records.run.job.inputs[number]["key"])
    if isinstance(rows, str):
        place = f"s3://{records.run.output.bucket}/{key}"
        return missing(place, rows), place
    source, place = rows
    try:
        file = await records.input_if_needed(source, number)
    except UNREADABLE as error:
        return missing(place, str(error)), place
    return await records.tried(partial(row_of, source, file, found), place), place


def _row_document(row: Row | Document | None, place: str) -> Document:
    if isinstance(row, Document):
        return row
    if row is None:
        return missing(place, "it has no row: the job ended before it was processed")
    line = "" if row.line_number is None else f", line {row.line_number}"
    return Document(content=row.line, place=f"{place}{line}")


def _outcome(
    records: JobRecords,
    leader: Shard,
    row: Row | Document | None,
    back: Received,
    answer: Answered | None,
    line: Sent | None,
) -> tuple[Outcome, tuple[int, str] | None]:
    """The record's outcome: as its row in the output says, else as its answer does, else why it was refused,
    else as the counts of its range tell."""
    if isinstance(row, Row):
        return ("failed" if row.error else "succeeded"), row.error
    if row is None:
        return "not processed", None
    if answer is not None and (answer.succeeded or answer.error):
        return ("succeeded" if answer.succeeded else "failed"), answer.error
    error = back.error or (line.error if line is not None else None)
    if error is not None:
        return "failed", error
    return records.state_of(leader)
