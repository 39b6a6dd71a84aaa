"""Exchanges say which conversations made them: of every recording of every provider, as if just captured."""

import json
from pathlib import Path

import pytest

from addon.recorder.captures import Answer, Exchange
from addon.recorder.record import held_with, life_cycles, write_life_cycle
from addon.recorder.redaction import scrubbed
from tests.translators.test_recordings import LIFE_CYCLES, name_of
from tests.translators.test_recordings import (
    test_conversations_ask_what_was_asked_and_end_as_they_ended as life_cycle_plays,
)
from translators.providers.registry import PROVIDERS


def text_of(body: object) -> str:
    return "" if body is None else body if isinstance(body, str) else json.dumps(body)


def captured(case: Path) -> list[Exchange]:
    """The exchanges of a recording with credentials in them."""
    exchanges = []
    for number, told in enumerate(json.loads((case / "exchange.json").read_bytes())):
        request, response = told["request"], told["response"]
        answer = None
        if response is not None:
            body = "<9 bytes that are no text>" if "base64" in response else text_of(response["body"])
            answer = Answer(status=response["status"], headers=tuple(response["headers"].items()), body=body)
        exchange = Exchange(
            method=request["method"],
            url=request["url"],
            headers=(*request["headers"].items(), ("authorization", "Bearer sk-a-captured-key-0123456789")),
            body=text_of(request["body"]),
            answer=answer,
            began=float(number),
        )
        exchanges.append(exchange)
    return scrubbed(exchanges)


@pytest.mark.parametrize("case", LIFE_CYCLES, ids=name_of)
def test_what_is_recognised_plays(case: Path, tmp_path: Path) -> None:
    kind = case.parent.name
    exchanges = captured(case)
    held = held_with(kind, exchanges)
    for number, cycle in enumerate(life_cycles(held)):
        written = write_life_cycle(tmp_path / kind / str(number), exchanges, cycle, "a recording")
        life_cycle_plays(written.folder)


@pytest.mark.parametrize("kind", sorted(PROVIDERS))
def test_a_whole_job_is_recognised_from_end_to_end(kind: str) -> None:
    case = next(case for case in LIFE_CYCLES if (case.parent.name, case.name) == (kind, "whole-job"))
    exchanges = captured(case)
    told = [
        conversation["name"]
        for conversation in json.loads((case / "meta.json").read_bytes())["conversations"]
        if conversation.get("outcome") != ""  # an upload that needed no call
    ]
    if any(exchange.answer and exchange.answer.body.startswith("<9 bytes") for exchange in exchanges):
        told.remove("results")
    held = held_with(kind, exchanges)
    assert [conversation.name for conversation in held] == told
    assert len(list(life_cycles(held))) == 1
