"""OpenAI's models: what each accepts in a chat completion."""

import re
from functools import lru_cache

from translators.providers.chat_completions.server import ChatServer
from translators.providers.chat_completions.traits import Traits

_NOT_REASONING = Traits(efforts=())
_O_SERIES = Traits(efforts=("low", "medium", "high"), sampling="never", parallel_tool_calls=False)
_O_SERIES_WITHOUT_STOP = Traits(
    efforts=("low", "medium", "high"), sampling="never", parallel_tool_calls=False, stop=False
)
_GPT_5 = Traits(efforts=("minimal", "low", "medium", "high"), sampling="never", stop=False)
_GPT_5_1 = Traits(efforts=("none", "low", "medium", "high"), sampling="without reasoning", stop=False)
_GPT_LATER = Traits(
    efforts=("none", "low", "medium", "high", "xhigh"), sampling="without reasoning", stop=False
)
_ELSEWHERE = Traits(limit="max_tokens", lenient=True)

# OpenAI: chat/create (effort, stop), guides/latest-model (sampling of GPT-5.x); the rest from its error
# answers: 'Unsupported parameter' for `stop` (gpt-5-mini), `parallel_tool_calls` (o1, o3-mini, o4-mini) and
# 'Unrecognized request argument' for `reasoning_effort` (gpt-4o, gpt-4.1). The first match counts.
_FAMILIES: tuple[tuple[re.Pattern[str], Traits], ...] = (
    (re.compile(r"gpt-[34]|chatgpt-|gpt-5(\.\d+)?-chat|gpt-audio"), _NOT_REASONING),
    (re.compile(r"gpt-5\.1(?!\d)"), _GPT_5_1),
    (re.compile(r"gpt-5(?!\.)"), _GPT_5),
    (re.compile(r"gpt-\d"), _GPT_LATER),
    (re.compile(r"o1|o3-mini"), _O_SERIES),
    (re.compile(r"o\d"), _O_SERIES_WITHOUT_STOP),
)


@lru_cache(maxsize=64)  # called for every record, and a job has one model
def traits(model: str) -> Traits:
    """Traits of the model. A name that is not OpenAI's own belongs to a compatible server."""
    found = own_traits(model.removeprefix("ft:"))
    return _ELSEWHERE if found is None else found


def own_traits(model: str) -> Traits | None:
    """Traits of a model of OpenAI's; None for other names."""
    return next((found for family, found in _FAMILIES if family.match(model)), None)


CHAT = ChatServer(traits=traits)
