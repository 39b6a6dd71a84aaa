"""Helpers for tests of the prompt families: answers, requests as JSON, conversations."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    ReasoningContent,
    ReasoningText,
    Request,
    Response,
    StopReason,
    ToolUseBlock,
    Usage,
    encode,
)

TEXT = ContentBlock(text="Hello.")
CALL = ContentBlock(tool_use=ToolUseBlock("call_1", "f", Raw(b"{}")))
REASONING = ContentBlock(reasoning_content=ReasoningContent(ReasoningText("Greet.")))

type Turns = list[tuple[str, str]]


def answer(*content: ContentBlock, stop_reason: StopReason = "end_turn", refusal: str = "") -> Answer:
    """An answer with 10 + 4 prompt tokens, 4 of them cached, and 5 output tokens."""
    usage = Usage(10, 5, 19, cache_read_input_tokens=3, cache_write_input_tokens=1)
    response = Response(Output(Message("assistant", [*content])), stop_reason, usage)
    return Answer(response, id="1", model="m", refusal=refusal)


def hub(request: Callable[[Raw], Request], **body: Any) -> dict[str, Any]:
    """The Converse request, as JSON, of a body with these members."""
    read: dict[str, Any] = json.loads(encode(request(Raw(json.dumps(body).encode()))))
    return read


def turns_of(request: Request) -> Turns:
    """Role and text of each turn, system texts first."""
    opening = [("system", block.text or "") for block in request.system or ()]
    turns = [(turn.role, block.text or "") for turn in request.messages for block in turn.content]
    return [*opening, *((str(role), text) for role, text in turns)]


def texts(forbidden: str) -> st.SearchStrategy[str]:
    """Texts of turns, without the characters that a template's marks begin with."""
    alphabet = st.characters(codec="utf-8", exclude_characters=forbidden)
    return st.text(alphabet, min_size=1).map(str.strip).filter(bool)


def conversations(*roles: str, forbidden: str) -> st.SearchStrategy[Turns]:
    """Conversations that end with a question."""
    turn = st.tuples(st.sampled_from(roles), texts(forbidden))
    question = texts(forbidden).map(lambda text: ("user", text))
    return st.tuples(st.lists(turn), question).map(lambda drawn: [*drawn[0], drawn[1]])
