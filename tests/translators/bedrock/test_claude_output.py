"""Answers as Claude messages."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import claude
from translators.errors import Refused

PNG = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def hub_answer(*content: dict[str, Any], **members: Any) -> converse.Answer:
    response = {
        "output": {"message": {"role": "assistant", "content": [*content]}},
        "stopReason": members.pop("stopReason", "end_turn"),
        "usage": members.pop("usage", {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14}),
    }
    return converse.Answer(
        response=msgspec.json.decode(json.dumps(response), type=converse.Response),
        id=members.pop("id", "chatcmpl-Abc_123"),
        model="gpt-4o-mini-2024-07-18",
        **members,
    )


def shown(
    *content: dict[str, Any], model_id: str = "us.anthropic.claude-3-haiku-20240307-v1:0", **members: Any
) -> Any:
    """The Claude message for a Converse answer with this content."""
    return json.loads(claude.output(hub_answer(*content, **members), model_id, Raw(b"{}")))


def asked_with(block: object) -> dict[str, Any]:
    """The Converse block that a block of a Claude body becomes."""
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "assistant", "content": [block]}],
    }
    request = claude.request(Raw(json.dumps(body).encode()))
    (content,) = json.loads(converse.encode(request))["messages"][0]["content"]
    return dict(content)


def test_answer_is_a_claude_message() -> None:
    answer = hub_answer({"text": "Hello"})
    model_id = "anthropic.claude-3-haiku-20240307-v1:0"
    assert claude.output(answer, model_id, Raw(b"{}")) == (
        b'{"id":"msg_bdrk_chatcmplAbc_123","type":"message","role":"assistant",'
        b'"model":"claude-3-haiku-20240307","content":[{"type":"text","text":"Hello"}],'
        b'"stop_reason":"end_turn","stop_sequence":null,'
        b'"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
        b'"output_tokens":5}}'
    )


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku-20240307"),
        ("eu.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"),
        ("us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("global.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
            "claude-sonnet-4-20250514",
        ),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
            "gpt-4o-mini-2024-07-18",
        ),
    ],
)
def test_message_names_the_model_as_anthropic_does_or_as_the_provider_does(model_id: str, name: str) -> None:
    assert shown({"text": "Hello"}, model_id=model_id)["model"] == name


@pytest.mark.parametrize(
    ("stop_reason", "said"),
    [
        ("end_turn", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("tool_use", "tool_use"),
        ("stop_sequence", "stop_sequence"),
        ("content_filtered", "refusal"),
        ("guardrail_intervened", "refusal"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
    ],
)
def test_stop_reason_is_what_happened(stop_reason: str, said: str) -> None:
    answer = shown({"text": "a"}, stopReason=stop_reason)
    assert (answer["stop_reason"], answer["stop_sequence"]) == (said, None)


@pytest.mark.parametrize("stop_reason", ["malformed_model_output", "malformed_tool_use"])
def test_malformed_answer_ends_as_others_do(stop_reason: str) -> None:
    assert shown({"text": "a"}, stopReason=stop_reason)["stop_reason"] == "end_turn"
    with pytest.raises(Refused, match=f"stop_reason: '{stop_reason}' has no word in this dialect"):
        shown(stopReason=stop_reason)


def test_stop_sequence_is_named_where_it_is_known() -> None:
    answer = shown({"text": "a"}, stopReason="stop_sequence", stop_sequence="END")
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "END")


def test_usage_counts_the_cache_apart() -> None:
    usage = {
        "inputTokens": 3,
        "outputTokens": 44,
        "totalTokens": 11514,
        "cacheReadInputTokens": 9511,
        "cacheWriteInputTokens": 1956,
    }
    assert shown({"text": "a"}, usage=usage)["usage"] == {
        "input_tokens": 3,
        "cache_creation_input_tokens": 1956,
        "cache_read_input_tokens": 9511,
        "output_tokens": 44,
    }


@pytest.mark.parametrize(
    ("content", "blocks"),
    [
        ([], []),
        (
            [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqQC"}}},
                {"text": "Let me see."},
                {"toolUse": {"toolUseId": "call_1", "name": "a", "input": {"city": "Paris"}}},
                {"toolUse": {"toolUseId": "call_2", "name": "b", "input": {}}},
            ],
            [
                {"type": "thinking", "thinking": "Hm.", "signature": "EqQC"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "call_1", "name": "a", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "call_2", "name": "b", "input": {}},
            ],
        ),
        (
            [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}],
            [{"type": "thinking", "thinking": "Hm.", "signature": ""}],
        ),
        (
            [{"reasoningContent": {"redactedContent": "RXZnRg=="}}],
            [{"type": "redacted_thinking", "data": "EvgF"}],
        ),
        (
            [{"reasoningContent": {"redactedContent": "/w=="}}],
            [{"type": "redacted_thinking", "data": "/w=="}],
        ),
        (
            [{"reasoningContent": {"redactedContent": "gAAA"}}],
            [{"type": "redacted_thinking", "data": "gAAA"}],
        ),
        (
            [
                {
                    "citationsContent": {
                        "content": [{"text": "Ruby 4."}],
                        "citations": [
                            {
                                "title": "Downloads",
                                "location": {"web": {"url": "https://example.com", "domain": "example.com"}},
                            }
                        ],
                    }
                }
            ],
            [
                {
                    "type": "text",
                    "text": "Ruby 4.",
                    "citations": [
                        {
                            "type": "web_search_result_location",
                            "cited_text": "",
                            "url": "https://example.com",
                            "title": "Downloads",
                            "encrypted_index": "",
                        }
                    ],
                }
            ],
        ),
    ],
)
def test_content_is_what_the_provider_said(content: list[dict[str, Any]], blocks: list[object]) -> None:
    assert shown(*content)["content"] == blocks


IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}


def test_image_beside_a_text_is_left_out() -> None:
    assert shown({"text": "a"}, IMAGE)["content"] == [{"type": "text", "text": "a"}]
    with pytest.raises(Refused, match=r"content\[0\]: image cannot be shown; accepted are text, tool use"):
        shown(IMAGE)


def test_text_comes_without_a_citation_of_no_place() -> None:
    cited = {"citationsContent": {"content": [{"text": "a"}], "citations": [{"title": "t"}]}}
    assert shown(cited)["content"] == [{"type": "text", "text": "a", "citations": []}]


@pytest.mark.parametrize("data", ["EvgFCkYIBxgCKkBm", "not base64!", ""])
def test_redacted_thinking_comes_back_as_it_was(data: str) -> None:
    block = {"type": "redacted_thinking", "data": data}
    assert shown(asked_with(block))["content"] == [block]


CITATIONS = [
    (
        {
            "type": "char_location",
            "cited_text": "Facts.",
            "document_index": 0,
            "document_title": "facts.txt",
            "start_char_index": 0,
            "end_char_index": 6,
        },
        {
            "title": "facts.txt",
            "sourceContent": [{"text": "Facts."}],
            "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 6}},
        },
    ),
    (
        {
            "type": "page_location",
            "cited_text": "Fun.",
            "document_index": 1,
            "document_title": "sample",
            "start_page_number": 1,
            "end_page_number": 2,
        },
        {
            "title": "sample",
            "sourceContent": [{"text": "Fun."}],
            "location": {"documentPage": {"documentIndex": 1, "start": 1, "end": 2}},
        },
    ),
    (
        {
            "type": "content_block_location",
            "cited_text": "One.",
            "document_index": 2,
            "start_block_index": 0,
            "end_block_index": 1,
        },
        {
            "sourceContent": [{"text": "One."}],
            "location": {"documentChunk": {"documentIndex": 2, "start": 0, "end": 1}},
        },
    ),
    (
        {
            "type": "search_result_location",
            "cited_text": "Found.",
            "search_result_index": 0,
            "source": "https://example.com",
            "title": "T",
            "start_block_index": 0,
            "end_block_index": 1,
        },
        {
            "title": "T",
            "source": "https://example.com",
            "sourceContent": [{"text": "Found."}],
            "location": {"searchResultLocation": {"searchResultIndex": 0, "start": 0, "end": 1}},
        },
    ),
]


@pytest.mark.parametrize(("citation", "hub"), CITATIONS)
def test_citation_round_trips(citation: dict[str, Any], hub: dict[str, Any]) -> None:
    block = {"type": "text", "text": "Quoted.", "citations": [citation]}
    content = asked_with(block)
    assert content == {"citationsContent": {"content": [{"text": "Quoted."}], "citations": [hub]}}
    assert shown(content)["content"] == [block]
