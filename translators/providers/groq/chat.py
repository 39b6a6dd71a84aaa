"""Groq as a server of chat completions (Groq: api-reference): no files and no sound, parameters that no model
accepts yet, and reasoning that stands in a field of its own or, when asked for raw, between `<think>` and
`</think>` in the text."""

import re
from functools import lru_cache

from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import ResponseTraits, Traits
from translators.providers.converse_requests import Effort

_ADDITIONAL = frozenset(
    {
        *("seed", "user", "reasoning_format", "include_reasoning"),
        *("citation_options", "compound_custom", "disable_tool_validation", "documents", "search_settings"),
    }
)

# Groq: api-reference chat/create, `reasoning_effort`. The first match counts; None where nothing is known.
_EFFORTS: tuple[tuple[re.Pattern[str], tuple[Effort, ...]], ...] = (
    (re.compile(r"gpt-oss"), ("low", "medium", "high")),
    (re.compile(r"qwen3\.8"), ("none", "low", "medium", "high")),
    (re.compile(r"qwen3"), ("none",)),
    (re.compile(r"llama|gemma|kimi|allam|mistral"), ()),
)


@lru_cache(maxsize=64)  # called for every record, and a job has one model
def traits(model: str) -> Traits:
    """Traits of a model at Groq."""
    efforts = next((efforts for family, efforts in _EFFORTS if family.search(model)), None)
    return Traits(additional=_ADDITIONAL, efforts=efforts, files=False, audio=False)


CHAT = ChatServer(traits=traits, response=ResponseTraits(think_tags=True))
