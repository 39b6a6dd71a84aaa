"""The messages of a body that is Mistral's chat already, in the order and with the ids that Mistral accepts.

    ids of tool calls              nine letters and digits
    developer                      system
    system after the assistant     the user's
    user after a tool              the assistant's message between them
    a message without content      left out
    the assistant's at the end     a prefix of the answer
    name                           a tool's stays; other roles have none at Mistral: dropped
    reasoning_content, reasoning   a thought, for models that think

What is known of the order is in `messages`. Messages that need none of it keep their bytes.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note
from translators.providers.mistral.messages import BETWEEN, BRIDGED, EMPTY, SYSTEM_MESSAGE
from translators.providers.mistral.names import call_id
from translators.providers.native.empty_members import holds_nothing, remove_empty
from translators.wire import Members

_OPTIONAL = frozenset(
    {
        *("annotations", "audio", "function_call", "name", "prefix", "reasoning", "reasoning_content"),
        *("refusal", "tool_call_id", "tool_calls"),
    }
)

_CALL_ID = Note("messages.tool_calls.id", "mapped", "Mistral takes exactly nine letters and digits")
_DEVELOPER = Note("messages.role", "mapped", "sent as system, Mistral's word for developer")
_NAME = Note("messages.name", "dropped", "Mistral takes a name of tools only (BerriAI/litellm: mistral)")
_REFUSAL = Note("messages.refusal", "mapped", "sent as the assistant's text")
_ANNOTATIONS = Note("messages.annotations", "dropped", "what an earlier answer cited; its text says it too")
_THOUGHT = Note("messages.reasoning_content", "mapped", "sent as a thinking chunk")
_NOT_REASONING = Note("messages.reasoning_content", "dropped", "the model does not reason")

_MESSAGES = msgspec.json.Decoder(list[dict[str, Raw]])
_CALLS = msgspec.json.Decoder(list[dict[str, Any]])
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()


class _Turn(Struct):
    role: str
    content: Raw = Raw(b"null")


_TURNS = msgspec.json.Decoder(list[_Turn])


def messages(given: Raw, notes: list[Note], *, thinks: bool) -> object:
    """The messages as Mistral accepts them. `thinks`: the model accepts reasoning of earlier turns."""
    try:
        turns = _MESSAGES.decode(given)
        fitted = [_fitted(turn, notes, thinks) for turn in turns]
        changed = any(fitted)
        ordered = _in_order(turns, notes)
    except (ValueError, KeyError, RecursionError):
        return given  # of another form, which Mistral refuses
    return ordered if changed or ordered is not turns else given


def prefix_of(given: Raw) -> str:
    """The text with which the answer is to begin."""
    try:
        turns = _TURNS.decode(given)
        return _TEXT.decode(turns[-1].content) if turns and turns[-1].role == "assistant" else ""
    except (ValueError, RecursionError):
        return ""


def _fitted(turn: Members, notes: list[Note], thinks: bool) -> bool:
    """Change a message's members as Mistral wants them; whether one was changed."""
    changed = remove_empty(turn, _OPTIONAL)
    role = _TEXT.decode(turn["role"])
    if role == "developer":
        turn["role"] = Raw(b'"system"')
        notes.append(_DEVELOPER)
        changed = True
    if "name" in turn and role != "tool":
        del turn["name"]
        notes.append(_NAME)
        changed = True
    if role == "assistant":
        return _fit_assistant(turn, notes, thinks) or changed
    if role == "tool" and "tool_call_id" in turn:
        return _fit_id(turn, notes) or changed
    return changed


def _fit_assistant(turn: dict[str, Any], notes: list[Note], thinks: bool) -> bool:
    changed = False
    if "tool_calls" in turn:
        calls = _CALLS.decode(turn["tool_calls"])
        fitted = [call | {"id": call_id(call["id"])} if "id" in call else call for call in calls]
        if fitted != calls:
            turn["tool_calls"] = Raw(_ENCODER.encode(fitted))
            notes.append(_CALL_ID)
            changed = True
    if "annotations" in turn:
        del turn["annotations"]
        notes.append(_ANNOTATIONS)
        changed = True
    if "refusal" in turn:
        refusal = turn.pop("refusal")
        if holds_nothing(bytes(turn.get("content", b"null"))):
            turn["content"] = refusal
        notes.append(_REFUSAL)
        changed = True
    thoughts = [turn.pop(name) for name in ("reasoning_content", "reasoning") if name in turn]
    if thoughts:
        _add_thought(turn, thoughts[0], notes, thinks)
        changed = True
    return changed


def _add_thought(turn: dict[str, Any], thought: Raw, notes: list[Note], thinks: bool) -> None:
    if not thinks:
        notes.append(_NOT_REASONING)
        return
    notes.append(_THOUGHT)
    content: str | list[object] | None = msgspec.json.decode(turn.get("content", b"null"))
    texts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": _TEXT.decode(thought)}]}
    turn["content"] = Raw(_ENCODER.encode([thinking, *texts]))


def _fit_id(turn: dict[str, Any], notes: list[Note]) -> bool:
    given = _TEXT.decode(turn["tool_call_id"])
    fitted = call_id(given)
    if fitted == given:
        return False
    turn["tool_call_id"] = Raw(_ENCODER.encode(fitted))
    notes.append(_CALL_ID)
    return True


def _in_order(turns: list[Members], notes: list[Note]) -> list[Any]:
    """The turns in an order that Mistral accepts; the same list where they are in one."""
    ordered: list[Any] = []
    changed = False
    before = "system"
    for turn in turns:
        role = _TEXT.decode(turn["role"])
        if role != "tool" and "tool_calls" not in turn and _is_empty(turn):
            notes.append(EMPTY)
            changed = True
            continue
        if role == "system" and before in ("assistant", "tool"):
            notes.append(SYSTEM_MESSAGE)
            turn["role"], role = Raw(b'"user"'), "user"
            changed = True
        if role == "user" and before == "tool":
            notes.append(BRIDGED)
            ordered.append(BETWEEN)
            changed = True
        ordered.append(turn)
        before = role
    if ordered and before == "assistant" and "prefix" not in ordered[-1]:
        ordered[-1]["prefix"] = Raw(b"true")
        changed = True
    return ordered if changed else turns


def _is_empty(turn: Members) -> bool:
    content = bytes(turn.get("content", b"null"))
    return content == b'""' or holds_nothing(content)
