"""What depends on the model, the server or the account: which parameters are taken, how a key is sent."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

type Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Values of `reasoning_effort`, from least to most (OpenAI: chat/create)."""


ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("seed", "user", "verbosity", "prompt_cache_key", "safety_identifier"),
    }
)
"""Parameters that are sent under the name under which a record gives them (OpenAI: chat/create)."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a model takes of a chat completion, at the server that serves it; the rest is the same for all."""

    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """What the bound on the answer's length is called. OpenAI deprecates `max_tokens` and refuses it for
    reasoning models; most compatible servers know nothing else."""
    efforts: tuple[Effort, ...] | None = None
    """The values of `reasoning_effort`; none for a model that does not reason, None where unknown."""
    sampling: Literal["always", "without reasoning", "never"] = "always"
    """When temperature, penalties, log probabilities and their like are accepted."""
    stop: bool = True
    parallel_tool_calls: bool = True
    """Whether the parameter of this name is accepted."""
    additional: frozenset[str] = ADDITIONAL
    """Which parameters of that kind are taken. Of the others, those that only tune sampling are left out."""
    lenient: bool = False
    """Whether more may be taken than is known here: the server is an unknown one."""
    most_stop_sequences: int | None = 4
    """OpenAI: chat/create, `stop`. None where no limit is known."""
    files: bool = True
    """Whether PDFs are taken."""
    audio: bool = True
    text_parts: bool = True
    """Whether several texts may stand side by side in a message; else they are joined by blank lines."""


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


@lru_cache(maxsize=64)  # asked for every record, and a job has one model
def traits(model: str) -> Traits:
    """What the model takes. A name that is not OpenAI's own belongs to a compatible server."""
    found = own_traits(model.removeprefix("ft:"))
    return _ELSEWHERE if found is None else found


def own_traits(model: str) -> Traits | None:
    """What a model of OpenAI's takes; None for a name that is none of theirs."""
    return next((found for family, found in _FAMILIES if family.match(model)), None)


def headers(key: str) -> dict[str, str]:
    """The headers that carry an API key (OpenAI: api-reference, Authentication)."""
    return {"Authorization": f"Bearer {key}"}


def derived_model(vendor: str, model: str) -> str | None:
    """OpenAI's name of a Bedrock model of the same vendor: there is none.

    Bedrock's OpenAI models are the open-weight `gpt-oss` ones, which OpenAI's own API does not serve.
    """
    return None
