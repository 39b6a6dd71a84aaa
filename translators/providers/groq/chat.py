"""Records as Groq's chat completions, and what Groq takes.

OpenAI's, but for parameters that no model takes yet, no files and no sound, and reasoning that stands in a
field of its own or, when asked for raw, between `<think>` and `</think>` in the text.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from msgspec import Raw

from translators.bedrock.converse import Answer, Request
from translators.errors import RecordError
from translators.providers.openai import native, request, response
from translators.providers.openai.models import Effort, Traits
from translators.providers.openai.rows import body_of
from translators.providers.rows import Line, Unfinished
from translators.wire import Members

_ADDITIONAL = frozenset(
    {
        *("seed", "user", "reasoning_format", "include_reasoning"),
        *("citation_options", "compound_custom", "disable_tool_validation", "documents", "search_settings"),
    }
)

_MANNER = response.Manner(think_tags=True)

# Groq: api-reference chat/create, `reasoning_effort`. The first match counts; None where nothing is known.
_EFFORTS: tuple[tuple[re.Pattern[str], tuple[Effort, ...]], ...] = (
    (re.compile(r"gpt-oss"), ("low", "medium", "high")),
    (re.compile(r"qwen3\.8"), ("none", "low", "medium", "high")),
    (re.compile(r"qwen3"), ("none",)),
    (re.compile(r"llama|gemma|kimi|allam|mistral"), ()),
)


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def traits(model: str) -> Traits:
    """What a model takes at Groq."""
    efforts = next((efforts for family, efforts in _EFFORTS if family.search(model)), None)
    return Traits(additional=_ADDITIONAL, efforts=efforts, files=False, audio=False)


def line(custom_id: str, asked: Request, model: str) -> Line:
    """The line that asks Groq for this record's answer. Raises `Refused`."""
    return request.line_for(custom_id, asked, model, traits(model))


def native_line(custom_id: str, model_input: Raw | Members, model: str) -> Line:
    """The line that asks for what a chat completion's body asks for. Raises `Refused`."""
    return native.line_for(custom_id, model_input, model, traits(model))


def answer(row: bytes, asked: Callable[[], Request]) -> Answer | RecordError | Unfinished:
    """The answer in a row, or why there is none."""
    body = body_of(row)
    return response.answer_in(body, asked, _MANNER) if isinstance(body, Raw) else body
