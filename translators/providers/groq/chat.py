"""Groq as a server of chat completions (Groq: api-reference): no files and no sound, parameters that no model
accepts yet, and reasoning that stands in a field of its own or, when asked for raw, between `<think>` and
`</think>` in the text."""

from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import ResponseTraits, Traits, traits_of
from translators.providers.groq.models import MODELS

_ADDITIONAL = frozenset(
    {
        *("seed", "user", "reasoning_format", "include_reasoning"),
        *("citation_options", "compound_custom", "disable_tool_validation", "documents", "search_settings"),
    }
)

CHAT = ChatServer(
    traits=traits_of(MODELS, Traits(additional=_ADDITIONAL, files=False, audio=False)),
    response=ResponseTraits(think_tags=True),
)
