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
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.response import (
    ChatUsage,
    Choice,
    Completion,
    ToolCall,
    chat_usage,
)
from translators.providers.chat_completions.tool_calls import tool_uses
from translators.providers.chat_completions.traits import OPENAI_RESPONSES
from translators.providers.mistral.names import NO_ID
from translators.providers.mistral.reasoning import content_of
from translators.providers.mistral.rows import body_of, without_answer


class _Message(Struct):
    content: str | list[dict[str, Any]] | None = None
    """Chunks where the model thought, or cited a tool's result."""
    tool_calls: list[ToolCall] | None = None


_COMPLETION = msgspec.json.Decoder(Completion[_Message] | None)

_STOP_REASONS: dict[str | None, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "tool_calls": "end_turn",  # the calls themselves decide
}
"""`stop` also stands for a stop sequence; Mistral does not report which of the two it was."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
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


def _answer(
    body: Completion[_Message], choice: Choice[_Message], asked: Callable[[], Request]
) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    stop_reason = _STOP_REASONS.get(choice.finish_reason)
    if stop_reason is None:
        return RecordError(502, f"the provider stopped with {choice.finish_reason!r}, which gives no answer")
    message = choice.message
    content, others = _content(message.content)
    content = _after_prefix(content, asked())
    if message.tool_calls:
        calls = [
            (None if call.id == NO_ID else call.id, call.function.name, call.function.arguments)
            for call in message.tool_calls
        ]
        tools, stop_reason = tool_uses(calls, stop_reason, asked)
        content += tools
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason=stop_reason,
            usage=chat_usage(body.usage or ChatUsage(), OPENAI_RESPONSES),
            additional_model_response_fields=_beside_the_message(choice, others),
        ),
        id=body.id or "",
        model=body.model or "",
        created=int(body.created or 0),
    )


def _content(content: str | list[dict[str, Any]] | None) -> tuple[list[ContentBlock], list[dict[str, Any]]]:
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


def _beside_the_message(choice: Choice[_Message], others: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Content with no place in Converse: log probabilities, references to tool results, unknown chunks."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if others:
        beside["content"] = others
    return beside or None
