"""An answer as a chat completion, in each vendor's way.

    chat      reasoning in `reasoning_content` (Qwen, DeepSeek and the rest)
    gpt-oss   reasoning at the head of the text, in `<reasoning>…</reasoning>`
    mistral   why it ends in `stop_reason` too, which the examples of AWS have; text that is not there is ""
    jamba     `meta`, the short name of the model, plain counts
    palmyra   members of the server that Writer runs, null where there is nothing

`own_*` are for answers that are chat completions already: only the model's name and the reasoning move.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.families import turns
from translators.bedrock.families.bodies import decoded
from translators.bedrock.families.chat import wire
from translators.bedrock.model_ids import parse
from translators.errors import Refused

type _Object = dict[str, Any]

_ENCODER = msgspec.json.Encoder()
_COMPLETION = msgspec.json.Decoder(dict[str, Raw])
_CHOICES = msgspec.json.Decoder(list[dict[str, Raw]])
_MESSAGE = msgspec.json.Decoder(dict[str, Raw])
_STRING = msgspec.json.Decoder(str | None)

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
    del completion["object"], completion["created"]
    for details in ("prompt_tokens_details", "completion_tokens_details"):
        completion["usage"].pop(details, None)
    name = parse(model_id).model
    if name.startswith("jamba"):
        completion["model"] = _POINT.sub(".", _VERSION.sub("", name), count=1)
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


def own(completion: bytes, model_id: str) -> bytes:
    """A chat completion of a provider, under the name of the model that was asked."""
    name = _name(model_id)
    if name is None:
        return completion
    members = decoded(_COMPLETION, Raw(completion))
    members["model"] = Raw(_ENCODER.encode(name))
    return _ENCODER.encode(members)


def gpt_oss_own(completion: bytes, model_id: str) -> bytes:
    """The same with the reasoning, where a server shows it, at the head of the text."""
    if b'"reasoning' not in completion:
        return own(completion, model_id)
    members = decoded(_COMPLETION, Raw(completion))
    choices = decoded(_CHOICES, members["choices"], "choices")
    for index, choice in enumerate(choices):
        message = decoded(_MESSAGE, choice.get("message", Raw(b"{}")), f"choices[{index}].message")
        shown = [message.pop(name, Raw(b"null")) for name in ("reasoning_content", "reasoning")]
        said = [_STRING.decode(words) for words in (*shown, message.get("content", Raw(b"null")))]
        if reasoning := said[0] or said[1]:
            message["content"] = Raw(_ENCODER.encode(_tagged(reasoning, said[2])))
        choice["message"] = Raw(_ENCODER.encode(message))
    members["choices"] = Raw(_ENCODER.encode(choices))
    return own(_ENCODER.encode(members), model_id)


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
        text = turns.text_of(block)
        if text is not None:
            texts.append(text)
        elif block.tool_use is not None:
            calls.append(_call(block.tool_use))
        elif block.reasoning_content is None:
            raise turns.refused_block(block, index, "text, tool use and reasoning")
    said = "".join(texts)
    message: _Object = {"role": "assistant", "content": said if texts or not calls else None}
    if answer.refusal and texts:
        message |= {"content": None, "refusal": said}
    reasoning = turns.reasoning_of(content)
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
