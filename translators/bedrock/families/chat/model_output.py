"""An answer as a chat completion, in each vendor's way.

    chat      reasoning in `reasoning_content` (Qwen, DeepSeek and the rest)
    gpt-oss   reasoning at the head of the text, in `<reasoning>…</reasoning>`
    mistral   why it ends in `stop_reason` too, which the examples of AWS have; text that is not there is ""
    jamba     `meta`, the short name of the model, plain counts
    palmyra   members of the server that Writer runs, null where there is nothing

An answer that is a chat completion already stays as it is; only gpt-oss's reasoning moves.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock import converse
from translators.bedrock.families import converse_content
from translators.bedrock.families.body_decoder import decoded
from translators.bedrock.families.chat import wire
from translators.bedrock.model_ids import parse
from translators.errors import Refused

type _Object = dict[str, Any]


class _Said(Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


_ENCODER = msgspec.json.Encoder()
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]])
_SAID = msgspec.json.Decoder(_Said)

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
"""A chat completion has no word for an answer that is malformed."""


def answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The completion. Raises `Refused` for what it cannot say."""
    return _ENCODER.encode(_completion(answer, model_id, _message(answer)))


def gpt_oss_answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The same as gpt-oss has it."""
    message = _message(answer)
    reasoning = message.pop("reasoning_content", None)
    if reasoning is not None:
        message["content"] = _tagged(reasoning, message["content"])
    return _ENCODER.encode(_completion(answer, model_id, message))


def mistral_answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The same as Mistral's models have it."""
    message = _message(answer)
    if message["content"] is None:
        message["content"] = ""
    completion = _completion(answer, model_id, message)
    choice = completion["choices"][0]
    choice["stop_reason"] = choice["finish_reason"]
    return _ENCODER.encode(completion)


def jamba_answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The same as AI21's models have it (seen on the live API)."""
    completion = _completion(answer, model_id, {"tool_calls": None} | _message(answer))
    del completion["object"], completion["created"], completion["choices"][0]["logprobs"]
    for details in ("prompt_tokens_details", "completion_tokens_details"):
        completion["usage"].pop(details, None)
    completion["model"] = _jamba(model_id) or answer.model
    completion["meta"] = {"requestDurationMillis": answer.response.metrics.latency_ms}
    return _ENCODER.encode(completion)


def palmyra_answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """The same as Writer's models have it (AWS: model-parameters-palmyra-x5)."""
    message = _message(answer)
    message.setdefault("reasoning_content", None)
    message.setdefault("tool_calls", [])
    completion = _completion(answer, model_id, message)
    completion["choices"][0] |= {"stop_reason": answer.stop_sequence}
    return _ENCODER.encode(completion | {"prompt_logprobs": None})


def gpt_oss_own(completion: bytes, model_id: str) -> bytes:
    """A chat completion of a provider, the reasoning that some servers show at the head of the text."""
    if b'"reasoning_content"' not in completion and b'"reasoning"' not in completion:
        return completion
    members = decoded(_OBJECT, Raw(completion))
    choices = decoded(_OBJECTS, members["choices"], "choices")
    for index, choice in enumerate(choices):
        message = decoded(_OBJECT, choice.get("message", Raw(b"{}")), f"choices[{index}].message")
        said = decoded(_SAID, choice.get("message", Raw(b"{}")), f"choices[{index}].message")
        reasoning = said.reasoning_content or said.reasoning
        if reasoning:
            message["content"] = Raw(_ENCODER.encode(_tagged(reasoning, said.content)))
        message.pop("reasoning_content", None)
        message.pop("reasoning", None)
        choice["message"] = Raw(_ENCODER.encode(message))
    members["choices"] = Raw(_ENCODER.encode(choices))
    return _ENCODER.encode(members)


def _tagged(reasoning: str, content: str | None) -> str:
    return f"<reasoning>{reasoning}</reasoning>{content or ''}"


def _completion(answer: converse.Answer, model_id: str, message: _Object) -> _Object:
    choice: _Object = {
        "index": 0,
        "message": message,
        "logprobs": (answer.response.additional_model_response_fields or {}).get("logprobs"),
        "finish_reason": _finish_reason(answer),
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
    content = answer.response.output.message.content
    texts: list[str] = []
    calls: list[_Object] = []
    for index, block in enumerate(content):
        text = converse_content.text_of(block)
        if text is not None:
            texts.append(text)
        elif block.tool_use is not None:
            calls.append(_call(block.tool_use))
        elif block.reasoning_content is None:
            raise converse_content.unsupported_block(block, index, "text, tool use and reasoning")
    said = "".join(texts)
    message: _Object = {"role": "assistant", "content": said if texts or not calls else None}
    if answer.refusal and texts:
        message |= {"content": None, "refusal": said}
    reasoning = converse_content.reasoning_of(content)
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


def _finish_reason(answer: converse.Answer) -> wire.FinishReason:
    reason = _FINISH_REASONS.get(answer.response.stop_reason)
    if reason is None:
        raise Refused(
            "finish_reason", f"{answer.response.stop_reason!r} is nothing a chat completion can say"
        )
    return reason


def _usage(answer: converse.Answer) -> _Object:
    """Cached tokens are among the prompt's here, beside them in Converse."""
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
    """Bedrock's id of the model, without prefix and ARN; None for a name that is not Bedrock's."""
    model = parse(model_id)
    return model.bare if model.vendor is not None else None


@lru_cache
def _jamba(model_id: str) -> str | None:
    """AI21's own name of one of its models: `jamba-1.5-mini`."""
    model = parse(model_id)
    return _POINT.sub(".", _VERSION.sub("", model.model), count=1) if model.vendor == "ai21" else None
