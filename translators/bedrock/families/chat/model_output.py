"""Converse response → chat completion, with each vendor's differences.

    chat      reasoning in `reasoning_content` (Qwen, DeepSeek and the rest)
    gpt-oss   reasoning at the head of the text, in `<reasoning>…</reasoning>`
    mistral   the finish reason in `stop_reason` too, as in AWS's examples; "" for absent text
    jamba     `meta`, the short name of the model, plain token counts
    palmyra   further members of Writer's server, null where they are empty

A provider's chat completion passes unchanged, apart from gpt-oss's reasoning.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families import converse_content
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.chat import wire
from translators.bedrock.families.stop_words import stop_word
from translators.bedrock.model_ids import parse

type _Object = dict[str, Any]


class _Message(Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


_ENCODER = msgspec.json.Encoder()
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]])
_ANY_OBJECT = msgspec.json.Decoder(dict[str, Any])
_MESSAGE = msgspec.json.Decoder(_Message)

_VERSION = re.compile(r"-v\d+(:.*)?$")
_POINT = re.compile(r"(?<=\d)-(?=\d)")

_FINISH_REASONS: Mapping[converse.StopReason, wire.FinishReason] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "tool_use": "tool_calls",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "content_filtered": "content_filter",
        "guardrail_intervened": "content_filter",
    }
)
"""A chat completion has no finish reason for a malformed answer."""


def output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion. Raises `Refused` for what it cannot express."""
    return _ENCODER.encode(_completion(answer, model_id, _message(answer)))


def gpt_oss_output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """gpt-oss's completion."""
    message = _message(answer)
    reasoning = message.pop("reasoning_content", None)
    if reasoning is not None:
        message["content"] = _tagged(reasoning, message["content"])
    return _ENCODER.encode(_completion(answer, model_id, message))


def mistral_output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Mistral's completion."""
    message = _message(answer)
    if message["content"] is None:
        message["content"] = ""
    completion = _completion(answer, model_id, message)
    choice = completion["choices"][0]
    choice["stop_reason"] = choice["finish_reason"]
    return _ENCODER.encode(completion)


def jamba_output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Jamba's completion (seen on the live API)."""
    completion = _completion(answer, model_id, {"tool_calls": None} | _message(answer))
    del completion["object"], completion["created"], completion["choices"][0]["logprobs"]
    for details in ("prompt_tokens_details", "completion_tokens_details"):
        completion["usage"].pop(details, None)
    completion["model"] = _jamba(model_id) or answer.model
    completion["meta"] = {"requestDurationMillis": answer.response.metrics.latency_ms}
    return _ENCODER.encode(completion)


