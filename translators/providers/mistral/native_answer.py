"""A chat completion of Mistral's as it is, for bodies that were Mistral's chats already."""

from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from translators.errors import RecordError
from translators.providers.batch_file import unreadable
from translators.providers.chat_completions.response import ChatUsage, chat_usage
from translators.providers.chat_completions.traits import OPENAI_RESPONSES
from translators.providers.mistral.native_messages import prefix_of
from translators.providers.mistral.rows import body_of, without_answer
from translators.wire import ModelOutput


class _Completion(Struct):
    choices: list[Raw] | None = None
    usage: ChatUsage | None = None


class _Body(Struct):
    messages: Raw = Raw(b"null")


_COMPLETION = msgspec.json.Decoder(_Completion | None)
_BODY = msgspec.json.Decoder(_Body)
_VALUES = msgspec.json.Decoder(dict[str, Any])


def answer(row: bytes) -> ModelOutput | RecordError:
    """The chat completion in a row, or the error in its place."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    usage = chat_usage(completion.usage or ChatUsage(), OPENAI_RESPONSES)
    return ModelOutput(bytes(body), usage.input_tokens, usage.output_tokens)


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
