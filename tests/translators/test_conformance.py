"""Known bugs of translators, as tests that every provider must pass.

From a year of fixes in other projects. A provider that joins the registry is held to them all.
"""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.translators.playing import Player, begun, endpoint_of
from tests.translators.provider_formats import FORMATS, SIGNATURE, Json, ModelAnswer, ProviderFormat
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


def message(*blocks: Json, role: str = "user") -> Json:
    return {"role": role, "content": list(blocks)}


HI: Json = {"messages": [message({"text": "Hi"})]}


@pytest.fixture(params=sorted({*PROVIDERS, *FORMATS}))
def name(request: pytest.FixtureRequest) -> str:
    """Name of a provider, or of one of its formats where it has several: `provider/format`."""
    return str(request.param)


@pytest.fixture
def provider(name: str) -> Provider:
    return PROVIDERS[name.partition("/")[0]]


@pytest.fixture
def wire(name: str) -> ProviderFormat:
    assert name in FORMATS, f"add the format of {name} to provider_formats.py"
    return FORMATS[name]


def sent(provider: Provider, wire: ProviderFormat, record: Json) -> Json:
    """The line for a record. Raises `Refused`."""
    line: Json = json.loads(provider.line("r-1", hub(record), wire.model).data)
    return line


def line_or_refusal(provider: Provider, wire: ProviderFormat, request: Request) -> Line | RecordError:
    try:
        return provider.line("r-1", request, wire.model)
    except Refused as refusal:
        return refusal.error


def noted(provider: Provider, wire: ProviderFormat, record: Json) -> list[str]:
    """The fields that are noted about a record."""
    return [note.field for note in provider.line("r-1", hub(record), wire.model).notes]


def answer(provider: Provider, wire: ProviderFormat, given: ModelAnswer, record: Json = HI) -> Any:
    """What is read of the row with this answer."""
    return provider.answer(json.dumps(wire.row("r-1", given)).encode(), lambda: hub(record))


def answer_of(provider: Provider, wire: ProviderFormat, given: ModelAnswer, record: Json = HI) -> Answer:
    outcome = answer(provider, wire, given, record)
    assert isinstance(outcome, Answer)
    return outcome


@pytest.mark.parametrize("parameter", ["temperature", "topP"])
def test_1_zero_is_sent(provider: Provider, wire: ProviderFormat, parameter: str) -> None:
    record = HI | {"inferenceConfig": {parameter: 0}}
    without = json.dumps(sent(provider, wire, HI))
    assert json.dumps(sent(provider, wire, record)) != without
    assert f"inferenceConfig.{parameter}" not in noted(provider, wire, record)
    assert ": 0.0" in json.dumps(sent(provider, wire, record))


def test_2_reasons_for_an_end_stay_apart(provider: Provider, wire: ProviderFormat) -> None:
    words = {"end": "end_turn", "length": "max_tokens", "filter": "content_filtered", "calls": "tool_use"}
    found = {
        end: answer_of(
            provider, wire, ModelAnswer(text="a", end=end, calls=(("now", {}),) if end == "calls" else ())
        ).response.stop_reason
        for end in wire.ends - {"unknown"}
    }
    assert found == {end: word for end, word in words.items() if end in wire.ends}


def test_2_an_unknown_end_is_noted(provider: Provider, wire: ProviderFormat) -> None:
    found = answer_of(provider, wire, ModelAnswer(text="a", end="unknown"))
    assert found.response.stop_reason == "end_turn"
    assert ["bored" in note.detail.lower() for note in found.notes] == [True]


def test_3_a_part_of_an_unknown_kind_costs_no_more_than_itself(
    provider: Provider, wire: ProviderFormat
) -> None:
    found = answer_of(provider, wire, ModelAnswer(text="the rest", odd=True))
    assert "the rest" in str(found.response.output.message)


def test_3_no_tool_is_forgotten(provider: Provider, wire: ProviderFormat) -> None:
    line = json.dumps(sent(provider, wire, HI | {"toolConfig": {"tools": [TIME, WEATHER]}}))
    assert '"now"' in line
    assert '"weather"' in line


def turn_of_tools(answers: list[int]) -> Json:
    """A turn with three calls, whose results come in this order."""
    return {
        "messages": [
            message({"text": "Hi"}),
            message(
                *(
                    {"toolUse": {"toolUseId": f"call{number}xx", "name": "now", "input": {"n": number}}}
                    for number in range(3)
                ),
                role="assistant",
            ),
            message(
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
def test_4_tool_results_belong_to_their_calls(
    provider: Provider, wire: ProviderFormat, order: list[int]
) -> None:
    results = wire.results(sent(provider, wire, turn_of_tools(order)))
    in_order = wire.results(sent(provider, wire, turn_of_tools([0, 1, 2])))
    assert results == in_order
    assert sorted(results.values()) == ["result 0", "result 1", "result 2"]
    assert len(set(results)) == 3


def test_5_tokens_of_reasoning_are_tokens_of_the_answer(provider: Provider, wire: ProviderFormat) -> None:
    usage = answer_of(provider, wire, ModelAnswer(text="a", answered=7, reasoned=100)).response.usage
    assert usage.output_tokens == 107
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_5_tokens_from_a_cache_are_counted_once(provider: Provider, wire: ProviderFormat) -> None:
    usage = answer_of(provider, wire, ModelAnswer(text="a", prompt=100, cached=90)).response.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (10, 90)
    assert usage.total_tokens == 100 + usage.output_tokens


def test_6_what_signs_the_reasoning_goes_back_with_it(provider: Provider, wire: ProviderFormat) -> None:
    record = HI | {"toolConfig": {"tools": [TIME]}}
    found = answer_of(
        provider, wire, ModelAnswer(reasoning="Hm.", calls=(("now", {"n": 1}),), end="calls"), record
    )
    turn = json.loads(msgspec.json.encode(found.response.output.message))
    (call,) = (block["toolUse"] for block in turn["content"] if "toolUse" in block)
    result = message({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "12"}]}})
    line = json.dumps(sent(provider, wire, record | {"messages": [*HI["messages"], turn, result]}))
    assert (SIGNATURE in line) == wire.keeps_signatures


