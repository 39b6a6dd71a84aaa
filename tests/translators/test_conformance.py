"""The bugs that translators really have, as tests that every provider must pass.

From a year of fixes in other projects. A provider that joins the registry is held to them all.
"""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.translators.playing import Player, begun, endpoint_of
from tests.translators.voices import SIGNATURE, VOICES, Json, Said, Voice
from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.providers.conversation import Batch
from translators.providers.provider import Provider
from translators.providers.registry import PROVIDERS

RECORDINGS = Path(__file__).parents[2] / "recordings"

TIME = {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}
WEATHER = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}


def hub(record: Json) -> Request:
    return msgspec.json.decode(json.dumps(record), type=Request)


def said(*blocks: Json, role: str = "user") -> Json:
    return {"role": role, "content": list(blocks)}


HI: Json = {"messages": [said({"text": "Hi"})]}


@pytest.fixture(params=sorted({*PROVIDERS, *VOICES}))
def name(request: pytest.FixtureRequest) -> str:
    """Of a provider, or of one of those that speak in several ways: `provider/way`."""
    return str(request.param)


@pytest.fixture
def provider(name: str) -> Provider:
    return PROVIDERS[name.partition("/")[0]]


@pytest.fixture
def voice(name: str) -> Voice:
    assert name in VOICES, f"say in voices.py how {name} speaks"
    return VOICES[name]


def sent(provider: Provider, voice: Voice, record: Json) -> Json:
    """The line for a record. Raises `Refused`."""
    line: Json = json.loads(provider.line("r-1", hub(record), voice.model).data)
    return line


def sent_or_refused(provider: Provider, voice: Voice, record: Json) -> Json | Refused:
    try:
        return sent(provider, voice, record)
    except Refused as refusal:
        return refusal


def line_or_refusal(provider: Provider, voice: Voice, request: Request) -> Line | RecordError:
    try:
        return provider.line("r-1", request, voice.model)
    except Refused as refusal:
        return refusal.error


def noted(provider: Provider, voice: Voice, record: Json) -> list[str]:
    """The fields that are noted about a record."""
    return [note.field for note in provider.line("r-1", hub(record), voice.model).notes]


def answer(provider: Provider, voice: Voice, told: Said, record: Json = HI) -> Any:
    """What a row that says this becomes."""
    return provider.answer(json.dumps(voice.row("r-1", told)).encode(), lambda: hub(record))


def understood(provider: Provider, voice: Voice, told: Said, record: Json = HI) -> Answer:
    outcome = answer(provider, voice, told, record)
    assert isinstance(outcome, Answer)
    return outcome


@pytest.mark.parametrize("parameter", ["temperature", "topP"])
def test_1_zero_is_sent(provider: Provider, voice: Voice, parameter: str) -> None:
    record = HI | {"inferenceConfig": {parameter: 0}}
    without = json.dumps(sent(provider, voice, HI))
    assert json.dumps(sent(provider, voice, record)) != without
    assert f"inferenceConfig.{parameter}" not in noted(provider, voice, record)
    assert ": 0.0" in json.dumps(sent(provider, voice, record))


def test_2_reasons_for_an_end_stay_apart(provider: Provider, voice: Voice) -> None:
    words = {"end": "end_turn", "length": "max_tokens", "filter": "content_filtered", "calls": "tool_use"}
    told = {
        end: understood(
            provider, voice, Said(text="a", end=end, calls=(("now", {}),) if end == "calls" else ())
        ).response.stop_reason
        for end in voice.ends - {"unknown"}
    }
    assert told == {end: word for end, word in words.items() if end in voice.ends}


def test_2_an_end_that_nobody_knows_is_named(provider: Provider, voice: Voice) -> None:
    outcome = answer(provider, voice, Said(text="a", end="unknown"))
    assert isinstance(outcome, RecordError)
    assert "bored" in outcome.message.lower()


def test_3_a_part_of_an_unknown_kind_costs_no_more_than_itself(provider: Provider, voice: Voice) -> None:
    outcome = answer(provider, voice, Said(text="the rest", odd=True))
    if isinstance(outcome, Answer):
        assert "the rest" in [block.text for block in outcome.response.output.message.content]
    else:
        assert isinstance(outcome, RecordError)
        assert "hologram" in outcome.message