def palmyra_output(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """Palmyra's completion (AWS: model-parameters-palmyra-x5)."""
    message = _message(answer)
    message.setdefault("reasoning_content", None)
    message.setdefault("tool_calls", [])
    completion = _completion(answer, model_id, message)
    completion["choices"][0] |= {"stop_reason": answer.stop_sequence}
    return _ENCODER.encode(completion | {"prompt_logprobs": None})


def gpt_oss_passthrough(completion: bytes, model_id: str) -> bytes:
    """A provider's chat completion with the reasoning moved to the head of the text."""
    if b'"reasoning_content"' not in completion and b'"reasoning"' not in completion:
        return completion
    members = decoded(_OBJECT, Raw(completion))
    choices = decoded(_OBJECTS, members["choices"], "choices")
    for index, choice in enumerate(choices):
        raw, path = choice.get("message", Raw(b"{}")), f"choices[{index}].message"
        message, typed = decoded(_OBJECT, raw, path), decoded(_MESSAGE, raw, path)
        reasoning = typed.reasoning_content or typed.reasoning
        if reasoning:
            message["content"] = Raw(_ENCODER.encode(_tagged(reasoning, typed.content)))
        message.pop("reasoning_content", None)
        message.pop("reasoning", None)
        choice["message"] = Raw(_ENCODER.encode(message))
    members["choices"] = Raw(_ENCODER.encode(choices))
    return _ENCODER.encode(members)


def mistral_passthrough(completion: bytes, model_id: str) -> bytes:
    """Mistral's completion with the finish reason in `stop_reason` too, and chunks of a message as text and
    reasoning."""
    members = decoded(_OBJECT, Raw(completion))
    choices = decoded(_OBJECTS, members["choices"], "choices")
    for choice in choices:
        choice["stop_reason"] = choice.get("finish_reason", Raw(b"null"))
        if "message" in choice:
            choice["message"] = Raw(_ENCODER.encode(_without_chunks(choice["message"])))
    members["choices"] = Raw(_ENCODER.encode(choices))
    return _ENCODER.encode(members)


def _without_chunks(raw: Raw) -> _Object:
    message: _Object = decoded(_ANY_OBJECT, raw)
    content: object = message.get("content")
    if content is None:
        message["content"] = ""
    elif isinstance(content, list):
        chunks = cast("list[_Object]", content)
        message["content"] = "".join(chunk.get("text", "") for chunk in chunks)
        thoughts = [thought for chunk in chunks for thought in chunk.get("thinking", ())]
        if thoughts:
            message["reasoning_content"] = "".join(thought.get("text", "") for thought in thoughts)
    return message


def _tagged(reasoning: str, content: str | None) -> str:
    return f"<reasoning>{reasoning}</reasoning>{content or ''}"


def _completion(answer: converse.Answer, model_id: str, message: _Object) -> _Object:
    choice: _Object = {
        "index": 0,
        "message": message,
        "logprobs": (answer.response.additional_model_response_fields or {}).get("logprobs"),
        "finish_reason": stop_word(answer, _FINISH_REASONS, "finish_reason"),
    }
    return {
        "id": answer.id if answer.id.startswith("chatcmpl-") else f"chatcmpl-{answer.id}",
        "object": "chat.completion",
        "created": answer.created,
        "model": _name(model_id) or answer.model,
        "choices": [choice],
        "usage": _usage(answer),
    }


def _message(answer: converse.Answer) -> _Object:
    texts = converse_content.texts_in(answer, "text, tool use and reasoning", calls=True)
    uses = (block.tool_use for block in answer.response.output.message.content)
    calls = [_call(use) for use in uses if use is not None]
    if answer.refusal:
        texts.remove(answer.refusal)
    joined = answer.separator.join(texts)
    absent = bool(calls or answer.refusal) and not joined
    message: _Object = {"role": "assistant", "content": None if absent else joined}
    if answer.refusal:
        message["refusal"] = answer.refusal
    reasoning = converse_content.reasoning_of(answer)
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    return message


def _call(use: converse.ToolUseBlock) -> _Object:
    return {
        "id": use.tool_use_id,
        "type": "function",
        "function": {"name": use.name, "arguments": bytes(use.input).decode()},
    }


def _usage(answer: converse.Answer) -> _Object:
    """Token counts; unlike Converse's `inputTokens`, `prompt_tokens` includes cached ones."""
    usage = answer.response.usage
    read, written = usage.cache_read_input_tokens, usage.cache_write_input_tokens
    prompt = usage.input_tokens + (read or 0) + (written or 0)
    counted: _Object = {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
    }
    if read is not None:
        counted["prompt_tokens_details"] = {"cached_tokens": read}
    if answer.reasoning_tokens is not None:
        counted["completion_tokens_details"] = {"reasoning_tokens": answer.reasoning_tokens}
    return counted


@lru_cache
def _name(model_id: str) -> str | None:
    """Bedrock's id of the model without prefix and ARN; None for other names."""
    model = parse(model_id)
    return model.bare if model.vendor is not None else None


@lru_cache
def _jamba(model_id: str) -> str | None:
    """AI21's name of a model (`jamba-1.5-mini`); None for models of other vendors."""
    model = parse(model_id)
    return _POINT.sub(".", _VERSION.sub("", model.model), count=1) if model.vendor == "ai21" else None
