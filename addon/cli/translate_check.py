"""`bedrock-batch translate --check`: lists what is wrong with a job's input, before it costs anything."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import msgspec
from msgspec import Raw

from addon.cli.files import name_of, reading, standard_output
from addon.cli.progress import counted, progress
from addon.cli.stream_blocks import StreamBlock, blocks_in_order
from addon.cli.translate import (
    JOB,
    Notes,
    TranslationTarget,
    id_of,
    records_of,
)
from addon.cli.visible_text import visible_line
from addon.jobs.processes.lines import sendable, translator_of
from translators.bedrock.converse import Note
from translators.bedrock.records import NotARecord
from translators.errors import RecordError
from translators.translation import Route

MEMBERS = frozenset({"recordId", "modelInput"})
"""Of a line (AWS: batch-inference-data)."""

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])


@dataclass(frozen=True, slots=True)
class Problem:
    line_number: int
    record_id: str | None
    message: str
    level: Literal["error", "warning"] = "error"


@dataclass(slots=True)
class CheckResult:
    """The findings in a block, or in a whole file."""

    records: int = 0
    """Lines that are no record included."""
    sendable: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    groups: set[str] = field(default_factory=set)
    ids: list[tuple[int, str]] = field(default_factory=list)
    """Line and record id, of a block."""


@standard_output()
def check_file(source: str, target: TranslationTarget, *, as_json: bool) -> bool:
    """Print what is wrong with each line, and what would be changed. Returns whether there is no error.

    For a record that the provider would not take, the first reason is given.
    """
    total, first_lines = CheckResult(), dict[str, int]()
    with reading(source) as file, progress(file, None) as display:
        for block, done in blocks_in_order(partial(check_block, target.route, target.max_bytes), file):
            total.records += done.records
            total.sendable += done.sendable
            total.notes.merge(done.notes)
            total.groups |= done.groups
            found = [*done.problems, *_repeated(done.ids, first_lines)]
            found.sort(key=lambda problem: problem.line_number)
            total.problems += found
            if not as_json:
                _print_problems(source, found)
            display.advance(len(block.data), total.records)
    if total.records == 0:
        total.problems.append(Problem(1, None, "there is no record"))
        if not as_json:
            _print_problems(source, total.problems)
    errors = sum(problem.level == "error" for problem in total.problems)
    if as_json:
        print(json.dumps(_report(source, target, total), indent=2))
    else:
        _print_summary(target, total, errors)
    return errors == 0


def check_block(route: Route, max_bytes: int, block: StreamBlock, index: int) -> CheckResult:
    """The findings in a block. Runs in worker processes."""
    translator = translator_of(route)
    done = CheckResult()
    lines = block.data.split(b"\n")
    for line_number, at, record in records_of(block, index, translator.read):
        done.records += 1
        if isinstance(record, NotARecord):
            done.problems.append(Problem(line_number, None, str(record)))
            continue
        if record.record_id is not None:
            done.ids.append((line_number, record.record_id))
        line = sendable(translator, JOB, at, record, max_bytes)
        if isinstance(line, RecordError):
            done.problems.append(Problem(line_number, id_of(record, at), line.message))
            continue
        for member in _ignored(lines[line_number - block.line_number]):
            done.notes.note(Note(member, "dropped", "no member of a record"), line_number)
        done.sendable += 1
        done.groups.add(line.group)
        for note in line.notes:
            done.notes.note(note, line_number)
    return done


def _ignored(line: bytes) -> set[str]:
    return _MEMBERS.decode(line.removeprefix(b"\xef\xbb\xbf")).keys() - MEMBERS


def _repeated(ids: list[tuple[int, str]], first_lines: dict[str, int]) -> Iterator[Problem]:
    """Warnings of record ids that an earlier line has. AWS takes them; in the output they are ambiguous."""
    for line_number, record_id in ids:
        first = first_lines.setdefault(record_id, line_number)
        if first != line_number:
            message = f"recordId is also that of line {first}"
            yield Problem(line_number, record_id, message, "warning")


def _print_problems(source: str, problems: list[Problem]) -> None:
    for problem in problems:
        record = f"{problem.record_id}: " if problem.record_id is not None else ""
        about = visible_line(f"{record}{problem.message}")
        print(f"{name_of(source)}:{problem.line_number}: {problem.level}: {about}")


def _print_summary(target: TranslationTarget, total: CheckResult, errors: int) -> None:
    for text in total.notes.texts():
        print(f"note: {visible_line(text)}")
    if len(total.groups) > 1:
        print(f"note: separate batches: {', '.join(sorted(map(repr, total.groups)))}")
    found = f"{counted(errors, 'error')}, {counted(len(total.problems) - errors, 'warning')}"
    can_be_sent = f"{total.sendable:,} can be sent to {target.name}, {target.route.model}"
    print(f"{counted(total.records, 'record')}, {can_be_sent}: {found}")


def _report(source: str, target: TranslationTarget, total: CheckResult) -> dict[str, object]:
    def problems(level: str) -> list[dict[str, object]]:
        return [
            {"line": problem.line_number, "recordId": problem.record_id, "message": problem.message}
            for problem in total.problems
            if problem.level == level
        ]

    return {
        "file": name_of(source),
        "provider": target.name,
        "model": target.route.model,
        "records": total.records,
        "sendable": total.sendable,
        "errors": problems("error"),
        "warnings": problems("warning"),
        "notes": [
            {
                "field": note.field,
                "effect": note.effect,
                "detail": note.detail,
                "records": noted.count,
                "firstLine": noted.line_number,
            }
            for note, noted in total.notes.items()
        ],
        "batches": sorted(total.groups),
    }
