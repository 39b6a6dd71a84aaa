"""What the tests of the prompt families share: answers, and bodies as the hub has them."""

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

type Said = list[tuple[str, str]]


def answer(*content: ContentBlock, stop_reason: StopReason = "end_turn", refusal: bool = False) -> Answer:
    """An answer that cost 10 + 4 tokens of prompt, 4 of them cached, and 5 of text."""
    usage = Usage(10, 5, 19, cache_read_input_tokens=3, cache_write_input_tokens=1)
    response = Response(Output(Message("assistant", [*content])), stop_reason, usage)
    return Answer(response, id="1", model="m", refusal=refusal)


def hub(request: Callable[[Raw], Request], **body: Any) -> dict[str, Any]:
    """The Converse request, as JSON, of a body with these members."""
    read: dict[str, Any] = json.loads(encode(request(Raw(json.dumps(body).encode()))))
    return read


def said(request: Request) -> Said:
    """Who says what, from the first system text on."""
    opening = [("system", block.text or "") for block in request.system or ()]
    turns = [(turn.role, block.text or "") for turn in request.messages for block in turn.content]
    return [*opening, *((str(role), text) for role, text in turns)]


def texts(forbidden: str) -> st.SearchStrategy[str]:
    """What may be said in a turn, without the characters with which a template's marks begin."""
    alphabet = st.characters(codec="utf-8", exclude_characters=forbidden)
    return st.text(alphabet, min_size=1).map(str.strip).filter(bool)


def turns(*roles: str, forbidden: str) -> st.SearchStrategy[Said]:
    """Conversations that end with a question."""
    turn = st.tuples(st.sampled_from(roles), texts(forbidden))
    question = texts(forbidden).map(lambda text: ("user", text))
    return st.tuples(st.lists(turn), question).map(lambda drawn: [*drawn[0], drawn[1]])