def test_3_no_tool_is_forgotten(provider: Provider, voice: Voice) -> None:
    line = json.dumps(sent(provider, voice, HI | {"toolConfig": {"tools": [TIME, WEATHER]}}))
    assert '"now"' in line
    assert '"weather"' in line


def turn_of_tools(answers: list[int]) -> Json:
    """A turn with three calls, whose results come in this order."""
    return {
        "messages": [
            said({"text": "Hi"}),
            said(
                *(
                    {"toolUse": {"toolUseId": f"call{number}xx", "name": "now", "input": {"n": number}}}
                    for number in range(3)
                ),
                role="assistant",
            ),
            said(
                *(
                    {
                        "toolResult": {
                            "toolUseId": f"call{number}xx",
                            "content": [{"text": f"result {number}"}],
                        }
                    }
                    for number in answers
                )
            ),
        ],
        "toolConfig": {"tools": [TIME]},
    }


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [2, 1, 0]])
def test_4_tool_results_belong_to_their_calls(provider: Provider, voice: Voice, order: list[int]) -> None:
    results = voice.results(sent(provider, voice, turn_of_tools(order)))
    in_order = voice.results(sent(provider, voice, turn_of_tools([0, 1, 2])))
    assert results == in_order
    assert sorted(results.values()) == ["result 0", "result 1", "result 2"]
    assert len(set(results)) == 3


def test_5_tokens_of_reasoning_are_tokens_of_the_answer(provider: Provider, voice: Voice) -> None:
    usage = understood(provider, voice, Said(text="a", answered=7, reasoned=100)).response.usage
    assert usage.output_tokens == 107
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_5_tokens_from_a_cache_are_counted_once(provider: Provider, voice: Voice) -> None:
    usage = understood(provider, voice, Said(text="a", prompt=100, cached=90)).response.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (10, 90)
    assert usage.total_tokens == 100 + usage.output_tokens


def test_6_what_signs_the_reasoning_goes_back_with_it(provider: Provider, voice: Voice) -> None:
    record = HI | {"toolConfig": {"tools": [TIME]}}
    told = understood(provider, voice, Said(reasoning="Hm.", calls=(("now", {"n": 1}),), end="calls"), record)
    message = json.loads(msgspec.json.encode(told.response.output.message))
    (call,) = (block["toolUse"] for block in message["content"] if "toolUse" in block)
    result = said({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "12"}]}})
    line = json.dumps(sent(provider, voice, record | {"messages": [*HI["messages"], message, result]}))
    assert (SIGNATURE in line) == voice.keeps_signatures


def test_7_nothing_is_sent_that_was_not_asked_for(provider: Provider, voice: Voice) -> None:
    assert sent(provider, voice, HI) == voice.hi


def test_8_system_texts_come_first_and_stay_apart(provider: Provider, voice: Voice) -> None:
    line = sent(provider, voice, HI | {"system": [{"text": "Be brief."}, {"text": "Be kind."}]})
    assert voice.system(line) in (
        ["Be brief.", "Be kind."],
        ["Be brief.\n\nBe kind."],
        ["Be brief.\nBe kind."],
    )
    assert [turn["role"] for turn in voice.turns(line)] == ["user"]


