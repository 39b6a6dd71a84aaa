"""A chat completion of Mistral's as it is, for bodies that were Mistral's chats already."""

from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Raw, Struct

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.batch_file import Unfinished
from translators.providers.chat_completions.response import ChatUsage, chat_usage
from translators.providers.chat_completions.traits import OPENAI_RESPONSES
from translators.providers.mistral import response
from translators.providers.mistral.native_messages import prefix_of
from translators.providers.mistral.rows import body_of
from translators.wire import ModelOutput


class _Message(Struct):
    content: str | list[dict[str, Any]] | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: Literal["stop", "length", "model_length", "tool_calls"]


class _Completion(Struct):
    """A chat completion of the usual form, as applications read it."""

    choices: Annotated[list[_Choice], Meta(min_length=1)]
    usage: ChatUsage | None = None


class _Body(Struct):
    messages: Raw = Raw(b"null")


_COMPLETION = msgspec.json.Decoder(_Completion)
_BODY = msgspec.json.Decoder(_Body)
_VALUES = msgspec.json.Decoder(dict[str, Any])


def answer(row: bytes) -> ModelOutput | Answer | RecordError | Unfinished:
    """The chat completion in a row, in the hub where labels in it are not the usual ones, or the error in its
    place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError):
        return response.answer_in(body, _nothing_asked)
    usage = chat_usage(completion.usage or ChatUsage(), OPENAI_RESPONSES)
    return ModelOutput(bytes(body), usage.input_tokens, usage.output_tokens)


def _nothing_asked() -> Request:
    """In place of the record: what was sent as it is has no names to map back."""
    return Request([])


def without_prefix(completion: bytes, model_input: Raw) -> bytes:
    """The completion without the beginning of the answer that the body gives, which Mistral repeats
    (studio-api/conversations/chat-completion, prefix); in Bedrock's dialects the answer is what follows."""
    prefix = prefix_of(_BODY.decode(model_input).messages)
    if not prefix:
        return completion
    members = _VALUES.decode(completion)
    for choice in members["choices"]:
        message = choice.get("message", {})
        content: object = message.get("content")
        if isinstance(content, str):
            message["content"] = content.removeprefix(prefix)
        elif isinstance(content, list):
            texts = [chunk for chunk in cast("list[dict[str, Any]]", content) if "text" in chunk]
            if texts:
                texts[0]["text"] = texts[0]["text"].removeprefix(prefix)
    return msgspec.json.encode(members)
