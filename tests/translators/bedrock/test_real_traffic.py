"""Recorded exchanges with Bedrock, when they lie beside the project: what was sent can be read, and what
was answered is what we would write.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from translators.bedrock import converse as hub
from translators.bedrock.families import claude, converse, nova
from translators.bedrock.families.registry import CONVERSE, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.errors import Refused

TRAFFIC = Path(__file__).parents[4] / "shared" / "real-traffic"

if not TRAFFIC.is_dir():
    pytest.skip("there is no recorded traffic beside the project", allow_module_level=True)

HIDDEN = {"cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"}
"""Members of Converse's `usage` that AWS writes and its API reference does not name."""


def recorded(place: str) -> list[tuple[str, Any]]:
    return [(path.stem, json.loads(path.read_bytes())) for path in sorted((TRAFFIC / place).rglob("*.json"))]


def anything(body: Any) -> bool:
    return True


def each_body(place: str, where: Callable[[Any], bool] = anything) -> pytest.MarkDecorator:
    """Every recorded request that is a conversation."""
    bodies = [(name, exchange["request"]["body"] or {}) for name, exchange in recorded(place)]
    chosen = [pytest.param(body, id=name) for name, body in bodies if "messages" in body and where(body)]
    return pytest.mark.parametrize("body", chosen)


def each_answer(place: str, where: Callable[[Any], bool]) -> pytest.MarkDecorator:
    """Every recorded exchange with such an answer."""
    chosen = [
        pytest.param(exchange, id=name)
        for name, exchange in recorded(place)
        if where(exchange["response"]["body"] or {})
    ]
    return pytest.mark.parametrize("exchange", chosen)


def raw(body: object) -> Raw:
    return Raw(json.dumps(body).encode())


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: member for name, member in value.items() if name not in names}


def model_of(exchange: Any) -> str:
    """The model id in a recorded URL."""
    segment: str = exchange["request"]["url"].split("/model/")[1].split("/")[0]
    return segment.replace("%3A", ":")


@each_body("bedrock-converse")
def test_converse_request_is_taken_whole(body: Any) -> None:
    request = json.loads(hub.encode(converse.request(raw(body))))
    extras = "additionalModelRequestFields"
    assert without(request, extras) == without(body, extras)
    assert (extras in request) == (extras in body)


@each_answer("bedrock-converse", lambda body: "output" in body)
def test_converse_answer_is_written_as_aws_wrote_it(exchange: Any) -> None:
    body = exchange["response"]["body"]
    expected = body | {"usage": without(body["usage"], *HIDDEN)}
    response = msgspec.json.decode(json.dumps(expected), type=hub.Response)
    answer = hub.Answer(response, id="", model="")
    assert json.loads(converse.output(answer, "", Raw(b"{}"))) == expected


@each_body("bedrock-converse")
def test_converse_body_is_known_by_its_shape(body: Any) -> None:
    members = {name: raw(value) for name, value in body.items()}
    assert family_of_body(members) is CONVERSE


@each_body("bedrock-invoke/claude")
def test_claude_body_keeps_its_turns(body: Any) -> None:
    request = claude.request(raw(body))
    assert [message.role for message in request.messages] == [turn["role"] for turn in body["messages"]]
    assert request.inference_config is not None
    assert request.inference_config.max_tokens == body["max_tokens"]
    assert bool(request.tool_config) is ("tools" in body)


@each_body("bedrock-invoke/claude")
def test_claude_body_is_known_by_its_shape(body: Any) -> None:
    assert family_of_body(body).name == "claude"


@each_answer("bedrock-invoke/claude", lambda body: "content" in body)
def test_claude_message_is_written_as_claude_wrote_it(exchange: Any) -> None:
    received = exchange["response"]["body"]
    answer = hub.Answer(
        response=hub.Response(
            output=hub.Output(hub.Message("assistant", hub_content(received["content"]))),
            stop_reason=received["stop_reason"],
            usage=hub.Usage(
                input_tokens=received["usage"]["input_tokens"],
                output_tokens=received["usage"]["output_tokens"],
                total_tokens=0,
                cache_read_input_tokens=received["usage"].get("cache_read_input_tokens"),
                cache_write_input_tokens=received["usage"].get("cache_creation_input_tokens"),
            ),
        ),
        id=received["id"].removeprefix("msg_bdrk_"),
        model="",
    )
    written = json.loads(claude.output(answer, model_of(exchange), Raw(b"{}")))
    assert written.keys() == without(received, "stop_details").keys()
    assert without(written, "usage") == without(received, "usage", "stop_details")
    assert written["usage"] == {
        name: received["usage"].get(name, 0)
        for name in (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
        )
    }


