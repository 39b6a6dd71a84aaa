"""The chat completion in a row of a batch's output, as a Converse response.

Mistral: api/endpoint/chat. What a provider sends is read tolerantly: only the members in use, and those may
be absent.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    Request,
    Response,
    StopReason,
)
from translators.errors import RecordError
from translators.providers.mistral.names import NO_ID
from translators.providers.mistral.reasoning import content_of
from translators.providers.mistral.rows import body_of, unreadable, without_answer
from translators.providers.openai.answers import tool_use
from translators.providers.openai.response import OPENAI, ChatUsage, usage_of
from translators.providers.rows import Unfinished


class _Called(Struct):
    name: str
    arguments: str | dict[str, Any] = ""


class _ToolCall(Struct):
    function: _Called
    id: str | None = None


class _Message(Struct):
    content: str | list[dict[str, Any]] | None = None
    """Chunks where the model thought, or cited what a tool said."""
    tool_calls: list[_ToolCall] | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class _Completion(Struct):
    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[_Choice] | None = None
    usage: ChatUsage | None = None


_COMPLETION = msgspec.json.Decoder(_Completion | None)

_STOP_REASONS: dict[str | None, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "tool_calls": "end_turn",  # the calls themselves decide
}
"""`stop` also stands for a stop sequence; Mistral does not say which of the two it was."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    if not isinstance(body, Raw):
        return body
    try:
        completion = _COMPLETION.decode(body)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked)


def _answer(body: _Completion, choice: _Choice, asked: Callable[[], Request]) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    stop_reason = _STOP_REASONS.get(choice.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {choice.finish_reason!r}, which gives no answer")
    content, others = _said(choice.message.content)
    content = _after_prefix(content, asked())
    if choice.message.tool_calls:
        calls = [
            tool_use(
                index,
                None if call.id == NO_ID else call.id,
                call.function.name,
                call.function.arguments,
                asked,
            )
            for index, call in enumerate(choice.message.tool_calls)
        ]
        content += calls
        if stop_reason == "end_turn":
            understood = all(call.tool_use is not None for call in calls)
            stop_reason = "tool_use" if understood else "malformed_tool_use"
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=stop_reason,
            usage=usage_of(body.usage or ChatUsage(), OPENAI),
            additional_model_response_fields=_beside_the_message(choice, others),
        ),
        id=body.id or "",
        model=body.model or "",
        created=int(body.created or 0),
    )


def _said(content: str | list[dict[str, Any]] | None) -> tuple[list[ContentBlock], list[dict[str, Any]]]:
    """The thoughts and texts, in their order; and the chunks that Converse has no place for."""
    if content is None or isinstance(content, str):
        return ([ContentBlock(text=content)] if content else []), []
    blocks: list[ContentBlock] = []
    others: list[dict[str, Any]] = []
    for chunk in content:
        match chunk:
            case {"type": "text", "text": str(text)}:
                blocks += [ContentBlock(text=text)] if text else []
            case {"type": "thinking", "thinking": [*thoughts]}:
                texts = [text for text in map(_text_of, thoughts) if text is not None]
                signature = chunk.get("signature") if isinstance(chunk.get("signature"), str) else None
                if texts or signature is not None:
                    blocks.append(ContentBlock(reasoning_content=content_of("".join(texts), signature)))
                others += [thought for thought in thoughts if _text_of(thought) is None]
            case _:
                others.append(chunk)
    return blocks, others


def _text_of(thought: object) -> str | None:
    match thought:
        case {"text": str(text)}:
            return text
        case _:
            return None


def _after_prefix(content: list[ContentBlock], request: Request) -> list[ContentBlock]:
    """Mistral repeats the beginning of an answer that it is given (studio-api/conversations/chat-completion,
    prefix); in Bedrock's dialects the answer is what follows."""
    last = request.messages[-1]
    prefix = "".join(block.text or "" for block in last.content) if last.role == "assistant" else ""
    place = next((index for index, block in enumerate(content) if block.text is not None), None)
    if not prefix or place is None:
        return content
    following = (content[place].text or "").removeprefix(prefix)
    return [*content[:place], *([ContentBlock(text=following)] if following else []), *content[place + 1 :]]


def _beside_the_message(choice: _Choice, others: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What Converse has no place for: log probabilities, references to what tools said, chunks to come."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if others:
        beside["content"] = others
    return beside or None
