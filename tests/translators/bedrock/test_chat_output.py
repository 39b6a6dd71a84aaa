"""Answers as chat completions, in each vendor's way."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from translators.bedrock.converse import (
    Answer,
    CitationsContent,
    ContentBlock,
    ImageBlock,
    Message,
    Metrics,
    Output,
    ReasoningContent,
    ReasoningText,
    Response,
    Source,
    StopReason,
    TextBlock,
    ToolUseBlock,
    Usage,
)
from translators.bedrock.families import chat
from translators.errors import Refused

type Write = Callable[[Answer, str, Raw], bytes]

TEXT = ContentBlock(text="Hello.")
CALL = ContentBlock(tool_use=ToolUseBlock("call_1", "f", Raw(b'{"a":1}')))
REASONING = ContentBlock(reasoning_content=ReasoningContent(ReasoningText("Greet.")))
USAGE = Usage(10, 5, 15)
CALLED = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def answer(*content: ContentBlock, stop_reason: StopReason = "end_turn", **members: Any) -> Answer:
    """An answer; `usage`, `fields` and `metrics` belong to its Converse response."""
    response = Response(
        output=Output(Message("assistant", [*content])),
        stop_reason=stop_reason,
        usage=members.pop("usage", USAGE),
        additional_model_response_fields=members.pop("fields", None),
        metrics=members.pop("metrics", Metrics()),
    )
    return Answer(response=response, **{"id": "chatcmpl-1", "model": "gpt-4o-mini-2024-07-18"} | members)


def shown(
    *content: ContentBlock, write: Write = chat.output, model_id: str = "gpt-4o-mini", **members: Any
) -> Any:
    return json.loads(write(answer(*content, **members), model_id, Raw(b"{}")))


def choice(*content: ContentBlock, **members: Any) -> Any:
    (only,) = shown(*content, **members)["choices"]
    return only


def test_completion_is_whole() -> None:
    assert shown(TEXT, created=1787176201) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1787176201,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello."},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def test_id_is_one_of_a_completion() -> None:
    assert shown(TEXT, id="msg_01")["id"] == "chatcmpl-msg_01"


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b-1:0"),
        ("us.qwen.qwen3-32b-v1:0", "qwen.qwen3-32b-v1:0"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghij12",
            "gpt-4o-mini-2024-07-18",
        ),
    ],
)
def test_model_name_is_the_requested_one_where_the_id_has_it(model_id: str, model: str) -> None:
    assert shown(TEXT, model_id=model_id)["model"] == model


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("content_filtered", "content_filter"),
        ("guardrail_intervened", "content_filter"),
    ],
)
def test_each_stop_reason_has_its_word(stop_reason: StopReason, finish_reason: str) -> None:
    assert choice(TEXT, stop_reason=stop_reason)["finish_reason"] == finish_reason


@pytest.mark.parametrize("stop_reason", ["malformed_model_output", "malformed_tool_use"])
def test_malformed_answer_ends_as_others_do(stop_reason: StopReason) -> None:
    assert choice(TEXT, stop_reason=stop_reason)["finish_reason"] == "stop"
    with pytest.raises(Refused, match=f"finish_reason: '{stop_reason}' has no word in this dialect"):
        shown(stop_reason=stop_reason)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([TEXT, ContentBlock(text=" You?")], {"content": "Hello. You?"}),
        ([], {"content": ""}),
        ([CALL], {"content": None, "tool_calls": [CALLED]}),
        ([TEXT, CALL], {"content": "Hello.", "tool_calls": [CALLED]}),
        ([REASONING, TEXT], {"content": "Hello.", "reasoning_content": "Greet."}),
        (
            [ContentBlock(citations_content=CitationsContent([TextBlock("Des "), TextBlock("Moines.")]))],
            {"content": "Des Moines."},
        ),
        ([ContentBlock(citations_content=CitationsContent())], {"content": ""}),
        (
            [ContentBlock(reasoning_content=ReasoningContent(redacted_content="AA==")), TEXT],
            {"content": "Hello."},
        ),
    ],
)
def test_everything_said_is_in_the_message(content: list[ContentBlock], message: dict[str, Any]) -> None:
    assert choice(*content)["message"] == {"role": "assistant"} | message


def test_refusal_stands_where_refusals_do() -> None:
    refused = choice(ContentBlock(text="I can't."), stop_reason="content_filtered", refusal="I can't.")
    assert refused["message"] == {"role": "assistant", "content": None, "refusal": "I can't."}
    assert refused["finish_reason"] == "content_filter"


def test_text_before_a_refusal_is_the_content() -> None:
    refused = choice(TEXT, ContentBlock(text="No."), stop_reason="content_filtered", refusal="No.")
    assert (refused["message"]["content"], refused["message"]["refusal"]) == ("Hello.", "No.")


def test_filtered_answer_is_no_refusal() -> None:
    cut = choice(TEXT, stop_reason="content_filtered")
    assert (cut["message"], cut["finish_reason"]) == (
        {"role": "assistant", "content": "Hello."},
        "content_filter",
    )
    nothing = choice(stop_reason="content_filtered")
    assert (nothing["message"]["content"], nothing["finish_reason"]) == ("", "content_filter")


def test_image_is_not_shown() -> None:
    image = ContentBlock(image=ImageBlock("png", Source(bytes="iVBORw0KGgo=")))
    assert choice(TEXT, image)["message"]["content"] == "Hello."
    with pytest.raises(Refused, match=r"content\[0\]: image cannot be shown; accepted are text, tool use"):
        shown(image)
    with pytest.raises(Refused, match=r"content\[0\]: an empty block cannot be shown"):
        shown(ContentBlock())


def test_cached_tokens_are_among_the_prompt_s() -> None:
    usage = Usage(10, 5, 22, cache_read_input_tokens=4, cache_write_input_tokens=3)
    assert shown(TEXT, usage=usage, reasoning_tokens=2)["usage"] == {
        "prompt_tokens": 17,
        "completion_tokens": 5,
        "total_tokens": 22,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def test_log_probabilities_stand_beside_the_message() -> None:
    logprobs = {"content": [{"token": "Hi", "logprob": -0.1, "bytes": None, "top_logprobs": []}]}
    assert choice(TEXT, fields={"logprobs": logprobs})["logprobs"] == logprobs
    assert choice(TEXT, fields={"annotations": []})["logprobs"] is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([REASONING, TEXT], "<reasoning>Greet.</reasoning>Hello."),
        ([TEXT, REASONING], "<reasoning>Greet.</reasoning>Hello."),
        ([REASONING], "<reasoning>Greet.</reasoning>"),
        ([REASONING, CALL], "<reasoning>Greet.</reasoning>"),
        ([TEXT], "Hello."),
    ],
)
def test_gpt_oss_reasons_at_the_head_of_its_text(content: list[ContentBlock], text: str) -> None:
    message = choice(*content, write=chat.gpt_oss_output)["message"]
    assert message["content"] == text
    assert "reasoning_content" not in message


def test_mistral_repeats_the_finish_reason_as_stop_reason() -> None:
    called = choice(CALL, write=chat.mistral_output, stop_reason="tool_use")
    assert (called["finish_reason"], called["stop_reason"]) == ("tool_calls", "tool_calls")
    assert called["message"] == {"role": "assistant", "content": "", "tool_calls": [CALLED]}
    assert choice(TEXT, write=chat.mistral_output)["message"]["content"] == "Hello."


def test_jamba_has_its_own_members() -> None:
    usage = Usage(10, 5, 15, cache_read_input_tokens=0)
    model_id = "ai21.jamba-1-5-mini-v1:0"
    assert shown(
        TEXT,
        write=chat.jamba_output,
        model_id=model_id,
        usage=usage,
        reasoning_tokens=0,
        metrics=Metrics(latency_ms=307),
    ) == {
        "id": "chatcmpl-1",
        "model": "jamba-1.5-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello.", "tool_calls": None},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        "meta": {"requestDurationMillis": 307},
    }


def test_palmyra_has_its_own_members() -> None:
    completion = shown(TEXT, write=chat.palmyra_output, stop_sequence="END", stop_reason="stop_sequence")
    assert completion["prompt_logprobs"] is None
    assert completion["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hello.",
                "reasoning_content": None,
                "tool_calls": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
            "stop_reason": "END",
        }
    ]
    thought = choice(REASONING, CALL, write=chat.palmyra_output)["message"]
    assert (thought["reasoning_content"], thought["tool_calls"]) == ("Greet.", [CALLED])


def own(message: dict[str, Any]) -> Any:
    completion = {"id": "1", "odd": {"kept": [1]}, "choices": [{"index": 0, "message": message}]}
    return json.loads(chat.gpt_oss_passthrough(json.dumps(completion).encode(), "openai.gpt-oss-20b-1:0"))


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_that_a_server_shows_moves_to_the_head_of_the_text(name: str) -> None:
    message = {"role": "assistant", "content": "Hello.", name: "Greet.", "strange": None}
    assert own(message) == {
        "id": "1",
        "odd": {"kept": [1]},
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "<reasoning>Greet.</reasoning>Hello.",
                    "strange": None,
                },
            }
        ],
    }


def test_answer_without_reasoning_stays_as_it_is() -> None:
    completion = b'{"id": "1",  "choices": [], "usage": {"d": {"reasoning_tokens": 5}}}'
    assert chat.gpt_oss_passthrough(completion, "openai.gpt-oss-20b-1:0") == completion
    assert own({"content": None, "reasoning": None})["choices"][0]["message"] == {"content": None}


def test_answer_of_another_form_is_not_shown() -> None:
    with pytest.raises(Refused, match="choices"):
        chat.gpt_oss_passthrough(b'{"choices": 5, "reasoning": 1}', "")
    with pytest.raises(Refused, match=r"choices\[0\].message"):
        chat.gpt_oss_passthrough(b'{"choices": [{"message": 5, "reasoning": 1}]}', "")
