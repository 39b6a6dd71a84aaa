"""The conversations of every recording are found again in its exchanges, as if those were just captured."""

import json
from operator import length_hint
from pathlib import Path

import pytest

from addon.recorder.captures import Exchange, Response
from addon.recorder.record import life_cycles, matches_of, write_life_cycle
from addon.recorder.redaction import redacted
from tests.translators.playing import Player, begun, endpoint_of
from tests.translators.test_recordings import LIFE_CYCLES, as_json, ended, name_of, read
from tests.translators.test_recordings import (
    test_conversations_ask_what_was_asked_and_end_as_they_ended as life_cycle_plays,
)
from translators.providers.conversation import Batch
from translators.providers.registry import PROVIDERS

OTHERWISE: dict[str, list[str]] = {
    # A search alone: its batch is known from the call that was to create it.
    "anthropic/create-answer-lost-in-an-account-without-batches": [],
    "anthropic/create-found-on-a-later-page": [],
    "cohere/create-found-on-a-later-page": ["retrieve"],
    "gemini/create-found-on-a-later-page": ["retrieve"],
    "gemini/create-not-found-in-an-empty-list": [],
    "gemini/create-not-found-in-an-old-list": [],
    "groq/create-found-in-a-list-that-is-not-paged": ["retrieve"],
    "openai/create-found-by-input-where-metadata-is-dropped": ["retrieve"],
    "openai/create-found-on-a-later-page": ["retrieve"],
    "openai/create-not-found-in-an-old-list": [],
    "together/create-not-found-but-that-of-an-earlier-round": [],
    # Only the upload, which is not there, has the marker.
    "cohere/create-of-a-dataset-that-is-refused": [],
    "cohere/create-while-the-dataset-is-checked": [],
    "together/create-answer-lost-and-nothing-made": [],
    "together/create-answer-lost-then-found": [],
    "together/create-rate-limited": [],
    # Results in Avro are no text, which alone is kept of captures.
    "cohere/batch-cancelled": ["cancel", "retrieve", "retrieve"],
    "cohere/batch-completed-all-records-failed": ["retrieve"],
    "cohere/batch-expired-with-partial-results": ["retrieve", "cancel"],
    "cohere/batch-failed-with-results": ["retrieve"],
    "cohere/results-in-two-parts": ["retrieve"],
    "cohere/whole-job": ["upload", "create", "retrieve", "retrieve", "retrieve"],
    # To cancel a batch that is over is to retrieve it.
    "fireworks/batch-cancel-of-a-finished-one": ["retrieve"],
    # Only the job store knows that the batch that is found is another one's.
    "anthropic/create-answer-lost-and-nothing-made": ["create", "find"],
    # The message names the project, which is redacted.
    "vertex/batch-not-found": ["retrieve"],
}
"""The recordings of which something else is found than they hold, and the conversations that are found."""


def text_of(body: object) -> str:
    return "" if body is None else body if isinstance(body, str) else json.dumps(body)


def captured(case: Path) -> list[Exchange]:
    """The exchanges of a recording with credentials in them, captured from when its search looks."""
    searches = [told["arguments"].get("search", {}) for told in read(case / "meta.json")["conversations"]]
    began = max(search.get("since", 0.0) for search in searches)
    exchanges = []
    for number, recorded in enumerate(read(case / "exchange.json")):
        request, answered = recorded["request"], recorded["response"]
        response = None
        if answered is not None:
            body = "<9 bytes that are no text>" if "base64" in answered else text_of(answered["body"])
            headers = tuple(answered["headers"].items())
            response = Response(status=answered["status"], headers=headers, body=body)
        exchange = Exchange(
            method=request["method"],
            url=request["url"],
            headers=(*request["headers"].items(), ("authorization", "Bearer sk-a-captured-key-0123456789")),
            body=text_of(request["body"]),
            response=response,
            began=began + number,
        )
        exchanges.append(exchange)
    return redacted(exchanges)


def recorded_conversations(case: Path) -> list[tuple[str, dict[str, object]]]:
    """Name and ending of each conversation of a recording that sends a request."""
    player = Player(iter(read(case / "exchange.json")), endpoint_of(case.parent.name))
    batch: Batch | None = None
    conversations = []
    for recorded in read(case / "meta.json")["conversations"]:
        left = length_hint(player.exchanges)
        conversation = begun(PROVIDERS[case.parent.name].batches, player.endpoint, recorded, batch)
        ending, outcome = ended(player, conversation)
        batch = outcome if isinstance(outcome, Batch) else batch
        if length_hint(player.exchanges) < left:
            conversations.append((recorded["name"], {ending: as_json(outcome)}))
    return conversations


@pytest.mark.parametrize(
    "case", [case for case in LIFE_CYCLES if name_of(case) not in OTHERWISE], ids=name_of
)
def test_every_conversation_is_found_and_every_exchange_used(case: Path) -> None:
    exchanges = captured(case)
    matches = matches_of(case.parent.name, exchanges)
    assert [(match.call.name, match.ending) for match in matches] == recorded_conversations(case)
    used = [at for match in matches for at in match.exchanges]
    assert used == list(range(len(exchanges)))


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_found_instead(name: str) -> None:
    (case,) = (case for case in LIFE_CYCLES if name_of(case) == name)
    matches = matches_of(case.parent.name, captured(case))
    assert [match.call.name for match in matches] == OTHERWISE[name]
    assert [(match.call.name, match.ending) for match in matches] != recorded_conversations(case)


@pytest.mark.parametrize("case", LIFE_CYCLES, ids=name_of)
def test_what_is_found_plays(case: Path, tmp_path: Path) -> None:
    kind = case.parent.name
    exchanges = captured(case)
    for number, cycle in enumerate(life_cycles(matches_of(kind, exchanges))):
        written = write_life_cycle(tmp_path / kind / str(number), exchanges, cycle, "a recording")
        life_cycle_plays(written.folder)


@pytest.mark.parametrize("kind", sorted(PROVIDERS))
def test_a_whole_job_is_one_life_cycle(kind: str) -> None:
    (case,) = (case for case in LIFE_CYCLES if name_of(case) == f"{kind}/whole-job")
    (cycle,) = life_cycles(matches_of(kind, captured(case)))
    assert {"create", "retrieve"} <= {match.call.name for match in cycle}


def test_a_look_before_a_cancel_is_not_taken_for_its_beginning() -> None:
    (case,) = (case for case in LIFE_CYCLES if name_of(case) == "fireworks/batch-cancelled")
    look, *cancel = captured(case)
    names = [match.call.name for match in matches_of("fireworks", [look, look, *cancel])]
    assert names == ["retrieve", "cancel", "results"]
