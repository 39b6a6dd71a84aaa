"""`bedrock-batch translate`: writes the lines that would be sent for a job's input. No job, no call."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from addon.cli.errors import CommandError
from addon.cli.files import name_of, reading, writing
from addon.cli.progress import counted, progress
from addon.cli.stream_blocks import StreamBlock, blocks_in_order
from addon.cli.visible_text import visible_line
from addon.jobs.processes.lines import sendable, translator_of
from addon.providers.model_mapping import chosen_model
from addon.providers.provider_names import canonical_name
from addon.settings.config_file import file_in_use
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.converse import Note
from translators.bedrock.records import AnyRecord, NotARecord, generated_id
from translators.errors import RecordError
from translators.providers.registry import PROVIDERS, UnknownProvider, provider
from translators.providers.rules.retirement import retired
from translators.translation import InvocationType, Route

JOB = "offline00000"
"""The job's id in custom ids."""


@dataclass(frozen=True, kw_only=True)
class TranslationTarget:
    """The provider and model that records are translated for."""

    name: str
    """The provider's section."""
    route: Route
    max_bytes: int
    """Of a batch."""


def target_of(model: str, to: str, invocation_type: InvocationType, config: str) -> TranslationTarget:
    """The target of a job with this `modelId` and this header. Raises `CommandError`."""
    if not model.strip():
        raise CommandError("--model is empty: give the job's modelId")
    try:
        if file_in_use(config or None) is None:
            return _default_target(model, to, invocation_type)
        return _configured_target(model, to, invocation_type, config)
    except (AwsError, UnknownProvider) as error:
        raise CommandError(str(error)) from error


def _default_target(model: str, to: str, invocation_type: InvocationType) -> TranslationTarget:
    name = canonical_name(to, PROVIDERS)
    if name not in PROVIDERS:
        raise UnknownProvider(name, tuple(sorted(PROVIDERS)))
    row = provider(name)
    chosen = chosen_model(name, row, {}, model)
    _check_retirement(name, chosen, retired(row.models.rules(chosen), row.models.operator, _today()))
    route = Route(
        model_id=model,
        invocation_type=invocation_type,
        provider=name,
        model=chosen,
    )
    return TranslationTarget(name=name, route=route, max_bytes=row.max_bytes)


def _configured_target(
    model: str, to: str, invocation_type: InvocationType, config: str
) -> TranslationTarget:
    from addon.settings.config import (  # takes as long as all other imports, and may not be needed
        BadConfig,
        load,
    )

    try:
        loaded = load(config or None)
        target = loaded.target(canonical_name(to, loaded.known_providers))
    except BadConfig as error:
        raise CommandError(str(error)) from error
    chosen = chosen_model(target.name, target.provider, target.section.models, model)
    _check_retirement(target.name, chosen, target.retired(chosen, _today()))
    route = Route(
        model_id=model,
        invocation_type=invocation_type,
        provider=target.provider.name,
        model=chosen,
        endpoint=target.section.endpoint,
        rules=target.overrides,
    )
    return TranslationTarget(name=target.name, route=route, max_bytes=target.max_bytes)


def _today() -> date:
    return datetime.now(UTC).date()


def _check_retirement(name: str, model: str, why: str | None) -> None:
    """Raises `CommandError` if there is a reason why the model no longer runs."""
    if why is not None:
        raise CommandError(f"{name!r} cannot run {model!r}: {why}")


@dataclass(slots=True)
class NoteCount:
    """Number of times that a note occurs."""

    count: int
    line_number: int
    """Of the first time."""


class Notes(dict[Note, NoteCount]):
    """Notes on what is dropped or mapped in a block or in a whole file, with their counts."""

    def note(self, note: Note, line_number: int, count: int = 1) -> None:
        if note in self:
            self[note].count += count
        else:
            self[note] = NoteCount(count, line_number)

    def merge(self, later: "Notes") -> None:
        for note, noted in later.items():
            self.note(note, noted.line_number, noted.count)

    def texts(self) -> Iterator[str]:
        for note, noted in self.items():
            detail = f" ({note.detail})" if note.detail else ""
            where = f"{counted(noted.count, 'record')}, first on line {noted.line_number}"
            yield f"{note.effect} {note.field}{detail}: {where}"


@dataclass(slots=True)
class Translation:
    """The result for a block, or for a whole file."""

    data: list[bytes] = field(default_factory=list)
    """The provider's lines, of a block."""
    records: int = 0
    sendable: int = 0
    """Records that have a line, or several."""
    lines: int = 0
    refusals: list[str] = field(default_factory=list)
    """Line, record and why, of records that cannot be sent."""
    notes: Notes = field(default_factory=Notes)
    groups: set[str] = field(default_factory=set)
    broken: str | None = None
    """Line and why, of the first line that is no record: the job would fail there."""

    def add(self, later: "Translation") -> None:
        self.records += later.records
        self.sendable += later.sendable
        self.lines += later.lines
        self.notes.merge(later.notes)
        self.groups |= later.groups


def translate_file(source: str, destination: Path | None, target: TranslationTarget) -> None:
    """Write the provider's lines; list on standard error the records without one, and what was changed.

    A record that cannot be sent does not fail a job, nor this. Raises `CommandError` for what does: a line
    that is no record, no record at all.
    """
    total = Translation()
    with (
        reading(source) as file,
        writing(destination) as output,
        progress(file, destination) as display,
    ):
        for block, done in blocks_in_order(partial(translate_block, target.route, target.max_bytes), file):
            output.write(b"".join(done.data))
            for refusal in done.refusals:
                display.print(visible_line(refusal))
            if done.broken is not None:
                raise CommandError(f"{name_of(source)}, {done.broken}")
            total.add(done)
            display.advance(len(block.data), total.records)
        if total.records == 0:
            raise CommandError(f"{name_of(source)} holds no record")
    _print_summary(total, target)


def _print_summary(total: Translation, target: TranslationTarget) -> None:
    for text in total.notes.texts():
        print(visible_line(text), file=sys.stderr)
    if len(total.groups) > 1:
        print(f"separate batches: {', '.join(sorted(map(repr, total.groups)))}", file=sys.stderr)
    records, lines = counted(total.records, "record"), counted(total.lines, "line")
    refused = total.records - total.sendable
    rest = f"; {refused:,} cannot be sent" if refused else ""
    print(f"{records}: {lines} for {target.name}, {target.route.model}{rest}", file=sys.stderr)


def translate_block(route: Route, max_bytes: int, block: StreamBlock, index: int) -> Translation:
    """The lines for a block, up to the first that is no record. Runs in worker processes."""
    translator = translator_of(route)
    done = Translation()
    for line_number, at, record in records_of(block, index, translator.read):
        if isinstance(record, NotARecord):
            done.broken = f"line {line_number}: {record}"
            break
        line = sendable(translator, JOB, at, record, max_bytes)
        done.records += 1
        if isinstance(line, RecordError):
            done.refusals.append(f"line {line_number}, {id_of(record, at)}: {line.message}")
            continue
        done.data.append(line.data)
        done.sendable += 1
        done.lines += line.lines
        if line.group not in done.groups:
            done.groups.add(line.group)
        for note in line.notes:
            done.notes.note(note, line_number)
    done.data = [b"\n".join([*done.data, b""])] if done.data else []
    return done


def records_of[Record: AnyRecord](
    block: StreamBlock, index: int, reads: Callable[[bytes], Record | None]
) -> Iterator[tuple[int, int, Record | NotARecord]]:
    """Line number and index of each record, and the record, or what is wrong with the line."""
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