def test_7_nothing_is_sent_that_was_not_asked_for(provider: Provider, wire: ProviderFormat) -> None:
    assert sent(provider, wire, HI) == wire.hi


def test_8_system_texts_come_first_and_stay_apart(provider: Provider, wire: ProviderFormat) -> None:
    line = sent(provider, wire, HI | {"system": [{"text": "Be brief."}, {"text": "Be kind."}]})
    assert wire.system(line) in (
        ["Be brief.", "Be kind."],
        ["Be brief.\n\nBe kind."],
        ["Be brief.\nBe kind."],
    )
    assert [turn["role"] for turn in wire.turns(line)] == ["user"]


def test_9_no_turn_is_empty(provider: Provider, wire: ProviderFormat) -> None:
    record = {"messages": [message({"text": "Hi"}), message(role="assistant"), message({"text": "So?"})]}
    turns = wire.turns(sent(provider, wire, record))
    assert len(turns) >= 2
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
    provider: Provider, wire: ProviderFormat, extra: Json, value: str
) -> None:
    ((section, members),) = extra.items()
    (parameter,) = members
    found = treatment(provider, wire, HI | extra, f"{section}.{parameter}", value)
    assert found == wire.parameters.get(parameter, "sent")


def treatment(provider: Provider, wire: ProviderFormat, record: Json, field: str, value: str) -> str:
    """What becomes of a record's parameter: `sent`, `noted` or `refused`."""
    try:
        line = json.dumps(sent(provider, wire, record))
    except Refused as refusal:
        return "refused" if refusal.field == field else f"refused for {refusal.field}"
    assert (value in line) != (field in noted(provider, wire, record))
    return "sent" if value in line else "noted"


@pytest.mark.parametrize("given", [None, {}, {"n": 1, "deep": {"list": [1, "two", None]}}])
def test_11_arguments_are_an_object(provider: Provider, wire: ProviderFormat, given: Json | None) -> None:
    found = answer_of(provider, wire, ModelAnswer(calls=(("now", given),), end="calls"))
    (block,) = found.response.output.message.content
    assert block.tool_use is not None
    assert json.loads(bytes(block.tool_use.input)) == (given or {})
    assert b"\n" not in bytes(block.tool_use.input)


def test_11_calls_of_earlier_turns_keep_their_arguments(provider: Provider, wire: ProviderFormat) -> None:
    line = json.dumps(sent(provider, wire, turn_of_tools([0, 1, 2]))).replace("\\", "").replace(" ", "")
    assert all(f'{{"n":{number}}}' in line for number in range(3))


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_12_an_image_is_sent_as_bytes_of_its_type(
    provider: Provider, wire: ProviderFormat, image_format: str
) -> None:
    image = {"image": {"format": image_format, "source": {"bytes": "QUJDREVGRw=="}}}
    line = json.dumps(sent(provider, wire, {"messages": [message(image)]}))
    assert "QUJDREVGRw==" in line
    assert f"image/{image_format}" in line


def test_13_rows_are_known_by_their_ids_alone(provider: Provider, wire: ProviderFormat) -> None:
    ids = [f"k3v9x0q2m7ab-{number}" for number in (0, 1, 10, 1_234_567)]
    lines = [provider.line(id, hub(HI), wire.model).data.decode() for id in ids]
    assert all(f'"{id}"' in line for id, line in zip(ids, lines, strict=True))
    rows = [json.dumps(wire.row(id, ModelAnswer(text=id))).encode() for id in ids]
    random.Random(0).shuffle(rows)
    for row in rows:
        found = provider.answer(row, lambda: hub(HI))
        assert isinstance(found, Answer)
        receipt = provider.receipt(row)
        assert receipt.finished
        assert [block.text for block in found.response.output.message.content] == [receipt.custom_id]


def test_13_a_row_without_an_id_is_refused(provider: Provider) -> None:
    for row in (b"", b"{", b"{}", b"[]", b"null"):
        with pytest.raises(ValueError, match=r"\S"):
            provider.receipt(row)


def test_14_a_batch_that_ended_may_hold_nothing_but_failures(provider: Provider) -> None:
    case = RECORDINGS / provider.name / "batch-completed-all-records-failed"
    player = Player(iter(json.loads((case / "exchange.json").read_bytes())), endpoint_of(provider.name))
    batch: Batch | None = None
    for recorded in json.loads((case / "meta.json").read_bytes())["conversations"]:
        outcome = player.play(begun(provider.batches, player.endpoint, recorded, batch))
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
def test_15_a_record_is_not_changed_by_being_sent(
    provider: Provider, wire: ProviderFormat, record: Json
) -> None:
    request = hub(record)
    before = msgspec.json.encode(request)
    first = line_or_refusal(provider, wire, request)
    assert msgspec.json.encode(request) == before
    assert line_or_refusal(provider, wire, request) == first
