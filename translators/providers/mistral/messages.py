"""The conversation of a record as the `messages` of a chat completion (Mistral: api/endpoint/chat).

Mistral checks the order of turns (mistral-common: protocol/instruct/validator.py): no system message after
the assistant's or a tool's, and the assistant's is last only as a prefix. Its API was also seen to refuse a
user's message right after a tool's, 400 "Unexpected role 'user' after role 'tool'" (code 3230;
avante-corp/avante.nvim#2695, NousResearch/hermes-agent#20154).
"""

from dataclasses import replace

from msgspec import structs

from translators.bedrock.converse import Note, Request
from translators.errors import Refused
from translators.providers.chat_completions.messages import Message, MessageFormat
from translators.providers.mistral.chunks import CHUNKS, Media
from translators.providers.mistral.names import call_id
from translators.providers.mistral.reasoning import no_thinking, thinking_of
from translators.providers.rules.checks import check_prefill
from translators.providers.rules.model_rules import ModelRules

BETWEEN = Message("assistant", "OK.")
"""Stands between a tool's result and the user's next message."""

BRIDGED = Note(
    "messages.content.toolResult",
    "mapped",
    f"the assistant's {BETWEEN.content!r} stands before what the user says next, as Mistral wants one",
)
SYSTEM_MESSAGE = Note(
    "messages.role", "mapped", "sent as the user's: Mistral takes no system message after the assistant's"
)
EMPTY = Note("messages.content", "dropped", "a message without content is left out; Mistral refuses it")

_THINKING = MessageFormat[Media](
    part_format=CHUNKS,
    reasoning=thinking_of,
    call_id=call_id,
    ids="Mistral takes exactly nine letters and digits",
    failed="an error is told in words; Mistral has no field for it",
    moved="media stand in a user message; most models take only text from tools",
    content_beside_calls="",
)
_NOT_THINKING = replace(_THINKING, reasoning=no_thinking)


def messages(request: Request, rules: ModelRules, notes: list[Note]) -> list[Message]:
    """The system text first, then every turn in its order; empty ones are left out. Raises `Refused`.

    A model that reasons accepts reasoning of earlier turns.
    """
    message_format = _THINKING if rules.reasons else _NOT_THINKING
    written: list[Message] = []
    if request.system:
        _add(written, [message_format.system(request.system, notes)], notes)
    for index, turn in enumerate(request.messages):
        _add(written, message_format.turn(turn, f"messages[{index}].content", notes), notes)
    if not written:
        raise Refused("messages", "hold nothing that could be sent")
    if written[-1].role == "assistant":
        check_prefill(request.messages, len(request.messages) - 1, rules, notes)
        written[-1] = structs.replace(written[-1], prefix=True)
    return written


def _add(written: list[Message], messages: list[Message], notes: list[Note]) -> None:
    for message in messages:
        if not message.content and not message.tool_calls and message.role != "tool":
            notes.append(EMPTY)
            continue
        before = written[-1].role if written else "system"
        if message.role == "system" and before in ("assistant", "tool"):
            notes.append(SYSTEM_MESSAGE)
            message = structs.replace(message, role="user")
        if message.role == "user" and before == "tool":
            notes.append(BRIDGED)
            written.append(BETWEEN)
        written.append(message)
