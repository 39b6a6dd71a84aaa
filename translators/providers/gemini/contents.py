"""The conversation of a record as `contents` and `systemInstruction` (Gemini: generate-content, Content)."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from translators.bedrock.converse import (
    CitationsContent,
    ContentBlock,
    Message,
    Note,
    ReasoningContent,
    Request,
    ToolUseBlock,
)
from translators.errors import Refused
from translators.providers.content_blocks import unplaced
from translators.providers.gemini.parts import CACHE_POINT, REFUSED, FunctionCall, Part, parts, text_parts
from translators.providers.gemini.results import Answers
from translators.providers.gemini.signatures import STAND_IN, unmarked
from translators.providers.gemini.tools import function_name
from translators.providers.rules.checks import check_prefill
from translators.providers.rules.model_rules import ModelRules


class Content(Struct, frozen=True, gc=False):
    role: Literal["user", "model"]
    parts: Sequence[Part]


class SystemInstruction(Struct, frozen=True, gc=False):
    parts: Sequence[Part]


_SYSTEM_CACHE_POINT = Note("system.cachePoint", "dropped", CACHE_POINT.detail)
_SYSTEM_MESSAGE = Note(
    "messages.role", "mapped", "a system message between turns is sent as the user's; Gemini has no such role"
)
_REASONING = Note(
    "messages.content.reasoningContent", "dropped", "of earlier reasoning Gemini takes its own signature only"
)
_CITED = Note("messages.content.citationsContent", "mapped", "sent as text, without the citations")
_EMPTY = Note("messages.content", "dropped", "a message without content is left out; Gemini refuses it")
_UNSIGNED = Note(
    "messages.content.toolUse", "mapped", "not a call of this model: sent with the signature that stands in"
)


def system_instruction(request: Request, notes: list[Note]) -> SystemInstruction | None:
    """All system text before the first turn, block by block. Raises `Refused`."""
    if request.system is None and request.messages[0].role != "system":
        return None
    written: list[Part] = []
    for index, block in enumerate(request.system or ()):
        if block.text is not None:
            written += text_parts(block.text)
        elif block.cache_point is not None:
            notes.append(_SYSTEM_CACHE_POINT)
        else:
            raise Refused(f"system[{index}].guardContent", "there is no guardrail at this provider")
    for index in range(_opening(request.messages)):
        written += _texts(request.messages[index].content, f"messages[{index}].content", notes)
    return SystemInstruction(written) if written else None


def contents(request: Request, rules: ModelRules, notes: list[Note]) -> list[Content]:
    """Every turn in its order; one without content is left out. Raises `Refused`."""
    written = [
        Content("user" if turn.role == "user" else "model", (Part(text),))
        for turn in request.messages
        if turn.role != "system" and len(turn.content) == 1 and (text := turn.content[0].text)
    ]
    if len(written) != len(request.messages):  # most conversations are of such turns only
        written = _contents(request, rules, notes)
    if not written:
        raise Refused("messages", "hold nothing that could be sent")
    if written[-1].role == "model":
        check_prefill(request.messages, len(request.messages) - 1, rules, notes)
    return written


def _contents(request: Request, rules: ModelRules, notes: list[Note]) -> list[Content]:
    """The same of turns of any content.

    A model that thinks in levels wants the calls of the current turn to bear a thought signature.
    """
    written: list[Content] = []
    calls: dict[str, str] = {}
    for index in range(_opening(request.messages), len(request.messages)):
        message = request.messages[index]
        path = f"messages[{index}].content"
        if message.role == "assistant":
            said = _model_parts(message.content, path, calls, notes)
            in_turn = rules.levels and index > _current_turn(request.messages)
            content = Content("model", _signed(said, notes) if in_turn else said)
        elif message.role == "user":
            content = Content("user", _user_parts(message.content, path, calls, notes))
        else:
            notes.append(_SYSTEM_MESSAGE)
            content = Content("user", _texts(message.content, path, notes))
        if not content.parts:
            notes.append(_EMPTY)
        elif written and _answers(content) and _answers(written[-1]):
            written[-1] = _together(written[-1], content)
        else:
            written.append(content)
    return written


def _answers(content: Content) -> bool:
    return any(part.function_response is not None for part in content.parts)


def _together(first: Content, second: Content) -> Content:
    """Results of one round of calls that the record gives in two messages; Gemini counts them in one."""
    said = (*first.parts, *second.parts)
    return Content("user", sorted(said, key=lambda part: part.function_response is None))


def _opening(messages: list[Message]) -> int:
    """Number of system messages before any turn: they are the same as `system`."""
    if not messages or messages[0].role != "system":
        return 0
    turns = (index for index, message in enumerate(messages) if message.role != "system")
    return next(turns, len(messages))


def _current_turn(messages: list[Message]) -> int:
    """Index of the last message of the user without tool results; -1 if there is none."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.role == "user" and all(block.tool_result is None for block in message.content):
            return index
    return -1


