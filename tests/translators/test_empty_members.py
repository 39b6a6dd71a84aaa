"""Bodies in the provider's own format, with members that hold nothing: vendors refuse many of these."""

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.translators.judges import JUDGES
from translators.errors import Refused
from translators.providers.batch_file import Line
from translators.providers.registry import PROVIDERS

type Json = dict[str, Any]

MODELS = {
    "anthropic": "claude-haiku-4-5",
    "azure": "gpt-4o-mini",
    "fireworks": "accounts/fireworks/models/llama4-scout-instruct-basic",
    "groq": "llama-3.1-8b-instant",
    "mistral": "mistral-small-latest",
    "openai": "gpt-4o-mini",
    "together": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "vertex": "claude-haiku-4-5@20251001",
    "xai": "grok-4-1-fast-non-reasoning",
}
BODIES: dict[str, Json] = {
    "openai.chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "mistral.chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "anthropic.messages": {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 256,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}
LISTS = {
    "openai.chat": ("tools", "stop", "functions", "modalities"),
    "mistral.chat": ("tools", "stop", "guardrails"),
    "anthropic.messages": ("tools", "stop_sequences", "system", "mcp_servers", "anthropic_beta"),
}
OPTIONAL = {
    "openai.chat": (
        *("tool_choice", "response_format", "stream_options", "temperature", "top_p", "n", "seed", "user"),
        *("logit_bias", "max_tokens", "max_completion_tokens", "parallel_tool_calls", "reasoning_effort"),
        *("metadata", "service_tier", "frequency_penalty", "logprobs", "top_k", "stream"),
    ),
    "mistral.chat": (
        *("tool_choice", "response_format", "temperature", "top_p", "n", "seed", "random_seed", "max_tokens"),
        *("parallel_tool_calls", "metadata", "frequency_penalty", "stream", "reasoning_effort"),
    ),
    "anthropic.messages": (
        *("tool_choice", "thinking", "metadata", "temperature", "top_p", "top_k", "output_config"),
        *("output_format", "service_tier", "container", "stream"),
    ),
}
NATIVE = [(name, wire) for name, row in PROVIDERS.items() for wire in row.native]
each_native = pytest.mark.parametrize(("provider", "wire"), NATIVE)


def line(provider: str, wire: Any, body: Json | str) -> Line:
    text = body if isinstance(body, str) else json.dumps(body)
    return PROVIDERS[provider].native[wire].line("r-1", Raw(text.encode()), MODELS[provider])


@each_native
@pytest.mark.parametrize("empty", ["null", "[]", "[ ]", "[\t  ]"])
def test_members_that_hold_nothing_are_left_out(provider: str, wire: str, empty: str) -> None:
    plain = line(provider, wire, BODIES[wire])
    names = LISTS[wire] if empty != "null" else LISTS[wire] + OPTIONAL[wire]
    for chosen in [*([name] for name in names), names]:
        members = "".join(f',"{name}":{empty}' for name in chosen)
        written = line(provider, wire, json.dumps(BODIES[wire])[:-1] + members + "}")
        assert written == plain
    JUDGES[provider](json.loads(plain.data), MODELS[provider])


@pytest.mark.parametrize("provider", [name for name, wire in NATIVE if wire == "openai.chat"])
def test_empty_members_of_messages_are_left_out(provider: str) -> None:
    turns = [{"role": "user", "content": "null and []", "name": None}, {"role": "user", "content": "So?"}]
    written = json.loads(
        line(
            provider,
            "openai.chat",
            {
                "messages": [
                    turns[0],
                    {
                        "role": "assistant",
                        "content": "Hello.",
                        **{"tool_calls": [], "function_call": None, "refusal": None, "annotations": []},
                    },
                    turns[1],
                    {"role": "user", "content": []},
                ]
            },
        ).data
    )
    JUDGES[provider](written, MODELS[provider])
    assert '"messages":[{"role":"user","content":"null and []"},' in json.dumps(
        written, separators=(",", ":")
    )
    text = json.dumps(written)
    assert not any(
        word in text for word in ("tool_calls", "function_call", "refusal", "annotations", '"name"')
    )
    assert '{"role": "user", "content": ""}' in text


@each_native
def test_content_that_is_null_beside_calls_stays(provider: str, wire: str) -> None:
    if wire == "anthropic.messages":
        return
    call = {"id": "abcdefghi", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Json] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "abcdefghi", "content": "1"},
    ]
    written = line(provider, wire, {"messages": messages}).data.decode()
    assert json.dumps(messages, separators=(",", ":")) in written.replace(" ", "")


@each_native
@pytest.mark.parametrize("choice", ["auto", "none"])
def test_choice_of_tools_goes_with_them(provider: str, wire: str, choice: str) -> None:
    said: object = {"type": choice} if wire == "anthropic.messages" else choice
    assert line(provider, wire, BODIES[wire] | {"tools": [], "tool_choice": said}) == line(
        provider, wire, BODIES[wire]
    )


@each_native
def test_call_that_is_demanded_without_tools_is_refused(provider: str, wire: str) -> None:
    said: object = {"type": "any"} if wire == "anthropic.messages" else "required"
    with pytest.raises(Refused, match="tool_choice: may only be specified while providing tools"):
        line(provider, wire, BODIES[wire] | {"tools": [], "tool_choice": said})
