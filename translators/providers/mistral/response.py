"""The chat completion in a row of a batch's output, as a Converse response.

Mistral: api/endpoint/chat. What a provider sends is read tolerantly: only the members in use, and those may
be absent.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Note,
    Output,
    Request,
    Response,
    StopReason,
)
from translators.errors import RecordError
from translators.providers.answers.content_parts import parts_of, texts_of
from translators.providers.answers.stop_reasons import neither_text_nor_call, shown, stop_reason
from translators.providers.batch_file import Unfinished, unreadable
from translators.providers.chat_completions.response import (
    COMPLETION,
    ChatUsage,
    Choice,
    Completion,
    chat_usage,
    lost_calls,
    message_of,
)
from translators.providers.chat_completions.tool_calls import tool_uses
from translators.providers.chat_completions.traits import OPENAI_RESPONSES
from translators.providers.mistral.names import NO_ID
from translators.providers.mistral.reasoning import content_of
from translators.providers.mistral.rows import body_of, without_answer

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "tool_calls": "end_turn",  # the calls themselves decide
}
"""`stop` also stands for a stop sequence; Mistral does not say which of the two it was."""


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or the error in its place."""
    body = body_of(row)
    return answer_in(body, asked) if isinstance(body, Raw) else body


def answer_in(body: Raw, asked: Callable[[], Request]) -> Answer | RecordError:
    """The answer in a chat completion, or why there is none."""
    notes: list[Note] = []
    try:
        completion = COMPLETION.decode(body, notes)
    except (ValueError, RecursionError) as error:
        return unreadable(error)
    if completion is None or not completion.choices:
        return without_answer(body)
    return _answer(completion, completion.choices[0], asked, notes)


def _answer(
    body: Completion, choice: Choice, asked: Callable[[], Request], notes: list[Note]
) -> Answer | RecordError:
    """The first choice: a record asks for one, and Converse has room for one."""
    message = message_of(choice)
    content, others = _content(message.content)
    calls = [
        (None if call.id == NO_ID else call.id, call.function.name, call.function.arguments)
        for call in message.tool_calls or ()
    ]
    if not content and not calls and (others or lost_calls(notes)):
        return neither_text_nor_call(others or message.content)
    content = _after_prefix(content, asked())
    if message.refusal:
        content.append(ContentBlock(text=message.refusal))
    reason = stop_reason(choice.finish_reason, _STOP_REASONS, "finish_reason", content or calls, notes)
    if isinstance(reason, RecordError):
        return reason
    if calls:
        tools, reason = tool_uses(calls, reason, asked)
        content += tools
    return Answer(
        response=Response(
            output=Output(Message("assistant", content)),
            stop_reason="content_filtered" if message.refusal else reason,
            usage=chat_usage(body.usage or ChatUsage(), OPENAI_RESPONSES),
            additional_model_response_fields=_beside_the_message(choice, others),
        ),
        id=body.id or "",
        model=body.model or "",
        refusal=message.refusal or "",
        stopped_by=shown(choice.finish_reason) if reason == "content_filtered" else "",
        separator="\n\n" if message.refusal else "",
        created=int(body.created or 0),
        notes=notes,
    )


def _content(content: object) -> tuple[list[ContentBlock], list[Any]]:
    """The thoughts and texts, in their order; and the chunks that Converse has no place for."""
    blocks: list[ContentBlock] = []
    others: list[Any] = []
    for chunk in parts_of(content):
        match chunk:
            case {"type": "thinking", "thinking": str() | [*_]}:
                thoughts = list(parts_of(chunk["thinking"]))
                texts = [text for text in map(_text_of, thoughts) if text is not None]
                signature = chunk.get("signature") if isinstance(chunk.get("signature"), str) else None
                if texts or signature is not None:
                    blocks.append(ContentBlock(reasoning_content=content_of("".join(texts), signature)))
                others += [thought for thought in thoughts if _text_of(thought) is None]
            case _:
                found, refusals, rest = texts_of(chunk)
                blocks += [ContentBlock(text=text) for text in (*found, *refusals)]
                others += rest
    return blocks, others


def _text_of(thought: object) -> str | None:
    match thought:
        case str(text) | {"text": str(text)}:
            return text
        case _:
            return None


def _after_prefix(content: list[ContentBlock], request: Request) -> list[ContentBlock]:
    """Mistral repeats the beginning of an answer that it is given (studio-api/conversations/chat-completion,
    prefix); in Bedrock's dialects the answer is what follows."""
    last = request.messages[-1] if request.messages else None
    begun = last is not None and last.role == "assistant"
    prefix = "".join(block.text or "" for block in last.content) if last is not None and begun else ""
    place = next((index for index, block in enumerate(content) if block.text is not None), None)
    if not prefix or place is None:
        return content
    following = (content[place].text or "").removeprefix(prefix)
    return [*content[:place], *([ContentBlock(text=following)] if following else []), *content[place + 1 :]]


def _beside_the_message(choice: Choice, others: list[Any]) -> dict[str, Any] | None:
    """Content with no place in Converse: log probabilities, references to tool results, unknown chunks."""
    beside: dict[str, Any] = {}
    if choice.logprobs is not None:
        beside["logprobs"] = choice.logprobs
    if others:
        beside["content"] = others
    return beside or None
