"""The conversation of a record as the `messages` of a chat (cohere 7.3: types/chat_message_v2.py).

In datasets content is always a list, of texts, thoughts and images, and an image's address stands where the
API has an object (crmne/ruby_llm: protocols/cohere/batch_requests.rb).
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import Struct

from translators.bedrock.converse import Note, ReasoningContent, Request
from translators.errors import Refused
from translators.providers.chat_completions.messages import Message, MessageFormat
from translators.providers.chat_completions.parts import PartFormat
from translators.providers.rules.checks import check_prefill
from translators.providers.rules.model_rules import ModelRules


class Thinking(Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str


class Image(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: str


type Media = Thinking | Image

_EMPTY = Note("messages.content", "dropped", "a message without content is left out")
_NOT_REASONING = Note("messages.content.reasoningContent", "dropped", "the model does not reason")
_SEALED = Note("messages.content.reasoningContent", "dropped", "of earlier reasoning Cohere takes only text")

PARTS = PartFormat[Media](
    image=Image,
    refused={
        "video": "Cohere takes no video",
        "audio": "Cohere's chats take no audio",
        "pdf": "Cohere takes no PDF; accepted are texts",
        "guard_content": "there is no guardrail at this provider",
    },
    caching="Cohere decides itself what it caches",
    cited_documents="Cohere's batches take no documents to be cited",
    documents_as_text="sent as text; Cohere's batches take no documents",
)


def _thinking(content: ReasoningContent, notes: list[Note]) -> Sequence[Thinking]:
    if content.reasoning_text is None:
        notes.append(_SEALED)
        return ()
    return (Thinking(content.reasoning_text.text),)


def _no_thinking(content: ReasoningContent, notes: list[Note]) -> Sequence[Thinking]:
    notes.append(_NOT_REASONING)
    return ()


_THINKING = MessageFormat[Media](
    part_format=PARTS,
    reasoning=_thinking,
    call_id=str,
    tool_name=str,
    failed="an error is told in words; Cohere has no field for it",
    moved="media stand in a user message; a tool's answer is text only",
    text_alone=False,
)
_NOT_THINKING = replace(_THINKING, reasoning=_no_thinking)


def messages(request: Request, rules: ModelRules, notes: list[Note]) -> list[Message]:
    """The system text first, then every turn in its order; empty ones are left out. Raises `Refused`.

    A model that reasons accepts reasoning of earlier turns.
    """
    message_format = _THINKING if rules.reasons else _NOT_THINKING
    written = [message_format.system(request.system, notes)] if request.system else []
    for index, turn in enumerate(request.messages):
        written += message_format.turn(turn, f"messages[{index}].content", notes)
    sent = [one for one in written if one.content or one.tool_calls or one.role == "tool"]
    if len(sent) < len(written):
        notes.append(_EMPTY)
    if not sent:
        raise Refused("messages", "hold nothing that could be sent")
    if sent[-1].role == "assistant":
        check_prefill(request.messages, len(request.messages) - 1, rules, notes)
    return sent
