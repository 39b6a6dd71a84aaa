"""`bedrock-batch translate`: a job's input as the lines that would be sent, without a job or a call."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO

from addon.cli.errors import CommandRefused
from addon.cli.files import name_of, reading, writing
from addon.cli.progress import counted, progress
from addon.jobs.processes.line_blocks import Block, BlockFailed, Done, in_order
from addon.jobs.processes.split import sendable
from addon.providers.model_mapping import chosen_model
from addon.providers.provider_names import canonical_name
from addon.settings.config_file import file_in_use
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.converse import Note
from translators.bedrock.records import AnyRecord, NotARecord, generated_id
from translators.errors import RecordError
from translators.providers.registry import PROVIDERS, UnknownProvider, provider
from translators.translation import InvocationType, Route, Translator

JOB = "offline00000"
"""What stands for the job's id in custom ids."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where the records go."""

    name: str
    """The provider's section."""
    route: Route
    max_bytes: int
    """Of a batch."""


def way(model: str, to: str, invocation_type: InvocationType, config: str) -> Way:
    """The way that a job with this `modelId` and this header would go. Raises `CommandRefused`."""
    if not model.strip():
        raise CommandRefused("--model is empty: give the job's modelId")
    try:
        if file_in_use(config or None) is None:
            return _own_way(model, to, invocation_type)
        return _configured_way(model, to, invocation_type, config)
    except (AwsError, UnknownProvider) as error:
        raise CommandRefused(str(error)) from error


def _own_way(model: str, to: str, invocation_type: InvocationType) -> Way:
    name = canonical_name(to, PROVIDERS)
    if name not in PROVIDERS:
        raise UnknownProvider(name, tuple(sorted(PROVIDERS)))
    target = provider(name)
    chosen = chosen_model(name, target, {}, model)
    route = Route(model_id=model, invocation_type=invocation_type, provider=name, model=chosen)
    return Way(name=name, route=route, max_bytes=target.max_bytes)


def _configured_way(model: str, to: str, invocation_type: InvocationType, config: str) -> Way:
    from addon.settings.config import (  # takes as long as all other imports, and may not be needed
        BadConfig,
        load,
    )

    try:
        known = load(config or None)
        target = known.target(canonical_name(to, known.known_providers))
    except BadConfig as error:
        raise CommandRefused(str(error)) from error
    chosen = chosen_model(target.name, target.provider, target.section.models, model)
    route = Route(
        model_id=model,
        invocation_type=invocation_type,
        provider=target.provider.name,
        model=chosen,
        endpoint=target.section.endpoint,
    )
    return Way(name=target.name, route=route, max_bytes=target.max_bytes)


@dataclass(slots=True)
class Noted:
    """How often something could not be said to the provider as it was asked."""

    count: int
    line_number: int
    """Of the first time."""


class Notes(dict[Note, Noted]):
    """What could not be said, of a block or of all."""

    def note(self, note: Note, line_number: int, count: int = 1) -> None:
        if note in self:
            self[note].count += count
        else:
            self[note] = Noted(count, line_number)

    def merge(self, later: "Notes") -> None:
        for note, noted in later.items():
            self.note(note, noted.line_number, noted.count)

    def texts(self) -> Iterator[str]:
        for note, noted in self.items():
            detail = f" ({note.detail})" if note.detail else ""
            where = f"{counted(noted.count, 'record')}, first on line {noted.line_number}"
            yield f"{note.effect} {note.field}{detail}: {where}"


@dataclass(slots=True)
class Translated:
    """What became of a block, or of a whole file."""

    data: list[bytes] = field(default_factory=list)
    """The provider's lines, of a block."""
    records: int = 0
    lines: int = 0
    refusals: list[str] = field(default_factory=list)
    """Line, record and why, of records that cannot be sent."""
    notes: Notes = field(default_factory=Notes)
    groups: set[str] = field(default_factory=set)
    broken: str | None = None
    """Line and why, of the first line that is no record: the job would fail there."""

    def add(self, later: "Translated") -> None:
        self.records += later.records
        self.lines += later.lines
        self.notes.merge(later.notes)
        self.groups |= later.groups


def translate(source: str, destination: Path | None, known: Way) -> None:
    """Write the provider's lines; say on standard error which records have none, and what was changed.

    A record that cannot be sent does not fail a job, nor this. Raises `CommandRefused` for what does: a line
    that is no record, no record at all.
    """
    total = Translated()
    with (
        reading(source) as file,
        writing(destination) as output,
        progress(file, destination) as shown,
    ):
        for block, done in blocks_in_order(partial(translated, known.route, known.max_bytes), file):
            output.write(b"".join(done.data))
            for refusal in done.refusals:
                shown.say(refusal)
            if done.broken is not None:
                raise CommandRefused(f"{name_of(source)}, {done.broken}")
            total.add(done)
            shown.advance(len(block.data), total.records)
        if total.records == 0:
            raise CommandRefused(f"{name_of(source)} holds no record")
    _tell(total, known)


def blocks_in_order[Result: Done](
    work: Callable[[Block], Result], file: BinaryIO
) -> Iterator[tuple[Block, Result]]:
    """Every block of the file and its result. Raises `CommandRefused`."""
    try:
        yield from in_order(work, file)
    except BlockFailed as error:
        raise CommandRefused(str(error)) from error


def _tell(total: Translated, known: Way) -> None:
    for text in total.notes.texts():
        print(text, file=sys.stderr)
    if len(total.groups) > 1:
        print(f"separate batches: {', '.join(sorted(map(repr, total.groups)))}", file=sys.stderr)
    records, lines = counted(total.records, "record"), counted(total.lines, "line")
    refused = total.records - total.lines
    rest = f"; {refused:,} cannot be sent" if refused else ""
    print(f"{records}: {lines} for {known.name}, {known.route.model}{rest}", file=sys.stderr)


def translated(route: Route, max_bytes: int, block: Block) -> Translated:
    """The lines for a block, up to the first that is no record. Runs in worker processes."""
    translator = translator_of(route)
    done = Translated()
    for line_number, index, record in records_of(block, translator.read):
        if isinstance(record, NotARecord):
            done.broken = f"line {line_number}: {record}"
            break
        line = sendable(translator, JOB, index, record, max_bytes)
        done.records += 1
        if isinstance(line, RecordError):
            done.refusals.append(f"line {line_number}, {id_of(record, index)}: {line.message}")
            continue
        done.data.append(line.data)
        if line.group not in done.groups:
            done.groups.add(line.group)
        for note in line.notes:
            done.notes.note(note, line_number)
    done.lines = len(done.data)
    done.data = [b"\n".join([*done.data, b""])] if done.data else []
    return done


@lru_cache(maxsize=1)
def translator_of(route: Route) -> Translator:
    """One for all blocks of a process."""
    return Translator(route)


def records_of[Record: AnyRecord](
    block: Block, reads: Callable[[bytes], Record | None]
) -> Iterator[tuple[int, int, Record | NotARecord]]:
    """Line number and index of each record, and the record, or what is wrong with the line."""
    index = block.index
    for line_number, line in enumerate(block.data.split(b"\n"), block.line_number):
        record: Record | NotARecord | None
        try:
            record = reads(line)
        except NotARecord as error:
            record = error
        if record is not None:
            yield line_number, index, record
            index += 1


def id_of(record: AnyRecord, index: int) -> str:
    return record.record_id if record.record_id is not None else generated_id(index)