def hub_content(content: Any) -> list[hub.ContentBlock]:
    """Claude's content as the hub has it, through a request that has it as an assistant turn."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1}
    messages = [{"role": "assistant", "content": content}]
    return claude.request(raw(body | {"messages": messages})).messages[0].content


def test_claude_body_of_a_token_count_is_read() -> None:
    _, exchange = next(item for item in recorded("bedrock-invoke/claude") if item[0] == "count-tokens")
    body = base64.b64decode(exchange["request"]["body"]["input"]["invokeModel"]["body"])
    assert claude.request(Raw(body)).messages


def test_tool_that_bedrock_refused_is_refused_at_the_same_place() -> None:
    (exchange,) = [body for name, body in recorded("bedrock-invoke/errors") if "unknown-tool-type" in name]
    body = base64.b64decode(exchange["request"]["body"]["input"]["invokeModel"]["body"])
    assert exchange["response"]["body"]["message"].startswith("tools.0: Input tag 'web_search_20250305'")
    with pytest.raises(Refused, match=r"tools\[0\].type: 'web_search_20250305'"):
        claude.request(Raw(body))


def on_bedrock(body: Any) -> Any:
    """A body for Anthropic's own API, as Bedrock wants it."""
    return without(body, "model", "stream") | {"anthropic_version": "bedrock-2023-05-31"}


def is_only_for_anthropic(body: Any) -> bool:
    """Whether it says what Bedrock does not take: URLs."""
    return '"url"' in json.dumps(body)


@each_body("anthropic/messages", lambda body: not is_only_for_anthropic(body))
def test_body_for_anthropic_keeps_its_turns(body: Any) -> None:
    assert len(claude.request(raw(on_bedrock(body))).messages) == len(body["messages"])


@each_body("anthropic/messages", is_only_for_anthropic)
def test_body_that_only_anthropic_takes_is_refused(body: Any) -> None:
    with pytest.raises(Refused, match=r"source.type: Input should be 'base64', got 'url'"):
        claude.request(raw(on_bedrock(body)))


@each_answer("anthropic/messages", lambda body: "content" in body)
def test_anthropic_content_survives_the_hub(exchange: Any) -> None:
    content = exchange["response"]["body"]["content"]
    response = hub.Response(
        hub.Output(hub.Message("assistant", hub_content(content))), "end_turn", hub.Usage(0, 0, 0)
    )
    written = claude.output(hub.Answer(response, id="", model=""), "", Raw(b"{}"))
    assert json.loads(written)["content"] == [without(block, "caller") for block in content]


@each_body("bedrock-invoke/nova")
def test_nova_body_is_taken_whole(body: Any) -> None:
    request = json.loads(hub.encode(nova.request(raw(body))))
    own = ("schemaVersion", "inferenceConfig")
    assert without(request, "inferenceConfig", "additionalModelRequestFields") == without(body, *own)
    config = body["inferenceConfig"]
    assert request["inferenceConfig"]["maxTokens"] == config.get("maxTokens", config.get("max_new_tokens"))
    assert request.get("additionalModelRequestFields", {}).get("top_k") == config.get("topK")


# A guardrail that masks an answer masks its counts too.
@each_answer("bedrock-invoke/nova", lambda body: "totalTokens" in body.get("usage", {}))
def test_nova_answer_is_written_as_nova_wrote_it(exchange: Any) -> None:
    received = exchange["response"]["body"]
    usage = without(received["usage"], *HIDDEN) | {
        "cacheReadInputTokens": received["usage"]["cacheReadInputTokenCount"],
        "cacheWriteInputTokens": received["usage"]["cacheWriteInputTokenCount"],
    }
    response = msgspec.json.decode(json.dumps(received | {"usage": usage}), type=hub.Response)
    written = nova.output(hub.Answer(response, id="", model=""), model_of(exchange), Raw(b"{}"))
    assert json.loads(written) == received


@pytest.mark.parametrize("family", ["claude", "nova"])
def test_model_of_every_call_names_its_family(family: str) -> None:
    for _, exchange in recorded(f"bedrock-invoke/{family}"):
        assert family in [row.name for row in families_of_model(parse(model_of(exchange)))]