def _texts(blocks: list[ContentBlock], path: str, notes: list[Note]) -> list[Part]:
    written: list[Part] = []
    for index, block in enumerate(blocks):
        if block.text is not None:
            written += text_parts(block.text)
        elif block.cache_point is not None:
            notes.append(CACHE_POINT)
        else:
            raise unplaced(block, f"{path}[{index}]", REFUSED)
    return written


def _user_parts(
    blocks: list[ContentBlock], path: str, calls: dict[str, str], notes: list[Note]
) -> list[Part]:
    """Tool results first, all in one content, as Gemini wants them right after the calls."""
    answers = Answers(calls)
    said: list[Part] = []
    for index, block in enumerate(blocks):
        if block.tool_result is not None:
            answers.add(block.tool_result, f"{path}[{index}].toolResult", notes)
        else:
            said += parts(block, f"{path}[{index}]", notes)
    return answers.written() + said


def _model_parts(
    blocks: list[ContentBlock], path: str, calls: dict[str, str], notes: list[Note]
) -> list[Part]:
    written: list[Part] = []
    signature: str | None = None
    for index, block in enumerate(blocks):
        if block.reasoning_content is not None:
            signature = _signature(block.reasoning_content, notes)
            continue
        for part in _said(block, f"{path}[{index}]", calls, notes):
            written.append(part if signature is None else replace(part, thought_signature=signature))
            signature = None
    return written


def _said(block: ContentBlock, path: str, calls: dict[str, str], notes: list[Note]) -> list[Part]:
    if block.text is not None:
        return text_parts(block.text)
    if block.tool_use is not None:
        return [Part(function_call=_call(block.tool_use, f"{path}.toolUse", calls))]
    if block.citations_content is not None:
        return _cited(block.citations_content, notes)
    if block.cache_point is not None:
        notes.append(CACHE_POINT)
        return []
    raise unplaced(block, path, REFUSED)


def _call(use: ToolUseBlock, path: str, calls: dict[str, str]) -> FunctionCall:
    if use.type is not None:
        raise Refused(f"{path}.type", f"{use.type!r} is a tool of another provider's server")
    if not bytes(use.input).startswith(b"{"):
        raise Refused(f"{path}.input", "is not an object; Gemini takes nothing else")
    calls.pop(use.tool_use_id, None)  # an id that is used again belongs to the latest call, in its place
    calls[use.tool_use_id] = use.name
    return FunctionCall(use.tool_use_id, function_name(use.name), use.input)


def _signature(reasoning: ReasoningContent, notes: list[Note]) -> str | None:
    text = reasoning.reasoning_text
    signature = None if text is None else unmarked(text.signature)
    if text is None or text.text or signature is None:
        notes.append(_REASONING)
    return signature


def _signed(said: list[Part], notes: list[Note]) -> list[Part]:
    """The parts with a signature on the first call; of parallel calls only the first needs one."""
    first = next((index for index, part in enumerate(said) if part.function_call is not None), None)
    if first is None or said[first].thought_signature is not None:
        return said
    notes.append(_UNSIGNED)
    return [*said[:first], replace(said[first], thought_signature=STAND_IN), *said[first + 1 :]]


def _cited(cited: CitationsContent, notes: list[Note]) -> list[Part]:
    notes.append(_CITED)
    return [part for block in cited.content or () for part in text_parts(block.text)]
