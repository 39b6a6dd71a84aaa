"""Recorded prompts and chats, when they lie beside the project: what was sent can be read, what was answered
is what we would write, and what providers really answer can be shown in every dialect.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.bedrock.prompt_families import answer, turns_of
from translators.bedrock.converse import Answer, ContentBlock, Message, Metrics, Output, Response, Usage
from translators.bedrock.families import chat, llama, mistral
from translators.bedrock.families.chat import wire
from translators.bedrock.families.registry import FAMILIES, families_of_model, family_of_body
from translators.bedrock.model_ids import parse
from translators.bedrock.records import InputRecord
from translators.errors import RecordError, Refused
from translators.providers.batch_file import Line
from translators.translation import Route, Translator
from translators.wire import ModelOutput

TRAFFIC = Path(__file__).parents[4] / "shared" / "real-traffic"

if not TRAFFIC.is_dir():
    pytest.skip("there is no recorded traffic beside the project", allow_module_level=True)


def exchange(place: str) -> Any:
    return json.loads((TRAFFIC / f"{place}.json").read_bytes())


def raw(body: object) -> Raw:
    return Raw(json.dumps(body).encode())


def model_of(recorded: Any) -> str:
    segment: str = recorded["request"]["url"].split("/model/")[1].split("/")[0]
    return segment.replace("%3A", ":").replace("%2F", "/")


def exchanges(*places: str) -> Any:
    """Every recorded exchange below these places."""
    files = [file for place in places for file in sorted((TRAFFIC / place).rglob("*.json"))]
    return [
        pytest.param(json.loads(file.read_bytes()), id=f"{file.parent.name}/{file.stem}") for file in files
    ]


def test_llama_2_prompt_is_a_system_text_and_a_question() -> None:
    body = exchange("bedrock-invoke/llama/llama2-13b-length")["request"]["body"]
    (system, question) = turns_of(llama.request(raw(body)))
    assert system[0] == "system"
    assert system[1].startswith("You are a helpful, respectful and honest assistant.")
    assert question == ("user", "There's a llama in my garden  What should I do?")


@pytest.mark.parametrize("name", ["llama3-70b-stop", "error-403-expired-token"])
def test_llama_prompt_without_template_is_a_question(name: str) -> None:
    body = exchange(f"bedrock-invoke/llama/{name}")["request"]["body"]
    request = llama.request(raw(body))
    assert turns_of(request) == [("user", body["prompt"])]
    assert request.inference_config is not None
    assert request.inference_config.max_tokens == body["max_gen_len"]


@pytest.mark.parametrize("name", ["llama2-13b-length", "llama3-70b-stop"])
def test_llama_completion_is_written_as_llama_wrote_it(name: str) -> None:
    body = exchange(f"bedrock-invoke/llama/{name}")["response"]["body"]
    usage = Usage(body["prompt_token_count"], body["generation_token_count"], 0)
    stop_reason = "max_tokens" if body["stop_reason"] == "length" else "end_turn"
    message = Message("assistant", [ContentBlock(text=body["generation"])])
    given = Answer(Response(Output(message), stop_reason, usage), id="", model="")  # type: ignore[arg-type]
    assert json.loads(llama.output(given, "", Raw(b"{}"))) == body


def test_mistral_prompt_and_completion() -> None:
    recorded = exchange("bedrock-invoke/mistral/mistral-7b-instruct-prompt")
    body = recorded["request"]["body"]
    request = mistral.request(raw(body))
    assert turns_of(request) == [("user", body["prompt"])]
    assert request.inference_config is not None
    assert request.inference_config.stop_sequences == body["stop"]
    (output,) = recorded["response"]["body"]["outputs"]
    given = answer(ContentBlock(text=output["text"]), stop_reason="max_tokens")
    assert json.loads(mistral.output(given, "", Raw(b"{}"))) == recorded["response"]["body"]


def test_pixtral_chat_with_an_image_and_a_tool() -> None:
    recorded = exchange("bedrock-invoke/mistral/pixtral-large-chat-request-403")
    body = recorded["request"]["body"]
    members = {name: raw(value) for name, value in body.items()}
    family = family_of_body(members, families_of_model(parse(model_of(recorded))))
    assert family is FAMILIES["chat-mistral"]
    request = chat.request(raw(body))
    ((text, image),) = [turn.content for turn in request.messages]
    assert text.text == body["messages"][0]["content"][0]["text"]
    assert image.image is not None
    assert body["messages"][0]["content"][1]["image_url"]["url"].endswith(f",{image.image.source.bytes}")
    assert request.tool_config is not None


def test_jamba_chat_is_written_as_jamba_wrote_it() -> None:
    recorded = exchange("bedrock-invoke/ai21/jamba-1-5-mini")
    assert turns_of(chat.request(raw(recorded["request"]["body"]))) == [("user", "Hello, how are you?")]
    body = recorded["response"]["body"]
    usage = Usage(body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"], 0)
    message = Message("assistant", [ContentBlock(text=body["choices"][0]["message"]["content"])])
    metrics = Metrics(body["meta"]["requestDurationMillis"])
    given = Answer(Response(Output(message), "end_turn", usage, metrics), id=body["id"], model="")
    assert json.loads(chat.jamba_output(given, model_of(recorded), Raw(b"{}"))) == body


def test_prompt_of_an_older_family_is_refused_by_its_first_strange_member() -> None:
    body = exchange("bedrock-invoke/ai21/j2-mid")["request"]["body"]
    family = family_of_body({name: raw(value) for name, value in body.items()})
    assert family is FAMILIES["mistral"]
    with pytest.raises(Refused, match="maxTokens: Extra inputs are not permitted"):
        mistral.request(raw(body))


def test_prompt_for_an_imported_model_is_refused_by_its_strange_member() -> None:
    body = exchange("bedrock-invoke/imported-model/completion-openai-like")["request"]["body"]
    with pytest.raises(Refused, match="topP: Extra inputs are not permitted"):
        mistral.request(raw(body))


def test_members_that_bedrock_knows_are_ours_but_for_those_that_nothing_else_has() -> None:
    message = exchange("bedrock-invoke/errors/error-400-deepseek-v3-or-qwen-unknown-key")["response"]["body"][
        "message"
    ]
    _, _, listed = message.partition("expected one of ")
    known = set(re.findall(r"`(\w+)`", listed))
    assert known - set(wire.Body.__struct_fields__) == {
        "audio",
        "function_call",
        "functions",
        "text",
        "web_search_options",
    }


@pytest.mark.parametrize("recorded", exchanges("bedrock-openai-compatible"))
def test_gpt_oss_chat_is_read_and_its_reasoning_written_where_it_was(recorded: Any) -> None:
    body = recorded["request"]["body"] | {"stream": False}
    request = chat.request_with_tags(raw(body))
    assert len(request.messages) == len(body["messages"])
    if recorded["response"]["status"] != 200:
        return
    completion = recorded["response"]["body"]
    message = completion["choices"][0]["message"]
    again = {"messages": [{"role": "assistant"} | message]}
    blocks = chat.request_with_tags(raw(again)).messages[0].content
    assert [block.text is None for block in blocks] == [True, False]
    written = chat.gpt_oss_output(answer(*blocks), body["model"], Raw(b"{}"))
    shown = json.loads(written)
    assert shown["choices"][0]["message"]["content"] == message["content"]
    assert shown["model"] == completion["model"]


CHATS = exchanges("openai/chat-completions", "azure/chat", "groq/chat", "xai/chat")


@pytest.mark.parametrize("recorded", CHATS)
def test_chat_for_a_provider_passes_as_it_is(recorded: Any) -> None:
    body = recorded["request"]["body"]
    assert "messages" in body
    route = Route(
        model_id="gpt-4o", invocation_type="InvokeModel", provider="openai", model="a-compatible-model"
    )
    line = Translator(route).line("r-1", InputRecord(raw(body)))
    assert isinstance(line, Line)
    changed = {
        "model",
        "stream",
        "stream_options",
        "max_completion_tokens",
        "max_tokens",
        "parallel_tool_calls",
    }
    sent = json.loads(line.data)["body"]
    assert {name: value for name, value in sent.items() if name not in changed} == {
        name: value for name, value in body.items() if name not in changed
    }


DIALECTS: dict[str, dict[str, Any]] = {
    "meta.llama3-1-70b-instruct-v1:0": {"prompt": "Hi"},
    "mistral.mistral-7b-instruct-v0:2": {"prompt": "Hi"},
    "us.deepseek.r1-v1:0": {"prompt": "Hi"},
    "mistral.mistral-large-2407-v1:0": {"messages": [{"role": "user", "content": "Hi"}]},
    "ai21.jamba-1-5-mini-v1:0": {"messages": [{"role": "user", "content": "Hi"}]},
    "us.writer.palmyra-x5-v1:0": {"messages": [{"role": "user", "content": "Hi"}]},
    "openai.gpt-oss-20b-1:0": {"messages": [{"role": "user", "content": "Hi"}]},
    "qwen.qwen3-32b-v1:0": {"messages": [{"role": "user", "content": "Hi"}]},
}


@pytest.mark.parametrize("recorded", CHATS)
@pytest.mark.parametrize("model_id", DIALECTS)
def test_answer_of_a_provider_is_shown_in_the_dialect(model_id: str, recorded: Any) -> None:
    route = Route(model_id=model_id, invocation_type="InvokeModel", provider="openai", model="gpt-4o")
    body = recorded["response"]["body"]
    row = {"custom_id": "r-1", "response": {"status_code": 200, "body": body}, "error": None}
    outcome = Translator(route).model_output(raw(DIALECTS[model_id]), json.dumps(row).encode())
    message = body["choices"][0]["message"]
    if message.get("tool_calls") and not message.get("content") and "prompt" in DIALECTS[model_id]:
        assert isinstance(outcome, RecordError)
        assert "toolUse cannot be shown" in outcome.message
        return
    assert isinstance(outcome, ModelOutput)
    for text in (message.get("content"), message.get("refusal")):
        assert json.dumps(text or "")[1:-1] in json.dumps(json.loads(outcome.json))
    if "prompt" in DIALECTS[model_id]:
        assert any("toolUse" in note.field for note in outcome.notes) == bool(message.get("tool_calls"))
        return
    for call in message.get("tool_calls") or ():
        assert json.dumps(call["function"]["name"]) in json.dumps(json.loads(outcome.json))
