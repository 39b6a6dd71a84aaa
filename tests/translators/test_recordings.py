"""Every recording, through the translators of its provider, both ways."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.translators.playing import AnswerLost, Player, begun, endpoint_of
from translators.bedrock import records
from translators.bedrock.records import InputRecord
from translators.errors import ProviderError, RecordError
from translators.providers.batch_file import Line, Receipt, Unfinished
from translators.providers.conversation import Batch, Conversation
from translators.providers.registry import PROVIDERS
from translators.translation import Route, Translator

RECORDINGS = Path(__file__).parents[2] / "recordings"
FOLDERS = sorted(
    path for path in RECORDINGS.glob("*/*") if path.is_dir() and not (path / "traffic.json").exists()
)
RECORDS = [path for path in FOLDERS if (path / "record.json").exists()]
LIFE_CYCLES = [path for path in FOLDERS if (path / "exchange.json").exists()]

EVERY_PROVIDER_SHOWS = {
    "text",
    "system-prompt",
    "two-system-blocks",
    "several-turns",
    "empty-assistant-turn",
    "image",
    "pdf-document",
    "text-document",
    "video",
    "tool-call",
    "parallel-tool-calls",
    "parallel-tool-results",
    "tool-result-json",
    "tool-result-error",
    "tool-choice-any",
    "tool-choice-named",
    "no-arguments",
    "structured-output",
    "stop-sequences",
    "temperature-zero",
    "top-k",
    "reasoning",
    "reasoning-of-earlier-turn",
    "length",
    "content-filter",
    "cached-tokens",
    "bad-request",
    "rate-limited",
    "empty-answer",
    "unknown-finish-reason",
}
"""Record cases that each provider must have, whatever it makes of them."""

EVERY_PROVIDER_LIVES_THROUGH = {
    "whole-job",
    "batch-completed-all-records-failed",
    "batch-expired-with-partial-results",
    "batch-cancelled",
    "batch-unknown-status",
    "batch-not-found",
    "create-answer-lost-then-found",
    "create-answer-lost-and-nothing-made",
    "create-rate-limited",
    "wrong-key",
}
"""Life-cycle cases that each provider must have."""


WITHOUT_STATUSES = {"cohere"}
"""Providers that say in words alone why a record failed."""


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


def with_file(name: str, *, wanted: bool = True) -> list[Path]:
    """The record cases that have this file, or those that have not."""
    return [case for case in RECORDS if (case / name).exists() == wanted]


each_record = pytest.mark.parametrize("case", RECORDS, ids=name_of)
each_life_cycle = pytest.mark.parametrize("case", LIFE_CYCLES, ids=name_of)
each_provider = pytest.mark.parametrize("provider", sorted(PROVIDERS))


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())


def receipt_of(case: Path) -> Receipt:
    return PROVIDERS[case.parent.name].receipt((case / "received.json").read_bytes())


def record_of(case: Path) -> InputRecord:
    record = records.read(json.dumps(read(case / "record.json")).encode())
    assert record is not None
    return record


def translator_of(case: Path) -> Translator:
    meta = read(case / "meta.json")
    return Translator(
        Route(
            model_id=meta["model_id"],
            invocation_type=meta["invocation_type"],
            provider=case.parent.name,
            model=meta["model"],
            endpoint=meta.get("endpoint"),
        )
    )


def output_line(record: InputRecord, outcome: bytes | RecordError) -> object:
    assert record.record_id is not None
    return json.loads(records.output_line(record.record_id, record.model_input, outcome))


@pytest.mark.parametrize("case", with_file("sent.json"), ids=name_of)
def test_record_becomes_the_line_that_was_sent(case: Path) -> None:
    translator, record = translator_of(case), record_of(case)
    line = translator.line("0", record)
    assert isinstance(line, Line)
    assert json.loads(line.data) == read(case / "sent.json")


@pytest.mark.parametrize("case", FOLDERS, ids=name_of)
def test_case_names_the_version_or_the_date_of_what_it_rests_on(case: Path) -> None:
    assert re.search(r"\d\.\d|20\d\d|no source", read(case / "meta.json")["rests_on"])


@each_record
def test_line_is_one_line_and_the_same_every_time(case: Path) -> None:
    translator, record = translator_of(case), record_of(case)
    line = translator.line("0", record)
    assert translator.line("0", record) == line
    if isinstance(line, Line):
        assert b"\n" not in line.data


@pytest.mark.parametrize("case", with_file("sent.json", wanted=False), ids=name_of)
def test_record_that_was_not_sent_becomes_the_error_that_bedrock_would_write(case: Path) -> None:
    record = record_of(case)
    error = translator_of(case).line("0", record)
    assert isinstance(error, RecordError)
    assert output_line(record, error) == read(case / "output.json")
    assert not (case / "received.json").exists()


@each_record
def test_line_is_the_same_whether_the_body_is_decoded_with_its_line_or_later(case: Path) -> None:
    translator, record = translator_of(case), record_of(case)
    identity = json.dumps(record.record_id).encode()
    text = b'{"recordId":%s,"modelInput":%s}' % (identity, bytes(record.model_input))
    decoded = translator.read(text)
    assert decoded is not None
    assert decoded.record_id == record.record_id
    assert translator.line("0", decoded) == translator.line("0", record)


@each_record
def test_what_the_provider_cannot_take_as_it_was_said_is_noted(case: Path) -> None:
    line = translator_of(case).line("0", record_of(case))
    notes = line.notes if isinstance(line, Line) else ()
    noted = [{"field": note.field, "effect": note.effect} for note in notes]
    assert noted == read(case / "meta.json").get("notes", [])
    assert all(note.detail for note in notes)


@pytest.mark.parametrize("case", with_file("sent.json"), ids=name_of)
def test_row_becomes_the_output_that_bedrock_would_write(case: Path) -> None:
    record = record_of(case)
    outcome = translator_of(case).model_output(record.model_input, (case / "received.json").read_bytes())
    if isinstance(outcome, Unfinished):
        assert outcome.reason
        assert not (case / "output.json").exists()  # records that were not processed are left out
    else:
        written = outcome if isinstance(outcome, RecordError) else outcome.json
        assert output_line(record, written) == read(case / "output.json")


@pytest.mark.parametrize("case", with_file("received.json"), ids=name_of)
def test_row_says_whose_it_is_and_whether_it_was_processed(case: Path) -> None:
    receipt = receipt_of(case)
    finished = (case / "output.json").exists()
    assert (receipt.custom_id, receipt.finished) == ("0", finished)
    if finished and receipt.status is not None:
        assert read(case / "output.json")["error"]["errorCode"] == receipt.status


@each_provider
def test_failures_that_may_pass_are_worth_asking_again(provider: str) -> None:
    asked_again = {
        name: not receipt_of(RECORDINGS / provider / name).final
        for name in ("rate-limited", "bad-request", "text")
    }
    assert asked_again == {
        "rate-limited": provider not in WITHOUT_STATUSES,
        "bad-request": False,
        "text": False,
    }


@each_life_cycle
def test_conversations_ask_what_was_asked_and_end_as_they_ended(case: Path) -> None:
    player = Player(iter(read(case / "exchange.json")), endpoint_of(case.parent.name))
    batch: Batch | None = None
    for told in read(case / "meta.json")["conversations"]:
        conversation = begun(PROVIDERS[case.parent.name].batches, player.endpoint, told, batch)
        ending, outcome = ended(player, conversation)
        if isinstance(outcome, Batch):
            batch = outcome
        assert {ending: as_json(outcome)} == {
            key: value for key, value in told.items() if key not in {"name", "arguments"}
        }
    assert list(player.exchanges) == []


def ended(player: Player, conversation: Conversation[object]) -> tuple[str, object]:
    try:
        return "outcome", player.play(conversation)
    except AnswerLost:
        return "lost", True
    except ProviderError as error:
        said = ("status", "message", "code", "retry_after", "passing")
        return "error", {name: getattr(error, name) for name in said}


def as_json(outcome: object) -> object:
    return json.loads(json.dumps(asdict(outcome) if isinstance(outcome, Batch) else outcome))


@pytest.mark.parametrize("case", FOLDERS, ids=name_of)
def test_recording_has_the_files_of_its_kind_and_says_what_it_rests_on(case: Path) -> None:
    files = {file.name for file in case.iterdir()}
    if case in RECORDS:
        assert {"record.json", "meta.json"} <= files
        assert files <= {"record.json", "meta.json", "sent.json", "received.json", "output.json"}
    else:
        assert files == {"exchange.json", "meta.json"}
    assert read(case / "meta.json")["rests_on"]


@each_provider
def test_provider_has_the_cases_every_provider_must_show(provider: str) -> None:
    shown = {case.name for case in RECORDS if case.parent.name == provider}
    assert shown >= EVERY_PROVIDER_SHOWS


@each_provider
def test_provider_has_the_life_cycles_every_provider_must_show(provider: str) -> None:
    shown = {case.name for case in LIFE_CYCLES if case.parent.name == provider}
    assert shown >= EVERY_PROVIDER_LIVES_THROUGH