def test_9_no_turn_is_empty(provider: Provider, voice: Voice) -> None:
    record = {"messages": [said({"text": "Hi"}), said(role="assistant"), said({"text": "So?"})]}
    line = sent_or_refused(provider, voice, record)
    if isinstance(line, Refused):
        assert line.field.startswith("messages")
    else:
        turns = voice.turns(line)
        assert all(turn.get("content", turn.get("parts")) not in (None, []) for turn in turns)


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ({"inferenceConfig": {"stopSequences": ["HALT-7"]}}, "HALT-7"),
        ({"additionalModelRequestFields": {"seed": 424_242}}, "424242"),
        ({"additionalModelRequestFields": {"presence_penalty": 0.625}}, "0.625"),
        ({"additionalModelRequestFields": {"frequency_penalty": 0.375}}, "0.375"),
        ({"additionalModelRequestFields": {"top_k": 37}}, "37"),
        ({"additionalModelRequestFields": {"min_p": 0.03125}}, "0.03125"),
        ({"additionalModelRequestFields": {"user": "somebody-7"}}, "somebody-7"),
        ({"additionalModelRequestFields": {"logit_bias": {"4242": 5}}}, "4242"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_10_no_parameter_is_ignored_without_a_word(
    provider: Provider, voice: Voice, extra: Json, value: str
) -> None:
    ((section, members),) = extra.items()
    field = f"{section}.{next(iter(members))}"
    line = sent_or_refused(provider, voice, HI | extra)
    if isinstance(line, Refused):
        assert line.field == field
    else:
        assert (value in json.dumps(line)) != (field in noted(provider, voice, HI | extra))


@pytest.mark.parametrize("given", [None, {}, {"n": 1, "deep": {"list": [1, "two", None]}}])
def test_11_arguments_are_an_object(provider: Provider, voice: Voice, given: Json | None) -> None:
    told = understood(provider, voice, Said(calls=(("now", given),), end="calls"))
    (block,) = told.response.output.message.content
    assert block.tool_use is not None
    assert json.loads(bytes(block.tool_use.input)) == (given or {})
    assert b"\n" not in bytes(block.tool_use.input)


def test_11_calls_of_earlier_turns_keep_their_arguments(provider: Provider, voice: Voice) -> None:
    line = json.dumps(sent(provider, voice, turn_of_tools([0, 1, 2]))).replace("\\", "").replace(" ", "")
    assert all(f'{{"n":{number}}}' in line for number in range(3))


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_12_an_image_is_sent_as_bytes_of_its_type(provider: Provider, voice: Voice, form: str) -> None:
    record = {"messages": [said({"image": {"format": form, "source": {"bytes": "QUJDREVGRw=="}}})]}
    line = sent_or_refused(provider, voice, record)
    if isinstance(line, Refused):
        assert "image" in line.field
    else:
        assert "QUJDREVGRw==" in json.dumps(line)
        assert f"image/{form}" in json.dumps(line)


def test_13_rows_are_known_by_their_ids_alone(provider: Provider, voice: Voice) -> None:
    ids = [f"k3v9x0q2m7ab-{number}" for number in (0, 1, 10, 1_234_567)]
    lines = [provider.line(id, hub(HI), voice.model).data.decode() for id in ids]
    assert all(f'"{id}"' in line for id, line in zip(ids, lines, strict=True))
    rows = [json.dumps(voice.row(id, Said(text=id))).encode() for id in ids]
    random.Random(0).shuffle(rows)
    for row in rows:
        told = provider.answer(row, lambda: hub(HI))
        assert isinstance(told, Answer)
        receipt = provider.receipt(row)
        assert receipt.finished
        assert [block.text for block in told.response.output.message.content] == [receipt.custom_id]


def test_13_a_row_without_an_id_is_nobody_s(provider: Provider) -> None:
    for row in (b"", b"{", b"{}", b"[]", b"null"):
        with pytest.raises(ValueError, match=r"\S"):
            provider.receipt(row)


def test_14_a_batch_that_ended_may_hold_nothing_but_failures(provider: Provider) -> None:
    case = RECORDINGS / provider.name / "batch-completed-all-records-failed"
    player = Player(iter(json.loads((case / "exchange.json").read_bytes())), endpoint_of(provider.name))
    batch: Batch | None = None
    for told in json.loads((case / "meta.json").read_bytes())["conversations"]:
        outcome = player.play(begun(provider.batches, player.endpoint, told, batch))
        batch = outcome if isinstance(outcome, Batch) else batch
    assert batch is not None
    assert batch.state == "ended"
    rows = [row for file in player.saved.values() for row in file.splitlines()]
    assert rows
    assert all(isinstance(provider.answer(row, lambda: hub(HI)), RecordError) for row in rows)


@pytest.mark.parametrize(
    "record",
    [
        HI,
        turn_of_tools([2, 0, 1]),
        HI
        | {
            "system": [{"text": "Be brief."}],
            "inferenceConfig": {"maxTokens": 5, "stopSequences": ["a"]},
            "additionalModelRequestFields": {"top_k": 3, "thinking": {"type": "disabled"}},
            "toolConfig": {"tools": [TIME], "toolChoice": {"any": {}}},
        },
    ],
    ids=["text", "tools", "parameters"],
)
def test_15_a_record_is_not_changed_by_being_said(provider: Provider, voice: Voice, record: Json) -> None:
    request = hub(record)
    before = msgspec.json.encode(request)
    first = line_or_refusal(provider, voice, request)
    assert msgspec.json.encode(request) == before
    assert line_or_refusal(provider, voice, request) == first
