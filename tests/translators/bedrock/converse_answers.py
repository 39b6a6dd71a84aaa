"""Answers of a provider for tests of the families."""

from translators.bedrock.converse import (
    Answer,
    ContentBlock,
    Message,
    Output,
    ReasoningContent,
    ReasoningText,
    Response,
    StopReason,
    Usage,
)

USAGE = Usage(5, 3, 10, cache_read_input_tokens=2)
THOUGHT = ContentBlock(reasoning_content=ReasoningContent(ReasoningText("Hm.")))


def answered(
    *content: str | ContentBlock,
    stop_reason: StopReason = "end_turn",
    stop_sequence: str | None = None,
    refusal: str = "",
) -> Answer:
    blocks = [ContentBlock(block) if isinstance(block, str) else block for block in content]
    response = Response(Output(Message("assistant", blocks)), stop_reason, USAGE)
    return Answer(response, id="answer-1", model="a-model", stop_sequence=stop_sequence, refusal=refusal)
